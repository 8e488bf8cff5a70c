using System.Diagnostics;
using System.Globalization;
using AIaaS.Commands.Bus;
using AIaaS.Commands.Sagas;
using AIaaS.Commands.Tools;
using AIaaS.Domain;
using AIaaS.Domain.Leads;
using AIaaS.Domain.Sagas;
using AIaaS.Domain.Tools;
using AIaaS.EventStore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace AIaaS.Benchmarks;

/// <summary>
/// Order sagas of six steps with three tools in process, 32 at once: from the event that sets a saga off to its durable end, through the
/// process manager, the dispatcher, the bus in memory and the worker, on the embedded log. The floor: the same count of appends to the same
/// log, 32 writers at once, and nothing else.
/// </summary>
internal sealed class SagaOrder : IBenchmark
{
    private const int AtOnce = 32;
    private const int AppendsPerSaga = 9;
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Measured = TimeSpan.FromSeconds(5);

    public IReadOnlyList<Measure> Measures { get; } =
    [
        new("saga.order.rate32", "sagas/s", Better.Higher, new(300), "the appends of such a saga alone, 32 writers at once"),
    ];

    public async Task<IReadOnlyDictionary<string, Sample>> RunAsync(BenchmarkContext context, CancellationToken cancellationToken)
    {
        double rate;
        await using (var log = await LogBench.OpenAsync(context.NewFolder("sagas")))
        {
            rate = await SagasAsync(log, cancellationToken);
        }

        await using var bare = await LogBench.OpenAsync(context.NewFolder("floor"));
        return new Dictionary<string, Sample> { ["saga.order.rate32"] = new(rate, await FloorAsync(bare, cancellationToken)) };
    }

    private static SagaDefinition Definition { get; } = SagaDefinition.On<LeadCaptured>(
        "bench-order",
        "1",
        e => new(e.Lead, new() { ["order_id"] = e.Lead, ["amount"] = 12.5m }),
        Step("reserve", "reserve"),
        Step("charge", "charge"),
        Step("confirm", "notify"),
        Step("commit", "reserve"),
        Step("receipt", "charge"),
        Step("notify", "notify"));

    private static SagaStep Step(string name, string tool) => new(name, tool, s => new() { ["order_id"] = s.Node("order_id"), ["amount"] = s.Node("amount") });

    private static async Task<double> SagasAsync(IEventStore log, CancellationToken cancellationToken)
    {
        var types = DomainEventTypes.Create();
        var services = new ServiceCollection()
            .AddLogging()
            .AddSingleton(TimeProvider.System)
            .AddSingleton(IdSource.From(TimeProvider.System))
            .AddSingleton(types)
            .AddSingleton(log)
            .AddSingleton<ICheckpointStore, CheckpointStore>()
            .AddSingleton<IParkingLot>(new ParkingLot(log))
            .AddSingleton(Definition)
            .AddSingleton<ToolTelemetry>()
            .AddSingleton<IToolExecutor, ToolExecutor>()
            .AddSingleton<IToolRegistry>(new Tools("reserve", "charge", "notify"))
            .AddWorkBus()
            .AddSagas()
            .AddSingleton(s => new SubscriptionHost(s.GetServices<ISubscription>(), TimeProvider.System));
        await using var provider = services.AddSingleton<IHostedService>(s => s.GetRequiredService<SubscriptionHost>()).BuildServiceProvider();
        var hosted = provider.GetServices<IHostedService>().ToArray();
        foreach (var part in hosted)
        {
            await part.StartAsync(cancellationToken);
        }

        var (placed, ended) = (0, 0);
        using var slots = new SemaphoreSlim(AtOnce);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var following = Task.Run(
            async () =>
            {
                await foreach (var message in log.SubscribeToAllAsync(filter: EventFilter.Types("saga.completed"), cancellationToken: stop.Token))
                {
                    if (message.Event is not null)
                    {
                        Interlocked.Increment(ref ended);
                        slots.Release();
                    }
                }
            },
            stop.Token);
        try
        {
            await PlaceForAsync(WarmUp);
            var (before, since) = (ended, Stopwatch.GetTimestamp());
            await PlaceForAsync(Measured);
            return (ended - before) / Stopwatch.GetElapsedTime(since).TotalSeconds;
        }
        finally
        {
            await stop.CancelAsync();
            await following.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            foreach (var part in hosted.Reverse())
            {
                await part.StopAsync(CancellationToken.None);
            }
        }

        async Task PlaceForAsync(TimeSpan time)
        {
            var since = Stopwatch.GetTimestamp();
            while (Stopwatch.GetElapsedTime(since) < time)
            {
                await slots.WaitAsync(TimeSpan.FromSeconds(30), cancellationToken);
                var id = (++placed).ToString(CultureInfo.InvariantCulture);
                _ = log.AppendAsync(StreamName.For("lead", "acme", id), ExpectedVersion.NoStream, [types.Write(NamedId.Of("bench", id), new LeadCaptured(id, new("Somebody", null, null, null, "bench", null, null, null), DateTimeOffset.UnixEpoch), new EventMetadata { Tenant = "acme" })], cancellationToken);
            }
        }
    }

    private static async Task<double> FloorAsync(IEventStore log, CancellationToken cancellationToken)
    {
        var ids = IdSource.From(TimeProvider.System);
        var since = Stopwatch.GetTimestamp();
        var counts = await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(writer => Task.Run(
            async () =>
            {
                var sagas = 0;
                for (; Stopwatch.GetElapsedTime(since) < WarmUp; sagas++)
                {
                    for (var i = 0; i < AppendsPerSaga; i++)
                    {
                        await log.AppendAsync($"saga-acme_{writer}.{sagas}", ExpectedVersion.Exact(i - 1), [LogBench.NewEvent(ids)], cancellationToken);
                    }
                }

                return sagas;
            },
            cancellationToken)));
        return counts.Sum() / Stopwatch.GetElapsedTime(since).TotalSeconds;
    }

    private sealed class Tools(params string[] names) : IToolRegistry
    {
        private readonly Dictionary<string, ITool> byName = names.ToDictionary(n => n, ITool (n) => new Tool(n), StringComparer.Ordinal);

        public ITool? Find(string tenant, string name, string? version = null) => byName.GetValueOrDefault(name);

        public IReadOnlyList<ToolManifest> List(string tenant) => [.. byName.Values.Select(t => t.Manifest)];
    }

    private sealed class Tool(string name) : ITool
    {
        private const string Schema = """{ "type": "object", "properties": { "order_id": { "type": "string" }, "amount": { "type": "number" } }, "required": ["order_id", "amount"], "additionalProperties": false }""";

        public ToolManifest Manifest { get; } = new(name, "1.0.0", name, Schema, Schema) { SideEffect = true, Idempotent = true };

        public Task<ToolOutcome> InvokeAsync(ToolCall call, CancellationToken cancellationToken) => Task.FromResult<ToolOutcome>(new ToolOutcome.Succeeded(call.Input));
    }
}
