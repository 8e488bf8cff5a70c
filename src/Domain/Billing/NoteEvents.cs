using System.Collections.Immutable;
using System.Text.Json.Serialization;
using AIaaS.EventStore;

namespace AIaaS.Domain.Billing;

/// <summary>Why a line of a closed period came out otherwise.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<NoteReason>))]
public enum NoteReason
{
    /// <summary>Usage of the period came after it was closed.</summary>
    LateUsage,

    /// <summary>A version of a price was published that holds in the period.</summary>
    PriceCorrection,

    /// <summary>An exchange rate was published that holds at the period's end.</summary>
    ExchangeRate,

    /// <summary>A dispute was accepted.</summary>
    Dispute,

    /// <summary>A discount or a tax follows the lines that it is taken of.</summary>
    FollowsOtherLines,
}

/// <summary>What a note changes about one line of the period.</summary>
/// <param name="Line">The line's number on the invoice; of a dispute that of the disputed line; null for a line that was not on the invoice.</param>
/// <param name="Kind">What the line is for.</param>
/// <param name="Description">In words.</param>
/// <param name="From">The first moment that it is for.</param>
/// <param name="To">The first moment behind it.</param>
/// <param name="Before">What was billed for it until now: by the invoice and its notes.</param>
/// <param name="After">What is owed for it.</param>
/// <param name="Difference">What the note adds; below zero for what is given back.</param>
/// <param name="QuantityBefore">The quantity until now; null where it has none.</param>
/// <param name="QuantityAfter">The quantity now; null where it has none.</param>
/// <param name="QuantityDifference">The difference; null where there are no quantities.</param>
/// <param name="PriceVersionBefore">The version of the price until now; null where there was none.</param>
/// <param name="PriceVersionAfter">The version of the price now; null where there is none.</param>
/// <param name="Reasons">Why, in the order of <see cref="NoteReason"/>.</param>
/// <param name="Arithmetic">How the new amount comes about, in words; of a line that is gone how the old one did.</param>
public sealed record NoteLine(
    int? Line,
    InvoiceLineKind Kind,
    string Description,
    DateTimeOffset From,
    DateTimeOffset To,
    decimal Before,
    decimal After,
    decimal Difference,
    decimal? QuantityBefore,
    decimal? QuantityAfter,
    decimal? QuantityDifference,
    int? PriceVersionBefore,
    int? PriceVersionAfter,
    ImmutableArray<NoteReason> Reasons,
    string Arithmetic);

/// <summary>How a note stands.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<NoteState>))]
public enum NoteState
{
    /// <summary>Made, and without a number yet.</summary>
    Draft,

    /// <summary>It has its number. A credit note counts towards what is owed next; a debit note is to be paid.</summary>
    Issued,

    /// <summary>Of a credit note: the money is being given back.</summary>
    Refunding,

    /// <summary>Of a credit note: the money was given back.</summary>
    Refunded,

    /// <summary>Of a debit note: paid.</summary>
    Paid,
}

/// <summary>What a note says. Nothing of it ever changes.</summary>
/// <param name="Note">Its id.</param>
/// <param name="Invoice">The invoice that it corrects.</param>
/// <param name="InvoiceNumber">That invoice's number.</param>
/// <param name="Sequence">Which note of the invoice it is, from 1.</param>
/// <param name="Currency">ISO 4217.</param>
/// <param name="Lines">What changes, line by line. The differences add up to the amount.</param>
/// <param name="Amount">What it adds to what is owed: below zero for a credit note.</param>
/// <param name="TotalBefore">What was billed for the period until now.</param>
/// <param name="TotalAfter">What is owed for the period.</param>
/// <param name="ThroughBefore">The last version of the usage log that was billed until now.</param>
/// <param name="KnownBefore">The log position up to which prices and rates were known until now.</param>
/// <param name="Draft">The whole period as it is known now, with its usage version and position; it is checked as an invoice is.</param>
/// <param name="Seller">Who bills.</param>
/// <param name="Buyer">Who is billed.</param>
/// <param name="Branding">The version of the tenant's branding that it is shown with; -1 for none.</param>
/// <param name="Actor">Who asked for it.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record NoteContent(
    string Note,
    string Invoice,
    string InvoiceNumber,
    int Sequence,
    string Currency,
    ImmutableArray<NoteLine> Lines,
    decimal Amount,
    decimal TotalBefore,
    decimal TotalAfter,
    long ThroughBefore,
    ulong KnownBefore,
    InvoiceDraft Draft,
    InvoiceParty Seller,
    InvoiceParty Buyer,
    long Branding,
    string Actor,
    DateTimeOffset At);

/// <summary>Type <c>billing.credit-note.issued</c>, first event of <c>billingNote-{tenant}_{note}</c>: less is owed for a closed period than was billed.</summary>
/// <param name="Content">All that it says.</param>
public sealed record CreditNoteIssued(NoteContent Content) : DomainEvent;

/// <summary>Type <c>billing.debit-note.issued</c>, first event of <c>billingNote-{tenant}_{note}</c>: more is owed for a closed period than was billed.</summary>
/// <param name="Content">All that it says.</param>
public sealed record DebitNoteIssued(NoteContent Content) : DomainEvent;

/// <summary>Type <c>billing.note.numbered</c>: it has its number, and from now on it counts.</summary>
/// <param name="Number">The number.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record NoteNumbered(string Number, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>billing.note.refund-requested</c>: the invoice was paid by a payment, so that the money goes back; the refund stands with the invoice.</summary>
/// <param name="Refund">The refund's id.</param>
/// <param name="Amount">How much.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record NoteRefundRequested(string Refund, Money Amount, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>billing.note.refund-settled</c>.</summary>
/// <param name="Refund">The refund's id.</param>
/// <param name="Given">Whether the money was given back; where it was not, the note counts towards what is owed next.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record NoteRefundSettled(string Refund, bool Given, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>billing.note.paid</c>: a debit note was paid.</summary>
/// <param name="Amount">How much.</param>
/// <param name="Reference">How, in words.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record NotePaid(Money Amount, string Reference, DateTimeOffset At) : DomainEvent;

/// <summary>
/// Type <c>billing.note-number.assigned</c> in <c>creditNoteNumber-platform_{year}</c> and <c>debitNoteNumber-platform_{year}</c>: the next number belongs to this
/// note. The event's version is the number less 1, so that there is no gap.
/// </summary>
/// <param name="Number">From 1.</param>
/// <param name="Text">As it stands on the note.</param>
/// <param name="Tenant">Whose note.</param>
/// <param name="Note">The note's id.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record NoteNumberAssigned(long Number, string Text, string Tenant, string Note, DateTimeOffset At) : DomainEvent
{
    /// <summary>The stream of a year's numbers of credit notes or of debit notes.</summary>
    public static StreamName Stream(bool isCredit, int year) =>
        StreamName.For(isCredit ? "creditNoteNumber" : "debitNoteNumber", Tenants.Tenant.Platform, year.ToString(System.Globalization.CultureInfo.InvariantCulture));

    /// <summary>A number as it stands on the note: <c>CN-2026-000001</c>.</summary>
    public static string TextOf(bool isCredit, int year, long number) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{(isCredit ? "CN" : "DN")}-{year:0000}-{number:000000}");
}
