using System.Text.Json.Serialization;
using AIaaS.EventStore;

namespace AIaaS.Domain.Payments;

/// <summary>How a payment stands.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<PaymentStatus>))]
public enum PaymentStatus
{
    /// <summary>Asked for; the processor has not answered yet.</summary>
    Requested,

    /// <summary>The call left and nobody knows what became of it.</summary>
    Unknown,

    /// <summary>The processor refused it.</summary>
    Declined,

    /// <summary>The money is held, not taken.</summary>
    Authorized,

    /// <summary>The hold was given back; nothing was taken.</summary>
    Voided,

    /// <summary>The money was taken.</summary>
    Captured,

    /// <summary>The money was taken and a part of it given back.</summary>
    PartiallyRefunded,

    /// <summary>All that was taken has been given back.</summary>
    Refunded,
}

/// <summary>What a processor is asked to do.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<PaymentOperation>))]
public enum PaymentOperation
{
    /// <summary>Take the money at once.</summary>
    Charge,

    /// <summary>Hold the money.</summary>
    Authorize,

    /// <summary>Take what is held.</summary>
    Capture,

    /// <summary>Give back what is held.</summary>
    Void,

    /// <summary>Give back what was taken.</summary>
    Refund,
}

/// <summary>Type <c>payment.requested</c>, first event of <c>payment-{tenant}_{payment}</c>: durable before the processor is asked.</summary>
/// <param name="Payment">The payment's id.</param>
/// <param name="Operation">Charge or Authorize.</param>
/// <param name="Amount">How much.</param>
/// <param name="Method">The processor's token of the payment method; never a card number.</param>
/// <param name="Customer">The customer's id at the tenant; null where unknown.</param>
/// <param name="Order">The order that is paid; null for none.</param>
/// <param name="Description">In words, for the customer's statement; null for none.</param>
/// <param name="Processor">The processor's name.</param>
/// <param name="Key">The idempotency key that the processor gets.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record PaymentRequested(string Payment, PaymentOperation Operation, Money Amount, string Method, string? Customer, string? Order, string? Description, string Processor, string Key, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>payment.authorized</c>: the processor holds the money.</summary>
/// <param name="Reference">The processor's id of the payment.</param>
/// <param name="Amount">How much.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record PaymentAuthorized(string Reference, Money Amount, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>payment.capture-requested</c>: durable before the processor is asked.</summary>
/// <param name="Amount">How much of what is held.</param>
/// <param name="Key">The idempotency key that the processor gets.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record PaymentCaptureRequested(Money Amount, string Key, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>payment.captured</c>: the processor took the money.</summary>
/// <param name="Reference">The processor's id of the payment.</param>
/// <param name="Amount">How much was taken, all in all.</param>
/// <param name="Implied">True when only a refund, or a person who looked it up, told so: the processor's own word on it was still on its way.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record PaymentCaptured(string Reference, Money Amount, bool Implied, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>payment.declined</c>: the processor refused it; nothing was taken.</summary>
/// <param name="Reference">The processor's id of the payment; null where it gave none.</param>
/// <param name="Code">The processor's code.</param>
/// <param name="Reason">In words.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record PaymentDeclined(string? Reference, string Code, string Reason, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>payment.void-requested</c>: durable before the processor is asked.</summary>
/// <param name="Key">The idempotency key that the processor gets.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record PaymentVoidRequested(string Key, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>payment.voided</c>: the hold was given back.</summary>
/// <param name="Reference">The processor's id of the payment.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record PaymentVoided(string Reference, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>payment.unknown</c>: a call to the processor left and did not answer. A webhook or a look-up settles it.</summary>
/// <param name="Operation">What was asked for.</param>
/// <param name="Refund">Which refund; null for the others.</param>
/// <param name="Reason">Why nobody knows.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record PaymentUnknown(PaymentOperation Operation, string? Refund, string Reason, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>payment.operation-refused</c>: the processor refused a capture or a void; the payment stands as before.</summary>
/// <param name="Operation">What was asked for.</param>
/// <param name="Code">The processor's code.</param>
/// <param name="Reason">In words.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record PaymentOperationRefused(PaymentOperation Operation, string Code, string Reason, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>payment.refund-requested</c>: durable before the processor is asked.</summary>
/// <param name="Refund">The refund's id.</param>
/// <param name="Amount">How much.</param>
/// <param name="Reason">Why; null where nobody said.</param>
/// <param name="Key">The idempotency key that the processor gets.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record PaymentRefundRequested(string Refund, Money Amount, string? Reason, string Key, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>payment.refunded</c>: the processor gave money back.</summary>
/// <param name="Refund">The refund that was asked for; null for one that the processor made without being asked.</param>
/// <param name="Reference">The processor's id of the refund.</param>
/// <param name="Amount">How much.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record PaymentRefunded(string? Refund, string Reference, Money Amount, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>payment.refund-declined</c>: the processor did not give the money back, or took it again because it did not arrive.</summary>
/// <param name="Refund">The refund that was asked for; null for one that the processor made without being asked.</param>
/// <param name="Reference">The processor's id of the refund; null where it gave none.</param>
/// <param name="Code">The processor's code.</param>
/// <param name="Reason">In words.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record PaymentRefundDeclined(string? Refund, string? Reference, string Code, string Reason, DateTimeOffset At) : DomainEvent;
