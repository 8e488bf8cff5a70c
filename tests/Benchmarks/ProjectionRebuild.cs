using System.Diagnostics;
using System.Globalization;
using AIaaS.Domain;
using AIaaS.EventStore;
using AIaaS.Projections;
using AIaaS.Projections.Agents;
using AIaaS.Projections.Channels;
using AIaaS.Projections.Knowledge;
using AIaaS.Projections.Tenants;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIaaS.Benchmarks;

/// <summary>
/// Builds the hourly KPIs from an empty store: over a log in which every event is a completed run (each is folded), and over one
/// with all the events of the runs (the filter passes one in eight).
/// </summary>
internal sealed class ProjectionRebuild : IBenchmark
{
    private const int Events = 160_000;

    public IReadOnlyList<Measure> Measures { get; } =
    [
        new("projection.rebuild.kpi", "events/s", Better.Higher, new(Value: 60_000)),
        new("projection.rebuild.kpi.scanned", "events/s", Better.Higher, new(Value: 60_000)),
    ];

    public async Task<IReadOnlyDictionary<string, Sample>> RunAsync(BenchmarkContext context, CancellationToken cancellationToken) => new Dictionary<string, Sample>
    {
        ["projection.rebuild.kpi"] = new(await MeasureAsync(context, "completions", onlyCompletions: true, cancellationToken)),
        ["projection.rebuild.kpi.scanned"] = new(await MeasureAsync(context, "runs", onlyCompletions: false, cancellationToken)),
    };

    private static async Task<double> MeasureAsync(BenchmarkContext context, string name, bool onlyCompletions, CancellationToken cancellationToken)
    {
        var folder = context.NewFolder(name);
        var types = DomainEventTypes.Create();
        await using var log = await EventStoreEngines.OpenAsync(new() { DataFolder = folder }, context.Time, NullLoggerFactory.Instance, cancellationToken);
        await new RunEvents(types, context.Random).FillAsync(log, Events, onlyCompletions, cancellationToken);
        await using var store = await ReadModelEngines.OpenAsync(new() { DataFolder = folder }, NullLoggerFactory.Instance, cancellationToken);
        var started = Stopwatch.GetTimestamp();
        await Models.BuildAsync(log, types, store, [Models.Of(new TenantKpisHourlyProjection(), log, types, store)], cancellationToken);
        return Events / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }
}

/// <summary>Resident memory of a process that appended a million events, built all read models, and then built the KPIs once more.</summary>
internal sealed class ProjectionMemory : IBenchmark, IChildTask
{
    private const string Measured = "memory.after1m";
    private const int Events = 1_000_000;

    public IReadOnlyList<Measure> Measures { get; } = [new(Measured, "MiB", Better.Lower, new(Value: 400))];

    public string Name => Measured;

    public async Task<IReadOnlyDictionary<string, Sample>> RunAsync(BenchmarkContext context, CancellationToken cancellationToken)
    {
        var answer = await context.RunChildAsync(Name, [context.NewFolder("data")], cancellationToken);
        return new Dictionary<string, Sample> { [Measured] = new(double.Parse(answer, CultureInfo.InvariantCulture)) };
    }

    public async Task<int> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        var types = DomainEventTypes.Create();
        await using var log = await EventStoreEngines.OpenAsync(new() { DataFolder = arguments[0] }, TimeProvider.System, NullLoggerFactory.Instance, cancellationToken);
        await new RunEvents(types, new(20260131)).FillAsync(log, Events, onlyCompletions: false, cancellationToken);
        await using var store = await ReadModelEngines.OpenAsync(new() { DataFolder = arguments[0] }, NullLoggerFactory.Instance, cancellationToken);
        IProjectionSubscription[] models =
        [
            Models.Of(new RunsProjection(), log, types, store),
            Models.Of(new RunTimelineProjection(), log, types, store),
            Models.Of(new ConversationsProjection(), log, types, store),
            Models.Of(new ArticlesProjection(), log, types, store),
            Models.Of(new TenantKpisHourlyProjection(), log, types, store),
            Models.Of(new TenantKpisDailyProjection(), log, types, store),
        ];
        await Models.BuildAsync(log, types, store, models, cancellationToken);
        Console.Write((Environment.WorkingSet / 1024.0 / 1024.0).ToString(CultureInfo.InvariantCulture));
        return 0;
    }
}

/// <summary>Read models outside a program.</summary>
internal static class Models
{
    public static ProjectionSubscription<T> Of<T>(Projection<T> projection, IEventStore log, EventTypes types, IReadModelStore store)
        where T : class =>
        new(projection, log, types, store, new ParkingLot(log), TimeProvider.System, NullLogger<ProjectionSubscription<T>>.Instance);

    /// <summary>Runs the models until all are at the end of the log.</summary>
    public static async Task BuildAsync(IEventStore log, EventTypes types, IReadModelStore store, IReadOnlyList<IProjectionSubscription> models, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var running = models.Select(m => Task.Run(() => m.RunAsync(stop.Token), stop.Token)).ToArray();
        var head = await log.GetHeadAsync(cancellationToken);
        foreach (var model in models)
        {
            var waiting = model.WaitForAsync(head, TimeSpan.FromMinutes(10), cancellationToken);
            var first = await Task.WhenAny([waiting, .. running]);
            await first;
            if (!await waiting)
            {
                throw new InvalidOperationException($"{model.Model} did not come up to the log.");
            }
        }

        await stop.CancelAsync();
        await Task.WhenAll(running).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        var counted = 0L;
        foreach (var model in models.Where(m => m.Model.StartsWith("TenantKpis", StringComparison.Ordinal)))
        {
            var page = await store.QueryAsync((await store.GetActiveAsync(model.Model, cancellationToken))!, new() { Limit = 1_000 }, cancellationToken);
            counted += page.Documents.Count;
        }

        if (counted == 0)
        {
            throw new InvalidOperationException("The KPIs are empty: nothing was measured.");
        }
    }
}
