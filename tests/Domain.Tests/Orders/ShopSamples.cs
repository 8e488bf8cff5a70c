using System.Collections.Immutable;
using AIaaS.Domain;
using AIaaS.Domain.Customers;
using AIaaS.Domain.Orders;
using AIaaS.EventStore;

namespace Domain.Tests.Orders;

/// <summary>A small shop: two products, a customer with three payment methods, and orders of one bottle and one lamp.</summary>
internal static class ShopSamples
{
    public static readonly DateTimeOffset At = new(2026, 1, 31, 9, 30, 0, TimeSpan.Zero);

    public static readonly PostalAddress Home = new("1 Main Street", "", "Springfield", "IL", "USA", "62701");

    public static readonly CustomerImported Ann = new(
        "ann_example_1001",
        "Ann",
        "Example",
        "ann@example.com",
        Home,
        [
            new("card", PaymentSource.CreditCard, "visa", "1234", null),
            new("gift", PaymentSource.GiftCard, null, null, Money.Usd(30)),
            new("gift2", PaymentSource.GiftCard, null, null, Money.Usd(500)),
            new("paypal", PaymentSource.Paypal, null, null, null),
        ],
        ["#W1"],
        "h",
        At);

    public static readonly ProductImported Bottles = new("bottle", "Water Bottle", [Variant("b-small", 10), Variant("b-large", 25.50m), Variant("b-gone", 12, stock: 0)], "h", At);

    public static readonly ProductImported Lamps = new("lamp", "Lamp", [Variant("l-desk", 100.10m), Variant("l-floor", 99.90m)], "h", At);

    public static Customer Buyer { get; } = Customer.Initial.Evolve(Ann);

    public static IReadOnlyDictionary<string, Product> Products { get; } = new Dictionary<string, Product>
    {
        ["bottle"] = Product.Initial.Evolve(Bottles),
        ["lamp"] = Product.Initial.Evolve(Lamps),
    };

    public static Variant Variant(string item, decimal price, int stock = 5) => new(item, [new("kind", item)], Money.Usd(price), stock > 0, stock);

    public static OrderItem Item(string product, string item, decimal price) => new(product == "lamp" ? "Lamp" : "Water Bottle", product, item, Money.Usd(price), [new("kind", item)]);

    public static OrderPayment Paid(decimal amount, string method) => new(OrderPaymentKind.Payment, Money.Usd(amount), method);

    public static OrderPayment Refunded(decimal amount, string method) => new(OrderPaymentKind.Refund, Money.Usd(amount), method);

    public static OrderImported Imported(OrderStatus status = OrderStatus.Pending, string method = "card", params OrderItem[] items)
    {
        var all = items.Length > 0 ? items : [Item("bottle", "b-small", 10), Item("lamp", "l-desk", 100.10m)];
        return new("#W1", "ann_example_1001", Home, [.. all], status, [], [Paid(all.Sum(i => i.Price.Amount), method)], null, null, null, "h", At);
    }

    public static Order After(params object[] events) => events.Aggregate(Order.Initial, (order, e) => order.Evolve(e));

    public static Order Do(this Order order, Func<Order, Decision> decide)
    {
        var decision = decide(order);
        decision.Error.Should().BeNull();
        return decision.Events.Aggregate(order, (state, e) => state.Evolve(e));
    }

    public static CancelOrder Cancel(string reason = "no longer needed") => new("acme", "#W1", reason, Buyer, "op", At);

    public static ChangeOrderItems Change(string[] items, string[] newItems, string method = "card", Customer? customer = null) =>
        new("acme", "#W1", [.. items], [.. newItems], method, customer ?? Buyer, Products, "op", At);

    public static ChangeOrderPayment Pay(string method, Customer? customer = null) => new("acme", "#W1", method, customer ?? Buyer, "op", At);

    public static RequestReturn Return(string method, params string[] items) => new("acme", "#W1", [.. items], method, Buyer, At);

    public static RequestExchange Exchange(string[] items, string[] newItems, string method = "card", Customer? customer = null) =>
        new("acme", "#W1", [.. items], [.. newItems], method, customer ?? Buyer, Products, At);

    public static PlaceOrder Place(string method, params StockLine[] lines) =>
        new("acme", "#W9", Buyer, [.. lines], new Dictionary<string, Product> { ["b-small"] = Products["bottle"], ["b-large"] = Products["bottle"], ["b-gone"] = Products["bottle"], ["l-desk"] = Products["lamp"] }, method, null, At);
}
