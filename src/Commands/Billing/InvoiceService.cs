using System.Globalization;
using AIaaS.Domain.Billing;
using AIaaS.EventStore;

namespace AIaaS.Commands.Billing;

/// <summary>Records what is owed and how it stands.</summary>
public sealed class InvoiceService : CommandService<Invoice>
{
    /// <summary>Makes the service.</summary>
    public InvoiceService(IEventStore log, EventTypes types, IdSource ids)
        : base(log, types, ids)
    {
        On<GenerateInvoice>().In(c => Invoice.Stream(c.Tenant, Named(c.Generated.Invoice))).Decide((invoice, command) => invoice.Generate(command));
        On<NumberInvoice>().In(c => Invoice.Stream(c.Tenant, Named(c.Invoice))).Decide((invoice, command) => invoice.GiveNumber(command));
        On<AttemptInvoicePayment>().In(c => Invoice.Stream(c.Tenant, Named(c.Invoice))).Decide((invoice, command) => invoice.Attempt(command));
        On<EnterLatePayment>().In(c => Invoice.Stream(c.Tenant, Named(c.Invoice))).Decide((invoice, command) => invoice.Enter(command));
        On<SettleInvoicePayment>().In(c => Invoice.Stream(c.Tenant, Named(c.Invoice))).Decide((invoice, command) => invoice.Settle(command));
        On<RecordInvoicePayment>().In(c => Invoice.Stream(c.Tenant, Named(c.Invoice))).Decide((invoice, command) => invoice.Record(command));
        On<MarkInvoicePastDue>().In(c => Invoice.Stream(c.Tenant, Named(c.Invoice))).Decide((invoice, command) => invoice.PassDue(command));
        On<WriteInvoiceOff>().In(c => Invoice.Stream(c.Tenant, Named(c.Invoice))).Decide((invoice, command) => invoice.WriteOff(command));
        On<RefundInvoice>().In(c => Invoice.Stream(c.Tenant, Named(c.Invoice))).Decide((invoice, command) => invoice.Refund(command));
        On<ReverseInvoicePayment>().In(c => Invoice.Stream(c.Tenant, Named(c.Invoice))).Decide((invoice, command) => invoice.Reverse(command));
        On<CorrectInvoiceRefund>().In(c => Invoice.Stream(c.Tenant, Named(c.Invoice))).Decide((invoice, command) => invoice.CorrectRefund(command));
        On<SettleInvoiceRefund>().In(c => Invoice.Stream(c.Tenant, Named(c.Invoice))).Decide((invoice, command) => invoice.SettleRefund(command));
    }

    /// <summary>An invoice as it stands; null where there is none.</summary>
    public async Task<Loaded<Invoice>?> FindAsync(string tenant, string invoice, CancellationToken cancellationToken = default) =>
        BillingIds.IsId(invoice) && await LoadAsync(Invoice.Stream(tenant, invoice), cancellationToken) is { State.Generated: not null } loaded ? loaded : null;

    /// <summary>An invoice as it stands.</summary>
    /// <exception cref="DomainException">There is none.</exception>
    public async Task<Loaded<Invoice>> GetAsync(string tenant, string invoice, CancellationToken cancellationToken = default) =>
        await FindAsync(tenant, invoice, cancellationToken) ?? throw new DomainException(InvoiceErrors.NotFound(invoice));

    private static string Named(string invoice) => BillingIds.IsId(invoice) ? invoice : throw new DomainException(InvoiceErrors.NotFound(invoice ?? ""));
}

/// <summary>Sets how invoices look.</summary>
public sealed class BrandingService : CommandService<BrandingBook>
{
    /// <summary>Makes the service.</summary>
    public BrandingService(IEventStore log, EventTypes types, IdSource ids)
        : base(log, types, ids) =>
        On<SetBranding>().In(c => Branding.Stream(c.Tenant)).Decide((book, command) => book.Set(command));
}

/// <summary>Keeps which billing periods are closed.</summary>
public sealed class BillingCalendarService : CommandService<BillingCalendar>
{
    /// <summary>Makes the service.</summary>
    public BillingCalendarService(IEventStore log, EventTypes types, IdSource ids)
        : base(log, types, ids)
    {
        On<ScheduleBillingPeriod>().In(c => BillingCalendar.Stream(c.Tenant)).Decide((calendar, command) => calendar.Schedule(command));
        On<CloseBillingPeriod>().In(c => BillingCalendar.Stream(c.Tenant)).Decide((calendar, command) => calendar.Close(command));
    }
}

/// <summary>
/// Gives invoices their numbers: one after the other in each year, without gaps. A number is an event that names its invoice, so that one that was given is
/// found again after a crash, whichever process asks.
/// </summary>
public sealed class InvoiceNumbers(IEventStore log, EventTypes types, BillingOptions options)
{
    private readonly NumberSeries<InvoiceNumberAssigned> numbers = new(log, types, e => (e.Tenant, e.Invoice));

    /// <summary>The number of an invoice: the one that it has, or the next.</summary>
    /// <param name="tenant">Whose invoice.</param>
    /// <param name="invoice">The invoice's id.</param>
    /// <param name="at">When it was made: decides the year.</param>
    /// <param name="context">On whose behalf.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public Task<InvoiceNumberAssigned> AssignAsync(string tenant, string invoice, DateTimeOffset at, CommandContext context, CancellationToken cancellationToken = default)
    {
        var year = at.UtcDateTime.Year;
        return numbers.AssignAsync(InvoiceNumberAssigned.Stream(year), tenant, invoice, "invoice-number", Give, context, cancellationToken);

        InvoiceNumberAssigned Give(long next) => new(next, string.Create(CultureInfo.InvariantCulture, $"{options.NumberPrefix}{year}-{next:000000}"), tenant, invoice, at);
    }
}
