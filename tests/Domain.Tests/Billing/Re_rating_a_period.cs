using System.Collections.Immutable;
using AIaaS.Domain.Metering;
using AIaaS.Domain.Pricing;
using AIaaS.EventStore;

namespace AIaaS.Domain.Billing;

/// <summary>A period that was billed, and what becomes known of it later.</summary>
internal sealed class ClosedMonth
{
    private readonly Plan plan;
    private readonly List<byte[]> usage = [];
    private readonly List<NoteContent> notes = [];
    private InvoiceDraft? invoice;

    public ClosedMonth(Plan plan, BillingSettings? settings, params IEnumerable<Price> prices)
    {
        (this.plan, Settings) = (plan, settings ?? BillingSettings.Default);
        Book = Bills.Book(plan, prices);
    }

    public PriceBookView Book { get; set; }

    public BillingSettings Settings { get; }

    public InvoiceDisputes Disputes { get; set; } = InvoiceDisputes.Initial;

    public InvoiceDraft Invoice => invoice ?? throw new InvalidOperationException("The month is not closed.");

    public IReadOnlyList<NoteContent> Notes => notes;

    public BilledPeriod Billed => new(Invoice, [.. notes]);

    public ImmutableArray<PlanSegment> Segments { get; init; } = [];

    private BillingKnowledge Knowledge => Bills.Knowledge(Book, plan, Settings, Segments);

    public void Use(int number, DateTimeOffset time, string meter, decimal value) => usage.Add(Bills.Event(number, time, Bills.Reading(meter, value)));

    public void Use(byte[] @event) => usage.Add(@event);

    public void Close() => invoice = InvoiceCalculator.Draft(Knowledge, Bills.Fold(Knowledge, usage));

    public ReRatingResult Look()
    {
        var knowledge = ReRating.Knowledge(Billed.Current, Book, ImmutableDictionary<string, MeterDefinition>.Empty, new LogPosition((ulong)usage.Count + 100));
        return ReRating.Compare(Invoice, Billed.Current, ReRating.Draft(knowledge, Bills.Fold(knowledge, usage), Disputes.Adjustments));
    }

    public NoteContent? ReRate()
    {
        var result = Look();
        if (result.IsSame)
        {
            return null;
        }

        var note = new NoteContent("n" + notes.Count, "i1", "INV-2026-000001", notes.Count + 1, result.After.Basis.Currency, result.Lines, result.Amount, result.Before.Total, result.After.Total, result.Before.ThroughVersion, result.Before.Basis.KnownAt, result.After, Bills.Seller, Bills.Buyer, -1, "platform", Bills.To.AddDays(3));
        BillingNote.Initial.Issue(new("acme", note)).Error.Should().BeNull();
        notes.Add(note);
        return note;
    }

    public DomainError? Dispute(int line, decimal? quantity, decimal? amount)
    {
        var id = "d" + Disputes.All.Length;
        foreach (var decision in (ReadOnlySpan<Func<InvoiceDisputes, Decision>>)
            [
                d => d.Open(new("acme", "i1", Invoice, id, line, "not ours", "key:k1", Bills.To.AddDays(1))),
                d => d.Accept(new("acme", "i1", Invoice, Billed.Current, id, quantity, amount is { } money ? new(money, Invoice.Basis.Currency) : null, "goodwill", "platform", Bills.To.AddDays(2))),
            ])
        {
            var decided = decision(Disputes);
            if (decided.Error is { } error)
            {
                if (Disputes.Find(id) is not null)
                {
                    Disputes = Disputes.Reject(new("acme", "i1", id, "refused", "platform", Bills.To.AddDays(2))).Events.Aggregate(Disputes, (state, e) => state.Evolve(e));
                }

                return error;
            }

            Disputes = decided.Events.Aggregate(Disputes, (state, e) => state.Evolve(e));
        }

        return null;
    }

    public IReadOnlyList<byte[]> Export => usage;

    public UsageTotals Fold(BillingKnowledge knowledge) => Bills.Fold(knowledge, usage);

    /// <summary>What is owed if all that is known now had been known from the start.</summary>
    public InvoiceDraft AllAtOnce() => ReRating.Draft(Knowledge, Bills.Fold(Knowledge, usage), Disputes.Adjustments);
}

public sealed class Re_rating_a_period
{
    private static readonly Plan Team = new("team", 1, "Team", "USD") { RecurringFee = 49m, Prices = ["calls", "bytes"] };

    private static readonly BillingSettings Taxed = new() { Taxes = [new("VAT 19 %", 19m)], Discounts = [new(10m, null, Bills.From, null, "Welcome")] };

    private static ClosedMonth Month(BillingSettings? settings = null, Plan? plan = null)
    {
        var month = new ClosedMonth(plan ?? Team, settings, Bills.PerUnit("calls", "calls", 0.01m), Bills.PerUnit("bytes", "bytes", 0.001m));
        month.Use(1, Bills.From.AddDays(1), "calls", 1_000m);
        month.Use(2, Bills.From.AddDays(2), "bytes", 2_000m);
        month.Close();
        return month;
    }

    [Test]
    public void finds_nothing_where_nothing_is_new()
    {
        var month = Month(Taxed);
        month.Look().IsSame.Should().BeTrue();
        month.ReRate().Should().BeNull();
    }

    [Test]
    public void bills_late_usage_with_the_discount_and_the_tax_of_the_invoice()
    {
        var month = Month(Taxed);
        month.Use(3, Bills.From.AddDays(3), "calls", 500m);
        var note = month.ReRate()!;
        note.Lines.Select(l => (l.Line, l.Kind, l.Before, l.After, l.Difference, l.QuantityDifference, l.Reasons.Single())).Should().Equal(
            (2, InvoiceLineKind.Usage, 10m, 15m, 5m, 500m, NoteReason.LateUsage),
            (4, InvoiceLineKind.Discount, -6.1m, -6.6m, -0.5m, null, NoteReason.FollowsOtherLines),
            (5, InvoiceLineKind.Tax, 10.43m, 11.29m, 0.86m, null, NoteReason.FollowsOtherLines));
        (note.Amount, note.TotalBefore, note.TotalAfter).Should().Be((5.36m, 65.33m, 70.69m));
        (note.ThroughBefore, note.Draft.ThroughVersion).Should().Be((1, 2));
        BillingNote.Initial.Issue(new("acme", note)).Events.Should().ContainSingle().Which.Should().BeOfType<DebitNoteIssued>();
        month.ReRate().Should().BeNull("it is billed by now");
    }

    [Test]
    public void gives_back_what_a_wrong_price_took()
    {
        var month = Month();
        month.Book = month.Book.Evolve(new PricePublished(Bills.PerUnit("calls", "calls", 0.004m) with { Version = 2 }, "was too dear", Bills.To));
        var note = month.ReRate()!;
        note.Lines.Should().ContainSingle().Which.Should().Match<NoteLine>(l => l.Line == 2 && l.Difference == -6m && l.QuantityDifference == 0m && l.PriceVersionBefore == 1 && l.PriceVersionAfter == 2);
        note.Lines[0].Reasons.Should().Equal(NoteReason.PriceCorrection);
        BillingNote.Initial.Issue(new("acme", note)).Events.Should().ContainSingle().Which.Should().BeOfType<CreditNoteIssued>();
    }

    [Test]
    public void splits_a_line_where_the_corrected_price_holds_for_a_part_of_it()
    {
        var month = Month();
        month.Book = month.Book.Evolve(new PricePublished(Bills.PerUnit("calls", "calls", 0.02m) with { Version = 2, From = Bills.From.AddDays(10) }, null, Bills.To));
        month.Use(3, Bills.From.AddDays(11), "calls", 100m);
        var note = month.ReRate()!;
        note.Lines.Select(l => (l.Line, l.From, l.Before, l.After)).Should().BeEquivalentTo([((int?)2, Bills.From, 10m, 0m), (null, Bills.From, 0m, 10m), (null, Bills.From.AddDays(10), 0m, 2m)]);
        note.Amount.Should().Be(2m);
    }

    [Test]
    public void follows_a_corrected_exchange_rate()
    {
        var plan = Team with { Prices = ["calls"] };
        var month = new ClosedMonth(plan, null, Bills.PerUnit("calls", "calls", 0.01m, "EUR"));
        month.Book = month.Book.Evolve(new ExchangeRatePublished("EUR", "USD", 1.1m, Bills.From, null, Bills.From));
        month.Use(1, Bills.From, "calls", 1_000m);
        month.Close();
        month.Book = month.Book.Evolve(new ExchangeRatePublished("EUR", "USD", 1.2m, Bills.From, "typing error", Bills.To));
        var note = month.ReRate()!;
        (note.Lines.Single().Difference, note.Lines.Single().Reasons.Single()).Should().Be((1m, NoteReason.ExchangeRate));
    }

    [Test]
    public void is_refused_where_an_exchange_rate_is_missing()
    {
        var month = Month(plan: Team with { Prices = ["calls"] });
        month.Book = month.Book.Evolve(new PricePublished(Bills.PerUnit("calls", "calls", 0.01m, "EUR") with { Version = 2 }, null, Bills.To));
        month.Invoking(m => m.Look()).Should().Throw<DomainException>().Which.Error.Code.Should().Be("exchange-rate-missing");
    }

    [Test]
    public void makes_no_note_for_usage_that_costs_nothing()
    {
        var month = new ClosedMonth(Team, null, Bills.PerUnit("calls", "calls", 0.01m) with { FreeAllowance = 5_000m });
        month.Close();
        month.Use(1, Bills.From, "calls", 1_000m);
        month.ReRate().Should().BeNull();
        month.Use(2, Bills.From, "calls", 4_100m);
        month.ReRate()!.Lines.Single().Should().Match<NoteLine>(l => l.QuantityDifference == 5_100m && l.Difference == 1m);
    }
}

public sealed class A_dispute
{
    private static readonly Plan Team = new("team", 1, "Team", "USD") { RecurringFee = 49m, Prices = ["calls"] };

    private static ClosedMonth Month(Func<Price, Price>? change = null, BillingSettings? settings = null)
    {
        var price = Bills.PerUnit("calls", "calls", 0.01m);
        var month = new ClosedMonth(Team, settings, change is null ? price : change(price));
        month.Use(1, Bills.From.AddDays(1), "calls", 1_000m);
        month.Close();
        return month;
    }

    [Test]
    public void that_is_accepted_takes_units_off_by_the_price()
    {
        var month = Month(settings: new() { Taxes = [new("VAT", 10m)] });
        month.Dispute(2, 300m, null).Should().BeNull();
        var note = month.ReRate()!;
        note.Lines.Select(l => (l.Line, l.Kind, l.Difference, l.Reasons.Single())).Should().Equal((2, InvoiceLineKind.Adjustment, -3m, NoteReason.Dispute), (3, InvoiceLineKind.Tax, -0.3m, NoteReason.FollowsOtherLines));
        note.Draft.Lines[1].Usage!.Quantity.Should().Be(1_000m, "the usage and its proof stay");
        month.ReRate().Should().BeNull();
    }

    [Test]
    public void that_is_accepted_follows_a_price_that_is_corrected_later()
    {
        var month = Month();
        month.Dispute(2, 300m, null);
        month.ReRate();
        month.Book = month.Book.Evolve(new PricePublished(Bills.PerUnit("calls", "calls", 0.02m) with { Version = 2 }, null, Bills.To));
        month.ReRate();
        month.Billed.Total.Should().Be(49m + 14m);
    }

    [Test]
    public void takes_an_amount_off_a_fee()
    {
        var month = Month();
        month.Dispute(1, null, 9.5m).Should().BeNull();
        month.ReRate()!.Amount.Should().Be(-9.5m);
    }

    [TestCase(1_001, null)]
    [TestCase(null, 10.01)]
    public void beyond_the_line_is_refused(double? quantity, double? amount)
    {
        var month = Month();
        month.Dispute(2, (decimal?)quantity, (decimal?)amount)!.Code.Should().Be("adjustment-beyond-line");
    }

    [Test]
    public void beyond_what_others_left_is_refused_whether_these_are_billed_or_not()
    {
        var month = Month();
        month.Dispute(2, 600m, null).Should().BeNull();
        month.Dispute(2, 500m, null)!.Code.Should().Be("adjustment-beyond-line");
        month.Dispute(2, null, 4.01m)!.Code.Should().Be("adjustment-beyond-line");
        month.ReRate();
        month.Dispute(2, 500m, null)!.Code.Should().Be("adjustment-beyond-line");
        month.Dispute(2, null, 4.01m)!.Code.Should().Be("adjustment-beyond-line");
        month.Dispute(2, null, 4m).Should().BeNull();
        month.ReRate();
        month.Billed.Total.Should().Be(49m);
    }

    [Test]
    public void names_all_that_is_wrong_at_once()
    {
        var month = Month();
        month.Dispute(2, -1m, 0m)!.Message.Should().Contain("either a quantity or an amount").And.Contain("-1 is not above 0").And.Contain("amount 0 is not above 0");
        month.Dispute(1, 1m, null)!.Message.Should().Contain("has no quantity");
        month.Dispute(9, 1m, null)!.Code.Should().Be("invoice-line-not-found");
    }

    [Test]
    public void leaves_a_note_that_is_proven_by_the_usage_export()
    {
        var month = Month(settings: new() { Taxes = [new("VAT", 10m)] });
        month.Use(2, Bills.From.AddDays(3), "calls", 500m);
        month.Dispute(2, 300m, null);
        var note = month.ReRate()!;
        var statement = InvoiceStatement.Preview(Bills.Seller, Bills.Buyer, note.At, note.At, note.Draft) with { Invoice = note.Note, Number = "DN-1", State = InvoiceState.Issued };
        Bills.Check(statement, month.Export).Should().BeEmpty();
        Bills.Check(statement, [month.Export[0]]).Should().Contain(d => d.StartsWith("line 2"));
        Bills.Check(statement with { Total = statement.Total + 1m }, month.Export).Should().NotBeEmpty();
    }

    [Test]
    public void about_a_tax_is_not_accepted()
    {
        var month = Month(settings: new() { Taxes = [new("VAT", 10m)] });
        month.Dispute(3, null, 1m)!.Message.Should().Contain("follows the other lines");
    }

    [Test]
    public void never_makes_a_line_dearer()
    {
        var month = Month(p => p with { Model = PriceModel.Volume, UnitAmount = 0m, Tiers = [new(999m, 1m), new(null, 0.5m)] });
        month.Dispute(2, 1m, null).Should().BeNull();
        month.ReRate().Should().BeNull("999 units would cost more than 1,000");
    }

    [Test]
    public void is_decided_once()
    {
        var month = Month();
        month.Dispute(2, 1m, null);
        var disputes = month.Disputes;
        disputes.Accept(new("acme", "i1", month.Invoice, month.Invoice, "d0", 1m, null, "goodwill", "platform", Bills.To)).Events.Should().BeEmpty();
        disputes.Reject(new("acme", "i1", "d0", "no", "platform", Bills.To)).Error!.Code.Should().Be("dispute-closed");
        disputes.Withdraw(new("acme", "i1", "d0", "key:k1", Bills.To)).Error!.Code.Should().Be("dispute-closed");
    }

    [Test]
    public void is_open_once_for_a_line_and_can_be_withdrawn()
    {
        var month = Month();
        var opened = month.Disputes.Open(new("acme", "i1", month.Invoice, "d1", 2, "not ours", "key:k1", Bills.To)).Events.Aggregate(month.Disputes, (s, e) => s.Evolve(e));
        opened.Open(new("acme", "i1", month.Invoice, "d1", 2, "not ours", "key:k1", Bills.To)).Events.Should().BeEmpty();
        opened.Open(new("acme", "i1", month.Invoice, "d1", 1, "not ours", "key:k1", Bills.To)).Error!.Code.Should().Be("idempotency-key-reused");
        opened.Open(new("acme", "i1", month.Invoice, "d2", 2, "again", "key:k1", Bills.To)).Error!.Code.Should().Be("dispute-open");
        var withdrawn = opened.Withdraw(new("acme", "i1", "d1", "key:k1", Bills.To)).Events.Aggregate(opened, (s, e) => s.Evolve(e));
        withdrawn.All.Single().State.Should().Be(DisputeState.Withdrawn);
        withdrawn.Open(new("acme", "i1", month.Invoice, "d2", 2, "again", "key:k1", Bills.To)).Error.Should().BeNull();
    }
}
