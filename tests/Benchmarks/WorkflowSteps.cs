using System.Collections.Immutable;
using System.Diagnostics;
using System.Text.Json;
using AIaaS.Commands.Agents;
using AIaaS.Commands.Knowledge;
using AIaaS.Commands.Routing;
using AIaaS.Commands.Tools;
using AIaaS.Domain;
using AIaaS.Domain.Agents;
using AIaaS.Domain.Tools;
using AIaaS.EventStore;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIaaS.Benchmarks;

/// <summary>
/// A workflow of 10 tool steps whose in-process tool does nothing, carried out by the run engine on the embedded log, in this process. Each
/// step is durable before the next one begins: its outcome and the request of the next call are one fsynced append.
/// </summary>
internal sealed class WorkflowSteps : IBenchmark
{
    private const int WarmUp = 2_000;
    private const int Serial = 1_000;
    private const int Parallel = 64;
    private const int ParallelRuns = 12_000;

    public IReadOnlyList<Measure> Measures { get; } =
    [
        new("workflow.steps10.p50", "ms", Better.Lower, new(5), "the same appends, without the engine"),
        new("workflow.steps10.rate64", "workflows/s", Better.Higher, new(2_000), "the same appends, without the engine"),
        new("workflow.steps10.p99at64", "ms", Better.Lower, new(100), "the same appends, without the engine"),
    ];

    public async Task<IReadOnlyDictionary<string, Sample>> RunAsync(BenchmarkContext context, CancellationToken cancellationToken)
    {
        await using var world = await EngineWorld.OpenAsync(context.NewFolder("steps"));
        var workflow = EngineWorld.Workflow(10);
        var (cpu, engine) = await CpuAsync(() => MeasureAsync(i => world.RunAsync(workflow, i, cancellationToken)));
        var (bare, floor) = await CpuAsync(() => MeasureAsync(i => world.AppendAsync(i, 12, cancellationToken)));
        context.Say($"processor time for a workflow {1_000 * cpu / All:0} µs, for its appends alone {1_000 * bare / All:0} µs");
        return new Dictionary<string, Sample>
        {
            ["workflow.steps10.p50"] = new(engine.P50, floor.P50),
            ["workflow.steps10.rate64"] = new(engine.Rate, floor.Rate),
            ["workflow.steps10.p99at64"] = new(engine.P99, floor.P99),
        };
    }

    private const int All = WarmUp + Serial + ParallelRuns;

    private static async Task<(double Cpu, (double P50, double Rate, double P99) Measured)> CpuAsync(Func<Task<(double P50, double Rate, double P99)>> measure)
    {
        var before = Environment.CpuUsage.TotalTime;
        var measured = await measure();
        return ((Environment.CpuUsage.TotalTime - before).TotalMilliseconds, measured);
    }

    private static async Task<(double P50, double Rate, double P99)> MeasureAsync(Func<int, Task> run)
    {
        var number = 0;
        await SpreadAsync(WarmUp, null);
        var latencies = new double[Serial];
        for (var i = 0; i < Serial; i++)
        {
            latencies[i] = await TimeAsync();
        }

        var parallel = new double[ParallelRuns];
        var since = Stopwatch.GetTimestamp();
        await SpreadAsync(ParallelRuns, parallel);
        var seconds = Stopwatch.GetElapsedTime(since).TotalSeconds;
        return (Figures.Percentile(latencies, 0.5), ParallelRuns / seconds, Figures.Percentile(parallel, 0.99));

        async Task<double> TimeAsync()
        {
            var begun = Stopwatch.GetTimestamp();
            await run(Interlocked.Increment(ref number));
            return Stopwatch.GetElapsedTime(begun).TotalMilliseconds;
        }

        async Task SpreadAsync(int count, double[]? into)
        {
            var next = -1;
            await Task.WhenAll(Enumerable.Range(0, Parallel).Select(_ => Task.Run(async () =>
            {
                while (Interlocked.Increment(ref next) is var i && i < count)
                {
                    var took = await TimeAsync();
                    if (into is not null)
                    {
                        into[i] = took;
                    }
                }
            })));
        }
    }
}

/// <summary>10,000 runs that stand in the middle of their workflow when the process starts: each is found and brought to its end.</summary>
internal sealed class RunRecovery10k : IBenchmark
{
    private const int Runs = 10_000;

    public IReadOnlyList<Measure> Measures { get; } = [new("run.recovery10k", "s", Better.Lower, new(15))];

    public async Task<IReadOnlyDictionary<string, Sample>> RunAsync(BenchmarkContext context, CancellationToken cancellationToken)
    {
        var folder = context.NewFolder("recovery");
        var workflow = EngineWorld.Workflow(3);
        await using (var before = await EngineWorld.OpenAsync(folder))
        {
            await before.LeaveOpenAsync(workflow, Runs, cancellationToken);
        }

        var since = Stopwatch.GetTimestamp();
        await using var world = await EngineWorld.OpenAsync(folder);
        await world.RecoverAsync(Runs, cancellationToken);
        return new Dictionary<string, Sample> { ["run.recovery10k"] = new(Stopwatch.GetElapsedTime(since).TotalSeconds) };
    }
}

/// <summary>The run engine on an embedded log of its own, with one tool that does nothing.</summary>
internal sealed class EngineWorld : IAsyncDisposable
{
    private const string Tenant = "bench";

    private readonly IEventStore log;
    private readonly EventTypes types = DomainEventTypes.Create();
    private readonly IdSource ids = IdSource.From(TimeProvider.System);
    private readonly RunTelemetry telemetry = new();
    private readonly ToolTelemetry toolTelemetry = new();
    private readonly ToolExecutor executor;
    private readonly RunEngine engine;
    private readonly WorkflowCatalog workflows;
    private readonly Bm25Retriever retriever;

    private EngineWorld(IEventStore log)
    {
        this.log = log;
        executor = new(TimeProvider.System, toolTelemetry);
        retriever = new(log, types, new ParkingLot(log), TimeProvider.System);
        workflows = new(log, types, ids, TimeProvider.System);
        engine = new(log, types, workflows, ModelCatalog.Offline(), retriever, ids, TimeProvider.System, telemetry, new() { MaxActive = 100_000, RecoveryInterval = TimeSpan.FromMilliseconds(50) }, null, new OneTool(), executor);
    }

    public static async Task<EngineWorld> OpenAsync(string folder) =>
        new(await EventStoreEngines.OpenAsync(new() { DataFolder = folder }, TimeProvider.System, NullLoggerFactory.Instance));

    /// <summary>A workflow of so many tool steps, one after another.</summary>
    public static Workflow Workflow(int steps) => new(
        "steps",
        "",
        new(),
        "Sorry.",
        [
            new StartNode("start", "s1"),
            .. Enumerable.Range(1, steps).Select(i => new ToolNode("s" + i, "nothing", "{}", i == steps ? "done" : "s" + (i + 1))),
            new EndNode("done", RunOutcome.Answered, "Done."),
        ]);

    public async Task RunAsync(Workflow workflow, int number, CancellationToken cancellationToken)
    {
        var begun = await engine.BeginAsync(Tenant, workflow, [Request("r", number)], Metadata("r", number), cancellationToken);
        if ((await begun.Rest!).Completed is not { Outcome: RunOutcome.Answered, Steps: 12 })
        {
            throw new InvalidOperationException("A run did not end as it should.");
        }
    }

    /// <summary>The floor: as many appends of as many events to a stream of its own.</summary>
    public async Task AppendAsync(int number, int appends, CancellationToken cancellationToken)
    {
        var stream = StreamName.For("floor", Tenant, "f" + number);
        var data = new byte[330];
        Array.Fill(data, (byte)' ');
        (data[0], data[^1]) = ((byte)'{', (byte)'}');
        for (var i = 0; i < appends; i++)
        {
            NewEvent[] events = [New(), New(), New()];
            await log.AppendAsync(stream, ExpectedVersion.Exact((3 * i) - 1), events, cancellationToken);
        }

        NewEvent New() => new(ids.NewId(), "floor.event", data, data);
    }

    /// <summary>Runs that stand behind their first step, with a call requested that was never made.</summary>
    public async Task LeaveOpenAsync(Workflow workflow, int runs, CancellationToken cancellationToken)
    {
        await workflows.PublishAsync(workflow, cancellationToken);
        await Task.WhenAll(Enumerable.Range(0, 32).Select(w => Task.Run(
            async () =>
            {
                for (var i = w; i < runs; i += 32)
                {
                    var stream = Run.Stream(Tenant, "o" + i);
                    var at = TimeProvider.System.GetUtcNow();
                    var pins = new RunPins(workflow.Hash, ImmutableSortedDictionary<string, string>.Empty, ImmutableSortedDictionary<string, string>.Empty, "2026-01", RunRules.Version)
                    {
                        Tools = ImmutableSortedDictionary<string, string>.Empty.Add("nothing", "1.0.0"),
                    };
                    var input = JsonSerializer.Deserialize<JsonElement>("{}");
                    DomainEvent[] events =
                    [
                        Request("o", i),
                        new RunStarted(pins, 25, Money.Usd(0.1m), at) { Worker = "gone" },
                        new StepCompleted("start", "start", 1, "ok", "", "s1", at),
                        new ToolCallRequested("s1/1/1", "s1", "nothing", "1.0.0", input, ToolRequest.Hash("nothing", "1.0.0", input), ToolRequest.Key(Tenant, "o" + i, "s1/1/1", "nothing"), false, false, null, at),
                    ];
                    var chain = EpisodeChain.Begin(stream);
                    var written = new List<NewEvent>();
                    foreach (var @event in events)
                    {
                        var type = types.Of(@event);
                        var data = JsonSerializer.SerializeToUtf8Bytes(@event, type.Json);
                        (chain, var linked) = EpisodeChain.Seal(chain, type.Name, data, Metadata("o", i));
                        written.Add(new(ids.NewId(), type.Name, data, linked));
                    }

                    await log.AppendAsync(stream, ExpectedVersion.NoStream, written, cancellationToken);
                }
            },
            cancellationToken)));
    }

    /// <summary>Follows the log until every run that it holds has ended.</summary>
    public async Task RecoverAsync(int runs, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var conversations = new AIaaS.Commands.Channels.ConversationService(engine, workflows, types, log, ids, TimeProvider.System);
        var recovery = new RunRecovery(log, types, engine, conversations, new CheckpointStore(log, ids), retriever, TimeProvider.System);
        var searching = retriever.RunAsync(stop.Token);
        var recovering = recovery.RunAsync(stop.Token);
        var ended = 0;
        await foreach (var message in log.SubscribeToAllAsync(LogPosition.Start, EventFilter.Types("agent.run.completed"), stop.Token))
        {
            if (message.Event is not null && ++ended == runs)
            {
                break;
            }
        }

        await stop.CancelAsync();
        await Task.WhenAll(searching, recovering).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public async ValueTask DisposeAsync()
    {
        await engine.DisposeAsync();
        await executor.DisposeAsync();
        retriever.Dispose();
        telemetry.Dispose();
        toolTelemetry.Dispose();
        await log.DisposeAsync();
    }

    private static RunRequested Request(string kind, int number) =>
        new(kind + number, "", "m" + number, "go", "steps", new('0', 64), null, TimeProvider.System.GetUtcNow());

    private static EventMetadata Metadata(string kind, int number) => new() { Tenant = Tenant, Actor = "bench", CorrelationId = kind + number, CausationId = kind + number };

    private sealed class OneTool : IToolRegistry, ITool
    {
        private static readonly Task<ToolOutcome> Nothing = Task.FromResult<ToolOutcome>(new ToolOutcome.Succeeded(JsonSerializer.Deserialize<JsonElement>("{}")));

        public ToolManifest Manifest { get; } = new("nothing", "1.0.0", "Does nothing.", "{}", "{}") { Bulkhead = 1_000 };

        public ITool? Find(string tenant, string name, string? version = null) => this;

        public IReadOnlyList<ToolManifest> List(string tenant) => [Manifest];

        public Task<ToolOutcome> InvokeAsync(ToolCall call, CancellationToken cancellationToken) => Nothing;
    }
}
