using System.Collections.Immutable;
using System.Text.Json;
using AIaaS.Domain.Pricing;
using AIaaS.EventStore;

namespace AIaaS.Domain.Billing;

/// <summary>From what is known and what was used to what is owed.</summary>
public sealed class Calculating_an_invoice
{
    private static readonly Plan Team = new("team", 1, "Team", "USD") { RecurringFee = 49m, Prices = ["calls", "bytes"] };

    [Test]
    public void adds_fees_and_usage_takes_discounts_off_and_puts_taxes_on()
    {
        var settings = new BillingSettings { Taxes = [new("VAT 19 %", 19m)], Discounts = [new(10m, null, Bills.From, null, "Welcome"), new(null, Money.Usd(5m), Bills.From, null, "Voucher")] };
        var draft = Draft(Team, settings, [Bills.PerUnit("calls", "calls", 0.015m), Bills.PerUnit("bytes", "bytes", 0.001m)], Bills.Event(1, Bills.From, Bills.Reading("calls", 1m)), Bills.Event(2, Bills.From, Bills.Reading("bytes", 1_500m)));

        draft.Lines.Select(l => (l.Number, l.Kind, l.Exact, l.Amount)).Should().Equal(
            (1, InvoiceLineKind.Fee, 49m, 49m),
            (2, InvoiceLineKind.Usage, 0.015m, 0.02m),
            (3, InvoiceLineKind.Usage, 1.5m, 1.5m),
            (4, InvoiceLineKind.Discount, -5.052m, -5.05m),
            (5, InvoiceLineKind.Discount, -5m, -5m),
            (6, InvoiceLineKind.Tax, 7.6893m, 7.69m));
        (draft.Subtotal, draft.Discount, draft.Tax, draft.Total).Should().Be((50.52m, 10.05m, 7.69m, 48.16m));
        draft.Lines[2].Arithmetic.Should().Be("1,500 × 0.001");
    }

    [TestCase("0.005", "0.00")]
    [TestCase("0.015", "0.02")]
    [TestCase("0.025", "0.02")]
    [TestCase("0.0250000001", "0.03")]
    public void rounds_each_line_once_half_to_even(string exact, string rounded)
    {
        var draft = Draft(Team with { RecurringFee = 0m }, null, [Bills.PerUnit("calls", "calls", decimal.Parse(exact))], Bills.Event(1, Bills.From, Bills.Reading("calls", 1m)));
        draft.Lines.Should().ContainSingle();
        draft.Total.Should().Be(decimal.Parse(rounded));
        draft.Lines[0].Exact.Should().Be(decimal.Parse(exact));
    }

    [Test]
    public void never_takes_more_off_than_is_owed()
    {
        var settings = new BillingSettings { Discounts = [new(null, Money.Usd(60m), Bills.From, null, "Voucher"), new(50m, null, Bills.From, null, "Half")], Taxes = [new("VAT", 19m)] };
        var draft = Draft(Team, settings, [Bills.PerUnit("calls", "calls", 1m)]);
        (draft.Subtotal, draft.Discount, draft.Tax, draft.Total).Should().Be((49m, 49m, 0m, 0m));
    }

    [Test]
    public void splits_a_fee_to_the_second_and_begins_a_line_with_each_plan()
    {
        var pro = new Plan("pro", 1, "Pro", "USD") { RecurringFee = 99m, Prices = ["calls"] };
        var book = Bills.Book(pro, Bills.PerUnit("calls", "calls", 0.01m)).Evolve(new PlanPublished(Team, null, Bills.From));
        var change = Bills.From.AddDays(10);
        long whole = 31 * 86_400, first = 10 * 86_400;
        var knowledge = Bills.Knowledge(book, Team, null, new(Bills.From, change, "team", 1, false, first, whole), new(change, Bills.To, "pro", 1, false, whole - first, whole));
        var draft = InvoiceCalculator.Draft(knowledge, Bills.Fold(knowledge, [Bills.Event(1, change.AddTicks(-1), Bills.Reading("calls", 100m)), Bills.Event(2, change, Bills.Reading("calls", 200m))]));

        draft.Lines.Select(l => (l.Description, l.From, l.To, l.Amount)).Should().Equal(
            ("Team, recurring fee", Bills.From, change, 15.81m),
            ("Pro, recurring fee", change, Bills.To, 67.06m),
            ("calls", Bills.From, change, 1m),
            ("calls", change, Bills.To, 2m));
    }

    [Test]
    public void begins_a_line_with_each_version_of_a_price()
    {
        var dearer = Bills.PerUnit("calls", "calls", 0.02m) with { Version = 2, From = Bills.From.AddDays(15) };
        var draft = Draft(Team with { RecurringFee = 0m }, null, [Bills.PerUnit("calls", "calls", 0.01m), dearer], Bills.Event(1, Bills.From, Bills.Reading("calls", 100m)), Bills.Event(2, dearer.From, Bills.Reading("calls", 100m)));
        draft.Lines.Select(l => (l.Usage!.Price.Version, l.Usage.Events, l.Amount)).Should().Equal((1, 1L, 1m), (2, 1L, 2m));
    }

    [Test]
    public void charges_nothing_in_a_trial()
    {
        var book = Bills.Book(Team, Bills.PerUnit("calls", "calls", 1m) with { Minimum = 5m });
        long whole = 31 * 86_400, trial = 14 * 86_400;
        var end = Bills.From.AddDays(14);
        var knowledge = Bills.Knowledge(book, Team, null, new(Bills.From, end, "team", 1, true, trial, whole), new(end, Bills.To, "team", 1, false, whole - trial, whole));
        var draft = InvoiceCalculator.Draft(knowledge, Bills.Fold(knowledge, [Bills.Event(1, Bills.From, Bills.Reading("calls", 100m)), Bills.Event(2, end, Bills.Reading("calls", 7m))]));
        draft.Lines.Where(l => l.Kind == InvoiceLineKind.Usage).Select(l => l.Amount).Should().Equal(0m, 7m);
        draft.Lines.Where(l => l.Kind == InvoiceLineKind.Fee).Select(l => l.Amount).Should().Equal(0m, 26.87m);
    }

    [Test]
    public void converts_by_the_rate_of_the_periods_end_and_shows_it()
    {
        var plan = Team with { RecurringFee = 0m };
        var book = Bills.Book(plan, Bills.PerUnit("calls", "calls", 0.01m, "EUR"))
            .Evolve(new ExchangeRatePublished("EUR", "USD", 1.10m, Bills.From.AddDays(-3), null, Bills.From))
            .Evolve(new ExchangeRatePublished("EUR", "USD", 1.25m, Bills.From.AddDays(20), null, Bills.From))
            .Evolve(new ExchangeRatePublished("EUR", "USD", 2m, Bills.To.AddDays(1), null, Bills.From));
        var knowledge = Bills.Knowledge(book, plan);
        var draft = InvoiceCalculator.Draft(knowledge, Bills.Fold(knowledge, [Bills.Event(1, Bills.From, Bills.Reading("calls", 100m))]));
        draft.Lines[0].Amount.Should().Be(1.25m);
        draft.Lines[0].Usage!.PriceAmount.Should().Be(new Money(1m, "EUR"));
        draft.Lines[0].Arithmetic.Should().Contain("1 EUR × 1.25");
        draft.Basis.Rates.Should().ContainSingle().Which.From.Should().Be(Bills.From.AddDays(20));
    }

    [Test]
    public void is_refused_where_an_exchange_rate_is_missing()
    {
        var plan = Team with { RecurringFee = 0m };
        var knowledge = Bills.Knowledge(Bills.Book(plan, Bills.PerUnit("calls", "calls", 0.01m, "EUR")), plan);
        var usage = Bills.Fold(knowledge, [Bills.Event(1, Bills.From, Bills.Reading("calls", 100m))]);
        FluentActions.Invoking(() => InvoiceCalculator.Draft(knowledge, usage)).Should().Throw<DomainException>().Which.Error.Code.Should().Be("exchange-rate-missing");
        InvoiceCalculator.Draft(knowledge, UsageTotals.None(InvoiceCalculator.Slots(knowledge))).Total.Should().Be(0m, "nothing is to be converted");
    }

    [Test]
    public void is_refused_where_an_amount_is_beyond_what_decimals_hold()
    {
        var knowledge = Bills.Knowledge(Bills.Book(Team, Bills.PerUnit("calls", "calls", 100_000_000_000_000m)), Team);
        var events = Enumerable.Range(0, 3).Select(i => Bills.Event(i, Bills.From, Bills.Reading("calls", 999_999_999_999_999.999999999999m))).ToList();
        FluentActions.Invoking(() => InvoiceCalculator.Draft(knowledge, Bills.Fold(knowledge, events))).Should().Throw<DomainException>().Which.Error.Code.Should().Be("amount-too-large");
    }

    [Test]
    public void shows_the_share_of_a_minimum_where_nothing_was_used()
    {
        var draft = Draft(Team with { RecurringFee = 0m }, null, [Bills.PerUnit("calls", "calls", 1m) with { Minimum = 5m }]);
        draft.Total.Should().Be(5m);
        draft.Lines[0].IsEmpty.Should().BeFalse();
    }

    [Test]
    public void gives_the_same_again_from_what_stands_on_it()
    {
        var settings = new BillingSettings { Taxes = [new("VAT 7.7 %", 7.7m)], Discounts = [new(3m, null, Bills.From, null, "Loyal")] };
        var book = Bills.Book(Team, Bills.PerUnit("calls", "calls", 0.0133333m), Bills.PerUnit("bytes", "bytes", 0.07m, "EUR")).Evolve(new ExchangeRatePublished("EUR", "USD", 1.0873m, Bills.From, null, Bills.From));
        var knowledge = Bills.Knowledge(book, Team, settings);
        var usage = Bills.Fold(knowledge, [.. Enumerable.Range(0, 300).Select(i => Bills.Event(i, Bills.From.AddHours(i), Bills.Reading(i % 3 == 0 ? "bytes" : "calls", i / 8m)))]);
        var draft = InvoiceCalculator.Draft(knowledge, usage);
        var read = JsonSerializer.Deserialize(JsonSerializer.Serialize(InvoiceStatement.Preview(Bills.Seller, Bills.Buyer, Bills.To, Bills.To, draft), InvoiceJson.Default.InvoiceStatement), InvoiceJson.Default.InvoiceStatement)!;
        var again = InvoiceCalculator.Draft(read.Basis, usage with { Lines = [.. read.ToDraft().Slots.Select((s, i) => usage.Lines[i] with { Slot = s })] });
        Text(again).Should().Be(Text(draft));
    }

    private static string Text(InvoiceDraft draft) => JsonSerializer.Serialize(InvoiceStatement.Preview(Bills.Seller, Bills.Buyer, Bills.To, Bills.To, draft), InvoiceJson.Default.InvoiceStatement);

    private static InvoiceDraft Draft(Plan plan, BillingSettings? settings, ImmutableArray<Price> prices, params IReadOnlyList<byte[]> events)
    {
        var knowledge = Bills.Knowledge(Bills.Book(plan, prices), plan, settings);
        return InvoiceCalculator.Draft(knowledge, Bills.Fold(knowledge, events));
    }
}
