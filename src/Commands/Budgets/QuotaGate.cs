using System.Collections.Concurrent;
using System.Collections.Immutable;
using AIaaS.Commands.Metering;
using AIaaS.Domain.Agents;
using AIaaS.Domain.Budgets;
using AIaaS.Domain.Metering;
using AIaaS.Domain.Pricing;
using AIaaS.EventStore;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIaaS.Commands.Budgets;

/// <summary>How a quota stands.</summary>
/// <param name="Limit">The limit that holds now, an override included.</param>
/// <param name="Used">What counts against it.</param>
/// <param name="Resets">When its window ends; null of what is limited at any one moment.</param>
/// <param name="Override">The override that it comes from; null where it is the plan's.</param>
public sealed record QuotaStatus(QuotaLimit Limit, long Used, DateTimeOffset? Resets, QuotaOverrideGranted? Override)
{
    /// <summary>What is left, 0 where nothing is.</summary>
    public long Remaining => Math.Max(0, Limit.Limit - Used);
}

/// <summary>
/// Holds tenants to the quotas of their plans. It counts in memory: requests as they come; runs and those under way as the log says, and what this process has let in and the
/// log has not shown yet; tokens and stored bytes as they are metered. At the first request of a tenant it reads from the log what was used in the windows that are open.
/// Within one process no request and no run too many is let in. Of what other processes let in it hears by the log, so that together they can let in too many by what
/// comes within that lag; requests are heard of once a second. Tokens are known only when a model has answered: runs that are under way are not cut.
/// </summary>
public sealed class QuotaGate(
    IEventStore log,
    EventTypes types,
    IQuotaSource source,
    QuotaNoticeService notices,
    ICheckpointStore checkpoints,
    TimeProvider time,
    RequestMeter? requests = null,
    ILogger<QuotaGate>? logger = null) : ISubscription
{
    private const string Overriding = "quotaOverrides-";
    private static readonly TimeSpan CheckpointInterval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Lag = TimeSpan.FromMilliseconds(250);
    private static readonly EventFilter Filter = EventFilter.Types(
        "agent.run.requested", "agent.run.completed", "agent.run.waiting", "agent.run.signalled", "agent.run.timed-out", "agent.run.moved", "usage.metered", "quota.override.");

    private readonly IEventStore log = log;
    private readonly EventTypes types = types;
    private readonly TimeProvider time = time;
    private readonly RequestMeter? requests = requests;
    private readonly ILogger logger = logger ?? NullLogger<QuotaGate>.Instance;
    private readonly ConcurrentDictionary<string, TenantUse> tenants = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, OpenRun> open = new(StringComparer.Ordinal);
    private readonly PositionSignal reached = new();
    private readonly TaskCompletionSource ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private LogPosition received;
    private SubscriptionState state = SubscriptionState.Stopped;
    private SubscriptionFailure? lastFailure;

    /// <inheritdoc />
    public string Name => "quota-gate";

    /// <summary>Everything in the log up to here is counted.</summary>
    public LogPosition Position => received;

    /// <summary>Counts a request of a tenant. Null where the tenant has no quotas.</summary>
    /// <exception cref="QuotaExceededException">The tenant has used its requests up.</exception>
    public async ValueTask<TenantQuotas?> EnterAsync(string tenant, CancellationToken cancellationToken = default)
    {
        if (await UseOfAsync(tenant, cancellationToken) is not { } use)
        {
            return null;
        }

        use.Take(QuotaResource.Requests, 1);
        return new(use);
    }

    /// <summary>Refuses what would store more where the tenant has used its storage up.</summary>
    /// <exception cref="QuotaExceededException">It has.</exception>
    public async ValueTask StoreAsync(string tenant, CancellationToken cancellationToken = default)
    {
        if (await UseOfAsync(tenant, cancellationToken) is { } use)
        {
            use.Check(QuotaResource.StorageBytes, 1);
        }
    }

    /// <summary>Lets a run of a tenant in, or refuses it. What is returned says when the log shows the run; null where the tenant has no quotas.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="isFork">Whether it is a fork: it counts among those under way alone.</param>
    /// <param name="cancellationToken">Ends the wait for the counts.</param>
    /// <exception cref="QuotaExceededException">The tenant has used its runs or tokens up, or has as many runs under way as it may.</exception>
    public async ValueTask<RunTicket?> AdmitRunAsync(string tenant, bool isFork, CancellationToken cancellationToken = default)
    {
        if (await UseOfAsync(tenant, cancellationToken) is not { } use)
        {
            return null;
        }

        var exceeded = use.Admit(isFork);
        if (exceeded is { Resource: QuotaResource.ConcurrentRuns } && await reached.WaitAsync(await log.GetHeadAsync(cancellationToken), Lag, time, cancellationToken))
        {
            // Whoever has just been answered may begin the next run: the log knew of the end before the gate did.
            exceeded = use.Admit(isFork);
        }

        if (exceeded is { } limit)
        {
            use.Refuse(limit);
        }

        return new(use, isFork);
    }

    /// <summary>How a tenant's quotas stand; empty where it has none.</summary>
    public async ValueTask<ImmutableArray<QuotaStatus>> StatusAsync(string tenant, CancellationToken cancellationToken = default) =>
        await UseOfAsync(tenant, cancellationToken) is { } use ? use.Status() : [];

    /// <summary>What a tenant has used, for limits that it may not have yet.</summary>
    public async ValueTask<ImmutableArray<(QuotaLimit Limit, long Used)>> FiguresAsync(string tenant, ImmutableArray<QuotaLimit> limits, CancellationToken cancellationToken = default)
    {
        var use = await LoadAsync(tenant, cancellationToken);
        return [.. limits.Select(l => (l, use.UsedOf(l.Resource, l.Window)))];
    }

    /// <inheritdoc />
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        state = SubscriptionState.CatchingUp;
        open.Clear();
        tenants.Clear();
        received = await checkpoints.LoadAsync(Name, cancellationToken);
        try
        {
            await SubscriptionTasks.RunAsync(stop => [ReceiveAsync(stop), CheckpointAsync(stop)], e => lastFailure = new(e, time.GetUtcNow()), cancellationToken);
        }
        finally
        {
            state = SubscriptionState.Stopped;
        }
    }

    /// <inheritdoc />
    public async Task<SubscriptionStatus> GetStatusAsync(CancellationToken cancellationToken = default)
    {
        var lag = await SubscriptionLag.MeasureAsync(log, received, Filter, cancellationToken);
        return new(Name, state, received, lag.Events, lag.Seconds(time), 0, 0, lastFailure);
    }

    /// <inheritdoc />
    public Task<int> ReplayParkedAsync(string? key = null, CancellationToken cancellationToken = default) => Task.FromResult(0);

    private async ValueTask<TenantUse?> UseOfAsync(string tenant, CancellationToken cancellationToken)
    {
        var use = tenants.GetOrAdd(tenant, static (t, gate) => new(gate, t), this);
        use.Plan = source.LimitsOf(tenant);
        if (use.KnowsOverrides is { IsCompletedSuccessfully: false } overrides)
        {
            await overrides.WaitAsync(cancellationToken);
        }

        if (!use.HasLimits)
        {
            return null;
        }

        if (!use.IsLoaded)
        {
            await ready.Task.WaitAsync(cancellationToken);
            await use.LoadedAsync().WaitAsync(cancellationToken);
        }

        return use;
    }

    private async Task<TenantUse> LoadAsync(string tenant, CancellationToken cancellationToken)
    {
        await ready.Task.WaitAsync(cancellationToken);
        var use = tenants.GetOrAdd(tenant, static (t, gate) => new(gate, t), this);
        await use.LoadedAsync().WaitAsync(cancellationToken);
        return use;
    }

    private async Task ReceiveAsync(CancellationToken cancellationToken)
    {
        await foreach (var message in log.SubscribeToAllAsync(received, Filter, cancellationToken))
        {
            if (message.Event is { } recorded)
            {
                try
                {
                    Take(recorded);
                }
                catch (UnreadableEventException e)
                {
                    lastFailure = new(e.Message, time.GetUtcNow());
                    logger.LogWarning(e, "Event {Version} of {Stream} cannot be read and is not counted", recorded.Version, recorded.Stream);
                }
            }

            received = message.Position;
            reached.Advance(message.Position);
            if (message.Kind == SubscriptionMessageKind.CaughtUp)
            {
                state = SubscriptionState.Live;
                ready.TrySetResult();
            }
        }

        throw new InvalidOperationException("The log ended the subscription without an error.");
    }

    private async Task CheckpointAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(CheckpointInterval, time);
        var stored = received;
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            // Never past a run that is open: a restart has to know of it. How far the log was followed is asked first, so that a run that is requested meanwhile lies behind it.
            var followed = received;
            var done = open.Values.Select(r => r.Before).Append(followed).Min();
            if (state == SubscriptionState.Live && done > stored)
            {
                await checkpoints.StoreAsync(Name, done, cancellationToken);
                stored = done;
            }
        }
    }

    private void Take(RecordedEvent recorded)
    {
        var stream = new StreamName(recorded.Stream);
        var use = tenants.GetValueOrDefault(stream.Tenant);
        switch (recorded.Type)
        {
            case "agent.run.requested":
                open[recorded.Stream] = new(received, recorded.Position);
                use?.Take(recorded);
                break;
            case "agent.run.completed":
                open.TryRemove(recorded.Stream, out _);
                break;
            case "agent.run.waiting":
                Rest(recorded.Stream, true);
                break;
            case "usage.metered":
                use?.Take(recorded);
                break;
            case "quota.override.granted" or "quota.override.revoked" when stream.Category + "-" == Overriding:
                use?.ForgetOverrides();
                break;
            default:
                Rest(recorded.Stream, false);
                break;
        }
    }

    private void Rest(string stream, bool isResting)
    {
        if (open.TryGetValue(stream, out var run))
        {
            run.IsResting = isResting;
        }
    }

    private int UnderWay(string tenant)
    {
        var prefix = $"agentRun-{tenant}_";
        return open.Count(r => !r.Value.IsResting && r.Key.StartsWith(prefix, StringComparison.Ordinal));
    }

    private void Notice(string tenant, QuotaLimit limit, QuotaSpan span, int percent, long used)
    {
        var command = new ReachQuota(tenant, span, limit.Resource, percent, used, limit.Limit, time.GetUtcNow());
        _ = Task.Run(async () =>
        {
            try
            {
                await notices.HandleAsync(command, new(tenant, "quotas"));
            }
            catch (Exception e)
            {
                logger.LogWarning(e, "That {Percent} % of the {Resource} of {Tenant} are used could not be noted", percent, limit.Resource, tenant);
            }
        });
    }

    private sealed class OpenRun(LogPosition before, LogPosition position)
    {
        public LogPosition Before => before;

        public LogPosition Position => position;

        public bool IsResting { get; set; }
    }

    /// <summary>A run that was let in and that the log has not shown yet.</summary>
    public sealed class RunTicket : IDisposable
    {
        private readonly TenantUse use;
        private readonly bool isFork;
        private int isOver;

        internal RunTicket(TenantUse use, bool isFork) => (this.use, this.isFork) = (use, isFork);

        /// <summary>The run is durable at this position: when the log has been followed so far, it counts by itself.</summary>
        public void Begun(LogPosition position)
        {
            if (Interlocked.Exchange(ref isOver, 1) == 0)
            {
                use.Begun(position, isFork);
            }
        }

        /// <summary>Nothing came of it.</summary>
        public void Dispose()
        {
            if (Interlocked.Exchange(ref isOver, 1) == 0)
            {
                use.Return(isFork);
            }
        }
    }

    /// <summary>A tenant's quotas with a request.</summary>
    public sealed class TenantQuotas
    {
        private readonly TenantUse use;

        internal TenantQuotas(TenantUse use) => this.use = use;

        /// <summary>How they stand.</summary>
        public ImmutableArray<QuotaStatus> Status() => use.Status();
    }

    /// <summary>What a tenant has used.</summary>
    internal sealed class TenantUse
    {
        private readonly QuotaGate gate;
        private readonly string tenant;
        private readonly Lock sync = new();
        private readonly Dictionary<(QuotaResource Resource, QuotaWindow Window), (QuotaSpan Span, long Used)> used = [];
        private readonly HashSet<(QuotaResource, string, int)> noticed = [];
        private readonly List<(LogPosition At, bool IsFork)> begun = [];
        private volatile QuotaOverrides overrides = QuotaOverrides.Initial;
        private Task? overriding;
        private Task? loading;
        private List<(RecordedEvent Event, object Read)>? early;
        private bool isCounting;
        private long usageRevision = -1;
        private LogPosition loadedAt;
        private long storage;
        private int pendingRuns;
        private int pendingUnderWay;

        public TenantUse(QuotaGate gate, string tenant) => (this.gate, this.tenant) = (gate, tenant);

        /// <summary>Completes when the overrides are known.</summary>
        public Task KnowsOverrides
        {
            get
            {
                lock (sync)
                {
                    return overriding is { IsFaulted: false } known ? known : overriding = Task.Run(ReadOverridesAsync);
                }
            }
        }

        public bool IsLoaded => loading is { IsCompletedSuccessfully: true };

        public ImmutableArray<QuotaLimit> Plan { get; set; } = [];

        public bool HasLimits => !Plan.IsEmpty || !overrides.Granted.IsEmpty;

        /// <summary>Lets a run in, or gives the limit that it would exceed.</summary>
        public QuotaLimit? Admit(bool isFork)
        {
            lock (sync)
            {
                HandOver();
                foreach (var limit in Effective())
                {
                    var counts = limit.Resource is QuotaResource.ConcurrentRuns or QuotaResource.Tokens || (limit.Resource == QuotaResource.Runs && !isFork);
                    if (counts && Used(limit.Resource, limit.Window) + 1 > limit.Limit)
                    {
                        return limit;
                    }
                }

                pendingUnderWay++;
                pendingRuns += isFork ? 0 : 1;
                Notice();
                return null;
            }
        }

        public void Begun(LogPosition at, bool isFork)
        {
            lock (sync)
            {
                begun.Add((at, isFork));
            }
        }

        public void Return(bool isFork)
        {
            lock (sync)
            {
                pendingUnderWay--;
                pendingRuns -= isFork ? 0 : 1;
            }
        }

        public void Take(QuotaResource resource, long amount)
        {
            lock (sync)
            {
                Check(resource, amount);
                Count(resource, amount, gate.time.GetUtcNow());
                Notice();
            }
        }

        public void Check(QuotaResource resource, long amount)
        {
            lock (sync)
            {
                foreach (var limit in Effective())
                {
                    if (limit.Resource == resource && Used(resource, limit.Window) + amount > limit.Limit)
                    {
                        Refuse(limit);
                    }
                }
            }
        }

        public long UsedOf(QuotaResource resource, QuotaWindow window)
        {
            lock (sync)
            {
                HandOver();
                return Used(resource, window);
            }
        }

        public ImmutableArray<QuotaStatus> Status()
        {
            lock (sync)
            {
                HandOver();
                var now = gate.time.GetUtcNow();
                return [.. Effective().Select(l => new QuotaStatus(l, Used(l.Resource, l.Window), l.Window == QuotaWindow.Moment ? null : QuotaSpan.Of(l.Window, now).To, overrides.Find(l.Resource, l.Window, now)))];
            }
        }

        /// <summary>Takes what the log shows: a run that was asked for, or usage. Before the counts are read off the log there is nothing to add to; what comes while they are read is kept until then.</summary>
        public void Take(RecordedEvent recorded)
        {
            lock (sync)
            {
                if (!isCounting && early is null)
                {
                    return;
                }
            }

            if (gate.types.Read(recorded) is not { } read || read is UsageMetered { Type: var type } && !type.StartsWith(BuiltInMeters.Reserved, StringComparison.Ordinal))
            {
                return;
            }

            lock (sync)
            {
                if (isCounting)
                {
                    Take(recorded, read);
                    Notice();
                }
                else
                {
                    early?.Add((recorded, read));
                }
            }
        }

        public Task LoadedAsync()
        {
            lock (sync)
            {
                if (loading is { IsFaulted: false } known)
                {
                    return known;
                }

                early = [];
                return loading = Task.Run(LoadAsync);
            }
        }

        /// <summary>They have changed: they are read again before the next use.</summary>
        public void ForgetOverrides()
        {
            lock (sync)
            {
                overriding = null;
            }
        }

        private async Task ReadOverridesAsync()
        {
            var granted = QuotaOverrides.Initial;
            await foreach (var recorded in gate.log.ReadStreamOrEmptyAsync(QuotaOverrides.Stream(tenant)))
            {
                granted = granted.Evolve(gate.types.Read(recorded));
            }

            overrides = granted;
        }

        /// <summary>What was used in the windows that are open, off the tenant's usage, backwards to where they begin.</summary>
        private async Task LoadAsync()
        {
            var now = gate.time.GetUtcNow();
            var earliest = QuotaSpan.Of(QuotaWindow.Month, now).From - TimeSpan.FromMinutes(5);
            List<UsageMetered> readings = [];
            HashSet<string> ended = new(StringComparer.Ordinal);
            var revision = -1L;
            var isStored = false;

            // The position first: all runs up to it that are open are among these; what is requested behind it comes to be taken.
            var position = gate.received;
            var runs = gate.open.ToArray();
            await foreach (var recorded in gate.log.ReadStreamOrEmptyAsync(UsageMetered.Stream(tenant), ReadDirection.Backwards, long.MaxValue))
            {
                revision = Math.Max(revision, recorded.Version);
                if (recorded.Recorded < earliest && isStored)
                {
                    break;
                }

                if (gate.types.Read(recorded) is not UsageMetered e)
                {
                    continue;
                }

                if (recorded.Recorded >= earliest)
                {
                    if (e.Type.StartsWith(BuiltInMeters.Reserved, StringComparison.Ordinal))
                    {
                        readings.Add(e);
                    }

                    if (e is { Type: BuiltInMeters.Run, Subject: { } run })
                    {
                        ended.Add(run);
                    }
                }
                else if (e.Type != BuiltInMeters.Storage)
                {
                    // Storage is what was metered last, however long ago: a look at a few more events has to do.
                    isStored = revision - recorded.Version > 10_000;
                    continue;
                }

                if (e.Type == BuiltInMeters.Storage && !isStored)
                {
                    isStored = true;
                    storage = (long)e.Readings.Where(r => r.Meter == "storage_bytes").Select(r => r.Value).DefaultIfEmpty(0).First();
                }
            }

            // Runs are metered when they end: those that are open count from their request on, unless they have ended since.
            var prefix = $"agentRun-{tenant}_";
            List<DateTimeOffset> requested = [];
            foreach (var (stream, run) in runs)
            {
                if (run.Position <= position && stream.StartsWith(prefix, StringComparison.Ordinal) && !ended.Contains(new StreamName(stream).Id))
                {
                    await foreach (var first in gate.log.ReadStreamOrEmptyAsync(stream, ReadDirection.Forwards, 0, 1))
                    {
                        if (gate.types.Read(first) is RunRequested { Fork: null } e)
                        {
                            requested.Add(e.At);
                        }
                    }
                }
            }

            lock (sync)
            {
                (usageRevision, loadedAt) = (revision, position);
                foreach (var e in readings)
                {
                    Metered(e, isLive: false);
                }

                foreach (var at in requested)
                {
                    Count(QuotaResource.Runs, 1, at);
                }

                foreach (var (recorded, read) in early!)
                {
                    Take(recorded, read);
                }

                (early, isCounting) = (null, true);
            }
        }

        private void Take(RecordedEvent recorded, object read)
        {
            switch (read)
            {
                case RunRequested { Fork: null } e when recorded.Position > loadedAt:
                    Count(QuotaResource.Runs, 1, e.At);
                    break;
                case UsageMetered e when recorded.Version > usageRevision:
                    Metered(e, isLive: true);
                    break;
            }
        }

        private void Metered(UsageMetered e, bool isLive)
        {
            foreach (var reading in e.Readings)
            {
                switch (e.Type)
                {
                    case BuiltInMeters.ModelCall when reading.Meter.StartsWith("tokens.", StringComparison.Ordinal):
                        Count(QuotaResource.Tokens, (long)reading.Value, e.Time);
                        break;
                    case BuiltInMeters.ApiRequest when (!isLive || e.Source != gate.requests?.Source) && reading.Dimensions?.GetValueOrDefault("status") != "429":
                        Count(QuotaResource.Requests, (long)reading.Value, e.Time);
                        break;
                    case BuiltInMeters.Run when !isLive && reading.Meter == "runs":
                        Count(QuotaResource.Runs, 1, e.Time);
                        break;
                    case BuiltInMeters.Storage when isLive && reading.Meter == "storage_bytes":
                        storage = (long)reading.Value;
                        break;
                }
            }
        }

        private void Count(QuotaResource resource, long amount, DateTimeOffset at)
        {
            for (var window = QuotaWindow.Minute; window <= QuotaWindow.Month; window++)
            {
                var (span, before) = Current(resource, window);
                if (at >= span.From && at < span.To)
                {
                    used[(resource, window)] = (span, before + amount);
                }
            }
        }

        private (QuotaSpan Span, long Used) Current(QuotaResource resource, QuotaWindow window)
        {
            var now = gate.time.GetUtcNow();
            return used.TryGetValue((resource, window), out var known) && now < known.Span.To ? known : (QuotaSpan.Of(window, now), 0);
        }

        /// <summary>Runs that the log has shown count by what it says.</summary>
        private void HandOver()
        {
            var followed = gate.received;
            foreach (var (at, isFork) in begun)
            {
                if (at <= followed)
                {
                    Return(isFork);
                }
            }

            begun.RemoveAll(b => b.At <= followed);
        }

        private long Used(QuotaResource resource, QuotaWindow window) => resource switch
        {
            QuotaResource.StorageBytes => storage,
            QuotaResource.ConcurrentRuns => gate.UnderWay(tenant) + pendingUnderWay,
            QuotaResource.Runs => Current(resource, window).Used + pendingRuns,
            _ => Current(resource, window).Used,
        };

        private List<QuotaLimit> Effective()
        {
            var now = gate.time.GetUtcNow();
            List<QuotaLimit> limits = [.. Plan.Select(l => overrides.Find(l.Resource, l.Window, now) is { } o ? l with { Limit = o.Limit } : l)];
            foreach (var o in overrides.Granted)
            {
                if (o.Until > now && !limits.Exists(l => l.Resource == o.Resource && l.Window == o.Window))
                {
                    limits.Add(new(o.Resource, o.Window, overrides.Find(o.Resource, o.Window, now)!.Limit));
                }
            }

            return limits;
        }

        private void Notice()
        {
            var now = gate.time.GetUtcNow();
            foreach (var limit in Effective())
            {
                var count = Used(limit.Resource, limit.Window);
                foreach (var percent in QuotaRules.Notices)
                {
                    if ((decimal)count * 100 >= (decimal)limit.Limit * percent)
                    {
                        Notice(limit, QuotaSpan.Of(limit.Window, now), percent, count);
                    }
                }
            }
        }

        private void Notice(QuotaLimit limit, QuotaSpan span, int percent, long count)
        {
            if (noticed.Count > 1_000)
            {
                noticed.Clear();
            }

            if (noticed.Add((limit.Resource, span.Name, percent)))
            {
                gate.Notice(tenant, limit, span, percent, count);
            }
        }

        /// <summary>Refuses by a limit.</summary>
        /// <exception cref="QuotaExceededException">Always.</exception>
        public void Refuse(QuotaLimit limit)
        {
            var now = gate.time.GetUtcNow();
            var span = QuotaSpan.Of(limit.Window, now);
            long count;
            lock (sync)
            {
                count = Used(limit.Resource, limit.Window);
                Notice(limit, span, 100, count);
            }

            throw limit.Window == QuotaWindow.Moment
                ? new QuotaExceededException(QuotaErrors.Exceeded(limit, count, null), TimeSpan.FromSeconds(limit.Resource == QuotaResource.ConcurrentRuns ? 2 : 60))
                : new QuotaExceededException(QuotaErrors.Exceeded(limit, count, span.To.ToString("u", System.Globalization.CultureInfo.InvariantCulture)), span.To - now);
        }
    }
}
