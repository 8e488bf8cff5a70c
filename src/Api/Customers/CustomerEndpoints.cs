using AIaaS.Api.Http;
using AIaaS.Api.OpenApi;
using AIaaS.Domain.Customers;
using AIaaS.Projections.Customers;
using AIaaS.Queries.Customers;
using Microsoft.AspNetCore.Http.HttpResults;

namespace AIaaS.Api.Customers;

/// <summary>A shop's customers. What is personal needs a scope of its own.</summary>
internal static class CustomerEndpoints
{
    public static void Map(RouteGroupBuilder v1) =>
        v1.MapGroup("/customers").WithTags("Customers").MapGet("/{customer}", GetAsync)
            .Describe("getCustomer", "Get a customer", "Profile, address, payment methods with the balances of gift cards, and orders. Personal data: the key needs the scope customers:read.")
            .ForTenants(Scopes.CustomersRead).Fresh()
            .Example(response: """{ "customer": "ann_example_1001", "tenant": "acme", "firstName": "Ann", "lastName": "Example", "email": "ann@example.com", "address": { "address1": "1 Main Street", "address2": "", "city": "Springfield", "state": "IL", "country": "USA", "zip": "62701" }, "paymentMethods": [ { "id": "gift_card_1001", "source": "GiftCard", "brand": null, "lastFour": null, "balance": { "amount": 40.00, "currency": "USD" } } ], "orders": [ "#W1001" ], "updatedAt": "2026-01-31T09:30:00+00:00" }""");

    private static async Task<Ok<CustomerDocument>> GetAsync(string customer, Caller caller, Freshness freshness, CustomerQueries customers, CancellationToken cancellationToken) =>
        ShopText.IsId(customer)
            ? Http.Answer.One("customer", customer, await customers.GetAsync(caller.Tenant, customer, freshness.Wanted, cancellationToken), freshness)
            : throw Problems.NotFound("customer", customer.Length > 100 ? customer[..100] + "…" : customer);
}
