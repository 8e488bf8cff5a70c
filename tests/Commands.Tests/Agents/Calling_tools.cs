using AIaaS.Commands.Agents;
using AIaaS.Commands.Tools;
using AIaaS.Domain.Agents;
using AIaaS.Domain.Tools;
using AIaaS.EventStore;

namespace Commands.Tests.Agents;

public sealed class Calling_tools
{
    private const string Yaml =
        """
        workflow: work
        nodes:
          - { id: start, type: start, next: look }
          - { id: look, type: tool, tool: look_up, input: { id: "{{ $.input.text }}" }, next: large, failed: sorry }
          - { id: large, type: condition, if: $.steps.look.total > 100, then: change, else: small }
          - { id: change, type: tool, tool: change_it, input: { order: "{{ $.steps.look }}", note: "for {{ $.steps.look.name }}" }, next: kind, failed: sorry }
          - id: kind
            type: switch
            on: $.steps.look.name
            cases: [ { is: Ada, next: ada } ]
            default: other
          - { id: ada, type: end, outcome: answered, text: "Dear Ada, {{ $.steps.change.done }} is done." }
          - { id: other, type: end, outcome: answered, text: "Done." }
          - { id: small, type: end, outcome: answered, text: "Too small." }
          - { id: sorry, type: end, outcome: answered, text: "Sorry: {{ $.steps.look.error.reason }}{{ $.steps.change.error.code }}" }
        """;

    [Test]
    public async Task goes_the_way_that_their_results_decide_and_replays_without_them()
    {
        var tools = new TestTools().Returns("look_up", """{"total":120.50,"name":"Ada","note":"é \u003c \"x\""}""").Changes("change_it");
        await using var world = await RunWorld.OpenAsync(yaml: Yaml, tools: tools);
        var reply = await world.SayAsync("W1");
        reply.Run.Answer.Should().Be("Dear Ada, change/1/1 is done.");
        reply.Run.Outcome.Should().Be(RunOutcome.Answered);
        tools.Calls.Select(c => c.Input.GetRawText()).First().Should().Be("""{"id":"W1"}""");
        tools.Done.Keys.Should().Equal($"acme/{reply.State.Request!.Run}/change/1/1/change_it");
        tools.Calls.Should().OnlyContain(c => c.Customer == "", "nobody has been authenticated");

        var events = await world.RunEventsAsync(reply.State.Request.Run);
        events.OfType<ToolCallRequested>().Select(e => e.SideEffect).Should().Equal(false, true);
        events.OfType<RunStarted>().Single().Pins.Tools.Should().Contain("look_up", "1.0.0");
        await world.ReplaysAsync(reply.State.Request.Run);

        await using var elsewhere = await RunWorld.OpenAsync();
        var episode = await world.Episodes.ExportAsync(RunWorld.Tenant, reply.State.Request.Run);
        (await elsewhere.Replayer.ReplayAsync(episode)).Difference.Should().BeNull("a replay needs no tools");
    }

    [Test]
    public async Task takes_the_other_way_where_one_fails()
    {
        await using var world = await RunWorld.OpenAsync(yaml: Yaml, tools: new TestTools().Fails("look_up", "no such order").Changes("change_it"));
        var reply = await world.SayAsync("W1");
        reply.Run.Answer.Should().Be("Sorry: no such order");
        await world.ReplaysAsync(reply.State.Request!.Run);
    }

    [Test]
    public async Task that_are_not_there_is_refused_before_anything_leaves()
    {
        await using var world = await RunWorld.OpenAsync(yaml: Yaml, tools: new TestTools().Returns("look_up", """{"total":500}"""));
        var reply = await world.SayAsync("W1");
        reply.Run.Answer.Should().Be("Sorry: unknown-tool");
        (await world.RunEventsAsync(reply.State.Request!.Run)).OfType<ToolCallRefused>().Should().ContainSingle().Which.Code.Should().Be("unknown-tool");
        await world.ReplaysAsync(reply.State.Request.Run);
    }

    [Test]
    public async Task for_a_customer_needs_one_who_was_authenticated()
    {
        var tools = new TestTools().Returns("look_up", """{"total":500}""").Changes("change_it", m => m with { Access = ToolAccess.Customer });
        await using var world = await RunWorld.OpenAsync(yaml: Yaml, tools: tools);
        var reply = await world.SayAsync("W1");
        reply.Run.Answer.Should().Be("Sorry: not-authenticated");
        tools.Done.Should().BeEmpty();
        await world.ReplaysAsync(reply.State.Request!.Run);
    }

    [Test]
    public async Task that_must_be_confirmed_needs_the_customer_s_yes_to_exactly_that_call()
    {
        var tools = new TestTools().Returns("look_up", """{"total":500}""").Changes("change_it", m => m with { Confirmation = true });
        await using var world = await RunWorld.OpenAsync(yaml: Yaml, tools: tools);
        var reply = await world.SayAsync("W1");
        reply.Run.Answer.Should().Be("Sorry: not-confirmed");
        tools.Done.Should().BeEmpty();
        await world.ReplaysAsync(reply.State.Request!.Run);
    }

    [Test]
    public async Task whose_outcome_is_unknown_waits_until_somebody_finds_it_out()
    {
        var tools = new TestTools()
            .Returns("look_up", """{"total":500,"name":"Ada"}""")
            .Add("change_it", (_, _) => Task.FromResult<ToolOutcome>(new ToolOutcome.Unknown("the line broke")), m => m with { SideEffect = true });
        await using var world = await RunWorld.OpenAsync(yaml: Yaml, tools: tools);
        var reply = await world.SayAsync("W1");
        reply.Completed.Should().BeNull();
        var run = reply.State.Request!.Run;
        reply.State.UnknownCalls.Should().ContainSingle().Which.Call.Should().Be("change/1/1");

        var outside = new AIaaS.Commands.Agents.OutsideEvents(world.Log, world.Types);
        var resolved = new ToolCallResolved("change/1/1", "change", "change_it", true, TestTools.Json("""{"done":"seen"}"""), "looked", "k7", DateTimeOffset.UnixEpoch);
        await outside.AppendAsync<Run>(Run.Stream(RunWorld.Tenant, run), _ => resolved, RunWorld.As(), world.Ids);
        (await world.Engine.ExecuteAsync(RunWorld.Tenant, run)).Answer.Should().Be("Dear Ada, seen is done.");
        tools.Calls.Count(c => c.Call == "change/1/1").Should().Be(1, "nothing unknown is retried");
        await world.ReplaysAsync(run);
    }

    [Test]
    public async Task whose_outcome_is_settled_goes_on_at_once()
    {
        var tools = new TestTools()
            .Returns("look_up", """{"total":500,"name":"Ada"}""")
            .Add("change_it", (_, _) => Task.FromResult<ToolOutcome>(new ToolOutcome.Unknown("the line broke")), m => m with { SideEffect = true });
        await using var world = await RunWorld.OpenAsync(yaml: Yaml, tools: tools);
        var run = (await world.SayAsync("W1")).State.Request!.Run;
        await using var ledger = new Tools.ToolWorld(world.Log, TimeProvider.System);
        var resolution = new ToolResolution(new(world.Log, world.Types), world.Log, world.Types, world.Ids, TimeProvider.System, ledger.Registry, world.Engine);
        await resolution.ResolveAsync(Run.Stream(RunWorld.Tenant, run), "change/1/1", true, TestTools.Json("""{"done":"seen"}"""), "looked", RunWorld.As("k"));

        // No recovery runs here: nobody else takes the run on.
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        await foreach (var message in world.Log.SubscribeToAllAsync(LogPosition.Start, EventFilter.Types("agent.run.completed"), limit.Token))
        {
            if (message.Event is { } recorded && recorded.Stream == Run.Stream(RunWorld.Tenant, run).Value)
            {
                break;
            }
        }

        (await world.RunEventsAsync(run)).OfType<RunCompleted>().Single().Answer.Should().Be("Dear Ada, seen is done.");
    }

    [Test]
    public async Task again_after_a_stop_learns_nothing_from_a_far_side_that_could_not_be_asked()
    {
        Episode whole;
        await using (var world = await RunWorld.OpenAsync(yaml: Yaml, tools: new TestTools().Returns("look_up", """{"total":500,"name":"Ada"}""").Changes("change_it")))
        {
            var reply = await world.SayAsync("W1");
            whole = await world.Episodes.ExportAsync(RunWorld.Tenant, reply.State.Request!.Run);
        }

        var left = whole.Events.Select((e, i) => (e.Type, i)).Last(e => e.Type == "tool.call.requested").i;
        var busy = new TestTools()
            .Returns("look_up", """{"total":500,"name":"Ada"}""")
            .Add("change_it", (_, _) => Task.FromResult<ToolOutcome>(new ToolOutcome.Failed("busy", "come back later", Retryable: true)), m => m with { SideEffect = true, Idempotent = true });
        await using var after = await RunWorld.OpenAsync(yaml: Yaml, tools: busy);
        await after.PutAsync(whole, left + 1);
        var rest = await after.Engine.RestAsync(RunWorld.Tenant, whole.Run);
        rest.UnknownCalls.Should().ContainSingle("the first attempt may have been done").Which.Call.Should().Be("change/1/1");
    }
}
