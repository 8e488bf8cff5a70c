using AIaaS.Projections;
using AIaaS.Projections.Channels;

namespace AIaaS.Queries.Channels;

/// <summary>Which conversations of a tenant are wanted; what is null does not restrict.</summary>
public sealed record ConversationFilter
{
    /// <summary>The customer's id at the tenant.</summary>
    public string? Customer { get; init; }

    /// <summary>Only those with a message that waits for its answer.</summary>
    public bool OnlyUnanswered { get; init; }

    /// <summary>Opened at this time or later.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>Opened before this time.</summary>
    public DateTimeOffset? To { get; init; }
}

/// <summary>A tenant's conversations.</summary>
public sealed class ConversationQueries(ReadModel<ConversationDocument> conversations)
{
    private static readonly Dictionary<string, string> Sorts = new(StringComparer.Ordinal) { ["lastAt"] = "lastAt", ["openedAt"] = "openedAt" };

    /// <summary>One conversation with its messages.</summary>
    public Task<QueryResult<ConversationDocument>> GetAsync(string tenant, string conversation, Consistency consistency = default, CancellationToken cancellationToken = default) =>
        conversations.GetAsync(tenant, conversation, consistency, cancellationToken);

    /// <summary>Conversations, the one with the newest message first unless sorted by <c>lastAt</c> or <c>openedAt</c>.</summary>
    /// <exception cref="InvalidQueryException">Sort order, page size or cursor are not possible.</exception>
    public Task<QueryResult<Page<ConversationDocument>>> ListAsync(string tenant, ConversationFilter filter, PageRequest page, Consistency consistency = default, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        ArgumentNullException.ThrowIfNull(page);
        return conversations.ListAsync(
            tenant,
            [
                Asking.Equal("customer", filter.Customer),
                filter.OnlyUnanswered ? new("unanswered", Comparison.Greater, 0L) : null,
                Asking.From("openedAt", filter.From),
                Asking.Before("openedAt", filter.To),
            ],
            Sorts,
            "-lastAt",
            page,
            consistency,
            cancellationToken);
    }
}
