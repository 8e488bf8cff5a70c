using System.Collections.Immutable;
using AIaaS.Commands.Metering;
using AIaaS.Commands.Tenants;
using AIaaS.Domain.Billing;
using AIaaS.Domain.Customers;
using AIaaS.Domain.Metering;
using AIaaS.Domain.Pricing;
using AIaaS.Domain.Tenants;
using AIaaS.EventStore;

namespace AIaaS.Commands.Billing;

/// <summary>What became of the closing of a period.</summary>
/// <param name="Period">The period.</param>
/// <param name="Invoice">Its invoice; null where nothing was owed.</param>
/// <param name="Position">The consistency token.</param>
public sealed record PeriodClosing(BillingPeriod Period, Invoice? Invoice, LogPosition Position);

/// <summary>Previews, and the closing of periods: what a tenant owes, from the subscription, the prices and the usage as they are known.</summary>
public sealed class BillingDesk(
    IEventStore log,
    EventTypes types,
    PriceBooks prices,
    MeterRegistry meters,
    UsageFold usage,
    TenantService tenants,
    InvoiceService invoices,
    InvoiceNumbers numbers,
    BillingCalendarService calendar,
    BillingOptions options,
    TimeProvider time)
{
    private const int MaxEventBytes = EventStoreLimits.MaxEventBytes - (8 * 1024);

    private readonly AggregateStore store = new(log, types);

    /// <summary>What is known of a tenant's billing period now.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="at">A moment in the period.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<BillingKnowledge> KnowledgeAsync(string tenant, DateTimeOffset at, CancellationToken cancellationToken = default)
    {
        var subscription = await SubscriptionAsync(tenant, cancellationToken);
        return await KnowledgeAsync(tenant, subscription, subscription.Periods.At(at), cancellationToken);
    }

    /// <summary>The subscription of a tenant.</summary>
    public async Task<Subscription> SubscriptionAsync(string tenant, CancellationToken cancellationToken = default) =>
        (await store.LoadAsync<Subscription>(Subscription.Stream(tenant), cancellationToken: cancellationToken)).State;

    /// <summary>What would be owed for the period that a moment lies in, if it were closed now.</summary>
    /// <exception cref="DomainException">There is no such tenant, a rate is missing, or an amount is beyond what decimals hold.</exception>
    public async Task<InvoiceStatement> PreviewAsync(string tenant, DateTimeOffset? at = null, CancellationToken cancellationToken = default)
    {
        var now = time.GetUtcNow();
        var found = await TenantAsync(tenant, cancellationToken);
        var knowledge = await KnowledgeAsync(tenant, at ?? now, cancellationToken);
        var draft = await DraftAsync(knowledge, cancellationToken);
        return InvoiceStatement.Preview(Seller(), Buyer(found, knowledge.Settings), now, knowledge.Period.To.AddDays(knowledge.Settings.DueDays), draft);
    }

    /// <summary>
    /// Closes the period that a moment lies in and makes its invoice. The same period again gives the same invoice, also after a crash at any point and from
    /// another process.
    /// </summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="at">A moment in the period, which closes those before it too; null: the first that has ended and is not closed, else the last one that is.</param>
    /// <param name="context">On whose behalf.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="DomainException">The period has not ended, the tenant was not there in it, a rate is missing, or an amount is beyond what decimals hold.</exception>
    public async Task<PeriodClosing> CloseAsync(string tenant, DateTimeOffset? at, CommandContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        var found = await TenantAsync(tenant, cancellationToken);
        var created = await CreatedAsync(tenant, cancellationToken);
        var subscription = await SubscriptionAsync(tenant, cancellationToken);
        var (closed, position) = await ClosedToAsync(tenant, cancellationToken);
        var periods = subscription.Periods;
        var next = periods.At(closed ?? created);
        // All that has ended is closed: asked again, it is the last one.
        var period = at is { } moment ? periods.At(moment) : closed is not null && next.To > time.GetUtcNow() ? periods.Previous(next) : next;
        if (period.To <= created)
        {
            throw new DomainException(InvoiceErrors.BeforeTenant(period.From));
        }

        if (period.To > time.GetUtcNow())
        {
            throw new DomainException(InvoiceErrors.PeriodOpen(period.From, period.To));
        }

        if (period.To <= closed)
        {
            return await invoices.FindAsync(tenant, Invoice.IdOf(tenant, period.From), cancellationToken) is { } there ? await FinishAsync(tenant, period, there, context, cancellationToken) : new(period, null, position);
        }

        // A change that was decided just before the end of the period before and recorded behind its closing begins a second or so before that end.
        if (closed > next.From)
        {
            next = next with { From = closed.Value };
        }

        // One after the other: what was closed is a time without gaps.
        var result = await CloseAsync(found, subscription, next, context, cancellationToken);
        while (next.To < period.To)
        {
            next = periods.Next(next);
            result = await CloseAsync(found, subscription, next, context, cancellationToken);
        }

        return result;
    }

    private async Task<(DateTimeOffset? To, LogPosition Position)> ClosedToAsync(string tenant, CancellationToken cancellationToken)
    {
        var loaded = await calendar.LoadAsync(BillingCalendar.Stream(tenant), cancellationToken);
        return (loaded.State.ClosedTo, loaded.Position);
    }

    private async Task<PeriodClosing> CloseAsync(Tenant found, Subscription subscription, BillingPeriod period, CommandContext context, CancellationToken cancellationToken)
    {
        var tenant = found.Id!;
        if (await invoices.FindAsync(tenant, Invoice.IdOf(tenant, period.From), cancellationToken) is { } there)
        {
            return await FinishAsync(tenant, period, there, context, cancellationToken);
        }

        var knowledge = await KnowledgeAsync(tenant, subscription, period, cancellationToken);
        var draft = await DraftAsync(knowledge, cancellationToken);
        if (draft.Events == 0 && draft.Total == 0 && knowledge.Segments.All(s => BuiltInPricing.Owns(s.Plan)))
        {
            var nothing = await calendar.HandleAsync(new CloseBillingPeriod(tenant, period.From, period.To, null, draft.ThroughVersion, time.GetUtcNow()), Inner(context, tenant), cancellationToken);
            return new(period, null, nothing.Position);
        }

        var now = time.GetUtcNow();
        var id = Invoice.IdOf(tenant, period.From);
        var branding = (await store.LoadAsync<BrandingBook>(Branding.Stream(tenant), cancellationToken: cancellationToken)).Version;
        var generated = new InvoiceGenerated(id, draft, Seller(), Buyer(found, knowledge.Settings), branding, now.AddDays(knowledge.Settings.DueDays), now);
        if (types.Write(Guid.Empty, generated, ReadOnlyMemory<byte>.Empty).Data.Length is var bytes and > MaxEventBytes)
        {
            throw new DomainException(InvoiceErrors.TooLarge(draft.Lines.Length, bytes, MaxEventBytes));
        }

        var made = await invoices.HandleAsync(new GenerateInvoice(tenant, generated), Inner(context, tenant), cancellationToken);
        return await FinishAsync(tenant, period, new(made.State, made.Version, made.Position), context, cancellationToken);
    }

    /// <summary>Makes the invoice of a period that was closed without one, since nothing was owed for it then: usage has come since. Where there is one it is that.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="at">A moment in the period.</param>
    /// <param name="context">On whose behalf.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="DomainException">The period is not closed, a rate is missing, or an amount is beyond what decimals hold.</exception>
    public async Task<PeriodClosing> InvoiceLateAsync(string tenant, DateTimeOffset at, CommandContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        var found = await TenantAsync(tenant, cancellationToken);
        var subscription = await SubscriptionAsync(tenant, cancellationToken);
        var period = subscription.Periods.At(at);
        var (closed, _) = await ClosedToAsync(tenant, cancellationToken);
        return period.To <= closed ? await CloseAsync(found, subscription, period, context, cancellationToken) : throw new DomainException(NoteErrors.PeriodOpen(period.From, period.To));
    }

    /// <summary>Gives an invoice its number where it has none.</summary>
    /// <exception cref="DomainException">There is no such invoice.</exception>
    public async Task<Loaded<Invoice>> NumberAsync(string tenant, string invoice, CommandContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        return await NumberAsync(tenant, await invoices.GetAsync(tenant, invoice, cancellationToken), context, cancellationToken);
    }

    private async Task<PeriodClosing> FinishAsync(string tenant, BillingPeriod period, Loaded<Invoice> made, CommandContext context, CancellationToken cancellationToken)
    {
        var generated = made.State.Generated!;
        var numbered = await NumberAsync(tenant, made, context, cancellationToken);
        var closed = await calendar.HandleAsync(new CloseBillingPeriod(tenant, period.From, period.To, generated.Invoice, generated.Draft.ThroughVersion, time.GetUtcNow()), Inner(context, tenant), cancellationToken);
        return new(period, numbered.State, closed.Position > numbered.Position ? closed.Position : numbered.Position);
    }

    private async Task<Loaded<Invoice>> NumberAsync(string tenant, Loaded<Invoice> made, CommandContext context, CancellationToken cancellationToken)
    {
        if (made.State.Number is not null)
        {
            return made;
        }

        var generated = made.State.Generated!;
        var number = await numbers.AssignAsync(tenant, generated.Invoice, generated.At, context, cancellationToken);
        var result = await invoices.HandleAsync(new NumberInvoice(tenant, generated.Invoice, number.Text, time.GetUtcNow()), Inner(context, tenant), cancellationToken);
        return new(result.State, result.Version, result.Position);
    }

    private async Task<InvoiceDraft> DraftAsync(BillingKnowledge knowledge, CancellationToken cancellationToken) =>
        InvoiceCalculator.Draft(knowledge, await usage.NowAsync(knowledge.Tenant, InvoiceCalculator.Slots(knowledge), knowledge.Period.From, knowledge.Period.To, cancellationToken));

    private async Task<BillingKnowledge> KnowledgeAsync(string tenant, Subscription subscription, BillingPeriod period, CancellationToken cancellationToken)
    {
        var (own, ofPlan) = await meters.DefinitionsAsync(tenant, cancellationToken);
        var known = BuiltInMeters.All.Concat(own.Meters.Values.Select(m => m.Definition)).Concat(ofPlan).GroupBy(m => m.Meter, StringComparer.Ordinal).ToImmutableDictionary(g => g.Key, g => g.Last(), StringComparer.Ordinal);
        var (book, knownAt) = await prices.NowAsync(cancellationToken);
        return new(tenant, period, subscription.PlanSegments(period), book, subscription.Settings, known, knownAt);
    }

    private async Task<Tenant> TenantAsync(string tenant, CancellationToken cancellationToken) =>
        await tenants.FindAsync(tenant, cancellationToken) ?? throw new DomainException(new("tenant-not-found", $"There is no tenant '{(tenant.Length <= 60 ? tenant : tenant[..60] + "…")}'.", "Check the id.", 404));

    private async Task<DateTimeOffset> CreatedAsync(string tenant, CancellationToken cancellationToken)
    {
        await foreach (var recorded in log.ReadStreamOrEmptyAsync(Tenant.Stream(tenant), ReadDirection.Forwards, 0, 1, cancellationToken))
        {
            return types.Read(recorded) is TenantCreated created ? created.At : recorded.Recorded;
        }

        return DateTimeOffset.UnixEpoch;
    }

    private InvoiceParty Seller() => new(options.SellerName, options.SellerAddress, options.SellerEmail, options.SellerTaxId);

    private static InvoiceParty Buyer(Tenant tenant, BillingSettings settings) => new(settings.Name ?? tenant.Name, settings.Address is { } address ? Lines(address) : [], settings.Email, settings.VatId);

    private static ImmutableArray<string> Lines(PostalAddress address) =>
        [.. new[] { address.Address1, address.Address2, $"{address.Zip} {address.City}".Trim(), address.State, address.Country }.Where(l => !string.IsNullOrWhiteSpace(l))];

    // What is done is decided by what is there already, so that each sending does only what is missing.
    private static CommandContext Inner(CommandContext context, string tenant) => context with { Tenant = tenant, IdempotencyKey = null };
}
