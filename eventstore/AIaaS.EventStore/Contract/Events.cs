namespace AIaaS.EventStore;

/// <summary>An event on its way into the log.</summary>
/// <param name="Id">The identity of the event; a retry sends the same one.</param>
/// <param name="Type">1 to 200 printable characters, dotted lower-case words, not beginning with <c>$</c>.</param>
/// <param name="Data">Any bytes. With the metadata at most <see cref="EventStoreLimits.MaxEventBytes"/>.</param>
/// <param name="Metadata">A JSON object in UTF-8; may be empty.</param>
/// <param name="IsJson">Whether <paramref name="Data"/> is JSON.</param>
public sealed record NewEvent(Guid Id, string Type, ReadOnlyMemory<byte> Data, ReadOnlyMemory<byte> Metadata, bool IsJson = true);

/// <summary>An event as the log holds it.</summary>
/// <param name="Id">The identity that its writer gave it.</param>
/// <param name="Stream">The stream that it was written to.</param>
/// <param name="Version">Its number in the stream, from 0, without gaps.</param>
/// <param name="Position">Its place in the whole log.</param>
/// <param name="Type">The event type.</param>
/// <param name="Data">The bytes as written.</param>
/// <param name="Metadata">The metadata as written: a JSON object in UTF-8, or empty.</param>
/// <param name="IsJson">Whether the data is JSON.</param>
/// <param name="Recorded">When the log recorded it (record time; business time lies in the data).</param>
public sealed record RecordedEvent(
    Guid Id,
    string Stream,
    long Version,
    LogPosition Position,
    string Type,
    ReadOnlyMemory<byte> Data,
    ReadOnlyMemory<byte> Metadata,
    bool IsJson,
    DateTimeOffset Recorded)
{
    private Known known;

    /// <summary>The object that it holds, made once: followers of the end of the log share their records.</summary>
    /// <exception cref="UnreadableEventException">Its type is unknown or its data are not of the type's form.</exception>
    internal object ReadBy(EventTypes types)
    {
        if (known.Is is { } there && ReferenceEquals(there.Types, types) && ReferenceEquals(there.Of, this))
        {
            return there.Event;
        }

        var read = types.Read(Type, Data.Span);
        known = new() { Is = new(this, types, read) };
        return read;
    }

    /// <summary>What was read of it. Two records are equal whether they were read or not, and a copy may have other data.</summary>
    private struct Known : IEquatable<Known>
    {
        public Reading? Is { get; init; }

        public readonly bool Equals(Known other) => true;

        public override readonly bool Equals(object? obj) => obj is Known;

        public override readonly int GetHashCode() => 0;
    }

    private sealed record Reading(RecordedEvent Of, EventTypes Types, object Event);
}

/// <summary>What an append did.</summary>
/// <param name="Version">The version of the last event written.</param>
/// <param name="Position">The position of the last event written: the consistency token.</param>
/// <param name="Repeated">Whether these events were in the stream before and nothing was written now. An engine that cannot tell says false.</param>
public readonly record struct AppendResult(long Version, LogPosition Position, bool Repeated = false);

/// <summary>How long a stream keeps its events. What is beyond is no longer read and is removed in the engine's own time.</summary>
/// <param name="MaxCount">Keep only the newest so many events, at least 1; null: all.</param>
/// <param name="MaxAge">Keep only events younger than this, at least one second; null: all.</param>
public sealed record StreamMetadata(long? MaxCount = null, TimeSpan? MaxAge = null);

/// <summary>The direction of a read.</summary>
public enum ReadDirection
{
    /// <summary>Oldest first.</summary>
    Forwards,

    /// <summary>Newest first.</summary>
    Backwards,
}

/// <summary>Which events of the whole log a reader wants: those whose stream or type begins with one of the prefixes.</summary>
public sealed record EventFilter
{
    private readonly string[] prefixes;
    private readonly bool isOnStreams;

    private EventFilter(IReadOnlyList<string> prefixes, bool isOnStreams) => (this.prefixes, this.isOnStreams) = (NotEmpty(prefixes), isOnStreams);

    /// <summary>Stream-name prefixes; empty when the filter is on types.</summary>
    public IReadOnlyList<string> StreamPrefixes => isOnStreams ? prefixes : [];

    /// <summary>Event-type prefixes; empty when the filter is on streams.</summary>
    public IReadOnlyList<string> TypePrefixes => isOnStreams ? [] : prefixes;

    /// <summary>Events of streams whose name begins with one of these.</summary>
    public static EventFilter Streams(params IReadOnlyList<string> prefixes) => new(prefixes, isOnStreams: true);

    /// <summary>Events whose type begins with one of these.</summary>
    public static EventFilter Types(params IReadOnlyList<string> prefixes) => new(prefixes, isOnStreams: false);

    /// <summary>Whether an event of this stream and type passes.</summary>
    public bool Matches(string stream, string type)
    {
        // Each subscription asks this of each event of the log.
        var text = (isOnStreams ? stream : type).AsSpan();
        foreach (var prefix in prefixes)
        {
            if (text.StartsWith(prefix))
            {
                return true;
            }
        }

        return false;
    }

    private static string[] NotEmpty(IReadOnlyList<string> prefixes) =>
        prefixes.Count > 0 && prefixes.All(p => p.Length > 0) ? [.. prefixes] : throw new ArgumentException("A filter needs at least one prefix, and none may be empty.", nameof(prefixes));
}
