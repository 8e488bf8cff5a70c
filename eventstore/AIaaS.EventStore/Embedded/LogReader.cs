using AIaaS.EventStore.Embedded.Sqlite;

namespace AIaaS.EventStore.Embedded;

/// <summary>One read connection with its statements. Reads in pages, each a short read transaction.</summary>
internal sealed class LogReader : IDisposable
{
    private const string Columns = "position, stream, version, type, flags, recorded, id, metadata, data";

    private readonly Tuning tuning;
    private readonly Names streams;
    private readonly Names types;
    private readonly Connection connection;
    private readonly Statement allForwards;
    private readonly Statement allBackwards;
    private readonly Statement streamForwards;
    private readonly Statement streamBackwards;
    private readonly Statement selectStream;
    private readonly Statement streamName;
    private readonly Statement typeName;

    internal LogReader(LogFile file, Tuning tuning, Names streams, Names types)
    {
        this.tuning = tuning;
        this.streams = streams;
        this.types = types;
        connection = file.Reader();
        try
        {
            allForwards = connection.Prepare($"SELECT {Columns} FROM events WHERE position >= ? AND position <= ? ORDER BY position");
            allBackwards = connection.Prepare($"SELECT {Columns} FROM events WHERE position <= ? ORDER BY position DESC");
            streamForwards = connection.Prepare($"SELECT {Columns} FROM events WHERE stream = ? AND version >= ? ORDER BY version");
            streamBackwards = connection.Prepare($"SELECT {Columns} FROM events WHERE stream = ? AND version >= ? AND version <= ? ORDER BY version DESC");
            selectStream = connection.Prepare(StreamHead.Select);
            streamName = connection.Prepare("SELECT name FROM streams WHERE id = ?");
            typeName = connection.Prepare("SELECT name FROM types WHERE id = ?");
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    internal Connection Connection => connection;

    internal StreamHead? FindStream(string name)
    {
        selectStream.Bind(1, name);
        try
        {
            return !selectStream.Step() ? null : StreamHead.Read(name, selectStream);
        }
        finally
        {
            selectStream.Reset();
        }
    }

    /// <summary>Reads a page of the whole log, oldest first.</summary>
    /// <returns>The position up to which everything has been looked at.</returns>
    internal long ReadAllForwards(long from, long to, EventFilter? filter, long most, List<RecordedEvent> into)
    {
        allForwards.Bind(1, from).Bind(2, to);
        try
        {
            return ReadAll(allForwards, filter, most, into) ?? to;
        }
        finally
        {
            allForwards.Reset();
        }
    }

    /// <summary>Reads a page of the whole log, newest first.</summary>
    /// <returns>The position down to which everything has been looked at.</returns>
    internal long ReadAllBackwards(long from, EventFilter? filter, long most, List<RecordedEvent> into)
    {
        allBackwards.Bind(1, from);
        try
        {
            return ReadAll(allBackwards, filter, most, into) ?? 0;
        }
        finally
        {
            allBackwards.Reset();
        }
    }

    /// <summary>Reads a page of a stream.</summary>
    /// <returns>The version that was looked at last, or null when there is nothing more.</returns>
    internal long? ReadStream(StreamHead head, ReadDirection direction, long from, long most, long notBefore, List<RecordedEvent> into)
    {
        var statement = direction is ReadDirection.Forwards
            ? streamForwards.Bind(1, head.Id).Bind(2, Math.Max(from, head.FirstKept))
            : streamBackwards.Bind(1, head.Id).Bind(2, head.FirstKept).Bind(3, from);
        try
        {
            var budget = tuning.PageBytes;
            long version = 0;
            for (var rows = 0; rows < tuning.PageEvents && budget > 0 && into.Count < most; rows++)
            {
                if (!statement.Step())
                {
                    return null;
                }

                version = statement.Int64(2);
                if (statement.Int64(5) > notBefore)
                {
                    var @event = Event(statement, head.Name, TypeOf(statement.Int64(3)));
                    budget -= @event.Data.Length + @event.Metadata.Length;
                    into.Add(@event);
                }
            }

            return version;
        }
        finally
        {
            statement.Reset();
        }
    }

    public void Dispose() => connection.Dispose();

    private static RecordedEvent Event(Statement row, string stream, string type)
    {
        var metadata = row.Bytes(7);
        var data = row.Bytes(8);
        var bytes = new byte[metadata.Length + data.Length];
        metadata.CopyTo(bytes);
        data.CopyTo(bytes.AsSpan(metadata.Length));
        return new(
            new(row.Bytes(6), bigEndian: true),
            stream,
            row.Int64(2),
            new((ulong)row.Int64(0)),
            type,
            bytes.AsMemory(metadata.Length),
            bytes.AsMemory(0, metadata.Length),
            (row.Int64(4) & 1) != 0,
            new(row.Int64(5), TimeSpan.Zero));
    }

    private long? ReadAll(Statement statement, EventFilter? filter, long most, List<RecordedEvent> into)
    {
        var budget = tuning.PageBytes;
        long position = 0;

        // A filter that lets little through may look at more rows for one page, but not at so many that the page takes long.
        for (var rows = 0; rows < tuning.PageEvents * 8 && into.Count < tuning.PageEvents && into.Count < most && budget > 0; rows++)
        {
            if (!statement.Step())
            {
                return null;
            }

            position = statement.Int64(0);
            var stream = StreamOf(statement.Int64(1));
            var type = TypeOf(statement.Int64(3));
            if (filter is null || filter.Matches(stream, type))
            {
                var @event = Event(statement, stream, type);
                budget -= @event.Data.Length + @event.Metadata.Length;
                into.Add(@event);
            }
        }

        return position;
    }

    private string StreamOf(long id) => streams.TryGet(id, out var name) ? name : Load(streamName, id, streams);

    private string TypeOf(long id) => types.TryGet(id, out var name) ? name : Load(typeName, id, types);

    private static string Load(Statement statement, long id, Names names)
    {
        statement.Bind(1, id);
        var name = statement.Step() ? statement.Text(0) : throw new SqliteFailure(Native.Corrupt, $"an event names number {id}, which has no name");
        statement.Reset();
        names.Set(id, name);
        return name;
    }
}
