using System.Globalization;
using AIaaS.EventStore;

namespace AIaaS.Domain.Payments;

/// <summary>What a payment refuses.</summary>
public static class PaymentErrors
{
    /// <summary>What is asked for cannot be; all faults at once.</summary>
    public static DomainError Invalid(IReadOnlyList<string> faults) => new("payment-invalid", "This cannot be paid: " + string.Join("; ", faults) + ".", "Correct what is named and send it again.");

    /// <summary>There is no such payment.</summary>
    public static DomainError NotFound(string payment) => new("payment-not-found", $"There is no payment '{Shown(payment)}'.", "Use the id that the charge or authorization returned.", 404);

    /// <summary>It belongs to another customer.</summary>
    public static DomainError NotYours() => new("not-yours", "This payment belongs to another customer.", "Use a payment of the customer who was authenticated in this conversation.", 403);

    /// <summary>It pays an invoice of the platform.</summary>
    public static DomainError OfInvoice(string payment) => new("payment-of-invoice", $"Payment '{Shown(payment)}' pays an invoice of the platform.", "The platform refunds invoices; dispute the line of the invoice that is wrong.", 403);

    /// <summary>A key that was used for something else.</summary>
    public static DomainError KeyReused() => new("idempotency-key-reused", "This idempotency key was used before, for another request.", "Use a new key for a new request.");

    /// <summary>Nothing is held.</summary>
    public static DomainError NotAuthorized(string payment, PaymentStatus status) => new("payment-not-authorized", $"Payment '{payment}' is {status}; only one that is {nameof(PaymentStatus.Authorized)} can be captured or voided.", "Authorize a payment first; refund one that was captured.", 409);

    /// <summary>Nothing was taken.</summary>
    public static DomainError NotCaptured(string payment, PaymentStatus status) => new("payment-not-captured", $"Payment '{payment}' is {status}; nothing was taken that could be given back.", "Refund a payment that was captured; void one that is only authorized.", 409);

    /// <summary>Everything was given back, or is on its way.</summary>
    public static DomainError NothingLeft(string payment) => new("payment-refunded", $"All of payment '{payment}' has been given back or is on its way back.", "Look at its refunds.", 409);

    /// <summary>The same operation has no outcome yet.</summary>
    public static DomainError UnderWay(string payment, PaymentOperation operation) => new("payment-operation-open", $"A {operation} of payment '{payment}' has no outcome yet.", "Wait for its outcome, or repeat it under its own idempotency key.", 409);

    /// <summary>More than is held.</summary>
    public static DomainError MoreThanHeld(Money held) => new("capture-exceeds-authorized", $"Only {Text(held)} are held.", "Capture at most that.");

    /// <summary>More than is left.</summary>
    public static DomainError MoreThanLeft(Money wanted, Money left) => new("refund-exceeds-captured", $"{Text(wanted)} cannot be given back: {Text(left)} are left of what was taken.", "Refund at most what is left.");

    /// <summary>A person says something else than what is known.</summary>
    public static DomainError KnownOtherwise(string payment, PaymentStatus status, bool succeeded) => new("payment-known-otherwise", $"Payment '{Shown(payment)}' is {status} at its processor, so that the call cannot be settled as {(succeeded ? "succeeded" : "failed")}.", "Look at the payment, and settle the call as what became of it.", 409);

    /// <summary>The call never reached the processor.</summary>
    public static DomainError NeverAsked() => new("payment-never-asked", "The call ended before the processor was asked, so that it cannot have succeeded.", "Settle it as failed.", 409);

    /// <summary>The processor says something that cannot be.</summary>
    public static DomainError Contradiction(string payment, string reference) => new("payment-contradiction", $"What the processor says of '{Shown(reference)}' does not fit payment '{Shown(payment)}': another currency, or amounts that cannot be.", "Compare the payment with the processor's console.");

    private static string Text(Money money) => string.Create(CultureInfo.InvariantCulture, $"{money.Amount:0.###} {money.Currency}");

    private static string Shown(string text) => text.Length <= 60 ? text : text[..60] + "…";
}
