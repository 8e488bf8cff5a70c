using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using AIaaS.Commands.Orders;
using Microsoft.Extensions.DependencyInjection;

namespace AIaaS.Api.Tests;

public abstract class ShopTest : ApiTest
{
    private const string Shop = """
        { "products": { "100": { "name": "Water Bottle", "product_id": "100", "variants": {
            "101": { "item_id": "101", "options": { "color": "grün" }, "available": true, "price": 10.1 } } } },
          "users": { "ann_1": { "user_id": "ann_1", "name": { "first_name": "Ann", "last_name": "Example" }, "email": "ann@example.com",
            "address": { "address1": "1 Main Street", "address2": "", "city": "Springfield", "country": "USA", "state": "IL", "zip": "62701" },
            "payment_methods": { "gift_1": { "source": "gift_card", "id": "gift_1", "balance": 50.0 } }, "orders": ["#W1"] } },
          "orders": { "#W1": { "order_id": "#W1", "user_id": "ann_1", "status": "delivered", "fulfillments": [],
            "address": { "address1": "1 Main Street", "address2": "", "city": "Springfield", "country": "USA", "state": "IL", "zip": "62701" },
            "items": [ { "name": "Water Bottle", "product_id": "100", "item_id": "101", "price": 10.1, "options": { "color": "grün" } } ],
            "payment_history": [ { "transaction_type": "payment", "amount": 10.1, "payment_method_id": "gift_1" } ] } } }
        """;

    protected const string NewOrder = """{ "customer": "ann_1", "items": [ { "item": "101", "quantity": 2 } ], "paymentMethod": "gift_1" }""";

    /// <summary>A tenant with a shop.</summary>
    protected async Task<(Tenant Tenant, string Token)> NewShopAsync(params string[] scopes)
    {
        var tenant = await NewTenantAsync(scopes);
        var import = await RunningApi.Host.App.Services.GetRequiredService<RetailImporter>().ImportAsync(tenant.Id, Encoding.UTF8.GetBytes(Shop), new(tenant.Id, "test"), stock: 5);
        return (tenant, import.Position.ToString());
    }

    protected Task<Response> ReadAsync(string path, Tenant tenant, string token) => CallAsync(HttpMethod.Get, path, tenant.Key, headers: ("Consistency-Token", token));
}

public sealed class Orders_of_a_shop : ShopTest
{
    [Test]
    public async Task are_listed_by_customer_and_status()
    {
        var (tenant, token) = await NewShopAsync();
        (await ReadAsync("/v1/orders?customer=ann_1&status=delivered", tenant, token)).Body!["items"]!.AsArray().Should().ContainSingle().Which!["order"]!.GetValue<string>().Should().Be("#W1");
        (await ReadAsync("/v1/orders?status=pending", tenant, token)).Body!["items"]!.AsArray().Should().BeEmpty();
        (await ReadAsync("/v1/orders?customer=bob", tenant, token)).Body!["items"]!.AsArray().Should().BeEmpty();
    }

    [Test]
    public async Task are_shown_with_what_was_paid()
    {
        var (tenant, token) = await NewShopAsync();
        var order = (await ReadAsync("/v1/orders/%23W1", tenant, token)).Body!;
        order["total"]!["amount"]!.GetValue<decimal>().Should().Be(10.1m);
        order["paid"]!["amount"]!.GetValue<decimal>().Should().Be(10.1m);
        order["details"]!["items"]![0]!["item"]!.GetValue<string>().Should().Be("101");
    }

    [Test]
    public async Task of_another_tenant_are_not_there()
    {
        var (_, token) = await NewShopAsync();
        var other = await NewTenantAsync();
        (await ReadAsync("/v1/orders/%23W1", other, token)).ShouldBeProblem(404, "not-found");
        (await ReadAsync("/v1/customers/ann_1", other, token)).ShouldBeProblem(404, "not-found");
        (await ReadAsync("/v1/products/100", other, token)).ShouldBeProblem(404, "not-found");
        (await ReadAsync("/v1/orders", other, token)).Body!["items"]!.AsArray().Should().BeEmpty();
    }

    [TestCase("/v1/customers/ann_1", "orders:read")]
    [TestCase("/v1/orders", "customers:read")]
    [TestCase("/v1/products", "orders:read")]
    public async Task and_personal_data_need_their_scope(string path, string scope)
    {
        var (tenant, token) = await NewShopAsync(scope);
        (await ReadAsync(path, tenant, token)).Status.Should().Be(HttpStatusCode.Forbidden);
    }

    [Test]
    public async Task are_placed_once_under_a_key()
    {
        var (tenant, _) = await NewShopAsync();
        var first = await PostAsync("/v1/orders", tenant.Key, NewOrder, "order-once");
        first.Status.Should().Be(HttpStatusCode.Created, first.Text);
        first.Body!["total"]!.GetValue<decimal>().Should().Be(20.2m);
        (await PostAsync("/v1/orders", tenant.Key, NewOrder, "order-once")).Text.Should().Be(first.Text);
        var orders = (await ReadAsync("/v1/orders?customer=ann_1", tenant, first.Header("Consistency-Token")!)).Body!["items"]!.AsArray();
        orders.Select(o => o!["order"]!.GetValue<string>()).Should().BeEquivalentTo("#W1", first.Body!["order"]!.GetValue<string>());
    }

    [TestCase("""{ "customer": "ann_1", "items": [], "paymentMethod": "gift_1" }""")]
    [TestCase("""{ "customer": "ann_1", "items": [ { "item": "101", "quantity": -1 } ], "paymentMethod": "gift_1" }""")]
    [TestCase("""{ "customer": "ann_1", "items": [ { "item": "101", "quantity": 1e30 } ], "paymentMethod": "gift_1" }""")]
    [TestCase("""{ "customer": "ann_1", "items": [ null ], "paymentMethod": "gift_1" }""")]
    [TestCase("""{ "customer": "ann 1", "items": [ { "item": "101" } ], "paymentMethod": "gift_1" }""")]
    public async Task that_make_no_sense_are_refused(string body)
    {
        var (tenant, _) = await NewShopAsync();
        (await PostAsync("/v1/orders", tenant.Key, body)).Status.Should().Be(HttpStatusCode.UnprocessableEntity);
    }

    [Test]
    public async Task that_the_shop_cannot_serve_are_refused()
    {
        var (tenant, _) = await NewShopAsync();
        (await PostAsync("/v1/orders", tenant.Key, NewOrder.Replace("\"quantity\": 2", "\"quantity\": 6"))).ShouldBeProblem(422, "out-of-stock");
        (await PostAsync("/v1/orders", tenant.Key, NewOrder.Replace("ann_1", "nobody"))).ShouldBeProblem(404, "customer-unknown");
        (await PostAsync("/v1/orders", tenant.Key, NewOrder.Replace("gift_1", "stolen"))).ShouldBeProblem(422, "payment-method-unknown");
    }

    [Test]
    public async Task come_with_customers_and_products()
    {
        var (tenant, token) = await NewShopAsync();
        (await ReadAsync("/v1/customers/ann_1", tenant, token)).Body!["paymentMethods"]![0]!["balance"]!["amount"]!.GetValue<decimal>().Should().Be(50);
        JsonNode product = (await ReadAsync("/v1/products/100", tenant, token)).Body!;
        product["variants"]![0]!["stock"]!.GetValue<int>().Should().Be(5);
        (await ReadAsync("/v1/products", tenant, token)).Body!["items"]!.AsArray().Should().ContainSingle();
    }
}
