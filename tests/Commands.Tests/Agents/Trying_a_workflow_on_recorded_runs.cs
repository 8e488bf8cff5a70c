using AIaaS.Commands.Agents;
using AIaaS.Domain.Agents;

namespace Commands.Tests.Agents;

public sealed class Trying_a_workflow_on_recorded_runs
{
    private const string Question = "How many days do I have to return an item?";

    private static Workflow Candidate(RunWorld world, string from = "", string to = "")
    {
        var yaml = world.Workflows.FindSource("faq_handling")!;
        var changed = from.Length == 0 ? yaml : yaml.Replace(from, to, StringComparison.Ordinal);
        (changed != yaml).Should().Be(from.Length > 0);
        var load = WorkflowLoader.Load("candidate.yaml", changed);
        load.Faults.Should().BeEmpty();
        return load.Workflow!;
    }

    [Test]
    public async Task tells_what_would_be_the_same_what_otherwise_and_what_cannot_be_told()
    {
        await using var world = await RunWorld.OpenAsync();
        var (asked, _) = await world.AskAsync(Question);
        var before = await world.Log.GetHeadAsync();
        var runner = new DryRunner(world.Episodes, world.Types, world.Models);

        var same = await runner.RunAsync(RunWorld.Tenant, asked.Run, Candidate(world));
        same.Should().Match<DryRunEpisode>(e => e.Result == DryRunResult.Same && e.Step == null && e.Detail == "");
        same.Path.Should().StartWith("start").And.EndWith("done");

        var other = await runner.RunAsync(RunWorld.Tenant, asked.Run, Candidate(world, "score_threshold: 0.8", "score_threshold: 1"));
        other.Result.Should().NotBe(DryRunResult.Same);

        var renamed = await runner.RunAsync(RunWorld.Tenant, asked.Run, Candidate(world, "max_output_tokens: 800\n    next: check\n    failed: hand_off\n\n  - id: check", "max_output_tokens: 700\n    next: check\n    failed: hand_off\n\n  - id: check"));
        renamed.Should().Match<DryRunEpisode>(e => e.Result == DryRunResult.Diverges && e.Step == "answer" && e.Candidate == null);
        renamed.WouldCall.Should().ContainSingle().Which.Should().Match<WouldCall>(c => c.Kind == "model" && c.Step == "answer" && c.Request.Contains("700"));

        var searching = await runner.RunAsync(RunWorld.Tenant, asked.Run, Candidate(world, "audience: customer", "query: \"something else\""));
        searching.WouldCall.Should().ContainSingle().Which.Should().Be(new WouldCall("retrieve", "search", "", "something else"));

        var told = WorkflowLoader.Load("t.yaml", "workflow: t\nnodes:\n  - { id: start, type: start, next: done }\n  - { id: done, type: end, outcome: answered, text: Hello. }\n").Workflow!;
        (await runner.RunAsync(RunWorld.Tenant, asked.Run, told)).Should().Match<DryRunEpisode>(e => e.Result == DryRunResult.OtherOutcome && e.Detail == "The customer is told something else.");
        (await world.Log.GetHeadAsync()).Should().Be(before, "nothing is written");
    }
}
