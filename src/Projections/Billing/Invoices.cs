using System.Text.Json.Serialization.Metadata;
using AIaaS.Domain;
using AIaaS.Domain.Billing;
using AIaaS.EventStore;

namespace AIaaS.Projections.Billing;

/// <summary>An invoice as it stands in lists.</summary>
public sealed record InvoiceDocument
{
    /// <summary>The invoice's id.</summary>
    public required string Invoice { get; init; }

    /// <summary>The tenant.</summary>
    public required string Tenant { get; init; }

    /// <summary>Its number; null until it has one.</summary>
    public string? Number { get; init; }

    /// <summary>How it stands.</summary>
    public InvoiceState State { get; init; }

    /// <summary>What is owed.</summary>
    public Money Total { get; init; }

    /// <summary>What is owed in thousandths of the currency, for comparisons.</summary>
    public long Thousandths { get; init; }

    /// <summary>What was given back.</summary>
    public decimal Refunded { get; init; }

    /// <summary>How many lines it has.</summary>
    public int Lines { get; init; }

    /// <summary>The period's first moment.</summary>
    public DateTimeOffset From { get; init; }

    /// <summary>The first moment behind it.</summary>
    public DateTimeOffset To { get; init; }

    /// <summary>When it was made.</summary>
    public DateTimeOffset MadeAt { get; init; }

    /// <summary>When it is to be paid.</summary>
    public DateTimeOffset DueAt { get; init; }

    /// <summary>When it was paid; null until then.</summary>
    public DateTimeOffset? PaidAt { get; init; }

    /// <summary>The step of the dunning; 0 for none.</summary>
    public int Dunning { get; init; }

    /// <summary>When something became of it last.</summary>
    public DateTimeOffset UpdatedAt { get; init; }

    /// <summary>What a search looks through, in lower case: number, who is billed, plans, and what the lines are for.</summary>
    public string Words { get; init; } = "";
}

/// <summary>One document an invoice.</summary>
public sealed class InvoicesProjection : Projection<InvoiceDocument>
{
    private const int MaxWords = 4_000;

    /// <inheritdoc />
    public override string Name => "Invoices";

    /// <inheritdoc />
    public override int Version => 2;

    /// <inheritdoc />
    public override IReadOnlyList<string> EventTypePrefixes { get; } = ["billing.invoice."];

    /// <inheritdoc />
    public override JsonTypeInfo<InvoiceDocument> Json => Documents.Default.InvoiceDocument;

    /// <inheritdoc />
    public override IReadOnlyDictionary<string, FieldKind> Fields { get; } = new Dictionary<string, FieldKind>
    {
        ["tenant"] = FieldKind.Text,
        ["number"] = FieldKind.Text,
        ["state"] = FieldKind.Text,
        ["thousandths"] = FieldKind.Number,
        ["from"] = FieldKind.Text,
        ["madeAt"] = FieldKind.Text,
        ["dueAt"] = FieldKind.Text,
    };

    /// <inheritdoc />
    public override IReadOnlyList<IReadOnlyList<string>> Indexes { get; } = [["tenant", "from"], ["tenant", "number"], ["tenant", "thousandths"], ["tenant", "dueAt"], ["tenant", "state", "from"]];

    /// <inheritdoc />
    public override IEnumerable<string> KeysOf(EventEnvelope envelope) => DocumentId.OfStream(envelope) is { } id ? [id] : [];

    /// <inheritdoc />
    public override InvoiceDocument? Apply(string id, InvoiceDocument? document, EventEnvelope envelope)
    {
        var invoice = document ?? new() { Invoice = new StreamName(envelope.Recorded.Stream).Id, Tenant = envelope.Tenant };
        return envelope.Event switch
        {
            InvoiceGenerated e => invoice with
            {
                Total = new(e.Draft.Total, e.Draft.Basis.Currency),
                Thousandths = (long)Math.Clamp(e.Draft.Total * 1_000m, 0m, long.MaxValue / 2),
                Lines = e.Draft.Lines.Length,
                From = e.Draft.Basis.Period.From,
                To = e.Draft.Basis.Period.To,
                MadeAt = e.At,
                DueAt = e.DueAt,
                UpdatedAt = e.At,
                Words = WordsOf(e),
            },
            InvoiceNumbered e => invoice with { Number = e.Number, State = InvoiceState.Issued, UpdatedAt = e.At, Words = $"{e.Number.ToLowerInvariant()}\n{invoice.Words}" },
            InvoicePaymentAttempted e => invoice with { State = InvoiceState.Paying, UpdatedAt = e.At },
            InvoicePaymentFailed e => invoice with { State = InvoiceState.PastDue, Dunning = e.Dunning, UpdatedAt = e.At },
            InvoicePastDue e => invoice with { State = InvoiceState.PastDue, UpdatedAt = e.At },
            InvoicePaid e => invoice with { State = InvoiceState.Paid, PaidAt = invoice.State is InvoiceState.Paid ? invoice.PaidAt : e.At, Dunning = 0, UpdatedAt = e.At },
            InvoiceWrittenOff e => invoice with { State = InvoiceState.WrittenOff, UpdatedAt = e.At },
            InvoiceRefunded e => invoice with { Refunded = invoice.Refunded + e.Amount.Amount, UpdatedAt = e.At },
            InvoiceRefundReturned e => invoice with { Refunded = invoice.Refunded - e.Amount.Amount, UpdatedAt = e.At },
            InvoicePaymentReversed e => invoice with { State = InvoiceState.PastDue, PaidAt = null, UpdatedAt = e.At },
            InvoicePaymentRestored e => invoice with { State = InvoiceState.Paid, PaidAt = e.PaidAt, Dunning = 0, UpdatedAt = e.At },
            _ => invoice,
        };
    }

    private static string WordsOf(InvoiceGenerated made)
    {
        var words = string.Join('\n', made.Draft.Basis.Segments.Select(s => s.Name).Prepend(made.Buyer.Name).Concat(made.Draft.Lines.Where(l => !l.IsEmpty).Select(l => l.Description)).Distinct(StringComparer.Ordinal)).ToLowerInvariant();
        return words.Length <= MaxWords ? words : words[..MaxWords];
    }
}
