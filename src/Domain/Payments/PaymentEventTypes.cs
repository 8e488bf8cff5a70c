using System.Text.Json.Serialization;
using AIaaS.EventStore;

namespace AIaaS.Domain.Payments;

/// <summary>The event types of payments and of the sandbox that plays a processor.</summary>
internal static class PaymentEventTypes
{
    private static readonly DateTimeOffset At = new(2026, 1, 31, 9, 30, 0, TimeSpan.Zero);

    public static EventTypes.Builder AddPayments(this EventTypes.Builder types)
    {
        var json = PaymentJson.Default;
        return types
            .Add("payment.requested", json.PaymentRequested, "payment", new PaymentRequested("p1", PaymentOperation.Charge, Money.Usd(49.90m), "pm_card_visa", "c-4711", "#W1001", "Order #W1001", "sandbox", "acme/r1/pay/1/1/charge_payment", At))
            .Add("payment.authorized", json.PaymentAuthorized, "payment", new PaymentAuthorized("sb_1", Money.Usd(49.90m), At))
            .Add("payment.capture-requested", json.PaymentCaptureRequested, "payment", new PaymentCaptureRequested(Money.Usd(49.90m), "acme/r1/take/1/1/capture_payment", At))
            .Add("payment.captured", json.PaymentCaptured, "payment", new PaymentCaptured("sb_1", Money.Usd(49.90m), false, At))
            .Add("payment.declined", json.PaymentDeclined, "payment", new PaymentDeclined("sb_1", "insufficient_funds", "The card has insufficient funds.", At))
            .Add("payment.void-requested", json.PaymentVoidRequested, "payment", new PaymentVoidRequested("acme/r1/undo/1/1/void_payment", At))
            .Add("payment.voided", json.PaymentVoided, "payment", new PaymentVoided("sb_1", At))
            .Add("payment.unknown", json.PaymentUnknown, "payment", new PaymentUnknown(PaymentOperation.Charge, null, "no answer within 20 s", At))
            .Add("payment.operation-refused", json.PaymentOperationRefused, "payment", new PaymentOperationRefused(PaymentOperation.Capture, "charge_expired_for_capture", "The authorization has expired.", At))
            .Add("payment.refund-requested", json.PaymentRefundRequested, "payment", new PaymentRefundRequested("f1", Money.Usd(10), "one item returned", "acme/r1/refund/1/1/refund_payment", At))
            .Add("payment.refunded", json.PaymentRefunded, "payment", new PaymentRefunded("f1", "sbr_1", Money.Usd(10), At))
            .Add("payment.refund-declined", json.PaymentRefundDeclined, "payment", new PaymentRefundDeclined("f1", "sbr_1", "expired_or_canceled_card", "The card has expired.", At))
            .Add("sandbox.payment.changed", json.SandboxPaymentChanged, "sandboxPayment", new SandboxPaymentChanged("acme/r1/pay/1/1/charge_payment", new("sb_1", "acme", "p1", ProcessorStatus.Captured, "USD", 49.90m, []), 49.90m, "pm_card_visa", "Charge", At));
    }
}

/// <summary>The source-generated JSON contracts of the payment events.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(PaymentRequested))]
[JsonSerializable(typeof(PaymentAuthorized))]
[JsonSerializable(typeof(PaymentCaptureRequested))]
[JsonSerializable(typeof(PaymentCaptured))]
[JsonSerializable(typeof(PaymentDeclined))]
[JsonSerializable(typeof(PaymentVoidRequested))]
[JsonSerializable(typeof(PaymentVoided))]
[JsonSerializable(typeof(PaymentUnknown))]
[JsonSerializable(typeof(PaymentOperationRefused))]
[JsonSerializable(typeof(PaymentRefundRequested))]
[JsonSerializable(typeof(PaymentRefunded))]
[JsonSerializable(typeof(PaymentRefundDeclined))]
[JsonSerializable(typeof(SandboxPaymentChanged))]
internal sealed partial class PaymentJson : JsonSerializerContext;
