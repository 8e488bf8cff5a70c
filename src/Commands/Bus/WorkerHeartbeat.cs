using System.Collections.Concurrent;
using System.ComponentModel.DataAnnotations;
using AIaaS.EventStore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIaaS.Commands.Bus;

/// <summary>How workers show that they live (configuration section <c>Workers</c>).</summary>
public sealed record WorkerOptions
{
    /// <summary>How often a worker says that it lives. Default 2 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:01:00")]
    public TimeSpan BeatEvery { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>A worker that has not said so for this long is taken for dead. Default 6 s: with what comes before and after it, a lost worker costs at most 10 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.030", "00:10:00")]
    public TimeSpan StaleAfter { get; init; } = TimeSpan.FromSeconds(6);

    /// <summary>How long a saga may stand still under a worker that lives before another one takes it up: its worker may have put it down, as when the broker went away. Longer than any call takes. Default 1 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00.030", "01:00:00")]
    public TimeSpan StillFor { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Whether no other process can be on this log, as with the embedded engine: then every other worker is dead, and no heartbeat is written.</summary>
    public bool OwnsLog { get; init; } = true;
}

/// <summary>
/// The lease of workers on their runs and sagas: this worker's heartbeat, and whether another worker still has one. A heartbeat is judged by
/// whether its stream moves while this process's own monotonic clock runs, so that clocks which differ do no harm. The lease only saves
/// double work; what keeps two workers from both going on is the expected version of the run's or saga's stream.
/// </summary>
public sealed partial class WorkerHeartbeat(IEventStore log, EventTypes types, IdSource ids, TimeProvider time, WorkerOptions? options = null, ILogger<WorkerHeartbeat>? logger = null)
    : BackgroundService
{
    private static readonly TimeSpan Kept = TimeSpan.FromDays(1);

    private readonly WorkerOptions options = options ?? new();
    private readonly ILogger logger = logger ?? NullLogger<WorkerHeartbeat>.Instance;
    private readonly ConcurrentDictionary<string, Seen> seen = new(StringComparer.Ordinal);
    private int beats;

    /// <summary>This worker: a new one with each start of the program.</summary>
    public string Worker { get; } = ids.NewId().ToString("N");

    /// <summary>The stream of a worker.</summary>
    public static StreamName StreamOf(string worker) => new(PlatformStreams.Worker + worker);

    /// <summary>
    /// Whether a worker may still be at work: its heartbeat moved within <see cref="WorkerOptions.StaleAfter"/>, or has not been watched for so
    /// long yet. Ask again and again: the watch begins with the first question.
    /// </summary>
    public async ValueTask<bool> IsAliveAsync(string worker, CancellationToken cancellationToken = default)
    {
        if (worker == Worker || options.OwnsLog)
        {
            return worker == Worker;
        }

        var version = -1L;
        await foreach (var last in log.ReadStreamOrEmptyAsync(StreamOf(worker), ReadDirection.Backwards, long.MaxValue, 1, cancellationToken))
        {
            if (last.Type == PlatformEventTypes.WorkerStopped)
            {
                seen.TryRemove(worker, out _);
                return false;
            }

            version = last.Version;
        }

        if (version < 0)
        {
            // A worker beats before it works, so one without a heartbeat stopped long ago.
            seen.TryRemove(worker, out _);
            return false;
        }

        var now = time.GetTimestamp();
        var known = seen.AddOrUpdate(worker, static (_, s) => s, static (_, old, s) => s.Version > old.Version ? s : old, new Seen(version, now));
        return time.GetElapsedTime(known.At, now) < options.StaleAfter;
    }

    /// <inheritdoc />
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        if (!options.OwnsLog)
        {
            await BeatAsync(cancellationToken);
        }

        await base.StartAsync(cancellationToken);
    }

    /// <inheritdoc />
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        if (options.OwnsLog)
        {
            return;
        }

        try
        {
            await WriteAsync(new WorkerStopped(Worker, time.GetUtcNow()), cancellationToken);
        }
        catch (Exception e) when (e is EventStoreException or OperationCanceledException)
        {
            NotWritten(logger, Worker, e);
        }
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.OwnsLog)
        {
            return;
        }

        using var timer = new PeriodicTimer(options.BeatEvery, time);
        while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
        {
            try
            {
                await BeatAsync(stoppingToken);
            }
            catch (EventStoreException e)
            {
                // The next one may get through; until then others may take over, which the expected versions allow for.
                NotWritten(logger, Worker, e);
            }
        }
    }

    private async Task BeatAsync(CancellationToken cancellationToken)
    {
        await WriteAsync(new WorkerBeat(Worker, time.GetUtcNow()), cancellationToken);
        // The second one too: the log may have failed between the first one and its metadata.
        if (++beats <= 2)
        {
            await log.SetStreamMetadataAsync(StreamOf(Worker), new(MaxCount: 1, MaxAge: Kept), cancellationToken);
        }
    }

    private Task WriteAsync(DomainEvent @event, CancellationToken cancellationToken) =>
        log.AppendAsync(StreamOf(Worker), ExpectedVersion.Any, [types.Write(ids.NewId(), @event, new EventMetadata { Actor = Worker })], cancellationToken);

    [LoggerMessage(LogLevel.Warning, "The heartbeat of worker {Worker} could not be written; where that lasts, other workers take its runs and sagas over.")]
    private static partial void NotWritten(ILogger logger, string worker, Exception error);

    private sealed record Seen(long Version, long At);
}
