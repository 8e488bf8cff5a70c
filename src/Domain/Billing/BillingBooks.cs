using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace AIaaS.Domain.Billing;

/// <summary>What an entry of the books is.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<BooksEntryKind>))]
public enum BooksEntryKind
{
    /// <summary>An invoice was issued.</summary>
    Invoice,

    /// <summary>A credit note was issued.</summary>
    CreditNote,

    /// <summary>A debit note was issued.</summary>
    DebitNote,

    /// <summary>Money came in.</summary>
    Payment,

    /// <summary>Money was given back.</summary>
    Refund,

    /// <summary>A claim was given up.</summary>
    WriteOff,
}

/// <summary>An entry of a tenant's books. It has two times: since when it is so, and since when it is known.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Document">The id of the invoice or note.</param>
/// <param name="Number">Its number.</param>
/// <param name="Invoice">The id of the invoice that it belongs to.</param>
/// <param name="Currency">ISO 4217.</param>
/// <param name="Amount">What it adds to what the tenant owes; below zero for what it takes off.</param>
/// <param name="Effective">Since when it is so: of invoices and notes the end of the billing period that they are for; of the others when it happened.</param>
/// <param name="Recorded">Since when it is known: when the log recorded it.</param>
/// <param name="Position">Its place in the log.</param>
/// <param name="Text">In words.</param>
public sealed record BooksEntry(BooksEntryKind Kind, string Document, string Number, string Invoice, string Currency, decimal Amount, DateTimeOffset Effective, DateTimeOffset Recorded, ulong Position, string Text);

/// <summary>What became of one invoice or one note, as far as it is entered into the books.</summary>
public sealed record BooksAccount
{
    /// <summary>Before it is made.</summary>
    public static BooksAccount Initial { get; } = new();

    /// <summary>The id of the invoice or note.</summary>
    public string Document { get; init; } = "";

    /// <summary>The id of the invoice that it belongs to.</summary>
    public string Invoice { get; init; } = "";

    /// <summary>Its number; empty until it has one.</summary>
    public string Number { get; init; } = "";

    /// <summary>What it is.</summary>
    public BooksEntryKind Kind { get; init; }

    /// <summary>ISO 4217; empty until it is made.</summary>
    public string Currency { get; init; } = "";

    /// <summary>What it adds to what the tenant owes.</summary>
    public decimal Total { get; init; }

    /// <summary>The end of the billing period that it is for.</summary>
    public DateTimeOffset Effective { get; init; }

    /// <summary>Of an invoice: whether nothing more is expected to be paid for it, since it was paid or given up.</summary>
    public bool IsSettled { get; init; }

    /// <summary>Of an invoice: what the attempt that is under way is to take; null for none. It is not entered until it is there.</summary>
    public decimal? UnderWay { get; init; }

    /// <summary>Of a credit note: how much of it was to be given back in money.</summary>
    public decimal Refunding { get; init; }

    /// <summary>Of a credit note: what of it was given back in money or is about to be, so that it is no credit.</summary>
    public decimal GivenBack { get; init; }

    /// <summary>What is entered, in the order of the log.</summary>
    public ImmutableArray<BooksEntry> Entries { get; init; } = [];

    /// <summary>The account after an event of the invoice's or note's stream.</summary>
    /// <param name="event">The event.</param>
    /// <param name="recorded">When the log recorded it.</param>
    /// <param name="position">Its place in the log.</param>
    public BooksAccount Apply(object @event, DateTimeOffset recorded, ulong position)
    {
        return @event switch
        {
            InvoiceGenerated e => this with { Document = e.Invoice, Invoice = e.Invoice, Kind = BooksEntryKind.Invoice, Currency = e.Draft.Basis.Currency, Total = e.Draft.Total, Effective = e.Draft.Basis.Period.To },
            InvoiceNumbered e => Issued(e.Number, "invoice"),
            InvoicePaymentAttempted e => this with { UnderWay = e.Amount.Amount },
            InvoicePaymentFailed => this with { UnderWay = null },
            InvoicePaid e => (this with { IsSettled = true, UnderWay = null }).Entered(BooksEntryKind.Payment, -e.Amount.Amount, e.At, e.Payment is { } payment ? $"payment {payment}" : e.Reference ?? "paid", recorded, position),
            InvoiceRefunded e => Entered(BooksEntryKind.Refund, e.Amount.Amount, e.At, $"refund {e.Refund}"),
            InvoiceRefundReturned e => Entered(BooksEntryKind.Refund, -e.Amount.Amount, e.At, $"refund {e.Refund} came back: {e.Reason}"),
            InvoicePaymentReversed => this with { IsSettled = false },
            InvoicePaymentRestored => this with { IsSettled = true, UnderWay = null },
            // What is left of the claim is known where all documents of the invoice are.
            InvoiceWrittenOff e => (this with { IsSettled = true }).Entered(BooksEntryKind.WriteOff, 0m, e.At, $"written off: {e.Reason}", recorded, position),
            CreditNoteIssued e => Made(e.Content, BooksEntryKind.CreditNote),
            DebitNoteIssued e => Made(e.Content, BooksEntryKind.DebitNote),
            NoteNumbered e => Issued(e.Number, Kind == BooksEntryKind.CreditNote ? "credit note" : "debit note"),
            NoteRefundRequested e => this with { GivenBack = e.Amount.Amount, Refunding = e.Amount.Amount },
            NoteRefundSettled e => this with { GivenBack = e.Given ? Refunding : 0m },
            NotePaid e => Entered(BooksEntryKind.Payment, -e.Amount.Amount, e.At, e.Reference),
            _ => this,
        };

        BooksAccount Made(NoteContent note, BooksEntryKind kind) =>
            this with { Document = note.Note, Invoice = note.Invoice, Kind = kind, Currency = note.Currency, Total = note.Amount, Effective = note.Draft.Basis.Period.To };

        BooksAccount Issued(string number, string text) => (this with { Number = number }).Entered(Kind, Total, Effective, text, recorded, position);

        BooksAccount Entered(BooksEntryKind kind, decimal amount, DateTimeOffset effective, string text) => this.Entered(kind, amount, effective, text, recorded, position);
    }

    private BooksAccount Entered(BooksEntryKind kind, decimal amount, DateTimeOffset effective, string text, DateTimeOffset recorded, ulong position) =>
        this with { Entries = Entries.Add(new(kind, Document, Number, Invoice, Currency, Pricing.Words.Normal(amount), effective, recorded, position, text)) };
}

/// <summary>What is to be taken for an invoice where the tenant has credit.</summary>
public static class Credit
{
    /// <summary>
    /// The part of an invoice that need not be paid: what its own credit notes took off and did not give back in money, and what is left over of invoices that are settled. What others still owe
    /// stays with them; what the attempts that are under way for them take less than is owed, they have used up.
    /// </summary>
    /// <param name="accounts">All invoices and notes of the tenant.</param>
    /// <param name="invoice">The invoice's id.</param>
    /// <param name="total">What is invoiced.</param>
    public static decimal For(IEnumerable<BooksAccount> accounts, string invoice, Money total)
    {
        ArgumentNullException.ThrowIfNull(accounts);
        var groups = accounts.Where(a => a.Currency == total.Currency).GroupBy(a => a.Invoice, StringComparer.Ordinal).ToList();
        var settled = groups.Where(g => g.Key != invoice && g.Any(a => a.IsSettled))
            .Sum(g => Books.Known(g.SelectMany(a => a.Entries)).Balances.Sum(b => b.Amount));
        var used = groups.Where(g => g.Key != invoice && !g.Any(a => a.IsSettled) && g.Any(a => a.UnderWay is not null))
            .Sum(g => Math.Max(0m, g.SelectMany(a => a.Entries).Sum(e => e.Amount) - g.Sum(a => a.UnderWay ?? 0m)));
        var own = groups.Where(g => g.Key == invoice).SelectMany(g => g).Where(a => a.Kind == BooksEntryKind.CreditNote).Sum(a => a.Entries.Sum(e => e.Amount) + a.GivenBack);
        return Math.Clamp(Math.Max(0m, -settled - used) - own, 0m, total.Amount);
    }
}

/// <summary>What a tenant owes in one currency, and how it comes about.</summary>
/// <param name="Currency">ISO 4217.</param>
/// <param name="Invoiced">The invoices.</param>
/// <param name="Debited">The debit notes.</param>
/// <param name="Credited">The credit notes, from 0 up.</param>
/// <param name="Paid">What came in, from 0 up.</param>
/// <param name="Refunded">What was given back, from 0 up.</param>
/// <param name="WrittenOff">What was given up, from 0 up.</param>
/// <param name="Amount">What is owed; below zero where the tenant has credit.</param>
public sealed record Balance(string Currency, decimal Invoiced, decimal Debited, decimal Credited, decimal Paid, decimal Refunded, decimal WrittenOff, decimal Amount);

/// <summary>An entry with what is owed behind it.</summary>
/// <param name="Entry">The entry.</param>
/// <param name="Balance">What is owed in its currency, with this entry.</param>
public sealed record BooksLine(BooksEntry Entry, decimal Balance);

/// <summary>A tenant's books as they were known at some point: nothing that was recorded later is in them.</summary>
/// <param name="Balances">What is owed, by currency.</param>
/// <param name="Lines">The entries, in the order of the log.</param>
public sealed record Books(ImmutableArray<Balance> Balances, ImmutableArray<BooksLine> Lines)
{
    /// <summary>The books of what was recorded before a moment, or up to a position of the log.</summary>
    /// <param name="entries">All entries.</param>
    /// <param name="before">Entries recorded then or later are not known; null for no such bound.</param>
    /// <param name="through">Entries behind this position are not known; null for no such bound.</param>
    /// <param name="effectiveBefore">Of the known ones only those that are so since before this moment; null for all.</param>
    public static Books Known(IEnumerable<BooksEntry> entries, DateTimeOffset? before = null, ulong? through = null, DateTimeOffset? effectiveBefore = null)
    {
        var lines = ImmutableArray.CreateBuilder<BooksLine>();
        SortedDictionary<string, Balance> balances = new(StringComparer.Ordinal);
        Dictionary<string, decimal> open = new(StringComparer.Ordinal);
        Dictionary<string, (decimal Amount, DateTimeOffset Effective)> writtenOff = new(StringComparer.Ordinal);
        foreach (var known in entries.Where(e => !(e.Recorded >= before) && !(e.Position > through)).OrderBy(e => e.Position))
        {
            // What is given up is what was left of the invoice and its notes.
            var left = open.GetValueOrDefault(known.Invoice);
            var entry = known.Kind == BooksEntryKind.WriteOff ? known with { Amount = -Math.Max(0m, left) } : known;
            open[known.Invoice] = left + entry.Amount;
            Enter(entry);
            var givenUp = writtenOff.GetValueOrDefault(entry.Invoice);
            if (entry.Kind == BooksEntryKind.WriteOff)
            {
                writtenOff[entry.Invoice] = givenUp = (givenUp.Amount - entry.Amount, entry.Effective);
            }

            if (Math.Min(givenUp.Amount, -open[entry.Invoice]) is > 0m and var back)
            {
                // What comes in for a claim that was given up is no credit: the claim is there again, by that much.
                writtenOff[entry.Invoice] = givenUp with { Amount = givenUp.Amount - back };
                open[entry.Invoice] += back;
                var effective = entry.Effective > givenUp.Effective ? entry.Effective : givenUp.Effective;
                Enter(entry with { Kind = BooksEntryKind.WriteOff, Amount = back, Effective = effective, Text = "came in after it was written off" });
            }
        }

        return new([.. balances.Values], lines.ToImmutable());

        void Enter(BooksEntry entry)
        {
            if (entry.Effective >= effectiveBefore)
            {
                return;
            }

            var balance = Added(balances.GetValueOrDefault(entry.Currency) ?? new(entry.Currency, 0m, 0m, 0m, 0m, 0m, 0m, 0m), entry);
            balances[entry.Currency] = balance;
            lines.Add(new(entry, balance.Amount));
        }
    }

    private static Balance Added(Balance balance, BooksEntry entry)
    {
        var with = balance with { Amount = Pricing.Words.Normal(balance.Amount + entry.Amount) };
        return entry.Kind switch
        {
            BooksEntryKind.Invoice => with with { Invoiced = Pricing.Words.Normal(with.Invoiced + entry.Amount) },
            BooksEntryKind.DebitNote => with with { Debited = Pricing.Words.Normal(with.Debited + entry.Amount) },
            BooksEntryKind.CreditNote => with with { Credited = Pricing.Words.Normal(with.Credited - entry.Amount) },
            BooksEntryKind.Payment => with with { Paid = Pricing.Words.Normal(with.Paid - entry.Amount) },
            BooksEntryKind.Refund => with with { Refunded = Pricing.Words.Normal(with.Refunded + entry.Amount) },
            BooksEntryKind.WriteOff => with with { WrittenOff = Pricing.Words.Normal(with.WrittenOff - entry.Amount) },
            _ => throw new InvalidOperationException($"The kind {entry.Kind} of an entry is not known."),
        };
    }
}
