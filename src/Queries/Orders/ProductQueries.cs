using AIaaS.Domain.Customers;
using AIaaS.Projections;
using AIaaS.Projections.Orders;

namespace AIaaS.Queries.Orders;

/// <summary>A tenant's products.</summary>
public sealed class ProductQueries(ReadModel<ProductDocument> products)
{
    private static readonly Dictionary<string, string> Sorts = new(StringComparer.Ordinal) { ["name"] = "name", ["updatedAt"] = "updatedAt" };

    /// <summary>One product.</summary>
    public Task<QueryResult<ProductDocument>> GetAsync(string tenant, string product, Consistency consistency = default, CancellationToken cancellationToken = default) =>
        products.GetAsync(tenant, ShopText.StreamId("product", product), consistency, cancellationToken);

    /// <summary>Products, by name unless sorted by <c>name</c> or <c>updatedAt</c>.</summary>
    /// <exception cref="InvalidQueryException">Sort order, page size or cursor are not possible.</exception>
    public Task<QueryResult<Page<ProductDocument>>> ListAsync(string tenant, PageRequest page, Consistency consistency = default, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(page);
        return products.ListAsync(tenant, [], Sorts, "name", page, consistency, cancellationToken);
    }
}
