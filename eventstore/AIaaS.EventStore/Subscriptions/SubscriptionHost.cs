using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIaaS.EventStore;

/// <summary>How subscriptions are supervised (configuration section <c>Subscriptions</c>).</summary>
public sealed record SubscriptionHostSettings
{
    /// <summary>The wait before a failed subscription starts again; it doubles with each failure. Default: 200 ms.</summary>
    public TimeSpan FirstRestartDelay { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>The longest wait before a restart. Default: 30 s.</summary>
    public TimeSpan MaxRestartDelay { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A subscription that ran so long begins again with the first delay. Default: 1 min.</summary>
    public TimeSpan HealthyAfter { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>A subscription that has work and does not move for so long is reported as stalled. Default: 1 min.</summary>
    public TimeSpan StallAfter { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How often position and lag are taken for the watchdog and the metrics. Default: 5 s.</summary>
    public TimeSpan SampleEvery { get; init; } = TimeSpan.FromSeconds(5);
}

/// <summary>Runs all subscriptions, starts them again when they fail, and knows how each of them stands.</summary>
public sealed partial class SubscriptionHost : BackgroundService
{
    private readonly Supervised[] all;
    private readonly TimeProvider time;
    private readonly SubscriptionHostSettings settings;
    private readonly KernelMetrics? metrics;
    private readonly ILogger logger;

    /// <summary>Makes it; the program's host starts and stops it.</summary>
    /// <exception cref="ArgumentException">Two subscriptions have the same name.</exception>
    public SubscriptionHost(IEnumerable<ISubscription> subscriptions, TimeProvider time, SubscriptionHostSettings? settings = null, KernelMetrics? metrics = null, ILogger<SubscriptionHost>? logger = null)
    {
        ArgumentNullException.ThrowIfNull(time);
        all = [.. subscriptions.Select(s => new Supervised(s, time.GetUtcNow()))];
        if (all.GroupBy(s => s.Subscription.Name, StringComparer.Ordinal).FirstOrDefault(g => g.Count() > 1) is { } twice)
        {
            throw new ArgumentException($"Two subscriptions are named '{twice.Key}'; their checkpoints would overwrite each other. Rename one.", nameof(subscriptions));
        }

        this.time = time;
        this.settings = settings ?? new();
        this.metrics = metrics;
        this.logger = logger ?? NullLogger<SubscriptionHost>.Instance;
        metrics?.ObserveLag(() => [.. all.Select(s => s.Sample).OfType<SubscriptionStatus>()]);
    }

    /// <summary>The subscriptions.</summary>
    public IEnumerable<ISubscription> Subscriptions => all.Select(s => s.Subscription);

    /// <summary>The subscription of that name; null for none.</summary>
    public ISubscription? Find(string name) => Array.Find(all, s => s.Subscription.Name == name)?.Subscription;

    /// <summary>How all subscriptions stand now, by name.</summary>
    public async Task<IReadOnlyList<SubscriptionStatus>> GetStatusAsync(CancellationToken cancellationToken = default)
    {
        var statuses = await Task.WhenAll(all.Select(s => TakeSampleAsync(s, cancellationToken)));
        return [.. statuses.OrderBy(s => s.Name, StringComparer.Ordinal)];
    }

    /// <inheritdoc />
    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll([WatchAsync(stoppingToken), .. all.Select(s => Task.Run(() => SuperviseAsync(s, stoppingToken), stoppingToken))]);

    private async Task SuperviseAsync(Supervised supervised, CancellationToken stopping)
    {
        var failures = 0;
        while (!stopping.IsCancellationRequested)
        {
            var started = time.GetTimestamp();
            supervised.Began(time.GetUtcNow());
            try
            {
                await supervised.Subscription.RunAsync(stopping);
                supervised.LastFailure = new("It ended by itself.", time.GetUtcNow());
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                break;
            }
            catch (Exception e)
            {
                supervised.LastFailure = new($"{e.GetType().Name}: {e.Message}", time.GetUtcNow());
                SubscriptionFailed(logger, supervised.Subscription.Name, e);
            }

            if (stopping.IsCancellationRequested)
            {
                break;
            }

            failures = time.GetElapsedTime(started) >= settings.HealthyAfter ? 1 : failures + 1;
            supervised.Ended(SubscriptionState.Restarting);
            var delay = settings.FirstRestartDelay * Math.Pow(2, Math.Min(failures - 1, 30));
            await Task.Delay(delay < settings.MaxRestartDelay ? delay : settings.MaxRestartDelay, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!stopping.IsCancellationRequested)
            {
                supervised.Restarts++;
                metrics?.Restarted(supervised.Subscription.Name);
            }
        }

        supervised.Ended(SubscriptionState.Stopped);
    }

    private async Task WatchAsync(CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(settings.SampleEvery, time);
        while (await timer.WaitForNextTickAsync(stopping))
        {
            foreach (var supervised in all)
            {
                var before = supervised.Sample?.State;
                var status = await TakeSampleAsync(supervised, stopping);
                if (status.State == SubscriptionState.Stalled && before != SubscriptionState.Stalled)
                {
                    SubscriptionStalled(logger, status.Name, status.Position, status.LagEvents, settings.StallAfter);
                }
            }
        }
    }

    private async Task<SubscriptionStatus> TakeSampleAsync(Supervised supervised, CancellationToken cancellationToken)
    {
        SubscriptionStatus status;
        try
        {
            status = await supervised.Subscription.GetStatusAsync(cancellationToken);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            status = (supervised.Sample ?? new(supervised.Subscription.Name, SubscriptionState.CatchingUp, LogPosition.Start, 0, 0, 0, 0, null)) with
            {
                State = SubscriptionState.CatchingUp,
                LastFailure = new($"Its status cannot be read: {e.Message}", time.GetUtcNow()),
            };
        }

        return supervised.Complete(status, time.GetUtcNow(), settings.StallAfter);
    }

    [LoggerMessage(LogLevel.Error, "Subscription {Subscription} failed and is started again.")]
    private static partial void SubscriptionFailed(ILogger logger, string subscription, Exception error);

    [LoggerMessage(LogLevel.Error, "Subscription {Subscription} has stalled at {Position}: {LagEvents} events wait and none was done for {StallAfter}.")]
    private static partial void SubscriptionStalled(ILogger logger, string subscription, LogPosition position, long lagEvents, TimeSpan stallAfter);

    private sealed class Supervised(ISubscription subscription, DateTimeOffset now)
    {
        private readonly Lock sync = new();
        private SubscriptionState? overriding = SubscriptionState.Stopped;
        private LogPosition lastPosition;
        private DateTimeOffset movedAt = now;

        public ISubscription Subscription => subscription;

        public SubscriptionFailure? LastFailure { get; set; }

        public int Restarts { get; set; }

        public SubscriptionStatus? Sample { get; private set; }

        public void Began(DateTimeOffset at)
        {
            lock (sync)
            {
                overriding = null;
                movedAt = at;
            }
        }

        public void Ended(SubscriptionState state)
        {
            lock (sync)
            {
                overriding = state;
            }
        }

        public SubscriptionStatus Complete(SubscriptionStatus status, DateTimeOffset at, TimeSpan stallAfter)
        {
            lock (sync)
            {
                if (status.Position != lastPosition || status.LagEvents == 0)
                {
                    lastPosition = status.Position;
                    movedAt = at;
                }

                var state = overriding
                    ?? (at - movedAt >= stallAfter ? SubscriptionState.Stalled
                    : status.State == SubscriptionState.Stopped ? SubscriptionState.CatchingUp
                    : status.State);

                // What made it end it mostly names itself, a moment before; an older failure of its own does not hide why it ended.
                var failure = status.LastFailure is { } own && !(LastFailure?.At > own.At) ? own : LastFailure;
                return Sample = status with { State = state, Restarts = Restarts, LastFailure = failure };
            }
        }
    }
}

/// <summary>Reports subscriptions that have stalled (unhealthy) or wait for a restart (degraded).</summary>
public sealed class SubscriptionHealthCheck(SubscriptionHost host) : IHealthCheck
{
    /// <inheritdoc />
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        var statuses = await host.GetStatusAsync(cancellationToken);
        var data = statuses.ToDictionary(s => s.Name, object (s) => s, StringComparer.Ordinal);
        var stalled = statuses.Where(s => s.State == SubscriptionState.Stalled).ToArray();
        var restarting = statuses.Where(s => s.State == SubscriptionState.Restarting).ToArray();
        return stalled.Length > 0
            ? new(context.Registration?.FailureStatus ?? HealthStatus.Unhealthy, string.Join("; ", stalled.Select(s => $"{s.Name} has stalled at {s.Position} with {s.LagEvents} events to handle")), data: data)
            : restarting.Length > 0
                ? new(HealthStatus.Degraded, string.Join("; ", restarting.Select(s => $"{s.Name} waits for restart {s.Restarts + 1} after: {s.LastError}")), data: data)
                : HealthCheckResult.Healthy($"{statuses.Count} subscriptions run.", data);
    }
}
