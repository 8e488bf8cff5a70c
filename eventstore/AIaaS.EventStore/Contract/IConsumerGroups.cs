namespace AIaaS.EventStore;

/// <summary>
/// Competing consumers (EventStoreDB: persistent subscriptions): the members of a group share the events of one stream, at least once each.
/// An event is acknowledged, retried, or parked; parked ones wait to be replayed.
/// </summary>
public interface IConsumerGroups
{
    /// <summary>Creates a group on a stream. The group and its state are durable.</summary>
    /// <exception cref="ConsumerGroupException">It exists already.</exception>
    Task CreateAsync(string stream, string group, ConsumerGroupSettings settings, CancellationToken cancellationToken = default);

    /// <summary>Deletes a group with its state and its parked events.</summary>
    /// <exception cref="ConsumerGroupException">There is no such group.</exception>
    Task DeleteAsync(string stream, string group, CancellationToken cancellationToken = default);

    /// <summary>
    /// Joins a group. Deliveries come while the enumeration goes on; what is not answered when it ends, or within the group's
    /// message timeout, goes to another member.
    /// </summary>
    /// <param name="stream">The stream.</param>
    /// <param name="group">The group.</param>
    /// <param name="bufferSize">The most deliveries that this member holds unanswered, 1 to 1,000.</param>
    /// <param name="cancellationToken">Leaves the group.</param>
    /// <exception cref="ConsumerGroupException">There is no such group (thrown on enumeration).</exception>
    IAsyncEnumerable<ConsumerDelivery> ConsumeAsync(string stream, string group, int bufferSize = 10, CancellationToken cancellationToken = default);

    /// <summary>How the group stands.</summary>
    /// <exception cref="ConsumerGroupException">There is no such group.</exception>
    Task<ConsumerGroupInfo> GetAsync(string stream, string group, CancellationToken cancellationToken = default);

    /// <summary>The parked events of a group, oldest first.</summary>
    IAsyncEnumerable<RecordedEvent> ReadParkedAsync(string stream, string group, CancellationToken cancellationToken = default);

    /// <summary>Delivers all parked events of the group once more.</summary>
    Task ReplayParkedAsync(string stream, string group, CancellationToken cancellationToken = default);
}

/// <summary>How a group delivers.</summary>
public sealed record ConsumerGroupSettings
{
    /// <summary>Events behind this version (exclusive; -1 for the start) are delivered. Default: -1.</summary>
    public long StartAfter { get; init; } = -1;

    /// <summary>How often an event is delivered again, after time-out or request, before it is parked; 0 to 100. Default: 10.</summary>
    public int MaxRetries { get; init; } = 10;

    /// <summary>How long a member may take before the event goes to another; 100 ms or more. Default: 30 s.</summary>
    public TimeSpan MessageTimeout { get; init; } = TimeSpan.FromSeconds(30);
}

/// <summary>How a group stands.</summary>
/// <param name="Members">Members joined now.</param>
/// <param name="InFlight">Deliveries not answered yet.</param>
/// <param name="Parked">Events parked.</param>
/// <param name="LastAcknowledged">All events up to this version are done (acknowledged or parked); -1 for none. EventStoreDB writes it with delay.</param>
public sealed record ConsumerGroupInfo(int Members, long InFlight, long Parked, long LastAcknowledged);

/// <summary>One delivery to a member. Exactly one of its answers is given; a second answer does nothing.</summary>
public abstract class ConsumerDelivery
{
    /// <summary>The event.</summary>
    public abstract RecordedEvent Event { get; }

    /// <summary>How often the event was delivered before: 0 the first time.</summary>
    public abstract int Retries { get; }

    /// <summary>It is done.</summary>
    public abstract Task AcknowledgeAsync(CancellationToken cancellationToken = default);

    /// <summary>Deliver it again, to any member; parked after <see cref="ConsumerGroupSettings.MaxRetries"/>.</summary>
    public abstract Task RetryAsync(string reason, CancellationToken cancellationToken = default);

    /// <summary>Set it aside.</summary>
    public abstract Task ParkAsync(string reason, CancellationToken cancellationToken = default);
}
