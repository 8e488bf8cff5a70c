using System.Text.Json;
using AIaaS.Commands.Customers;
using AIaaS.Commands.Handoffs;
using AIaaS.Commands.Orders;
using AIaaS.Commands.Tools;
using AIaaS.Domain;
using AIaaS.EventStore;
using Microsoft.Extensions.Logging.Abstractions;

namespace Commands.Tests.Orders;

/// <summary>A shop on the embedded log in a folder of its own.</summary>
internal sealed class ShopWorld : IAsyncDisposable
{
    public const string Tenant = "acme";

    private readonly string folder;
    private readonly bool keep;
    private readonly ToolTelemetry telemetry = new();
    private readonly ToolExecutor executor;
    private int calls;

    private ShopWorld(string folder, bool keep, IEventStore log)
    {
        (this.folder, this.keep, Log) = (folder, keep, log);
        executor = new(TimeProvider.System, telemetry);
        Types = DomainEventTypes.Create();
        var ids = IdSource.From(TimeProvider.System);
        Orders = new(log, Types, ids);
        Customers = new(log, Types, ids);
        Products = new(log, Types, ids);
        Shop = new(Orders, Customers, new(log, Types, ids), Products, new(log, Types, ids), new(log, Types, ids), TimeProvider.System);
        Importer = new(Shop);
        ITool[] tools = [.. new ShopTools(Shop).All(), new TransferTool(new(log, Types, ids, new(log, Types, ids)), log, Types, TimeProvider.System)];
        Tools = tools.ToDictionary(t => t.Manifest.Name, StringComparer.Ordinal);
    }

    public static CommandContext Context { get; } = new(Tenant, "test");

    public IEventStore Log { get; }

    public EventTypes Types { get; }

    public Shop Shop { get; }

    public OrderService Orders { get; }

    public CustomerService Customers { get; }

    public ProductService Products { get; }

    public RetailImporter Importer { get; }

    public IReadOnlyDictionary<string, ITool> Tools { get; }

    public static string NewFolder() => Directory.CreateTempSubdirectory("aiaas-shop-").FullName;

    public static Task<ShopWorld> OpenAsync() => OpenAsync(NewFolder(), keep: false);

    public static async Task<ShopWorld> OpenAsync(string folder, bool keep) =>
        new(folder, keep, await EventStoreEngines.OpenAsync(new EventStoreOptions { DataFolder = folder }, TimeProvider.System, NullLoggerFactory.Instance));

    /// <summary>A shop of its own that begins with what lies in a folder.</summary>
    public static Task<ShopWorld> CopyAsync(string folder)
    {
        var copy = NewFolder();
        foreach (var file in Directory.EnumerateFiles(folder))
        {
            File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        }

        return OpenAsync(copy, keep: false);
    }

    public Task<ToolOutcome> CallAsync(string tool, string input, string? key = null, string? customer = null, string tenant = Tenant) =>
        CallAsync(tool, JsonSerializer.Deserialize<JsonElement>(input), key, customer, tenant);

    /// <summary>Calls a tool as runs and sagas do: with the check of its schemas around it.</summary>
    public async Task<ToolOutcome> CallAsync(string tool, JsonElement input, string? key = null, string? customer = null, string tenant = Tenant) =>
        (await executor.ExecuteAsync(Tools[tool], Call(tool, input, key, customer, tenant), default)).Outcome;

    /// <summary>Calls a tool without the check of its input.</summary>
    public Task<ToolOutcome> CallUncheckedAsync(string tool, string input, string? customer = null) =>
        Tools[tool].InvokeAsync(Call(tool, JsonSerializer.Deserialize<JsonElement>(input), null, customer, Tenant), default);

    public async Task<JsonElement> DoAsync(string tool, string input, string? key = null, string? customer = null) =>
        await CallAsync(tool, input, key, customer) is ToolOutcome.Succeeded done ? done.Output : throw new AssertionException($"{tool} did not succeed: {await CallAsync(tool, input, key, customer)}");

    public async Task<string> RefusedAsync(string tool, string input, string? key = null, string? customer = null)
    {
        var outcome = await CallAsync(tool, input, key, customer);
        return outcome.Should().BeOfType<ToolOutcome.Failed>(outcome.ToString()).Which.Reason;
    }

    private ToolCall Call(string tool, JsonElement input, string? key, string? customer, string tenant) =>
        new(tenant, "agentRun-acme_test", "c", key ?? $"{tenant}/test/{++calls}/{tool}", new('0', 64), input, customer, null);

    public async Task<long> EventsAsync()
    {
        var events = 0L;
        await foreach (var _ in Log.ReadAllAsync())
        {
            events++;
        }

        return events;
    }

    /// <summary>Takes what the log says was done, as the subscription does after a crash.</summary>
    public async Task FollowUpAsync()
    {
        var followUps = new OrderFollowUps(Shop, Types);
        var events = new List<EventEnvelope>();
        await foreach (var recorded in Log.ReadAllAsync(filter: followUps.Filter))
        {
            events.Add(EventEnvelope.Read(Types, recorded));
        }

        foreach (var envelope in events)
        {
            await followUps.HandleAsync(envelope, default);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await executor.DisposeAsync();
        telemetry.Dispose();
        await Log.DisposeAsync();
        if (!keep)
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
