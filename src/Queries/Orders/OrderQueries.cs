using AIaaS.Domain;
using AIaaS.Domain.Customers;
using AIaaS.Domain.Orders;
using AIaaS.Projections;
using AIaaS.Projections.Orders;

namespace AIaaS.Queries.Orders;

/// <summary>An order in a list.</summary>
/// <param name="Order">The order's id.</param>
/// <param name="Customer">The customer's id.</param>
/// <param name="Status">Where it stands.</param>
/// <param name="Total">What its items cost.</param>
/// <param name="Paid">What was paid less what was refunded.</param>
/// <param name="CreatedAt">When it was placed or imported.</param>
/// <param name="UpdatedAt">When it was changed last.</param>
public sealed record OrderSummary(string Order, string Customer, OrderStatus Status, Money Total, Money Paid, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);

/// <summary>A tenant's orders.</summary>
public sealed class OrderQueries(ReadModel<OrderDocument> orders)
{
    private static readonly Dictionary<string, string> Sorts = new(StringComparer.Ordinal) { ["order"] = "order", ["createdAt"] = "createdAt", ["updatedAt"] = "updatedAt" };

    /// <summary>One order.</summary>
    public Task<QueryResult<OrderDocument>> GetAsync(string tenant, string order, Consistency consistency = default, CancellationToken cancellationToken = default) =>
        orders.GetAsync(tenant, ShopText.StreamId("order", order), consistency, cancellationToken);

    /// <summary>Orders, those changed last first unless sorted by <c>order</c>, <c>createdAt</c> or <c>updatedAt</c>.</summary>
    /// <exception cref="InvalidQueryException">Sort order, page size or cursor are not possible.</exception>
    public async Task<QueryResult<Page<OrderSummary>>> ListAsync(string tenant, string? customer, OrderStatus? status, PageRequest page, Consistency consistency = default, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(page);
        var found = await orders.ListAsync(tenant, [Asking.Equal("customer", customer), Asking.Equal("status", status?.ToString())], Sorts, "-updatedAt", page, consistency, cancellationToken);
        return new(
            found.Status,
            found.Value is { } list ? new([.. list.Items.Select(o => new OrderSummary(o.Order, o.Customer, o.Status, o.Total, o.Paid, o.CreatedAt, o.UpdatedAt))], list.NextCursor) : null,
            found.RetryAfter);
    }
}
