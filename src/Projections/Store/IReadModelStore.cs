using AIaaS.EventStore;

namespace AIaaS.Projections;

/// <summary>
/// Where read models lie: collections of JSON documents, each collection with the log position that it reflects.
/// Two engines hold to this contract, the embedded one (SQLite) and MongoDB; one contract test suite runs against both.
/// </summary>
public interface IReadModelStore : IAsyncDisposable
{
    /// <summary>Creates the collection with its indexes where it is missing; adds indexes that are new.</summary>
    Task EnsureAsync(CollectionSchema schema, CancellationToken cancellationToken = default);

    /// <summary>The collection's position: everything up to it is in the documents. <see cref="LogPosition.Start"/> for a new one.</summary>
    Task<LogPosition> GetPositionAsync(string collection, CancellationToken cancellationToken = default);

    /// <summary>One document; null where there is none.</summary>
    Task<StoredDocument?> GetAsync(string collection, string id, CancellationToken cancellationToken = default);

    /// <summary>Those of the documents that exist, by id.</summary>
    Task<IReadOnlyDictionary<string, StoredDocument>> GetManyAsync(string collection, IReadOnlyCollection<string> ids, CancellationToken cancellationToken = default);

    /// <summary>Filter, sort and page through a collection.</summary>
    /// <exception cref="InvalidQueryException">No such collection, a field that the schema does not declare, or a cursor that is not of this query.</exception>
    Task<DocumentPage> QueryAsync(string collection, DocumentQuery query, CancellationToken cancellationToken = default);

    /// <summary>
    /// Writes documents, then the position, so that a crash in between does no harm: a write whose position lies below the
    /// stored document's changes nothing (at the same position it replaces), and the collection's position never goes back.
    /// A deletion leaves its position behind, so that an older write does not bring the document back.
    /// The embedded engine does it in one transaction.
    /// </summary>
    Task WriteAsync(string collection, IReadOnlyList<DocumentWrite> writes, LogPosition position, CancellationToken cancellationToken = default);

    /// <summary>Removes a collection with its position; nothing happens where there is none.</summary>
    Task DropAsync(string collection, CancellationToken cancellationToken = default);

    /// <summary>Which collection a read model's queries go to now; null before the first switch.</summary>
    Task<string?> GetActiveAsync(string model, CancellationToken cancellationToken = default);

    /// <summary>Directs a read model's queries to another collection, at once for all readers.</summary>
    Task SetActiveAsync(string model, string collection, CancellationToken cancellationToken = default);
}

/// <summary>A collection and what of its documents can be searched.</summary>
/// <param name="Collection">Letters, digits, underscores.</param>
/// <param name="Indexes">Indexes; each names one or more fields.</param>
/// <param name="Fields">The fields that queries may filter and sort by, with their kind.</param>
public sealed record CollectionSchema(string Collection, IReadOnlyList<IReadOnlyList<string>> Indexes, IReadOnlyDictionary<string, FieldKind> Fields);

/// <summary>The kind of a searchable field.</summary>
public enum FieldKind
{
    /// <summary>Text, compared by code point (ordinal). RFC 3339 UTC times of one precision sort rightly as text.</summary>
    Text,

    /// <summary>A number.</summary>
    Number,

    /// <summary>True or false.</summary>
    Boolean,
}

/// <summary>A document as stored.</summary>
/// <param name="Id">1 to 200 characters.</param>
/// <param name="Json">The document: a JSON object in UTF-8.</param>
/// <param name="Position">The position of the last event that it reflects.</param>
public sealed record StoredDocument(string Id, ReadOnlyMemory<byte> Json, LogPosition Position);

/// <summary>A document to write.</summary>
/// <param name="Id">1 to 200 characters.</param>
/// <param name="Json">A JSON object in UTF-8; null deletes the document.</param>
/// <param name="Position">The position of the event that it reflects.</param>
public sealed record DocumentWrite(string Id, ReadOnlyMemory<byte>? Json, LogPosition Position);

/// <summary>The comparisons of a filter.</summary>
public enum Comparison
{
    /// <summary>Is.</summary>
    Equal,

    /// <summary>Is not; also true where the field is missing.</summary>
    NotEqual,

    /// <summary>Less.</summary>
    Less,

    /// <summary>Less or the same.</summary>
    LessOrEqual,

    /// <summary>More.</summary>
    Greater,

    /// <summary>More or the same.</summary>
    GreaterOrEqual,

    /// <summary>Text that begins so.</summary>
    StartsWith,
}

/// <summary>One condition; a query's conditions must all hold.</summary>
/// <param name="Field">A declared field: a member's name, or a path with dots.</param>
/// <param name="Comparison">The comparison.</param>
/// <param name="Value">A <see cref="string"/>, <see cref="double"/>, <see cref="long"/> or <see cref="bool"/>, fitting the field's kind.</param>
public sealed record Condition(string Field, Comparison Comparison, object Value);

/// <summary>A query on one collection.</summary>
public sealed record DocumentQuery
{
    /// <summary>All must hold.</summary>
    public IReadOnlyList<Condition> Where { get; init; } = [];

    /// <summary>
    /// A declared field to sort by; null sorts by id. Equal values sort by id; missing values (and JSON null) count as the smallest.
    /// Descending is the exact reverse, the ids of equal values included.
    /// </summary>
    public string? SortBy { get; init; }

    /// <summary>Largest first.</summary>
    public bool Descending { get; init; }

    /// <summary>The most documents of a page, 1 to 1,000. Default: 50.</summary>
    public int Limit { get; init; } = 50;

    /// <summary>Where the last page ended: its <see cref="DocumentPage.NextCursor"/>; null for the first page.</summary>
    public string? Cursor { get; init; }
}

/// <summary>A page of documents.</summary>
/// <param name="Documents">In the query's order.</param>
/// <param name="NextCursor">For the next page; null when this was the last one.</param>
public sealed record DocumentPage(IReadOnlyList<StoredDocument> Documents, string? NextCursor);

/// <summary>A query that cannot be answered so; the message says why and what is possible.</summary>
public sealed class InvalidQueryException(string message) : Exception(message);

/// <summary>The read-model store cannot be reached or cannot write now. Nothing is lost: the log has the facts, and the projections go on from their position.</summary>
public sealed class ReadModelStoreException(string message, Exception? inner = null) : Exception(message, inner);
