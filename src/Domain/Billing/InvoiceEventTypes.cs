using System.Text.Json.Serialization;
using AIaaS.Domain.Audit;
using AIaaS.Domain.Metering;
using AIaaS.Domain.Pricing;
using AIaaS.EventStore;

namespace AIaaS.Domain.Billing;

/// <summary>The event types of invoices.</summary>
internal static class InvoiceEventTypes
{
    private static readonly DateTimeOffset At = new(2026, 2, 1, 9, 30, 0, TimeSpan.Zero);

    private static readonly DateTimeOffset From = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly DateTimeOffset To = new(2026, 2, 1, 0, 0, 0, TimeSpan.Zero);

    public static EventTypes.Builder AddInvoices(this EventTypes.Builder types)
    {
        var json = InvoiceJson.Default;
        return types
            .Add("billing.invoice.generated", json.InvoiceGenerated, "invoice", new InvoiceGenerated("i1", Example(), new("AIaaS", ["1 Log Street", "10115 Berlin", "Germany"], "billing@example.com", "DE123456789"), new("Acme Outdoor", ["2 Tent Road", "12345 Springfield", "USA"], "finance@example.com", null), -1, At.AddDays(14), At))
            .Add("billing.invoice.numbered", json.InvoiceNumbered, "invoice", new InvoiceNumbered("i1", "INV-2026-000042", At.AddDays(14), At))
            .Add("billing.invoice.payment-attempted", json.InvoicePaymentAttempted, "invoice", new InvoicePaymentAttempted("i1", 1, "p1", Money.Usd(11.90m), "pm_card_visa", At))
            .Add("billing.invoice.payment-unsettled", json.InvoicePaymentUnsettled, "invoice", new InvoicePaymentUnsettled("i1", 1, "no answer within 20 s", At))
            .Add("billing.invoice.payment-failed", json.InvoicePaymentFailed, "invoice", new InvoicePaymentFailed("i1", 1, "p1", "insufficient_funds", "The card has insufficient funds.", 1, At.AddDays(1), At))
            .Add("billing.invoice.past-due", json.InvoicePastDue, "invoice", new InvoicePastDue("i1", At.AddDays(14), At.AddDays(14)))
            .Add("billing.invoice.paid", json.InvoicePaid, "invoice", new InvoicePaid("i1", Money.Usd(11.90m), "p1", null, At))
            .Add("billing.invoice.written-off", json.InvoiceWrittenOff, "invoice", new InvoiceWrittenOff("i1", "the business has closed", "platform", At))
            .Add("billing.invoice.refund-requested", json.InvoiceRefundRequested, "invoice", new InvoiceRefundRequested("i1", "f1", Money.Usd(2), "goodwill", "key:k7", At) { Payment = "p1" })
            .Add("billing.invoice.refunded", json.InvoiceRefunded, "invoice", new InvoiceRefunded("i1", "f1", Money.Usd(2), At))
            .Add("billing.invoice.refund-failed", json.InvoiceRefundFailed, "invoice", new InvoiceRefundFailed("i1", "f1", "expired_or_canceled_card", "The card has expired.", At))
            .Add("billing.invoice.refund-returned", json.InvoiceRefundReturned, "invoice", new InvoiceRefundReturned("i1", "f1", Money.Usd(2), "lost_or_stolen_card", "The card was closed.", At))
            .Add("billing.invoice.payment-reversed", json.InvoicePaymentReversed, "invoice", new InvoicePaymentReversed("i1", "given back by the payment processor without being asked (re_1)", At))
            .Add("billing.invoice.payment-restored", json.InvoicePaymentRestored, "invoice", new InvoicePaymentRestored("i1", At, At.AddDays(40)))
            .Add("billing.invoice-number.assigned", json.InvoiceNumberAssigned, "invoiceNumber", new InvoiceNumberAssigned(42, "INV-2026-000042", "acme", "i1", At))
            .Add("billing.branding.set", json.BrandingSet, "branding", new BrandingSet(new() { Name = "Acme Outdoor", Colour = "#1a4f8b", Footer = "Thank you." }, At))
            .Add("billing.period.scheduled", json.BillingPeriodScheduled, "billingCalendar", new BillingPeriodScheduled(From, To, To.AddHours(1), From))
            .Add("billing.period.closed", json.BillingPeriodClosed, "billingCalendar", new BillingPeriodClosed(From, To, "i1", 41, At))
            .Add("billing.payment.planned", json.InvoicePaymentPlanned, "saga", new InvoicePaymentPlanned("i1", 0, At))
            .Add("billing.payment.retry-awaited", json.InvoiceRetryAwaited, "saga", new InvoiceRetryAwaited("i1", 1, At.AddDays(1)))
            .Add("billing.payment.refund-planned", json.InvoiceRefundPlanned, "saga", new InvoiceRefundPlanned("i1", "f1"))
            .Add("billing.payment.due-reached", json.InvoiceDueReached, "saga", new InvoiceDueReached("i1", At));
    }

    private static InvoiceDraft Example()
    {
        var price = new Price("output-tokens", 1, "tokens.output", PriceModel.PerUnit, "USD", From) { UnitAmount = 0.00002m, Description = "Output tokens" };
        var leaf = MerkleTree.HashLeaf("{}"u8);
        var basis = new InvoiceBasis("acme", "USD", new(312, From, To, From, To), [new(From, To, "team", 1, "Team", false, 2_678_400, 2_678_400, Money.Usd(9))], [], [], [new("VAT 19 %", 19m)], null, 1042);
        return new(
            basis,
            0,
            41,
            42,
            0,
            [
                new(1, InvoiceLineKind.Fee, "Team, recurring fee", From, To, "9", 9m, 9m, null),
                new(2, InvoiceLineKind.Usage, "Output tokens", From, To, "50,000 × 0.00002", 1m, 1m, new("team", 1, false, 1m, price, "tokens", null, Aggregation.Sum, 50_000m, [new(50_000m, 0.00002m, 1m, "50,000 × 0.00002")], Money.Usd(1), 1, 41, 41, leaf, 1, [leaf])),
                new(3, InvoiceLineKind.Tax, "VAT 19 %", From, To, "10 × 19 %", 1.9m, 1.9m, null),
            ],
            10m,
            0m,
            1.9m,
            11.9m);
    }
}

/// <summary>The source-generated JSON contracts of invoices.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(InvoiceGenerated))]
[JsonSerializable(typeof(InvoiceNumbered))]
[JsonSerializable(typeof(InvoicePaymentAttempted))]
[JsonSerializable(typeof(InvoicePaymentUnsettled))]
[JsonSerializable(typeof(InvoicePaymentFailed))]
[JsonSerializable(typeof(InvoicePastDue))]
[JsonSerializable(typeof(InvoicePaid))]
[JsonSerializable(typeof(InvoiceWrittenOff))]
[JsonSerializable(typeof(InvoiceRefundRequested))]
[JsonSerializable(typeof(InvoiceRefunded))]
[JsonSerializable(typeof(InvoiceRefundFailed))]
[JsonSerializable(typeof(InvoiceRefundReturned))]
[JsonSerializable(typeof(InvoicePaymentReversed))]
[JsonSerializable(typeof(InvoicePaymentRestored))]
[JsonSerializable(typeof(InvoiceNumberAssigned))]
[JsonSerializable(typeof(BrandingSet))]
[JsonSerializable(typeof(BillingPeriodScheduled))]
[JsonSerializable(typeof(BillingPeriodClosed))]
[JsonSerializable(typeof(InvoicePaymentPlanned))]
[JsonSerializable(typeof(InvoiceDueReached))]
[JsonSerializable(typeof(InvoiceRetryAwaited))]
[JsonSerializable(typeof(InvoiceRefundPlanned))]
[JsonSerializable(typeof(InvoiceStatement))]
public sealed partial class InvoiceJson : JsonSerializerContext;
