using AIaaS.EventStore;

namespace AIaaS.Commands.Bus;

/// <summary>
/// Follows the log, keeps what is begun there and not ended, and looks at it again and again, so that nothing is left standing. The checkpoint never passes what is open: a restart
/// finds it, and reads nothing else anew.
/// </summary>
public abstract class OpenWork(IEventStore log, ICheckpointStore checkpoints, TimeProvider time, string name, EventFilter filter) : ISubscription
{
    private static readonly TimeSpan CheckpointInterval = TimeSpan.FromSeconds(5);

    private LogPosition? born;
    private LogPosition received;
    private SubscriptionState state = SubscriptionState.Stopped;
    private SubscriptionFailure? lastFailure;

    /// <inheritdoc />
    public string Name => name;

    /// <summary>How far the log has been followed.</summary>
    public LogPosition Position => received;

    /// <summary>Where the log ended when this first ran: what was open before, another process has begun.</summary>
    protected LogPosition? Born => born;

    /// <summary>Whether all that there was is known.</summary>
    protected bool IsLive => state == SubscriptionState.Live;

    /// <summary>How often it is looked at what is open.</summary>
    protected abstract TimeSpan SweepEvery { get; }

    /// <inheritdoc />
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        state = SubscriptionState.CatchingUp;
        Clear();
        received = await checkpoints.LoadAsync(Name, cancellationToken);
        born ??= await log.GetHeadAsync(cancellationToken);
        try
        {
            await SubscriptionTasks.RunAsync(stop => [ReceiveAsync(stop), SweepAsync(stop)], NoteFailure, cancellationToken);
        }
        finally
        {
            state = SubscriptionState.Stopped;
        }
    }

    /// <inheritdoc />
    public async Task<SubscriptionStatus> GetStatusAsync(CancellationToken cancellationToken = default)
    {
        var lag = await SubscriptionLag.MeasureAsync(log, received, filter, cancellationToken);
        return new(Name, state, received, lag.Events, lag.Seconds(time), 0, 0, lastFailure);
    }

    /// <inheritdoc />
    public Task<int> ReplayParkedAsync(string? key = null, CancellationToken cancellationToken = default) => Task.FromResult(0);

    /// <summary>Keeps what went wrong last, for the status.</summary>
    protected void NoteFailure(string error) => lastFailure = new(error, time.GetUtcNow());

    /// <summary>Forgets what is open: the log is read again from the checkpoint.</summary>
    protected abstract void Clear();

    /// <summary>Takes an event. <see cref="Position"/> is still the one before it.</summary>
    protected abstract void Take(RecordedEvent recorded, CancellationToken cancellationToken);

    /// <summary>All that there was has been taken for the first time since it runs.</summary>
    protected virtual void CaughtUp(CancellationToken cancellationToken)
    {
    }

    /// <summary>Looks at what is open; only when all that there was is known.</summary>
    protected abstract Task LookAsync(CancellationToken cancellationToken);

    /// <summary>Up to where nothing is open: the position before the oldest that is, or <see cref="Position"/>.</summary>
    protected abstract LogPosition Done();

    private async Task ReceiveAsync(CancellationToken cancellationToken)
    {
        await foreach (var message in log.SubscribeToAllAsync(received, filter, cancellationToken))
        {
            if (message.Event is { } recorded)
            {
                Take(recorded, cancellationToken);
            }

            received = message.Position;
            if (message.Kind == SubscriptionMessageKind.CaughtUp && state != SubscriptionState.Live)
            {
                state = SubscriptionState.Live;
                CaughtUp(cancellationToken);
            }
        }

        throw new InvalidOperationException("The log ended the subscription without an error.");
    }

    private async Task SweepAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(SweepEvery, time);
        var stored = received;
        var storedAt = time.GetTimestamp();
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            if (state != SubscriptionState.Live)
            {
                continue;
            }

            await LookAsync(cancellationToken);
            var done = Done();
            if (done > stored && time.GetElapsedTime(storedAt) >= CheckpointInterval)
            {
                await checkpoints.StoreAsync(Name, done, cancellationToken);
                (stored, storedAt) = (done, time.GetTimestamp());
            }
        }
    }
}
