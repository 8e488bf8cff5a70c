using System.Collections.Immutable;
using System.Text.Json;
using AIaaS.Domain;
using AIaaS.Domain.Agents;
using AIaaS.Domain.Budgets;
using AIaaS.Domain.Metering;
using AIaaS.EventStore;
using AIaaS.Projections;
using AIaaS.Projections.Budgets;
using AIaaS.Queries;
using AIaaS.Queries.Budgets;

namespace Queries.Tests;

/// <summary>Costs by day, run, workflow and model, against sums made by hand. All is on 30 and 31 January and 1 February 2026.</summary>
public sealed class CostQueriesTests : QueryFixture
{
    private static readonly DateTimeOffset January30 = new(2026, 1, 30, 0, 0, 0, TimeSpan.Zero);

    private int calls;

    protected override async Task Given()
    {
        calls = 0;
        await AppendAsync("agentRun-acme_1", Run(January30.AddHours(1), "faq", 0.010m));
        await AppendAsync("agentRun-acme_2", Run(January30.AddHours(23), "faq", 0.030m));
        // The last moment of the 30th, written in the time of Kathmandu, where it is the 31st.
        await AppendAsync("agentRun-acme_3", Run(January30.AddDays(1).AddTicks(-1).ToOffset(TimeSpan.FromMinutes(345)), "orders", 0.500m, RunOutcome.HandedOff, Tier.LLM));
        await AppendAsync("agentRun-acme_4", Run(January30.AddDays(1), "faq", 0.020m));
        await AppendAsync("agentRun-acme_5", Run(January30.AddDays(1), "faq", 9m) with { Forked = true });
        await AppendAsync("agentRun-acme_6", Run(January30.AddDays(1), "faq", 0) with { Cost = new(7m, "EUR") });
        await AppendAsync("agentRun-other_7", Run(January30.AddHours(2), "faq", 77m));
        await AppendAsync(
            UsageMetered.Stream("acme"),
            Call(January30.AddHours(1), "small", 0.004m, "answer/1/1"),
            Call(January30.AddHours(1), "small", 0.006m, "answer/1/2"),
            Call(January30.AddHours(5), "large", 0.500m, "check/1/1"),
            Call(January30.AddHours(6), null, 0.25m, "charge/1/3"),
            Call(January30.AddDays(2), "small", 0.002m, "answer/1/10"));
        // What a tenant sends itself is no cost of ours, whatever it names it.
        await AppendAsync(UsageMetered.Stream("acme"), Call(January30, "small", 1_000m, "a/1/1") with { Type = "their.call" });
        await AppendAsync(UsageMetered.Stream("other"), Call(January30, "small", 3m, "a/1/1"));
    }

    [Test]
    public async Task by_day_are_of_all_calls_also_of_tools()
    {
        var rows = await RowsAsync(CostGrouping.Day);
        rows.Should().Equal(
            new CostRow("2026-01-30", 4, 0.76m, 0.19m, 0.006m, 0.5m, 0.5m),
            new CostRow("2026-02-01", 1, 0.002m, 0.002m, 0.002m, 0.002m, 0.002m));
    }

    [Test]
    public async Task by_run_lie_on_the_day_in_UTC_that_the_run_ended_on_without_forks_and_other_currencies() =>
        (await RowsAsync(CostGrouping.Run)).Should().Equal(
            new CostRow("2026-01-30", 3, 0.54m, 0.18m, 0.03m, 0.5m, 0.5m),
            new CostRow("2026-01-31", 1, 0.02m, 0.02m, 0.02m, 0.02m, 0.02m));

    [Test]
    public async Task by_workflow_are_the_dearest_first() =>
        (await RowsAsync(CostGrouping.Workflow)).Should().Equal(
            new CostRow("orders", 1, 0.5m, 0.5m, 0.5m, 0.5m, 0.5m),
            new CostRow("faq", 3, 0.06m, 0.02m, 0.02m, 0.03m, 0.03m));

    [Test]
    public async Task by_model_leave_out_what_no_model_did() =>
        (await RowsAsync(CostGrouping.Model)).Should().Equal(
            new CostRow("large", 1, 0.5m, 0.5m, 0.5m, 0.5m, 0.5m),
            new CostRow("small", 3, 0.012m, 0.004m, 0.004m, 0.006m, 0.006m));

    [Test]
    public async Task are_those_of_the_days_that_were_asked_for()
    {
        (await RowsAsync(CostGrouping.Model, January30.AddDays(1), January30.AddDays(3))).Should().Equal(new CostRow("small", 1, 0.002m, 0.002m, 0.002m, 0.002m, 0.002m));
        (await RowsAsync(CostGrouping.Workflow, January30.AddDays(-5), January30)).Should().BeEmpty();
    }

    [Test]
    public async Task of_another_tenant_are_not_among_them()
    {
        (await RowsAsync(CostGrouping.Day, tenant: "other")).Should().Equal(new CostRow("2026-01-30", 1, 3m, 3m, 3m, 3m, 3m));
        (await RowsAsync(CostGrouping.Workflow, tenant: "other")).Should().Equal(new CostRow("faq", 1, 77m, 77m, 77m, 77m, 77m));
        (await RowsAsync(CostGrouping.Day, tenant: "acm")).Should().BeEmpty();
    }

    [Test]
    public async Task have_tenants_by_day()
    {
        var history = Get<ReadModel<CostDay>>();
        (await RowsAsync(CostGrouping.Day)).Should().NotBeEmpty("the history is up to date");
        (await history.TenantsAsync(January30)).Should().Equal("acme", "other");
        (await history.TenantsAsync(January30.AddDays(1))).Should().Equal("acme");
        (await history.TenantsAsync(January30.AddDays(5))).Should().BeEmpty();
    }

    [Test]
    public async Task tell_retries_tiers_and_tokens_for_the_report()
    {
        (await RowsAsync(CostGrouping.Day)).Should().NotBeEmpty("the history is up to date");
        var day = (await DaysAsync("day")).Single(d => d.Day == January30);
        // The second try of a model; a third one of a tool is none of a model's answers.
        (day.Retries, day.RetryCost).Should().Be((1L, 0.006m));
        (await DaysAsync("day")).Single(d => d.Day == January30.AddDays(2)).Should().Match<CostDay>(d => d.Retries == 1 && d.RetryCost == 0.002m, "the tenth try is one too");
        var workflows = (await DaysAsync("workflow")).Where(d => d.Day == January30).ToDictionary(d => d.Value);
        workflows["faq"].Tiers.Should().Equal(new Dictionary<string, TierCosts> { ["SLM_A"] = new(2, 2, 0, 0, 0, 0.04m) });
        workflows["orders"].Tiers.Should().Equal(new Dictionary<string, TierCosts> { ["LLM"] = new(1, 0, 1, 0, 0, 0.5m) });
        workflows["faq"].Tokens.Should().Be(new TokenUsage(20, 0, 0, 10, 0));
    }

    [Test]
    public async Task of_a_workflow_with_a_name_of_any_length_stand_on_their_own()
    {
        var (one, other) = (new string('w', 150), new string('w', 149) + "x");
        await AppendAsync("agentRun-acme_8", Run(January30.AddDays(9), one, 1m));
        await AppendAsync("agentRun-acme_9", Run(January30.AddDays(9), other, 2m));
        var table = await Get<CostQueries>().GetAsync("acme", CostGrouping.Workflow, January30.AddDays(9), January30.AddDays(10), new(await Log.GetHeadAsync(), TimeSpan.FromSeconds(20)));
        table.Value!.Rows.Select(r => (r.Value, r.Total)).Should().Equal((other, 2m), (one, 1m));
    }

    private async Task<ImmutableArray<CostRow>> RowsAsync(CostGrouping by, DateTimeOffset? from = null, DateTimeOffset? to = null, string tenant = "acme")
    {
        var table = (await Get<CostQueries>().GetAsync(tenant, by, from ?? January30.AddDays(-10), to ?? January30.AddDays(10), Now)).Value!;
        table.By.Should().Be(by);
        return table.Rows;
    }

    private async Task<List<CostDay>> DaysAsync(string kind)
    {
        List<CostDay> days = [];
        await foreach (var day in Get<ReadModel<CostDay>>().OfAsync("acme", kind, January30.AddDays(-10), January30.AddDays(10)))
        {
            days.Add(day);
        }

        return days;
    }

    private static RunCompleted Run(DateTimeOffset at, string workflow, decimal cost, RunOutcome outcome = RunOutcome.Answered, Tier tier = Tier.SLM_A) =>
        new(outcome, "answered", "Yes.", [], workflow, tier, 5, 1, new(10, 0, 0, 5, 0), Money.Usd(cost), 5, false, at);

    private UsageMetered Call(DateTimeOffset at, string? model, decimal cost, string call)
    {
        var dimensions = model is null ? null : ImmutableSortedDictionary<string, string>.Empty.Add("model", model);
        return new("/aiaas", "c" + ++calls, BuiltInMeters.Reserved + "call", null, at, JsonSerializer.SerializeToElement(new { call }), [new MeterReading(BuiltInMeters.Cost, cost) { Dimensions = dimensions }, new MeterReading("calls", 1) { Dimensions = dimensions }], at);
    }
}

/// <summary>Cost reports as they are shown.</summary>
public sealed class CostReportQueriesTests : QueryFixture
{
    protected override async Task Given()
    {
        foreach (var (tenant, date, alarms) in new[] { ("acme", "2026-01-29", 2), ("acme", "2026-01-30", 0), ("other", "2026-01-31", 1) })
        {
            var findings = Enumerable.Repeat(new CostFinding("workflow", "faq", 0.01m, 0.02m, 1, 0.5m, 100, 50, "rank-sum", 0.001, 0.01, "It has gone up."), alarms);
            await AppendAsync(CostReport.Stream(tenant, date), new CostReportMade(date, 1.5m, 1m, 28, 0.01, 3, [], [.. findings], [], [], Start));
        }
    }

    [Test]
    public async Task are_listed_newest_first_or_by_alarms_for_their_tenant_alone()
    {
        var queries = Get<CostQueries>();
        (await queries.ReportsAsync("acme", new(), Now)).Value!.Items.Select(r => (r.Date, r.Alarms)).Should().Equal(("2026-01-30", 0), ("2026-01-29", 2));
        (await queries.ReportsAsync("acme", new() { Sort = "-alarms" }, Now)).Value!.Items.Select(r => r.Date).Should().Equal("2026-01-29", "2026-01-30");
        (await queries.ReportsAsync("nobody", new(), Now)).Value!.Items.Should().BeEmpty();
    }

    [Test]
    public async Task are_shown_by_their_day_to_their_tenant()
    {
        var queries = Get<CostQueries>();
        (await queries.ReportAsync("acme", "2026-01-29", Now)).Value!.Report.Findings.Should().HaveCount(2).And.OnlyContain(f => f.Excess == 0.5m);
        (await queries.ReportAsync("acme", "2026-01-31", Now)).Value.Should().BeNull("that is another tenant's");
    }
}
