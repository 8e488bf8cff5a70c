using AIaaS.EventStore;

namespace AIaaS.Domain.Billing;

/// <summary>Records a note.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Content">All that it says.</param>
public sealed record IssueNote(string Tenant, NoteContent Content);

/// <summary>Gives a note its number.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Note">The note's id.</param>
/// <param name="Number">The number.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record NumberNote(string Tenant, string Note, string Number, DateTimeOffset At);

/// <summary>Records that the money of a credit note goes back.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Note">The note's id.</param>
/// <param name="Refund">The refund's id.</param>
/// <param name="Amount">How much.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record RequestNoteRefund(string Tenant, string Note, string Refund, Money Amount, DateTimeOffset At);

/// <summary>Records what became of a refund.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Note">The note's id.</param>
/// <param name="Refund">The refund's id.</param>
/// <param name="Given">Whether the money was given back.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record SettleNoteRefund(string Tenant, string Note, string Refund, bool Given, DateTimeOffset At);

/// <summary>Records that a debit note was paid, for example by a bank transfer.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Note">The note's id.</param>
/// <param name="Reference">How, in words.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record PayNote(string Tenant, string Note, string Reference, DateTimeOffset At);

/// <summary>A credit or debit note: what it says never changes; what changes is how it stands.</summary>
public sealed record BillingNote : IState<BillingNote>
{
    /// <summary>The note before it is made.</summary>
    public static BillingNote Initial { get; } = new();

    /// <summary>What it says; null before.</summary>
    public NoteContent? Content { get; init; }

    /// <summary>Whether it is a credit note.</summary>
    public bool IsCredit { get; init; }

    /// <summary>Its number; null until it has one.</summary>
    public string? Number { get; init; }

    /// <summary>When it got its number.</summary>
    public DateTimeOffset? IssuedAt { get; init; }

    /// <summary>How it stands.</summary>
    public NoteState State { get; init; }

    /// <summary>The refund of its money; null for none.</summary>
    public NoteRefundRequested? Refund { get; init; }

    /// <summary>How it was paid; null until it is.</summary>
    public NotePaid? Paid { get; init; }

    /// <summary>The stream of a note.</summary>
    public static StreamName Stream(string tenant, string note) => StreamName.For("billingNote", tenant, note);

    /// <summary>The id of an invoice's notes: the first, the second… Two that re-rate at once meet in one stream, and only one of them comes through.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="invoice">The invoice's id.</param>
    /// <param name="sequence">Which one, from 1.</param>
    public static string IdOf(string tenant, string invoice, int sequence) =>
        NamedId.Of("billing-note", tenant, invoice, sequence.ToString(System.Globalization.CultureInfo.InvariantCulture)).ToString("N");

    /// <inheritdoc />
    public BillingNote Evolve(object @event) => @event switch
    {
        CreditNoteIssued e => this with { Content = e.Content, IsCredit = true },
        DebitNoteIssued e => this with { Content = e.Content },
        NoteNumbered e => this with { Number = e.Number, IssuedAt = e.At, State = NoteState.Issued },
        NoteRefundRequested e => this with { Refund = e, State = NoteState.Refunding },
        NoteRefundSettled e => this with { State = e.Given ? NoteState.Refunded : NoteState.Issued },
        NotePaid e => this with { Paid = e, State = NoteState.Paid },
        _ => this,
    };

    /// <summary>Records the note, once: whoever comes second with another content must calculate anew.</summary>
    public Decision Issue(IssueNote command)
    {
        ArgumentNullException.ThrowIfNull(command);
        return Content is not null ? Decision.Unchanged
            : command.Content.Lines.IsDefaultOrEmpty ? NoteErrors.NoDifference(command.Content.InvoiceNumber)
            : command.Content.Amount <= 0m ? new CreditNoteIssued(command.Content)
            : new DebitNoteIssued(command.Content);
    }

    /// <summary>Gives it its number, once.</summary>
    public Decision GiveNumber(NumberNote command)
    {
        ArgumentNullException.ThrowIfNull(command);
        return Content is null ? NoteErrors.NotFound(command.Note) : Number is not null ? Decision.Unchanged : new NoteNumbered(command.Number, command.At);
    }

    /// <summary>Records once that its money goes back.</summary>
    public Decision RequestRefund(RequestNoteRefund command)
    {
        ArgumentNullException.ThrowIfNull(command);
        return Content is null ? NoteErrors.NotFound(command.Note)
            : Refund is not null || !IsCredit || Number is null ? Decision.Unchanged
            : new NoteRefundRequested(command.Refund, command.Amount, command.At);
    }

    /// <summary>Records what became of the refund, as far as it is news: money that comes back counts towards what is owed next.</summary>
    public Decision SettleRefund(SettleNoteRefund command)
    {
        ArgumentNullException.ThrowIfNull(command);
        return Refund?.Refund == command.Refund && State != (command.Given ? NoteState.Refunded : NoteState.Issued) ? new NoteRefundSettled(command.Refund, command.Given, command.At) : Decision.Unchanged;
    }

    /// <summary>Records that it was paid.</summary>
    public Decision Pay(PayNote command)
    {
        ArgumentNullException.ThrowIfNull(command);
        return Content is null || Number is null ? NoteErrors.NotFound(command.Note)
            : IsCredit ? NoteErrors.IsCredit(Number)
            : Paid is { } paid ? (paid.Reference == command.Reference ? Decision.Unchanged : NoteErrors.IsPaid(Number))
            : string.IsNullOrWhiteSpace(command.Reference) ? NoteErrors.Invalid(["a reference says how it was paid"])
            : TextRules.Fault("reference", command.Reference, 200) is { } fault ? NoteErrors.Invalid([fault])
            : new NotePaid(new(Content.Amount, Content.Currency), command.Reference, command.At);
    }
}

/// <summary>What notes and re-ratings refuse.</summary>
public static class NoteErrors
{
    /// <summary>There is no such note.</summary>
    public static DomainError NotFound(string note) => new("billing-note-not-found", $"There is no credit or debit note '{Shown(note)}'.", "List the notes to see their ids.", 404);

    /// <summary>Nothing differs.</summary>
    public static DomainError NoDifference(string invoice) => new("no-difference", $"Invoice {Shown(invoice)} and its notes say what is owed; there is no difference.", "There is nothing to do.", 409);

    /// <summary>The invoice is not issued yet.</summary>
    public static DomainError NotIssued(string invoice) => new("invoice-not-issued", $"The invoice '{Shown(invoice)}' has no number yet, so that its period cannot be re-rated.", "Wait until the period is closed and the invoice issued; until then the preview shows what is owed.", 409);

    /// <summary>The period is open.</summary>
    public static DomainError PeriodOpen(DateTimeOffset from, DateTimeOffset to) => new("billing-period-open", $"The billing period from {Pricing.Words.Of(from)} to {Pricing.Words.Of(to)} has no invoice yet, so that it cannot be re-rated.", "Look at the preview; close the period first.", 409);

    /// <summary>A credit note cannot be paid.</summary>
    public static DomainError IsCredit(string number) => new("credit-note-not-payable", $"{number} is a credit note; nothing is to be paid for it.", "It counts towards what is owed next, or is refunded.", 409);

    /// <summary>It is paid.</summary>
    public static DomainError IsPaid(string number) => new("billing-note-paid", $"The debit note {number} is paid.", "There is nothing to do.", 409);

    /// <summary>Something is wrong with what was asked for; all faults at once.</summary>
    public static DomainError Invalid(IReadOnlyList<string> faults) => new("billing-note-request-invalid", $"This cannot be done: {string.Join("; ", faults)}.", "Correct what is named and send it again.");

    /// <summary>It changes too much for one event.</summary>
    public static DomainError TooLarge(int lines, int bytes, int most) => new("billing-note-too-large", $"The note has {lines} lines and {bytes} bytes; at most {most} bytes are possible.", "Put fewer prices into the plan, or bill shorter periods.");

    /// <summary>Others re-rated the invoice at the same time, again and again.</summary>
    public static DomainError Busy(string invoice) => new("re-rating-busy", $"Others re-rated the invoice {Shown(invoice)} at the same time.", "Try again.", 409);

    internal static string Shown(string? text) => text is null ? "" : text.Length <= 60 ? text : text[..60] + "…";
}
