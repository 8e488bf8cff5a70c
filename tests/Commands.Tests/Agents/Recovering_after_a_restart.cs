using AIaaS.Commands.Agents;
using AIaaS.Domain.Agents;
using AIaaS.Domain.Channels;
using AIaaS.EventStore;

namespace Commands.Tests.Agents;

public sealed class Recovering_after_a_restart
{
    private static readonly RunOptions Quick = new() { RecoveryInterval = TimeSpan.FromMilliseconds(20), Grace = TimeSpan.FromSeconds(1) };

    [Test]
    public async Task ends_open_runs_and_answers_their_messages()
    {
        List<Episode> episodes = [];
        await using (var world = await RunWorld.OpenAsync())
        {
            for (var i = 0; i < 6; i++)
            {
                var (accepted, _) = await world.AskAsync("How many days do I have to return an item?", "key-" + i);
                episodes.Add(await world.Episodes.ExportAsync(RunWorld.Tenant, accepted.Run));
            }
        }

        await using var after = await RunWorld.OpenAsync(options: Quick);
        int[] kept = [1, 3, 6, 7, 10, 11];
        for (var i = 0; i < episodes.Count; i++)
        {
            await after.PutAsync(episodes[i], kept[i]);
        }

        await RecoverAsync(after, episodes);
        foreach (var episode in episodes)
        {
            var events = await after.RunEventsAsync(episode.Run);
            events[^1].Should().BeOfType<RunCompleted>().Which.Outcome.Should().Be(RunOutcome.Answered);
            var request = (RunRequested)events[0];
            (await after.EventsAsync(Conversation.Stream(RunWorld.Tenant, request.Conversation))).Select(e => e.GetType())
                .Should().Equal(typeof(MessageReceived), typeof(MessageAnswered));
            (await after.Replayer.ReplayAsync(await after.Episodes.ExportAsync(RunWorld.Tenant, episode.Run))).Difference.Should().BeNull();
        }
    }

    [Test]
    public async Task leaves_what_has_ended_alone()
    {
        await using var world = await RunWorld.OpenAsync(options: Quick);
        var (accepted, _) = await world.AskAsync("How many days do I have to return an item?");
        var before = (await world.RunEventsAsync(accepted.Run)).Count;
        await RecoverAsync(world, [await world.Episodes.ExportAsync(RunWorld.Tenant, accepted.Run)]);
        (await world.RunEventsAsync(accepted.Run)).Should().HaveCount(before);
    }

    private static async Task RecoverAsync(RunWorld world, List<Episode> episodes)
    {
        using var stop = new CancellationTokenSource();
        var recovery = new RunRecovery(world.Log, world.Types, world.Engine, world.Conversations, new CheckpointStore(world.Log, world.Ids), world.Retriever, TimeProvider.System);
        var running = recovery.RunAsync(stop.Token);
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var status = await recovery.GetStatusAsync();
        while (status.State != SubscriptionState.Live || status.LagEvents > 0 || recovery.OpenRuns > 0)
        {
            await Task.Delay(20, deadline.Token);
            status = await recovery.GetStatusAsync();
        }

        await stop.CancelAsync();
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        episodes.Should().NotBeEmpty();
    }
}
