using AIaaS.Domain.Payments;
using AIaaS.Projections;
using AIaaS.Projections.Payments;

namespace AIaaS.Queries.Payments;

/// <summary>Which payments of a tenant are wanted; what is null does not restrict.</summary>
public sealed record PaymentFilter
{
    /// <summary>How it stands.</summary>
    public PaymentStatus? Status { get; init; }

    /// <summary>The customer's id at the tenant.</summary>
    public string? Customer { get; init; }

    /// <summary>The order.</summary>
    public string? Order { get; init; }

    /// <summary>Only those with an operation whose outcome nobody knows.</summary>
    public bool OnlyUnresolved { get; init; }

    /// <summary>Asked for at this time or later.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>Asked for before this time.</summary>
    public DateTimeOffset? To { get; init; }
}

/// <summary>A tenant's payments.</summary>
public sealed class PaymentQueries(ReadModel<PaymentDocument> payments)
{
    private static readonly Dictionary<string, string> Sorts = new(StringComparer.Ordinal) { ["requestedAt"] = "requestedAt", ["updatedAt"] = "updatedAt" };

    /// <summary>One payment with its refunds.</summary>
    public Task<QueryResult<PaymentDocument>> GetAsync(string tenant, string payment, Consistency consistency = default, CancellationToken cancellationToken = default) =>
        payments.GetAsync(tenant, payment, consistency, cancellationToken);

    /// <summary>Payments, the newest first unless sorted by <c>requestedAt</c> or <c>updatedAt</c>.</summary>
    /// <exception cref="InvalidQueryException">Sort order, page size or cursor are not possible.</exception>
    public Task<QueryResult<Page<PaymentDocument>>> ListAsync(string tenant, PaymentFilter filter, PageRequest page, Consistency consistency = default, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        ArgumentNullException.ThrowIfNull(page);
        return payments.ListAsync(
            tenant,
            [
                Asking.Equal("status", filter.Status?.ToString()),
                Asking.Equal("customer", filter.Customer),
                Asking.Equal("order", filter.Order),
                filter.OnlyUnresolved ? new("unresolved", Comparison.Greater, 0L) : null,
                Asking.From("requestedAt", filter.From),
                Asking.Before("requestedAt", filter.To),
            ],
            Sorts,
            "-requestedAt",
            page,
            consistency,
            cancellationToken);
    }
}
