using AIaaS.Domain.Leads;
using AIaaS.Projections;
using AIaaS.Projections.Leads;

namespace AIaaS.Queries.Leads;

/// <summary>Which leads of a tenant are wanted; what is null does not restrict.</summary>
public sealed record LeadFilter
{
    /// <summary>How it stands.</summary>
    public LeadStatus? Status { get; init; }

    /// <summary>The customer's id at the tenant.</summary>
    public string? Customer { get; init; }

    /// <summary>With this score or more.</summary>
    public int? MinScore { get; init; }

    /// <summary>Only those with a follow-up whose time has come.</summary>
    public bool OnlyDue { get; init; }
}

/// <summary>A tenant's leads.</summary>
public sealed class LeadQueries(ReadModel<LeadDocument> leads)
{
    private static readonly Dictionary<string, string> Sorts = new(StringComparer.Ordinal) { ["capturedAt"] = "capturedAt", ["updatedAt"] = "updatedAt", ["score"] = "score" };

    /// <summary>One lead with its follow-ups.</summary>
    public Task<QueryResult<LeadDocument>> GetAsync(string tenant, string lead, Consistency consistency = default, CancellationToken cancellationToken = default) =>
        leads.GetAsync(tenant, lead, consistency, cancellationToken);

    /// <summary>Leads, the newest first unless sorted by <c>capturedAt</c>, <c>updatedAt</c> or <c>score</c>.</summary>
    /// <exception cref="InvalidQueryException">Sort order, page size or cursor are not possible.</exception>
    public Task<QueryResult<Page<LeadDocument>>> ListAsync(string tenant, LeadFilter filter, PageRequest page, Consistency consistency = default, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        ArgumentNullException.ThrowIfNull(page);
        return leads.ListAsync(
            tenant,
            [
                Asking.Equal("status", filter.Status?.ToString()),
                Asking.Equal("customer", filter.Customer),
                filter.MinScore is { } score ? new("score", Comparison.GreaterOrEqual, (long)score) : null,
                filter.OnlyDue ? new("dueFollowUps", Comparison.Greater, 0L) : null,
            ],
            Sorts,
            "-capturedAt",
            page,
            consistency,
            cancellationToken);
    }
}
