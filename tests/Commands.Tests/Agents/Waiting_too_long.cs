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
        limits: { step_ms: 30000 }
        nodes:
          - { id: start, type: start, next: slow }
          - { id: slow, type: tool, tool: slow, input: {}, next: done }
          - { id: done, type: end, outcome: answered, text: "Done." }
        """;

    /// <param name="early">Whether the other worker tried to take the run up while its worker lived, and waits for it since: then nothing else there looks at the run.</param>
    [TestCase(false)]
    [TestCase(true)]
    public async Task hands_its_runs_to_another_one_within_ten_seconds_and_not_while_it_lives(bool early)
    {
        var tools = new FirstCallsAreLost(1);
        tools.Release();
        await using var world = await RunWorld.OpenAsync(yaml: Yaml, tools: tools.Registry);
        await using var workers = await TwoWorkers.StartAsync(world, tools.Registry, recovers: !early);
        var run = await workers.BeginAsync();
        var waiting = early ? workers.Second.ExecuteAsync(RunWorld.Tenant, run) : null;
        await Task.Delay(TimeSpan.FromSeconds(2.5), TimeProvider.System);
        (await world.RunEventsAsync(run)).OfType<RunResumed>().Should().BeEmpty("its worker lives");

        workers.LoseFirst();
        var since = TimeProvider.System.GetTimestamp();
        (await (waiting ?? workers.Second.ExecuteAsync(RunWorld.Tenant, run)).WaitAsync(TimeSpan.FromSeconds(20))).Answer.Should().Be("Done.");
        TimeProvider.System.GetElapsedTime(since).Should().BeLessThan(TimeSpan.FromSeconds(10));
        (await world.RunEventsAsync(run)).OfType<RunResumed>().Should().ContainSingle().Which.Worker.Should().Be(workers.SecondName);
        await world.ReplaysAsync(run);
    }

    [Test]
    public async Task hands_over_all_of_its_runs_however_long_each_goes_on()
    {
        const int Runs = 80;
        var tools = new FirstCallsAreLost(Runs);
        await using var world = await RunWorld.OpenAsync(yaml: Yaml, tools: tools.Registry);
        await using var workers = await TwoWorkers.StartAsync(world, tools.Registry);
        for (var i = 0; i < Runs; i++)
        {
            await workers.BeginAsync();
        }

        await tools.CalledAsync(Runs);
        workers.LoseFirst();
        await tools.CalledAsync(2 * Runs);
        tools.Release();
    }

    /// <summary>A tool whose first calls get no answer, as those of a worker that is lost; the others get theirs when the test says so.</summary>
    private sealed class FirstCallsAreLost
    {
        private readonly TaskCompletionSource release = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int calls;

        public FirstCallsAreLost(int lost) => Registry = new TestTools().Add(
            "slow",
            async (_, cancellation) =>
            {
                if (Interlocked.Increment(ref calls) <= lost)
                {
                    await Task.Delay(Timeout.Infinite, cancellation);
                }

                await release.Task.WaitAsync(cancellation);
                return new AIaaS.Commands.Tools.ToolOutcome.Succeeded(TestTools.Json("{}"));
            },
            m => m with { Bulkhead = 1_000 });

        public TestTools Registry { get; }

        public void Release() => release.TrySetResult();

        public async Task CalledAsync(int count)
        {
            var since = TimeProvider.System.GetTimestamp();
            while (Volatile.Read(ref calls) < count && TimeProvider.System.GetElapsedTime(since) < TimeSpan.FromSeconds(15))
            {
                await Task.Delay(20, CancellationToken.None);
            }

            Volatile.Read(ref calls).Should().Be(count);
        }
    }

    /// <summary>Two workers on one log; the second one takes up what the first one leaves behind.</summary>
    private sealed class TwoWorkers : IAsyncDisposable
    {
        private static readonly WorkerOptions Workers = new() { OwnsLog = false, BeatEvery = TimeSpan.FromMilliseconds(200), StaleAfter = TimeSpan.FromSeconds(1) };
        private static readonly RunOptions Options = new() { OwnsLog = false, RecoveryInterval = TimeSpan.FromMilliseconds(50) };
        private readonly WorkerHeartbeat firstBeat;
        private readonly WorkerHeartbeat secondBeat;
        private readonly RunEngine first;
        private readonly RunStarter starter;
        private readonly CancellationTokenSource stop = new();
        private readonly Task recovering;

        private TwoWorkers(RunWorld world, TestTools tools, bool recovers)
        {
            (firstBeat, secondBeat) = (Beat(), Beat());
            (first, Second) = (Engine(firstBeat), Engine(secondBeat));
            starter = new(first, world.Workflows, world.Ids, TimeProvider.System);
            var conversations = new AIaaS.Commands.Channels.ConversationService(Second, world.Workflows, world.Types, world.Log, world.Ids, TimeProvider.System);
            recovering = !recovers ? Task.CompletedTask : new RunRecovery(world.Log, world.Types, Second, conversations, new CheckpointStore(world.Log, world.Ids), world.Retriever, TimeProvider.System).RunAsync(stop.Token);

            WorkerHeartbeat Beat() => new(world.Log, world.Types, world.Ids, TimeProvider.System, Workers);

            RunEngine Engine(WorkerHeartbeat beat) => new(world.Log, world.Types, world.Workflows, world.Models, world.Retriever, world.Ids, TimeProvider.System, world.Telemetry, Options, null, tools, world.Executor, beat);
        }

        public RunEngine Second { get; }

        public string SecondName => secondBeat.Worker;

        public static async Task<TwoWorkers> StartAsync(RunWorld world, TestTools tools, bool recovers = true)
        {
            var workers = new TwoWorkers(world, tools, recovers);
            await workers.firstBeat.StartAsync(default);
            await workers.secondBeat.StartAsync(default);
            return workers;
        }

        /// <summary>Begins a run on the first worker.</summary>
        public async Task<string> BeginAsync() => (await starter.StartAsync(new("work"), RunWorld.As())).Run;

        /// <summary>The first worker says nothing any more; its calls come to nothing.</summary>
        public void LoseFirst() => firstBeat.Dispose();

        public async ValueTask DisposeAsync()
        {
            await stop.CancelAsync();
            await recovering.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await secondBeat.StopAsync(default);
            await Second.DisposeAsync();
            await first.DisposeAsync();
            firstBeat.Dispose();
            secondBeat.Dispose();
            stop.Dispose();
        }
    }
}
