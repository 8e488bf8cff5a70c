using System.Text.Json.Serialization;
using AIaaS.Domain.Audit;
using AIaaS.Domain.Metering;
using AIaaS.Domain.Pricing;
using AIaaS.EventStore;

namespace AIaaS.Domain.Billing;

/// <summary>The event types of credit notes, debit notes and disputes.</summary>
internal static class CorrectionEventTypes
{
    private static readonly DateTimeOffset At = new(2026, 2, 3, 9, 30, 0, TimeSpan.Zero);

    private static readonly DateTimeOffset From = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly DateTimeOffset To = new(2026, 2, 1, 0, 0, 0, TimeSpan.Zero);

    public static EventTypes.Builder AddCorrections(this EventTypes.Builder types)
    {
        var json = CorrectionJson.Default;
        return types
            .Add("billing.credit-note.issued", json.CreditNoteIssued, "billingNote", new CreditNoteIssued(Example(0.00001m)))
            .Add("billing.debit-note.issued", json.DebitNoteIssued, "billingNote", new DebitNoteIssued(Example(0.00003m)))
            .Add("billing.note.numbered", json.NoteNumbered, "billingNote", new NoteNumbered("CN-2026-000007", At))
            .Add("billing.note.refund-requested", json.NoteRefundRequested, "billingNote", new NoteRefundRequested("f1", Money.Usd(0.60m), At))
            .Add("billing.note.refund-settled", json.NoteRefundSettled, "billingNote", new NoteRefundSettled("f1", true, At))
            .Add("billing.note.paid", json.NotePaid, "billingNote", new NotePaid(Money.Usd(0.60m), "bank transfer of 2026-02-04", At))
            .Add("billing.note-number.assigned", json.NoteNumberAssigned, "creditNoteNumber", new NoteNumberAssigned(7, "CN-2026-000007", "acme", "n1", At))
            .Add("billing.dispute.opened", json.DisputeOpened, "billingDisputes", new DisputeOpened("d1", 2, "The tokens of our test on January 5 were agreed to be free.", "key:k7", At))
            .Add("billing.dispute.accepted", json.DisputeAccepted, "billingDisputes", new DisputeAccepted("d1", new("d1", "team", 1, "output-tokens", From, To, 25_000m, null, "test on January 5"), "platform", At))
            .Add("billing.dispute.rejected", json.DisputeRejected, "billingDisputes", new DisputeRejected("d1", "The test was not agreed.", "platform", At))
            .Add("billing.dispute.withdrawn", json.DisputeWithdrawn, "billingDisputes", new DisputeWithdrawn("d1", "key:k7", At));
    }

    private static NoteContent Example(decimal unitAmount)
    {
        var price = new Price("output-tokens", 2, "tokens.output", PriceModel.PerUnit, "USD", From) { UnitAmount = unitAmount, Description = "Output tokens" };
        var leaf = MerkleTree.HashLeaf("{}"u8);
        var amount = 50_000m * unitAmount;
        var tax = Money.Usd((9m + amount) * 0.19m).Round().Amount;
        var text = $"50,000 × {Words.Of(unitAmount)}";
        var draft = new InvoiceDraft(
            new("acme", "USD", new(312, From, To, From, To), [new(From, To, "team", 1, "Team", false, 2_678_400, 2_678_400, Money.Usd(9))], [], [], [new("VAT 19 %", 19m)], null, 2042),
            0,
            41,
            42,
            0,
            [
                new(1, InvoiceLineKind.Fee, "Team, recurring fee", From, To, "9", 9m, 9m, null),
                new(2, InvoiceLineKind.Usage, "Output tokens", From, To, text, amount, amount, new("team", 1, false, 1m, price, "tokens", null, Aggregation.Sum, 50_000m, [new(50_000m, unitAmount, amount, text)], Money.Usd(amount), 1, 41, 41, leaf, 1, [leaf])),
                new(3, InvoiceLineKind.Tax, "VAT 19 %", From, To, $"{Words.Of(9m + amount)} × 19 %", (9m + amount) * 0.19m, tax, null),
            ],
            9m + amount,
            0m,
            tax,
            9m + amount + tax);
        return new(
            "n1",
            "i1",
            "INV-2026-000042",
            1,
            "USD",
            [
                new(2, InvoiceLineKind.Usage, "Output tokens", From, To, 1m, amount, amount - 1m, 50_000m, 50_000m, 0m, 1, 2, [NoteReason.PriceCorrection], text),
                new(3, InvoiceLineKind.Tax, "VAT 19 %", From, To, 1.9m, tax, tax - 1.9m, null, null, null, null, null, [NoteReason.FollowsOtherLines], $"{Words.Of(9m + amount)} × 19 %"),
            ],
            draft.Total - 11.9m,
            11.9m,
            draft.Total,
            41,
            1042,
            draft,
            new("AIaaS", ["1 Log Street", "10115 Berlin", "Germany"], "billing@example.com", "DE123456789"),
            new("Acme Outdoor", ["2 Tent Road", "12345 Springfield", "USA"], "finance@example.com", null),
            -1,
            "platform",
            At);
    }
}

/// <summary>The source-generated JSON contracts of the events of notes and disputes.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(CreditNoteIssued))]
[JsonSerializable(typeof(DebitNoteIssued))]
[JsonSerializable(typeof(NoteNumbered))]
[JsonSerializable(typeof(NoteRefundRequested))]
[JsonSerializable(typeof(NoteRefundSettled))]
[JsonSerializable(typeof(NotePaid))]
[JsonSerializable(typeof(NoteNumberAssigned))]
[JsonSerializable(typeof(DisputeOpened))]
[JsonSerializable(typeof(DisputeAccepted))]
[JsonSerializable(typeof(DisputeRejected))]
[JsonSerializable(typeof(DisputeWithdrawn))]
internal sealed partial class CorrectionJson : JsonSerializerContext;
