using AIaaS.EventStore;

namespace AIaaS.Projections;

/// <summary>Whether another process builds the read models.</summary>
internal sealed record ProjectionsElsewhere(bool Value);

/// <summary>
/// How far a read model is that another process builds: what the store says of it, and up to which position nothing more concerns it.
/// </summary>
internal sealed class StoredProgress(string model, EventFilter filter, IEventStore log, IReadModelStore store, TimeProvider time) : IProjectionProgress
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private long reached;

    public LogPosition Reached => new((ulong)Interlocked.Read(ref reached));

    public async Task<bool> WaitForAsync(LogPosition min, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            if (Reached >= min)
            {
                return true;
            }

            if (await store.GetActiveAsync(model, cancellationToken) is { } collection)
            {
                Interlocked.Exchange(ref reached, (long)(await store.GetPositionAsync(collection, cancellationToken)).Value);
            }

            if (Reached >= min || await NothingBetweenAsync(Reached, min, cancellationToken))
            {
                return true;
            }

            if (time.GetElapsedTime(started) >= timeout)
            {
                return false;
            }

            await Task.Delay(Pause, time, cancellationToken);
        }
    }

    private async Task<bool> NothingBetweenAsync(LogPosition from, LogPosition to, CancellationToken cancellationToken)
    {
        if (await log.GetHeadAsync(cancellationToken) < to)
        {
            return false;
        }

        // Inclusive, and not every engine can begin at a position between two events.
        await foreach (var recorded in log.ReadAllAsync(ReadDirection.Forwards, from, filter, 2, cancellationToken))
        {
            if (recorded.Position > from)
            {
                return recorded.Position > to;
            }
        }

        return true;
    }
}
