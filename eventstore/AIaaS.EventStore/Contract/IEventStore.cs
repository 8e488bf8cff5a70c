using System.Runtime.CompilerServices;

namespace AIaaS.EventStore;

/// <summary>
/// The log: streams of events, and all of them in one order. Two engines hold to this contract, the embedded one and EventStoreDB;
/// one contract test suite runs against both. All members may be called from any thread.
/// </summary>
public interface IEventStore : IAsyncDisposable
{
    /// <summary>
    /// Appends events to one stream: all or none, durable when the task completes.
    /// Repeating the same event ids at the same specific expected version (an exact one or <see cref="ExpectedVersion.NoStream"/>)
    /// writes nothing and returns the first result, also after a restart. With <see cref="ExpectedVersion.Any"/> and
    /// <see cref="ExpectedVersion.StreamExists"/> a repetition is recognised only while the events are recent.
    /// </summary>
    /// <exception cref="WrongExpectedVersionException">The stream is at another version; it carries the actual one.</exception>
    /// <exception cref="InvalidAppendException">The append is outside <see cref="EventStoreLimits"/>.</exception>
    /// <exception cref="StreamTombstonedException">The stream was tombstoned.</exception>
    /// <exception cref="EventStoreUnavailableException">The log cannot be reached.</exception>
    /// <exception cref="EventStoreReadOnlyException">The disk is full or read-only.</exception>
    Task<AppendResult> AppendAsync(string stream, ExpectedVersion expected, IReadOnlyList<NewEvent> events, CancellationToken cancellationToken = default);

    /// <summary>
    /// Reads a stream. Inclusive. Forwards from <paramref name="from"/> upwards; backwards from <paramref name="from"/> downwards.
    /// A stream shortened by its metadata begins at its first kept event.
    /// </summary>
    /// <param name="stream">The stream.</param>
    /// <param name="direction">Oldest or newest first.</param>
    /// <param name="from">A version; 0 for the start forwards, <see cref="long.MaxValue"/> for the end backwards.</param>
    /// <param name="maxCount">The most events to return.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    /// <exception cref="StreamNotFoundException">The stream has no events (thrown on enumeration).</exception>
    /// <exception cref="StreamTombstonedException">The stream was tombstoned (thrown on enumeration).</exception>
    IAsyncEnumerable<RecordedEvent> ReadStreamAsync(string stream, ReadDirection direction = ReadDirection.Forwards, long from = 0, long maxCount = long.MaxValue, CancellationToken cancellationToken = default);

    /// <summary>
    /// Reads a stream as <see cref="ReadStreamAsync"/> does, except that a stream without events gives none instead of an exception:
    /// for loads, where a new stream is the usual case.
    /// </summary>
    /// <exception cref="StreamTombstonedException">The stream was tombstoned (thrown on enumeration).</exception>
    async IAsyncEnumerable<RecordedEvent> ReadStreamOrEmptyAsync(string stream, ReadDirection direction = ReadDirection.Forwards, long from = 0, long maxCount = long.MaxValue, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await using var events = ReadStreamAsync(stream, direction, from, maxCount, cancellationToken).GetAsyncEnumerator(cancellationToken);
        while (true)
        {
            try
            {
                if (!await events.MoveNextAsync())
                {
                    yield break;
                }
            }
            catch (StreamNotFoundException)
            {
                yield break;
            }

            yield return events.Current;
        }
    }

    /// <summary>
    /// Reads the whole log in its order, without the log's own (<c>$</c>) events. Inclusive: forwards from <paramref name="from"/> upwards,
    /// backwards from it downwards.
    /// </summary>
    IAsyncEnumerable<RecordedEvent> ReadAllAsync(ReadDirection direction = ReadDirection.Forwards, LogPosition from = default, EventFilter? filter = null, long maxCount = long.MaxValue, CancellationToken cancellationToken = default);

    /// <summary>The position of the newest event in the log; <see cref="LogPosition.Start"/> for an empty log.</summary>
    Task<LogPosition> GetHeadAsync(CancellationToken cancellationToken = default);

    /// <summary>The stream's metadata; one with nothing set where there is none.</summary>
    Task<StreamMetadata> GetStreamMetadataAsync(string stream, CancellationToken cancellationToken = default);

    /// <summary>Sets the stream's metadata; takes effect on reads at once.</summary>
    Task SetStreamMetadataAsync(string stream, StreamMetadata metadata, CancellationToken cancellationToken = default);

    /// <summary>
    /// Deletes a stream (soft): it reads as not found and may be written again, with versions that go on where they were.
    /// Its events leave the whole log too, in the engine's own time.
    /// </summary>
    /// <exception cref="WrongExpectedVersionException">The stream is at another version.</exception>
    Task DeleteStreamAsync(string stream, ExpectedVersion expected, CancellationToken cancellationToken = default);

    /// <summary>Deletes a stream for good: its name cannot be used again.</summary>
    /// <exception cref="WrongExpectedVersionException">The stream is at another version.</exception>
    Task TombstoneStreamAsync(string stream, ExpectedVersion expected, CancellationToken cancellationToken = default);

    /// <summary>
    /// Subscribes to a stream: all events behind <paramref name="after"/> (exclusive; -1 for the start), then new ones as they come.
    /// No gap, no duplicate, in order; ends only by cancellation or by an exception, never quietly: an engine that loses its
    /// connection or is dropped for slowness resumes by itself behind the last event that it delivered.
    /// </summary>
    IAsyncEnumerable<SubscriptionMessage> SubscribeToStreamAsync(string stream, long after = -1, CancellationToken cancellationToken = default);

    /// <summary>
    /// Subscribes to the whole log, as <see cref="SubscribeToStreamAsync"/> does to a stream: all events behind <paramref name="after"/>
    /// (exclusive; <see cref="LogPosition.Start"/> for all), filtered, without the log's own (<c>$</c>) events.
    /// </summary>
    IAsyncEnumerable<SubscriptionMessage> SubscribeToAllAsync(LogPosition after = default, EventFilter? filter = null, CancellationToken cancellationToken = default);

    /// <summary>Competing consumers on this log.</summary>
    IConsumerGroups ConsumerGroups { get; }
}

/// <summary>What a subscription says.</summary>
public enum SubscriptionMessageKind
{
    /// <summary>An event.</summary>
    Event,

    /// <summary>Everything up to <see cref="SubscriptionMessage.Position"/> has been looked at; nothing in between passed the filter. A checkpoint may be stored there, on a thread of one's own: others wait to be told the same.</summary>
    Checkpoint,

    /// <summary>Everything that was in the log has been delivered; what follows is new. Said again after each time it fell behind.</summary>
    CaughtUp,
}

/// <summary>A message of a subscription.</summary>
/// <param name="Kind">What it says.</param>
/// <param name="Event">The event; null for the other kinds.</param>
/// <param name="Position">The position that is reached with this message (of a stream subscription's notices: that of the last event delivered).</param>
public readonly record struct SubscriptionMessage(SubscriptionMessageKind Kind, RecordedEvent? Event, LogPosition Position)
{
    /// <summary>An event.</summary>
    public static SubscriptionMessage Of(RecordedEvent @event) => new(SubscriptionMessageKind.Event, @event, @event.Position);

    /// <summary>A checkpoint notice.</summary>
    public static SubscriptionMessage Checkpoint(LogPosition position) => new(SubscriptionMessageKind.Checkpoint, null, position);

    /// <summary>A caught-up notice.</summary>
    public static SubscriptionMessage CaughtUp(LogPosition position) => new(SubscriptionMessageKind.CaughtUp, null, position);
}
