using System.Collections.Immutable;
using System.Text.Json;
using AIaaS.EventStore;

namespace AIaaS.Projections;

/// <summary>Reads the documents of one read model from whichever collection is active.</summary>
/// <typeparam name="TDocument">The document.</typeparam>
public sealed class ReadModel<TDocument>(Projection<TDocument> projection, IReadModelStore store, IProjectionProgress progress)
    where TDocument : class
{
    /// <summary>The document of that id; null where there is none.</summary>
    public Task<TDocument?> GetAsync(string id, CancellationToken cancellationToken = default) =>
        AskAsync<TDocument?>(
            async collection => await store.GetAsync(collection, id, cancellationToken) is { } stored ? Read(stored) : null,
            null,
            cancellationToken);

    /// <summary>A page of documents.</summary>
    /// <exception cref="InvalidQueryException">The query is not possible.</exception>
    public Task<Page<TDocument>> QueryAsync(DocumentQuery query, CancellationToken cancellationToken = default) =>
        AskAsync(
            async collection =>
            {
                var page = await store.QueryAsync(collection, query, cancellationToken);
                return new Page<TDocument>([.. page.Documents.Select(Read)], page.NextCursor);
            },
            new Page<TDocument>([], null),
            cancellationToken);

    /// <summary>Waits until the model reflects the log up to a position; false on time-out.</summary>
    public Task<bool> WaitForAsync(LogPosition min, TimeSpan timeout, CancellationToken cancellationToken = default) =>
        progress.WaitForAsync(min, timeout, cancellationToken);

    private async Task<T> AskAsync<T>(Func<string, Task<T>> ask, T whenNew, CancellationToken cancellationToken)
    {
        if (await store.GetActiveAsync(projection.Name, cancellationToken) is not { } collection)
        {
            return whenNew;
        }

        try
        {
            return await ask(collection);
        }
        catch (InvalidQueryException)
        {
            // The collection may have been dropped behind a switch in this moment; a query that is wrong stays wrong.
            var now = await store.GetActiveAsync(projection.Name, cancellationToken);
            if (now is null || now == collection)
            {
                throw;
            }

            return await ask(now);
        }
    }

    private TDocument Read(StoredDocument stored) => JsonSerializer.Deserialize(stored.Json.Span, projection.Json)
        ?? throw new InvalidOperationException($"The document '{stored.Id}' of {projection.Name} is null.");
}

/// <summary>A page of a list.</summary>
/// <param name="Items">In the order that was asked for.</param>
/// <param name="NextCursor">For the next page; null when this was the last one.</param>
public sealed record Page<T>(ImmutableArray<T> Items, string? NextCursor);
