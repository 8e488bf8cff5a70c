namespace AIaaS.EventStore;

/// <summary>How far a subscription is behind.</summary>
/// <param name="Events">
/// Events that it has still to handle: counted up to <see cref="MaxCounted"/>; beyond, estimated from how densely the counted ones
/// lie in the log, since positions are not dense on every engine.
/// </param>
/// <param name="Oldest">When the oldest of them was recorded; null for none.</param>
public readonly record struct SubscriptionLag(long Events, DateTimeOffset? Oldest)
{
    /// <summary>How many events are counted before the rest is estimated.</summary>
    public const int MaxCounted = 1_000;

    /// <summary>Measures what lies behind a position.</summary>
    public static async Task<SubscriptionLag> MeasureAsync(IEventStore log, LogPosition after, EventFilter? filter, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(log);
        var head = await log.GetHeadAsync(cancellationToken);
        if (head <= after)
        {
            return default;
        }

        long count = 0;
        var read = 0;
        DateTimeOffset? oldest = null;
        var last = after;
        await foreach (var recorded in log.ReadAllAsync(ReadDirection.Forwards, after, filter, MaxCounted + 1, cancellationToken))
        {
            read++;
            if (recorded.Position <= after || PlatformStreams.Contains(recorded.Stream))
            {
                continue;
            }

            oldest ??= recorded.Recorded;
            count++;
            last = recorded.Position;
        }

        if (read > MaxCounted && last > after && head > last)
        {
            count += (long)(count * ((head.Value - last.Value) / (double)(last.Value - after.Value)));
        }

        return new(count, oldest);
    }

    /// <summary>The age of the oldest event in seconds; 0 for none.</summary>
    public double Seconds(TimeProvider time) => Oldest is { } oldest ? Math.Max(0, (time.GetUtcNow() - oldest).TotalSeconds) : 0;
}
