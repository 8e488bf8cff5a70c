using AIaaS.Domain.Agents;
using AIaaS.Projections;
using AIaaS.Projections.Tenants;
using AIaaS.Queries;
using AIaaS.Queries.Tenants;

namespace Queries.Tests;

public sealed class The_KPIs_of_a_range : QueryFixture
{
    private static readonly double[] Durations = [.. Enumerable.Range(1, 100).Select(i => i * 7.5)];

    protected override async Task Given()
    {
        for (var i = 0; i < Durations.Length; i++)
        {
            // One run every 100 seconds: 36 an hour, from 09:00 on.
            await AppendAsync($"agentRun-acme_r{i}", Completed(i * 100, i % 4 == 0 ? RunOutcome.HandedOff : RunOutcome.Answered, Durations[i]));
        }

        await AppendAsync("agentRun-other_r1", Completed(0, ms: 1_000_000));
    }

    private async Task<KpiReport> Report(DateTimeOffset from, DateTimeOffset to, KpiGranularity granularity = KpiGranularity.Hour, string tenant = "acme") =>
        (await Get<KpiQueries>().GetAsync(tenant, from, to, granularity, Now)).Value!;

    [Test]
    public async Task are_the_sum_of_its_hours()
    {
        var report = await Report(Start, Start.AddHours(3));
        report.Series.Select(s => (s.From, s.Runs)).Should().Equal((Start, 36L), (Start.AddHours(1), 36L), (Start.AddHours(2), 28L));
        report.Total.Should().BeEquivalentTo(new { Runs = 100, SuccessRate = 0.75, ModelCalls = 100, Tokens = new TokenUsage(1_000, 0, 0, 500, 0) });
        report.Total.Outcomes.Should().Contain("Answered", 75L).And.Contain("HandedOff", 25L);
        report.Total.Cost.Should().Contain("USD", 0.1m);
    }

    [TestCase(0, 3)]
    [TestCase(1, 2)]
    [TestCase(1, 3)]
    public async Task give_percentiles_of_all_its_runs(int fromHour, int toHour)
    {
        var latency = (await Report(Start.AddHours(fromHour), Start.AddHours(toHour))).Total.LatencyMs!;
        var exact = Durations.Where((_, i) => i * 100 >= fromHour * 3600 && i * 100 < toHour * 3600).Order().ToArray();
        foreach (var (q, actual) in new[] { (0.5, latency.P50), (0.9, latency.P90), (0.95, latency.P95), (0.99, latency.P99) })
        {
            var expected = exact[(int)Math.Floor(q * (exact.Length - 1))];
            actual.Should().BeApproximately(expected, expected * 0.0101);
        }
    }

    [Test]
    public async Task widen_its_ends_to_full_hours() =>
        (await Report(Start.AddMinutes(30), Start.AddMinutes(61))).Total.Should().BeEquivalentTo(new { From = Start, To = Start.AddHours(2), Runs = 72 });

    [Test]
    public async Task by_day_are_the_same_in_total()
    {
        var report = await Report(Start, Start.AddHours(3), KpiGranularity.Day);
        report.Series.Should().ContainSingle();
        report.Total.Runs.Should().Be(100);
    }

    [Test]
    public async Task without_a_run_are_empty()
    {
        var report = await Report(Start.AddDays(-3), Start.AddDays(-2));
        report.Series.Should().BeEmpty();
        report.Total.Should().BeEquivalentTo(new { Runs = 0, SuccessRate = (double?)null, LatencyMs = (LatencyPercentiles?)null });
    }

    [Test]
    public async Task are_never_those_of_another_tenant() =>
        (await Report(Start, Start.AddHours(3), tenant: "other")).Total.Runs.Should().Be(1);

    [Test]
    public async Task refuse_a_range_that_ends_before_it_begins() =>
        await FluentActions.Awaiting(() => Report(Start, Start)).Should().ThrowAsync<InvalidQueryException>().WithMessage("*ends*before it begins*");

    [Test]
    public async Task refuse_a_range_that_is_too_long() =>
        await FluentActions.Awaiting(() => Report(Start, Start.AddYears(3))).Should().ThrowAsync<InvalidQueryException>().WithMessage("*by day*");

    [Test]
    public async Task are_behind_when_the_position_does_not_come() =>
        (await Get<KpiQueries>().GetAsync("acme", Start, Start.AddHours(1), KpiGranularity.Hour, new(new(Now.Min.Value + 1_000_000), TimeSpan.FromMilliseconds(20)))).Status.Should().Be(QueryStatus.Behind);
}
