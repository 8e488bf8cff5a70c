using System.Text.Json;
using AIaaS.Domain.Agents;
using AIaaS.EventStore;
using AIaaS.Projections.Tenants;
using AIaaS.Projections.Tests.Engine;
using FsCheck;
using FsCheck.Fluent;

namespace AIaaS.Projections.Tests.Models;

public sealed class The_KPIs_of_a_tenant : ReadModelFixture
{
    private readonly TenantKpisHourlyProjection hourly = new();
    private readonly TenantKpisDailyProjection daily = new();

    protected override async Task Given()
    {
        // Start is half a minute before a full hour.
        await World.AppendAsync("agentRun-acme_1", World.Requested("1"), World.Completed(ms: 10));
        await World.AppendAsync("agentRun-acme_2", World.Completed(RunOutcome.HandedOff, ms: 20, tier: null));
        await World.AppendAsync("agentRun-acme_3", World.Completed(ms: 30, at: World.Start.AddMinutes(1), tier: Tier.LLM));
        await World.AppendAsync("agentRun-acme_4", World.Completed(ms: 9_999, forked: true));
        await World.AppendAsync("agentRun-other_5", World.Completed(RunOutcome.Cut));
        await World.AppendAsync("agentRun-acme_6", World.Completed(RunOutcome.Failed, at: World.Start.ToOffset(TimeSpan.FromHours(5)).AddHours(20)));
        await World.CaughtUpAsync(World.Run(hourly));
        await World.CaughtUpAsync(World.Run(daily));
    }

    [Test]
    public async Task lie_in_the_hour_of_the_runs_end_in_UTC() =>
        (await World.AllAsync(hourly.Name)).Keys.Should().Equal("acme:2026-01-31T09", "acme:2026-01-31T10", "acme:2026-02-01T05", "other:2026-01-31T09");

    [Test]
    public async Task lie_in_the_day_of_the_runs_end_in_UTC() =>
        (await World.AllAsync(daily.Name)).Keys.Should().Equal("acme:2026-01-31", "acme:2026-02-01", "other:2026-01-31");

    [Test]
    public async Task count_runs_by_outcome_without_forks() =>
        (await World.ReadAsync(hourly, "acme:2026-01-31T09")).Should().BeEquivalentTo(new { Runs = 2, Answered = 1, HandedOff = 1, Cut = 0, Failed = 0, ModelCalls = 2 });

    [Test]
    public async Task add_up_tokens_by_class_and_cost()
    {
        var kpis = (await World.ReadAsync(hourly, "acme:2026-01-31T09"))!;
        kpis.Tokens.Should().Be(new TokenUsage(824, 2, 4, 116, 6));
        kpis.Cost.Should().Equal(new Dictionary<string, decimal> { ["USD"] = 0.0004m });
    }

    [Test]
    public async Task show_the_tiers_and_workflows()
    {
        var kpis = (await World.ReadAsync(daily, "acme:2026-01-31"))!;
        kpis.Tiers.Should().Equal(new Dictionary<string, long> { ["LLM"] = 1, ["SLM_A"] = 1, ["none"] = 1 });
        kpis.Workflows.Should().Equal(new Dictionary<string, WorkflowKpis> { ["faq_handling"] = new(3, 2) });
        kpis.SuccessRate().Should().BeApproximately(2 / 3.0, 1e-9);
    }

    [Test]
    public async Task give_latencies_within_one_percent() =>
        (await World.ReadAsync(daily, "acme:2026-01-31"))!.Latency.Quantile(0.5).Should().BeApproximately(20, 0.2);

    [Test]
    public async Task are_equal_to_a_fold_of_the_log()
    {
        (await KpiFold.DifferencesAsync(World.Log, World.Types, World.Store, hourly)).Should().BeEmpty();
        (await KpiFold.DifferencesAsync(World.Log, World.Types, World.Store, daily)).Should().BeEmpty();
    }

    [Test]
    public async Task that_are_wrong_are_told_from_a_fold_of_the_log()
    {
        var wrong = (await World.ReadAsync(daily, "acme:2026-01-31"))! with { Runs = 4 };
        var collection = (await World.Store.GetActiveAsync(daily.Name))!;
        await World.Store.WriteAsync(
            collection,
            [new("acme:2026-01-31", JsonSerializer.SerializeToUtf8Bytes(wrong, daily.Json), new(1 << 20)), new("other:2026-01-31", null, new(1 << 20))],
            LogPosition.Start);
        (await KpiFold.DifferencesAsync(World.Log, World.Types, World.Store, daily)).Should().HaveCount(2)
            .And.Contain(d => d.StartsWith("acme:2026-01-31: the read model says")).And.Contain(d => d.StartsWith("other:2026-01-31: in the log, not"));
    }
}

public sealed class KPIs_of_any_runs
{
    private static readonly Gen<RunCompleted[]> Runs =
        from runs in
            (from outcome in Gen.Elements(Enum.GetValues<RunOutcome>())
             from tier in Gen.Elements<Tier?>(null, Tier.SLM_A, Tier.SLM_B, Tier.LLM)
             from ms in Gen.Choose(0, 60_000)
             from minutes in Gen.Choose(0, 59)
             select World.Completed(outcome, ms / 7.0, World.Start.AddHours(-1).AddMinutes(minutes), tier)).ListOf()
        select runs.ToArray();

    [Test]
    public void are_the_same_in_any_order_and_in_any_parts() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(Soak.Count(200, full: 5_000)),
        Prop.ForAll(Runs.ToArbitrary(), Gen.Choose(0, 1_000).ToArbitrary(), (runs, cut) =>
        {
            var parts = runs.Length == 0 ? 0 : cut % runs.Length;
            var shuffled = (RunCompleted[])runs.Clone();
            new Random(cut).Shuffle(shuffled);
            var whole = Text(Of(runs));
            return Text(Of(shuffled)) == whole && Text(Of(runs[..parts]).Merge(Of(runs[parts..]))) == whole;
        }));

    private static TenantKpis Of(RunCompleted[] runs)
    {
        var builder = new TenantKpis.Builder(new() { Tenant = "acme", From = World.Start, To = World.Start.AddHours(1) });
        foreach (var run in runs)
        {
            builder.Add(run);
        }

        return builder.Build();
    }

    private static string Text(TenantKpis kpis) => JsonSerializer.Serialize(kpis, Documents.Default.TenantKpis);
}
