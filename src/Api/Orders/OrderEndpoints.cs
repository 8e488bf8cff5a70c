using System.Text.Json.Serialization;
using AIaaS.Api.Http;
using AIaaS.Api.OpenApi;
using AIaaS.Commands.Orders;
using AIaaS.Domain.Customers;
using AIaaS.Domain.Orders;
using AIaaS.Projections;
using AIaaS.Projections.Orders;
using AIaaS.Queries.Orders;
using Microsoft.AspNetCore.Http.HttpResults;

namespace AIaaS.Api.Orders;

/// <summary>An order to place.</summary>
/// <param name="Customer">The customer's id.</param>
/// <param name="Items">1 to 200 entries.</param>
/// <param name="PaymentMethod">One of the customer's payment methods.</param>
/// <param name="Address">Where it goes; left out: the customer's default address.</param>
/// <param name="Order">An id of your own; left out: one is made.</param>
/// <param name="Tenant">May name the caller's own tenant; better left out.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record PlaceOrderBody(string Customer, IReadOnlyList<OrderLineBody> Items, string PaymentMethod, PostalAddress? Address = null, string? Order = null, string? Tenant = null) : IValidated, INamesTenant
{
    public void Validate(Faults faults)
    {
        if (Items.Count is 0 or > Domain.Orders.Order.MaxLines)
        {
            faults.Add("/items", $"has {Items.Count} entries; 1 to {Domain.Orders.Order.MaxLines} are possible");
        }

        for (var i = 0; i < Math.Min(Items.Count, Domain.Orders.Order.MaxLines); i++)
        {
            if (Items[i] is not { } line)
            {
                faults.Add($"/items/{i}", "is null; an item is needed");
                continue;
            }

            Id(faults, $"/items/{i}/item", line.Item);
            if (line.Quantity is < 1 or > Product.MaxQuantity)
            {
                faults.Add($"/items/{i}/quantity", $"is not a number from 1 to {Product.MaxQuantity}");
            }
        }

        Id(faults, "/customer", Customer);
        Id(faults, "/paymentMethod", PaymentMethod);
        if (Order is not null)
        {
            Id(faults, "/order", Order);
        }

        foreach (var fault in Address?.Faults() ?? [])
        {
            faults.Add("/address", fault);
        }
    }

    private static void Id(Faults faults, string pointer, string id)
    {
        if (!ShopText.IsId(id))
        {
            faults.Add(pointer, $"is no id: 1 to {ShopText.MaxIdLength} characters without white space are needed");
        }
    }
}

/// <summary>How many of an item.</summary>
/// <param name="Item">The item's id.</param>
/// <param name="Quantity">At least one.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record OrderLineBody(string Item, int Quantity = 1);

/// <summary>An order that was placed; stock and payment are being seen to.</summary>
/// <param name="Order">The order's id.</param>
/// <param name="Customer">The customer's id.</param>
/// <param name="Status">Always <c>Placing</c>; look the order up to see what became of it.</param>
/// <param name="Total">What it costs.</param>
/// <param name="Currency">ISO 4217.</param>
/// <param name="PaymentMethod">The payment method.</param>
internal sealed record OrderPlacedView(string Order, string Customer, OrderStatus Status, decimal Total, string Currency, string PaymentMethod);

/// <summary>A shop's orders and products.</summary>
internal static class OrderEndpoints
{
    private const string Summary = """{ "order": "#W1001", "customer": "ann_example_1001", "status": "Pending", "total": { "amount": 47.84, "currency": "USD" }, "paid": { "amount": 47.84, "currency": "USD" }, "createdAt": "2026-01-31T09:30:00+00:00", "updatedAt": "2026-01-31T09:30:00+00:00" }""";

    private const string Address = """{ "address1": "1 Main Street", "address2": "", "city": "Springfield", "state": "IL", "country": "USA", "zip": "62701" }""";

    private const string Product = """{ "product": "8310926033", "tenant": "acme", "name": "Water Bottle", "variants": [ { "item": "6469567736", "options": [ { "name": "color", "value": "blue" } ], "price": { "amount": 47.84, "currency": "USD" }, "offered": true, "stock": 1000, "reserved": 1, "available": true } ], "updatedAt": "2026-01-31T09:30:00+00:00" }""";

    private const string Details = $$"""
        { "id": "#W1001", "customer": "ann_example_1001", "address": {{Address}},
          "items": [ { "name": "Water Bottle", "product": "8310926033", "item": "6469567736", "price": { "amount": 47.84, "currency": "USD" }, "options": [ { "name": "color", "value": "blue" } ] } ],
          "status": "Pending", "fulfillments": [], "payments": [ { "kind": "Payment", "amount": { "amount": 47.84, "currency": "USD" }, "method": "gift_card_1001" } ],
          "cancelReason": null, "exchange": null, "return": null, "awaited": null, "changes": [], "unsettled": null, "contentHash": null }
        """;

    public static void Map(RouteGroupBuilder v1)
    {
        var orders = v1.MapGroup("/orders").WithTags("Orders");
        orders.MapGet("", ListAsync)
            .Describe("listOrders", "List orders", "Those changed last first.")
            .ForTenants(Scopes.OrdersRead)
            .Query("customer", "string", "Only those of one customer.", "ann_example_1001")
            .Query("status", "string", "Only those that stand so.", "Pending", choices: Enum.GetNames<OrderStatus>())
            .Query("sort", "string", "order, createdAt or updatedAt, with '-' before it for the largest first. Default: -updatedAt.", "-updatedAt")
            .Paged().Fresh()
            .Example(response: $$"""{ "items": [ {{Summary}} ], "nextCursor": null }""");
        orders.MapGet("/{order}", GetAsync)
            .Describe("getOrder", "Get an order", "With its items, payments and what is returned or exchanged. In the path, '#' is written %23.")
            .ForTenants(Scopes.OrdersRead).Fresh()
            .Example(response: $$"""{ "order": "#W1001", "tenant": "acme", "customer": "ann_example_1001", "status": "Pending", "total": { "amount": 47.84, "currency": "USD" }, "paid": { "amount": 47.84, "currency": "USD" }, "createdAt": "2026-01-31T09:30:00+00:00", "updatedAt": "2026-01-31T09:30:00+00:00", "details": {{Details}} }""");
        orders.MapPost("", PlaceAsync)
            .Describe("placeOrder", "Place an order", "Answers when the order is recorded; reserving stock, charging and confirming follow. Prices are those of now.")
            .ForTenants(Scopes.OrdersWrite)
            .Idempotent()
            .Example(
                """{ "customer": "ann_example_1001", "items": [ { "item": "6469567736", "quantity": 1 } ], "paymentMethod": "gift_card_1001" }""",
                """{ "order": "#W1001", "customer": "ann_example_1001", "status": "Placing", "total": 47.84, "currency": "USD", "paymentMethod": "gift_card_1001" }""");
        var products = v1.MapGroup("/products").WithTags("Products");
        products.MapGet("", ListProductsAsync)
            .Describe("listProducts", "List products", "With their variants and stock, by name.")
            .ForTenants(Scopes.ProductsRead)
            .Query("sort", "string", "name or updatedAt, with '-' before it for the largest first. Default: name.", "name")
            .Paged().Fresh()
            .Example(response: $$"""{ "items": [ {{Product}} ], "nextCursor": null }""");
        products.MapGet("/{product}", GetProductAsync)
            .Describe("getProduct", "Get a product", "With its variants and stock.")
            .ForTenants(Scopes.ProductsRead).Fresh()
            .Example(response: Product);
    }

    private static async Task<Ok<Page<OrderSummary>>> ListAsync(Caller caller, Freshness freshness, OrderQueries orders, HttpContext context, CancellationToken cancellationToken)
    {
        var query = new QueryReader(context);
        var customer = query.Text("customer");
        var status = query.Choice<OrderStatus>("status");
        var page = query.Page();
        query.Done();
        return Http.Answer.List(await orders.ListAsync(caller.Tenant, customer, status, page, freshness.Wanted, cancellationToken), freshness);
    }

    private static async Task<Ok<OrderDocument>> GetAsync(string order, Caller caller, Freshness freshness, OrderQueries orders, CancellationToken cancellationToken) =>
        Http.Answer.One("order", order, await orders.GetAsync(caller.Tenant, Known("order", order), freshness.Wanted, cancellationToken), freshness);

    private static async Task<Ok<Page<ProductDocument>>> ListProductsAsync(Caller caller, Freshness freshness, ProductQueries products, HttpContext context, CancellationToken cancellationToken)
    {
        var query = new QueryReader(context);
        var page = query.Page();
        query.Done();
        return Http.Answer.List(await products.ListAsync(caller.Tenant, page, freshness.Wanted, cancellationToken), freshness);
    }

    private static async Task<Ok<ProductDocument>> GetProductAsync(string product, Caller caller, Freshness freshness, ProductQueries products, CancellationToken cancellationToken) =>
        Http.Answer.One("product", product, await products.GetAsync(caller.Tenant, Known("product", product), freshness.Wanted, cancellationToken), freshness);

    private static async Task<Created<OrderPlacedView>> PlaceAsync(JsonBody<PlaceOrderBody> body, Caller caller, Shop shop, HttpContext context, CancellationToken cancellationToken)
    {
        var (customer, items, method, address, order, _) = body.Value;
        var placed = await shop.PlaceAsync(
            caller.Tenant,
            order,
            customer,
            [.. items.Select(i => new StockLine(i.Item, i.Quantity))],
            method,
            address,
            new(caller.Tenant, caller.Actor, $"{caller.Tenant}/http/{IdempotencyKey.Require(context)}/{OrderTools.PlaceOrder}", Correlation.Of(context)),
            cancellationToken);
        Freshness.Answer(context, placed.Position);
        var @event = placed.Events.OfType<OrderPlaced>().First();
        return TypedResults.Created(
            "/v1/orders/" + Uri.EscapeDataString(@event.Order),
            new OrderPlacedView(@event.Order, @event.Customer, OrderStatus.Placing, @event.Total.Amount, @event.Total.Currency, @event.Method));
    }

    private static string Known(string what, string id) => ShopText.IsId(id) ? id : throw Problems.NotFound(what, id.Length > 100 ? id[..100] + "…" : id);
}
