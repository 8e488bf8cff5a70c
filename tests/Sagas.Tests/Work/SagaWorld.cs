using System.Text.Json;
using AIaaS.Commands.Bus;
using AIaaS.Commands.Sagas;
using AIaaS.Commands.Tools;
using AIaaS.Domain;
using AIaaS.Domain.Leads;
using AIaaS.Domain.Sagas;
using AIaaS.Domain.Tools;
using AIaaS.EventStore;
using Microsoft.Extensions.Logging.Abstractions;
using Sagas.Tests.Support;

namespace Sagas.Tests.Work;

/// <summary>A worker on the embedded log, and three tools whose outcomes a test decides. Reserving and charging can be undone; a letter cannot be asked for again.</summary>
internal sealed class SagaWorld : IAsyncDisposable
{
    public const string Id = "test-order.1";
    private readonly TemporaryFolder folder = new();
    private readonly Func<string, int, ToolOutcome> decide;
    private readonly SagaTelemetry telemetry = new();
    private readonly ToolTelemetry toolTelemetry = new();
    private readonly Dictionary<string, int> counts = new(StringComparer.Ordinal);

    private SagaWorld(IEventStore log, TemporaryFolder folder, Func<string, int, ToolOutcome> decide, WorkerOptions? workers)
    {
        this.decide = decide;
        this.folder = folder;
        Log = log;
        var ids = IdSource.From(TimeProvider.System);
        Worker = new(log, Types, new([Definition]), new Registry(this), new ToolExecutor(TimeProvider.System, toolTelemetry), new(log, Types, ids, TimeProvider.System, workers), ids, TimeProvider.System, telemetry);
        Service = new(log, Types, ids);
    }

    public static ToolOutcome Done { get; } = new ToolOutcome.Succeeded(JsonElement.Parse("{}"));

    public static ToolOutcome Declined { get; } = new ToolOutcome.Failed("declined", "No.");

    public static SagaDefinition Definition { get; } = SagaDefinition.On<LeadCaptured>(
        "test-order",
        "1",
        e => new(e.Lead, []),
        new SagaStep("reserve", "reserve", _ => []),
        new SagaStep("charge", "charge", _ => []) { Retries = 1 },
        new SagaStep("letter", "letter", _ => []),
        new SagaStep("tell", "tell", _ => []) { MayFail = true });

    public IEventStore Log { get; }

    public EventTypes Types { get; } = DomainEventTypes.Create();

    public SagaWorker Worker { get; }

    public SagaService Service { get; }

    /// <summary>Tools in the order in which they were called, with their keys.</summary>
    public List<(string Tool, string Key)> Calls { get; } = [];

    /// <summary>What happens elsewhere while a tool is at work.</summary>
    public Func<string, Task>? Meanwhile { get; set; }

    public IEnumerable<string> Tools => Calls.Select(c => c.Tool);

    public static Task<SagaWorld> StartedAsync(Func<string, int, ToolOutcome> decide, params DomainEvent[] further) => StartedAsync(decide, null, further);

    public static async Task<SagaWorld> StartedAsync(Func<string, int, ToolOutcome> decide, WorkerOptions? workers, params DomainEvent[] further)
    {
        var folder = new TemporaryFolder();
        var log = await EventStoreEngines.OpenAsync(new() { DataFolder = folder.Path }, TimeProvider.System, NullLoggerFactory.Instance);
        var world = new SagaWorld(log, folder, decide, workers);
        await world.AppendAsync([new SagaStarted("test-order", "1", NamedId.Of("cause"), JsonElement.Parse("{}"), DateTimeOffset.UnixEpoch), .. further]);
        return world;
    }

    public Task ExecuteAsync() => Worker.ExecuteAsync("acme", Id);

    /// <summary>Lets the timer that the saga waits for elapse, and takes it on.</summary>
    public async Task ElapseAsync()
    {
        var timer = (await StateAsync()).Timer!;
        await AppendAsync(new TimerElapsed(timer.Timer, NamedId.Of("any"), timer.Due));
        await ExecuteAsync();
    }

    public async Task AppendAsync(params DomainEvent[] events)
    {
        var ids = IdSource.From(TimeProvider.System);
        await Log.AppendAsync(Saga.Stream("acme", Id), ExpectedVersion.Any, [.. events.Select(e => Types.Write(ids.NewId(), e, new EventMetadata { Tenant = "acme" }))]);
    }

    public async Task<Saga> StateAsync()
    {
        var state = Saga.Initial;
        await foreach (var e in Log.ReadStreamAsync(Saga.Stream("acme", Id)))
        {
            state = state.Evolve(Types.Read(e.Type, e.Data.Span));
        }

        return state;
    }

    public static ToolCallRequested Requested(string tool, bool idempotent) =>
        new($"{tool}/1/1", tool, tool, "1.0.0", JsonElement.Parse("{}"), new('0', 64), $"acme/{Id}/{tool}/1/1/{tool}", true, idempotent, null, DateTimeOffset.UnixEpoch);

    public async ValueTask DisposeAsync()
    {
        await Log.DisposeAsync();
        telemetry.Dispose();
        toolTelemetry.Dispose();
        folder.Dispose();
    }

    private sealed class Registry(SagaWorld world) : IToolRegistry
    {
        public ITool? Find(string tenant, string name, string? version = null) => name == "tell" ? null : new Tool(world, name);

        public IReadOnlyList<ToolManifest> List(string tenant) => [];
    }

    private sealed class Tool(SagaWorld world, string name) : ITool
    {
        public ToolManifest Manifest { get; } = new(name, "1.0.0", name, "{}", "{}")
        {
            SideEffect = true,
            Idempotent = name != "letter",
            Price = name == "letter" ? Money.Usd(1) : null,
            Compensation = name switch { "reserve" => "release", "charge" => "refund", _ => null },
        };

        public async Task<ToolOutcome> InvokeAsync(ToolCall call, CancellationToken cancellationToken)
        {
            world.Calls.Add((name, call.IdempotencyKey));
            world.counts[name] = world.counts.GetValueOrDefault(name) + 1;
            if (world.Meanwhile is { } meanwhile)
            {
                await meanwhile(name);
            }

            return world.decide(name, world.counts[name]);
        }
    }
}
