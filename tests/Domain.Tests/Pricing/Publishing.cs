using System.Collections.Immutable;
using AIaaS.Domain.Pricing;

namespace Domain.Tests.Pricing;

public sealed class Publishing_a_price : Given<PriceVersions>
{
    private static readonly Price First = Some.PerUnit(0.002m) with { Version = 1 };

    protected override object[] Events => [new PricePublished(First, null, Some.At)];

    [Test]
    public void gives_it_the_next_version() => When(p => p.Publish(new(Some.PerUnit(0.003m), null, "dearer", Some.At))).Decision.Events
        .Should().ContainSingle().Which.Should().BeEquivalentTo(new PricePublished(Some.PerUnit(0.003m) with { Version = 2 }, "dearer", Some.At));

    [Test]
    public void with_the_same_content_changes_nothing() => When(p => p.Publish(new(Some.PerUnit(0.00200m) with { Version = 7 }, null, "again", Some.At))).ThenNothing();

    [Test]
    public void that_comes_with_the_product_is_refused() => When(p => p.Publish(new(BuiltInPricing.CostPassThrough, null, null, Some.At))).ThenRefused(PricingErrors.BuiltIn("cost-pass-through"));

    [Test]
    public void names_all_faults_at_once() => Faults(Some.PerUnit(-1m) with { Currency = "EURO", Meter = "Tokens!", To = Some.January, Id = "A B" }).Should().ContainAll(
        "'A B' cannot be its id", "the meter 'Tokens!' is no meter's name", "'EURO' is no currency of ISO 4217", "it ends at 2026-01-01 00:00:00Z, before or when it starts at 2026-01-01 00:00:00Z", "'unitAmount' is -1, less than 0");

    [Test]
    public void whose_tiers_go_down_is_refused_as_overlapping() =>
        Faults(Some.Tiered(PriceModel.Graduated, new(1_000m, 2m), new(500m, 1m), new(null, 1m))).Should().Contain("tier 2 goes up to 500 and tier 1 up to 1,000: they overlap");

    [Test]
    public void whose_inner_tier_has_no_end_is_refused_as_overlapping() =>
        Faults(Some.Tiered(PriceModel.Volume, new(null, 2m), new(null, 1m))).Should().Contain("tier 1 has no end ('upTo' is null), so that tier 2 overlaps with it");

    [Test]
    public void whose_last_tier_ends_is_refused() => Faults(Some.Tiered(PriceModel.Volume, new(10m, 2m), new(20m, 1m))).Should().Contain("the last tier ends at 20: what is above has no price");

    [TestCase(0, 500, "tier 2 begins at 500 while tier 1 goes up to 1,000: they overlap")]
    [TestCase(0, 1_500, "tier 2 begins at 1,500 while what is before it ends at 1,000: there is a gap")]
    [TestCase(5, 1_000, "tier 1 begins at 5 while what is before it ends at 0: there is a gap")]
    public void whose_tiers_do_not_meet_is_refused(int first, int second, string fault) =>
        Faults(Some.Tiered(PriceModel.Graduated, new(1_000m, 2m), new(null, 1m)), [first, second]).Should().Contain(fault);

    [TestCase(PriceModel.Package, "'packageSize' is 0")]
    [TestCase(PriceModel.Graduated, "there are 0 tiers")]
    [TestCase(PriceModel.Percentage, "'percent' is 0")]
    public void that_lacks_what_its_model_needs_is_refused(PriceModel model, string fault) => Faults(Some.Price(model)).Should().Contain(fault);

    [Test]
    public void as_a_percentage_of_what_is_no_money_is_refused() => Faults(Some.CostAt(100m) with { Meter = "tokens.output" }).Should().Contain("the meter 'tokens.output' counts none");

    [Test]
    public void as_a_percentage_in_another_currency_than_the_meter_is_refused() => Faults(Some.CostAt(100m) with { Currency = "EUR" }).Should().Contain("counts USD");

    [Test]
    public void of_an_absurd_amount_is_refused() => Faults(Some.PerUnit(decimal.MaxValue) with { Minimum = -5m, FreeAllowance = 0.0000000000001m }).Should().ContainAll("'unitAmount' is 79,228", "'minimum' is -5, less than 0", "more than 12 decimals");

    [Test]
    public void in_a_currency_that_a_plan_of_it_has_no_exchange_rate_for_is_refused()
    {
        var book = Some.Book(new PricePublished(First, null, Some.At), new PlanPublished(Some.Plan("team") with { Prices = ["tokens"] }, null, Some.At));
        When(p => p.Publish(new(Some.PerUnit(1m) with { Currency = "EUR" }, null, null, Some.At) { Book = book })).Decision.Error!.Message.Should().Contain("the plan 'team' is in USD and no exchange rate from EUR to USD is published");
        When(p => p.Publish(new(Some.PerUnit(1m) with { Currency = "EUR" }, null, null, Some.At) { Book = book.Evolve(new ExchangeRatePublished("EUR", "USD", 1.1m, Some.January, null, Some.At)) })).Decision.Error.Should().BeNull();
    }

    private static string Faults(Price price, ImmutableArray<decimal?>? starts = null) => PriceVersions.Initial.Publish(new(price, starts, null, Some.At)).Error!.Message;
}

public sealed class Publishing_a_plan
{
    private static readonly PriceBookView Book = Some.Book(
        new PricePublished(Some.PerUnit(1m) with { Version = 1 }, null, Some.At),
        new PricePublished(Some.PerUnit(1m) with { Id = "in-euro", Version = 1, Currency = "EUR" }, null, Some.At),
        new PricePublished(Some.CostAt(10m) with { Id = "fee-of-sales", Version = 1, Meter = "sales" }, null, Some.At));

    [Test]
    public void gives_it_the_next_version_and_only_for_new_content()
    {
        var plan = Some.Plan("team") with { Prices = ["tokens"] };
        var first = PlanVersions.Initial.Publish(new(plan, Book, null, Some.At)).Events.OfType<PlanPublished>().Single();
        first.Plan.Version.Should().Be(1);
        var state = PlanVersions.Initial.Evolve(first);
        state.Publish(new(plan with { RecurringFee = 49.00m, Prices = ["tokens"] }, Book, null, Some.At)).Events.Should().BeEmpty();
        state.Publish(new(plan with { RecurringFee = 59m }, Book, null, Some.At)).Events.OfType<PlanPublished>().Single().Plan.Version.Should().Be(2);
    }

    [Test]
    public void names_all_faults_at_once() => Faults(new Plan("Team!", 0, "", "USD")
    {
        RecurringFee = 0.001m,
        IntervalCount = 0,
        Prices = ["tokens", "tokens", "nothing"],
        Quotas = [new(QuotaResource.StorageBytes, QuotaWindow.Month, 5), new(QuotaResource.Runs, QuotaWindow.Day, -1)],
        TrialDays = 400,
        SafeModePercent = 0,
    }).Should().ContainAll("'Team!' cannot be its id", "the name is missing", "more decimals than USD has: 2", "'intervalCount' is 0", "a price is named twice", "there is no price 'nothing'", "the quota of StorageBytes cannot be for a Month", "the quota of Runs is -1", "'trialDays' is 400", "'safeModePercent' is 0");

    [Test]
    public void whose_price_needs_an_exchange_rate_that_is_missing_is_refused() => Faults(Some.Plan("team") with { Prices = ["in-euro"] }).Should().Contain("no exchange rate from EUR to USD is published");

    [Test]
    public void whose_price_has_its_exchange_rate_is_taken() =>
        PlanVersions.Initial.Publish(new(Some.Plan("team") with { Prices = ["in-euro"] }, Book.Evolve(new ExchangeRatePublished("EUR", "USD", 1.1m, Some.January, null, Some.At)), null, Some.At)).Error.Should().BeNull();

    [Test]
    public void with_a_percentage_of_a_meter_that_counts_no_money_is_refused()
    {
        Faults(Some.Plan("team") with { Prices = ["fee-of-sales"] }).Should().Contain("which counts no money in USD");
        PlanVersions.Initial.Publish(new(Some.Plan("team") with { Prices = ["fee-of-sales"], Meters = [new("sales", "shop.sale", AIaaS.Domain.Metering.Aggregation.Sum) { Value = "$.amount", Unit = "USD" }] }, Book, null, Some.At)).Error.Should().BeNull();
    }

    private static string Faults(Plan plan) => PlanVersions.Initial.Publish(new(plan, Book, null, Some.At)).Error!.Message;
}

public sealed class Publishing_an_exchange_rate : Given<ExchangeRates>
{
    protected override object[] Events => [new ExchangeRatePublished("EUR", "USD", 1.08m, Some.January, null, Some.At)];

    [Test]
    public void records_it() => When(r => r.Publish(new("EUR", "USD", 1.10m, Some.At, false, "ECB", Some.At))).Then(new ExchangeRatePublished("EUR", "USD", 1.1m, Some.At, "ECB", Some.At));

    [Test]
    public void that_holds_already_changes_nothing() => When(r => r.Publish(new("EUR", "USD", 1.080m, Some.January, false, null, Some.At))).ThenNothing();

    [TestCase("EUR", "EUR", 1, "EUR is always worth 1 EUR")]
    [TestCase("EUR", "DOLLAR", 1, "'DOLLAR' is no currency")]
    [TestCase("EUR", "USD", 0, "is not more than 0")]
    [TestCase("EUR", "USD", -2, "is not more than 0")]
    [TestCase("EUR", "USD", 1e12, "is absurd")]
    [TestCase("EUR", "USD", 108, "more than 2 times away from 1.08")]
    public void that_cannot_be_is_refused(string @base, string quote, double rate, string fault) => When(r => r.Publish(new(@base, quote, (decimal)rate, Some.At, false, null, Some.At))).Decision.Error!.Message.Should().Contain(fault);

    [Test]
    public void far_from_the_one_before_is_taken_when_it_is_confirmed() => When(r => r.Publish(new("EUR", "USD", 108m, Some.At, true, null, Some.At))).Decision.Error.Should().BeNull();
}

public sealed class The_price_book
{
    private static readonly DateTimeOffset February = Some.January.AddMonths(1);

    private static readonly DateTimeOffset March = Some.January.AddMonths(2);

    private static readonly PriceBookView Book = Some.Book(
        new PricePublished(Some.PerUnit(1m) with { Version = 1 }, null, Some.At),
        new PricePublished(Some.PerUnit(2m) with { Version = 2, From = February, To = March }, null, Some.At),
        new ExchangeRatePublished("EUR", "USD", 1.08m, Some.January, null, Some.At),
        new ExchangeRatePublished("EUR", "USD", 1.20m, March, null, Some.At),
        new ExchangeRatePublished("EUR", "USD", 1.09m, Some.January, "corrected", Some.At));

    [Test]
    public void gives_the_highest_version_that_holds()
    {
        Book.PriceAt("tokens", Some.January.AddTicks(-1)).Should().BeNull();
        Book.PriceAt("tokens", Some.January)!.Version.Should().Be(1);
        Book.PriceAt("tokens", February)!.Version.Should().Be(2);
        Book.PriceAt("tokens", March.AddTicks(-1))!.Version.Should().Be(2);
        Book.PriceAt("tokens", March)!.Version.Should().Be(1);
    }

    [Test]
    public void gives_the_stretches_in_which_versions_hold() => Book.PricesOf("tokens", Some.January.AddDays(-5), March.AddDays(5)).Select(s => (s.From, s.To, s.Price.Version)).Should().Equal(
        (Some.January, February, 1), (February, March, 2), (March, March.AddDays(5), 1));

    [Test]
    public void takes_the_newest_rate_of_a_moment_and_the_last_word_on_it()
    {
        Book.RateAt("EUR", "USD", Some.January.AddTicks(-1)).Should().BeNull();
        Book.RateAt("EUR", "USD", February).Should().Be(1.09m);
        Book.RateAt("EUR", "USD", March).Should().Be(1.20m);
        Book.RateAt("USD", "USD", Some.January).Should().Be(1m);
    }

    [Test]
    public void converts_exactly_and_refuses_without_a_rate()
    {
        Book.Convert(new(10.01m, "EUR"), "USD", February).Should().Be(AIaaS.Domain.Money.Usd(10.9109m));
        FluentActions.Invoking(() => Book.Convert(new(10m, "GBP"), "USD", February)).Should().Throw<AIaaS.EventStore.DomainException>().Which.Error.Should().Be(PricingErrors.MissingRate("GBP", "USD", February));
    }

    [Test]
    public void has_the_plan_of_tenants_without_a_subscription() => PriceBookView.Initial.FindPlan("pay-as-you-go")!.Prices.Should().Equal("cost-pass-through");
}
