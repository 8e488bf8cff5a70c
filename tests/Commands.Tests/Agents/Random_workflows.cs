using System.Collections.Immutable;
using AIaaS.Commands.Agents;
using AIaaS.Domain.Agents;
using AIaaS.Domain.Tools;
using AIaaS.EventStore;

namespace Commands.Tests.Agents;

/// <summary>Workflows drawn from a seed: tools that change, look up and fail, conditions, switches, loops, branches, and what undoes it all.</summary>
internal sealed class RandomWorkflow(int seed)
{
    private readonly Random random = new(seed);
    private readonly List<WorkflowNode> nodes = [];

    public static Workflow Of(int seed) => new RandomWorkflow(seed).Build();

    private Workflow Build()
    {
        var first = Part(6, "undo", top: true);
        nodes.Add(new CompensateNode("undo", "done"));
        nodes.Add(new EndNode("done", RunOutcome.Answered, "Done with {{ $.run.steps }}.") { Output = """{"steps":"{{ $.steps }}"}""" });
        return new("random", "", new(1_000), "Sorry.", [new StartNode("start", first), .. nodes]);
    }

    /// <summary>A part that leads to a node; its first node.</summary>
    private string Part(int size, string next, bool top = false)
    {
        for (var i = 0; i < size; i++)
        {
            next = random.Next(top ? 7 : 5) switch
            {
                0 or 1 => Add(id => new ToolNode(id, "change_it", """{"of":"{{ $.run.id }}","saw":"{{ $.loop.index }}"}""", next, next)),
                2 => Add(id => new ToolNode(id, random.Next(3) == 0 ? "fails" : "look_up", $$"""{"n":{{random.Next(100)}}}""", next, next)),
                3 => Add(id => new ConditionNode(id, random.Next(2) == 0 ? "$.run.steps > 5" : "$.steps.*", next, next)),
                4 => Add(id => new SwitchNode(id, "$.run.steps", [new("3", next)], next)),
                5 => Loop(next),
                _ => Fan(next),
            };
        }

        return next;
    }

    private string Loop(string next)
    {
        var id = "n" + nodes.Count;
        nodes.Add(new EndNode(id, RunOutcome.Answered));
        var at = nodes.Count - 1;
        var body = Part(random.Next(1, 3), id);
        nodes[at] = new LoopNode(id, body, random.Next(1, 4), next, next) { While = "true" };
        return id;
    }

    private string Fan(string next)
    {
        var join = Add(id => new JoinNode(id, next));
        ImmutableArray<string> branches = [.. Enumerable.Range(0, random.Next(2, 4)).Select(_ => Part(random.Next(1, 4), join))];
        return Add(id => new ParallelNode(id, branches, join));
    }

    private string Add(Func<string, WorkflowNode> make)
    {
        var id = "n" + nodes.Count;
        nodes.Add(make(id));
        return id;
    }
}

public sealed class Any_workflow
{
    private static TestTools Tools() => new TestTools()
        .Changes("change_it", m => m with { Compensation = "undo_it" })
        .Changes("undo_it")
        .Returns("look_up", """{"found":[1,2,{"deep":"é"}]}""")
        .Fails("fails");

    private static async Task<string> RunAsync(RunWorld world, Workflow workflow)
    {
        var run = world.Ids.NewId().ToString("N");
        var request = new RunRequested(run, "", "", "go", workflow.Name, new('0', 64), null, TimeProvider.System.GetUtcNow());
        var begun = await world.Engine.BeginAsync(RunWorld.Tenant, workflow, [request], new EventMetadata { Tenant = RunWorld.Tenant, Actor = "tests" }, default);
        await begun.Rest!;
        return run;
    }

    [Test]
    public async Task replays_bit_exact()
    {
        await using var world = await RunWorld.OpenAsync(tools: Tools());
        for (var seed = 0; seed < 60; seed++)
        {
            var run = await RunAsync(world, RandomWorkflow.Of(seed));
            var difference = (await world.Replayer.ReplayAsync(await world.Episodes.ExportAsync(RunWorld.Tenant, run))).Difference;
            difference.Should().BeNull($"the seed is {seed}");
            (await world.RunEventsAsync(run)).OfType<RunCompleted>().Should().ContainSingle($"the seed is {seed}").Which.Reason.Should().Be("answered", $"the seed is {seed}");
        }
    }

    [Test]
    public async Task that_is_stopped_behind_any_event_ends_with_each_side_effect_once()
    {
        for (var seed = 0; seed < 8; seed++)
        {
            Episode whole;
            await using (var world = await RunWorld.OpenAsync(tools: Tools()))
            {
                whole = await world.Episodes.ExportAsync(RunWorld.Tenant, await RunAsync(world, RandomWorkflow.Of(seed)));
            }

            var tools = Tools();
            var workflow = RandomWorkflow.Of(seed);
            for (var kept = 1 + seed; kept < whole.Events.Length; kept += 7)
            {
                await using var world = await RunWorld.OpenAsync(tools: tools);
                await world.Workflows.PublishAsync(workflow, default);
                await world.PutAsync(whole, kept);
                var why = $"the seed is {seed}, and it was stopped behind {kept} events";
                if (whole.Events.Take(kept).All(e => e.Type != "agent.run.started"))
                {
                    continue;
                }

                (await world.Engine.ExecuteAsync(RunWorld.Tenant, whole.Run)).Outcome.Should().Be(RunOutcome.Answered, why);
                var events = await world.RunEventsAsync(whole.Run);
                var done = events.OfType<ToolCallSucceeded>().Where(e => e.Tool is "change_it" or "undo_it").ToList();
                done.Select(e => e.Call).Should().OnlyHaveUniqueItems(why);
                events.OfType<ToolCallRequested>().Select(e => e.IdempotencyKey).Should().OnlyHaveUniqueItems(why);
                events.OfType<ToolCallCompensated>().Should().HaveCount(done.Count(e => e.Tool == "change_it"), why);
                (await world.Replayer.ReplayAsync(await world.Episodes.ExportAsync(RunWorld.Tenant, whole.Run))).Difference.Should().BeNull(why);
            }
        }
    }
}
