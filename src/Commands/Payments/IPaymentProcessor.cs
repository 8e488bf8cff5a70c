using AIaaS.Domain;
using AIaaS.Domain.Payments;

namespace AIaaS.Commands.Payments;

/// <summary>
/// A payment processor: the far side of payments. It does the work once under an idempotency key, however often it is asked. One contract
/// test suite runs against every adapter of this port.
/// </summary>
public interface IPaymentProcessor
{
    /// <summary>Its name, a lower-case word: it stands in events, settings and in the path of its webhooks.</summary>
    string Name { get; }

    /// <summary>Takes or holds money.</summary>
    Task<ProcessorAnswer> RequestAsync(ProcessorRequest request, CancellationToken cancellationToken);

    /// <summary>Takes what is held, or a part of it; the rest is given back.</summary>
    Task<ProcessorAnswer> CaptureAsync(ProcessorChange change, CancellationToken cancellationToken);

    /// <summary>Gives a hold back.</summary>
    Task<ProcessorAnswer> VoidAsync(ProcessorChange change, CancellationToken cancellationToken);

    /// <summary>Gives money back.</summary>
    Task<ProcessorAnswer> RefundAsync(ProcessorChange change, CancellationToken cancellationToken);

    /// <summary>Finds a payment by the idempotency key that it was asked for with, with everything that became of it. Moves no money.</summary>
    Task<ProcessorAnswer> LookUpAsync(ProcessorRequest request, CancellationToken cancellationToken);

    /// <summary>Finds a payment by the processor's own id of it, with everything that became of it.</summary>
    Task<ProcessorAnswer> LookUpAsync(string tenant, string reference, CancellationToken cancellationToken);

    /// <summary>Checks a webhook's signature and reads it; null for a genuine one that tells nothing of a payment.</summary>
    /// <param name="body">The body's exact bytes.</param>
    /// <param name="signature">The signature header's value; null where there is none.</param>
    /// <exception cref="WebhookRefusedException">It is forged, too old or cannot be read.</exception>
    ProcessorNotification? Verify(ReadOnlySpan<byte> body, string? signature);

    /// <summary>The name of the header that carries a webhook's signature.</summary>
    string SignatureHeader { get; }
}

/// <summary>Asks for money.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Payment">Our id of the payment.</param>
/// <param name="Key">The processor does it once under it.</param>
/// <param name="Capture">Whether the money is taken at once; false: only held.</param>
/// <param name="Amount">How much.</param>
/// <param name="Method">The processor's token of the payment method.</param>
/// <param name="Description">In words; null for none.</param>
/// <param name="At">When it was asked for first.</param>
public sealed record ProcessorRequest(string Tenant, string Payment, string Key, bool Capture, Money Amount, string Method, string? Description, DateTimeOffset At);

/// <summary>Changes a payment.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Payment">Our id of the payment.</param>
/// <param name="Reference">The processor's id of the payment.</param>
/// <param name="Key">The processor does it once under it.</param>
/// <param name="Amount">How much.</param>
/// <param name="Refund">Our id of the refund; null for the others.</param>
/// <param name="Reason">Why; null where nobody said.</param>
public sealed record ProcessorChange(string Tenant, string Payment, string Reference, string Key, Money Amount, string? Refund = null, string? Reason = null);

/// <summary>What a processor answered.</summary>
public abstract record ProcessorAnswer
{
    private ProcessorAnswer()
    {
    }

    /// <summary>It did it, or did it before under this key, or found it.</summary>
    /// <param name="Payment">The payment as it stands there.</param>
    public sealed record Known(ProcessorPayment Payment) : ProcessorAnswer;

    /// <summary>It refused, and nothing changed there.</summary>
    /// <param name="Code">Its code.</param>
    /// <param name="Reason">In words.</param>
    public sealed record Refused(string Code, string Reason) : ProcessorAnswer;

    /// <summary>It knows no such payment, and that is certain.</summary>
    public sealed record NotFound : ProcessorAnswer;

    /// <summary>Nothing was done, and that is certain; another try later may help.</summary>
    /// <param name="Reason">Why.</param>
    public sealed record Unavailable(string Reason) : ProcessorAnswer;

    /// <summary>The request left and nobody knows what became of it.</summary>
    /// <param name="Reason">Why.</param>
    public sealed record Unknown(string Reason) : ProcessorAnswer;
}

/// <summary>What a webhook told.</summary>
/// <param name="Id">The processor's id of the notification: the same one comes twice under it.</param>
/// <param name="Tenant">The tenant; null where the processor does not say.</param>
/// <param name="Reference">The processor's id of the payment.</param>
/// <param name="Payment">The payment as it stands; null where it must be looked up.</param>
public sealed record ProcessorNotification(string Id, string? Tenant, string Reference, ProcessorPayment? Payment);

/// <summary>A webhook that is not taken.</summary>
/// <param name="message">Why.</param>
public sealed class WebhookRefusedException(string message) : Exception(message);
