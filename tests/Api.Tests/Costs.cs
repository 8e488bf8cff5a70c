using System.Net;
using AIaaS.Api.Budgets;
using AIaaS.Api.Hosting;
using AIaaS.Domain;
using AIaaS.Domain.Agents;
using AIaaS.Domain.Budgets;
using AIaaS.EventStore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace AIaaS.Api.Tests;

/// <summary>Costs and their reports over HTTP.</summary>
public sealed class Costs : ApiTest
{
    private static readonly DateTimeOffset Day = new(2026, 1, 10, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Runs that completed on a day, as the log has them.</summary>
    private static async Task<string> RunsAsync(Tenant tenant, DateTimeOffset day, string workflow, int runs, decimal each)
    {
        var services = RunningApi.Host.App.Services;
        var (log, types, ids) = (services.GetRequiredService<IEventStore>(), services.GetRequiredService<EventTypes>(), services.GetRequiredService<IdSource>());
        var position = LogPosition.Start;
        for (var i = 0; i < runs; i++)
        {
            var run = new RunCompleted(RunOutcome.Answered, "answered", "Yes.", [], workflow, Tier.SLM_A, 5, 1, new(10, 0, 0, 5, 0), Money.Usd(each), 5, false, day.AddMinutes(i));
            position = (await log.AppendAsync(StreamName.For("agentRun", tenant.Id, ids.NewId().ToString("N")), ExpectedVersion.NoStream, [types.Write(ids.NewId(), run, new EventMetadata { Tenant = tenant.Id })])).Position;
        }

        return position.ToString();
    }

    [Test]
    public async Task are_shown_by_workflow_and_day_as_JSON_and_CSV_to_their_tenant_alone()
    {
        var (tenant, other) = (await NewTenantAsync(), await NewTenantAsync());
        await RunsAsync(tenant, Day, "faq", 2, 0.25m);
        await RunsAsync(tenant, Day.AddDays(1), "a, \"b\"", 1, 2m);
        var token = await RunsAsync(other, Day, "faq", 1, 100m);
        var period = $"from=2026-01-10T00:00:00Z&to=2026-01-12T00:00:00Z&min-position={token}";

        var table = await GetAsync($"/v1/costs?by=workflow&{period}", tenant.Key);
        table.Status.Should().Be(HttpStatusCode.OK, table.Text);
        table.Body!["rows"]!.AsArray().Select(r => (r!["value"]!.GetValue<string>(), r["count"]!.GetValue<long>(), r["total"]!.GetValue<decimal>(), r["mean"]!.GetValue<decimal>(), r["most"]!.GetValue<decimal>()))
            .Should().Equal(("a, \"b\"", 1, 2m, 2m, 2m), ("faq", 2, 0.5m, 0.25m, 0.25m));
        var csv = await CallAsync(HttpMethod.Get, $"/v1/costs?by=workflow&{period}", tenant.Key, headers: ("Accept", "text/csv"));
        csv.MediaType.Should().Be("text/csv");
        csv.Text.Should().Be("value,count,total,mean,p50,p95,most\r\n\"a, \"\"b\"\"\",1,2,2,2,2,2\r\nfaq,2,0.5,0.25,0.25,0.25,0.25\r\n");
        (await GetAsync($"/v1/costs?by=run&format=csv&{period}", tenant.Key)).Text.Should().Be("value,count,total,mean,p50,p95,most\r\n2026-01-10,2,0.5,0.25,0.25,0.25,0.25\r\n2026-01-11,1,2,2,2,2,2\r\n");
        (await GetAsync($"/v1/costs?by=run&{period}", other.Key)).Body!["rows"]!.AsArray().Should().ContainSingle().Which!["total"]!.GetValue<decimal>().Should().Be(100m);
    }

    [Test]
    public async Task are_those_that_the_run_names()
    {
        var tenant = await NewTenantAsync();
        var answered = await AskAsync(tenant);
        var cost = (await GetAsync($"/v1/runs/{answered.Run}?min-position={answered.Token}", tenant.Key)).Body!["cost"]!["amount"]!.GetValue<decimal>();
        cost.Should().BePositive();
        (await GetAsync($"/v1/costs?by=run&min-position={answered.Token}", tenant.Key)).Body!["rows"]!.AsArray().Should().ContainSingle().Which!["total"]!.GetValue<decimal>().Should().Be(cost);
    }

    [TestCase("by=colour", "by")]
    [TestCase("from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z", "from")]
    [TestCase("from=2020-01-01T00:00:00Z&to=2026-01-01T00:00:00Z", "from")]
    [TestCase("from=yesterday", "from")]
    [TestCase("format=xml", "format")]
    public async Task that_cannot_be_asked_for_are_refused_by_name(string query, string named)
    {
        var tenant = await NewTenantAsync();
        (await GetAsync("/v1/costs?" + query, tenant.Key)).ShouldBeProblem(400, "invalid-parameter").Pointers.Should().Equal("?" + named);
    }

    [Test]
    public async Task are_reported_on_once_and_the_report_is_its_tenants()
    {
        var (tenant, other) = (await NewTenantAsync(), await NewTenantAsync());
        await RunsAsync(tenant, Day.AddDays(-1), "faq", 60, 0.01m);
        await RunsAsync(tenant, Day, "faq", 30, 0.02m);
        var made = await PostAsync("/v1/cost-reports", tenant.Key, """{ "date": "2026-01-10" }""");
        made.Status.Should().Be(HttpStatusCode.OK, made.Text);
        made.Text.Should().Be("""{"date":"2026-01-10","made":true,"alarms":2}""");
        var again = await PostAsync("/v1/cost-reports", tenant.Key, """{ "date": "2026-01-10" }""");
        again.Text.Should().Be("""{"date":"2026-01-10","made":false,"alarms":2}""");

        var shown = await GetAsync($"/v1/cost-reports/2026-01-10?min-position={again.Header("Consistency-Token")}", tenant.Key);
        shown.Body!["report"]!["findings"]!.AsArray().Select(f => (f!["kind"]!.GetValue<string>(), f["value"]!.GetValue<string>(), f["effect"]!.GetValue<double>(), f["excess"]!.GetValue<decimal>()))
            .Should().Equal(("run", "*", 1, 0.3m), ("workflow", "faq", 1, 0.3m));
        (await GetAsync("/v1/cost-reports", tenant.Key)).Body!["items"]!.AsArray().Should().ContainSingle().Which!["date"]!.GetValue<string>().Should().Be("2026-01-10");
        (await GetAsync("/v1/cost-reports/2026-01-10", other.Key)).ShouldBeProblem(404, "not-found");
        (await GetAsync("/v1/cost-reports", other.Key)).Body!["items"]!.AsArray().Should().BeEmpty();
    }

    [Test]
    public async Task are_not_reported_on_for_a_day_that_is_not_over_or_is_none()
    {
        var tenant = await NewTenantAsync();
        var today = TimeProvider.System.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture);
        (await PostAsync("/v1/cost-reports", tenant.Key, $$"""{ "date": "{{today}}" }""")).ShouldBeProblem(422, "day-not-over");
        (await PostAsync("/v1/cost-reports", tenant.Key, """{ "date": "2026-02-30" }""")).ShouldBeProblem(400, "invalid-parameter");
        (await PostAsync("/v1/cost-reports", tenant.Key, """{ "date": "2026-01-10", "tenant": "somebody-else" }""")).Status.Should().Be(HttpStatusCode.Forbidden);
    }

    [Test]
    public async Task are_read_with_one_permission_and_reported_on_with_one_that_writes()
    {
        var tenant = await NewTenantAsync("kpis:read");
        (await GetAsync("/v1/costs", tenant.Key)).Status.Should().Be(HttpStatusCode.OK);
        (await GetAsync("/v1/cost-reports", tenant.Key)).Status.Should().Be(HttpStatusCode.OK);
        (await PostAsync("/v1/cost-reports", tenant.Key, "{}")).ShouldBeProblem(403, "missing-scope");
        (await GetAsync("/v1/safe-mode", tenant.Key)).ShouldBeProblem(403, "missing-scope");
        var writer = await NewKeyAsync(tenant.Id, "budgets:write");
        (await PostAsync("/v1/cost-reports", writer, "{}")).Status.Should().Be(HttpStatusCode.OK);
        (await GetAsync("/v1/costs", writer)).ShouldBeProblem(403, "missing-scope");
        (await GetAsync("/v1/cost-reports", null)).Status.Should().Be(HttpStatusCode.Unauthorized);
    }

    [Test]
    public async Task hold_no_runs_back_where_no_budget_runs_low()
    {
        var tenant = await NewTenantAsync("budgets:read");
        (await GetAsync("/v1/safe-mode", tenant.Key)).Text.Should().Be("""{"on":false,"budgets":[]}""");
    }
}

public sealed class The_settings_of_the_cost_guard
{
    private static CostGuardOptions Read(params (string Name, string Value)[] settings) =>
        CostGuardSettings.Read(new ConfigurationBuilder().AddInMemoryCollection(settings.ToDictionary(s => "CostGuard:" + s.Name, s => (string?)s.Value)).Build());

    [Test]
    public void are_the_defaults_where_none_are_given() => Read().Should().Be(new CostGuardOptions());

    [Test]
    public void are_read_by_their_names()
    {
        Read(("Alpha", "0.05"), ("HistoryDays", "14"), ("DayHistory", "200"), ("LeastNow", "10"), ("LeastBefore", "30"), ("leasteffect", "0.25"), ("LeastExcess", "1.5"), ("LeastRunsPerTier", "5"))
            .Should().Be(new CostGuardOptions { Alpha = 0.05, HistoryDays = 14, DayHistory = 200, LeastNow = 10, LeastBefore = 30, LeastEffect = 0.25, LeastExcess = 1.5m, LeastRunsPerTier = 5 });
    }

    [Test]
    public void reach_the_program() => RunningApi.Host.App.Services.GetRequiredService<CostGuardOptions>().Should().Be(new CostGuardOptions());

    [TestCase("Alpha", "0", "CostGuard__Alpha=0 is not a number from 0.0001 to 0.2.")]
    [TestCase("Alpha", "1", "CostGuard__Alpha=1 is not*")]
    [TestCase("Alpha", "NaN", "CostGuard__Alpha=NaN is not*")]
    [TestCase("HistoryDays", "0", "CostGuard__HistoryDays=0 is not a number from 1 to 365.")]
    [TestCase("HistoryDays", "7.5", "CostGuard__HistoryDays=7.5 is not a whole number from 1 to 365.")]
    [TestCase("HistoryDays", "a week", "CostGuard__HistoryDays=a week is not*")]
    [TestCase("DayHistory", "27", "CostGuard__DayHistory=27 is not a number from 28 to 2000.")]
    [TestCase("LeastNow", "1", "CostGuard__LeastNow=1 is not*")]
    [TestCase("LeastBefore", "-5", "CostGuard__LeastBefore=-5 is not*")]
    [TestCase("LeastEffect", "-0.1", "CostGuard__LeastEffect=-0.1 is not*")]
    [TestCase("LeastExcess", "1,5", "CostGuard__LeastExcess=1,5 is not*")]
    [TestCase("LeastRunsPerTier", "0", "CostGuard__LeastRunsPerTier=0 is not*")]
    [TestCase("Alfa", "0.01", "CostGuard__Alfa is no setting.*Alpha, HistoryDays*")]
    public void that_cannot_be_used_stop_the_start_and_say_why(string name, string value, string said) =>
        FluentActions.Invoking(() => Read((name, value))).Should().Throw<StartupException>().WithMessage(said);
}
