using AIaaS.Commands.Payments;
using AIaaS.Domain;
using AIaaS.Domain.Billing;
using AIaaS.Domain.Payments;
using AIaaS.EventStore;

namespace AIaaS.Commands.Billing;

/// <summary>Takes the money of invoices, and gives it back: each attempt and each refund once, however often it is begun.</summary>
public sealed class InvoiceCollector(IEventStore log, EventTypes types, InvoiceService invoices, PaymentService payments, TimeProvider time, TenantCredit? credit = null)
{
    private readonly AggregateStore store = new(log, types);

    // Credit is counted and used up in one go: two attempts at once would both use the same.
    private readonly SemaphoreSlim[] tenants = [.. Enumerable.Range(0, 64).Select(_ => new SemaphoreSlim(1))];

    /// <summary>
    /// Attempts to take the money, or goes on with the attempt that is under way. Without a method, and without one of the subscription, nothing is done.
    /// </summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="invoice">The invoice's id.</param>
    /// <param name="method">The processor's token of the payment method; null: the one of the subscription.</param>
    /// <param name="upto">Only where fewer attempts than this have been made; null for any.</param>
    /// <param name="context">On whose behalf.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="DomainException">There is no such invoice, or it is paid or written off.</exception>
    public async Task<Loaded<Invoice>> TakeAsync(string tenant, string invoice, string? method, int? upto, CommandContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        var there = await invoices.GetAsync(tenant, invoice, cancellationToken);
        if (method is null && there.State.Open is null)
        {
            method = (await store.LoadAsync<Subscription>(Subscription.Stream(tenant), cancellationToken: cancellationToken)).State.Settings.PaymentMethod;
            if (method is null)
            {
                return there;
            }
        }

        var begun = await BeginAsync(tenant, there.State, invoice, method, upto, context, cancellationToken);
        if (begun.State.Open is not { } open)
        {
            return new(begun.State, begun.Version, begun.Position);
        }

        var settle = await SettlementAsync(tenant, begun.State, open, context, cancellationToken);
        // What has become of money is recorded even when the caller has left.
        var settled = await invoices.HandleAsync(settle, Inner(context), CancellationToken.None);
        return new(settled.State, settled.Version, settled.Position);
    }

    /// <summary>Gives money back: the amount, or all that is left.</summary>
    /// <exception cref="DomainException">It cannot be given back so.</exception>
    public async Task<Loaded<Invoice>> RefundAsync(string tenant, string invoice, string refund, Money? amount, string reason, CommandContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        await invoices.HandleAsync(new RefundInvoice(tenant, invoice, refund, amount, reason, context.Actor, time.GetUtcNow()), Inner(context), cancellationToken);
        return await RefundAsync(tenant, invoice, refund, context, CancellationToken.None);
    }

    /// <summary>Goes on with a refund that was asked for.</summary>
    public async Task<Loaded<Invoice>> RefundAsync(string tenant, string invoice, string refund, CommandContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        var there = await invoices.GetAsync(tenant, invoice, cancellationToken);
        if (there.State.Refunds.FirstOrDefault(r => r.Refund == refund) is not { Given: null, Payment: { } payment } asked)
        {
            return there;
        }

        SettleInvoiceRefund settle;
        try
        {
            var result = await payments.RefundAsync(payment, asked.Amount, asked.Reason, context with { Tenant = tenant, IdempotencyKey = RefundKey(invoice, refund) }, cancellationToken);
            if (result.Trouble is not null)
            {
                return there;
            }

            var declined = result.State.DeclinedRefunds.GetValueOrDefault(result.Refund!);
            settle = new(tenant, invoice, refund, declined is null, declined?.Code, declined?.Reason, time.GetUtcNow());
        }
        catch (DomainException e) when (e.Error.Status is not (409 or 429 or 503) || e.Error.Code == PaymentErrors.NothingLeft(payment).Code)
        {
            settle = new(tenant, invoice, refund, false, e.Error.Code, e.Error.Message, time.GetUtcNow());
        }

        var settled = await invoices.HandleAsync(settle, Inner(context), CancellationToken.None);
        return new(settled.State, settled.Version, settled.Position);
    }

    /// <summary>The id of the refund that is asked for under a key.</summary>
    public static string RefundId(string tenant, string key) => NamedId.Of("invoice-refund", tenant, key).ToString("N");

    private async Task<CommandResult<Invoice>> BeginAsync(string tenant, Invoice there, string invoice, string? method, int? upto, CommandContext context, CancellationToken cancellationToken)
    {
        var gate = tenants[(uint)string.GetHashCode(tenant, StringComparison.Ordinal) % tenants.Length];
        await gate.WaitAsync(cancellationToken);
        try
        {
            var paidByCredit = credit is null || there.Open is not null ? 0m : await credit.ForAsync(tenant, invoice, there.Claim, cancellationToken);
            return await invoices.HandleAsync(new AttemptInvoicePayment(tenant, invoice, method ?? "", upto, time.GetUtcNow()) { Credit = paidByCredit }, Inner(context), cancellationToken);
        }
        finally
        {
            gate.Release();
        }
    }

    private async Task<SettleInvoicePayment> SettlementAsync(string tenant, Invoice invoice, InvoicePaymentAttempted open, CommandContext context, CancellationToken cancellationToken)
    {
        try
        {
            // What nobody knew of is asked for at the processor, not sent again.
            var result = invoice.Unsettled > 0
                ? await payments.ReconcileAsync(open.Payment, context with { Tenant = tenant, IdempotencyKey = null }, cancellationToken)
                : await payments.RequestAsync(
                    new(PaymentOperation.Charge, open.Amount, open.Method, null, null, $"Invoice {invoice.Number}"),
                    context with { Tenant = tenant, IdempotencyKey = Invoice.PaymentKey(open.Invoice, open.Attempt) },
                    cancellationToken);
            var reason = result.Trouble switch { ProcessorAnswer.Unknown u => u.Reason, ProcessorAnswer.Unavailable u => u.Reason, _ => null };
            return result.Trouble is not null ? new(tenant, open.Invoice, open.Attempt, null, null, reason, time.GetUtcNow())
                : result.State.Declined is { } declined ? new(tenant, open.Invoice, open.Attempt, false, declined.Code, declined.Reason, time.GetUtcNow())
                : new(tenant, open.Invoice, open.Attempt, true, null, null, time.GetUtcNow());
        }
        catch (DomainException e) when (e.Error.Status is not (409 or 429 or 503))
        {
            return new(tenant, open.Invoice, open.Attempt, false, e.Error.Code, e.Error.Message, time.GetUtcNow());
        }
    }

    /// <summary>The idempotency key of a refund at the payment.</summary>
    internal static string RefundKey(string invoice, string refund) => $"{Payment.InvoiceKeys}{invoice}/refund/{refund}";

    private static CommandContext Inner(CommandContext context) => context with { IdempotencyKey = null };
}
