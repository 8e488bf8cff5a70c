using Client = EventStore.Client;

namespace AIaaS.EventStore.EventStoreDb;

/// <summary>The client's forms of events, positions and versions, and ours.</summary>
internal static class Recorded
{
    private const string Json = "application/json";
    private const string Bytes = "application/octet-stream";

    public static Client.EventData Outgoing(NewEvent @event) =>
        new(Client.Uuid.FromGuid(@event.Id), @event.Type, @event.Data, @event.Metadata, @event.IsJson ? Json : Bytes);

    public static RecordedEvent Of(Client.EventRecord record) => new(
        record.EventId.ToGuid(),
        record.EventStreamId,
        record.EventNumber.ToInt64(),
        Position(record.Position),
        record.EventType,
        record.Data,
        record.Metadata,
        record.ContentType == Json,
        new(DateTime.SpecifyKind(record.Created, DateTimeKind.Utc)));

    /// <summary>Whether an event is the server's own: of a <c>$</c> stream or a <c>$</c> type (a tombstone lies in the stream that it ends).</summary>
    public static bool IsSystem(Client.EventRecord record) => record.EventType.StartsWith('$') || record.EventStreamId.StartsWith('$');

    // Each event of ours commits itself, so that its commit and prepare positions are the same number.
    public static LogPosition Position(Client.Position position) => new(position.CommitPosition);

    public static Client.Position Position(LogPosition position) =>
        position >= new LogPosition(long.MaxValue) ? Client.Position.End : new(position.Value, position.Value);

    public static Client.FromAll After(LogPosition position) =>
        position == LogPosition.Start ? Client.FromAll.Start : Client.FromAll.After(Position(position));

    public static Client.FromStream After(long version) =>
        version < 0 ? Client.FromStream.Start : Client.FromStream.After(Client.StreamPosition.FromInt64(version));

    /// <summary>The server's form of a filter; it still lets events of the server's own through.</summary>
    /// <param name="filter">The filter; null for all but the server's own types.</param>
    /// <param name="window">How many events the server looks at for one page, and between two checkpoints.</param>
    public static Client.IEventFilter Filter(EventFilter? filter, uint window) => filter switch
    {
        null => Client.EventTypeFilter.ExcludeSystemEvents(window),
        { StreamPrefixes.Count: > 0 } => Client.StreamFilter.Prefix(window, [.. filter.StreamPrefixes]),
        _ => Client.EventTypeFilter.Prefix(window, [.. filter.TypePrefixes]),
    };
}
