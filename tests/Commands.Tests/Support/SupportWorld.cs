using AIaaS.Commands.Agents;
using AIaaS.Commands.Channels;
using AIaaS.Commands.Knowledge;
using AIaaS.Commands.Orders;
using AIaaS.Commands.Routing;
using AIaaS.Commands.Tools;
using AIaaS.Domain;
using AIaaS.Domain.Agents;
using AIaaS.EventStore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Commands.Tests.Support;

/// <summary>Runs, tools and a shop put together as the program does it, on the embedded log in a folder of its own.</summary>
internal sealed class SupportWorld : IAsyncDisposable
{
    private readonly ServiceProvider services;
    private readonly string folder;
    private readonly CancellationTokenSource stop = new();
    private readonly Task[] following;
    private int sent;

    private SupportWorld(string folder, IEventStore log, IReadOnlyDictionary<string, string?> settings, string? workflows)
    {
        this.folder = folder;
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(settings).Build();
        var collection = new ServiceCollection()
            .AddSingleton(log).AddSingleton(DomainEventTypes.Create()).AddSingleton(TimeProvider.System).AddSingleton(IdSource.From(TimeProvider.System))
            .AddSingleton<IParkingLot>(new ParkingLot(log))
            .AddSingleton<ICheckpointStore>(s => new CheckpointStore(log, s.GetRequiredService<IdSource>()))
            .AddSingleton(typeof(ILogger<>), typeof(NullLogger<>)).AddSingleton<ILoggerFactory>(NullLoggerFactory.Instance)
            .AddSingleton(new WorkflowOptions { Folder = workflows })
            .AddSingleton(new RunOptions { OwnsLog = true });
        collection.AddKnowledge().AddModels(configuration).AddRuns();
        collection.AddOrders();
        collection.AddTools(configuration);
        services = collection.BuildServiceProvider();
        following = [services.GetRequiredService<Bm25Retriever>().RunAsync(stop.Token), services.GetRequiredService<ToolRegistry>().RunAsync(stop.Token)];
    }

    public IEventStore Log => Get<IEventStore>();

    public RunEngine Engine => Get<RunEngine>();

    public T Get<T>()
        where T : notnull => services.GetRequiredService<T>();

    /// <param name="template">A folder whose files the log begins with; null for an empty one.</param>
    /// <param name="settings">As the program's own.</param>
    /// <param name="workflows">A folder of workflows besides the shipped ones.</param>
    public static async Task<SupportWorld> OpenAsync(string? template = null, IReadOnlyDictionary<string, string?>? settings = null, string? workflows = null)
    {
        var folder = Directory.CreateTempSubdirectory("aiaas-support-").FullName;
        foreach (var file in template is null ? [] : Directory.EnumerateFiles(template))
        {
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        }

        var log = await EventStoreEngines.OpenAsync(new() { DataFolder = folder }, TimeProvider.System, NullLoggerFactory.Instance);
        return new(folder, log, settings ?? new Dictionary<string, string?>(), workflows);
    }

    /// <summary>Imports a shop of the form of the public data.</summary>
    public async Task ImportAsync(string tenant, byte[] shop) => await Get<RetailImporter>().ImportAsync(tenant, shop, new(tenant, "import"));

    /// <summary>Says something in a conversation, and gives the run's state when it rests; nothing of a run where a person has the conversation.</summary>
    public async Task<(MessageAccepted Accepted, MessageReply Reply)> SayAsync(string tenant, string text, string? conversation = null, string workflow = "customer_support")
    {
        var accepted = await Get<ConversationService>().SendAsync(new(text, conversation, null, workflow), new(tenant, "tests", $"m-{Interlocked.Increment(ref sent)}"));
        return (accepted, accepted.Handoff is null ? await Get<ConversationService>().WaitAsync(tenant, accepted.Run) : new(null, null, Run.Initial, accepted.Position));
    }

    /// <summary>The events of a run; none where a person has what was said.</summary>
    public async Task<List<object>> EventsAsync(string tenant, string run)
    {
        List<object> events = [];
        if (run.Length == 0)
        {
            return events;
        }

        await foreach (var e in Log.ReadStreamAsync(Run.Stream(tenant, run)))
        {
            events.Add(Get<EventTypes>().Read(e.Type, e.Data.Span));
        }

        return events;
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await Task.WhenAll(following).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await services.DisposeAsync();
        stop.Dispose();
        Directory.Delete(folder, recursive: true);
    }
}
