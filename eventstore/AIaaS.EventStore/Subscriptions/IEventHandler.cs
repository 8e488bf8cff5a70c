namespace AIaaS.EventStore;

/// <summary>
/// Something that is done for events as they come. It sees each event at least once, those of one key in the order of the log,
/// different keys at the same time.
/// </summary>
public interface IEventHandler
{
    /// <summary>A unique name: letters, digits, dashes. Its checkpoint and its parked events go by it.</summary>
    string Name { get; }

    /// <summary>Which events it wants. The platform's own streams (<see cref="PlatformStreams"/>) never pass.</summary>
    EventFilter Filter { get; }

    /// <summary>What the order is kept for: in most cases the stream.</summary>
    string KeyOf(EventEnvelope envelope);

    /// <summary>
    /// Handles an event; one that is handled already must change nothing. An exception means: try again later, and park the event
    /// after the last try. Events without interest are ignored by returning.
    /// </summary>
    Task HandleAsync(EventEnvelope envelope, CancellationToken cancellationToken);
}
