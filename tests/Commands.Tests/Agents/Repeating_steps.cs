using AIaaS.Domain.Agents;
using AIaaS.Domain.Tools;

namespace Commands.Tests.Agents;

public sealed class Repeating_steps
{
    private static string Yaml(string loop) =>
        $$$"""
        workflow: work
        limits: { steps: 100 }
        nodes:
          - { id: start, type: start, next: list }
          - { id: list, type: tool, tool: list_all, input: {}, next: each }
          - { id: each, type: loop, {{{loop}}}, body: change, next: done }
          - { id: change, type: tool, tool: change_it, input: { item: "{{ $.loop.item }}", index: "{{ $.loop.index }}" }, next: each }
          - { id: done, type: end, outcome: answered, text: "{{ $.steps.each.rounds }} rounds" }
        """;

    [Test]
    public async Task goes_through_the_items_of_a_list()
    {
        var tools = new TestTools().Returns("list_all", """["a","b","c","d","e","f","g","h","i","j","k","l"]""").Changes("change_it");
        await using var world = await RunWorld.OpenAsync(yaml: Yaml("over: $.steps.list, most: 20"), tools: tools);
        var reply = await world.SayAsync("go");
        reply.Run.Answer.Should().Be("12 rounds", reply.Run.Reason);
        tools.Calls.Where(c => c.Call.StartsWith("change", StringComparison.Ordinal)).Select(c => c.Input.GetProperty("item").GetString()).Should().Equal("a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l");
        await world.ReplaysAsync(reply.State.Request!.Run);
    }

    [Test]
    public async Task is_cut_when_there_would_be_more_rounds_than_may_be()
    {
        await using var world = await RunWorld.OpenAsync(yaml: Yaml("while: \"true\", most: 3"), tools: new TestTools().Returns("list_all", "[]").Changes("change_it"));
        var reply = await world.SayAsync("go");
        (reply.Run.Outcome, reply.Run.Reason).Should().Be((RunOutcome.Cut, "loop-limit"));
        await world.ReplaysAsync(reply.State.Request!.Run);
    }

    [Test]
    public async Task without_a_loop_is_cut_when_it_goes_in_circles()
    {
        const string Circle =
            """
            workflow: work
            limits: { steps: 500 }
            nodes:
              - { id: start, type: start, next: look }
              - { id: look, type: tool, tool: list_all, input: {}, next: more }
              - { id: more, type: condition, if: count($.steps.look) > 0, then: done, else: look, max_visits: 100 }
              - { id: done, type: end, outcome: answered, text: "Done." }
            """;
        await using var world = await RunWorld.OpenAsync(yaml: Circle, tools: new TestTools().Returns("list_all", "[]"));
        var reply = await world.SayAsync("go");
        (reply.Run.Outcome, reply.Run.Reason).Should().Be((RunOutcome.Cut, "oscillation"));
        await world.ReplaysAsync(reply.State.Request!.Run);
    }

    [Test]
    public async Task that_gather_more_than_a_run_may_hold_is_cut()
    {
        var large = "\"" + new string('x', 200_000) + "\"";
        const string Gathering =
            """
            workflow: work
            nodes:
              - { id: start, type: start, next: a }
              - { id: a, type: tool, tool: large, input: {}, next: b }
              - { id: b, type: tool, tool: large, input: {}, next: c }
              - { id: c, type: tool, tool: large, input: {}, next: d }
              - { id: d, type: tool, tool: large, input: {}, next: e }
              - { id: e, type: tool, tool: large, input: {}, next: f }
              - { id: f, type: tool, tool: large, input: {}, next: g }
              - { id: g, type: tool, tool: large, input: {}, next: done }
              - { id: done, type: end, outcome: answered, text: "Done." }
            """;
        await using var world = await RunWorld.OpenAsync(yaml: Gathering, tools: new TestTools().Returns("large", large));
        var reply = await world.SayAsync("go");
        (reply.Run.Outcome, reply.Run.Reason).Should().Be((RunOutcome.Cut, "state-size"));
        await world.ReplaysAsync(reply.State.Request!.Run);
    }
}
