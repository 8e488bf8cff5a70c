namespace AIaaS.EventStore;

/// <summary>A recorded event together with the object that it holds.</summary>
/// <param name="Recorded">As the log holds it.</param>
/// <param name="Event">The event object, brought to its newest form.</param>
public sealed record EventEnvelope(RecordedEvent Recorded, object Event)
{
    private EventMetadata? metadata;

    /// <summary>The metadata, read when first asked for.</summary>
    /// <exception cref="UnreadableEventException">They cannot be read.</exception>
    public EventMetadata Metadata => metadata ??= EventMetadata.Read(Recorded.Metadata.Span);

    /// <summary>The stream's tenant; empty for the platform's own streams.</summary>
    public string Tenant => new StreamName(Recorded.Stream).Tenant;

    /// <summary>Reads a recorded event.</summary>
    /// <exception cref="UnreadableEventException">Its type is unknown or its data are not of the type's form.</exception>
    public static EventEnvelope Read(EventTypes types, RecordedEvent recorded) => new(recorded, types.Read(recorded));
}
