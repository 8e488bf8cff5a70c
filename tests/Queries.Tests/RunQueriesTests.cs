using AIaaS.Domain.Agents;
using AIaaS.EventStore;
using AIaaS.Projections;
using AIaaS.Projections.Agents;
using AIaaS.Queries;
using AIaaS.Queries.Agents;

namespace Queries.Tests;

public sealed class The_runs_of_a_tenant : QueryFixture
{
    protected override async Task Given()
    {
        await AppendAsync("agentRun-acme_r1", Requested("r1", 1), Completed(2, cost: 0.009m));
        await AppendAsync("agentRun-acme_r2", Requested("r2", 3, "c2"), Completed(4, RunOutcome.HandedOff, cost: 0.01m));
        await AppendAsync("agentRun-acme_r3", Requested("r3", 5));
        await AppendAsync("agentRun-other_r9", Requested("r9", 6), Completed(7));
    }

    private async Task<string[]> List(RunFilter filter, PageRequest? page = null, string tenant = "acme")
    {
        var found = await Get<RunQueries>().ListAsync(tenant, filter, page ?? new(), Now);
        found.Status.Should().Be(QueryStatus.Found);
        return [.. found.Value!.Items.Select(r => r.Run)];
    }

    [Test]
    public async Task come_newest_first() => (await List(new())).Should().Equal("r3", "r2", "r1");

    [Test]
    public async Task are_never_those_of_another_tenant()
    {
        (await List(new(), tenant: "other")).Should().Equal("r9");
        (await List(new(), tenant: "nobody")).Should().BeEmpty();
        (await Get<RunQueries>().GetAsync("acme", "r9", Now)).Status.Should().Be(QueryStatus.NotFound);
        (await Get<RunQueries>().GetAsync("other", "r9", Now)).Value!.Tenant.Should().Be("other");
        (await Get<EpisodeQueries>().GetTimelineAsync("acme", "r9", Now)).Status.Should().Be(QueryStatus.NotFound);
    }

    [Test]
    public async Task can_be_filtered()
    {
        (await List(new() { Status = RunStatus.Open })).Should().Equal("r3");
        (await List(new() { Status = RunStatus.Completed })).Should().Equal("r2", "r1");
        (await List(new() { Outcome = RunOutcome.HandedOff })).Should().Equal("r2");
        (await List(new() { Conversation = "c1" })).Should().Equal("r3", "r1");
        (await List(new() { Tier = Tier.SLM_A })).Should().Equal("r2", "r1");
        (await List(new() { Tier = Tier.LLM })).Should().BeEmpty();
        (await List(new() { From = Start.AddSeconds(3), To = Start.AddSeconds(5) })).Should().Equal("r2");
        (await List(new() { Forked = true })).Should().BeEmpty();
    }

    [TestCase("requestedAt", "r1,r2,r3")]
    [TestCase("cost", "r3,r1,r2")]
    [TestCase("-cost", "r2,r1,r3")]
    public async Task can_be_sorted(string sort, string runs) => (await List(new(), new() { Sort = sort })).Should().Equal(runs.Split(','));

    [Test]
    public async Task come_page_by_page()
    {
        var first = (await Get<RunQueries>().ListAsync("acme", new(), new() { Limit = 2 }, Now)).Value!;
        first.Items.Select(r => r.Run).Should().Equal("r3", "r2");
        (await List(new(), new() { Limit = 2, Cursor = first.NextCursor })).Should().Equal("r1");
    }

    [Test]
    public async Task refuse_a_cursor_of_another_tenant()
    {
        var first = (await Get<RunQueries>().ListAsync("acme", new(), new() { Limit = 1 }, Now)).Value!;
        await FluentActions.Awaiting(() => List(new(), new() { Limit = 1, Cursor = first.NextCursor }, "other")).Should().ThrowAsync<InvalidQueryException>();
    }

    [Test]
    public async Task refuse_a_sort_order_that_there_is_not() =>
        await FluentActions.Awaiting(() => List(new(), new() { Sort = "answer" })).Should().ThrowAsync<InvalidQueryException>().WithMessage("*'answer'*requestedAt*");

    [Test]
    public async Task are_behind_when_the_position_does_not_come()
    {
        var found = await Get<RunQueries>().GetAsync("acme", "r1", new(new(Now.Min.Value + 1_000_000), TimeSpan.FromMilliseconds(20)));
        found.Should().BeEquivalentTo(new { Status = QueryStatus.Behind, Value = (RunDocument?)null, RetryAfter = TimeSpan.FromSeconds(1) });
    }

    [Test]
    public async Task have_timelines() =>
        (await Get<EpisodeQueries>().GetTimelineAsync("acme", "r1", Now)).Value!.Entries.Select(e => e.Type).Should().Equal("agent.run.requested", "agent.run.completed");

    [Test]
    public async Task of_an_id_that_is_too_long_are_not_found() =>
        (await Get<RunQueries>().GetAsync("acme", new string('x', 300), Now)).Status.Should().Be(QueryStatus.NotFound);

    [Test]
    public void are_registered_with_all_other_read_models() =>
        Get<IEnumerable<IProjectionSubscription>>().Select(s => s.Model).Should().BeEquivalentTo(
            "Runs", "RunTimeline", "Conversations", "Articles", "Orders", "Products", "Customers", "Payments", "Leads", "Complaints", "Handoffs", "UsageSlots", "Invoices", "BillingNotes", "BillingDisputes", "BillingAccounts", "Budgets", "BudgetPeriods", "BudgetAlerts", "CostHistory", "CostReports",
            "Sagas", "DeadLetters", "SideEffects", "TenantKpisHourly", "TenantKpisDaily");
}
