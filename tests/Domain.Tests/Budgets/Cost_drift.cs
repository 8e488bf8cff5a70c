using System.Collections.Immutable;
using AIaaS.Domain.Budgets;

namespace Domain.Tests.Budgets;

internal static class Costs
{
    public static CostCounts Of(IEnumerable<decimal> costs)
    {
        var builder = new CostCounts.Builder(CostCounts.Empty);
        foreach (var cost in costs)
        {
            builder.Add(cost);
        }

        return builder.Build();
    }

    /// <summary>Costs of runs as they are: log-normal in steps of 0.0001, a part of them free.</summary>
    public static CostCounts Drawn(Random random, int n, double free = 0, double factor = 1) => Of(Enumerable.Range(0, n).Select(_ =>
    {
        if (random.NextDouble() < free)
        {
            return 0m;
        }

        var normal = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
        return Math.Round((decimal)(0.003 * factor * Math.Exp(0.5 * normal)), 4);
    }));

    /// <summary>Costs without a mean: Pareto with an exponent of 0.8, a part of them free. A few make up nearly all of the total.</summary>
    public static CostCounts Heavy(Random random, int n, double free) =>
        Of(Enumerable.Range(0, n).Select(_ => random.NextDouble() < free ? 0m : Math.Round((decimal)(0.001 * Math.Pow(1 - random.NextDouble(), -1.25)), 4)));
}

public sealed class Costs_that_have_not_changed
{
    private static readonly CostGuardOptions Strict = new() { LeastEffect = -1_000_000, LeastExcess = decimal.MinValue };

    [TestCase(0.0, 40, 0.05)]
    [TestCase(0.9, 40, 0.05)]
    [TestCase(0.99, 25, 0.05)]
    [TestCase(0.5, 200, 0.01)]
    public void raise_no_more_false_alarms_than_stated(double free, int runs, double alpha)
    {
        const int Nights = 2_000;
        var random = new Random(20261128);
        var alarms = 0;
        for (var night = 0; night < Nights; night++)
        {
            List<CostSeries> series = [.. Enumerable.Range(0, 4).Select(i => new CostSeries("workflow", $"w{i}", Costs.Drawn(random, 300, free), Costs.Drawn(random, runs, free)))];
            alarms += CostDrift.Judge(series, [], 0, Strict with { Alpha = alpha }, $"{night}").Findings.IsEmpty ? 0 : 1;
        }

        // Three standard deviations of a binomial count above what is stated.
        alarms.Should().BeLessThanOrEqualTo((int)((Nights * alpha) + (3 * Math.Sqrt(Nights * alpha * (1 - alpha)))));
        alarms.Should().BePositive("a test that never says anything is none");
    }

    [TestCase(0.0, 300, 40, 0.05)]
    [TestCase(0.5, 300, 40, 0.05)]
    [TestCase(0.95, 300, 40, 0.05)]
    [TestCase(0.3, 60, 400, 0.05, TestName = "nor_do_costs_without_a_mean: a history shorter than the day")]
    [TestCase(0.3, 3_000, 20, 0.01, TestName = "nor_do_costs_without_a_mean: a long history and a strict rate")]
    public void nor_do_costs_without_a_mean(double free, int before, int runs, double alpha)
    {
        const int Nights = 1_000;
        var random = new Random(19640229);
        var alarms = 0;
        for (var night = 0; night < Nights; night++)
        {
            List<CostSeries> series = [.. Enumerable.Range(0, 2).Select(i => new CostSeries("workflow", $"w{i}", Costs.Heavy(random, before, free), Costs.Heavy(random, runs, free)))];
            alarms += CostDrift.Judge(series, [], 0, Strict with { Alpha = alpha }, $"{night}").Findings.IsEmpty ? 0 : 1;
        }

        alarms.Should().BeLessThanOrEqualTo((int)((Nights * alpha) + (3 * Math.Sqrt(Nights * alpha * (1 - alpha)))));
        alarms.Should().BePositive("a test that never says anything is none");
    }

    [Test]
    public void nor_do_daily_totals()
    {
        const int Nights = 5_000;
        var random = new Random(7);
        var alarms = 0;
        for (var night = 0; night < Nights; night++)
        {
            List<decimal> before = [.. Enumerable.Range(0, 39).Select(_ => (decimal)random.NextDouble())];
            alarms += CostDrift.Judge([], before, (decimal)random.NextDouble(), Strict with { Alpha = 0.05 }, "night").Findings.IsEmpty ? 0 : 1;
        }

        alarms.Should().BeLessThanOrEqualTo((int)((Nights * 0.05) + (3 * Math.Sqrt(Nights * 0.05 * 0.95))));
        alarms.Should().BePositive("a test that never says anything is none");
    }

    [Test]
    public void would_raise_far_too_many_by_the_normal_approximation_where_most_are_free()
    {
        var random = new Random(3);
        var (normal, bound) = (0, 0);
        for (var night = 0; night < 2_000; night++)
        {
            var test = CostDrift.Compare(Costs.Drawn(random, 2_000, 0.995), Costs.Drawn(random, 20, 0.995));
            normal += test.Normal <= 0.001 ? 1 : 0;
            bound += test.Bound <= 0.001 ? 1 : 0;
        }

        normal.Should().BeGreaterThan(6, "2 of 2,000 are stated; that is why the bound decides");
        bound.Should().BeLessThanOrEqualTo(6);
    }
}

public sealed class Costs_that_have_gone_up
{
    [TestCase(0.0, 190)]
    [TestCase(0.2, 190)]
    public void by_thirty_percent_are_found_in_most_nights(double free, int atLeast)
    {
        var random = new Random(42);
        var found = 0;
        for (var night = 0; night < 200; night++)
        {
            List<CostSeries> series =
            [
                new("workflow", "same", Costs.Drawn(random, 5_000, free), Costs.Drawn(random, 200, free)),
                new("workflow", "dearer", Costs.Drawn(random, 5_000, free), Costs.Drawn(random, 200, free, 1.3)),
            ];
            found += CostDrift.Judge(series, [], 0, new(), $"{night}").Findings.Any(f => f.Value == "dearer") ? 1 : 0;
        }

        found.Should().BeGreaterThan(atLeast, "of 200 nights with 200 runs each");
    }

    [Test]
    public void since_fewer_of_them_are_free_are_found_too()
    {
        var random = new Random(43);
        var found = 0;
        for (var night = 0; night < 200; night++)
        {
            List<CostSeries> series = [new("workflow", "dearer", Costs.Drawn(random, 5_000, 0.4), Costs.Drawn(random, 200, 0.2))];
            found += CostDrift.Judge(series, [], 0, new(), $"{night}").Findings.IsEmpty ? 0 : 1;
        }

        found.Should().BeGreaterThan(190, "a third more runs cost something than before");
    }

    [Test]
    public void by_a_trifle_raise_no_alarm_however_many_there_are()
    {
        var before = new CostCounts { Values = new Dictionary<decimal, long> { [0.0100m] = 50_000_000 }.ToImmutableSortedDictionary(), N = 50_000_000, Total = 500_000m };
        var now = new CostCounts { Values = new Dictionary<decimal, long> { [0.0105m] = 2_000_000 }.ToImmutableSortedDictionary(), N = 2_000_000, Total = 21_000m };
        CostDrift.Compare(before, now).Bound.Should().BeLessThan(1e-9, "counts by value take millions as fast as tens");
        CostDrift.Judge([new("run", "*", before, now)], [], 0, new(), "night").Findings.Should().BeEmpty();
    }

    [Test]
    public void say_from_where_to_where_and_what_that_made_the_day_dearer()
    {
        var verdict = CostDrift.Judge([new("workflow", "faq", Costs.Of(Enumerable.Repeat(0.01m, 100)), Costs.Of(Enumerable.Repeat(0.02m, 50)))], [], 0, new(), "night");
        var finding = verdict.Findings.Should().ContainSingle().Subject;
        (finding.Before, finding.Now, finding.Excess, finding.Effect).Should().Be((0.01m, 0.02m, 0.5m, 1.0));
        finding.PValue.Should().BeLessThanOrEqualTo(finding.Threshold);
        finding.Text.Should().Be("A run of the workflow 'faq' cost 0.02 USD, 0.01 USD before (+100 %); that made the day 0.5 USD dearer.");
    }

    [Test]
    public void in_a_day_are_found_where_the_history_is_long_enough()
    {
        var verdict = CostDrift.Judge([], [.. Enumerable.Range(0, 199).Select(i => 1m + (i / 1000m))], 2m, new(), "night");
        verdict.Findings.Should().ContainSingle().Which.Test.Should().Be("conformal-rank");
        CostDrift.Judge([], [.. Enumerable.Range(0, 198).Select(i => 1m)], 2m, new(), "night").NotTested.Should().ContainSingle().Which.Should().Contain("199 are needed");
    }
}

public sealed class Costs_that_cannot_be_told_apart
{
    [Test]
    public void give_no_alarm_when_all_are_equal()
    {
        CostDrift.Compare(Costs.Of(Enumerable.Repeat(0m, 100)), Costs.Of(Enumerable.Repeat(0m, 100))).Should().Be(new RankSum(0.5, 0, 1, 1));
    }

    [Test]
    public void give_no_alarm_when_there_are_few_and_say_so()
    {
        var verdict = CostDrift.Judge([new("model", "m", Costs.Of(Enumerable.Repeat(1m, 59)), Costs.Of(Enumerable.Repeat(9m, 19)))], [], 0, new(), "night");
        (verdict.Tested, verdict.Findings.Length).Should().Be((0, 0));
        verdict.NotTested.Should().HaveCount(2);
    }

    [Test]
    public void give_no_alarm_when_they_are_lower() =>
        CostDrift.Compare(Costs.Of(Enumerable.Repeat(2m, 100)), Costs.Of(Enumerable.Repeat(1m, 100))).Bound.Should().Be(1);

    [Test]
    public void have_a_bound_that_is_never_below_the_exact_p_value()
    {
        // All three of today above all six before: one of 84 drawings.
        var test = CostDrift.Compare(Costs.Of([1m, 2m, 3m, 4m, 5m, 6m]), Costs.Of([7m, 8m, 9m]));
        test.Auc.Should().Be(1);
        test.Bound.Should().BeInRange(1 / 84.0, 0.2);
    }

    [TestCase("1 2 3 4 5 6", "7 8 9", 1, TestName = "have_the_p_value_of_all_drawings: 1 of 84")]
    [TestCase("1 2 3 4 5 7", "6 8 9", 2, TestName = "have_the_p_value_of_all_drawings: 2 of 84")]
    [TestCase("1 2 3", "4 5 6 7 8 9", 1, TestName = "have_the_p_value_of_all_drawings: 1 of 84, with the history the shorter")]
    [TestCase("0 0 0 0 0 0 1", "0 1", 15 * 84 / 36, TestName = "have_the_p_value_of_all_drawings: ties, 15 of 36")]
    public void have_the_p_value_of_all_drawings(string before, string now, int of84)
    {
        // 15 of 36: both dear ones (1 drawing), or one of them and one of seven free ones (14).
        var p = RankSumPermutation.PValue(Read(before), Read(now), 0.0001, 7)!.Value;
        p.Should().BeApproximately(of84 / 84.0, 4 * Math.Sqrt(1 / 20.0) * of84 / 84.0, "that many samples as high are waited for");
        p.Should().Be(RankSumPermutation.PValue(Read(before), Read(now), 0.0001, 7), "a seed gives the same for ever");

        static CostCounts Read(string costs) => Costs.Of(costs.Split(' ').Select(c => decimal.Parse(c, System.Globalization.CultureInfo.InvariantCulture)));
    }

    [Test]
    public void are_held_against_the_bound_where_too_many_would_have_to_be_drawn()
    {
        CostCounts Many(decimal cost, int n) => new() { Values = new Dictionary<decimal, long> { [cost] = n, [cost * 2] = n }.ToImmutableSortedDictionary(), N = 2L * n, Total = 3 * cost * n };
        RankSumPermutation.PValue(Many(0.01m, 1_000_001), Many(0.01m, 100), 0.01, 7).Should().BeNull();
        var (before, now) = (Many(0.01m, 1_000_001), Many(0.012m, 100));
        CostDrift.PValue(before, now, 0.01, 7).Should().BeApproximately(CostDrift.Compare(before, now).Bound / 0.01, 1e-66, "it is far below what any drawing gives, and has a hundredth of the error");
        CostDrift.PValue(before, Many(0.01m, 100), 0.01, 7).Should().Be(1);
    }
}

public sealed class Counts_of_costs
{
    [Test]
    public void stay_exact_as_long_as_there_are_few_amounts()
    {
        var counts = Costs.Of([0.1m, 0.10m, 0.25m, 0m]);
        (counts.Digits, counts.N, counts.Total, counts.Values[0.1m]).Should().Be((0, 4L, 0.45m, 2L));
        (counts.Quantile(0.5), counts.Quantile(1), counts.Quantile(0)).Should().Be((0.1m, 0.25m, 0m));
    }

    [Test]
    public void are_cut_as_all_together_would_be_however_they_are_divided()
    {
        // 900 amounts before and 900 of the day: neither is cut alone, both together are.
        var amounts = Enumerable.Range(0, 1_800).Select(i => 0.001m + (i * 0.000001m)).ToList();
        var test = CostDrift.Compare(Costs.Of(amounts.Where((_, i) => i % 2 == 0)), Costs.Of(amounts.Where((_, i) => i % 2 == 1)));
        test.Auc.Should().Be(0.5, "neighbours fall on one amount");
    }

    [Test]
    public void come_out_the_same_in_any_order_when_there_are_many_amounts()
    {
        var random = new Random(5);
        List<decimal> costs = [.. Enumerable.Range(0, 5_000).Select(_ => (decimal)Math.Exp(random.NextDouble() * -12))];
        var whole = Costs.Of(costs);
        var back = Costs.Of(Enumerable.Reverse(costs));
        whole.Values.Count.Should().BeLessThanOrEqualTo(CostCounts.MaxValues);
        whole.Digits.Should().BePositive();
        back.Should().BeEquivalentTo(whole);
        Costs.Of(costs.Take(2_000)).Add(Costs.Of(costs.Skip(2_000))).Should().BeEquivalentTo(whole);
        whole.Total.Should().Be(costs.Sum());
    }
}

public sealed class A_cost_report
{
    private static readonly DateTimeOffset Day = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);

    private static CostDay Runs(int daysAgo, string tier, int runs, decimal each, int answered) => new()
    {
        Tenant = "acme",
        Kind = "workflow",
        Value = "faq",
        Day = Day.AddDays(-daysAgo),
        Costs = Costs.Of(Enumerable.Repeat(each, runs)),
        Tiers = ImmutableSortedDictionary<string, TierCosts>.Empty.Add(tier, new(runs, answered, runs - answered, 0, 0, each * runs)),
        Tokens = new(200_000, 0, 0, 1_000, 0),
    };

    private static CostReportMade Make(params IEnumerable<CostDay> days) => CostReporting.Make(Day, [.. days], [new("daily", 8, 10, Day, Day.AddDays(1))], new(), Day.AddHours(12));

    [Test]
    public void names_what_has_gone_up_and_what_to_do_with_numbers()
    {
        var report = Make(Runs(3, "SLM_B", 100, 0.001m, 90), Runs(2, "LLM", 100, 0.01m, 91), Runs(0, "LLM", 60, 0.03m, 54), new() { Tenant = "acme", Kind = "day", Value = "*", Day = Day, Costs = Costs.Of([1.8m]), Retries = 3, RetryCost = 0.2m });
        report.Total.Should().Be(1.8m);
        report.Findings.Should().ContainSingle().Which.Value.Should().Be("faq");
        report.Drivers.Should().ContainSingle().Which.Should().Be(new CostDriver("workflow", "faq", 1.8m, 1, 60));
        report.Recommendations.Select(r => r.Code).Should().Equal("cheaper-tier", "no-cache-reads", "retries", "budget-runs-out");
        report.Recommendations[0].Saving.Should().Be(2.8m - 0.16m);
        report.Recommendations[3].Text.Should().Contain("will be spent by 2026-03-01 15:00 UTC");
    }

    [Test]
    public void is_made_once() =>
        CostReport.Initial.Evolve(Make()).Make(new("acme", Make())).Events.Should().BeEmpty();
}
