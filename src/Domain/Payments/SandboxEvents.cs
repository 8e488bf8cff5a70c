using AIaaS.EventStore;

namespace AIaaS.Domain.Payments;

/// <summary>
/// Type <c>sandbox.payment.changed</c>, stream <c>sandboxPayment-{tenant}_{payment}</c>: the books of the sandbox, which plays a processor on the
/// far side. The product never reads them; it asks the sandbox, as it would ask any processor.
/// </summary>
/// <param name="Key">The idempotency key of what changed it.</param>
/// <param name="Payment">The payment as it stands after that.</param>
/// <param name="Amount">What was asked for at the beginning, in units of the currency.</param>
/// <param name="Method">The payment method's token: it chooses how the sandbox behaves.</param>
/// <param name="Change">Charge, Authorize, Capture, Void, Refund, or LateRefund for one that nobody asked for.</param>
/// <param name="At">When, UTC.</param>
public sealed record SandboxPaymentChanged(string Key, ProcessorPayment Payment, decimal Amount, string Method, string Change, DateTimeOffset At) : DomainEvent;
