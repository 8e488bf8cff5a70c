using AIaaS.Commands.Agents;
using AIaaS.Commands.Bus;
using AIaaS.Domain.Agents;
using AIaaS.EventStore;

namespace Commands.Tests.Agents;

public sealed class Waiting_too_long
{
    private const string Yaml =
        """
        workflow: work
        nodes:
          - { id: start, type: start, next: hold }
          - { id: hold, type: wait, for: approval, timeout: 1s, next: yes, rejected: yes, timed_out: late }
          - { id: yes, type: end, outcome: answered, text: "Yes." }
          - { id: late, type: end, outcome: answered, text: "Too late." }
        """;

    [Test]
    public async Task ends_the_wait_also_where_the_process_was_started_anew_meanwhile()
    {
        var folder = Directory.CreateTempSubdirectory("aiaas-waits-");
        try
        {
            string run;
            await using (var world = await RunWorld.OpenAsync(path: folder.FullName, yaml: Yaml))
            {
                run = (await world.SayAsync("go")).State.Request!.Run;
            }

            await using var after = await RunWorld.OpenAsync(path: folder.FullName, yaml: Yaml, options: new() { RecoveryInterval = TimeSpan.FromMilliseconds(20) });
            using var stop = new CancellationTokenSource();
            var recovery = new RunRecovery(after.Log, after.Types, after.Engine, after.Conversations, new CheckpointStore(after.Log, after.Ids), after.Retriever, TimeProvider.System);
            var recovering = recovery.RunAsync(stop.Token);
            (await after.Engine.ExecuteAsync(RunWorld.Tenant, run).WaitAsync(TimeSpan.FromSeconds(20))).Answer.Should().Be("Too late.");
            (await after.RunEventsAsync(run)).OfType<RunTimedOut>().Should().ContainSingle();
            await after.ReplaysAsync(run);
            await stop.CancelAsync();
            await recovering.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}

public sealed class Losing_a_worker
{
    private const string Yaml =
        """
        workflow: work
        nodes:
          - { id: start, type: start, next: slow }
          - { id: slow, type: tool, tool: slow, input: {}, next: done }
          - { id: done, type: end, outcome: answered, text: "Done." }
        """;

    [Test]
    public async Task hands_its_runs_to_another_one_within_ten_seconds_and_not_while_it_lives()
    {
        var calls = 0;
        var tools = new TestTools().Add("slow", async (_, cancellation) =>
        {
            if (Interlocked.Increment(ref calls) == 1)
            {
                await Task.Delay(Timeout.Infinite, cancellation);
            }

            return new AIaaS.Commands.Tools.ToolOutcome.Succeeded(TestTools.Json("{}"));
        });
        await using var world = await RunWorld.OpenAsync(yaml: Yaml, tools: tools);
        var workers = new WorkerOptions { OwnsLog = false, BeatEvery = TimeSpan.FromMilliseconds(200), StaleAfter = TimeSpan.FromSeconds(1) };
        var options = new RunOptions { OwnsLog = false, RecoveryInterval = TimeSpan.FromMilliseconds(50) };
        using var firstBeat = new WorkerHeartbeat(world.Log, world.Types, world.Ids, TimeProvider.System, workers);
        using var secondBeat = new WorkerHeartbeat(world.Log, world.Types, world.Ids, TimeProvider.System, workers);
        await firstBeat.StartAsync(default);
        await secondBeat.StartAsync(default);
        var first = new RunEngine(world.Log, world.Types, world.Workflows, world.Models, world.Retriever, world.Ids, TimeProvider.System, world.Telemetry, options, null, tools, world.Executor, firstBeat);
        await using var second = new RunEngine(world.Log, world.Types, world.Workflows, world.Models, world.Retriever, world.Ids, TimeProvider.System, world.Telemetry, options, null, tools, world.Executor, secondBeat);
        var conversations = new AIaaS.Commands.Channels.ConversationService(second, world.Workflows, world.Types, world.Log, world.Ids, TimeProvider.System);
        var recovery = new RunRecovery(world.Log, world.Types, second, conversations, new CheckpointStore(world.Log, world.Ids), world.Retriever, TimeProvider.System);
        using var stop = new CancellationTokenSource();
        var recovering = recovery.RunAsync(stop.Token);

        var starter = new RunStarter(first, world.Workflows, world.Ids, TimeProvider.System);
        var run = (await starter.StartAsync(new("work"), RunWorld.As())).Run;
        await Task.Delay(TimeSpan.FromSeconds(2.5), TimeProvider.System);
        (await world.RunEventsAsync(run)).OfType<RunResumed>().Should().BeEmpty("its worker lives");

        // The worker is lost: it says nothing any more, and its calls come to nothing.
        firstBeat.Dispose();
        var since = TimeProvider.System.GetTimestamp();
        (await second.ExecuteAsync(RunWorld.Tenant, run).WaitAsync(TimeSpan.FromSeconds(20))).Answer.Should().Be("Done.");
        TimeProvider.System.GetElapsedTime(since).Should().BeLessThan(TimeSpan.FromSeconds(10));
        (await world.RunEventsAsync(run)).OfType<RunResumed>().Should().ContainSingle().Which.Worker.Should().Be(secondBeat.Worker);
        await world.ReplaysAsync(run);

        await stop.CancelAsync();
        await recovering.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await secondBeat.StopAsync(default);
        await first.DisposeAsync();
    }
}
