using System.Collections.Concurrent;
using AIaaS.Commands.Agents;
using AIaaS.Commands.Bus;
using AIaaS.Commands.Channels;
using AIaaS.Domain.Agents;
using AIaaS.EventStore;

namespace Commands.Tests.Agents;

/// <summary>A process that takes messages in and executes no runs, beside two that do, on one log.</summary>
public sealed class Handing_runs_over
{
    private const string Yaml =
        """
        workflow: work
        nodes:
          - { id: start, type: start, next: ask }
          - { id: ask, type: wait, for: message, prompt: "Which one?", timeout: 1h, next: done, timed_out: done }
          - { id: done, type: end, outcome: answered, text: "Thank you." }
        """;

    private static readonly WorkerOptions Workers = new() { OwnsLog = false };
    private static readonly RunOptions Options = new() { OwnsLog = false, RecoveryInterval = TimeSpan.FromMilliseconds(50) };

    [Test]
    public async Task leaves_them_to_workers_whichever_is_asked_next()
    {
        await using var world = await RunWorld.OpenAsync(yaml: Yaml);
        await using var first = await Process.StartAsync(world, Options);
        await using var second = await Process.StartAsync(world, Options);
        var queue = new Queue(first, second);
        await using var front = await Process.StartAsync(world, Options with { Executes = false }, queue);

        var accepted = await front.Conversations.SendAsync(new("go", Workflow: "work"), RunWorld.As());
        var asked = await front.Conversations.WaitAsync(RunWorld.Tenant, accepted.Run).WaitAsync(TimeSpan.FromSeconds(20));
        var answer = await front.Conversations.SendAsync(new("the red one", accepted.Conversation, Workflow: "work"), RunWorld.As());
        var told = await front.Conversations.WaitAsync(RunWorld.Tenant, answer.Run).WaitAsync(TimeSpan.FromSeconds(20));

        asked.Question!.Text.Should().Be("Which one?");
        told.Run.Answer.Should().Be("Thank you.");
        queue.Taken.Should().Equal(first.Worker, second.Worker);
        var events = await world.RunEventsAsync(accepted.Run);
        events.OfType<RunStarted>().Should().ContainSingle().Which.Worker.Should().Be(first.Worker);
        events.OfType<RunClaimed>().Should().ContainSingle("a run that waited has no worker: whoever is asked may go on, although the other one lives").Which.Worker.Should().Be(second.Worker);
        events.OfType<RunResumed>().Should().BeEmpty();
        await world.ReplaysAsync(accepted.Run);
    }

    [Test]
    public async Task has_workers_find_them_in_the_log_while_the_bus_is_away()
    {
        await using var world = await RunWorld.OpenAsync(yaml: Yaml);
        await using var worker = await Process.StartAsync(world, Options);
        await using var front = await Process.StartAsync(world, Options with { Executes = false }, new Queue());
        using var stop = new CancellationTokenSource();
        var recovery = new RunRecovery(world.Log, world.Types, worker.Engine, worker.Conversations, new CheckpointStore(world.Log, world.Ids), world.Retriever, TimeProvider.System);
        var recovering = recovery.RunAsync(stop.Token);

        var accepted = await front.Conversations.SendAsync(new("go", Workflow: "work"), RunWorld.As());
        var asked = await front.Conversations.WaitAsync(RunWorld.Tenant, accepted.Run).WaitAsync(TimeSpan.FromSeconds(10));

        asked.Question!.Text.Should().Be("Which one?");
        (await world.RunEventsAsync(accepted.Run)).OfType<RunStarted>().Should().ContainSingle().Which.Worker.Should().Be(worker.Worker);
        await stop.CancelAsync();
        await recovering.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>A process on the log: its heartbeat, its engine, its conversations.</summary>
    private sealed class Process : IAsyncDisposable
    {
        private readonly WorkerHeartbeat beat;

        private Process(RunWorld world, RunOptions options, WorkerHeartbeat beat, IWorkBus? bus)
        {
            this.beat = beat;
            Engine = new(world.Log, world.Types, world.Workflows, world.Models, world.Retriever, world.Ids, TimeProvider.System, world.Telemetry, options, null, null, world.Executor, beat, bus);
            Conversations = new(Engine, world.Workflows, world.Types, world.Log, world.Ids, TimeProvider.System);
            Runs = new(Engine, Conversations, world.Retriever);
        }

        public string Worker => beat.Worker;

        public RunEngine Engine { get; }

        public ConversationService Conversations { get; }

        public RunWorker Runs { get; }

        public static async Task<Process> StartAsync(RunWorld world, RunOptions options, IWorkBus? bus = null)
        {
            var beat = new WorkerHeartbeat(world.Log, world.Types, world.Ids, TimeProvider.System, Workers);
            await beat.StartAsync(default);
            return new(world, options, beat, bus);
        }

        public async ValueTask DisposeAsync()
        {
            await Engine.DisposeAsync();
            await beat.StopAsync(default);
            beat.Dispose();
        }
    }

    /// <summary>Gives each piece of work to the next worker in turn; where there is none, it cannot be reached.</summary>
    private sealed class Queue(params Process[] workers) : IWorkBus
    {
        private readonly ConcurrentQueue<string> taken = new();

        public IEnumerable<string> Taken => taken;

        public string? Fault => workers.Length == 0 ? "It is away." : null;

        public Task PublishAsync<TWork>(TWork work, CancellationToken cancellationToken = default)
            where TWork : class, IWork
        {
            if (workers.Length == 0)
            {
                throw new BusUnavailableException("It is away.");
            }

            var next = workers[taken.Count % workers.Length];
            taken.Enqueue(next.Worker);
            return next.Runs.HandleAsync((ExecuteRun)(IWork)work, cancellationToken);
        }
    }
}
