using System.Collections.Immutable;
using AIaaS.Domain;
using AIaaS.Domain.Pricing;
using AIaaS.EventStore;
using FsCheck;
using FsCheck.Fluent;

namespace Domain.Tests.Pricing;

internal static class Some
{
    public static readonly DateTimeOffset At = new(2026, 1, 31, 9, 30, 0, TimeSpan.Zero);

    public static readonly DateTimeOffset January = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static Price Price(PriceModel model) => new("tokens", 0, "tokens.output", model, "USD", January);

    public static Price Flat(decimal amount) => Price(PriceModel.Flat) with { UnitAmount = amount };

    public static Price PerUnit(decimal amount) => Price(PriceModel.PerUnit) with { UnitAmount = amount };

    public static Price Package(decimal size, decimal amount) => Price(PriceModel.Package) with { PackageSize = size, UnitAmount = amount };

    public static Price Tiered(PriceModel model, params PriceTier[] tiers) => Price(model) with { Tiers = [.. tiers] };

    public static Price CostAt(decimal percent) => Price(PriceModel.Percentage) with { Meter = "cost", Percent = percent };

    public static Plan Plan(string id, decimal fee = 49m) => new(id, 1, id, "USD") { RecurringFee = fee };

    public static PriceBookView Book(params IEnumerable<object> events) => events.Aggregate(PriceBookView.Initial, (book, e) => book.Evolve(e));
}

public sealed class Rating_a_quantity
{
    private static readonly PriceTier[] Tiers = [new(10_000m, 0.002m), new(100_000m, 0.001m, 5m), new(null, 0.0005m)];

    [TestCase(0, 0)]
    [TestCase(1, 20)]
    [TestCase(1_000, 20)]
    public void at_a_flat_price_costs_the_same_however_much_is_used(int quantity, int expected) => Rating.Rate(Some.Flat(20m), quantity).Amount.Should().Be(expected);

    [Test]
    public void by_the_unit_multiplies() => Rating.Rate(Some.PerUnit(0.002m), 1_500.5m).Should().BeEquivalentTo(new RatedQuantity(3.001m, [new(1_500.5m, 0.002m, 3.001m, "1,500.5 × 0.002")]));

    [TestCase(1, 5)]
    [TestCase(1_000, 5)]
    [TestCase(1_001, 10)]
    public void by_packages_charges_each_one_that_is_begun(int quantity, int expected) => Rating.Rate(Some.Package(1_000m, 5m), quantity).Amount.Should().Be(expected);

    [Test]
    public void graduated_charges_each_part_at_its_tier()
    {
        var rated = Rating.Rate(Some.Tiered(PriceModel.Graduated, Tiers), 110_000m);
        rated.Steps.Select(s => (s.Amount, s.Text)).Should().Equal(
            (20m, "10,000 × 0.002 (tier up to 10,000)"),
            (90m, "90,000 × 0.001 (tier up to 100,000)"),
            (5m, "flat amount of the tier up to 100,000: 5"),
            (5m, "10,000 × 0.0005 (tier above 100,000)"));
        rated.Amount.Should().Be(120m);
    }

    [TestCase(10_000, 20)]
    [TestCase(10_001, 15.001)]
    [TestCase(200_000, 100)]
    public void by_volume_charges_all_of_it_at_the_tier_that_it_reaches(int quantity, double expected) => Rating.Rate(Some.Tiered(PriceModel.Volume, Tiers), quantity).Amount.Should().Be((decimal)expected);

    [Test]
    public void as_a_percentage_is_taken_of_the_money() => Rating.Rate(Some.CostAt(120m), 12.345m).Steps.Single().Should().Be(new RatedStep(12.345m, 1.2m, 14.814m, "12.345 × 120 %"));

    [Test]
    public void takes_off_what_is_free_first() => Rating.Rate(Some.PerUnit(0.5m) with { FreeAllowance = 100m }, 130m).Steps.Select(s => s.Text).Should().Equal("100 free", "30 × 0.5");

    [Test]
    public void that_is_all_free_costs_nothing() => Rating.Rate(Some.Flat(20m) with { FreeAllowance = 100m }, 100m).Amount.Should().Be(0m);

    [TestCase(0)]
    [TestCase(3)]
    public void fills_up_to_the_minimum(int quantity) => Rating.Rate(Some.PerUnit(1m) with { Minimum = 10m }, quantity).Amount.Should().Be(10m);

    [Test]
    public void beyond_the_minimum_leaves_it_alone() => Rating.Rate(Some.PerUnit(1m) with { Minimum = 10m }, 11m).Steps.Should().ContainSingle().Which.Amount.Should().Be(11m);

    [Test]
    public void for_a_part_of_the_period_scales_flat_amounts_allowance_and_minimum_but_no_tiers()
    {
        Rating.Rate(Some.Flat(20m), 1m, 0.25m).Amount.Should().Be(5m);
        Rating.Rate(Some.PerUnit(1m) with { FreeAllowance = 100m }, 100m, 0.25m).Amount.Should().Be(75m);
        Rating.Rate(Some.PerUnit(1m) with { Minimum = 10m }, 0m, 0.25m).Amount.Should().Be(2.5m);
        Rating.Rate(Some.Tiered(PriceModel.Graduated, Tiers), 20_000m, 0.5m).Amount.Should().Be(20m + 10m + 2.5m);
    }

    [Test]
    public void below_zero_is_refused() => Refusal(() => Rating.Rate(Some.PerUnit(1m), -1m)).Code.Should().Be("quantity-negative");

    [Test]
    public void beyond_what_can_be_calculated_is_refused() => Refusal(() => Rating.Rate(Some.PerUnit(1_000_000m), decimal.MaxValue / 10m)).Code.Should().Be("amount-too-large");

    [TestCase(0)]
    [TestCase(1.5)]
    public void for_no_part_of_a_period_is_a_mistake_of_the_program(double share) => FluentActions.Invoking(() => Rating.Rate(Some.PerUnit(1m), 1m, (decimal)share)).Should().Throw<ArgumentOutOfRangeException>();

    private static DomainError Refusal(Action action) => FluentActions.Invoking(action).Should().Throw<DomainException>().Which.Error;
}

public sealed class Rated_quantities
{
    private static Gen<decimal> Amounts { get; } = Gen.Choose(0, 1_000_000).Select(n => n / 10_000m);

    private static Gen<decimal> Quantities { get; } = Gen.Choose(0, 2_000_000).Select(n => n / 100m);

    private static Gen<ImmutableArray<PriceTier>> Tiers { get; } =
        from widths in Gen.Choose(1, 500_000).NonEmptyListOf()
        from amounts in Amounts.ListOf(widths.Count + 1)
        from flats in Amounts.ListOf(widths.Count + 1)
        select widths.Aggregate((Ends: ImmutableArray<decimal>.Empty, End: 0m), (all, w) => (all.Ends.Add(all.End + (w / 100m)), all.End + (w / 100m))).Ends
            .Select((end, i) => new PriceTier(end, amounts[i], flats[i]))
            .Append(new PriceTier(null, amounts[^1], flats[^1]))
            .ToImmutableArray();

    private static Gen<Price> Prices { get; } =
        from model in Gen.Elements(Enum.GetValues<PriceModel>())
        from amount in Amounts
        from size in Gen.Choose(1, 10_000)
        from tiers in Tiers
        from free in Gen.OneOf(Gen.Constant(0m), Quantities)
        from minimum in Gen.OneOf(Gen.Constant((decimal?)null), Amounts.Select(a => (decimal?)a))
        select (model switch
        {
            PriceModel.Flat => Some.Flat(amount),
            PriceModel.PerUnit => Some.PerUnit(amount),
            PriceModel.Package => Some.Package(size, amount),
            PriceModel.Graduated or PriceModel.Volume => Some.Tiered(model, [.. tiers]),
            PriceModel.Percentage => Some.CostAt(amount + 1m),
            _ => throw new InvalidOperationException(),
        }) with
        { FreeAllowance = free, Minimum = minimum };

    [Test]
    public void are_priced_validly_in_these_properties() => Holds(Prices, p => PriceRules.Faults(p).Count == 0);

    [Test]
    public void are_what_their_steps_add_up_to() => Holds(
        Prices.Zip(Quantities),
        c => Rating.Rate(c.Item1, c.Item2) is var rated && rated.Amount == rated.Steps.Sum(s => s.Amount) && rated.Steps.All(s => s.Amount == s.Quantity * s.UnitAmount && s.Amount >= 0m));

    [Test]
    public void graduated_are_the_sum_of_the_tiers_parts() => Holds(
        Tiers.Zip(Quantities),
        c =>
        {
            var expected = 0m;
            var start = 0m;
            foreach (var tier in c.Item1)
            {
                var units = Math.Max(0m, Math.Min(c.Item2, tier.UpTo ?? decimal.MaxValue) - start);
                expected += (units * tier.UnitAmount) + (units > 0m ? tier.FlatAmount : 0m);
                start = tier.UpTo ?? start;
            }

            return Rating.Rate(Some.Tiered(PriceModel.Graduated, [.. c.Item1]), c.Item2).Amount == expected;
        });

    [Test]
    public void graduated_never_cost_less_for_more() => Holds(
        Tiers.Zip(Quantities.Zip(Quantities)),
        c => Some.Tiered(PriceModel.Graduated, [.. c.Item1]) is var price && Rating.Rate(price, c.Item2.Item1).Amount <= Rating.Rate(price, c.Item2.Item1 + c.Item2.Item2).Amount);

    [Test]
    public void by_volume_never_cost_less_for_more_of_one_tier() => Holds(
        Tiers.Zip(Quantities.Zip(Quantities)),
        c =>
        {
            var price = Some.Tiered(PriceModel.Volume, [.. c.Item1]);
            var (less, more) = (Math.Min(c.Item2.Item1, c.Item2.Item2), Math.Max(c.Item2.Item1, c.Item2.Item2));
            var tier = (decimal quantity) => c.Item1.First(t => t.UpTo is not { } end || quantity <= end);
            return tier(less) != tier(more) || Rating.Rate(price, less).Amount <= Rating.Rate(price, more).Amount;
        });

    [Test]
    public void do_not_depend_on_the_order_of_the_usage() => Holds(
        Prices.Zip(Quantities.NonEmptyListOf().Zip(ArbMap.Default.GeneratorFor<int>().NonEmptyListOf())),
        c =>
        {
            var (usage, keys) = c.Item2;
            var other = usage.Select((q, i) => (q, Key: keys[i % keys.Count])).OrderBy(p => p.Key).Select(p => p.q);
            var (one, two) = (Rating.Rate(c.Item1, usage.Sum()), Rating.Rate(c.Item1, other.Sum()));
            return one.Amount == two.Amount && one.Steps.SequenceEqual(two.Steps);
        });

    private static void Holds<T>(Gen<T> cases, Func<T, bool> property) => Prop.ForAll(cases.ToArbitrary(), property).QuickCheckThrowOnFailure();
}

public sealed class Splitting_an_amount
{
    [Test]
    public void gives_what_is_left_over_to_the_largest_remainders() => Shares.Split(Money.Usd(100m), [1m, 1m, 1m]).Select(m => m.Amount).Should().Equal(33.34m, 33.33m, 33.33m);

    [Test]
    public void in_a_currency_without_decimals_gives_whole_units() => Shares.Split(new Money(10m, "JPY"), [0.5m, 0.25m, 0.25m]).Select(m => m.Amount).Should().Equal(5m, 3m, 2m);

    [Test]
    public void below_zero_mirrors_the_one_above() => Shares.Split(Money.Usd(-0.05m), [1m, 1m]).Select(m => m.Amount).Should().Equal(-0.03m, -0.02m);

    [TestCase(0.001, 1, 1)]
    [TestCase(1, 0, 0)]
    [TestCase(1, 2, -1)]
    public void that_cannot_be_split_is_a_mistake_of_the_program(double total, double first, double second) =>
        FluentActions.Invoking(() => Shares.Split(Money.Usd((decimal)total), [(decimal)first, (decimal)second])).Should().Throw<ArgumentException>();

    [Test]
    public void adds_up_and_stays_within_one_minor_unit() => Prop.ForAll(
        (from cents in Gen.Choose(-10_000_000, 10_000_000)
         from currency in Gen.Elements("USD", "JPY", "KWD")
         from weights in Gen.OneOf(Gen.Choose(0, 3_000_000).Select(w => (decimal)w), Gen.Choose(0, 1_000).Select(w => w / 1_000m)).NonEmptyListOf()
         where weights.Any(w => w > 0)
         select (Total: new Money(cents / (currency == "USD" ? 100m : currency == "KWD" ? 1_000m : 1m), currency), Weights: weights.ToList())).ToArbitrary(),
        c =>
        {
            var parts = Shares.Split(c.Total, c.Weights);
            var unit = c.Total.Currency == "USD" ? 0.01m : c.Total.Currency == "KWD" ? 0.001m : 1m;
            var all = c.Weights.Sum();
            return parts.Sum(p => p.Amount) == c.Total.Amount && parts.Select((p, i) => Math.Abs(p.Amount - (c.Total.Amount * c.Weights[i] / all)) < unit && p.Round() == p).All(ok => ok);
        }).QuickCheckThrowOnFailure();
}

public sealed class Rounding_an_amount
{
    [TestCase(0.125, "USD", 0.12)]
    [TestCase(0.135, "USD", 0.14)]
    [TestCase(0.5, "JPY", 0)]
    [TestCase(1.5, "JPY", 2)]
    [TestCase(0.0005, "KWD", 0)]
    public void goes_half_to_even_by_the_currency(double amount, string currency, double expected) => new Money((decimal)amount, currency).Round().Amount.Should().Be((decimal)expected);

    [Test]
    public void of_no_currency_is_a_mistake_of_the_program() => FluentActions.Invoking(() => new Money(1m, "XXX").Round()).Should().Throw<InvalidOperationException>();
}
