namespace AIaaS.EventStore;

/// <summary>How a subscription stands.</summary>
public enum SubscriptionState
{
    /// <summary>Not started, or ended by request.</summary>
    Stopped,

    /// <summary>Working through what lies in the log.</summary>
    CatchingUp,

    /// <summary>At the end of the log; handles what comes.</summary>
    Live,

    /// <summary>It failed and waits for its supervisor to start it again.</summary>
    Restarting,

    /// <summary>It has events to handle and has not moved for longer than the watchdog allows.</summary>
    Stalled,
}

/// <summary>What went wrong in a subscription.</summary>
/// <param name="Error">In words.</param>
/// <param name="At">When, in UTC.</param>
public sealed record SubscriptionFailure(string Error, DateTimeOffset At);

/// <summary>How a subscription stands, for people and for the health check.</summary>
/// <param name="Name">The subscription's name.</param>
/// <param name="State">Its state.</param>
/// <param name="Position">Everything up to here is done (handled or parked) and checkpointed or written.</param>
/// <param name="LagEvents">Events in the log that it has still to handle; at most, where the filter makes it an estimate.</param>
/// <param name="LagSeconds">Age of the oldest event not handled yet, in seconds; 0 when there is none.</param>
/// <param name="Restarts">How often the supervisor had to start it again since the program started.</param>
/// <param name="Parked">Events parked now.</param>
/// <param name="LastFailure">The last failure; null for none.</param>
public sealed record SubscriptionStatus(string Name, SubscriptionState State, LogPosition Position, long LagEvents, double LagSeconds, int Restarts, int Parked, SubscriptionFailure? LastFailure)
{
    /// <summary>The last failure in words; null for none.</summary>
    public string? LastError => LastFailure?.Error;

    /// <summary>When that was, in UTC; null for none.</summary>
    public DateTimeOffset? LastErrorAt => LastFailure?.At;

    /// <summary>The rebuild that goes on beside it; null for none. Read models only.</summary>
    public RebuildProgress? Rebuild { get; init; }
}

/// <summary>How far a rebuild of a read model has come.</summary>
/// <param name="Collection">The collection that is being built.</param>
/// <param name="Position">The position that it reflects.</param>
/// <param name="Head">The position of the log's newest event.</param>
public sealed record RebuildProgress(string Collection, LogPosition Position, LogPosition Head)
{
    /// <summary>The part that is done, from 0 to 1.</summary>
    public double Done => Head.Value == 0 ? 1 : Math.Min(1, Position.Value / (double)Head.Value);
}

/// <summary>Something that follows the log: an event handler or a projection. The supervisor (<c>SubscriptionHost</c>) runs it and starts it again when it fails.</summary>
public interface ISubscription
{
    /// <summary>A unique name: letters, digits, dashes.</summary>
    string Name { get; }

    /// <summary>Follows the log from its last checkpoint until cancelled; an exception means that it must be started again.</summary>
    Task RunAsync(CancellationToken cancellationToken);

    /// <summary>Position, lag and parked events now. State and restarts are completed by the supervisor.</summary>
    Task<SubscriptionStatus> GetStatusAsync(CancellationToken cancellationToken = default);

    /// <summary>
    /// Handles the parked events of one key again, in log order; all keys when <paramref name="key"/> is null.
    /// What fails again stays parked.
    /// </summary>
    /// <returns>How many were handled.</returns>
    Task<int> ReplayParkedAsync(string? key = null, CancellationToken cancellationToken = default);
}

/// <summary>An event that could not be handled after its retries, or that waits behind one of the same key.</summary>
/// <param name="Subscription">The subscription that parked it.</param>
/// <param name="Key">The key whose events stop here: a stream or a document.</param>
/// <param name="Position">Where the event lies in the log.</param>
/// <param name="EventId">The event.</param>
/// <param name="Stream">Its stream.</param>
/// <param name="Version">Its version in the stream.</param>
/// <param name="Type">Its type.</param>
/// <param name="Reason">Why it was parked.</param>
/// <param name="Attempts">How often it was tried.</param>
/// <param name="At">When it was parked.</param>
public sealed record ParkedEvent(string Subscription, string Key, LogPosition Position, Guid EventId, string Stream, long Version, string Type, string Reason, int Attempts, DateTimeOffset At);

/// <summary>Where parked events lie: durable, one entry an event, key and subscription.</summary>
public interface IParkingLot
{
    /// <summary>Parks an event; parking it again changes nothing.</summary>
    Task ParkAsync(ParkedEvent parked, CancellationToken cancellationToken = default);

    /// <summary>Takes an event out after it was handled.</summary>
    Task RemoveAsync(ParkedEvent parked, CancellationToken cancellationToken = default);

    /// <summary>What is parked now for a subscription, in log order.</summary>
    Task<IReadOnlyList<ParkedEvent>> ListAsync(string subscription, CancellationToken cancellationToken = default);
}
