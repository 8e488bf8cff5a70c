using System.Diagnostics;
using System.Runtime.CompilerServices;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using Client = EventStore.Client;

namespace AIaaS.EventStore.EventStoreDb;

/// <summary>The log on EventStoreDB.</summary>
internal sealed class EventStoreDbStore : IEventStore
{
    // The server drops some requests without an answer (a repetition whose first write is not replicated yet); a caller must not wait for ever.
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(15);

    private const int Attempts = 3;

    // How many events the server looks at for one page of a filtered read.
    private const uint SearchWindow = 2_000;

    private readonly Client.EventStoreClient client;
    private readonly Client.EventStorePersistentSubscriptionsClient groups;
    private readonly Failures failures;
    private readonly EventStoreDbSubscriptions subscriptions;

    public EventStoreDbStore(Client.EventStoreClientSettings settings, ILoggerFactory logging)
    {
        Address = EventStoreDbEngine.AddressOf(settings);
        failures = new(Address);
        client = new(settings);
        groups = new(settings);
        var log = logging.CreateLogger<EventStoreDbStore>();
        subscriptions = new(this, client, failures, log);
        ConsumerGroups = new EventStoreDbConsumerGroups(this, groups, failures, log);
    }

    /// <summary>The nodes, for messages.</summary>
    public string Address { get; }

    /// <inheritdoc />
    public IConsumerGroups ConsumerGroups { get; }

    /// <inheritdoc />
    public async Task<AppendResult> AppendAsync(string stream, ExpectedVersion expected, IReadOnlyList<NewEvent> events, CancellationToken cancellationToken = default)
    {
        EventStoreLimits.Check(stream, events);
        if (expected == ExpectedVersion.StreamExists && !await HasEventsAsync(stream, cancellationToken))
        {
            // The server takes a stream that has only metadata for an existing one.
            throw new WrongExpectedVersionException(stream, expected, -1);
        }

        // The client writes the ambient trace into the metadata, which are to be stored as given.
        Activity.Current = null;
        try
        {
            var written = await WriteAsync(stream, expected, events, cancellationToken);
            var version = written.NextExpectedStreamRevision.ToInt64();
            return new(version, await PositionAsync(stream, version, written.LogPosition, cancellationToken));
        }
        catch (Client.WrongExpectedVersionException e)
        {
            return await FirstResultAsync(stream, expected, events, cancellationToken)
                ?? throw new WrongExpectedVersionException(stream, expected, await ActualAsync(stream, e.ActualVersion, cancellationToken));
        }
        catch (Client.MaximumAppendSizeExceededException e)
        {
            throw new InvalidAppendException(stream, [$"the EventStoreDB node takes at most {e.MaxAppendSize} bytes in one append; raise MaxAppendSize in its configuration"]);
        }
        catch (Exception e) when (e is not EventStoreException)
        {
            throw failures.Translate(e, stream, cancellationToken);
        }
    }

    /// <inheritdoc />
    public IAsyncEnumerable<RecordedEvent> ReadStreamAsync(string stream, ReadDirection direction = ReadDirection.Forwards, long from = 0, long maxCount = long.MaxValue, CancellationToken cancellationToken = default) =>
        EventsOfAsync(stream, direction, from, maxCount, orEmpty: false, cancellationToken);

    /// <inheritdoc />
    public IAsyncEnumerable<RecordedEvent> ReadStreamOrEmptyAsync(string stream, ReadDirection direction = ReadDirection.Forwards, long from = 0, long maxCount = long.MaxValue, CancellationToken cancellationToken = default) =>
        EventsOfAsync(stream, direction, from, maxCount, orEmpty: true, cancellationToken);

    private async IAsyncEnumerable<RecordedEvent> EventsOfAsync(string stream, ReadDirection direction, long from, long maxCount, bool orEmpty, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(maxCount);
        ArgumentOutOfRangeException.ThrowIfNegative(from);
        var backwards = direction == ReadDirection.Backwards;
        var start = backwards && from == long.MaxValue ? Client.StreamPosition.End : Client.StreamPosition.FromInt64(from);

        // A read of nothing still says whether the stream is there.
        var read = client.ReadStreamAsync(
            backwards ? Client.Direction.Backwards : Client.Direction.Forwards, stream, start, Math.Max(maxCount, 1), cancellationToken: cancellationToken);
        await foreach (var message in GuardAsync(read.Messages, stream, cancellationToken))
        {
            switch (message)
            {
                case Client.StreamMessage.NotFound when orEmpty:
                    yield break;
                case Client.StreamMessage.NotFound:
                    throw new StreamNotFoundException(stream);
                case Client.StreamMessage.Event(var resolved) when maxCount > 0:
                    yield return Recorded.Of(resolved.OriginalEvent);
                    break;
                default:
                    break;
            }
        }
    }

    /// <inheritdoc />
    public async IAsyncEnumerable<RecordedEvent> ReadAllAsync(ReadDirection direction = ReadDirection.Forwards, LogPosition from = default, EventFilter? filter = null, long maxCount = long.MaxValue, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(maxCount);
        if (maxCount == 0)
        {
            yield break;
        }

        var backwards = direction == ReadDirection.Backwards;
        var left = maxCount;
        if (backwards && Recorded.Position(from) != Client.Position.End && from != LogPosition.Start)
        {
            // Backwards the server begins before the position; the contract begins with it.
            await foreach (var record in RecordsAsync(Client.Direction.Forwards, from, null, 1, cancellationToken))
            {
                if (Recorded.Position(record.Position) == from && Passes(record, filter))
                {
                    yield return Recorded.Of(record);
                    left--;
                }
            }
        }

        if (left == 0)
        {
            yield break;
        }

        await foreach (var record in RecordsAsync(
            backwards ? Client.Direction.Backwards : Client.Direction.Forwards, from, Recorded.Filter(filter, SearchWindow), long.MaxValue, cancellationToken))
        {
            if (!Passes(record, filter))
            {
                continue;
            }

            yield return Recorded.Of(record);
            if (--left == 0)
            {
                yield break;
            }
        }
    }

    /// <inheritdoc />
    public async Task<LogPosition> GetHeadAsync(CancellationToken cancellationToken = default)
    {
        await foreach (var newest in ReadAllAsync(ReadDirection.Backwards, LogPosition.End, maxCount: 1, cancellationToken: cancellationToken))
        {
            return newest.Position;
        }

        return LogPosition.Start;
    }

    /// <inheritdoc />
    public async Task<StreamMetadata> GetStreamMetadataAsync(string stream, CancellationToken cancellationToken = default)
    {
        var current = await CallAsync(stream, client.GetStreamMetadataAsync(stream, cancellationToken: cancellationToken), cancellationToken);
        return new(current.Metadata.MaxCount, current.Metadata.MaxAge);
    }

    /// <inheritdoc />
    public async Task SetStreamMetadataAsync(string stream, StreamMetadata metadata, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            var current = await CallAsync(stream, client.GetStreamMetadataAsync(stream, cancellationToken: cancellationToken), cancellationToken);
            var kept = current.Metadata;

            // What is not ours to set is kept: truncateBefore is how the server remembers a deletion.
            var next = new Client.StreamMetadata(
                metadata.MaxCount is { } count ? (int)Math.Min(count, int.MaxValue) : null,
                metadata.MaxAge,
                kept.TruncateBefore,
                kept.CacheControl,
                kept.Acl,
                kept.CustomMetadata);
            try
            {
                await CallAsync(
                    stream,
                    current.MetastreamRevision is { } revision
                        ? client.SetStreamMetadataAsync(stream, Client.StreamRevision.FromStreamPosition(revision), next, cancellationToken: cancellationToken)
                        : client.SetStreamMetadataAsync(stream, Client.StreamState.NoStream, next, cancellationToken: cancellationToken),
                    cancellationToken);
                return;
            }
            catch (Client.WrongExpectedVersionException)
            {
                // Someone else set them in between: take theirs into account.
                continue;
            }
        }
    }

    /// <inheritdoc />
    public Task DeleteStreamAsync(string stream, ExpectedVersion expected, CancellationToken cancellationToken = default) =>
        EndAsync(
            stream,
            expected,
            expected.Value >= 0
                ? client.DeleteAsync(stream, Client.StreamRevision.FromInt64(expected.Value), cancellationToken: cancellationToken)
                : client.DeleteAsync(stream, State(expected), cancellationToken: cancellationToken),
            cancellationToken);

    /// <inheritdoc />
    public Task TombstoneStreamAsync(string stream, ExpectedVersion expected, CancellationToken cancellationToken = default) =>
        EndAsync(
            stream,
            expected,
            expected.Value >= 0
                ? client.TombstoneAsync(stream, Client.StreamRevision.FromInt64(expected.Value), cancellationToken: cancellationToken)
                : client.TombstoneAsync(stream, State(expected), cancellationToken: cancellationToken),
            cancellationToken);

    /// <inheritdoc />
    public IAsyncEnumerable<SubscriptionMessage> SubscribeToStreamAsync(string stream, long after = -1, CancellationToken cancellationToken = default) =>
        subscriptions.ToStreamAsync(stream, after, cancellationToken);

    /// <inheritdoc />
    public IAsyncEnumerable<SubscriptionMessage> SubscribeToAllAsync(LogPosition after = default, EventFilter? filter = null, CancellationToken cancellationToken = default) =>
        subscriptions.ToAllAsync(after, filter, cancellationToken);

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await client.DisposeAsync();
        await groups.DisposeAsync();
    }

    /// <summary>The events of a stream as the server resolves its links.</summary>
    internal async IAsyncEnumerable<Client.EventRecord> ReadLinkedAsync(string stream, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var read = client.ReadStreamAsync(Client.Direction.Forwards, stream, Client.StreamPosition.Start, resolveLinkTos: true, cancellationToken: cancellationToken);
        await foreach (var message in GuardAsync(read.Messages, stream, cancellationToken))
        {
            if (message is Client.StreamMessage.Event({ Event: { } linked }))
            {
                yield return linked;
            }
        }
    }

    /// <summary>Whether the stream can be read and has an event, deleted ones not counted.</summary>
    internal async Task<bool> HasEventsAsync(string stream, CancellationToken cancellationToken) =>
        await LastVersionAsync(stream, cancellationToken) >= 0;

    private static bool Passes(Client.EventRecord record, EventFilter? filter) =>
        !Recorded.IsSystem(record) && (filter is null || filter.Matches(record.EventStreamId, record.EventType));

    private static Client.StreamState State(ExpectedVersion expected) =>
        expected == ExpectedVersion.Any ? Client.StreamState.Any
        : expected == ExpectedVersion.StreamExists ? Client.StreamState.StreamExists
        : expected == ExpectedVersion.NoStream ? Client.StreamState.NoStream
        : throw new ArgumentOutOfRangeException(nameof(expected), expected.Value, "It is neither a version nor one of the named values.");

    private async Task<Client.IWriteResult> WriteAsync(string stream, ExpectedVersion expected, IReadOnlyList<NewEvent> events, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var data = events.Select(Recorded.Outgoing);
                return await (expected.Value >= 0
                        ? client.AppendToStreamAsync(stream, Client.StreamRevision.FromInt64(expected.Value), data, cancellationToken: cancellationToken)
                        : client.AppendToStreamAsync(stream, State(expected), data, cancellationToken: cancellationToken))
                    .WaitAsync(AnswerWithin, cancellationToken);
            }
            catch (RpcException e) when (e.StatusCode == StatusCode.DeadlineExceeded && attempt < Attempts && expected.Value >= ExpectedVersion.NoStream.Value)
            {
                // Of two equal appends at the same time the server lets one run into its time-out. At a specific version it is safe to ask again.
                continue;
            }
        }
    }

    private async IAsyncEnumerable<Client.EventRecord> RecordsAsync(Client.Direction direction, LogPosition from, Client.IEventFilter? filter, long maxCount, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var position = Recorded.Position(from);
        var read = filter is null
            ? client.ReadAllAsync(direction, position, maxCount, cancellationToken: cancellationToken)
            : client.ReadAllAsync(direction, position, filter, maxCount, cancellationToken: cancellationToken);
        await foreach (var message in GuardAsync(read.Messages, null, cancellationToken, from))
        {
            if (message is Client.StreamMessage.Event(var resolved))
            {
                yield return resolved.OriginalEvent;
            }
        }
    }

    private async IAsyncEnumerable<Client.StreamMessage> GuardAsync(IAsyncEnumerable<Client.StreamMessage> messages, string? stream, [EnumeratorCancellation] CancellationToken cancellationToken, LogPosition from = default)
    {
        await using var enumerator = messages.GetAsyncEnumerator(cancellationToken);
        while (await NextAsync())
        {
            yield return enumerator.Current;
        }

        async ValueTask<bool> NextAsync()
        {
            try
            {
                return await enumerator.MoveNextAsync();
            }
            catch (Exception e)
            {
                throw Failures.IsUnreadable(e) ? failures.Unreadable(from, e) : failures.Translate(e, stream, cancellationToken);
            }
        }
    }

    private async Task<TResult> CallAsync<TResult>(string stream, Task<TResult> call, CancellationToken cancellationToken)
    {
        try
        {
            return await call.WaitAsync(AnswerWithin, cancellationToken);
        }
        catch (Exception e) when (e is not Client.WrongExpectedVersionException)
        {
            throw failures.Translate(e, stream, cancellationToken);
        }
    }

    private async Task EndAsync(string stream, ExpectedVersion expected, Task<Client.DeleteResult> call, CancellationToken cancellationToken)
    {
        try
        {
            await CallAsync(stream, call, cancellationToken);
        }
        catch (Client.WrongExpectedVersionException e)
        {
            throw new WrongExpectedVersionException(stream, expected, await ActualAsync(stream, e.ActualVersion, cancellationToken));
        }
    }

    /// <summary>
    /// The result of these events' first append where that is what the stream begins with. The server itself recognises a repetition
    /// at 'no stream' only in a stream that was never deleted.
    /// </summary>
    private async Task<AppendResult?> FirstResultAsync(string stream, ExpectedVersion expected, IReadOnlyList<NewEvent> events, CancellationToken cancellationToken)
    {
        if (expected != ExpectedVersion.NoStream)
        {
            return null;
        }

        try
        {
            var index = 0;
            await foreach (var recorded in ReadStreamAsync(stream, maxCount: events.Count, cancellationToken: cancellationToken))
            {
                if (recorded.Id != events[index].Id)
                {
                    return null;
                }

                if (++index == events.Count)
                {
                    return new(recorded.Version, recorded.Position, Repeated: true);
                }
            }

            return null;
        }
        catch (StreamNotFoundException)
        {
            return null;
        }
    }

    private async Task<LogPosition> PositionAsync(string stream, long version, Client.Position position, CancellationToken cancellationToken)
    {
        if (position.CommitPosition is not (0 or > long.MaxValue))
        {
            return Recorded.Position(position);
        }

        // A repetition of events that were deleted since: the server no longer knows where they lay. The head is behind them.
        await foreach (var recorded in ReadStreamAsync(stream, from: version, maxCount: 1, cancellationToken: cancellationToken))
        {
            return recorded.Position;
        }

        return await GetHeadAsync(cancellationToken);
    }

    // A conflict on a deletion names no actual version, and one on a deleted stream names the version that it had.
    private async Task<long> ActualAsync(string stream, long? named, CancellationToken cancellationToken) =>
        named is null or -1 ? await LastVersionAsync(stream, cancellationToken) : named.Value;

    private async Task<long> LastVersionAsync(string stream, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var last in ReadStreamAsync(stream, ReadDirection.Backwards, long.MaxValue, 1, cancellationToken))
            {
                return last.Version;
            }

            return -1;
        }
        catch (StreamNotFoundException)
        {
            return -1;
        }
    }
}
