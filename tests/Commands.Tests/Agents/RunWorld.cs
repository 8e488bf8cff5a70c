using System.Collections.Immutable;
using AIaaS.Commands.Agents;
using AIaaS.Commands.Budgets;
using AIaaS.Commands.Channels;
using AIaaS.Commands.Knowledge;
using AIaaS.Commands.Routing;
using AIaaS.Commands.Tenants;
using AIaaS.Commands.Tools;
using AIaaS.Domain;
using AIaaS.Domain.Agents;
using AIaaS.Domain.Knowledge;
using AIaaS.EventStore;
using Microsoft.Extensions.Logging.Abstractions;

namespace Commands.Tests.Agents;

/// <summary>The real parts around runs: the embedded log in a folder of its own, the search index behind it, the models, the services.</summary>
internal sealed class RunWorld : IAsyncDisposable
{
    public const string Tenant = "acme";

    private static readonly (string Id, string Title, string Content, Audience Audience)[] Articles =
    [
        ("returns-policy", "Returns and refunds", "You can return an item within 30 days of delivery. The refund is paid to the card that you paid with within 5 working days.", Audience.Customer),
        ("shipping-times", "Shipping times", "Standard shipping takes 3 to 5 working days. Express shipping takes one working day.", Audience.Customer),
        ("warranty", "Warranty", "Every tent has a warranty of two years against faults of material and workmanship.", Audience.Customer),
        ("internal-discounts", "Internal discounts", "Staff may grant a goodwill discount of 15 percent on complaints about a broken zipper.", Audience.Staff),
    ];

    private readonly DirectoryInfo? folder;
    private readonly CancellationTokenSource stop = new();
    private readonly Task indexing;
    private readonly Task watching;

    private RunWorld(DirectoryInfo? folder, string path, IEventStore log, ModelCatalog models, RunOptions options, string? yaml, IToolRegistry? tools)
    {
        this.folder = folder;
        Path = path;
        Log = log;
        Models = models;
        Parking = new ParkingLot(log);
        Retriever = new(log, Types, Parking, TimeProvider.System);
        Workflows = yaml is null ? new(log, Types, Ids, TimeProvider.System) : new(log, Types, Ids, TimeProvider.System, [("test.yaml", yaml)]);
        Executor = new(TimeProvider.System, ToolTelemetry);
        SafeMode = new(log, Types, Parking, TimeProvider.System);
        Engine = new(log, Types, Workflows, models, Retriever, Ids, TimeProvider.System, Telemetry, options, null, tools, Executor, safeMode: SafeMode);
        Signals = new(Engine, log, Types, Ids, TimeProvider.System);
        Episodes = new(log, Types, Workflows);
        Replayer = new(Types, Workflows, models);
        Forker = new(Engine, Episodes, Types, Workflows, models, Ids, TimeProvider.System);
        Conversations = new(Engine, Workflows, Types, log, Ids, TimeProvider.System);
        Tenants = new(log, Types, Ids, TimeProvider.System);
        indexing = Retriever.RunAsync(stop.Token);
        watching = SafeMode.RunAsync(stop.Token);
    }

    public string Path { get; }

    public IEventStore Log { get; }

    public EventTypes Types { get; } = DomainEventTypes.Create();

    public IdSource Ids { get; } = IdSource.From(TimeProvider.System);

    public RunTelemetry Telemetry { get; } = new();

    public ModelCatalog Models { get; }

    public ParkingLot Parking { get; }

    public Bm25Retriever Retriever { get; }

    public WorkflowCatalog Workflows { get; }

    public SafeModeRegistry SafeMode { get; }

    public RunEngine Engine { get; }

    public ToolTelemetry ToolTelemetry { get; } = new();

    public ToolExecutor Executor { get; }

    public RunSignals Signals { get; }

    public EpisodeStore Episodes { get; }

    public Replayer Replayer { get; }

    public Forker Forker { get; }

    public ConversationService Conversations { get; }

    public TenantService Tenants { get; }

    /// <summary>A world in a folder that goes away with it; or in a folder of an earlier one, which stays.</summary>
    public static async Task<RunWorld> OpenAsync(IModelClient? model = null, string? path = null, RunOptions? options = null, string? yaml = null, IToolRegistry? tools = null)
    {
        var folder = path is null ? Directory.CreateTempSubdirectory("aiaas-runs-") : null;
        path ??= folder!.FullName;
        var log = await EventStoreEngines.OpenAsync(new() { DataFolder = path }, TimeProvider.System, NullLoggerFactory.Instance);
        var models = model is null
            ? ModelCatalog.Offline()
            : new(OfflineModels.Tiers, OfflineModels.Tiers.Values.ToDictionary(m => m, _ => model), [OfflineModels.Prices]);
        var world = new RunWorld(folder, path, log, models, options ?? new(), yaml, tools);
        await world.LoadArticlesAsync();
        return world;
    }

    public static CommandContext As(string? key = null, string tenant = Tenant) => new(tenant, "tests", key);

    public async Task<(MessageAccepted Accepted, RunCompleted Run)> AskAsync(string text, string? key = null)
    {
        var accepted = await Conversations.SendAsync(new(text), As(key));
        var reply = await Conversations.WaitAsync(Tenant, accepted.Run);
        return (accepted, reply.Run);
    }

    public async Task<List<object>> EventsAsync(string stream)
    {
        List<object> events = [];
        await foreach (var e in Log.ReadStreamAsync(stream))
        {
            events.Add(Types.Read(e.Type, e.Data.Span));
        }

        return events;
    }

    /// <summary>Sends a message to a workflow, and returns what came of it.</summary>
    public async Task<MessageReply> SayAsync(string text, string? conversation = null, string workflow = "work")
    {
        var accepted = await Conversations.SendAsync(new(text, conversation, Workflow: workflow), As());
        return await Conversations.WaitAsync(Tenant, accepted.Run);
    }

    /// <summary>Whether a replay brings out the same bytes.</summary>
    public async Task ReplaysAsync(string run) =>
        (await Replayer.ReplayAsync(await Episodes.ExportAsync(Tenant, run))).Difference.Should().BeNull();

    public Task<List<object>> RunEventsAsync(string run) => EventsAsync(Run.Stream(Tenant, run));

    /// <summary>Writes the first events of an episode into this log, as they were.</summary>
    public Task PutAsync(Episode episode, int count) => count == 0
        ? Task.CompletedTask
        : Log.AppendAsync(episode.Stream, ExpectedVersion.NoStream, [.. episode.Events.Take(count).Select(e => new NewEvent(e.Id, e.Type, e.Data, e.Metadata))]);

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await indexing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Engine.DisposeAsync();
        await Executor.DisposeAsync();
        ToolTelemetry.Dispose();
        Retriever.Dispose();
        Telemetry.Dispose();
        await Log.DisposeAsync();
        stop.Dispose();
        folder?.Delete(recursive: true);
    }

    private async Task LoadArticlesAsync()
    {
        var last = LogPosition.Start;
        foreach (var (id, title, content, audience) in Articles)
        {
            var @event = new ArticleProcessed(id, title, content, audience, new('0', 64), DateTimeOffset.UnixEpoch);
            var stream = StreamName.For("article", Tenant, id);
            last = (await Log.AppendAsync(stream, ExpectedVersion.Any, [Types.Write(NamedId.Of("article", id), @event, new EventMetadata { Tenant = Tenant })])).Position;
        }

        (await Retriever.WaitForAsync(last, TimeSpan.FromSeconds(20))).Should().BeTrue();
    }
}

/// <summary>A model whose answers a test decides, call by call; the calls are counted.</summary>
internal sealed class DecidedModel(Func<int, string, CancellationToken, Task<ModelAnswer>> decide) : IModelClient
{
    private int calls;

    public int Calls => calls;

    public Task<ModelAnswer> CompleteAsync(string request, CancellationToken cancellationToken = default) =>
        decide(Interlocked.Increment(ref calls), request, cancellationToken);

    public static ModelAnswer Answer(string content) => new(content, new(100, 0, 0, 20, 0));

    public static ModelAnswer Cited(string article, string quote, double confidence, string text = "You can return it within 30 days.") =>
        Answer(AnswerContract.Write(new(AnswerAction.Answer, AnswerReason.Answered, text, [new(article, quote)], confidence)));
}
