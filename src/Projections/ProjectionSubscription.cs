using System.Globalization;
using AIaaS.EventStore;
using AIaaS.Projections.Engine;
using Microsoft.Extensions.Logging;

namespace AIaaS.Projections;

/// <summary>
/// Runs a projection on a read-model store: keeps the active collection at the log, builds a new version beside it, and switches
/// when that one has caught up.
/// </summary>
/// <remarks>
/// What must survive a restart lies in the store's pointers: <c>{model}</c> (the active collection), <c>{model}.building</c>,
/// <c>{model}.retired</c> (to be dropped), <c>{model}.parking</c> (the collection whose parked events stand under the
/// subscription's name).
/// </remarks>
/// <typeparam name="TDocument">The document.</typeparam>
public sealed class ProjectionSubscription<TDocument> : IProjectionSubscription
    where TDocument : class
{
    private readonly ProjectionParts<TDocument> parts;
    private readonly PositionSignal signal = new();
    private readonly SemaphoreSlim changing = new(1, 1);
    private readonly string current;
    private TaskCompletionSource rebuildAsked = NewSignal();
    private volatile ProjectionFeed<TDocument>? active;
    private volatile ProjectionFeed<TDocument>? building;
    private volatile bool running;
    private volatile SubscriptionFailure? lastFailure;

    /// <summary>A subscription that is not running yet.</summary>
    public ProjectionSubscription(Projection<TDocument> projection, IEventStore log, EventTypes types, IReadModelStore store, IParkingLot parking, TimeProvider time, ILogger<ProjectionSubscription<TDocument>> logger, ProjectionOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(projection);
        parts = new(projection, log, types, store, parking, time, logger, options ?? new());
        current = string.Create(CultureInfo.InvariantCulture, $"{projection.Name}_v{projection.Version}");
        Name = "projection-" + projection.Name;
    }

    /// <inheritdoc />
    public string Name { get; }

    /// <inheritdoc />
    public string Model => parts.Projection.Name;

    /// <inheritdoc />
    public LogPosition Reached => signal.Reached;

    private string RebuildName => Name + "-rebuild";

    /// <inheritdoc />
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var tasks = new List<Task>();
        try
        {
            await PrepareAsync(stop.Token);
            running = true;
            if (active is not null)
            {
                tasks.Add(active.RunAsync(stop.Token));
            }

            if (building is not null)
            {
                tasks.Add(BuildAsync(building, tasks, stop));
            }

            while (true)
            {
                var asked = rebuildAsked.Task;
                Task[] all;
                lock (tasks)
                {
                    all = [.. tasks, asked];
                }

                var done = await Task.WhenAny(all);
                if (done == asked)
                {
                    rebuildAsked = NewSignal();
                    if (building is null && await OpenBuildingAsync(stop.Token) is { } feed)
                    {
                        building = feed;
                        lock (tasks)
                        {
                            tasks.Add(BuildAsync(feed, tasks, stop));
                        }
                    }

                    continue;
                }

                lock (tasks)
                {
                    tasks.Remove(done);
                }

                await done;
            }
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            lastFailure = new(e.Message, parts.Time.GetUtcNow());
            throw;
        }
        finally
        {
            running = false;
            await stop.CancelAsync();
            Task[] rest;
            lock (tasks)
            {
                rest = [.. tasks];
            }

            await Task.WhenAll(rest).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            if (active is { } feed)
            {
                // A replay may be under way; the next run must find what it left.
                await feed.CloseAsync();
            }
        }
    }

    /// <inheritdoc />
    public async Task<bool> WaitForAsync(LogPosition min, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        var started = parts.Time.GetTimestamp();
        var soon = TimeSpan.FromMilliseconds(5);
        if (await signal.WaitAsync(min, soon < timeout ? soon : timeout, parts.Time, cancellationToken))
        {
            return true;
        }

        // The newest events may not concern this model, so that nothing is coming that would wake it.
        if (await NothingBetweenAsync(Reached, min, cancellationToken))
        {
            return true;
        }

        var left = timeout - parts.Time.GetElapsedTime(started);
        return left > TimeSpan.Zero ? await signal.WaitAsync(min, left, parts.Time, cancellationToken) : min <= Reached;
    }

    /// <inheritdoc />
    public async Task<string> RebuildAsync(CancellationToken cancellationToken = default)
    {
        await changing.WaitAsync(cancellationToken);
        try
        {
            var now = await parts.Store.GetActiveAsync(Model, cancellationToken);
            var under = await parts.Store.GetActiveAsync(Model + ".building", cancellationToken);
            if (under is not null && under != now)
            {
                return under;
            }

            var next = await NewBuildingAsync(now, cancellationToken);
            rebuildAsked.TrySetResult();
            return next;
        }
        finally
        {
            changing.Release();
        }
    }

    /// <inheritdoc />
    public async Task<SubscriptionStatus> GetStatusAsync(CancellationToken cancellationToken = default)
    {
        var feed = active;
        var position = Reached;
        var lag = await SubscriptionLag.MeasureAsync(parts.Log, position, parts.Filter, cancellationToken);
        var head = await parts.Log.GetHeadAsync(cancellationToken);
        var state = !running ? SubscriptionState.Stopped : feed is { Live: true } ? SubscriptionState.Live : SubscriptionState.CatchingUp;
        return new(
            Name,
            state,
            position,
            lag.Events,
            lag.Seconds(parts.Time),
            0,
            feed?.Parked ?? 0,
            lastFailure)
        {
            Rebuild = building is { } under ? new(under.Collection, under.Reached, head) : null,
        };
    }

    /// <inheritdoc />
    /// <exception cref="DomainException">The subscription does not run.</exception>
    public async Task<int> ReplayParkedAsync(string? key = null, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            var feed = active;
            if (!running || feed is null)
            {
                throw new DomainException(SubscriptionErrors.NotRunning(Name));
            }

            try
            {
                return await feed.ReplayAsync(key, cancellationToken);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                parts.Logger.LogDebug("{Subscription}: the replay meets a switch or a stop", Name);
            }
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private bool IsCurrent(string collection) => collection == current || collection.StartsWith(current + "_r", StringComparison.Ordinal);

    private ProjectionFeed<TDocument> Feed(string collection, string parkingName) => new(parts, collection, parkingName, feed =>
    {
        if (feed == active)
        {
            signal.Advance(feed.Reached);
        }
    });

    /// <summary>Takes up where the last run left off, or was killed.</summary>
    private async Task PrepareAsync(CancellationToken cancellationToken)
    {
        await changing.WaitAsync(cancellationToken);
        try
        {
            (active, building) = (null, null);
            var store = parts.Store;
            var now = await store.GetActiveAsync(Model, cancellationToken);
            if (now is null)
            {
                await ClearAsync(Name, cancellationToken);
                await ClearAsync(RebuildName, cancellationToken);
                now = current;
                await store.EnsureAsync(parts.Projection.Schema(now), cancellationToken);
                await store.SetActiveAsync(Model + ".parking", now, cancellationToken);
                await store.SetActiveAsync(Model, now, cancellationToken);
            }

            await AdoptParkedAsync(now, cancellationToken);
            var under = await store.GetActiveAsync(Model + ".building", cancellationToken);
            if (under is not null && under != now && !IsCurrent(under))
            {
                await store.DropAsync(under, cancellationToken);
                under = null;
            }

            if (await store.GetActiveAsync(Model + ".retired", cancellationToken) is { } retired && retired != now && retired != under)
            {
                await store.DropAsync(retired, cancellationToken);
            }

            var position = await store.GetPositionAsync(now, cancellationToken);
            var head = await parts.Log.GetHeadAsync(cancellationToken);
            var isForeign = position > head;
            if (isForeign)
            {
                parts.Logger.LogWarning("The read model {Collection} is at {Position}, beyond the end of the log: it is of another log, and is built anew", now, position);
            }

            if (under is null || under == now)
            {
                under = isForeign || !IsCurrent(now) ? await NewBuildingAsync(now, cancellationToken) : null;
            }
            else if (await store.GetPositionAsync(under, cancellationToken) > head)
            {
                under = await NewBuildingAsync(now, cancellationToken);
            }

            if (!isForeign && IsCurrent(now))
            {
                var feed = Feed(now, Name);
                active = feed;
                await feed.PrepareAsync(cancellationToken);
            }
            else if (!isForeign)
            {
                signal.Advance(position);
            }

            if (under is not null)
            {
                building = await OpenAsync(under, cancellationToken);
            }
        }
        finally
        {
            changing.Release();
        }
    }

    private async Task<string> NewBuildingAsync(string? now, CancellationToken cancellationToken)
    {
        var next = now is null || !IsCurrent(now)
            ? current
            : string.Create(CultureInfo.InvariantCulture, $"{current}_r{Revision(now) + 1}");
        await parts.Store.DropAsync(next, cancellationToken);
        await ClearAsync(RebuildName, cancellationToken);
        await parts.Store.SetActiveAsync(Model + ".building", next, cancellationToken);
        return next;
    }

    private int Revision(string collection) => collection == current ? 1 : int.Parse(collection.AsSpan(current.Length + 2), CultureInfo.InvariantCulture);

    private async Task<ProjectionFeed<TDocument>?> OpenBuildingAsync(CancellationToken cancellationToken) =>
        await parts.Store.GetActiveAsync(Model + ".building", cancellationToken) is { } under && under != await parts.Store.GetActiveAsync(Model, cancellationToken)
            ? await OpenAsync(under, cancellationToken)
            : null;

    private async Task<ProjectionFeed<TDocument>> OpenAsync(string collection, CancellationToken cancellationToken)
    {
        var feed = Feed(collection, RebuildName);
        await feed.PrepareAsync(cancellationToken);
        return feed;
    }

    private async Task BuildAsync(ProjectionFeed<TDocument> feed, List<Task> tasks, CancellationTokenSource stop)
    {
        var run = feed.RunAsync(stop.Token);
        if (await Task.WhenAny(run, feed.CaughtUp) != run)
        {
            await SwitchAsync(feed, run, tasks, stop.Token);
        }

        await run;
    }

    private async Task SwitchAsync(ProjectionFeed<TDocument> feed, Task run, List<Task> tasks, CancellationToken cancellationToken)
    {
        var old = active;
        if (old is null)
        {
            await DirectAsync(feed, null, tasks, cancellationToken);
            return;
        }

        // While this is held the old one stands still, so that the new one passes it.
        await old.Gate.WaitAsync(cancellationToken);
        try
        {
            if (await Task.WhenAny(run, feed.WaitAsync(old.Reached, cancellationToken)) != run)
            {
                await DirectAsync(feed, old, tasks, cancellationToken);
            }
        }
        finally
        {
            old.Gate.Release();
        }
    }

    private async Task DirectAsync(ProjectionFeed<TDocument> feed, ProjectionFeed<TDocument>? old, List<Task> tasks, CancellationToken cancellationToken)
    {
        await changing.WaitAsync(cancellationToken);
        try
        {
            await feed.Gate.WaitAsync(cancellationToken);
            try
            {
                var before = await parts.Store.GetActiveAsync(Model, cancellationToken);
                await parts.Store.SetActiveAsync(Model + ".retired", before!, cancellationToken);
                await parts.Store.SetActiveAsync(Model, feed.Collection, cancellationToken);
                await AdoptParkedAsync(feed.Collection, cancellationToken);
                feed.ParkingName = Name;
                (active, building) = (feed, null);
                signal.Advance(feed.Reached);
                parts.Logger.LogInformation("{Model}: queries go to {Collection} now, no longer to {Before}", Model, feed.Collection, before);
                lock (tasks)
                {
                    tasks.Add(RetireAsync(before!, cancellationToken));
                }
            }
            finally
            {
                feed.Gate.Release();
            }
        }
        finally
        {
            changing.Release();
        }

        if (old is not null)
        {
            await old.RetireAsync();
        }
    }

    private async Task RetireAsync(string collection, CancellationToken cancellationToken)
    {
        await Task.Delay(parts.Options.KeepRetired, parts.Time, cancellationToken);
        if (await parts.Store.GetActiveAsync(Model, cancellationToken) != collection)
        {
            await parts.Store.DropAsync(collection, cancellationToken);
        }
    }

    /// <summary>Makes the parked events of a collection those of the subscription. Each step may be repeated after a crash.</summary>
    private async Task AdoptParkedAsync(string collection, CancellationToken cancellationToken)
    {
        if (await parts.Store.GetActiveAsync(Model + ".parking", cancellationToken) != collection)
        {
            var own = (await parts.Parking.ListAsync(RebuildName, cancellationToken)).Select(p => p with { Subscription = Name }).ToList();
            var keep = own.Select(p => (p.Key, p.Position)).ToHashSet();
            foreach (var stale in (await parts.Parking.ListAsync(Name, cancellationToken)).Where(p => !keep.Contains((p.Key, p.Position))))
            {
                await parts.Parking.RemoveAsync(stale, cancellationToken);
            }

            foreach (var entry in own)
            {
                await parts.Parking.ParkAsync(entry, cancellationToken);
            }

            await parts.Store.SetActiveAsync(Model + ".parking", collection, cancellationToken);
            await ClearAsync(RebuildName, cancellationToken);
        }
    }

    private async Task ClearAsync(string name, CancellationToken cancellationToken)
    {
        foreach (var entry in await parts.Parking.ListAsync(name, cancellationToken))
        {
            await parts.Parking.RemoveAsync(entry, cancellationToken);
        }
    }

    private async Task<bool> NothingBetweenAsync(LogPosition reached, LogPosition min, CancellationToken cancellationToken)
    {
        if (active is not { Live: true } || await parts.Log.GetHeadAsync(cancellationToken) < min)
        {
            return false;
        }

        // Inclusive, and not every engine can begin at a position between two events.
        await foreach (var recorded in parts.Log.ReadAllAsync(ReadDirection.Forwards, reached, parts.Filter, 2, cancellationToken))
        {
            if (recorded.Position > reached)
            {
                return recorded.Position > min;
            }
        }

        return true;
    }
}
