using AIaaS.Commands.Agents;
using AIaaS.Domain;
using AIaaS.Domain.Agents;
using AIaaS.Domain.Budgets;
using AIaaS.EventStore;

namespace Commands.Tests.Agents;

public sealed class Running_in_safe_mode
{
    private const string Question = "How many days do I have to return an item?";

    private const string Yaml =
        """
        workflow: work
        nodes:
          - { id: start, type: start, next: retrieve }
          - { id: retrieve, type: retrieve, top: 4, next: answer }
          - { id: answer, type: model, tier: LLM, next: check }
          - { id: check, type: validate, gates: [json_schema, critic_call: { threshold: 0.7 }], passed: done, rejected: person, handoff: person }
          - { id: done, type: end, outcome: answered }
          - { id: person, type: handoff, reason: refused, text: "A colleague takes over." }
        """;

    private static async Task EnterAsync(RunWorld world, BudgetScope scope = BudgetScope.Tenant, string? of = null, TimeSpan? lasts = null)
    {
        var now = TimeProvider.System.GetUtcNow();
        var entered = new SafeModeEntered("daily", "2026-03-01", scope, of, Money.Usd(9), Money.Usd(10), 90, "pro", 1, now + (lasts ?? TimeSpan.FromHours(1)), now);
        var written = await world.Log.AppendAsync(SafeMode.Stream(RunWorld.Tenant), ExpectedVersion.NoStream, [world.Types.Write(world.Ids.NewId(), entered, new EventMetadata { Tenant = RunWorld.Tenant })]);
        (await world.SafeMode.WaitForAsync(written.Position, TimeSpan.FromSeconds(20))).Should().BeTrue();
    }

    [Test]
    public async Task takes_a_cheaper_tier_fewer_passages_and_no_critic_and_replays_bit_exactly()
    {
        await using var world = await RunWorld.OpenAsync(yaml: Yaml);
        var before = await world.SayAsync(Question);
        await EnterAsync(world);
        var reply = await world.SayAsync(Question);
        reply.Run.Outcome.Should().Be(RunOutcome.Answered, reply.Run.Reason);
        var events = await world.RunEventsAsync(reply.State.Request!.Run);
        var call = events.OfType<ModelCallRequested>().Should().ContainSingle("no critic is asked").Subject;
        (call.Tier, call.Degraded).Should().Be((Tier.SLM_B, "safe-mode: SLM_B instead of LLM, since a budget runs low"));
        events.OfType<RunStarted>().Single().SafeMode.Should().BeTrue();
        events.OfType<KnowledgeRetrieved>().Single().Passages.Length.Should().BeLessThanOrEqualTo(2);
        var check = events.OfType<StepCompleted>().Single(s => s.Step == "check");
        (check.Result, check.Detail).Should().Be(("passed", "safe-mode"));
        await world.ReplaysAsync(reply.State.Request.Run);

        var usual = await world.RunEventsAsync(before.State.Request!.Run);
        usual.OfType<RunStarted>().Single().SafeMode.Should().BeFalse();
        usual.OfType<ModelCallRequested>().Select(c => c.Tier).First().Should().Be(Tier.LLM);
        await world.ReplaysAsync(before.State.Request.Run);
    }

    [Test]
    public async Task keeps_the_tiers_of_a_workflow_that_says_so_and_still_skips_the_critic()
    {
        await using var world = await RunWorld.OpenAsync(yaml: Yaml.Replace("workflow: work\n", "workflow: work\nsafe_mode: keep_tier\n", StringComparison.Ordinal));
        await EnterAsync(world);
        var reply = await world.SayAsync(Question);
        reply.Run.Outcome.Should().Be(RunOutcome.Answered, reply.Run.Reason);
        var events = await world.RunEventsAsync(reply.State.Request!.Run);
        events.OfType<RunStarted>().Single().SafeMode.Should().BeTrue();
        var call = events.OfType<ModelCallRequested>().Should().ContainSingle("no critic is asked").Subject;
        (call.Tier, call.Degraded).Should().Be((Tier.LLM, null));
        events.OfType<StepCompleted>().Single(s => s.Step == "check").Detail.Should().Be("safe-mode");
        await world.ReplaysAsync(reply.State.Request.Run);
    }

    [Test]
    public void changes_no_hash_of_a_workflow_that_says_nothing_of_it_or_the_default()
    {
        Read(Yaml).Canonical.Should().NotContain("keepsTier");
        Read(Yaml.Replace("workflow: work\n", "workflow: work\nsafe_mode: cheaper\n", StringComparison.Ordinal)).Hash.Should().Be(Read(Yaml).Hash);
        var keeping = Read(Yaml.Replace("workflow: work\n", "workflow: work\nsafe_mode: keep_tier\n", StringComparison.Ordinal));
        keeping.Hash.Should().NotBe(Read(Yaml).Hash);
        Workflow.Read(keeping.Canonical).KeepsTier.Should().BeTrue();
        (keeping with { Fallback = "x" }).KeepsTier.Should().BeTrue();

        static Workflow Read(string yaml) => WorkflowLoader.Load("work.yaml", yaml).Workflow!;
    }

    [Test]
    public async Task is_not_said_in_the_bytes_of_a_run_without_it()
    {
        await using var world = await RunWorld.OpenAsync(yaml: Yaml);
        var reply = await world.SayAsync(Question);
        var started = (await world.Episodes.ExportAsync(RunWorld.Tenant, reply.State.Request!.Run)).Events.Single(e => e.Type == "agent.run.started");
        System.Text.Encoding.UTF8.GetString(started.Data.Span).Should().NotContain("safeMode");
    }

    [Test]
    public async Task holds_for_the_runs_that_the_budget_limits_and_until_its_period_ends()
    {
        await using var world = await RunWorld.OpenAsync(yaml: Yaml);
        await EnterAsync(world, BudgetScope.Workflow, "another");
        (await world.SayAsync(Question)).State.Started!.SafeMode.Should().BeFalse();

        await using var later = await RunWorld.OpenAsync(yaml: Yaml);
        await EnterAsync(later, lasts: TimeSpan.FromSeconds(-1));
        (await later.SayAsync(Question)).State.Started!.SafeMode.Should().BeFalse();

        await using var key = await RunWorld.OpenAsync(yaml: Yaml);
        await EnterAsync(key, BudgetScope.Key, "k1");
        (await key.SayAsync(Question)).State.Started!.SafeMode.Should().BeFalse("no API key asked for it");
    }

    [Test]
    public async Task is_kept_by_a_fork_which_replays_too_and_yields_to_a_tier_that_the_fork_names()
    {
        await using var world = await RunWorld.OpenAsync(yaml: Yaml);
        await EnterAsync(world);
        var source = (await world.SayAsync(Question)).State.Request!.Run;
        var same = await world.Forker.ForkAsync(new ForkRun(source, "answer"), RunWorld.As());
        await world.Engine.ExecuteAsync(RunWorld.Tenant, same.Run);
        (await world.RunEventsAsync(same.Run)).OfType<ModelCallRequested>().Single().Tier.Should().Be(Tier.SLM_B);
        await world.ReplaysAsync(same.Run);
        var dear = await world.Forker.ForkAsync(new ForkRun(source, "answer", Tier: Tier.LLM), RunWorld.As());
        await world.Engine.ExecuteAsync(RunWorld.Tenant, dear.Run);
        (await world.RunEventsAsync(dear.Run)).OfType<ModelCallRequested>().Single().Tier.Should().Be(Tier.LLM);
        await world.ReplaysAsync(dear.Run);
    }
}
