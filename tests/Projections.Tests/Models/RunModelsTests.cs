using AIaaS.Domain;
using AIaaS.Domain.Agents;
using AIaaS.Projections.Agents;
using AIaaS.Projections.Tests.Engine;

namespace AIaaS.Projections.Tests.Models;

public sealed class A_run_that_was_requested : ReadModelFixture
{
    private readonly RunsProjection runs = new();

    protected override async Task Given()
    {
        await World.AppendAsync("agentRun-acme_r1", World.Requested("r1"));
        await World.CaughtUpAsync(World.Run(runs));
    }

    [Test]
    public async Task is_shown_as_open() =>
        (await World.ReadAsync(runs, "acme:r1")).Should().BeEquivalentTo(new
        {
            Run = "r1",
            Tenant = "acme",
            Conversation = "c-r1",
            Question = "Can I return my tent?",
            Status = RunStatus.Open,
            Outcome = (RunOutcome?)null,
            Cost = (Money?)null,
            RequestedAt = World.Start,
        });
}

public sealed class A_run_that_completed : ReadModelFixture
{
    private readonly RunsProjection runs = new();

    protected override async Task Given()
    {
        await World.AppendAsync("agentRun-acme_r1", World.Requested("r1"), World.Completed(at: World.Start.AddSeconds(1)));
        await World.AppendAsync("agentRun-acme_r2", World.Requested("r2") with { Fork = new("r1", "answer", null, Tier.LLM, null) });
        await World.CaughtUpAsync(World.Run(runs));
    }

    [Test]
    public async Task is_shown_with_its_answer_and_its_totals() =>
        (await World.ReadAsync(runs, "acme:r1")).Should().BeEquivalentTo(new
        {
            Status = RunStatus.Completed,
            Outcome = RunOutcome.Answered,
            Reason = "answered",
            Answer = "You can send it back.",
            Tier = Tier.SLM_A,
            Tokens = new TokenUsage(412, 1, 2, 58, 3),
            Cost = Money.Usd(0.0002m),
            DurationMs = 5.0,
            RequestedAt = World.Start,
            CompletedAt = World.Start.AddSeconds(1),
            Question = "Can I return my tent?",
        });

    [Test]
    public async Task cites_what_it_rests_on() =>
        (await World.ReadAsync(runs, "acme:r1"))!.Citations.Should().Equal(new Citation("returns-policy", "Returns", "30 days"));

    [Test]
    public async Task has_its_fork_as_a_document_of_its_own() =>
        (await World.ReadAsync(runs, "acme:r2"))!.Fork.Should().Be(new ForkOrigin("r1", "answer", null, Tier.LLM, null));
}

public sealed class The_timeline_of_a_run : ReadModelFixture
{
    private RunTimelineDocument timeline = null!;

    protected override async Task Given()
    {
        var at = World.Start;
        await World.AppendAsync(
            "agentRun-acme_r1",
            World.Requested("r1"),
            new StepCompleted("start", "start", 1, "ok", "", "retrieve", at.AddMilliseconds(1)),
            new KnowledgeRetrieved("retrieve", "tent", [], 3, at.AddMilliseconds(3)),
            new StepCompleted("retrieve", "retrieve", 2, "ok", "", "answer", at.AddMilliseconds(4)),
            new ModelCallRequested("answer/1/1", "answer", 1, Tier.SLM_A, "offline-a", "{}", Money.Usd(0.01m), at.AddMilliseconds(5)),
            new ModelCallFailed("answer/1/1", "answer", "timed out", true, true, at.AddMilliseconds(25)),
            new ModelCallRequested("answer/1/2", "answer", 2, Tier.SLM_B, "offline-b", "{}", Money.Usd(0.01m), at.AddMilliseconds(30)),
            new ModelCallCompleted("answer/1/2", "answer", Tier.SLM_B, "offline-b", "{}", new(10, 0, 0, 5, 0), Money.Usd(0.001m), at.AddMilliseconds(37)),
            new StepCompleted("answer", "model", 3, "ok", "", "end", at.AddMilliseconds(38)),
            World.Completed(ms: 40, at: at.AddMilliseconds(40), tier: Tier.SLM_B));
        var projection = new RunTimelineProjection();
        await World.CaughtUpAsync(World.Run(projection));
        timeline = (await World.ReadAsync(projection, "acme:r1"))!;
    }

    [Test]
    public void has_an_entry_for_each_event_in_order() =>
        timeline.Entries.Select(e => (e.Version, e.Type)).Should().HaveCount(10).And.BeInAscendingOrder(e => e.Version).And.StartWith((0L, "agent.run.requested")).And.EndWith((9L, "agent.run.completed"));

    [Test]
    public void says_how_long_each_call_took() =>
        timeline.Entries.Where(e => e.Call is not null).Select(e => (e.Result, e.TookMs)).Should().Equal(("requested", null), ("unknown", 20.0), ("requested", null), ("completed", 7.0));

    [Test]
    public void says_how_long_each_step_took() =>
        timeline.Entries.Where(e => e.Node is "retrieve" or "model").Select(e => e.TookMs).Should().Equal(3.0, 34.0);

    [Test]
    public void carries_tokens_and_cost_of_calls_and_run()
    {
        timeline.Entries.Single(e => e.Result == "completed").Should().BeEquivalentTo(new { Tokens = new TokenUsage(10, 0, 0, 5, 0), Cost = Money.Usd(0.001m), Model = "offline-b" });
        timeline.Entries[^1].Should().BeEquivalentTo(new { Result = "Answered", Cost = Money.Usd(0.0002m), TookMs = 40.0, SinceRequestMs = 40.0 });
    }

    [Test]
    public void knows_the_outcome() => timeline.Outcome.Should().Be(RunOutcome.Answered);
}
