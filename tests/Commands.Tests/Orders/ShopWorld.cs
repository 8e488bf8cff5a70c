using System.Text.Json;
using AIaaS.Commands.Customers;
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
    private int calls;

    private ShopWorld(string folder, bool keep, IEventStore log)
    {
        (this.folder, this.keep, Log) = (folder, keep, log);
        Types = DomainEventTypes.Create();
        var ids = IdSource.From(TimeProvider.System);
        Orders = new(log, Types, ids);
        Customers = new(log, Types, ids);
        Products = new(log, Types, ids);
        Shop = new(Orders, Customers, new(log, Types, ids), Products, new(log, Types, ids), new(log, Types, ids), TimeProvider.System);
        Importer = new(Shop);
        Tools = new ShopTools(Shop).All().ToDictionary(t => t.Manifest.Name, StringComparer.Ordinal);
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

    public Task<ToolOutcome> CallAsync(string tool, JsonElement input, string? key = null, string? customer = null, string tenant = Tenant) =>
        Tools[tool].InvokeAsync(new(tenant, "agentRun-acme_test", "c", key ?? $"acme/test/{++calls}/{tool}", new('0', 64), input, customer, null), default);

    public async Task<JsonElement> DoAsync(string tool, string input, string? key = null, string? customer = null) =>
        await CallAsync(tool, input, key, customer) is ToolOutcome.Succeeded done ? done.Output : throw new AssertionException($"{tool} did not succeed: {await CallAsync(tool, input, key, customer)}");

    public async Task<string> RefusedAsync(string tool, string input, string? key = null, string? customer = null)
    {
        var outcome = await CallAsync(tool, input, key, customer);
        return outcome.Should().BeOfType<ToolOutcome.Failed>(outcome.ToString()).Which.Reason;
    }

    public async Task<long> EventsAsync()
    {
        var events = 0L;
        await foreach (var _ in Log.ReadAllAsync())
        {
            events++;
        }

        return events;
    }

    public async ValueTask DisposeAsync()
    {
        await Log.DisposeAsync();
        if (!keep)
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
