using AIaaS.Commands.Payments;
using AIaaS.Domain.Billing;
using AIaaS.Domain.Payments;
using AIaaS.EventStore;

namespace AIaaS.Commands.Billing;

/// <summary>
/// Keeps invoices and their payments in agreement, whatever the processor says later: money that it gave back unasked, money that came back, and attempts that counted as
/// failed and did take money. It looks when either side changes: whichever comes second finds the other.
/// </summary>
public sealed class InvoiceReconciler(InvoiceService invoices, PaymentService payments, TimeProvider time) : IEventHandler
{
    /// <inheritdoc />
    public string Name => "invoice-reconciler";

    /// <inheritdoc />
    public EventFilter Filter { get; } = EventFilter.Types(
        "payment.captured", "payment.refunded", "payment.refund-declined",
        "billing.invoice.paid", "billing.invoice.payment-failed", "billing.invoice.refunded", "billing.invoice.refund-failed", "billing.invoice.refund-returned");

    /// <inheritdoc />
    public string KeyOf(EventEnvelope envelope)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        return envelope.Recorded.Stream;
    }

    /// <inheritdoc />
    public async Task HandleAsync(EventEnvelope envelope, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        var stream = new StreamName(envelope.Recorded.Stream);
        var tenant = stream.Tenant;
        var id = stream.Category == "invoice" ? stream.Id : Invoice.OfPaymentKey((await payments.FindAsync(tenant, stream.Id, cancellationToken))?.State.Request?.Key ?? "");
        if (id is null || await invoices.FindAsync(tenant, id, cancellationToken) is not { State: var invoice })
        {
            return;
        }

        var context = new CommandContext(tenant, Name, null, envelope.Metadata.CorrelationId, envelope.Recorded.Id.ToString("N"));
        for (var attempt = 1; attempt <= invoice.Attempts; attempt++)
        {
            if (await payments.FindAsync(tenant, Invoice.PaymentId(tenant, id, attempt), cancellationToken) is { State: var payment })
            {
                if (payment.Captured > 0m)
                {
                    await invoices.HandleAsync(new EnterLatePayment(tenant, id, attempt, new(payment.Captured, payment.Request!.Amount.Currency), time.GetUtcNow()), context, cancellationToken);
                }

                await TakeBackAsync(tenant, id, payment, context, cancellationToken);
            }
        }
    }

    /// <summary>What went back unasked, and what of all that went back is not there.</summary>
    private async Task TakeBackAsync(string tenant, string id, Payment payment, CommandContext context, CancellationToken cancellationToken)
    {
        var request = payment.Request!;
        foreach (var refund in payment.Refunds.Values.Where(r => r.Refund is null).OrderBy(r => r.At).ThenBy(r => r.Reference, StringComparer.Ordinal))
        {
            await invoices.HandleAsync(new ReverseInvoicePayment(tenant, id, request.Payment, refund.Reference, refund.Amount, time.GetUtcNow()), context, cancellationToken);
        }

        foreach (var refund in (await invoices.GetAsync(tenant, id, cancellationToken)).State.Refunds.Where(r => r.Payment == request.Payment))
        {
            if (OutcomeOf(tenant, payment, id, refund.Refund) is var (given, code, reason))
            {
                await invoices.HandleAsync(new CorrectInvoiceRefund(tenant, id, refund.Refund, given, code, reason, time.GetUtcNow()), context, cancellationToken);
            }
        }
    }

    // What the payment says became of an invoice's refund; null where it says nothing.
    private static (bool Given, string? Code, string? Reason)? OutcomeOf(string tenant, Payment payment, string invoice, string refund)
    {
        var asked = PaymentService.RefundId(tenant, InvoiceCollector.RefundKey(invoice, refund));
        return payment.CameAbout(PaymentOperation.Refund, asked) ? (true, null, null)
            : payment.DeclinedRefunds.GetValueOrDefault(asked) is { } declined ? (false, declined.Code, declined.Reason)
            : payment.FailedRefunds.Any(r => Invoice.ReversalId(tenant, payment.Request!.Payment, r) == refund) ? (false, "returned", "The payment processor took back what it had given back.")
            : null;
    }
}
