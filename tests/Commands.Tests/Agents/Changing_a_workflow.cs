using AIaaS.Commands.Agents;
using AIaaS.Domain.Agents;

namespace Commands.Tests.Agents;

public sealed class Changing_a_workflow
{
    private const string Question = "How many days do I have to return an item?";

    private static string Yaml(string prompt) =>
        $$"""
        workflow: faq_handling
        nodes:
          - { id: start, type: start, next: retrieve }
          - { id: retrieve, type: retrieve, next: answer }
          - { id: answer, type: model, tier: SLM_A, prompt: {{prompt}}, next: check, failed: hand_off }
          - { id: check, type: validate, gates: [json_schema, factuality, score_threshold: 0.8], passed: done, rejected: hand_off, handoff: hand_off }
          - { id: done, type: end, outcome: answered }
          - { id: hand_off, type: end, outcome: handed_off, text: A colleague takes over. }
        """;

    [Test]
    public async Task leaves_old_episodes_replayable_and_open_runs_on_the_version_that_they_pinned()
    {
        var folder = Directory.CreateTempSubdirectory("aiaas-workflow-");
        try
        {
            Episode old;
            await using (var world = await RunWorld.OpenAsync(path: folder.FullName, yaml: Yaml("The old prompt")))
            {
                old = await world.Episodes.ExportAsync(RunWorld.Tenant, (await world.AskAsync(Question)).Accepted.Run);
            }

            await using var after = await RunWorld.OpenAsync(path: folder.FullName, yaml: Yaml("The new prompt"));
            (await after.Replayer.ReplayAsync(old with { Workflow = null })).Difference.Should().BeNull("the version is kept in the log");
            (await after.Replayer.ReplayAsync(await after.Episodes.ExportAsync(RunWorld.Tenant, old.Run))).BitExact.Should().BeTrue();
            var fork = await after.Forker.ForkAsync(new(old.Run, "answer"), RunWorld.As());
            await after.Engine.ExecuteAsync(RunWorld.Tenant, fork.Run);
            (await after.RunEventsAsync(fork.Run)).OfType<ModelCallRequested>().Single().Request.Should().Contain("The old prompt");
            (await after.RunEventsAsync((await after.AskAsync(Question)).Accepted.Run)).OfType<ModelCallRequested>().Single().Request.Should().Contain("The new prompt");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Test]
    public async Task that_no_log_keeps_lets_a_foreign_episode_replay_from_its_own_copy_only()
    {
        Episode episode;
        await using (var world = await RunWorld.OpenAsync(yaml: Yaml("A prompt of another installation")))
        {
            episode = await world.Episodes.ExportAsync(RunWorld.Tenant, (await world.AskAsync(Question)).Accepted.Run);
        }

        await using var here = await RunWorld.OpenAsync();
        (await here.Replayer.ReplayAsync(Episode.FromJson(episode.ToJson()))).Difference.Should().BeNull();
        var without = await here.Replayer.ReplayAsync(episode with { Workflow = null });
        without.Difference!.Type.Should().Be("agent.run.started");
        without.Difference.What.Should().Contain("neither in the episode nor in the log");
        (await here.Replayer.ReplayAsync(episode with { Workflow = episode.Workflow!.Replace("another", "this", StringComparison.Ordinal) })).BitExact.Should().BeFalse();
    }
}
