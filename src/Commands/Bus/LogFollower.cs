using System.Collections.Concurrent;
using System.Collections.Immutable;
using AIaaS.EventStore;

namespace AIaaS.Commands.Bus;

/// <summary>
/// Something that is kept in memory as a fold of some streams: read from the start of the log each time that the program starts, and following it from then
/// on. An event that cannot be read parks and stops what comes behind it in its own stream, and nothing else.
/// </summary>
public abstract class LogFollower(IEventStore log, EventTypes types, IParkingLot parking, TimeProvider time, string name, EventFilter filter) : ISubscription
{
    private readonly ConcurrentDictionary<string, long> versions = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, ImmutableList<ParkedEvent>> parked = new(StringComparer.Ordinal);
    private readonly TaskCompletionSource ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly PositionSignal reached = new();
    private readonly SemaphoreSlim oneAtATime = new(1);
    private Dictionary<Guid, ParkedEvent>? parkedBefore;
    private SubscriptionState state = SubscriptionState.Stopped;
    private SubscriptionFailure? lastFailure;

    /// <inheritdoc />
    public string Name => name;

    /// <summary>Everything in the log up to here is known.</summary>
    public LogPosition Position => reached.Reached;

    /// <summary>Completes when all that there was at the start is known.</summary>
    public Task Ready => ready.Task;

    /// <summary>Waits until it has passed a position.</summary>
    /// <returns>Whether it did within the time.</returns>
    public Task<bool> WaitForAsync(LogPosition position, TimeSpan timeout, CancellationToken cancellationToken = default) => reached.WaitAsync(position, timeout, time, cancellationToken);

    /// <inheritdoc />
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        state = SubscriptionState.CatchingUp;
        try
        {
            parkedBefore ??= (await parking.ListAsync(Name, cancellationToken)).ToDictionary(p => p.EventId);
            await foreach (var message in log.SubscribeToAllAsync(Position, filter, cancellationToken))
            {
                if (message.Event is { } recorded)
                {
                    await ReceiveAsync(recorded, cancellationToken);
                }

                reached.Advance(message.Position);
                if (message.Kind == SubscriptionMessageKind.CaughtUp)
                {
                    state = SubscriptionState.Live;
                    ready.TrySetResult();
                }
            }

            throw new InvalidOperationException("The log ended the subscription without an error.");
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            state = SubscriptionState.Stopped;
            throw;
        }
        catch (Exception e)
        {
            lastFailure = new(e.Message, time.GetUtcNow());
            state = SubscriptionState.Restarting;
            throw;
        }
    }

    /// <inheritdoc />
    public async Task<SubscriptionStatus> GetStatusAsync(CancellationToken cancellationToken = default)
    {
        var position = Position;
        var lag = await SubscriptionLag.MeasureAsync(log, position, filter, cancellationToken);
        return new(Name, state, position, lag.Events, lag.Seconds(time), 0, parked.Values.Sum(p => p.Count), lastFailure);
    }

    /// <inheritdoc />
    public async Task<int> ReplayParkedAsync(string? key = null, CancellationToken cancellationToken = default)
    {
        var handled = 0;
        foreach (var stream in parked.Keys.Where(k => key is null || k == key).Order(StringComparer.Ordinal).ToList())
        {
            try
            {
                await ReadOnAsync(stream, cancellationToken);
            }
            catch (UnreadableEventException)
            {
                continue;
            }

            if (parked.TryRemove(stream, out var entries))
            {
                foreach (var entry in entries)
                {
                    await parking.RemoveAsync(entry, cancellationToken);
                    handled++;
                }
            }
        }

        return handled;
    }

    /// <summary>Takes one event of a stream; each comes once, in the order of its stream.</summary>
    protected abstract void Take(RecordedEvent recorded, object @event);

    /// <summary>Reads what a stream holds beyond what is known: it may have been written in another process a moment ago.</summary>
    /// <exception cref="UnreadableEventException">An event of it cannot be read.</exception>
    protected async Task ReadOnAsync(string stream, CancellationToken cancellationToken)
    {
        await oneAtATime.WaitAsync(cancellationToken);
        try
        {
            await foreach (var recorded in log.ReadStreamOrEmptyAsync(stream, from: VersionOf(stream) + 1, cancellationToken: cancellationToken))
            {
                TakeOnce(recorded);
            }
        }
        finally
        {
            oneAtATime.Release();
        }
    }

    private async Task ReceiveAsync(RecordedEvent recorded, CancellationToken cancellationToken)
    {
        if (parked.ContainsKey(recorded.Stream))
        {
            await ParkAsync(recorded, "waits behind a parked event of the same stream", 0, cancellationToken);
            return;
        }

        await oneAtATime.WaitAsync(cancellationToken);
        try
        {
            TakeOnce(recorded);
        }
        catch (UnreadableEventException e)
        {
            await ParkAsync(recorded, e.Message, 1, cancellationToken);
            return;
        }
        finally
        {
            oneAtATime.Release();
        }

        if (parkedBefore is not null && parkedBefore.Remove(recorded.Id, out var before))
        {
            await parking.RemoveAsync(before, cancellationToken);
        }
    }

    private void TakeOnce(RecordedEvent recorded)
    {
        if (recorded.Version > VersionOf(recorded.Stream))
        {
            Take(recorded, types.Read(recorded));
            versions[recorded.Stream] = recorded.Version;
        }
    }

    private long VersionOf(string stream) => versions.TryGetValue(stream, out var version) ? version : -1;

    private async Task ParkAsync(RecordedEvent recorded, string reason, int attempts, CancellationToken cancellationToken)
    {
        var entry = new ParkedEvent(Name, recorded.Stream, recorded.Position, recorded.Id, recorded.Stream, recorded.Version, recorded.Type, reason, attempts, time.GetUtcNow());
        await parking.ParkAsync(entry, cancellationToken);
        parked.AddOrUpdate(recorded.Stream, _ => [entry], (_, list) => list.Add(entry));
    }
}
