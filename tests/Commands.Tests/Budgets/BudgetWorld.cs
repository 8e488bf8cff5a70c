using System.Collections.Immutable;
using AIaaS.Commands.Budgets;
using AIaaS.Domain;
using AIaaS.Domain.Budgets;
using AIaaS.EventStore;
using Microsoft.Extensions.Logging.Abstractions;

namespace Commands.Tests.Budgets;

/// <summary>What a process holds of budgets, on a log that outlives it.</summary>
internal sealed class BudgetParts : IAsyncDisposable
{
    private readonly CancellationTokenSource stop = new();
    private readonly Task[] following;

    public BudgetParts(IEventStore log, EventTypes types, TimeProvider? time = null, ICheckpointStore? checkpoints = null, bool settles = true, BudgetOptions? options = null)
    {
        time ??= TimeProvider.System;
        var ids = IdSource.From(TimeProvider.System);
        Catalog = new(log, types, new ParkingLot(log), time);
        Ledger = new(log, types, ids, time, Catalog, options);
        Service = new(log, types, ids, Ledger, time);
        Settlement = new(log, types, Ledger, checkpoints ?? new CheckpointStore(log, ids), TimeProvider.System, options ?? new() { SweepEvery = TimeSpan.FromMilliseconds(20), Grace = TimeSpan.Zero });
        following = settles ? [Catalog.RunAsync(stop.Token), Settlement.RunAsync(stop.Token)] : [Catalog.RunAsync(stop.Token)];
    }

    public BudgetCatalog Catalog { get; }

    public BudgetLedger Ledger { get; }

    public BudgetService Service { get; }

    public BudgetSettlement Settlement { get; }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        foreach (var task in following)
        {
            await task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        stop.Dispose();
    }
}

/// <summary>A log of its own, and helpers around it.</summary>
internal sealed class BudgetWorld : IAsyncDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("aiaas-budgets-");

    private BudgetWorld()
    {
    }

    public IEventStore Log { get; private set; } = null!;

    public EventTypes Types { get; } = DomainEventTypes.Create();

    public static BudgetTerms Terms(decimal limit, bool hard = true, BudgetScope scope = BudgetScope.Tenant, string? of = null, BudgetInterval interval = BudgetInterval.Year, params ImmutableArray<int> alerts) =>
        new("Test", scope, of, interval, "UTC", hard, Money.Usd(limit), alerts);

    public static CommandContext As(string tenant = "acme", string actor = "key:k1") => new(tenant, actor);

    public static async Task<BudgetWorld> OpenAsync()
    {
        var world = new BudgetWorld();
        world.Log = await EventStoreEngines.OpenAsync(new() { DataFolder = world.folder.FullName }, TimeProvider.System, NullLoggerFactory.Instance);
        return world;
    }

    public BudgetParts Process(TimeProvider? time = null, bool settles = true, BudgetOptions? options = null) => new(Log, Types, time, settles: settles, options: options);

    /// <summary>All events of the periods of a budget, in order.</summary>
    public async Task<List<(string Period, object Event)>> PeriodsAsync(string budget, string tenant = "acme")
    {
        List<(string, object)> events = [];
        await foreach (var e in Log.ReadAllAsync(filter: EventFilter.Streams($"budgetPeriod-{tenant}_{budget}.")))
        {
            events.Add((BudgetPeriod.Names(new StreamName(e.Stream).Id).Period, Types.Read(e.Type, e.Data.Span)));
        }

        return events;
    }

    public async Task<BudgetPeriod> FoldAsync(string budget, string tenant = "acme") =>
        (await PeriodsAsync(budget, tenant)).Aggregate(BudgetPeriod.Initial, (state, e) => state.Evolve(e.Event));

    public Task<AppendResult> WriteAsync(string stream, long version, params DomainEvent[] events) =>
        Log.AppendAsync(stream, ExpectedVersion.Exact(version), [.. events.Select(e => Types.Write(IdSource.From(TimeProvider.System).NewId(), e, new EventMetadata { Tenant = new StreamName(stream).Tenant }))]);

    public static BudgetWish Wish(decimal amount, string run = "r1", string call = "answer/1/1", long version = 0, string tenant = "acme", string? key = null, string? workflow = null, string? customer = null, DateTimeOffset? at = null) =>
        new(new(tenant, key, workflow, customer), Money.Usd(amount), $"agentRun-{tenant}_{run}", version, call, at ?? TimeProvider.System.GetUtcNow(), (at ?? TimeProvider.System.GetUtcNow()).AddMinutes(5));

    public static async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!await condition())
        {
            deadline.IsCancellationRequested.Should().BeFalse("within 20 s this should be so: {0}", what);
            await Task.Delay(5);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Log.DisposeAsync();
        folder.Delete(recursive: true);
    }
}
