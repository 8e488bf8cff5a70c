using AIaaS.Domain.Customers;
using AIaaS.Projections;
using AIaaS.Projections.Customers;

namespace AIaaS.Queries.Customers;

/// <summary>A tenant's customers. There is no list of them: who asks must know whom.</summary>
public sealed class CustomerQueries(ReadModel<CustomerDocument> customers)
{
    /// <summary>One customer.</summary>
    public Task<QueryResult<CustomerDocument>> GetAsync(string tenant, string customer, Consistency consistency = default, CancellationToken cancellationToken = default) =>
        customers.GetAsync(tenant, ShopText.StreamId("customer", customer), consistency, cancellationToken);
}
