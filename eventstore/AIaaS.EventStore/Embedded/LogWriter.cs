using AIaaS.EventStore.Embedded.Sqlite;
using Microsoft.Extensions.Logging;

namespace AIaaS.EventStore.Embedded;

/// <summary>
/// The one writer of the log: a thread that takes all operations that wait, does them in one transaction, and answers them after
/// its fsync (group commit). While it commits, the next operations gather; a lone writer never waits for others.
/// </summary>
internal sealed class LogWriter : IDisposable
{
    private readonly Lock gate = new();
    private readonly AutoResetEvent work = new(false);
    private readonly LogFile file;
    private readonly Tuning tuning;
    private readonly TimeProvider time;
    private readonly ILogger log;
    private readonly Connection connection;
    private readonly Thread thread;
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private readonly Statement begin;
    private readonly Statement commit;
    private readonly Statement rollback;
    private readonly Statement insertEvent;
    private readonly Statement selectStream;
    private readonly Statement insertStream;
    private readonly Statement updateStream;
    private readonly Statement selectType;
    private readonly Statement insertType;
    private readonly Statement selectIds;
    private readonly Statement updateLast;
    private readonly Statement deleteOldest;

    private readonly BoundedCache<string, StreamHead> streams;
    private readonly BoundedCache<string, long> types;
    private readonly BoundedCache<Guid, RecentId> ids;
    private readonly List<RecordedEvent> published = [];
    private readonly HashSet<string> touched = [];

    private Queue<WriterOperation> queue = new();
    private bool closing;
    private long lastPosition;
    private long lastRecorded;
    private bool publishing;
    private long failures;
    private long? reportedAt;

    internal LogWriter(LogFile file, Tuning tuning, TimeProvider time, ILogger log)
    {
        this.file = file;
        this.tuning = tuning;
        this.time = time;
        this.log = log;
        connection = file.Writer();
        connection.CountFrames();
        begin = connection.Prepare("BEGIN IMMEDIATE");
        commit = connection.Prepare("COMMIT");
        rollback = connection.Prepare("ROLLBACK");
        insertEvent = connection.Prepare("INSERT INTO events (position, stream, version, type, flags, recorded, id, metadata, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
        selectStream = connection.Prepare(StreamHead.Select);
        insertStream = connection.Prepare("INSERT INTO streams (name) VALUES (?) RETURNING id");
        updateStream = connection.Prepare("UPDATE streams SET truncate_before = ?, state = ?, max_count = ?, max_age = ? WHERE id = ?");
        selectType = connection.Prepare("SELECT id FROM types WHERE name = ?");
        insertType = connection.Prepare("INSERT INTO types (name) VALUES (?) RETURNING id");
        selectIds = connection.Prepare("SELECT id, position FROM events WHERE stream = ? AND version >= ? ORDER BY version LIMIT ?");
        updateLast = connection.Prepare("UPDATE log SET last_position = ?");
        deleteOldest = connection.Prepare("DELETE FROM events WHERE position IN (SELECT position FROM events WHERE stream = ?1 AND version < ?2 ORDER BY version LIMIT ?3)");

        streams = new(tuning.KnownStreams);
        types = new(4096);
        ids = new(tuning.KnownIds);
        ReadLast();
        Recent = new(tuning, lastPosition);
        Topics = new();
        thread = new(Loop) { IsBackground = true, Name = "event log writer" };
    }

    internal RecentEvents Recent { get; }

    internal StreamTopics Topics { get; }

    internal Connection Connection => connection;

    internal TimeProvider Time => time;

    /// <summary>Streams with events beyond their metadata, as the writer comes across them.</summary>
    internal Action<string>? RetentionExceeded { get; set; }

    /// <summary>Asked behind each commit, with the length of the write-ahead log in frames: whether the writer shall move the rest of the write-ahead log into the file now.</summary>
    internal Func<int, bool>? CheckpointDue { get; set; }

    internal void Start() => thread.Start();

    /// <summary>Hands an operation to the writer.</summary>
    internal void Enqueue(WriterOperation operation)
    {
        bool wake;
        lock (gate)
        {
            if (closing)
            {
                throw Closed();
            }

            wake = queue.Count == 0;
            queue.Enqueue(operation);
        }

        if (wake)
        {
            work.Set();
        }
    }

    internal Task<T> DoAsync<T>(Func<LogWriter, T> function)
    {
        var operation = new WriterFunction<T>(function);
        Enqueue(operation);
        return operation.Task;
    }

    /// <summary>Does what waits, then ends.</summary>
    internal Task CloseAsync()
    {
        lock (gate)
        {
            closing = true;
        }

        work.Set();
        return ended.Task;
    }

    public void Dispose()
    {
        connection.Dispose();
        work.Dispose();
    }

    internal static EventStoreUnavailableException Closed() => new("The event log was closed. Open it again.");

    internal StreamHead? FindStream(string name)
    {
        if (streams.TryGet(name, out var head))
        {
            return head;
        }

        selectStream.Bind(1, name);
        try
        {
            if (!selectStream.Step())
            {
                return null;
            }

            head = StreamHead.Read(name, selectStream);
        }
        finally
        {
            selectStream.Reset();
        }

        streams.Set(name, head);
        return head;
    }

    internal StreamHead AddStream(string name)
    {
        insertStream.Bind(1, name);
        _ = insertStream.Step();
        var head = new StreamHead { Id = insertStream.Int64(0), Name = name, Version = -1, TruncateBefore = 0, State = StreamState.Live };
        insertStream.Reset();
        streams.Set(name, head);
        return head;
    }

    internal void Save(StreamHead head)
    {
        updateStream.Bind(1, head.TruncateBefore).Bind(2, (long)head.State).Bind(3, head.MaxCount).Bind(4, head.MaxAge?.Ticks).Bind(5, head.Id);
        updateStream.Run();
        _ = touched.Add(head.Name);
        if (head.State is not StreamState.Live || head.MaxCount is not null || head.MaxAge is not null)
        {
            RetentionExceeded?.Invoke(head.Name);
        }
    }

    /// <summary>The result of the append that wrote these events at that expected version; null when another one did.</summary>
    /// <remarks>A stream that is new to its writer begins at version 0, or behind what was deleted; its metadata may have removed its first events since.</remarks>
    internal AppendResult? FindRepeated(StreamHead head, ExpectedVersion expected, IReadOnlyList<NewEvent> events) =>
        FindAt(head, expected.Value + 1, events) ?? (expected.Value < 0 && head.TruncateBefore > 0 ? FindAt(head, head.TruncateBefore, events) : null);

    private AppendResult? FindAt(StreamHead head, long from, IReadOnlyList<NewEvent> events)
    {
        if (head.State is not StreamState.Live || from + events.Count - 1 > head.Version || from + events.Count <= head.TruncateBefore)
        {
            return null;
        }

        // Its first events may have been removed by the stream's metadata; then the others tell.
        var removed = (int)Math.Max(0, head.TruncateBefore - from);
        selectIds.Bind(1, head.Id).Bind(2, from + removed).Bind(3, events.Count - removed);
        try
        {
            var found = removed;
            long position = 0;
            while (selectIds.Step())
            {
                if (new Guid(selectIds.Bytes(0), bigEndian: true) != events[found].Id)
                {
                    return null;
                }

                position = selectIds.Int64(1);
                found++;
            }

            return found == events.Count ? new(from + found - 1, new((ulong)position), Repeated: true) : null;
        }
        finally
        {
            selectIds.Reset();
        }
    }

    /// <summary>The result of a recent append of these events; null when they are new; version -1 when only some of them, or others between them, were written.</summary>
    internal AppendResult? FindRecent(StreamHead? head, IReadOnlyList<NewEvent> events)
    {
        if (head is null || head.IsEmpty)
        {
            return null;
        }

        var known = 0;
        long first = -1;
        RecentId last = default;
        for (var i = 0; i < events.Count; i++)
        {
            if (!ids.TryGet(events[i].Id, out var id) || id.Stream != head.Id || id.Version < head.TruncateBefore)
            {
                continue;
            }

            first = known == 0 ? id.Version : first;
            if (i != known || id.Version != first + i)
            {
                return new(-1, default);
            }

            last = id;
            known++;
        }

        return known == 0 ? null : known == events.Count ? new(last.Version, new((ulong)last.Position), Repeated: true) : new(-1, default);
    }

    internal unsafe AppendResult Write(StreamHead head, IReadOnlyList<NewEvent> events)
    {
        if (head.State is StreamState.Deleted)
        {
            head.State = StreamState.Live;
            Save(head);
        }

        // Record time never runs backwards, whatever the clock does; retention by age relies on it.
        lastRecorded = Math.Max(lastRecorded, time.GetUtcNow().UtcTicks);
        var recorded = lastRecorded;
        var id = stackalloc byte[16];
        string? typeName = null;
        long type = 0;
        for (var i = 0; i < events.Count; i++)
        {
            var @event = events[i];
            if (!ReferenceEquals(typeName, @event.Type))
            {
                typeName = @event.Type;
                type = TypeOf(typeName);
            }

            var position = ++lastPosition;
            var version = ++head.Version;
            _ = @event.Id.TryWriteBytes(new(id, 16), bigEndian: true, out _);
            fixed (byte* metadata = @event.Metadata.Span, data = @event.Data.Span)
            {
                insertEvent.Bind(1, position).Bind(2, head.Id).Bind(3, version).Bind(4, type).Bind(5, @event.IsJson ? 1 : 0).Bind(6, recorded);
                insertEvent.BindPinned(7, id, 16);
                insertEvent.BindPinned(8, metadata, @event.Metadata.Length);
                insertEvent.BindPinned(9, data, @event.Data.Length);
                insertEvent.Run();
            }

            ids.Set(@event.Id, new(head.Id, version, position));
            if (publishing)
            {
                published.Add(Copy(@event, head.Name, version, position, recorded));
            }
        }

        _ = touched.Add(head.Name);

        // A little slack, so that a stream which keeps one event is not cleaned at each append.
        if (head.MaxCount is { } most && head.Version - most - head.TruncateBefore >= 64)
        {
            RetentionExceeded?.Invoke(head.Name);
        }

        return new(head.Version, new((ulong)lastPosition));
    }

    /// <summary>Removes the oldest of a stream's events that its metadata or deletion no longer keeps.</summary>
    /// <returns>How many it removed; the most that it may means that there can be more.</returns>
    internal int Scavenge(string stream, int most)
    {
        if (FindStream(stream) is not { } head)
        {
            return 0;
        }

        var before = head.State is StreamState.Live ? head.FirstKept : head.Version + 1;
        if (head is { State: StreamState.Live, MaxAge: { } age })
        {
            using var expired = new Statement(connection, "SELECT max(version) FROM (SELECT version, recorded FROM events WHERE stream = ? ORDER BY version LIMIT ?) WHERE recorded <= ?");
            expired.Bind(1, head.Id).Bind(2, most).Bind(3, time.GetUtcNow().UtcTicks - age.Ticks);
            before = expired.Step() && expired.Int64OrNull(0) is { } last ? Math.Max(before, last + 1) : before;
        }

        if (before <= 0)
        {
            return 0;
        }

        deleteOldest.Bind(1, head.Id).Bind(2, before).Bind(3, most);
        deleteOldest.Run();
        var removed = connection.Changes;
        if (removed == 0)
        {
            return 0;
        }

        if (before > head.TruncateBefore)
        {
            // Kept so that versions go on after all events of the stream are gone.
            head.TruncateBefore = before;
            updateStream.Bind(1, head.TruncateBefore).Bind(2, (long)head.State).Bind(3, head.MaxCount).Bind(4, head.MaxAge?.Ticks).Bind(5, head.Id);
            updateStream.Run();
        }

        updateLast.Bind(1, lastPosition);
        updateLast.Run();
        return removed;
    }

    private static RecordedEvent Copy(NewEvent @event, string stream, long version, long position, long recorded)
    {
        var bytes = new byte[@event.Metadata.Length + @event.Data.Length];
        @event.Metadata.Span.CopyTo(bytes);
        @event.Data.Span.CopyTo(bytes.AsSpan(@event.Metadata.Length));
        return new(
            @event.Id,
            stream,
            version,
            new((ulong)position),
            @event.Type,
            bytes.AsMemory(@event.Metadata.Length),
            bytes.AsMemory(0, @event.Metadata.Length),
            @event.IsJson,
            new(recorded, TimeSpan.Zero));
    }

    private long TypeOf(string name)
    {
        if (types.TryGet(name, out var id))
        {
            return id;
        }

        selectType.Bind(1, name);
        var found = selectType.Step();
        id = found ? selectType.Int64(0) : 0;
        selectType.Reset();
        if (!found)
        {
            insertType.Bind(1, name);
            _ = insertType.Step();
            id = insertType.Int64(0);
            insertType.Reset();
        }

        types.Set(name, id);
        return id;
    }

    private void ReadLast()
    {
        lastPosition = LogFile.Head(connection);
        lastRecorded = connection.Scalar("SELECT recorded FROM events ORDER BY position DESC LIMIT 1");
    }

    private void Loop()
    {
        List<WriterOperation> batch = [];
        while (Take(batch))
        {
            Run(batch);
            batch.Clear();
            if (CheckpointDue?.Invoke(connection.Frames) is true)
            {
                Checkpoint();
            }
        }

        ended.TrySetResult();
    }

    private bool Take(List<WriterOperation> batch)
    {
        while (true)
        {
            lock (gate)
            {
                var events = 0;
                long bytes = 0;
                while (queue.TryPeek(out var next) && (batch.Count == 0 || (events + next.Events <= tuning.TransactionEvents && bytes + next.Bytes <= tuning.TransactionBytes)))
                {
                    events += next.Events;
                    bytes += next.Bytes;
                    batch.Add(queue.Dequeue());
                }

                if (batch.Count > 0)
                {
                    return true;
                }

                if (closing)
                {
                    return false;
                }
            }

            _ = work.WaitOne();
        }
    }

    private void Run(List<WriterOperation> batch)
    {
        var refused = new Exception?[batch.Count];
        publishing = Recent.Wanted;
        try
        {
            begin.Run();
            for (var i = 0; i < batch.Count; i++)
            {
                try
                {
                    batch[i].Apply(this);
                }
                catch (EventStoreException e)
                {
                    refused[i] = e;
                }
            }

            commit.Run();
        }
        catch (Exception e)
        {
            Undo();
            if (batch.Count > 1)
            {
                // One of them may be the cause, or too large for the space that is left.
                foreach (var operation in batch)
                {
                    Run([operation]);
                }

                return;
            }

            Report(e);
            batch[0].Fail(Translate(e));
            return;
        }

        if (lastPosition > Recent.Head)
        {
            Recent.Publish(lastPosition, published);
        }

        published.Clear();
        Topics.Signal(touched);
        touched.Clear();
        for (var i = 0; i < batch.Count; i++)
        {
            if (refused[i] is { } reason)
            {
                batch[i].Fail(reason);
            }
            else
            {
                batch[i].Complete();
            }
        }
    }

    /// <summary>Each writer hears of each failure; the log says it once a period, since a full disk fails every append.</summary>
    private void Report(Exception exception)
    {
        failures++;
        if (reportedAt is { } at && time.GetElapsedTime(at) < tuning.FailurePeriod)
        {
            return;
        }

        log.LogError(exception, "The event log could not write ({Failures} appends or changes failed since this was said last)", failures);
        (failures, reportedAt) = (0, time.GetTimestamp());
    }

    private void Undo()
    {
        try
        {
            if (connection.InTransaction)
            {
                rollback.Run();
            }

            streams.Clear();
            types.Clear();
            ids.Clear();
            published.Clear();
            touched.Clear();
            ReadLast();
        }
        catch (SqliteFailure e)
        {
            log.LogError(e, "The event log could not undo a failed transaction");
        }
    }

    private void Checkpoint()
    {
        try
        {
            _ = connection.Checkpoint(0);
        }
        catch (SqliteFailure e)
        {
            log.LogWarning(e, "The event log's write-ahead log could not be moved into its file; it is tried again");
        }
    }

    private Exception Translate(Exception exception) => exception switch
    {
        SqliteFailure { IsDamage: true } f => Damaged(file.Path, f),
        SqliteFailure { IsNoWrite: true } f => new EventStoreReadOnlyException($"The event log '{file.Path}' could not write, nothing of the append was written: {f.Message}. Free space on its disk or make it writable; the log goes on by itself then.", f),
        SqliteFailure f => new EventStoreUnavailableException($"The event log '{file.Path}' could not commit: {f.Message}. The append may or may not have been written; retry it with the same event ids.", f),
        _ => exception,
    };

    internal static EventStoreUnavailableException Damaged(string path, SqliteFailure failure) =>
        new($"The event log '{path}' is damaged: {failure.Message}. Stop the program and restore the file (and its '-wal', if there is one) from a backup.", failure);

    private readonly record struct RecentId(long Stream, long Version, long Position);
}
