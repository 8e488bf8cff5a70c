using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using AIaaS.Domain;
using AIaaS.Domain.Agents;
using AIaaS.EventStore;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIaaS.Projections.Tests.Engine;

/// <summary>A log, a store and a parking lot of the test's own, all embedded and real.</summary>
public sealed class World : IAsyncDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly List<(CancellationTokenSource Stop, Task Run)> running = [];

    public static readonly DateTimeOffset Start = new(2026, 1, 31, 9, 59, 30, TimeSpan.Zero);

    public EventTypes Types { get; } = DomainEventTypes.Create();

    public IEventStore Log { get; private set; } = null!;

    public IReadModelStore Store { get; private set; } = null!;

    public ParkingLot Parking { get; private set; } = null!;

    public ProjectionOptions Options { get; set; } = new() { RetryDelay = TimeSpan.Zero, KeepRetired = TimeSpan.Zero };

    public static async Task<World> OpenAsync()
    {
        var world = new World();
        await world.OpenAgainAsync();
        return world;
    }

    private async Task OpenAgainAsync()
    {
        Log = await EventStoreEngines.OpenAsync(new() { DataFolder = folder.Path }, TimeProvider.System, NullLoggerFactory.Instance);
        Store = await ReadModelEngines.OpenAsync(new() { DataFolder = folder.Path }, NullLoggerFactory.Instance);
        Parking = new(Log);
    }

    /// <summary>As a restart of the program.</summary>
    public async Task RestartAsync()
    {
        await CloseAsync();
        await OpenAgainAsync();
    }

    public ProjectionSubscription<T> Subscription<T>(Projection<T> projection, IReadModelStore? store = null)
        where T : class =>
        new(projection, Log, Types, store ?? Store, Parking, TimeProvider.System, NullLogger<ProjectionSubscription<T>>.Instance, Options);

    public ProjectionSubscription<T> Run<T>(Projection<T> projection)
        where T : class
    {
        var subscription = Subscription(projection);
        Run(subscription);
        return subscription;
    }

    public CancellationTokenSource Run(ISubscription subscription)
    {
        var stop = new CancellationTokenSource();
        running.Add((stop, Task.Run(() => subscription.RunAsync(stop.Token))));
        return stop;
    }

    public async Task StopAsync()
    {
        foreach (var (stop, run) in running)
        {
            await stop.CancelAsync();
            await run.ContinueWith(_ => { }, TaskScheduler.Default);
            stop.Dispose();
        }

        running.Clear();
    }

    public Task<AppendResult> AppendAsync(string stream, params object[] events) =>
        Log.AppendAsync(stream, ExpectedVersion.Any, [.. events.Select(e => Types.Write(IdSource.From(TimeProvider.System).NewId(), e, new EventMetadata()))]);

    public Task<AppendResult> AppendRawAsync(string stream, string type, string data) =>
        Log.AppendAsync(stream, ExpectedVersion.Any, [new(IdSource.From(TimeProvider.System).NewId(), type, Encoding.UTF8.GetBytes(data), default)]);

    public async Task<T?> ReadAsync<T>(Projection<T> projection, string id)
        where T : class =>
        await Store.GetActiveAsync(projection.Name) is { } collection && await Store.GetAsync(collection, id) is { } stored
            ? JsonSerializer.Deserialize(stored.Json.Span, projection.Json)
            : null;

    /// <summary>All documents of the active collection as JSON, by id.</summary>
    public async Task<ImmutableSortedDictionary<string, string>> AllAsync(string model)
    {
        var page = await Store.QueryAsync((await Store.GetActiveAsync(model))!, new() { Limit = 1_000 });
        return page.Documents.ToImmutableSortedDictionary(d => d.Id, d => Encoding.UTF8.GetString(d.Json.Span));
    }

    public async Task CaughtUpAsync(IProjectionProgress progress) =>
        (await progress.WaitForAsync(await Log.GetHeadAsync(), Waiting)).Should().BeTrue("the read model should come up to the log");

    public static readonly TimeSpan Waiting = TimeSpan.FromSeconds(20);

    /// <summary>Awaits a condition, with a deadline.</summary>
    public static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var deadline = new CancellationTokenSource(Waiting);
        while (!await condition())
        {
            await Task.Delay(5, deadline.Token);
        }
    }

    public static RunRequested Requested(string run, DateTimeOffset? at = null) =>
        new(run, "c-" + run, "m-" + run, "Can I return my tent?", "faq_handling", new('0', 64), null, at ?? Start);

    public static RunCompleted Completed(RunOutcome outcome = RunOutcome.Answered, double ms = 5, DateTimeOffset? at = null, Tier? tier = Tier.SLM_A, bool forked = false) =>
        new(outcome, outcome is RunOutcome.Answered ? "answered" : "no-evidence", "You can send it back.", [new("returns-policy", "Returns", "30 days")], "faq_handling", tier, 5, 1, new(412, 1, 2, 58, 3), Money.Usd(0.0002m), ms, forked, at ?? Start);

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        folder.Dispose();
    }

    private async Task CloseAsync()
    {
        await StopAsync();
        await Store.DisposeAsync();
        await Log.DisposeAsync();
    }
}

/// <summary>Base of tests on a <see cref="World"/>.</summary>
public abstract class ReadModelFixture
{
    protected World World { get; private set; } = null!;

    [SetUp]
    public async Task Open()
    {
        World = await World.OpenAsync();
        await Given();
    }

    [TearDown]
    public Task Close() => World.DisposeAsync().AsTask();

    protected virtual Task Given() => Task.CompletedTask;
}
