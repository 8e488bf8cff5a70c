using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;

namespace AIaaS.EventStore.Embedded;

/// <summary>The log in one SQLite file: one writer with group commit, pooled readers, live subscribers fed from memory.</summary>
internal sealed class EmbeddedEventStore : IEventStore
{
    private readonly FolderLock folder;
    private readonly LogWriter writer;
    private readonly ReaderPool readers;
    private readonly Tuning tuning;
    private readonly TimeProvider time;
    private readonly Scavenger scavenger;
    private readonly Checkpointer checkpointer;
    private readonly EmbeddedConsumerGroups groups;
    private readonly HeadRecord record;
    private int disposed;

    private EmbeddedEventStore(FolderLock folder, string dataFolder, LogFile file, Tuning tuning, TimeProvider time, ILoggerFactory logging)
    {
        this.folder = folder;
        this.tuning = tuning;
        this.time = time;
        var log = logging.CreateLogger<EmbeddedEventStore>();
        writer = new(file, tuning, time, log);
        readers = new(file, tuning);
        scavenger = new(writer, readers, tuning, time, log);
        checkpointer = new(file, writer, tuning, log);
        groups = new(writer, readers, time, log);
        record = new(dataFolder, () => writer.Recent.Head, tuning, time, log);
        writer.Start();
        scavenger.Start();
        record.Start();
    }

    /// <inheritdoc />
    public IConsumerGroups ConsumerGroups => groups;

    internal Scavenger Scavenger => scavenger;

    internal static EmbeddedEventStore Open(string dataFolder, Tuning tuning, TimeProvider time, ILoggerFactory logging)
    {
        try
        {
            Directory.CreateDirectory(dataFolder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new EventStoreOpenException($"The data folder '{dataFolder}' cannot be made: {e.Message} Set EventStore__DataFolder to a folder that this process may write.", e);
        }

        var folder = FolderLock.Take(dataFolder);
        try
        {
            return new(folder, dataFolder, LogFile.Open(dataFolder, tuning), tuning, time, logging);
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    /// <inheritdoc />
    public Task<AppendResult> AppendAsync(string stream, ExpectedVersion expected, IReadOnlyList<NewEvent> events, CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return Task.FromCanceled<AppendResult>(cancellationToken);
        }

        AppendOperation append;
        try
        {
            EventStoreLimits.Check(stream, events);
            append = new(stream, expected, events);
            writer.Enqueue(append);
        }
        catch (EventStoreException e)
        {
            return Task.FromException<AppendResult>(e);
        }

        return append.Task;
    }

    /// <inheritdoc />
    public IAsyncEnumerable<RecordedEvent> ReadStreamAsync(string stream, ReadDirection direction = ReadDirection.Forwards, long from = 0, long maxCount = long.MaxValue, CancellationToken cancellationToken = default) =>
        ReadStreamAsync(stream, direction, from, maxCount, orEmpty: false, cancellationToken);

    /// <inheritdoc />
    public IAsyncEnumerable<RecordedEvent> ReadStreamOrEmptyAsync(string stream, ReadDirection direction = ReadDirection.Forwards, long from = 0, long maxCount = long.MaxValue, CancellationToken cancellationToken = default) =>
        ReadStreamAsync(stream, direction, from, maxCount, orEmpty: true, cancellationToken);

    private async IAsyncEnumerable<RecordedEvent> ReadStreamAsync(string stream, ReadDirection direction, long from, long maxCount, bool orEmpty, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        List<RecordedEvent> page = [];
        var left = maxCount;
        long? next = Math.Max(from, direction is ReadDirection.Forwards ? 0 : from);
        while (next is { } at && left > 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
            page.Clear();
            var read = (long)left;
            var looked = await readers.ReadHereAsync(
                r =>
                {
                    var head = r.FindStream(stream);
                    return head is { State: StreamState.Tombstoned } ? throw new StreamTombstonedException(stream)
                        : head is not { IsEmpty: false } ? orEmpty ? null : throw new StreamNotFoundException(stream)
                        : r.ReadStream(head, direction, at, read, NotBefore(head), page);
                },
                cancellationToken);
            next = looked is { } last ? last + (direction is ReadDirection.Forwards ? 1 : -1) : null;
            left -= page.Count;
            foreach (var @event in page)
            {
                yield return @event;
            }
        }
    }

    /// <inheritdoc />
    public async IAsyncEnumerable<RecordedEvent> ReadAllAsync(ReadDirection direction = ReadDirection.Forwards, LogPosition from = default, EventFilter? filter = null, long maxCount = long.MaxValue, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        List<RecordedEvent> page = [];
        var head = writer.Recent.Head;
        var at = direction is ReadDirection.Forwards ? Clamp(from) : Math.Min(Clamp(from), head);
        var left = maxCount;
        while (left > 0 && (direction is ReadDirection.Forwards ? at <= head : at > 0))
        {
            cancellationToken.ThrowIfCancellationRequested();
            page.Clear();
            var (start, most) = (at, left);
            at = direction is ReadDirection.Forwards
                ? await readers.ReadAsync(r => r.ReadAllForwards(start, head, filter, most, page), cancellationToken) + 1
                : await readers.ReadAsync(r => r.ReadAllBackwards(start, filter, most, page), cancellationToken) - 1;
            left -= page.Count;
            foreach (var @event in page)
            {
                yield return @event;
            }
        }
    }

    /// <inheritdoc />
    public Task<LogPosition> GetHeadAsync(CancellationToken cancellationToken = default) => Task.FromResult(new LogPosition((ulong)writer.Recent.Head));

    /// <inheritdoc />
    public async Task<StreamMetadata> GetStreamMetadataAsync(string stream, CancellationToken cancellationToken = default)
    {
        var head = await readers.ReadHereAsync(r => r.FindStream(stream), cancellationToken);
        return head is { State: StreamState.Tombstoned } ? throw new StreamTombstonedException(stream) : new(head?.MaxCount, head?.MaxAge);
    }

    /// <inheritdoc />
    public Task SetStreamMetadataAsync(string stream, StreamMetadata metadata, CancellationToken cancellationToken = default)
    {
        if (metadata.MaxCount is < 1)
        {
            throw new ArgumentOutOfRangeException(nameof(metadata), metadata.MaxCount, "MaxCount is at least 1; to remove all events, delete the stream.");
        }

        if (metadata.MaxAge is { } age && age < TimeSpan.FromSeconds(1))
        {
            throw new ArgumentOutOfRangeException(nameof(metadata), metadata.MaxAge, "MaxAge is at least one second; to remove all events, delete the stream.");
        }

        CheckName(stream);
        return ChangeAsync(stream, ExpectedVersion.Any, create: true, head => (head.MaxCount, head.MaxAge) = (metadata.MaxCount, metadata.MaxAge));
    }

    /// <inheritdoc />
    public Task DeleteStreamAsync(string stream, ExpectedVersion expected, CancellationToken cancellationToken = default) =>
        ChangeAsync(stream, expected, create: false, head =>
        {
            head.TruncateBefore = head.Version + 1;
            head.State = StreamState.Deleted;
        });

    /// <inheritdoc />
    public Task TombstoneStreamAsync(string stream, ExpectedVersion expected, CancellationToken cancellationToken = default)
    {
        CheckName(stream);
        return ChangeAsync(stream, expected, create: true, head =>
        {
            head.TruncateBefore = head.Version + 1;
            head.State = StreamState.Tombstoned;
        });
    }

    /// <inheritdoc />
    public async IAsyncEnumerable<SubscriptionMessage> SubscribeToStreamAsync(string stream, long after = -1, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        List<RecordedEvent> page = [];
        var reached = LogPosition.Start;
        var behind = true;
        writer.Topics.Join(stream);
        try
        {
            while (true)
            {
                var changed = writer.Topics.NextChange(stream);
                page.Clear();
                var at = after;
                long? looked = null;
                var head = await readers.ReadHereAsync(
                    r =>
                    {
                        var found = r.FindStream(stream);
                        if (found is { State: StreamState.Tombstoned })
                        {
                            throw new StreamTombstonedException(stream);
                        }

                        if (found is { IsEmpty: false } && found.Version > at)
                        {
                            looked = r.ReadStream(found, ReadDirection.Forwards, at + 1, tuning.PageEvents, NotBefore(found), page);
                        }

                        return found;
                    },
                    cancellationToken);
                foreach (var @event in page)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    after = @event.Version;
                    reached = @event.Position;
                    yield return SubscriptionMessage.Of(@event);
                }

                // What has expired is looked at and not given.
                after = Math.Max(after, looked ?? after);
                if ((page.Count > 0 || looked is not null) && after < head!.Version)
                {
                    // One page behind is a burst; more is behind.
                    behind |= page.Count >= tuning.PageEvents;
                    continue;
                }

                if (behind)
                {
                    behind = false;
                    yield return SubscriptionMessage.CaughtUp(reached);
                }

                await changed.WaitAsync(cancellationToken);
            }
        }
        finally
        {
            writer.Topics.Leave(stream);
        }
    }

    /// <inheritdoc />
    public async IAsyncEnumerable<SubscriptionMessage> SubscribeToAllAsync(LogPosition after = default, EventFilter? filter = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var recent = writer.Recent;
        List<RecordedEvent> page = [];
        var looked = Math.Min(Clamp(after), recent.Head);
        var said = looked;
        var behind = true;
        using var subscriber = recent.Join(filter, cancellationToken);
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var head = recent.Head;
            if (looked >= head)
            {
                if (said < looked)
                {
                    said = looked;
                    yield return SubscriptionMessage.Checkpoint(new((ulong)looked));
                }

                if (behind)
                {
                    behind = false;
                    yield return SubscriptionMessage.CaughtUp(new((ulong)looked));
                }

                await subscriber.Beyond(looked);
                continue;
            }

            page.Clear();
            var last = recent.Read(looked, tuning.PageEvents, filter, page);
            if (subscriber.IsWithinOthers && (page.Count > 0 || last < 0))
            {
                subscriber.IsWithinOthers = false;
                await Task.Yield();
            }

            if (last >= 0)
            {
                looked = last;
            }
            else
            {
                behind = true;
                var from = looked + 1;
                looked = await readers.ReadAsync(r => r.ReadAllForwards(from, head, filter, long.MaxValue, page), cancellationToken);
            }

            foreach (var @event in page)
            {
                cancellationToken.ThrowIfCancellationRequested();
                said = (long)@event.Position.Value;
                yield return SubscriptionMessage.Of(@event);
            }

            if (filter is not null && looked - said >= tuning.PageEvents)
            {
                said = looked;
                yield return SubscriptionMessage.Checkpoint(new((ulong)looked));
            }
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, 1) != 0)
        {
            return;
        }

        groups.Close(LogWriter.Closed());
        await scavenger.StopAsync();
        await writer.CloseAsync();
        writer.Recent.Close(LogWriter.Closed());
        writer.Topics.Close(LogWriter.Closed());
        await checkpointer.StopAsync();
        await readers.CloseAsync();
        writer.Dispose();
        await record.StopAsync();
        folder.Dispose();
    }

    private static long Clamp(LogPosition position) => (long)Math.Min(position.Value, long.MaxValue - 1);

    private static void CheckName(string stream)
    {
        if (EventStoreLimits.NameFault(stream) is { } fault)
        {
            throw new InvalidAppendException(stream, [$"stream name: {fault}"]);
        }
    }

    private long NotBefore(StreamHead head) => head.MaxAge is { } age ? time.GetUtcNow().UtcTicks - age.Ticks : long.MinValue;

    private Task ChangeAsync(string stream, ExpectedVersion expected, bool create, Action<StreamHead> change) => writer.DoAsync(w =>
    {
        var head = w.FindStream(stream);
        if (head is { State: StreamState.Tombstoned })
        {
            throw new StreamTombstonedException(stream);
        }

        if (head is null ? expected.Value is not (-1 or -2) : !head.Accepts(expected))
        {
            throw head?.Conflict(expected) ?? StreamHead.Conflict(stream, expected, -1);
        }

        head ??= create ? w.AddStream(stream) : null;
        if (head is not null)
        {
            change(head);
            w.Save(head);
        }

        return true;
    });
}
