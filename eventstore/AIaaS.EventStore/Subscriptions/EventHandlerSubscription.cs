using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIaaS.EventStore;

/// <summary>
/// Runs an event handler behind the log: order kept per key, keys at the same time; a failing event is tried again, then parked,
/// and the later events of its key wait parked behind it; the checkpoint never passes an event that is not done.
/// One process runs a subscription at a time.
/// </summary>
public sealed partial class EventHandlerSubscription : ISubscription
{
    private readonly IEventStore log;
    private readonly EventTypes types;
    private readonly IEventHandler handler;
    private readonly ICheckpointStore checkpoints;
    private readonly IParkingLot parkingLot;
    private readonly TimeProvider time;
    private readonly EventHandlerSettings settings;
    private readonly KernelMetrics? metrics;
    private readonly ILogger logger;
    private readonly ParkedKeys parked = new();
    private Run? current;
    private LogPosition lastDone;
    private SubscriptionFailure? lastFailure;

    /// <summary>Makes it; <see cref="SubscriptionHost"/> runs it.</summary>
    public EventHandlerSubscription(
        IEventStore log,
        EventTypes types,
        IEventHandler handler,
        ICheckpointStore checkpoints,
        IParkingLot parkingLot,
        TimeProvider time,
        EventHandlerSettings? settings = null,
        KernelMetrics? metrics = null,
        ILogger<EventHandlerSubscription>? logger = null)
    {
        this.log = log;
        this.types = types;
        this.handler = handler;
        this.checkpoints = checkpoints;
        this.parkingLot = parkingLot;
        this.time = time;
        this.settings = settings ?? new();
        this.metrics = metrics;
        this.logger = logger ?? NullLogger<EventHandlerSubscription>.Instance;
        System.ComponentModel.DataAnnotations.Validator.ValidateObject(this.settings, new(this.settings), validateAllProperties: true);
    }

    /// <inheritdoc />
    public string Name => handler.Name;

    /// <inheritdoc />
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var start = await checkpoints.LoadAsync(Name, cancellationToken);
        parked.Reset(await parkingLot.ListAsync(Name, cancellationToken));
        Run? run = null;
        try
        {
            await SubscriptionTasks.RunAsync(
                stop =>
                {
                    var begun = new Run(this, start, stop);
                    run = Interlocked.CompareExchange(ref current, begun, null) is null ? begun : throw new InvalidOperationException($"Subscription '{Name}' runs already.");
                    return [run.ReceiveAsync(), run.CheckpointAsync(), .. Enumerable.Range(0, settings.Concurrency).Select(_ => run.WorkAsync())];
                },
                e => lastFailure = new(e, time.GetUtcNow()),
                cancellationToken);
        }
        finally
        {
            if (run is not null)
            {
                lastDone = run.Tracker.Done;
                current = null;
                await run.LastCheckpointAsync();
            }
        }
    }

    /// <inheritdoc />
    public async Task<SubscriptionStatus> GetStatusAsync(CancellationToken cancellationToken = default)
    {
        if (current is not { } run)
        {
            var position = lastDone != LogPosition.Start ? lastDone : await checkpoints.LoadAsync(Name, cancellationToken);
            var behind = await SubscriptionLag.MeasureAsync(log, position, handler.Filter, cancellationToken);
            var waiting = await parkingLot.ListAsync(Name, cancellationToken);
            return new(Name, SubscriptionState.Stopped, position, behind.Events, behind.Seconds(time), 0, waiting.Count, lastFailure);
        }

        // First what is open: an event that is received in between is then counted twice rather than not at all.
        var (open, oldest) = run.Tracker.Open;
        var unread = await SubscriptionLag.MeasureAsync(log, run.Tracker.Received, handler.Filter, cancellationToken);
        var lag = new SubscriptionLag(open + unread.Events, oldest ?? unread.Oldest);
        return new(Name, run.IsLive ? SubscriptionState.Live : SubscriptionState.CatchingUp, run.Tracker.Done, lag.Events, lag.Seconds(time), 0, parked.Count, lastFailure);
    }

    /// <inheritdoc />
    /// <exception cref="DomainException">The subscription does not run.</exception>
    public async Task<int> ReplayParkedAsync(string? key = null, CancellationToken cancellationToken = default)
    {
        var handled = 0;
        int before;
        do
        {
            before = handled;
            foreach (var each in key is null ? parked.Keys() : [key])
            {
                var run = current ?? throw new DomainException(SubscriptionErrors.NotRunning(Name));
                handled += await run.ReplayAsync(each, cancellationToken);
            }
        }
        // A key may have waited for another one that came after it.
        while (key is null && handled > before);
        return handled;
    }

    private sealed record Work(RecordedEvent? Recorded, EventEnvelope? Envelope, string Key, PositionTracker.Entry? Entry)
    {
        public int Attempts { get; set; }

        public string? Fault { get; init; }

        public bool IsParked { get; init; }

        public Replay? Replay { get; init; }
    }

    /// <summary>The replay of what is parked under a key.</summary>
    private sealed class Replay(string key)
    {
        public string Key => key;

        public int Handled { get; set; }

        public TaskCompletionSource<int> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>One run, from a start to its end.</summary>
    private sealed class Run(EventHandlerSubscription owner, LogPosition start, CancellationToken stopped)
    {
        private readonly KeyedQueues<Work> queues = new();
        private readonly SemaphoreSlim slots = new(owner.settings.MaxInFlight);
        private readonly SemaphoreSlim checkpointDue = new(0);
        private long finishedAtCheckpoint;
        private LogPosition stored = start;
        private DateTimeOffset storedAt = owner.time.GetUtcNow();

        public PositionTracker Tracker { get; } = new(start);

        public bool IsLive { get; private set; }

        public async Task ReceiveAsync()
        {
            await foreach (var message in owner.log.SubscribeToAllAsync(Tracker.Received, owner.handler.Filter, stopped))
            {
                if (message.Event is not { } recorded || PlatformStreams.Contains(recorded.Stream))
                {
                    Tracker.Reached(message.Position);
                    IsLive |= message.Kind == SubscriptionMessageKind.CaughtUp;
                    continue;
                }

                await slots.WaitAsync(stopped);
                var entry = Tracker.Begin(recorded.Position, recorded.Recorded);
                var work = Read(recorded, entry);
                queues.Add(work.Key, work);
            }

            throw new InvalidOperationException("The log ended the subscription without an error.");
        }

        public Task WorkAsync() => queues.WorkAsync(StepAsync, owner.time, stopped);

        public async Task CheckpointAsync()
        {
            while (true)
            {
                await checkpointDue.WaitOrDelayAsync(owner.settings.CheckpointInterval, owner.time, stopped);
                var idle = owner.time.GetUtcNow() - storedAt >= owner.settings.IdleCheckpointInterval;
                if (Tracker.Done > stored && (idle || Tracker.Finished > Interlocked.Read(ref finishedAtCheckpoint)))
                {
                    await StoreAsync(stopped);
                }
            }
        }

        /// <summary>Called when all tasks have ended.</summary>
        public async Task LastCheckpointAsync()
        {
            if (Tracker.Done <= stored)
            {
                return;
            }

            try
            {
                using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10), owner.time);
                await StoreAsync(limit.Token);
            }
            catch (Exception e) when (e is EventStoreException or OperationCanceledException or ObjectDisposedException)
            {
                CheckpointNotStored(owner.logger, owner.Name, e);
            }
        }

        public async Task<int> ReplayAsync(string key, CancellationToken cancellationToken)
        {
            var replay = new Replay(key);
            queues.Add(key, new(null, null, key, null) { Replay = replay });
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, stopped);
            try
            {
                return await replay.Done.Task.WaitAsync(either.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                throw new DomainException(SubscriptionErrors.NotRunning(owner.Name));
            }
        }

        private Work Read(RecordedEvent recorded, PositionTracker.Entry? entry)
        {
            try
            {
                var envelope = EventEnvelope.Read(owner.types, recorded);
                return new(recorded, envelope, owner.handler.KeyOf(envelope), entry);
            }
            catch (UnreadableEventException e)
            {
                return Unreadable(recorded, entry, e.Message);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                return Unreadable(recorded, entry, $"The handler cannot name the event's key: {e.Message}");
            }
        }

        /// <summary>From here on it stops what comes later in its stream, whatever its key; a worker then parks it durably.</summary>
        private Work Unreadable(RecordedEvent recorded, PositionTracker.Entry? entry, string fault)
        {
            var isNew = owner.parked.TryAdd(Parked(recorded, recorded.Stream, fault, 0));
            return new(recorded, null, recorded.Stream, entry) { Fault = fault, IsParked = !isNew };
        }

        private ParkedEvent Parked(RecordedEvent recorded, string key, string reason, int attempts) => new(
            owner.Name,
            key,
            recorded.Position,
            recorded.Id,
            recorded.Stream,
            recorded.Version,
            recorded.Type,
            reason.Length <= 2_000 ? reason : reason[..2_000],
            attempts,
            owner.time.GetUtcNow());

        private async ValueTask<TimeSpan?> StepAsync(Work work)
        {
            if (work.Replay is { } replay)
            {
                await ReplayAsync(replay, work.Key);
                return null;
            }

            var recorded = work.Recorded!;
            if (work.Fault is { } fault)
            {
                if (!work.IsParked)
                {
                    await ParkAsync(work, fault);
                }
            }

            // An event before the parked one comes a second time after a restart; it was handled then.
            else if (owner.parked.Blocker(work.Key, recorded.Stream) is { } blocker && recorded.Position >= blocker.Position)
            {
                if (recorded.Position > blocker.Position || recorded.Id != blocker.EventId)
                {
                    await ParkAsync(work, $"It waits behind event {blocker.EventId} of the same key, which is parked.");
                }
            }
            else
            {
                try
                {
                    work.Attempts++;
                    await owner.handler.HandleAsync(work.Envelope!, stopped);
                }
                catch (Exception e) when (!stopped.IsCancellationRequested)
                {
                    var reason = e is DomainException ? e.Message : $"{e.GetType().Name}: {e.Message}";
                    owner.lastFailure = new(reason, owner.time.GetUtcNow());
                    if (work.Attempts < owner.settings.MaxAttempts)
                    {
                        var delay = owner.settings.DelayBefore(work.Attempts + 1, recorded.Id);
                        owner.metrics?.Retried(owner.Name);
                        EventFailed(owner.logger, owner.Name, recorded.Id, recorded.Stream, recorded.Version, work.Attempts, delay, e);
                        return delay;
                    }

                    await ParkAsync(work, reason);
                }
            }

            Tracker.Finish(work.Entry!);
            slots.Release();
            if (Tracker.Finished - Interlocked.Read(ref finishedAtCheckpoint) >= owner.settings.CheckpointEvery && checkpointDue.CurrentCount == 0)
            {
                checkpointDue.Release();
            }

            return null;
        }

        private async Task ParkAsync(Work work, string reason)
        {
            var recorded = work.Recorded!;
            var entry = Parked(recorded, work.Key, reason, work.Attempts);
            await owner.parkingLot.ParkAsync(entry, stopped);
            owner.parked.Add(entry);
            owner.metrics?.Parked(owner.Name);
            EventParked(owner.logger, owner.Name, recorded.Id, recorded.Stream, recorded.Version, recorded.Type, work.Attempts);
        }

        /// <summary>
        /// Handles what is parked under a key, each event in the queue of its own key: one that could not be read waits under its
        /// stream, and is not to be handled beside others of its key.
        /// </summary>
        private async Task ReplayAsync(Replay replay, string queue)
        {
            try
            {
                while (owner.parked.Next(replay.Key) is { } next && owner.parked.Blocker(replay.Key, next.Stream) == next)
                {
                    try
                    {
                        if (await FindAsync(next) is { } envelope)
                        {
                            var key = owner.handler.KeyOf(envelope);
                            if (key != queue)
                            {
                                queues.Add(key, new(null, null, key, null) { Replay = replay });
                                return;
                            }

                            await owner.handler.HandleAsync(envelope, stopped);
                        }
                    }
                    catch (Exception e) when (!stopped.IsCancellationRequested)
                    {
                        owner.lastFailure = new(e.Message, owner.time.GetUtcNow());
                        EventFailed(owner.logger, owner.Name, next.EventId, next.Stream, next.Version, next.Attempts + 1, TimeSpan.Zero, e);
                        break;
                    }

                    await owner.parkingLot.RemoveAsync(next, stopped);
                    owner.parked.Remove(next);
                    replay.Handled++;
                }

                replay.Done.TrySetResult(replay.Handled);
            }
            catch (Exception e)
            {
                replay.Done.TrySetException(e);
                throw;
            }
        }

        /// <summary>A parked event; null where its stream no longer holds it, so that there is nothing left to handle.</summary>
        private async Task<EventEnvelope?> FindAsync(ParkedEvent parked)
        {
            try
            {
                await foreach (var recorded in owner.log.ReadStreamOrEmptyAsync(parked.Stream, ReadDirection.Forwards, parked.Version, 1, stopped))
                {
                    if (recorded.Id == parked.EventId)
                    {
                        return EventEnvelope.Read(owner.types, recorded);
                    }
                }
            }
            catch (StreamTombstonedException e)
            {
                ParkedEventGone(owner.logger, owner.Name, parked.EventId, parked.Stream, e);
                return null;
            }

            ParkedEventGone(owner.logger, owner.Name, parked.EventId, parked.Stream, null);
            return null;
        }

        private async Task StoreAsync(CancellationToken cancellationToken)
        {
            var finished = Tracker.Finished;
            var position = Tracker.Done;
            await owner.checkpoints.StoreAsync(owner.Name, position, cancellationToken);
            stored = position;
            storedAt = owner.time.GetUtcNow();
            Interlocked.Exchange(ref finishedAtCheckpoint, finished);
        }
    }

    [LoggerMessage(LogLevel.Warning, "Subscription {Subscription}: event {EventId} ({Stream} {Version}) failed at try {Attempt}; the next one comes in {Delay}.")]
    private static partial void EventFailed(ILogger logger, string subscription, Guid eventId, string stream, long version, int attempt, TimeSpan delay, Exception error);

    [LoggerMessage(LogLevel.Error, "Subscription {Subscription}: event {EventId} ({Stream} {Version}, {Type}) is parked after {Attempts} tries; later events of its key wait behind it.")]
    private static partial void EventParked(ILogger logger, string subscription, Guid eventId, string stream, long version, string type, int attempts);

    [LoggerMessage(LogLevel.Warning, "Subscription {Subscription}: parked event {EventId} is no longer in stream {Stream}; it is taken off the list.")]
    private static partial void ParkedEventGone(ILogger logger, string subscription, Guid eventId, string stream, Exception? error);

    [LoggerMessage(LogLevel.Warning, "Subscription {Subscription}: the last checkpoint could not be stored; events done since the one before come again.")]
    private static partial void CheckpointNotStored(ILogger logger, string subscription, Exception error);
}
