using System.Text.Json.Serialization;
using AIaaS.Domain.Customers;
using AIaaS.EventStore;

namespace AIaaS.Domain.Orders;

/// <summary>The event types of orders, products and stock.</summary>
internal static class OrderEventTypes
{
    private static readonly DateTimeOffset At = new(2026, 1, 31, 9, 30, 0, TimeSpan.Zero);

    public static EventTypes.Builder AddOrders(this EventTypes.Builder types)
    {
        var json = OrderJson.Default;
        const string order = "#W1001";
        const string customer = "ann_example_1001";
        var hash = new string('0', 64);
        var address = new PostalAddress("1 Main Street", "", "Springfield", "IL", "USA", "62701");
        var item = new OrderItem("Water Bottle", "8310926033", "6469567736", Money.Usd(47.84m), [new("color", "blue")]);
        var change = new ItemChange(0, item.Item, item.Price, item with { Item = "4579334072", Price = Money.Usd(54.04m), Options = [new("color", "black")] });
        var paid = new OrderPayment(OrderPaymentKind.Payment, Money.Usd(47.84m), "gift_card_1001");
        var refund = paid with { Kind = OrderPaymentKind.Refund };
        var settlement = new Settlement("9b1c", customer, [new(paid.Method, paid.Amount)]);
        var exchange = new OrderExchange([item.Item], [change.To.Item], paid.Method, Money.Usd(6.20m));
        var variant = new Variant(item.Item, item.Options, item.Price, true, 1_000);
        var line = new StockLine(item.Item, 1);
        return types
            .Add("order.imported", json.OrderImported, "order", new OrderImported(order, customer, address, [item], OrderStatus.Delivered, [new(["357962501027"], [item.Item])], [paid], null, exchange, new([item.Item], paid.Method), hash, At))
            .Add("order.placed", json.OrderPlaced, "order", new OrderPlaced(order, customer, address, [item], paid.Amount, paid.Method, PaymentSource.GiftCard, At))
            .Add("order.confirmed", json.OrderConfirmed, "order", new OrderConfirmed(order, customer, paid, At))
            .Add("order.placement.cancelled", json.OrderPlacementCancelled, "order", new OrderPlacementCancelled(order, customer, "out of stock", [refund], At))
            .Add("order.cancelled", json.OrderCancelled, "order", new OrderCancelled(order, customer, "no longer needed", [refund], settlement, At))
            .Add("order.address.changed", json.OrderAddressChanged, "order", new OrderAddressChanged(order, address, At))
            .Add("order.items.changed", json.OrderItemsChanged, "order", new OrderItemsChanged(order, [change], paid with { Amount = Money.Usd(6.20m) }, settlement, At))
            .Add("order.payment.changed", json.OrderPaymentChanged, "order", new OrderPaymentChanged(order, paid with { Method = "paypal_1001" }, refund, settlement, At))
            .Add("order.change.opened", json.OrderChangeOpened, "order", new OrderChangeOpened(order, customer, "9b1c", [line with { Item = change.To.Item }], [line], paid with { Amount = Money.Usd(6.20m) }, PaymentSource.GiftCard, null, null, At))
            .Add("order.change.settled", json.OrderChangeSettled, "order", new OrderChangeSettled(order, "9b1c", At))
            .Add("order.change.reverted", json.OrderChangeReverted, "order", new OrderChangeReverted(order, "9b1c", "Insufficient gift card balance", At))
            .Add("order.return.requested", json.OrderReturnRequested, "order", new OrderReturnRequested(order, customer, new([item.Item], paid.Method), At))
            .Add("order.return.received", json.OrderReturnReceived, "order", new OrderReturnReceived(order, customer, new([item.Item], paid.Method), refund, PaymentSource.GiftCard, At))
            .Add("order.return.completed", json.OrderReturnCompleted, "order", new OrderReturnCompleted(order, customer, refund, At))
            .Add("order.exchange.requested", json.OrderExchangeRequested, "order", new OrderExchangeRequested(order, customer, exchange, [change], PaymentSource.GiftCard, At))
            .Add("order.exchange.received", json.OrderExchangeReceived, "order", new OrderExchangeReceived(order, customer, exchange, PaymentSource.GiftCard, At))
            .Add("order.exchange.completed", json.OrderExchangeCompleted, "order", new OrderExchangeCompleted(order, customer, paid with { Amount = Money.Usd(6.20m) }, At))
            .Add("product.imported", json.ProductImported, "product", new ProductImported(item.Product, item.Name, [variant], hash, At))
            .Add("product.stock.reserved", json.StockReserved, "product", new StockReserved(item.Product, order, [line], At))
            .Add("product.stock.released", json.StockReleased, "product", new StockReleased(item.Product, order, [line], At))
            .Add("product.stock.reduced", json.StockReservationReduced, "product", new StockReservationReduced(item.Product, order, [line], At))
            .Add("product.stock.restocked", json.StockRestocked, "product", new StockRestocked(item.Product, order + "-return", [line], At))
            .Add("product.stock.committed", json.StockCommitted, "product", new StockCommitted(item.Product, order, [line], At))
            .Add("product.item.listed", json.ItemListed, "productItem", new ItemListed(item.Item, item.Product, At))
            .Add("catalog.product.listed", json.ProductListed, "catalog", new ProductListed(item.Product, item.Name, At));
    }
}

/// <summary>The source-generated JSON contracts of the events of orders, products and stock.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(OrderImported))]
[JsonSerializable(typeof(OrderPlaced))]
[JsonSerializable(typeof(OrderConfirmed))]
[JsonSerializable(typeof(OrderPlacementCancelled))]
[JsonSerializable(typeof(OrderCancelled))]
[JsonSerializable(typeof(OrderAddressChanged))]
[JsonSerializable(typeof(OrderItemsChanged))]
[JsonSerializable(typeof(OrderPaymentChanged))]
[JsonSerializable(typeof(OrderChangeOpened))]
[JsonSerializable(typeof(OrderReturnReceived))]
[JsonSerializable(typeof(OrderReturnCompleted))]
[JsonSerializable(typeof(StockReservationReduced))]
[JsonSerializable(typeof(StockRestocked))]
[JsonSerializable(typeof(OrderChangeSettled))]
[JsonSerializable(typeof(OrderChangeReverted))]
[JsonSerializable(typeof(OrderReturnRequested))]
[JsonSerializable(typeof(OrderExchangeRequested))]
[JsonSerializable(typeof(OrderExchangeReceived))]
[JsonSerializable(typeof(OrderExchangeCompleted))]
[JsonSerializable(typeof(ProductImported))]
[JsonSerializable(typeof(StockReserved))]
[JsonSerializable(typeof(StockReleased))]
[JsonSerializable(typeof(StockCommitted))]
[JsonSerializable(typeof(ItemListed))]
[JsonSerializable(typeof(ProductListed))]
internal sealed partial class OrderJson : JsonSerializerContext;
