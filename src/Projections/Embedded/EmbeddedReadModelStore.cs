using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using AIaaS.EventStore;
using Microsoft.Data.Sqlite;

namespace AIaaS.Projections.Embedded;

/// <summary>
/// Documents as JSON text, one table a collection, with indexes on the declared fields. One connection writes, others read beside it (WAL).
/// <c>synchronous=NORMAL</c>: a power cut may lose the newest commits, but each whole, since documents and position are of one
/// transaction; the projections then go on from the older position and the log gives the rest again.
/// </summary>
internal sealed class EmbeddedReadModelStore : IReadModelStore
{
    public const string FileName = "read-models.db";

    private readonly string path;
    private readonly FileStream processLock;
    private readonly SqliteConnection writer;
    private readonly SemaphoreSlim writing = new(1, 1);
    private readonly ConcurrentBag<SqliteConnection> idleReaders = [];
    private readonly ConcurrentDictionary<string, Collection> collections = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, string> active = new(StringComparer.Ordinal);
    private volatile bool disposed;

    static EmbeddedReadModelStore() => SQLitePCL.Batteries_V2.Init();

    private EmbeddedReadModelStore(string path, FileStream processLock, SqliteConnection writer)
    {
        this.path = path;
        this.processLock = processLock;
        this.writer = writer;
    }

    public static EmbeddedReadModelStore Open(string folder)
    {
        var path = Path.Combine(folder, FileName);
        FileStream processLock;
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ReadModelStoreException($"The data folder '{folder}' cannot be created: {e.Message} Name one that this process may write (ReadModels__DataFolder).", e);
        }

        try
        {
            processLock = new(path + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new ReadModelStoreException($"The data folder '{folder}' cannot be written: {e.Message} Give the process write permission, or name another folder (ReadModels__DataFolder).", e);
        }
        catch (IOException e)
        {
            throw new ReadModelStoreException($"The read models in '{path}' are in use by another process, or their folder cannot be written ({e.Message}). Stop the other process, or give this one a data folder of its own (ReadModels__DataFolder).", e);
        }

        var writer = Connection(path);
        try
        {
            writer.Open();
            Run(writer, "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA wal_checkpoint(TRUNCATE);");
            if (new FileInfo(path).Length < Scalar(writer, "PRAGMA page_count") * Scalar(writer, "PRAGMA page_size"))
            {
                throw SqliteFaults.Damaged(path);
            }

            Run(writer, """
                CREATE TABLE IF NOT EXISTS collections (name TEXT PRIMARY KEY, position INTEGER NOT NULL, schema TEXT NOT NULL) WITHOUT ROWID;
                CREATE TABLE IF NOT EXISTS active (model TEXT PRIMARY KEY, collection TEXT NOT NULL) WITHOUT ROWID;
                """);
            var store = new EmbeddedReadModelStore(path, processLock, writer);
            store.Load();
            return store;
        }
        catch (Exception e)
        {
            writer.Dispose();
            processLock.Dispose();
            if (e is SqliteException fault)
            {
                throw SqliteFaults.Of(fault, path);
            }

            if (e is JsonException)
            {
                throw SqliteFaults.Damaged(path, e);
            }

            throw;
        }
    }

    public Task EnsureAsync(CollectionSchema schema, CancellationToken cancellationToken = default)
    {
        QueryRules.Check(schema);
        return WritingAsync(
            () =>
            {
                var table = Table(schema.Collection);
                Run(writer, $"CREATE TABLE IF NOT EXISTS {table} (id TEXT PRIMARY KEY, position INTEGER NOT NULL, json TEXT)");
                foreach (var index in schema.Indexes)
                {
                    var name = $"\"{schema.Collection}~{string.Join('~', index)}\"";
                    Run(writer, $"CREATE INDEX IF NOT EXISTS {name} ON {table} ({string.Join(", ", index.Select(Expression))}, id)");
                }

                using var command = writer.CreateCommand();
                command.CommandText = "INSERT INTO collections (name, position, schema) VALUES ($name, 0, $schema) ON CONFLICT (name) DO UPDATE SET schema = excluded.schema";
                command.Parameters.AddWithValue("$name", schema.Collection);
                command.Parameters.AddWithValue("$schema", JsonSerializer.Serialize(schema, SchemaJson.Default.CollectionSchema));
                command.ExecuteNonQuery();
                var position = collections.TryGetValue(schema.Collection, out var known) ? known.Position : LogPosition.Start;
                known?.Dispose();
                collections[schema.Collection] = new(writer, schema) { Position = position };
            },
            cancellationToken);
    }

    public Task<LogPosition> GetPositionAsync(string collection, CancellationToken cancellationToken = default) =>
        Task.FromResult(collections.TryGetValue(collection, out var known) ? known.Position : LogPosition.Start);

    public async Task<StoredDocument?> GetAsync(string collection, string id, CancellationToken cancellationToken = default) =>
        (await GetManyAsync(collection, [id], cancellationToken)).GetValueOrDefault(id);

    public Task<IReadOnlyDictionary<string, StoredDocument>> GetManyAsync(string collection, IReadOnlyCollection<string> ids, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(ids);
        cancellationToken.ThrowIfCancellationRequested();
        var found = new Dictionary<string, StoredDocument>(ids.Count, StringComparer.Ordinal);
        if (ids.Count > 0 && collections.ContainsKey(collection))
        {
            Reading(connection => ReadById(connection, collection, ids, found));
        }

        return Task.FromResult<IReadOnlyDictionary<string, StoredDocument>>(found);
    }

    public Task<DocumentPage> QueryAsync(string collection, DocumentQuery query, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        cancellationToken.ThrowIfCancellationRequested();
        if (!collections.TryGetValue(collection, out var known))
        {
            throw Missing(collection);
        }

        QueryRules.Check(known.Schema, query);
        DocumentPage? page = null;
        Reading(connection => page = ReadPage(connection, known.Schema, query, DocumentCursor.Of(query)));
        return Task.FromResult(page!);
    }

    public Task WriteAsync(string collection, IReadOnlyList<DocumentWrite> writes, LogPosition position, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(writes);
        foreach (var write in writes)
        {
            if (write.Id.Length is 0 or > QueryRules.MaxIdLength)
            {
                throw new ArgumentException($"A document's id has 1 to {QueryRules.MaxIdLength} characters; '{write.Id}' has {write.Id.Length}.", nameof(writes));
            }
        }

        return WritingAsync(
            () =>
            {
                if (!collections.TryGetValue(collection, out var known))
                {
                    throw new ReadModelStoreException($"There is no collection '{collection}' to write to. Create it first.");
                }

                foreach (var write in writes)
                {
                    known.Upsert(write);
                }

                if (position > known.Position)
                {
                    known.Advance(position);
                }
            },
            cancellationToken,
            () => collections[collection].Position = Later(collections[collection].Position, position));
    }

    public Task DropAsync(string collection, CancellationToken cancellationToken = default) => WritingAsync(
        () =>
        {
            if (collections.TryRemove(collection, out var known))
            {
                known.Dispose();
                Run(writer, $"DROP TABLE IF EXISTS {Table(collection)}");
                using var command = writer.CreateCommand();
                command.CommandText = "DELETE FROM collections WHERE name = $name";
                command.Parameters.AddWithValue("$name", collection);
                command.ExecuteNonQuery();
            }
        },
        cancellationToken);

    public Task<string?> GetActiveAsync(string model, CancellationToken cancellationToken = default) =>
        Task.FromResult(active.GetValueOrDefault(model));

    public Task SetActiveAsync(string model, string collection, CancellationToken cancellationToken = default) => WritingAsync(
        () =>
        {
            using var command = writer.CreateCommand();
            command.CommandText = "INSERT INTO active (model, collection) VALUES ($model, $collection) ON CONFLICT (model) DO UPDATE SET collection = excluded.collection";
            command.Parameters.AddWithValue("$model", model);
            command.Parameters.AddWithValue("$collection", collection);
            command.ExecuteNonQuery();
        },
        cancellationToken,
        () => active[model] = collection);

    public async ValueTask DisposeAsync()
    {
        if (disposed)
        {
            return;
        }

        await writing.WaitAsync();
        disposed = true;
        while (idleReaders.TryTake(out var reader))
        {
            await reader.DisposeAsync();
        }

        foreach (var collection in collections.Values)
        {
            collection.Dispose();
        }

        await writer.DisposeAsync();
        await processLock.DisposeAsync();
        writing.Release();
    }

    /// <summary>For tests: lets SQLite refuse writes as on a disk that is full.</summary>
    internal Task LimitPagesAsync(long pages) => WritingAsync(() => Run(writer, $"PRAGMA max_page_count = {pages}"), default);

    private async Task WritingAsync(Action write, CancellationToken cancellationToken, Action? committed = null)
    {
        await writing.WaitAsync(cancellationToken);
        try
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            Transact(write);
            committed?.Invoke();
        }
        finally
        {
            writing.Release();
        }
    }

    private void Transact(Action write)
    {
        try
        {
            Run(writer, "BEGIN IMMEDIATE");
            write();
            Run(writer, "COMMIT");
        }
        catch (Exception e)
        {
            // SQLite ends the transaction by itself on some faults (disk full), so that there may be none to roll back.
            if (SQLitePCL.raw.sqlite3_get_autocommit(writer.Handle) == 0)
            {
                Run(writer, "ROLLBACK");
            }

            if (e is SqliteException fault)
            {
                throw SqliteFaults.Of(fault, path);
            }

            throw;
        }
    }

    private void Reading(Action<SqliteConnection> read)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        var broken = false;
        if (!idleReaders.TryTake(out var connection))
        {
            connection = Connection(path);
        }

        try
        {
            if (connection.State == System.Data.ConnectionState.Closed)
            {
                connection.Open();
                Run(connection, "PRAGMA query_only=ON");
            }

            read(connection);
        }
        catch (SqliteException e) when (e.SqliteErrorCode == 1 && e.Message.Contains("no such table", StringComparison.Ordinal))
        {
            throw new InvalidQueryException("The collection was dropped. Ask the read model's active collection again.");
        }
        catch (SqliteException e)
        {
            broken = true;
            throw SqliteFaults.Of(e, path);
        }
        finally
        {
            if (broken || disposed)
            {
                connection.Dispose();
            }
            else
            {
                idleReaders.Add(connection);
            }
        }
    }

    private void Load()
    {
        using (var command = writer.CreateCommand())
        {
            command.CommandText = "SELECT name, position, schema FROM collections";
            using var rows = command.ExecuteReader();
            while (rows.Read())
            {
                var schema = JsonSerializer.Deserialize(rows.GetString(2), SchemaJson.Default.CollectionSchema)!;
                collections[rows.GetString(0)] = new(writer, schema) { Position = new((ulong)rows.GetInt64(1)) };
            }
        }

        using (var command = writer.CreateCommand())
        {
            command.CommandText = "SELECT model, collection FROM active";
            using var rows = command.ExecuteReader();
            while (rows.Read())
            {
                active[rows.GetString(0)] = rows.GetString(1);
            }
        }
    }

    private static void ReadById(SqliteConnection connection, string collection, IReadOnlyCollection<string> ids, Dictionary<string, StoredDocument> found)
    {
        using var command = connection.CreateCommand();
        command.CommandText = $"SELECT json, position FROM {Table(collection)} WHERE id = $id AND json IS NOT NULL";
        var parameter = command.Parameters.Add("$id", SqliteType.Text);
        foreach (var id in ids)
        {
            parameter.Value = id;
            using var rows = command.ExecuteReader();
            if (rows.Read())
            {
                found[id] = new(id, rows.GetFieldValue<byte[]>(0), new((ulong)rows.GetInt64(1)));
            }
        }
    }

    private static DocumentPage ReadPage(SqliteConnection connection, CollectionSchema schema, DocumentQuery query, DocumentCursor? cursor)
    {
        var rows = new List<(StoredDocument Document, object? Value)>(query.Limit + 1);
        using var transaction = connection.BeginTransaction(deferred: true);
        foreach (var segment in Segments(query, cursor))
        {
            using var command = connection.CreateCommand();
            command.Transaction = transaction;
            command.CommandText = Sql(schema, query, segment, query.Limit + 1 - rows.Count, command);
            if (cursor is not null)
            {
                command.Parameters.AddWithValue("$afterId", cursor.Id);
                if (cursor.Value is not null)
                {
                    command.Parameters.AddWithValue("$after", Bindable(cursor.Value));
                }
            }

            using var reader = command.ExecuteReader();
            while (reader.Read())
            {
                var value = reader.IsDBNull(3) ? null : reader.GetValue(3);
                rows.Add((new(reader.GetString(0), reader.GetFieldValue<byte[]>(1), new((ulong)reader.GetInt64(2))), value));
            }

            if (rows.Count > query.Limit)
            {
                break;
            }
        }

        var more = rows.Count > query.Limit;
        if (more)
        {
            rows.RemoveAt(query.Limit);
        }

        return new([.. rows.Select(r => r.Document)], more ? new DocumentCursor(rows[^1].Value, rows[^1].Document.Id).ToText(query) : null);
    }

    /// <summary>What lies behind the cursor, in stretches that an index answers each, in the query's order.</summary>
    private static IEnumerable<string> Segments(DocumentQuery query, DocumentCursor? cursor)
    {
        var (beyond, sort) = (query.Descending ? "<" : ">", query.SortBy is null ? null : Expression(query.SortBy));
        return (cursor, sort, query.Descending) switch
        {
            (null, _, _) => ["1"],
            (_, null, _) => [$"id {beyond} $afterId"],
            ({ Value: null }, _, false) => [$"{sort} IS NULL AND id > $afterId", $"{sort} IS NOT NULL"],
            ({ Value: null }, _, true) => [$"{sort} IS NULL AND id < $afterId"],
            (_, _, false) => [$"({sort}, id) > ($after, $afterId)"],
            (_, _, true) => [$"({sort}, id) < ($after, $afterId)", $"{sort} IS NULL"],
        };
    }

    private static string Sql(CollectionSchema schema, DocumentQuery query, string segment, int limit, SqliteCommand command)
    {
        var sql = new StringBuilder("SELECT id, json, position, ")
            .Append(query.SortBy is null ? "NULL" : Expression(query.SortBy))
            .Append(" FROM ").Append(Table(schema.Collection))
            .Append(" WHERE json IS NOT NULL AND (").Append(segment).Append(')');
        for (var i = 0; i < query.Where.Count; i++)
        {
            var condition = query.Where[i];
            var (field, value) = (Expression(condition.Field), "$value" + i.ToString(CultureInfo.InvariantCulture));
            sql.Append(" AND ");
            if (condition is { Comparison: Comparison.StartsWith, Value: string prefix })
            {
                sql.Append(CultureInfo.InvariantCulture, $"{field} >= {value}");
                command.Parameters.AddWithValue(value, prefix);
                if (QueryRules.EndOfPrefix(prefix) is { } end)
                {
                    sql.Append(CultureInfo.InvariantCulture, $" AND {field} < {value}end");
                    command.Parameters.AddWithValue(value + "end", end);
                }

                continue;
            }

            sql.Append(CultureInfo.InvariantCulture, $"{field} {Operator(condition.Comparison)} {value}");
            command.Parameters.AddWithValue(value, Bindable(condition.Value));
        }

        var direction = query.Descending ? "DESC" : "ASC";
        return sql.Append(" ORDER BY ")
            .Append(query.SortBy is null ? "" : $"{Expression(query.SortBy)} {direction}, ")
            .Append(CultureInfo.InvariantCulture, $"id {direction} LIMIT {limit}").ToString();
    }

    private static string Operator(Comparison comparison) => comparison switch
    {
        Comparison.Equal => "=",
        Comparison.NotEqual => "IS NOT",
        Comparison.Less => "<",
        Comparison.LessOrEqual => "<=",
        Comparison.Greater => ">",
        Comparison.GreaterOrEqual => ">=",
        _ => throw new InvalidQueryException($"The comparison {comparison} is not known."),
    };

    private static LogPosition Later(LogPosition a, LogPosition b) => a > b ? a : b;

    private static object Bindable(object value) => value is bool flag ? (flag ? 1L : 0L) : value;

    private static string Expression(string field) => $"json_extract(json, '$.{field}')";

    private static string Table(string collection) => $"\"c_{collection}\"";

    private static InvalidQueryException Missing(string collection) => new($"There is no collection '{collection}'.");

    private static SqliteConnection Connection(string path) =>
        new(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false, DefaultTimeout = 30 }.ToString());

    private static void Run(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private static long Scalar(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return (long)command.ExecuteScalar()!;
    }

    /// <summary>A collection with its prepared statements; used by the writer alone, but for schema and position.</summary>
    private sealed class Collection : IDisposable
    {
        private readonly SqliteCommand upsert;
        private readonly SqliteCommand advance;
        private ulong position;

        public Collection(SqliteConnection writer, CollectionSchema schema)
        {
            Schema = schema;
            upsert = writer.CreateCommand();
            upsert.CommandText = $"""
                INSERT INTO {Table(schema.Collection)} (id, position, json) VALUES ($id, $position, CAST($json AS TEXT))
                ON CONFLICT (id) DO UPDATE SET position = excluded.position, json = excluded.json WHERE excluded.position >= position
                """;
            upsert.Parameters.Add("$id", SqliteType.Text);
            upsert.Parameters.Add("$position", SqliteType.Integer);
            upsert.Parameters.Add("$json", SqliteType.Blob);
            advance = writer.CreateCommand();
            advance.CommandText = "UPDATE collections SET position = $position WHERE name = $name";
            advance.Parameters.AddWithValue("$name", schema.Collection);
            advance.Parameters.Add("$position", SqliteType.Integer);
        }

        public CollectionSchema Schema { get; }

        public LogPosition Position
        {
            get => new(Volatile.Read(ref position));
            set => Volatile.Write(ref position, value.Value);
        }

        public void Upsert(DocumentWrite write)
        {
            upsert.Parameters[0].Value = write.Id;
            upsert.Parameters[1].Value = checked((long)write.Position.Value);
            upsert.Parameters[2].Value = write.Json is { } json ? Bytes(json) : DBNull.Value;
            upsert.ExecuteNonQuery();
        }

        public void Advance(LogPosition to)
        {
            advance.Parameters[1].Value = checked((long)to.Value);
            advance.ExecuteNonQuery();
        }

        public void Dispose()
        {
            upsert.Dispose();
            advance.Dispose();
        }

        private static byte[] Bytes(ReadOnlyMemory<byte> json) =>
            MemoryMarshal.TryGetArray(json, out var segment) && segment.Offset == 0 && segment.Count == segment.Array!.Length ? segment.Array : json.ToArray();
    }
}

[JsonSerializable(typeof(CollectionSchema))]
internal sealed partial class SchemaJson : JsonSerializerContext;
