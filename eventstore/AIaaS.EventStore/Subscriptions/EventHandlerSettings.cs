using System.ComponentModel.DataAnnotations;

namespace AIaaS.EventStore;

/// <summary>How an event handler is run.</summary>
public sealed record EventHandlerSettings
{
    /// <summary>How many keys are handled at the same time. Default: 8.</summary>
    [Range(1, 1_024)]
    public int Concurrency { get; init; } = 8;

    /// <summary>How many events are taken from the log before the oldest of them is done. Default: 1,024.</summary>
    [Range(1, 100_000)]
    public int MaxInFlight { get; init; } = 1_024;

    /// <summary>How often an event is tried before it is parked. Default: 6.</summary>
    [Range(1, 100)]
    public int MaxAttempts { get; init; } = 6;

    /// <summary>The wait before the second try; it doubles with each further one, less a part drawn from the event's id. Default: 100 ms.</summary>
    public TimeSpan FirstDelay { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>The longest wait between two tries. Default: 30 s.</summary>
    public TimeSpan MaxDelay { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A checkpoint is written after so many events. Default: 1,000.</summary>
    [Range(1, 1_000_000)]
    public int CheckpointEvery { get; init; } = 1_000;

    /// <summary>A checkpoint is written after this time, where events were done since the last one. Default: 1 s.</summary>
    public TimeSpan CheckpointInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// A checkpoint is written after this time where only events of no interest went by. It is long because checkpoints are such
    /// events themselves. Default: 5 min.
    /// </summary>
    public TimeSpan IdleCheckpointInterval { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The wait before a try: exponential, with jitter that differs from event to event.</summary>
    internal TimeSpan DelayBefore(int attempt, Guid eventId)
    {
        var full = FirstDelay * Math.Pow(2, Math.Min(attempt - 2, 30));
        var bounded = full < MaxDelay ? full : MaxDelay;
        var draw = (uint)HashCode.Combine(SnapshotStore.Fingerprint(eventId), attempt) / (double)uint.MaxValue;
        return bounded * (0.5 + draw / 2);
    }
}
