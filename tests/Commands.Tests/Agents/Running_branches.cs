using AIaaS.Commands.Agents;
using AIaaS.Commands.Tools;
using AIaaS.Domain.Agents;
using AIaaS.Domain.Tools;

namespace Commands.Tests.Agents;

public sealed class Running_branches
{
    private const string Yaml =
        """
        workflow: work
        nodes:
          - { id: start, type: start, next: fan }
          - { id: fan, type: parallel, branches: [one, two, wait_a_bit], join: meet }
          - { id: one, type: tool, tool: slow, input: {}, next: one_more }
          - { id: one_more, type: tool, tool: change_it, input: { of: one, saw: "{{ $.steps.one }}" }, next: meet }
          - { id: two, type: tool, tool: quick, input: {}, next: meet }
          - { id: wait_a_bit, type: condition, if: "true", then: meet, else: meet }
          - { id: meet, type: join, next: done }
          - { id: done, type: end, outcome: answered, text: "{{ $.steps.one.n }} and {{ $.steps.two.n }}" }
        """;

    [Test]
    public async Task makes_their_calls_at_the_same_time_and_records_outcomes_as_they_arrive()
    {
        var quick = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var tools = new TestTools()
            .Add("slow", async (_, cancellation) =>
            {
                await quick.Task.WaitAsync(cancellation);
                return new ToolOutcome.Succeeded(TestTools.Json("""{"n":1}"""));
            })
            .Add("quick", (_, _) =>
            {
                quick.TrySetResult();
                return Task.FromResult<ToolOutcome>(new ToolOutcome.Succeeded(TestTools.Json("""{"n":2}""")));
            })
            .Changes("change_it");
        await using var world = await RunWorld.OpenAsync(yaml: Yaml, tools: tools);
        var reply = await world.SayAsync("go");
        reply.Run.Answer.Should().Be("1 and 2", "the slow one only returns when the quick one has been called");
        var run = reply.State.Request!.Run;
        var events = await world.RunEventsAsync(run);
        events.OfType<ToolCallSucceeded>().First().Step.Should().Be("two");
        events.OfType<StepCompleted>().Single(e => e.Step == "two").Branch.Should().Be("two");
        await world.ReplaysAsync(run);
    }

    [Test]
    public async Task and_stopping_anywhere_ends_with_each_side_effect_once_and_a_replay_that_is_bit_exact()
    {
        Episode whole;
        await using (var world = await RunWorld.OpenAsync(yaml: Yaml, tools: Plain()))
        {
            whole = await world.Episodes.ExportAsync(RunWorld.Tenant, (await world.SayAsync("go")).State.Request!.Run);
        }

        for (var kept = 1; kept <= whole.Events.Length; kept++)
        {
            var tools = Plain();
            await using var world = await RunWorld.OpenAsync(yaml: Yaml, tools: tools);
            await world.PutAsync(whole, kept);
            var run = await world.Engine.ExecuteAsync(RunWorld.Tenant, whole.Run);
            run.Answer.Should().Be("1 and 2", $"it was stopped behind {kept} events");
            (await world.RunEventsAsync(whole.Run)).OfType<ToolCallSucceeded>().Count(e => e.Tool == "change_it").Should().Be(1);
            tools.Done.Keys.Should().BeSubsetOf([$"acme/{whole.Run}/one_more/1/1/change_it"]);
            await world.ReplaysAsync(whole.Run);
        }
    }

    [Test]
    public async Task is_cut_when_one_of_them_is_but_not_before_the_calls_that_are_out_have_come_back()
    {
        const string Ending =
            """
            workflow: work
            nodes:
              - { id: start, type: start, next: fan }
              - { id: fan, type: parallel, branches: [one, two], join: meet }
              - { id: one, type: tool, tool: change_it, input: {}, next: again }
              - { id: again, type: tool, tool: change_it, input: {}, next: meet }
              - { id: two, type: loop, while: "true", most: 1, body: nothing, next: meet }
              - { id: nothing, type: condition, if: "true", then: two, else: two }
              - { id: meet, type: join, next: done }
              - { id: done, type: end, outcome: answered, text: "Done." }
            """;
        var tools = new TestTools().Changes("change_it");
        await using var world = await RunWorld.OpenAsync(yaml: Ending, tools: tools);
        var reply = await world.SayAsync("go");
        (reply.Run.Outcome, reply.Run.Reason).Should().Be((RunOutcome.Cut, "loop-limit"));
        var events = await world.RunEventsAsync(reply.State.Request!.Run);
        events.OfType<ToolCallRequested>().Count().Should().Be(events.OfType<ToolCallSucceeded>().Count());
        events.OfType<ToolCallRequested>().Should().NotContain(e => e.Step == "again", "nothing new is begun");
        await world.ReplaysAsync(reply.State.Request.Run);
    }

    private static TestTools Plain() => new TestTools().Returns("slow", """{"n":1}""").Returns("quick", """{"n":2}""").Changes("change_it");
}
