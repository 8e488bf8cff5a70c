using System.Collections.Immutable;
using System.Text.Json;
using AIaaS.Commands.Agents;
using AIaaS.Domain.Agents;
using AIaaS.EventStore;

namespace Commands.Tests.Agents;

public sealed class Episodes_of_the_first_rules
{
    [Test]
    public async Task still_replay_and_their_open_runs_still_end()
    {
        await using var world = await RunWorld.OpenAsync();
        var (accepted, _) = await world.AskAsync("How many days do I have to return an item?");
        var old = Old(world, await world.Episodes.ExportAsync(RunWorld.Tenant, accepted.Run));
        old.Events.Select(e => System.Text.Encoding.UTF8.GetString(e.Data.Span)).Should().OnlyContain(d => !d.Contains("\"worker\"", StringComparison.Ordinal) && !d.Contains("\"tools\"", StringComparison.Ordinal));
        (await world.Replayer.ReplayAsync(old)).Difference.Should().BeNull();

        await using var later = await RunWorld.OpenAsync();
        await later.PutAsync(old, 5);
        (await later.Engine.ExecuteAsync(RunWorld.Tenant, old.Run)).Outcome.Should().Be(RunOutcome.Answered);
        await later.ReplaysAsync(old.Run);
    }

    [Test]
    public async Task of_the_second_rules_ask_for_a_confirmation_in_the_workflows_words()
    {
        const string Yaml =
            """
            workflow: work
            nodes:
              - { id: start, type: start, next: ask }
              - { id: ask, type: wait, for: confirmation, of: change, prompt: "Shall I?", timeout: 1h, next: change, rejected: done, timed_out: done }
              - { id: change, type: tool, tool: change_it, input: { order: 7 }, next: done, failed: done }
              - { id: done, type: end, outcome: answered, text: Done. }
            """;
        await using var world = await RunWorld.OpenAsync(yaml: Yaml, tools: new TestTools().Changes("change_it"));
        var asked = await world.SayAsync("Hello");
        asked.Question!.Text.Should().Contain("order = 7");
        var run = asked.State.Request!.Run;
        await world.SayAsync("yes", asked.State.Request.Conversation);
        var old = Old(world, await world.Episodes.ExportAsync(RunWorld.Tenant, run), "2", e => e is RunWaiting waiting ? waiting with { Prompt = "Shall I?" } : e);
        (await world.Replayer.ReplayAsync(old)).Difference.Should().BeNull();
        (await world.Replayer.ReplayAsync(Old(world, await world.Episodes.ExportAsync(RunWorld.Tenant, run), "2"))).Difference.Should().NotBeNull("those rules did not say the call");
    }

    [Test]
    public async Task of_rules_that_nobody_knows_are_refused_in_words()
    {
        await using var world = await RunWorld.OpenAsync();
        var (accepted, _) = await world.AskAsync("How many days do I have to return an item?");
        var report = await world.Replayer.ReplayAsync(Old(world, await world.Episodes.ExportAsync(RunWorld.Tenant, accepted.Run), "99"));
        report.Difference!.What.Should().Contain("version 99");
    }

    /// <summary>The episode as rules of an older version recorded it: they named no worker.</summary>
    private static Episode Old(RunWorld world, Episode episode, string version = "1", Func<object, object>? as2 = null)
    {
        var chain = EpisodeChain.Begin(episode.Stream);
        var events = ImmutableArray.CreateBuilder<EpisodeEvent>();
        foreach (var e in episode.Events)
        {
            var data = e.Data;
            if (world.Types.Read(e.Type, e.Data.Span) is RunStarted started)
            {
                var type = world.Types.Of(started);
                data = JsonSerializer.SerializeToUtf8Bytes(started with { Worker = null, Pins = started.Pins with { Engine = version } }, type.Json);
            }

            else if (as2?.Invoke(world.Types.Read(e.Type, e.Data.Span)) is RunWaiting waiting)
            {
                data = JsonSerializer.SerializeToUtf8Bytes(waiting, world.Types.Of(waiting).Json);
            }

            (chain, var metadata) = EpisodeChain.Seal(chain, e.Type, data.Span, EventMetadata.Read(e.Metadata.Span));
            events.Add(e with { Data = data, Metadata = metadata });
        }

        return episode with { Events = events.ToImmutable() };
    }
}
