using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Serialization;
using AIaaS.EventStore;
using MongoDB.Bson;
using MongoDB.Driver;

namespace AIaaS.Projections.MongoDb;

/// <summary>
/// Documents in MongoDB, one collection each, and beside them one record a collection with its position and schema.
/// Without transactions: documents are acknowledged before the position is written, and each write is guarded by the position of the
/// stored document. After a crash in between, the projections go on from the older position and write the same again.
/// </summary>
internal sealed class MongoDbReadModelStore : IReadModelStore
{
    // Collections of documents have no dot in their names.
    private const string RecordsName = "aiaas.collections";
    private const string ActiveName = "aiaas.active";
    private const string SchemaMember = "schema";
    private const string PositionMember = "position";
    private const string DroppingMember = "dropping";
    private const string CollectionMember = "collection";
    private const int DuplicateKey = 11000;
    private const int IdsPerRead = 1_000;
    private const int DocumentsPerRewrite = 500;

    private readonly IMongoClient client;
    private readonly IMongoDatabase database;
    private readonly IMongoCollection<BsonDocument> records;
    private readonly IMongoCollection<BsonDocument> active;
    private readonly string address;
    private readonly ConcurrentDictionary<string, CollectionSchema> schemas = new(StringComparer.Ordinal);

    public MongoDbReadModelStore(IMongoClient client, string databaseName, string address)
    {
        this.client = client;
        this.address = address;
        database = client.GetDatabase(databaseName);
        records = database.GetCollection<BsonDocument>(RecordsName);
        active = database.GetCollection<BsonDocument>(ActiveName);
    }

    private static FilterDefinitionBuilder<BsonDocument> Where => Builders<BsonDocument>.Filter;

    private static UpdateDefinitionBuilder<BsonDocument> Change => Builders<BsonDocument>.Update;

    /// <summary>Asks whether the server answers.</summary>
    public Task PingAsync(CancellationToken cancellationToken) =>
        GuardAsync(() => database.RunCommandAsync<BsonDocument>(new BsonDocument("ping", 1), cancellationToken: cancellationToken), cancellationToken);

    /// <inheritdoc />
    public Task EnsureAsync(CollectionSchema schema, CancellationToken cancellationToken = default)
    {
        QueryRules.Check(schema);
        return GuardAsync(
            async () =>
            {
                if (await RecordAsync(schema.Collection, cancellationToken) is { } unfinished && unfinished.Contains(DroppingMember))
                {
                    await FinishDropAsync(schema.Collection, cancellationToken);
                }

                foreach (var index in schema.Indexes)
                {
                    var keys = Builders<BsonDocument>.IndexKeys;
                    await Collection(schema.Collection).Indexes.CreateOneAsync(
                        new CreateIndexModel<BsonDocument>(
                            keys.Combine([.. index.Select(f => keys.Ascending(DocumentForm.Field(f))), keys.Ascending(DocumentForm.Id)]),
                            new() { Name = string.Join('~', index) }),
                        cancellationToken: cancellationToken);
                }

                if (await SchemaAsync(schema.Collection, cancellationToken) is { } stored && !SameFields(stored, schema))
                {
                    await RewriteFieldsAsync(schema, cancellationToken);
                }

                await records.UpdateOneAsync(
                    Where.Eq(DocumentForm.Id, schema.Collection),
                    Change.SetOnInsert(PositionMember, 0L).Set(SchemaMember, JsonSerializer.Serialize(schema, SchemaJson.Default.CollectionSchema)),
                    new UpdateOptions { IsUpsert = true },
                    cancellationToken);
                schemas[schema.Collection] = schema;
                return true;
            },
            cancellationToken);
    }

    /// <inheritdoc />
    public Task<LogPosition> GetPositionAsync(string collection, CancellationToken cancellationToken = default) => GuardAsync(
        async () => await RecordAsync(collection, cancellationToken) is { } record && !record.Contains(DroppingMember)
            ? DocumentForm.PositionOf(record[PositionMember])
            : LogPosition.Start,
        cancellationToken);

    /// <inheritdoc />
    public async Task<StoredDocument?> GetAsync(string collection, string id, CancellationToken cancellationToken = default) =>
        (await GetManyAsync(collection, [id], cancellationToken)).GetValueOrDefault(id);

    /// <inheritdoc />
    public Task<IReadOnlyDictionary<string, StoredDocument>> GetManyAsync(string collection, IReadOnlyCollection<string> ids, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(ids);
        return GuardAsync<IReadOnlyDictionary<string, StoredDocument>>(
            async () =>
            {
                var found = new Dictionary<string, StoredDocument>(ids.Count, StringComparer.Ordinal);
                foreach (var some in ids.Chunk(IdsPerRead))
                {
                    using var cursor = await Collection(collection).FindAsync(
                        Where.And(Where.In(DocumentForm.Id, some), QueryForm.Alive),
                        new FindOptions<BsonDocument> { Projection = Builders<BsonDocument>.Projection.Exclude(DocumentForm.Fields) },
                        cancellationToken);
                    while (await cursor.MoveNextAsync(cancellationToken))
                    {
                        foreach (var document in cursor.Current)
                        {
                            found[document[DocumentForm.Id].AsString] = DocumentForm.Of(document);
                        }
                    }
                }

                return found;
            },
            cancellationToken);
    }

    /// <inheritdoc />
    public Task<DocumentPage> QueryAsync(string collection, DocumentQuery query, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        return GuardAsync<DocumentPage>(
            async () =>
            {
                var schema = await KnownSchemaAsync(collection, cancellationToken) ?? throw new InvalidQueryException($"There is no collection '{collection}'.");
                QueryRules.Check(schema, query);
                var cursor = DocumentCursor.Of(query);
                using var found = await Collection(collection).FindAsync(
                    QueryForm.Filter(query, cursor),
                    new FindOptions<BsonDocument> { Sort = QueryForm.Sort(query), Limit = query.Limit + 1 },
                    cancellationToken);
                var documents = await found.ToListAsync(cancellationToken);
                var more = documents.Count > query.Limit;
                if (more)
                {
                    documents.RemoveAt(query.Limit);
                }

                return new(
                    [.. documents.Select(DocumentForm.Of)],
                    more ? new DocumentCursor(query.SortBy is null ? null : DocumentForm.ValueOf(documents[^1], query.SortBy), documents[^1][DocumentForm.Id].AsString).ToText(query) : null);
            },
            cancellationToken);
    }

    /// <inheritdoc />
    public Task WriteAsync(string collection, IReadOnlyList<DocumentWrite> writes, LogPosition position, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(writes);
        return GuardAsync(
            async () =>
            {
                var schema = await KnownSchemaAsync(collection, cancellationToken)
                    ?? throw new ReadModelStoreException($"There is no collection '{collection}' to write to. Create it first.");
                if (writes.Count > 0)
                {
                    await WriteDocumentsAsync(schema, Newest(writes), cancellationToken);
                }

                await records.UpdateOneAsync(
                    Where.Eq(DocumentForm.Id, collection),
                    Change.Max(PositionMember, checked((long)position.Value)),
                    cancellationToken: cancellationToken);
                return true;
            },
            cancellationToken);
    }

    /// <inheritdoc />
    public Task DropAsync(string collection, CancellationToken cancellationToken = default) => GuardAsync(
        async () =>
        {
            schemas.TryRemove(collection, out _);

            // The mark first: should this stop half-way, the collection counts as dropped, and whoever creates it anew finishes.
            var marked = await records.UpdateOneAsync(Where.Eq(DocumentForm.Id, collection), Change.Set(DroppingMember, true), cancellationToken: cancellationToken);
            if (marked.MatchedCount > 0)
            {
                await FinishDropAsync(collection, cancellationToken);
            }

            return true;
        },
        cancellationToken);

    /// <inheritdoc />
    public Task<string?> GetActiveAsync(string model, CancellationToken cancellationToken = default) => GuardAsync(
        async () => (await OneAsync(active, model, cancellationToken))?[CollectionMember].AsString,
        cancellationToken);

    /// <inheritdoc />
    public Task SetActiveAsync(string model, string collection, CancellationToken cancellationToken = default) => GuardAsync(
        () => active.ReplaceOneAsync(
            Where.Eq(DocumentForm.Id, model),
            new BsonDocument { { DocumentForm.Id, model }, { CollectionMember, collection } },
            new ReplaceOptions { IsUpsert = true },
            cancellationToken),
        cancellationToken);

    /// <inheritdoc />
    public ValueTask DisposeAsync()
    {
        client.Dispose();
        return ValueTask.CompletedTask;
    }

    private static bool SameFields(CollectionSchema a, CollectionSchema b) =>
        a.Fields.Count == b.Fields.Count && a.Fields.All(f => b.Fields.TryGetValue(f.Key, out var kind) && kind == f.Value);

    /// <summary>One write a document, the newest: MongoDB is free to order the writes of a bulk as it likes.</summary>
    private static IReadOnlyCollection<DocumentWrite> Newest(IReadOnlyList<DocumentWrite> writes)
    {
        var newest = new Dictionary<string, DocumentWrite>(writes.Count, StringComparer.Ordinal);
        foreach (var write in writes)
        {
            if (!newest.TryGetValue(write.Id, out var other) || write.Position >= other.Position)
            {
                newest[write.Id] = write;
            }
        }

        return newest.Values;
    }

    private static FilterDefinition<BsonDocument> NotNewerThan(BsonDocument document) =>
        Where.And(Where.Eq(DocumentForm.Id, document[DocumentForm.Id]), Where.Lte(DocumentForm.Position, document[DocumentForm.Position]));

    private async Task WriteDocumentsAsync(CollectionSchema schema, IReadOnlyCollection<DocumentWrite> writes, CancellationToken cancellationToken)
    {
        var documents = writes.Select(w => DocumentForm.Of(schema, w)).ToArray();
        try
        {
            await Collection(schema.Collection).BulkWriteAsync(
                documents.Select(d => new ReplaceOneModel<BsonDocument>(NotNewerThan(d), d) { IsUpsert = true }),
                new() { IsOrdered = false },
                cancellationToken);
        }
        catch (MongoBulkWriteException<BsonDocument> e) when (e.WriteConcernError is null && e.WriteErrors.Count > 0 && e.WriteErrors.All(w => w.Code == DuplicateKey))
        {
            // The stored document is newer, or another writer put it there in this instant. In the second case this one may be
            // the newer after all, so it is tried once more, now only as a replacement.
            await Collection(schema.Collection).BulkWriteAsync(
                e.WriteErrors.Select(w => documents[w.Index]).Select(d => new ReplaceOneModel<BsonDocument>(NotNewerThan(d), d)),
                new() { IsOrdered = false },
                cancellationToken);
        }
    }

    /// <summary>Takes the searchable fields out of all documents anew, after fields were added or changed.</summary>
    private async Task RewriteFieldsAsync(CollectionSchema schema, CancellationToken cancellationToken)
    {
        using var cursor = await Collection(schema.Collection).FindAsync(
            QueryForm.Alive,
            new FindOptions<BsonDocument> { BatchSize = DocumentsPerRewrite },
            cancellationToken);
        while (await cursor.MoveNextAsync(cancellationToken))
        {
            var changes = cursor.Current
                .Select(d => new UpdateOneModel<BsonDocument>(
                    Where.And(Where.Eq(DocumentForm.Id, d[DocumentForm.Id]), Where.Eq(DocumentForm.Position, d[DocumentForm.Position])),
                    Change.Set(DocumentForm.Fields, DocumentForm.SearchableOf(schema, d[DocumentForm.Json].AsByteArray, d[DocumentForm.Id].AsString))))
                .ToArray();
            if (changes.Length > 0)
            {
                await Collection(schema.Collection).BulkWriteAsync(changes, new() { IsOrdered = false }, cancellationToken);
            }
        }
    }

    private async Task FinishDropAsync(string collection, CancellationToken cancellationToken)
    {
        await database.DropCollectionAsync(collection, cancellationToken);
        await records.DeleteOneAsync(Where.Eq(DocumentForm.Id, collection), cancellationToken);
    }

    private async Task<CollectionSchema?> KnownSchemaAsync(string collection, CancellationToken cancellationToken)
    {
        if (schemas.TryGetValue(collection, out var known))
        {
            return known;
        }

        if (await SchemaAsync(collection, cancellationToken) is not { } stored)
        {
            return null;
        }

        return schemas[collection] = stored;
    }

    private async Task<CollectionSchema?> SchemaAsync(string collection, CancellationToken cancellationToken) =>
        await RecordAsync(collection, cancellationToken) is { } record && !record.Contains(DroppingMember)
            ? JsonSerializer.Deserialize(record[SchemaMember].AsString, SchemaJson.Default.CollectionSchema)
            : null;

    private Task<BsonDocument?> RecordAsync(string collection, CancellationToken cancellationToken) => OneAsync(records, collection, cancellationToken);

    private static async Task<BsonDocument?> OneAsync(IMongoCollection<BsonDocument> collection, string id, CancellationToken cancellationToken)
    {
        using var found = await collection.FindAsync(Where.Eq(DocumentForm.Id, id), new FindOptions<BsonDocument> { Limit = 1 }, cancellationToken);
        return await found.FirstOrDefaultAsync(cancellationToken);
    }

    private IMongoCollection<BsonDocument> Collection(string name) => database.GetCollection<BsonDocument>(name);

    private async Task<TResult> GuardAsync<TResult>(Func<Task<TResult>> call, CancellationToken cancellationToken)
    {
        try
        {
            return await call();
        }
        catch (MongoAuthenticationException e)
        {
            throw new ReadModelStoreException($"MongoDB at {address} refuses the user or password in ReadModels__ConnectionString. Correct them: 'mongodb://user:password@host:27017/?authSource=admin'.", e);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested && e is TimeoutException or MongoConnectionException or IOException or MongoNotPrimaryException or MongoNodeIsRecoveringException)
        {
            throw new ReadModelStoreException(
                $"MongoDB at {address} cannot be reached ({Reason(e)}). Start it, correct ReadModels__ConnectionString, or set ReadModels__Engine=embedded. Nothing is lost: the projections go on from their position when it is back.", e);
        }
        catch (Exception e) when (e is MongoException or FormatException)
        {
            throw new ReadModelStoreException($"MongoDB at {address} refused the request: {e.Message} See its log; the projections go on from their position when it is mended.", e);
        }
    }

    private static string Reason(Exception failure)
    {
        // The driver's text of a time-out lists the state of all servers, each with the chain of its failures; the end of that chain is the cause.
        var innermost = failure.GetBaseException();
        var text = innermost is TimeoutException ? LastCause(innermost.Message) ?? "no answer in time" : innermost.Message;
        return text.Length <= 200 ? text : text[..200] + "…";
    }

    private static string? LastCause(string text)
    {
        const string Arrow = "---> ";
        var start = text.LastIndexOf(Arrow, StringComparison.Ordinal);
        if (start < 0)
        {
            return null;
        }

        var line = text[(start + Arrow.Length)..].Split('\n', 2)[0].Trim();
        var message = line.IndexOf(": ", StringComparison.Ordinal);
        return message < 0 ? line : line[(message + 2)..];
    }
}

[JsonSerializable(typeof(CollectionSchema))]
internal sealed partial class SchemaJson : JsonSerializerContext;
