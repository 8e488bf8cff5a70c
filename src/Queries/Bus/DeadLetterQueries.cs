using AIaaS.Domain.Bus;
using AIaaS.Projections;
using AIaaS.Projections.Bus;

namespace AIaaS.Queries.Bus;

/// <summary>A tenant's dead letters; those older than a week are gone.</summary>
public sealed class DeadLetterQueries(ReadModel<DeadLetterDocument> letters, TimeProvider time)
{
    private static readonly Dictionary<string, string> Sorts = new(StringComparer.Ordinal) { ["receivedAt"] = "receivedAt" };

    /// <summary>One dead letter.</summary>
    public async Task<QueryResult<DeadLetterDocument>> GetAsync(string tenant, string id, Consistency consistency = default, CancellationToken cancellationToken = default)
    {
        var found = await letters.GetAsync(tenant, id, consistency, cancellationToken);
        return found.Value is { } letter && letter.KeptUntil < time.GetUtcNow() ? QueryResult<DeadLetterDocument>.Of(null) : found;
    }

    /// <summary>Dead letters, newest first.</summary>
    /// <exception cref="InvalidQueryException">Sort order, page size or cursor are not possible.</exception>
    public Task<QueryResult<Page<DeadLetterDocument>>> ListAsync(string tenant, string? queue, string? state, PageRequest page, Consistency consistency = default, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(page);
        return letters.ListAsync(
            tenant,
            [Asking.Equal("queue", queue), Asking.Equal("state", state), Asking.From("receivedAt", time.GetUtcNow() - DeadLetter.Kept)],
            Sorts,
            "-receivedAt",
            page,
            consistency,
            cancellationToken);
    }
}
