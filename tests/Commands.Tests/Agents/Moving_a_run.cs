using System.Collections.Immutable;
using AIaaS.Commands.Agents;
using AIaaS.Domain;
using AIaaS.Domain.Agents;
using AIaaS.EventStore;

namespace Commands.Tests.Agents;

public sealed class Moving_a_run
{
    private const string Waits =
        """
        workflow: waits
        nodes:
          - { id: start, type: start, next: ask }
          - { id: ask, type: wait, for: message, prompt: Which one?, timeout: 1h, next: done, timed_out: person }
          - { id: done, type: end, outcome: answered, text: "The old text." }
          - { id: person, type: handoff, reason: no-answer, text: A colleague takes over. }
        """;

    private static Workflow Read(string yaml)
    {
        var load = WorkflowLoader.Load("waits.yaml", yaml);
        load.Faults.Should().BeEmpty();
        return load.Workflow!;
    }

    private static Run Standing(Workflow workflow)
    {
        var at = DateTimeOffset.UnixEpoch;
        object[] events =
        [
            new RunRequested("r1", "c1", "m1", "Hello", "waits", new('0', 64), null, at),
            new RunStarted(new(workflow.Hash, ImmutableSortedDictionary<string, string>.Empty, ImmutableSortedDictionary<string, string>.Empty, "p", RunRules.Version), 25, Money.Usd(0.1m), at),
            new StepCompleted("start", "start", 1, "ok", "", "ask", at),
            new RunWaiting("ask", 1, WaitKind.Message, null, "Which one?", null, null, null, at.AddHours(1), at),
        ];
        return events.Aggregate(Run.Initial, (run, e) => run.Evolve(e));
    }

    [TestCase("The old text.", "The new text.", "")]
    [TestCase("id: ask", "id: asked", "The run stands at 'ask', which the other version does not have.")]
    [TestCase("for: message", "for: signal, name: x", "waits at 'ask' for something else")]
    [TestCase("type: wait, for: message, prompt: Which one?, timeout: 1h, next: done, timed_out: person", "type: tool, tool: t, next: done, failed: person", "which is a node of type 'tool' in the other version, not 'wait'")]
    [TestCase("next: ask }", "next: look }\n  - { id: look, type: tool, tool: t, next: ask, failed: person }", "'done' reads what 'look' gives")]
    public void is_allowed_where_it_can_go_on_and_refused_with_every_reason_where_not(string from, string to, string reason)
    {
        var old = Read(Waits);
        var yaml = Waits.Replace(from, to, StringComparison.Ordinal).Replace("next: ask }", to.StartsWith("id: asked", StringComparison.Ordinal) ? "next: asked }" : "next: ask }", StringComparison.Ordinal);
        if (to.Contains("look", StringComparison.Ordinal))
        {
            yaml = yaml.Replace("The old text.", "{{ $.steps.look.x }}", StringComparison.Ordinal);
        }

        var reasons = RunMover.Check(Standing(old), old, Read(yaml));
        if (reason.Length == 0)
        {
            reasons.Should().BeEmpty();
        }
        else
        {
            reasons.Should().ContainSingle().Which.Should().Contain(reason);
        }
    }

    [Test]
    public void that_has_ended_is_refused()
    {
        var old = Read(Waits);
        var ended = Standing(old).Evolve(new RunCompleted(RunOutcome.Answered, "answered", "Bye", [], "waits", null, 2, 0, default, Money.Usd(0), 1, false, DateTimeOffset.UnixEpoch));
        RunMover.Check(ended, old, Read(Waits.Replace("old", "new", StringComparison.Ordinal))).Should().Equal("The run has ended.");
    }

    [Test]
    public async Task lets_it_end_on_the_other_version_and_keeps_its_hash_chain()
    {
        await using var world = await RunWorld.OpenAsync();
        var service = new WorkflowService(world.Log, world.Types, world.Ids, TimeProvider.System, world.Workflows);
        var first = await service.PutAsync(WorkflowDocumentKind.Workflow, "waits", Waits, true, "a test", RunWorld.As());
        var accepted = await world.Conversations.SendAsync(new("Hello") { Workflow = "waits" }, RunWorld.As());
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!(await world.RunEventsAsync(accepted.Run)).OfType<RunWaiting>().Any())
        {
            await Task.Delay(20, deadline.Token);
        }

        var second = await service.PutAsync(WorkflowDocumentKind.Workflow, "waits", Waits.Replace("old", "new", StringComparison.Ordinal), true, "a test", RunWorld.As());
        var mover = new RunMover(world.Engine, world.Workflows, new(world.Log, world.Types), world.Ids, TimeProvider.System);
        var moved = await mover.MoveAsync(new(accepted.Run, second.Version!, "a better text"), RunWorld.As("move-1"));
        moved.From.Should().Be(first.Version);
        (await mover.MoveAsync(new(accepted.Run, second.Version!, "a better text"), RunWorld.As("move-2"))).From.Should().Be(second.Version, "it is there already");
        await mover.Invoking(m => m.MoveAsync(new(accepted.Run, new('0', 64), "no"), RunWorld.As())).Should().ThrowAsync<DomainException>().Where(e => e.Error.Code == "unknown-workflow-version");
        var episode = await world.Episodes.ExportAsync(RunWorld.Tenant, accepted.Run);
        Replayer.VerifyRecord(episode)!.What.Should().Contain("has not ended", "the chain holds up to the end that is not there yet");
        episode.Events[^1].Type.Should().Be("agent.run.moved");
    }
}
