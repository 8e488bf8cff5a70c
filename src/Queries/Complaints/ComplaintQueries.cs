using AIaaS.Domain.Complaints;
using AIaaS.Projections;
using AIaaS.Projections.Complaints;

namespace AIaaS.Queries.Complaints;

/// <summary>Which complaints of a tenant are wanted; what is null does not restrict.</summary>
public sealed record ComplaintFilter
{
    /// <summary>How it stands.</summary>
    public ComplaintStatus? Status { get; init; }

    /// <summary>How bad it is.</summary>
    public ComplaintSeverity? Severity { get; init; }

    /// <summary>What it is about.</summary>
    public ComplaintCategory? Category { get; init; }

    /// <summary>The customer's id at the tenant.</summary>
    public string? Customer { get; init; }

    /// <summary>Only those with a deadline before this time.</summary>
    public DateTimeOffset? DueBefore { get; init; }
}

/// <summary>A tenant's complaints.</summary>
public sealed class ComplaintQueries(ReadModel<ComplaintDocument> complaints)
{
    private static readonly Dictionary<string, string> Sorts = new(StringComparer.Ordinal) { ["openedAt"] = "openedAt", ["updatedAt"] = "updatedAt", ["deadline"] = "deadline" };

    /// <summary>One complaint.</summary>
    public Task<QueryResult<ComplaintDocument>> GetAsync(string tenant, string complaint, Consistency consistency = default, CancellationToken cancellationToken = default) =>
        complaints.GetAsync(tenant, complaint, consistency, cancellationToken);

    /// <summary>Complaints, the newest first unless sorted by <c>openedAt</c>, <c>updatedAt</c> or <c>deadline</c>.</summary>
    /// <exception cref="InvalidQueryException">Sort order, page size or cursor are not possible.</exception>
    public Task<QueryResult<Page<ComplaintDocument>>> ListAsync(string tenant, ComplaintFilter filter, PageRequest page, Consistency consistency = default, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        ArgumentNullException.ThrowIfNull(page);
        return complaints.ListAsync(
            tenant,
            [
                Asking.Equal("status", filter.Status?.ToString()),
                Asking.Equal("severity", filter.Severity?.ToString()),
                Asking.Equal("category", filter.Category?.ToString()),
                Asking.Equal("customer", filter.Customer),
                Asking.Before("deadline", filter.DueBefore),
            ],
            Sorts,
            "-openedAt",
            page,
            consistency,
            cancellationToken);
    }
}
