using AIaaS.Domain.Handoffs;
using AIaaS.Projections;
using AIaaS.Projections.Handoffs;

namespace AIaaS.Queries.Handoffs;

/// <summary>Which hand-offs of a tenant are wanted; what is null does not restrict.</summary>
public sealed record HandoffFilter
{
    /// <summary>How it stands.</summary>
    public HandoffState? State { get; init; }

    /// <summary>Whose queue.</summary>
    public string? Queue { get; init; }

    /// <summary>Who has it.</summary>
    public string? Person { get; init; }

    /// <summary>The conversation.</summary>
    public string? Conversation { get; init; }
}

/// <summary>A tenant's hand-offs.</summary>
public sealed class HandoffQueries(ReadModel<HandoffDocument> handoffs)
{
    private static readonly Dictionary<string, string> Sorts = new(StringComparer.Ordinal) { ["requestedAt"] = "requestedAt", ["updatedAt"] = "updatedAt", ["priority"] = "rank" };

    /// <summary>One hand-off with what was written.</summary>
    public Task<QueryResult<HandoffDocument>> GetAsync(string tenant, string handoff, Consistency consistency = default, CancellationToken cancellationToken = default) =>
        handoffs.GetAsync(tenant, handoff, consistency, cancellationToken);

    /// <summary>Hand-offs, the one that waits longest first unless sorted by <c>requestedAt</c>, <c>updatedAt</c> or <c>priority</c>.</summary>
    /// <exception cref="InvalidQueryException">Sort order, page size or cursor are not possible.</exception>
    public Task<QueryResult<Page<HandoffDocument>>> ListAsync(string tenant, HandoffFilter filter, PageRequest page, Consistency consistency = default, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        ArgumentNullException.ThrowIfNull(page);
        return handoffs.ListAsync(
            tenant,
            [
                Asking.Equal("state", filter.State?.ToString()),
                Asking.Equal("queue", filter.Queue),
                Asking.Equal("person", filter.Person),
                Asking.Equal("conversation", filter.Conversation),
            ],
            Sorts,
            "requestedAt",
            page,
            consistency,
            cancellationToken);
    }
}
