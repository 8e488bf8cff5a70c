using AIaaS.EventStore;

namespace AIaaS.Projections.Tests.Engine;

/// <summary>A store that a test lets fail.</summary>
public abstract class DelegatingStore(IReadModelStore inner) : IReadModelStore
{
    public virtual Task WriteAsync(string collection, IReadOnlyList<DocumentWrite> writes, LogPosition position, CancellationToken cancellationToken = default) => inner.WriteAsync(collection, writes, position, cancellationToken);

    public Task EnsureAsync(CollectionSchema schema, CancellationToken cancellationToken = default) => inner.EnsureAsync(schema, cancellationToken);

    public Task<LogPosition> GetPositionAsync(string collection, CancellationToken cancellationToken = default) => inner.GetPositionAsync(collection, cancellationToken);

    public Task<StoredDocument?> GetAsync(string collection, string id, CancellationToken cancellationToken = default) => inner.GetAsync(collection, id, cancellationToken);

    public Task<IReadOnlyDictionary<string, StoredDocument>> GetManyAsync(string collection, IReadOnlyCollection<string> ids, CancellationToken cancellationToken = default) => inner.GetManyAsync(collection, ids, cancellationToken);

    public Task<DocumentPage> QueryAsync(string collection, DocumentQuery query, CancellationToken cancellationToken = default) => inner.QueryAsync(collection, query, cancellationToken);

    public Task DropAsync(string collection, CancellationToken cancellationToken = default) => inner.DropAsync(collection, cancellationToken);

    public Task<string?> GetActiveAsync(string model, CancellationToken cancellationToken = default) => inner.GetActiveAsync(model, cancellationToken);

    public Task SetActiveAsync(string model, string collection, CancellationToken cancellationToken = default) => inner.SetActiveAsync(model, collection, cancellationToken);

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
