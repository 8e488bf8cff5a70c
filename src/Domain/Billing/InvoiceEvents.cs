using System.Collections.Immutable;
using System.Text.Json.Serialization;
using AIaaS.EventStore;

namespace AIaaS.Domain.Billing;

/// <summary>How an invoice stands.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<InvoiceState>))]
public enum InvoiceState
{
    /// <summary>A preview, or made and without a number yet.</summary>
    Draft,

    /// <summary>It has its number and is to be paid.</summary>
    Issued,

    /// <summary>An attempt to take the money is under way.</summary>
    Paying,

    /// <summary>The money was not taken, did not come in time, or was taken back from us.</summary>
    PastDue,

    /// <summary>Paid, or there was nothing to pay.</summary>
    Paid,

    /// <summary>Given up.</summary>
    WrittenOff,
}

/// <summary>Who bills, or who is billed.</summary>
/// <param name="Name">The name.</param>
/// <param name="Address">The lines of the address; may be empty.</param>
/// <param name="Email">An address for mail; null where nobody said.</param>
/// <param name="TaxId">VAT id or tax number; null where nobody said.</param>
public sealed record InvoiceParty(string Name, ImmutableArray<string> Address, string? Email, string? TaxId);

/// <summary>
/// Type <c>billing.invoice.generated</c>, first event of <c>invoice-{tenant}_{invoice}</c>: a period is closed, and this is owed for it. All lines are in it;
/// nothing of it ever changes.
/// </summary>
/// <param name="Invoice">The invoice's id.</param>
/// <param name="Draft">What is owed, and how it comes about.</param>
/// <param name="Seller">Who bills.</param>
/// <param name="Buyer">Who is billed.</param>
/// <param name="Branding">The version of the tenant's branding that it is shown with; -1 for none.</param>
/// <param name="DueAt">When it is to be paid.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record InvoiceGenerated(string Invoice, InvoiceDraft Draft, InvoiceParty Seller, InvoiceParty Buyer, long Branding, DateTimeOffset DueAt, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>billing.invoice.numbered</c>: it has its number and with it is issued.</summary>
/// <param name="Invoice">The invoice's id.</param>
/// <param name="Number">The number.</param>
/// <param name="DueAt">When it is to be paid.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record InvoiceNumbered(string Invoice, string Number, DateTimeOffset DueAt, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>billing.invoice.payment-attempted</c>: durable before the payment is asked for.</summary>
/// <param name="Invoice">The invoice's id.</param>
/// <param name="Attempt">Which one, from 1.</param>
/// <param name="Payment">The payment's id.</param>
/// <param name="Amount">How much.</param>
/// <param name="Method">The processor's token of the payment method.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record InvoicePaymentAttempted(string Invoice, int Attempt, string Payment, Money Amount, string Method, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>billing.invoice.payment-unsettled</c>: nobody knows yet what became of an attempt; it is looked up later.</summary>
/// <param name="Invoice">The invoice's id.</param>
/// <param name="Attempt">Which one.</param>
/// <param name="Reason">Why.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record InvoicePaymentUnsettled(string Invoice, int Attempt, string Reason, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>billing.invoice.payment-failed</c>: nothing was taken; with each failure the dunning goes one step further.</summary>
/// <param name="Invoice">The invoice's id.</param>
/// <param name="Attempt">Which one.</param>
/// <param name="Payment">The payment's id.</param>
/// <param name="Code">The processor's code.</param>
/// <param name="Reason">In words.</param>
/// <param name="Dunning">The step of the dunning, from 1.</param>
/// <param name="NextAttempt">When it is tried again; null: not by itself.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record InvoicePaymentFailed(string Invoice, int Attempt, string Payment, string Code, string Reason, int Dunning, DateTimeOffset? NextAttempt, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>billing.invoice.past-due</c>: it was to be paid until now and was not.</summary>
/// <param name="Invoice">The invoice's id.</param>
/// <param name="DueAt">When it was to be paid.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record InvoicePastDue(string Invoice, DateTimeOffset DueAt, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>billing.invoice.paid</c>. Of an invoice that is paid already: a payment more came in, which is credit.</summary>
/// <param name="Invoice">The invoice's id.</param>
/// <param name="Amount">How much.</param>
/// <param name="Payment">The payment's id; null where it was paid in another way, or nothing was to pay.</param>
/// <param name="Reference">Of another way: which one, in words; null for a payment.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record InvoicePaid(string Invoice, Money Amount, string? Payment, string? Reference, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>billing.invoice.written-off</c>: the money is given up.</summary>
/// <param name="Invoice">The invoice's id.</param>
/// <param name="Reason">Why.</param>
/// <param name="Actor">Who decided it.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record InvoiceWrittenOff(string Invoice, string Reason, string Actor, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>billing.invoice.refund-requested</c>: durable before the money is given back.</summary>
/// <param name="Invoice">The invoice's id.</param>
/// <param name="Refund">The refund's id.</param>
/// <param name="Amount">How much.</param>
/// <param name="Reason">Why.</param>
/// <param name="Actor">Who decided it.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record InvoiceRefundRequested(string Invoice, string Refund, Money Amount, string Reason, string Actor, DateTimeOffset At) : DomainEvent
{
    /// <summary>The payment that the money comes from; null: the one that paid the invoice.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Payment { get; init; }
}

/// <summary>Type <c>billing.invoice.refunded</c>.</summary>
/// <param name="Invoice">The invoice's id.</param>
/// <param name="Refund">The refund's id.</param>
/// <param name="Amount">How much.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record InvoiceRefunded(string Invoice, string Refund, Money Amount, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>billing.invoice.refund-returned</c>: money that was given back came back, since it did not arrive or the bank decided so; it is as if it had not been given.</summary>
/// <param name="Invoice">The invoice's id.</param>
/// <param name="Refund">The refund's id.</param>
/// <param name="Amount">How much.</param>
/// <param name="Code">The processor's code.</param>
/// <param name="Reason">In words.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record InvoiceRefundReturned(string Invoice, string Refund, Money Amount, string Code, string Reason, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>billing.invoice.payment-reversed</c>: the processor has given back unasked of what paid the invoice; it is to be paid again, and not by itself.</summary>
/// <param name="Invoice">The invoice's id.</param>
/// <param name="Reason">In words.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record InvoicePaymentReversed(string Invoice, string Reason, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>billing.invoice.payment-restored</c>: what paid the invoice is there again, so that it is paid as before.</summary>
/// <param name="Invoice">The invoice's id.</param>
/// <param name="PaidAt">When it was paid.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record InvoicePaymentRestored(string Invoice, DateTimeOffset PaidAt, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>billing.invoice.refund-failed</c>: nothing was given back.</summary>
/// <param name="Invoice">The invoice's id.</param>
/// <param name="Refund">The refund's id.</param>
/// <param name="Code">The processor's code.</param>
/// <param name="Reason">In words.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record InvoiceRefundFailed(string Invoice, string Refund, string Code, string Reason, DateTimeOffset At) : DomainEvent;

/// <summary>
/// Type <c>billing.invoice-number.assigned</c> in <c>invoiceNumber-platform_{year}</c>: the next number belongs to this invoice. The event's version is the
/// number less 1, so that there is no gap.
/// </summary>
/// <param name="Number">From 1.</param>
/// <param name="Text">As it stands on the invoice.</param>
/// <param name="Tenant">Whose invoice.</param>
/// <param name="Invoice">The invoice's id.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record InvoiceNumberAssigned(long Number, string Text, string Tenant, string Invoice, DateTimeOffset At) : DomainEvent
{
    /// <summary>The stream of a year's numbers.</summary>
    public static StreamName Stream(int year) => StreamName.For("invoiceNumber", Tenants.Tenant.Platform, year.ToString(System.Globalization.CultureInfo.InvariantCulture));
}
