using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIaaS.EventStore;

/// <summary>How timers are kept.</summary>
public sealed record TimerSettings
{
    /// <summary>The open timers are stored after so many timer events. Default: 500.</summary>
    public int StoreEvery { get; init; } = 500;

    /// <summary>At most so many open timers are stored in one event; 2,000 of the longest names fit. Default: 1,500.</summary>
    public int MaxStored { get; init; } = 1_500;
}

/// <summary>
/// Writes <c>timer.elapsed</c> into a saga's stream when a timer is due: once, however often the process ends. What is open is the fold
/// of the <c>timer.</c> events; it is stored now and then, so that a start reads only what came after that. A timer event that cannot
/// be read parks and stops no other one.
/// </summary>
public sealed partial class TimerService(IEventStore log, IdSource ids, IParkingLot parkingLot, TimeProvider time, TimerSettings? settings = null, ILogger<TimerService>? logger = null) : ISubscription
{
    private const string StoreStream = PlatformStreams.Timers + "open";

    private static readonly EventFilter TimerEvents = EventFilter.Types("timer.");

    // The wait runs on the monotonic clock: looking at the wall clock again now and then keeps a timer right when that is set forward.
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(1);

    private readonly TimerSettings settings = settings ?? new();
    private readonly ILogger logger = logger ?? NullLogger<TimerService>.Instance;
    private LogPosition position;
    private bool isRunning;
    private bool isLive;
    private SubscriptionFailure? lastFailure;
    private (OpenTimers Timers, SemaphoreSlim Changed)? current;

    /// <inheritdoc />
    public string Name => "timers";

    /// <inheritdoc />
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var timers = new OpenTimers();
        position = await RestoreAsync(timers, cancellationToken);
        isLive = false;
        isRunning = true;
        var changed = new SemaphoreSlim(0);
        current = (timers, changed);
        try
        {
            await SubscriptionTasks.RunAsync(stop => [FollowAsync(timers, changed, stop), FireAsync(timers, changed, stop)], e => lastFailure = new(e, time.GetUtcNow()), cancellationToken);
        }
        finally
        {
            current = null;
            isRunning = false;
        }
    }

    /// <inheritdoc />
    public async Task<SubscriptionStatus> GetStatusAsync(CancellationToken cancellationToken = default)
    {
        var at = position;
        var lag = await SubscriptionLag.MeasureAsync(log, at, TimerEvents, cancellationToken);
        var parked = await parkingLot.ListAsync(Name, cancellationToken);
        return new(Name, !isRunning ? SubscriptionState.Stopped : isLive ? SubscriptionState.Live : SubscriptionState.CatchingUp, at, lag.Events, lag.Seconds(time), 0, parked.Count, lastFailure);
    }

    /// <inheritdoc />
    /// <exception cref="DomainException">The subscription does not run.</exception>
    public async Task<int> ReplayParkedAsync(string? key = null, CancellationToken cancellationToken = default)
    {
        var (timers, changed) = current ?? throw new DomainException(SubscriptionErrors.NotRunning(Name));
        var handled = 0;
        foreach (var parked in (await parkingLot.ListAsync(Name, cancellationToken)).Where(p => key is null || p.Key == key))
        {
            try
            {
                await foreach (var recorded in log.ReadStreamOrEmptyAsync(parked.Stream, ReadDirection.Forwards, parked.Version, 1, cancellationToken))
                {
                    if (recorded.Id == parked.EventId)
                    {
                        // Whatever came to the timer after it is seen in the stream when it is due.
                        Apply(timers, recorded);
                    }
                }
            }
            catch (Exception e) when (e is UnreadableEventException or StreamTombstonedException)
            {
                TimerEventUnreadable(logger, parked.EventId, parked.Stream, parked.Version, e);
                if (e is UnreadableEventException)
                {
                    continue;
                }
            }

            await StoreAsync(timers, cancellationToken);
            await parkingLot.RemoveAsync(parked, cancellationToken);
            changed.Release();
            handled++;
        }

        return handled;
    }

    private async Task FollowAsync(OpenTimers timers, SemaphoreSlim changed, CancellationToken cancellationToken)
    {
        var sinceStored = 0;
        await foreach (var message in log.SubscribeToAllAsync(position, TimerEvents, cancellationToken))
        {
            if (message.Event is { } recorded)
            {
                try
                {
                    Apply(timers, recorded);
                }
                catch (UnreadableEventException e)
                {
                    lastFailure = new(e.Message, time.GetUtcNow());
                    TimerEventUnreadable(logger, recorded.Id, recorded.Stream, recorded.Version, e);
                    await parkingLot.ParkAsync(new(Name, recorded.Stream, recorded.Position, recorded.Id, recorded.Stream, recorded.Version, recorded.Type, e.Message, 1, time.GetUtcNow()), cancellationToken);
                }

                sinceStored++;
            }

            position = message.Position;
            if (message.Kind == SubscriptionMessageKind.CaughtUp)
            {
                isLive = true;
            }

            if (isLive && changed.CurrentCount == 0)
            {
                changed.Release();
            }

            if (sinceStored >= settings.StoreEvery)
            {
                await StoreAsync(timers, cancellationToken);
                sinceStored = 0;
            }
        }

        throw new InvalidOperationException("The log ended the subscription without an error.");
    }

    private async Task FireAsync(OpenTimers timers, SemaphoreSlim changed, CancellationToken cancellationToken)
    {
        // Only who has read everything knows which timers have not elapsed.
        while (!isLive)
        {
            await changed.WaitAsync(cancellationToken);
        }

        while (true)
        {
            var first = timers.First();
            var wait = first is null ? LongestWait : first.Due - time.GetUtcNow();
            if (wait > TimeSpan.Zero)
            {
                await changed.WaitOrDelayAsync(wait < LongestWait ? wait : LongestWait, time, cancellationToken);
                continue;
            }

            await FireAsync(first!, cancellationToken);
            timers.Elapsed(first!.Stream, first.Timer, first.Scheduled);
        }
    }

    /// <summary>Reads the saga's stream from where the timer was scheduled, and appends at the version that it has read: so the event is written once, also where two processes try.</summary>
    private async Task FireAsync(OpenTimer timer, CancellationToken cancellationToken)
    {
        while (true)
        {
            var version = -1L;
            var metadata = new EventMetadata();
            try
            {
                await foreach (var recorded in log.ReadStreamAsync(timer.Stream, ReadDirection.Forwards, timer.Version, long.MaxValue, cancellationToken))
                {
                    if (recorded.Id == timer.Scheduled)
                    {
                        metadata = EventMetadata.Read(recorded.Metadata.Span);
                    }
                    else if (Settles(timer, recorded))
                    {
                        return;
                    }

                    version = recorded.Version;
                }
            }
            catch (Exception e) when (e is StreamNotFoundException or StreamTombstonedException)
            {
                SagaGone(logger, timer.Timer, timer.Stream, e);
                return;
            }

            var elapsed = new TimerElapsed(timer.Timer, timer.Scheduled, timer.Due);
            var id = NamedId.Of("timer", timer.Stream, timer.Scheduled.ToString("N"));
            var data = JsonSerializer.SerializeToUtf8Bytes(elapsed, PlatformJson.Default.TimerElapsed);
            var beside = metadata with { CausationId = timer.Scheduled.ToString("N"), Actor = Name, TraceParent = null, Chain = null, Schema = 1 };
            try
            {
                await log.AppendAsync(timer.Stream, ExpectedVersion.Exact(version), [new(id, PlatformEventTypes.TimerElapsed, data, beside.ToUtf8())], cancellationToken);
                return;
            }
            catch (WrongExpectedVersionException e)
            {
                SagaMoved(logger, timer.Timer, timer.Stream, e.Actual);
            }
        }
    }

    /// <summary>Whether an event after the scheduling says that the timer elapsed, was cancelled or was moved. One that cannot be read says nothing; it is parked.</summary>
    private bool Settles(OpenTimer timer, RecordedEvent recorded)
    {
        try
        {
            return recorded.Type switch
            {
                PlatformEventTypes.TimerElapsed => Read(recorded, PlatformJson.Default.TimerElapsed).Scheduled == timer.Scheduled,
                PlatformEventTypes.TimerCancelled => Read(recorded, PlatformJson.Default.TimerCancelled).Timer == timer.Timer,
                PlatformEventTypes.TimerScheduled => Read(recorded, PlatformJson.Default.TimerScheduled).Timer == timer.Timer,
                _ => false,
            };
        }
        catch (UnreadableEventException e)
        {
            TimerEventUnreadable(logger, recorded.Id, recorded.Stream, recorded.Version, e);
            return false;
        }
    }

    private static void Apply(OpenTimers timers, RecordedEvent recorded)
    {
        switch (recorded.Type)
        {
            case PlatformEventTypes.TimerScheduled:
                var scheduled = Read(recorded, PlatformJson.Default.TimerScheduled);
                timers.Schedule(new(recorded.Stream, scheduled.Timer, recorded.Id, recorded.Version, recorded.Position, scheduled.Due));
                break;
            case PlatformEventTypes.TimerCancelled:
                timers.Cancel(recorded.Stream, Read(recorded, PlatformJson.Default.TimerCancelled).Timer);
                break;
            case PlatformEventTypes.TimerElapsed:
                var elapsed = Read(recorded, PlatformJson.Default.TimerElapsed);
                timers.Elapsed(recorded.Stream, elapsed.Timer, elapsed.Scheduled);
                break;
            default:
                break;
        }
    }

    private static T Read<T>(RecordedEvent recorded, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> json)
    {
        try
        {
            return JsonSerializer.Deserialize(recorded.Data.Span, json) ?? throw new JsonException("It is null.");
        }
        catch (JsonException e)
        {
            throw new UnreadableEventException($"Event {recorded.Version} of stream '{recorded.Stream}' ({recorded.Type}) cannot be read: {e.Message}", e);
        }
    }

    private async Task<LogPosition> RestoreAsync(OpenTimers timers, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var recorded in log.ReadStreamOrEmptyAsync(StoreStream, ReadDirection.Backwards, long.MaxValue, 1, cancellationToken))
            {
                var stored = Read(recorded, PlatformJson.Default.TimersStored);
                foreach (var timer in stored.Timers)
                {
                    timers.Schedule(timer);
                }

                return stored.Position;
            }
        }
        catch (UnreadableEventException e)
        {
            StoreIgnored(logger, e);
        }

        return LogPosition.Start;
    }

    private async Task StoreAsync(OpenTimers timers, CancellationToken cancellationToken)
    {
        var data = JsonSerializer.SerializeToUtf8Bytes(timers.Store(position, settings.MaxStored), PlatformJson.Default.TimersStored);
        var result = await log.AppendAsync(StoreStream, ExpectedVersion.Any, [new(ids.NewId(), PlatformEventTypes.TimersStored, data, default)], cancellationToken);
        if (result.Version <= 1)
        {
            await log.SetStreamMetadataAsync(StoreStream, new(MaxCount: 1), cancellationToken);
        }
    }

    [LoggerMessage(LogLevel.Warning, "Timer {Timer} of {Stream} is dropped: the saga's stream was deleted.")]
    private static partial void SagaGone(ILogger logger, string timer, string stream, Exception error);

    [LoggerMessage(LogLevel.Error, "Event {EventId} ({Stream} {Version}), which concerns a timer, cannot be read; it is parked, and other timers go on.")]
    private static partial void TimerEventUnreadable(ILogger logger, Guid eventId, string stream, long version, Exception error);

    [LoggerMessage(LogLevel.Debug, "Timer {Timer} of {Stream}: the saga moved on to version {Version} meanwhile; it is read again.")]
    private static partial void SagaMoved(ILogger logger, string timer, string stream, long version);

    [LoggerMessage(LogLevel.Warning, "The stored timers cannot be read and are ignored; all timer events of the log are read.")]
    private static partial void StoreIgnored(ILogger logger, Exception error);
}
