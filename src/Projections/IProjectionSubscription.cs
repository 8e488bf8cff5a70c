using AIaaS.EventStore;

namespace AIaaS.Projections;

/// <summary>How far a read model has come, for those who must see what they wrote.</summary>
public interface IProjectionProgress
{
    /// <summary>The position that the read model's active collection reflects.</summary>
    LogPosition Reached { get; }

    /// <summary>Waits until the read model reflects the log up to a position.</summary>
    /// <param name="min">The consistency token of a command.</param>
    /// <param name="timeout">How long to wait at most.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Whether it has come so far; false on time-out.</returns>
    Task<bool> WaitForAsync(LogPosition min, TimeSpan timeout, CancellationToken cancellationToken = default);
}

/// <summary>A read model that follows the log.</summary>
public interface IProjectionSubscription : ISubscription, IProjectionProgress
{
    /// <summary>The read model's name.</summary>
    string Model { get; }

    /// <summary>
    /// Builds the read model anew from the whole log, beside the one that queries use, and switches when it has caught up.
    /// A rebuild that is under way is left to go on.
    /// </summary>
    /// <returns>The collection that is being built.</returns>
    Task<string> RebuildAsync(CancellationToken cancellationToken = default);
}

/// <summary>The settings of a projection.</summary>
public sealed record ProjectionOptions
{
    /// <summary>The most events of one write. Default: 4,096.</summary>
    public int BatchEvents { get; init; } = 4_096;

    /// <summary>The most event bytes of one write. Default: 16 MiB.</summary>
    public int BatchBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>How often a failing event is tried before it is parked. Default: 3.</summary>
    public int Attempts { get; init; } = 3;

    /// <summary>The pause before the second attempt; doubled for each further one. Default: 10 ms.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMilliseconds(10);

    /// <summary>Bytes of recently written documents that are kept in memory. Default: 4 MiB.</summary>
    public int HotBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>How long a collection is kept after queries were directed to its successor. Default: 30 s.</summary>
    public TimeSpan KeepRetired { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>At most so often the position alone is written, when events went by that do not concern the model. Default: 1 s.</summary>
    public TimeSpan PositionInterval { get; init; } = TimeSpan.FromSeconds(1);
}
