using System.Collections.Immutable;
using System.Text.Json.Serialization.Metadata;
using AIaaS.Domain;
using AIaaS.Domain.Billing;
using AIaaS.EventStore;

namespace AIaaS.Projections.Billing;

/// <summary>A credit or debit note as it stands in lists.</summary>
public sealed record BillingNoteDocument
{
    /// <summary>The note's id.</summary>
    public required string Note { get; init; }

    /// <summary>The tenant.</summary>
    public required string Tenant { get; init; }

    /// <summary>Whether it is a credit note.</summary>
    public bool IsCredit { get; init; }

    /// <summary>Its number; null until it has one.</summary>
    public string? Number { get; init; }

    /// <summary>How it stands.</summary>
    public NoteState State { get; init; }

    /// <summary>The id of the invoice that it corrects.</summary>
    public string Invoice { get; init; } = "";

    /// <summary>That invoice's number.</summary>
    public string InvoiceNumber { get; init; } = "";

    /// <summary>What it adds to what is owed: below zero for a credit note.</summary>
    public Money Amount { get; init; }

    /// <summary>How many lines it has.</summary>
    public int Lines { get; init; }

    /// <summary>Why, all lines together.</summary>
    public ImmutableArray<NoteReason> Reasons { get; init; } = [];

    /// <summary>The period's first moment.</summary>
    public DateTimeOffset From { get; init; }

    /// <summary>The first moment behind it.</summary>
    public DateTimeOffset To { get; init; }

    /// <summary>When it was made.</summary>
    public DateTimeOffset MadeAt { get; init; }
}

/// <summary>A dispute as it stands in lists.</summary>
public sealed record DisputeDocument
{
    /// <summary>The dispute's id.</summary>
    public required string Dispute { get; init; }

    /// <summary>The tenant.</summary>
    public required string Tenant { get; init; }

    /// <summary>The id of the invoice.</summary>
    public string Invoice { get; init; } = "";

    /// <summary>The number of the line.</summary>
    public int Line { get; init; }

    /// <summary>How it stands.</summary>
    public DisputeState State { get; init; }

    /// <summary>Why the tenant holds the line wrong.</summary>
    public string Reason { get; init; } = "";

    /// <summary>Why it was decided so; null until then.</summary>
    public string? Answer { get; init; }

    /// <summary>When it was opened.</summary>
    public DateTimeOffset OpenedAt { get; init; }

    /// <summary>When it was decided or withdrawn; null until then.</summary>
    public DateTimeOffset? ClosedAt { get; init; }
}

/// <summary>An invoice or a note, as far as it is entered into the books.</summary>
public sealed record BillingAccountDocument
{
    /// <summary>The tenant.</summary>
    public required string Tenant { get; init; }

    /// <summary>What is entered.</summary>
    public BooksAccount Account { get; init; } = BooksAccount.Initial;

    /// <summary>The end of the billing period that it is for.</summary>
    public DateTimeOffset Effective { get; init; }
}

/// <summary>One document a note.</summary>
public sealed class BillingNotesProjection : Projection<BillingNoteDocument>
{
    /// <inheritdoc />
    public override string Name => "BillingNotes";

    /// <inheritdoc />
    public override int Version => 1;

    /// <inheritdoc />
    public override IReadOnlyList<string> EventTypePrefixes { get; } = ["billing.credit-note.", "billing.debit-note.", "billing.note."];

    /// <inheritdoc />
    public override JsonTypeInfo<BillingNoteDocument> Json => Documents.Default.BillingNoteDocument;

    /// <inheritdoc />
    public override IReadOnlyDictionary<string, FieldKind> Fields { get; } = new Dictionary<string, FieldKind>
    {
        ["tenant"] = FieldKind.Text,
        ["number"] = FieldKind.Text,
        ["invoice"] = FieldKind.Text,
        ["state"] = FieldKind.Text,
        ["isCredit"] = FieldKind.Boolean,
        ["madeAt"] = FieldKind.Text,
    };

    /// <inheritdoc />
    public override IReadOnlyList<IReadOnlyList<string>> Indexes { get; } = [["tenant", "madeAt"], ["tenant", "number"], ["tenant", "invoice", "madeAt"], ["tenant", "state", "madeAt"]];

    /// <inheritdoc />
    public override IEnumerable<string> KeysOf(EventEnvelope envelope) => DocumentId.OfStream(envelope) is { } id ? [id] : [];

    /// <inheritdoc />
    public override BillingNoteDocument? Apply(string id, BillingNoteDocument? document, EventEnvelope envelope)
    {
        var note = document ?? new() { Note = new StreamName(envelope.Recorded.Stream).Id, Tenant = envelope.Tenant };
        return envelope.Event switch
        {
            CreditNoteIssued e => Made(note, e.Content) with { IsCredit = true },
            DebitNoteIssued e => Made(note, e.Content),
            NoteNumbered e => note with { Number = e.Number, State = NoteState.Issued },
            NoteRefundRequested => note with { State = NoteState.Refunding },
            NoteRefundSettled e => note with { State = e.Given ? NoteState.Refunded : NoteState.Issued },
            NotePaid => note with { State = NoteState.Paid },
            _ => note,
        };
    }

    private static BillingNoteDocument Made(BillingNoteDocument note, NoteContent content) => note with
    {
        Invoice = content.Invoice,
        InvoiceNumber = content.InvoiceNumber,
        Amount = new(content.Amount, content.Currency),
        Lines = content.Lines.Length,
        Reasons = [.. content.Lines.SelectMany(l => l.Reasons).Distinct().Order()],
        From = content.Draft.Basis.Period.From,
        To = content.Draft.Basis.Period.To,
        MadeAt = content.At,
    };
}

/// <summary>One document a dispute.</summary>
public sealed class DisputesProjection : Projection<DisputeDocument>
{
    /// <inheritdoc />
    public override string Name => "BillingDisputes";

    /// <inheritdoc />
    public override int Version => 1;

    /// <inheritdoc />
    public override IReadOnlyList<string> EventTypePrefixes { get; } = ["billing.dispute."];

    /// <inheritdoc />
    public override JsonTypeInfo<DisputeDocument> Json => Documents.Default.DisputeDocument;

    /// <inheritdoc />
    public override IReadOnlyDictionary<string, FieldKind> Fields { get; } = new Dictionary<string, FieldKind>
    {
        ["tenant"] = FieldKind.Text,
        ["invoice"] = FieldKind.Text,
        ["state"] = FieldKind.Text,
        ["openedAt"] = FieldKind.Text,
    };

    /// <inheritdoc />
    public override IReadOnlyList<IReadOnlyList<string>> Indexes { get; } = [["tenant", "openedAt"], ["tenant", "state", "openedAt"], ["tenant", "invoice", "openedAt"], ["state", "openedAt"]];

    /// <inheritdoc />
    public override IEnumerable<string> KeysOf(EventEnvelope envelope)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        return DisputeOf(envelope.Event) is { } dispute && envelope.Tenant.Length > 0 ? [DocumentId.Of(envelope.Tenant, dispute)] : [];
    }

    /// <inheritdoc />
    public override DisputeDocument? Apply(string id, DisputeDocument? document, EventEnvelope envelope)
    {
        if (DisputeOf(envelope.Event) is not { } key)
        {
            return document;
        }

        var dispute = document ?? new() { Dispute = key, Tenant = envelope.Tenant };
        return envelope.Event switch
        {
            DisputeOpened e => dispute with { Invoice = new StreamName(envelope.Recorded.Stream).Id, Line = e.Line, Reason = e.Reason, OpenedAt = e.At },
            DisputeAccepted e => dispute with { State = DisputeState.Accepted, Answer = e.Adjustment.Reason, ClosedAt = e.At },
            DisputeRejected e => dispute with { State = DisputeState.Rejected, Answer = e.Reason, ClosedAt = e.At },
            DisputeWithdrawn e => dispute with { State = DisputeState.Withdrawn, ClosedAt = e.At },
            _ => dispute,
        };
    }

    private static string? DisputeOf(object @event) => @event switch
    {
        DisputeOpened e => e.Dispute,
        DisputeAccepted e => e.Dispute,
        DisputeRejected e => e.Dispute,
        DisputeWithdrawn e => e.Dispute,
        _ => null,
    };
}

/// <summary>One document an invoice or note: what the books are made of.</summary>
public sealed class BillingAccountsProjection : Projection<BillingAccountDocument>
{
    /// <inheritdoc />
    public override string Name => "BillingAccounts";

    /// <inheritdoc />
    public override int Version => 2;

    /// <inheritdoc />
    public override IReadOnlyList<string> EventTypePrefixes { get; } = ["billing.invoice.", "billing.credit-note.", "billing.debit-note.", "billing.note."];

    /// <inheritdoc />
    public override JsonTypeInfo<BillingAccountDocument> Json => Documents.Default.BillingAccountDocument;

    /// <inheritdoc />
    public override IReadOnlyDictionary<string, FieldKind> Fields { get; } = new Dictionary<string, FieldKind>
    {
        ["tenant"] = FieldKind.Text,
        ["effective"] = FieldKind.Text,
    };

    /// <inheritdoc />
    public override IReadOnlyList<IReadOnlyList<string>> Indexes { get; } = [["tenant", "effective"]];

    /// <inheritdoc />
    public override IEnumerable<string> KeysOf(EventEnvelope envelope) => DocumentId.OfStream(envelope) is { } id ? [id] : [];

    /// <inheritdoc />
    public override BillingAccountDocument? Apply(string id, BillingAccountDocument? document, EventEnvelope envelope)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        var account = (document?.Account ?? BooksAccount.Initial).Apply(envelope.Event, envelope.Recorded.Recorded, envelope.Recorded.Position.Value);
        return new() { Tenant = envelope.Tenant, Account = account, Effective = account.Effective };
    }
}
