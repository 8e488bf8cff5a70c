using AIaaS.Domain.Billing;
using AIaaS.Domain.Tenants;
using AIaaS.EventStore;

namespace AIaaS.Commands.Billing;

/// <summary>Numbers invoices where the process ended between making and numbering.</summary>
public sealed class InvoiceIssuer(BillingDesk desk) : IEventHandler
{
    /// <inheritdoc />
    public string Name => "invoice-issuer";

    /// <inheritdoc />
    public EventFilter Filter { get; } = EventFilter.Types("billing.invoice.generated");

    /// <inheritdoc />
    public string KeyOf(EventEnvelope envelope)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        return envelope.Recorded.Stream;
    }

    /// <inheritdoc />
    public Task HandleAsync(EventEnvelope envelope, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        return envelope.Event is InvoiceGenerated made
            ? desk.NumberAsync(envelope.Tenant, made.Invoice, new(envelope.Tenant, Name, null, envelope.Metadata.CorrelationId, envelope.Recorded.Id.ToString("N")), cancellationToken)
            : Task.CompletedTask;
    }
}

/// <summary>
/// Takes the money of each invoice that is issued: at once where there is a payment method, again after declines, and looks up later what nobody knows.
/// Without a method the invoice waits until it is due.
/// </summary>
public sealed class InvoicePayments : ProcessManager<InvoicePaymentSaga>
{
    private const string Next = "next-attempt";
    private const string Due = "due";

    /// <summary>Makes it.</summary>
    public InvoicePayments(IEventStore log, EventTypes types, InvoiceService invoices, InvoiceCollector collector, BillingOptions options)
        : base("invoice-payment", log, types)
    {
        ArgumentNullException.ThrowIfNull(options);
        On<InvoiceNumbered>().By(e => e.Invoice).Record((_, e) => Decision.Of(new InvoicePaymentPlanned(e.Invoice, 0, e.At), new TimerScheduled(Due, e.DueAt)));
        // Whoever began the attempt may not see its end: it is looked at again, also where it was begun by hand.
        On<InvoicePaymentAttempted>().By(e => e.Invoice).Record((_, e) => Decision.Of(new InvoiceRetryAwaited(e.Invoice, e.Attempt - 1, e.At + options.LookUpAfter), new TimerScheduled(Next, e.At + options.LookUpAfter)));
        On<InvoicePaymentFailed>().By(e => e.Invoice).Record((_, e) => e.NextAttempt is { } next ? Decision.Of(new InvoiceRetryAwaited(e.Invoice, e.Attempt, next), new TimerScheduled(Next, next)) : new TimerCancelled(Next));
        On<InvoicePaymentUnsettled>().By(e => e.Invoice).Record((_, e) => Decision.Of(new InvoiceRetryAwaited(e.Invoice, e.Attempt - 1, e.At + options.LookUpAfter), new TimerScheduled(Next, e.At + options.LookUpAfter)));
        On<InvoicePaid>().By(e => e.Invoice).Record((_, _) => Decision.Of(new TimerCancelled(Next), new TimerCancelled(Due)));
        On<InvoiceWrittenOff>().By(e => e.Invoice).Record((_, _) => Decision.Of(new TimerCancelled(Next), new TimerCancelled(Due)));
        On<InvoiceRefundRequested>().By(e => e.Invoice).Record((_, e) => new InvoiceRefundPlanned(e.Invoice, e.Refund));
        OnTimer(Next).Record((saga, timer) => saga.Invoice is { } invoice ? new InvoicePaymentPlanned(invoice, saga.Made, timer.Due) : Decision.Unchanged);
        OnTimer(Due).Record((saga, timer) => saga.Invoice is { } invoice ? new InvoiceDueReached(invoice, timer.Due) : Decision.Unchanged);
        After<InvoicePaymentPlanned>().Do("take-payment", async (e, context, ct) =>
        {
            // What was paid or given up in another way meanwhile is no trouble; and whose payment was taken back from us is not charged by itself.
            if ((await invoices.GetAsync(context.Tenant, e.Invoice, ct)).State is { State: not (InvoiceState.Paid or InvoiceState.WrittenOff) } invoice && (invoice.Open is not null || invoice.Needed is null))
            {
                await collector.TakeAsync(context.Tenant, e.Invoice, null, e.Made + 1, context, ct);
            }
        });
        After<InvoiceDueReached>().Do("mark-past-due", (e, context, ct) => invoices.HandleAsync(new MarkInvoicePastDue(context.Tenant, e.Invoice, e.At), context with { IdempotencyKey = null }, ct));
        After<InvoiceRefundPlanned>().Do("refund", async (e, context, ct) =>
        {
            var refunded = await collector.RefundAsync(context.Tenant, e.Invoice, e.Refund, context, ct);
            if (refunded.State.Refunds.FirstOrDefault(r => r.Refund == e.Refund) is { Given: null })
            {
                throw new DomainException(new("temporary-reduced-capacity", $"It is not known yet what became of refund '{e.Refund}' of invoice {refunded.State.Number}.", "Reconcile the payment, then replay the event.", 503));
            }
        });
    }
}

/// <summary>Closes each tenant's billing periods when their time has come, one after the other, and keeps the timer of the next one.</summary>
public sealed class BillingClock(BillingDesk desk, BillingCalendarService calendar, TimeProvider time) : IEventHandler
{
    /// <inheritdoc />
    public string Name => "billing-clock";

    /// <inheritdoc />
    public EventFilter Filter { get; } = EventFilter.Types("tenant.created", "tenant.plan.", "tenant.billing.configured", "billing.period.closed", "timer.elapsed");

    /// <inheritdoc />
    public string KeyOf(EventEnvelope envelope)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        return envelope.Tenant;
    }

    /// <inheritdoc />
    public async Task HandleAsync(EventEnvelope envelope, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        var stream = new StreamName(envelope.Recorded.Stream);
        if (envelope.Event is TimerElapsed timer && (stream.Category != "billingCalendar" || timer.Timer != BillingCalendar.CloseTimer))
        {
            return;
        }

        var tenant = stream.Tenant;
        var context = new CommandContext(tenant, Name, null, envelope.Metadata.CorrelationId, envelope.Recorded.Id.ToString("N"));
        if (envelope.Event is TimerElapsed && (await calendar.LoadAsync(BillingCalendar.Stream(tenant), cancellationToken)).State.Next is { } next && next.CloseAt <= time.GetUtcNow())
        {
            await desk.CloseAsync(tenant, next.From, context, cancellationToken);
        }

        await ScheduleAsync(tenant, envelope.Event is TenantCreated created ? created.At : null, context, cancellationToken);
    }

    private async Task ScheduleAsync(string tenant, DateTimeOffset? created, CommandContext context, CancellationToken cancellationToken)
    {
        var state = (await calendar.LoadAsync(BillingCalendar.Stream(tenant), cancellationToken)).State;
        var subscription = await desk.SubscriptionAsync(tenant, cancellationToken);
        // A period that has begun before the plan changed may have been cut short by it.
        if ((state.ClosedTo ?? state.Next?.From ?? created) is not { } from)
        {
            return;
        }

        var period = subscription.Periods.At(from);
        await calendar.HandleAsync(new ScheduleBillingPeriod(tenant, period.From, period.To, period.To.AddHours(subscription.Settings.GraceHours), time.GetUtcNow()), context, cancellationToken);
    }
}
