using System.Globalization;
using System.Text.Json;
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
using Microsoft.Extensions.Logging.Abstractions;

namespace AIaaS.FarSide;

/// <summary>The sagas of the crash test: six steps, on the far side over HTTP.</summary>
public static class CrashOrders
{
    public const string Tenant = "acme";

    // Any registered event does as the trigger; a lead's id carries the order's number.
    public static SagaDefinition Definition { get; } = SagaDefinition.On<LeadCaptured>(
        "crash-order",
        "1",
        e => new(e.Lead, new() { ["order"] = int.Parse(e.Lead, CultureInfo.InvariantCulture) }),
        Step("note", "note", 1),
        Step("reserve", "reserve", 2),
        Step("charge", "charge", 10),
        Step("confirm", "confirm", 1),
        Step("letter", "send_letter", 1),
        Step("close", "close", 1));

    private static SagaStep Step(string name, string tool, int amount) => new(name, tool, s => new() { ["order"] = s.Node("order"), ["amount"] = amount }) { Retries = 1 };
}

/// <summary>A tool that is an address of the far side. That flushes each line, one after another: on a slow disk it must not be taken for one that is down.</summary>
internal sealed class OutsideTool(HttpClient http, string name, bool idempotent, string? compensation) : ITool
{
    public ToolManifest Manifest { get; } = new(name, "1.0.0", name, "{}", "{}") { SideEffect = true, Idempotent = idempotent, Compensation = compensation, TimeoutMs = 60_000, Bulkhead = 64 };

    public async Task<ToolOutcome> InvokeAsync(ToolCall call, CancellationToken cancellationToken)
    {
        var input = call.Input.TryGetProperty("input", out var undone) ? undone : call.Input;
        var asked = new Asked(call.IdempotencyKey, name, input.GetProperty("order").GetInt32(), input.GetProperty("amount").GetInt32());
        try
        {
            using var content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(asked, OutsideJson.Default.Asked));
            using var answer = await http.PostAsync("/call", content, cancellationToken);
            return answer.IsSuccessStatusCode ? new ToolOutcome.Succeeded(JsonElement.Parse("{}")) : new ToolOutcome.Failed("declined", "The far side declined it.");
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            return new ToolOutcome.Unknown(e.Message);
        }
    }
}

internal sealed class OutsideTools(IEnumerable<ITool> tools) : IToolRegistry
{
    private readonly Dictionary<string, ITool> byName = tools.ToDictionary(t => t.Manifest.Name, StringComparer.Ordinal);

    public ITool? Find(string tenant, string name, string? version = null) => byName.GetValueOrDefault(name);

    public IReadOnlyList<ToolManifest> List(string tenant) => [.. byName.Values.Select(t => t.Manifest)];
}

/// <summary>The process that is killed: log, bus, process managers and worker, as in the product.</summary>
internal static class ShopProcess
{
    private const int Most = 24;

    public static async Task<int> RunAsync(string folder, Uri farSide, int count, string bus)
    {
        var log = await EventStoreEngines.OpenAsync(new() { DataFolder = folder }, TimeProvider.System, NullLoggerFactory.Instance);
        var http = new HttpClient { BaseAddress = farSide };
        var services = new ServiceCollection()
            .AddLogging()
            .AddSingleton(TimeProvider.System)
            .AddSingleton(IdSource.From(TimeProvider.System))
            .AddSingleton(DomainEventTypes.Create())
            .AddSingleton(log)
            .AddSingleton<ICheckpointStore, CheckpointStore>()
            .AddSingleton<IParkingLot>(new ParkingLot(log))
            .AddSingleton(BusOf(bus))
            .AddSingleton(CrashOrders.Definition)
            .AddSingleton<ToolTelemetry>()
            .AddSingleton<IToolExecutor, ToolExecutor>()
            .AddSingleton<IToolRegistry, OutsideTools>();
        foreach (var (name, idempotent, compensation) in new[] { ("note", true, null), ("reserve", true, "release"), ("release", true, null), ("charge", true, "refund"), ("refund", true, null), ("confirm", true, "withdraw"), ("withdraw", true, null), ("send_letter", false, null), ("close", true, null) })
        {
            services.AddSingleton<ITool>(new OutsideTool(http, name, idempotent, compensation));
        }

        services.AddWorkBus().AddSagas().AddSingleton(s => new SubscriptionHost(s.GetServices<ISubscription>(), TimeProvider.System));
        services.AddSingleton<IHostedService>(s => s.GetRequiredService<SubscriptionHost>());
        await using var provider = services.BuildServiceProvider();
        foreach (var hosted in provider.GetServices<IHostedService>())
        {
            await hosted.StartAsync(CancellationToken.None);
        }

        Console.WriteLine("started");
        var seen = new Seen(log, provider.GetRequiredService<EventTypes>());
        await PlaceAsync(log, provider.GetRequiredService<EventTypes>(), seen, count);
        while (await seen.ReadOnAsync() is var open && open.Count < count || open.Values.Any(s => !AtRest(s)))
        {
            await Task.Delay(100);
        }

        foreach (var hosted in provider.GetServices<IHostedService>().Reverse())
        {
            await hosted.StopAsync(CancellationToken.None);
        }

        await log.DisposeAsync();
        Console.WriteLine("done");
        return 0;
    }

    internal static bool AtRest(Saga saga) => saga.Status is SagaStatus.Completed or SagaStatus.Compensated or SagaStatus.Unresolved or SagaStatus.Parked;

    private static BusOptions BusOf(string bus)
    {
        if (bus == "memory")
        {
            return new();
        }

        var parts = bus.Split('|');
        var uri = new Uri(parts[0]);
        var user = uri.UserInfo.Split(':');
        return new() { Engine = "rabbitmq", Prefix = parts[1], RabbitMq = new() { Host = uri.Host, Port = uri.Port > 0 ? (ushort)uri.Port : (ushort)5672, Username = user[0], Password = user[1] } };
    }

    /// <summary>Places the orders that are not there yet, so many at a time.</summary>
    private static async Task PlaceAsync(IEventStore log, EventTypes types, Seen seen, int count)
    {
        for (var order = 0; order < count; order++)
        {
            var id = order.ToString("D6", CultureInfo.InvariantCulture);
            var placed = new LeadCaptured(id, new("Somebody", null, null, null, "crash", null, null, null), DateTimeOffset.UnixEpoch);
            try
            {
                await log.AppendAsync(StreamName.For("lead", CrashOrders.Tenant, id), ExpectedVersion.NoStream, [types.Write(NamedId.Of("crash-order", id), placed, new EventMetadata { Tenant = CrashOrders.Tenant })]);
            }
            catch (WrongExpectedVersionException)
            {
                continue;
            }

            while ((await seen.ReadOnAsync()).Values.Count(s => !AtRest(s)) >= Most)
            {
                await Task.Delay(20);
            }
        }
    }

    /// <summary>The sagas as far as the log has been read. Says how many are at rest whenever there are more.</summary>
    private sealed class Seen(IEventStore log, EventTypes types)
    {
        private readonly Dictionary<string, Saga> sagas = new(StringComparer.Ordinal);
        private LogPosition last;
        private int said;

        public async Task<Dictionary<string, Saga>> ReadOnAsync()
        {
            await foreach (var e in log.ReadAllAsync(from: last, filter: EventFilter.Streams("saga-")))
            {
                if (e.Position > last)
                {
                    sagas[e.Stream] = sagas.GetValueOrDefault(e.Stream, Saga.Initial).Evolve(types.Read(e));
                    last = e.Position;
                }
            }

            var resting = sagas.Values.Count(AtRest);
            if (resting > said)
            {
                said = resting;
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{resting} of {sagas.Count} are at rest"));
            }

            return sagas;
        }
    }
}
