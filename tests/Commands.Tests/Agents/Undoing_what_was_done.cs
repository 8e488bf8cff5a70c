using AIaaS.Domain.Agents;
using AIaaS.Domain.Tools;

namespace Commands.Tests.Agents;

public sealed class Undoing_what_was_done
{
    private const string Yaml =
        """
        workflow: work
        nodes:
          - { id: start, type: start, next: reserve }
          - { id: reserve, type: tool, tool: reserve, input: { n: 1 }, next: charge, failed: undo }
          - { id: charge, type: tool, tool: charge, input: { n: 2 }, next: send, failed: undo }
          - { id: send, type: tool, tool: send, input: {}, next: done, failed: undo }
          - { id: undo, type: compensate, next: undone, failed: stuck }
          - { id: done, type: end, outcome: answered, text: "Done." }
          - { id: undone, type: end, outcome: answered, text: "Undone." }
          - { id: stuck, type: handoff, reason: stuck, text: "A colleague takes over." }
        """;

    [Test]
    public async Task goes_backwards_over_what_succeeded()
    {
        var tools = Tools().Changes("refund");
        await using var world = await RunWorld.OpenAsync(yaml: Yaml, tools: tools);
        var reply = await world.SayAsync("go");
        reply.Run.Answer.Should().Be("Undone.");
        tools.Calls.Select(c => c.Call).Should().Equal("reserve/1/1", "charge/1/1", "send/1/1", "undo/1/1", "undo/1/2");
        var run = reply.State.Request!.Run;
        var events = await world.RunEventsAsync(run);
        events.OfType<ToolCallCompensated>().Select(e => (e.Call, e.By)).Should().Equal(("charge/1/1", "undo/1/1"), ("reserve/1/1", "undo/1/2"));
        tools.Calls.Single(c => c.Call == "undo/1/1").Input.GetRawText().Should().Be("""{"input":{"n":2},"output":{"done":"charge/1/1"}}""");
        await world.ReplaysAsync(run);
    }

    [Test]
    public async Task says_where_it_could_not()
    {
        await using var world = await RunWorld.OpenAsync(yaml: Yaml, tools: Tools().Fails("refund", manifest: m => m with { SideEffect = true }));
        var reply = await world.SayAsync("go");
        (reply.Run.Outcome, reply.Run.Reason).Should().Be((RunOutcome.HandedOff, "stuck"));
        reply.State.Effects.Should().HaveCount(2, "neither is undone");
        await world.ReplaysAsync(reply.State.Request!.Run);
    }

    private static TestTools Tools() => new TestTools()
        .Changes("reserve", m => m with { Compensation = "release" })
        .Changes("release")
        .Changes("charge", m => m with { Compensation = "refund" })
        .Fails("send", manifest: m => m with { SideEffect = true });
}
