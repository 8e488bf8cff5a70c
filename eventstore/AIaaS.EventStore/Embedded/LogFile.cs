using System.Buffers.Binary;
using AIaaS.EventStore.Embedded.Sqlite;

namespace AIaaS.EventStore.Embedded;

/// <summary>The SQLite file that holds the log: making it, checking it, connecting to it.</summary>
internal sealed class LogFile
{
    internal const string Name = "eventlog.db";

    /// <summary>"AIeL": marks a SQLite file as this product's log.</summary>
    private const int ApplicationId = 0x4149654C;
    private const int SchemaVersion = 1;
    private const int HeaderBytes = 100;
    private const long CheckAllBytes = 64 * 1024 * 1024;

    private static readonly string[] Schema =
    [
        $"PRAGMA application_id = {ApplicationId}",
        $"PRAGMA user_version = {SchemaVersion}",

        // Everything below truncate_before is gone, whether its rows are still there or not. state: 0 live, 1 deleted, 2 tombstoned.
        "CREATE TABLE streams (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, truncate_before INTEGER NOT NULL DEFAULT 0, state INTEGER NOT NULL DEFAULT 0, max_count INTEGER, max_age INTEGER)",
        "CREATE INDEX streams_with_retention ON streams (id) WHERE max_count IS NOT NULL OR max_age IS NOT NULL OR truncate_before > 0",
        "CREATE TABLE types (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)",
        "CREATE TABLE events (position INTEGER PRIMARY KEY, stream INTEGER NOT NULL, version INTEGER NOT NULL, type INTEGER NOT NULL, flags INTEGER NOT NULL, recorded INTEGER NOT NULL, id BLOB NOT NULL, metadata BLOB NOT NULL, data BLOB NOT NULL)",
        "CREATE UNIQUE INDEX events_of_stream ON events (stream, version)",

        // Positions are never used twice, even when the newest events have been removed.
        "CREATE TABLE log (id INTEGER PRIMARY KEY CHECK (id = 1), last_position INTEGER NOT NULL)",
        "INSERT INTO log VALUES (1, 0)",
        "CREATE TABLE consumer_groups (id INTEGER PRIMARY KEY, stream TEXT NOT NULL, name TEXT NOT NULL, max_retries INTEGER NOT NULL, timeout_ms INTEGER NOT NULL, done INTEGER NOT NULL, UNIQUE (stream, name))",

        // Events of a group that stand out of its line. state: 0 to be delivered again, 1 done ahead of the line, 2 parked.
        "CREATE TABLE consumer_events (consumer_group INTEGER NOT NULL, version INTEGER NOT NULL, state INTEGER NOT NULL, retries INTEGER NOT NULL, reason TEXT NOT NULL, PRIMARY KEY (consumer_group, version)) WITHOUT ROWID",
    ];

    private readonly Tuning tuning;

    private LogFile(string path, Tuning tuning)
    {
        Path = path;
        this.tuning = tuning;
    }

    internal string Path { get; }

    /// <summary>The file of a folder, made where there is none and checked where there is one. The folder is locked already.</summary>
    internal static LogFile Open(string folder, Tuning tuning)
    {
        var path = System.IO.Path.Combine(folder, Name);
        try
        {
            if (File.Exists(path))
            {
                Check(path, HeadRecord.Read(folder));
            }
            else
            {
                Create(path, tuning, HeadRecord.Read(folder));
            }
        }
        catch (SqliteFailure f)
        {
            throw f.IsNoWrite
                ? new EventStoreOpenException($"The event log '{path}' cannot be opened for writing: {f.Message}. Free space on its disk or make it writable, then start again.", f)
                : Damaged(path, f.Message, f);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new EventStoreOpenException($"The event log '{path}' cannot be opened: {e.Message} Make the folder readable and writable for this process, then start again.", e);
        }

        return new(path, tuning);
    }

    internal Connection Writer()
    {
        var connection = new Connection(Path, Native.OpenReadWrite);
        connection.Execute($"PRAGMA cache_size = -{tuning.WriterCacheKiB}");
        connection.Execute("PRAGMA synchronous = FULL");
        connection.Execute("PRAGMA wal_autocheckpoint = 0");
        connection.Execute("PRAGMA temp_store = MEMORY");
        if (tuning.MaxPages > 0)
        {
            connection.Execute($"PRAGMA max_page_count = {tuning.MaxPages}");
        }

        return connection;
    }

    internal Connection Reader()
    {
        var connection = new Connection(Path, Native.OpenReadOnly);
        connection.Execute($"PRAGMA cache_size = -{tuning.ReaderCacheKiB}");
        return connection;
    }

    internal static long Head(Connection connection) =>
        Math.Max(connection.Scalar("SELECT max(position) FROM events"), connection.Scalar("SELECT last_position FROM log"));

    private static EventStoreOpenException Shortened(string path, string how, long recorded) => new(
        $"The event log '{path}' {how}, but '{HeadRecord.Name}' beside it records that it had come to position {recorded}: the newest events are lost, or this is another log. Restore '{Name}' and '{Name}-wal' (if there is one) together from a backup; or, if that loss is accepted or the log was replaced on purpose, delete '{HeadRecord.Name}' and start again.");

    private static EventStoreOpenException Damaged(string path, string how, Exception? inner = null) => new(
        $"The event log '{path}' is damaged: {how}. It was left as it is. Restore '{Name}' (and '{Name}-wal', if there is one) from a backup; or move them away, with '{HeadRecord.Name}', to start with an empty log.",
        inner);

    /// <summary>Made beside its place and then renamed, so that a crash on the way leaves no half file, and an empty file is always damage.</summary>
    private static void Create(string path, Tuning tuning, long recorded)
    {
        if (recorded > 0)
        {
            throw Shortened(path, "is missing", recorded);
        }

        if (File.Exists(path + "-wal"))
        {
            throw Damaged(path, $"it is missing, but its write-ahead log '{Name}-wal' is there");
        }

        var making = path + ".new";
        File.Delete(making);
        File.Delete(making + "-journal");
        using (var connection = new Connection(making, Native.OpenReadWrite | Native.OpenCreate))
        {
            connection.Execute($"PRAGMA page_size = {tuning.PageSize}");
            connection.Execute("PRAGMA synchronous = FULL");
            connection.Execute("BEGIN IMMEDIATE");
            foreach (var sql in Schema)
            {
                connection.Execute(sql);
            }

            connection.Execute("COMMIT");
        }

        File.Move(making, path);
        using var opened = new Connection(path, Native.OpenReadWrite);
        if (opened.Text("PRAGMA journal_mode = WAL") is not "wal" and var mode)
        {
            throw new EventStoreOpenException($"The event log '{path}' lies on a file system that cannot keep a write-ahead log (SQLite stays in mode '{mode}'). Set EventStore__DataFolder to a folder on a local disk.");
        }

    }

    private static void Check(string path, long recorded)
    {
        Span<byte> header = stackalloc byte[HeaderBytes];
        long bytes;
        using (var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite))
        {
            bytes = file.Length;
            if (file.ReadAtLeast(header, HeaderBytes, throwOnEndOfStream: false) < HeaderBytes)
            {
                throw Damaged(path, $"it has {bytes} bytes, not even a whole header");
            }
        }

        if (!header[..16].SequenceEqual("SQLite format 3\0"u8))
        {
            throw Damaged(path, "it does not begin as a SQLite file does");
        }

        int pageSize = BinaryPrimitives.ReadUInt16BigEndian(header[16..]);
        pageSize = pageSize == 1 ? 65536 : pageSize;
        if (pageSize < 512 || (pageSize & (pageSize - 1)) != 0)
        {
            throw Damaged(path, $"its header names a page size of {pageSize}");
        }

        var ended = WriteAheadLog.Read(path, pageSize);
        if (ended.LostFrames(path) is > 0 and var lost)
        {
            throw new EventStoreOpenException($"The event log '{path}' has lost its newest events: its write-ahead log '{Name}-wal' lacks {lost} pages that were committed ('{Name}-shm' shows it). Nothing was changed. Restore '{Name}' and '{Name}-wal' together from a backup; or, to go on with what is left, delete '{Name}-shm' and '{HeadRecord.Name}', and start again.");
        }

        var pages = ended.Frames > 0 ? ended.DatabasePages : BinaryPrimitives.ReadUInt32BigEndian(header[28..]);
        for (var page = (bytes / pageSize) + 1; page <= pages; page++)
        {
            if (!ended.Pages.Contains((uint)page))
            {
                throw Damaged(path, $"it is cut short: it has {bytes} bytes, its content needs {pages} pages of {pageSize} bytes");
            }
        }

        using var connection = new Connection(path, Native.OpenReadWrite);
        if (connection.Scalar("PRAGMA application_id") is var application && application != ApplicationId)
        {
            throw Damaged(path, $"it is a SQLite file, but not an event log (application id {application})");
        }

        if (connection.Scalar("PRAGMA user_version") is var version && version != SchemaVersion)
        {
            throw new EventStoreOpenException($"The event log '{path}' has format {version}; this program reads format {SchemaVersion}. Start the program version that wrote it.");
        }

        // After a clean end the file was written whole. After a crash a look at every page is worth its time where that is short.
        if (ended.Frames > 0 && bytes <= CheckAllBytes && connection.Text("PRAGMA quick_check(1)") is not "ok" and var fault)
        {
            throw Damaged(path, fault);
        }

        if (connection.Text("PRAGMA journal_mode = WAL") is not "wal" and var mode)
        {
            throw new EventStoreOpenException($"The event log '{path}' cannot keep a write-ahead log (SQLite stays in mode '{mode}'). Make its folder writable, then start again.");
        }

        _ = connection.Scalar("SELECT count(*) FROM (SELECT 1 FROM streams, types, log, consumer_groups, consumer_events LIMIT 1)");
        if (Head(connection) is var head && head < recorded)
        {
            throw Shortened(path, $"ends at position {head}", recorded);
        }
    }
}
