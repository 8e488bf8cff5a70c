using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using AIaaS.Commands.Tools;
using AIaaS.Domain;
using AIaaS.Domain.Customers;
using AIaaS.Domain.Orders;
using AIaaS.Domain.Tools;
using AIaaS.EventStore;

namespace AIaaS.Commands.Orders;

/// <summary>Makes the shop's tools; <see cref="OrderTools"/> says what each takes and returns.</summary>
internal sealed class ShopTools(Shop shop)
{
    private const string Version = "1.0.0";

    public IReadOnlyList<ITool> All() =>
    [
        Reading(OrderTools.FindCustomerByNameAndZip, "Find a customer's id by first name, last name and postal code. Use it only where the customer cannot be found by e-mail address.", ShopSchemas.NameAndZip, ShopSchemas.Text, FindByNameAndZipAsync, ToolAccess.Public, authenticates: true),
        Reading(OrderTools.FindCustomerByEmail, "Find a customer's id by e-mail address.", ShopSchemas.Email, ShopSchemas.Text, FindByEmailAsync, ToolAccess.Public, authenticates: true),
        Reading(OrderTools.GetCustomer, "Get a customer's profile: name, address, e-mail address, payment methods and orders.", ShopSchemas.UserId, ShopSchemas.Customer, GetCustomerAsync, ToolAccess.Customer),
        Reading(OrderTools.GetOrder, "Get an order: status, items, address, what was sent and what was paid. The id begins with '#'.", ShopSchemas.OrderId, ShopSchemas.Order, GetOrderAsync, ToolAccess.Customer),
        Reading(OrderTools.GetProduct, "Get a product with all its variants, their prices and whether each is available. A product's id is not an item's id.", ShopSchemas.ProductId, ShopSchemas.Product, GetProductAsync, ToolAccess.Public),
        Reading(OrderTools.GetItem, "Get one variant of a product by its item's id: options, price, and whether it is available.", ShopSchemas.ItemId, ShopSchemas.Variant, GetItemAsync, ToolAccess.Public),
        Reading(OrderTools.ListProducts, "List the names and ids of all products.", ShopSchemas.Empty, ShopSchemas.Text, ListProductsAsync, ToolAccess.Public),
        Reading(OrderTools.Calculate, "Calculate an expression of numbers, + - * / and parentheses, to two decimals.", ShopSchemas.Expression, ShopSchemas.Text, CalculateAsync, ToolAccess.Public),
        Changing(OrderTools.CancelOrder, "Cancel a pending order. The reason is 'no longer needed' or 'ordered by mistake'. What was paid goes back: to a gift card at once, otherwise in 5 to 7 business days.", ShopSchemas.Cancel, ShopSchemas.Order, CancelOrderAsync),
        Changing(OrderTools.ChangeOrderAddress, "Change where a pending order is sent.", ShopSchemas.OrderAddress, ShopSchemas.Order, ChangeOrderAddressAsync),
        Changing(OrderTools.ChangeOrderItems, "Change items of a pending order into other variants of the same products. Possible once for an order, so name all items at once.", ShopSchemas.Exchange, ShopSchemas.Order, ChangeOrderItemsAsync),
        Changing(OrderTools.ChangeOrderPayment, "Pay a pending order with another of the customer's payment methods.", ShopSchemas.OrderPayment, ShopSchemas.Order, ChangeOrderPaymentAsync),
        Changing(OrderTools.ReturnItems, "Return items of a delivered order. The refund goes to the original payment method or to a gift card of the customer.", ShopSchemas.Return, ShopSchemas.Order, ReturnItemsAsync),
        Changing(OrderTools.ExchangeItems, "Exchange items of a delivered order for other variants of the same products. Possible once for an order, so name all items at once.", ShopSchemas.Exchange, ShopSchemas.Order, ExchangeItemsAsync),
        Changing(OrderTools.ChangeCustomerAddress, "Change a customer's default address.", ShopSchemas.UserAddress, ShopSchemas.Customer, ChangeCustomerAddressAsync),
        Changing(OrderTools.PlaceOrder, "Place an order. It is confirmed when stock is reserved and the money has come.", ShopSchemas.Place, ShopSchemas.Placed, PlaceOrderAsync, OrderTools.CancelPlacement),
        Internal(OrderTools.ReserveStock, "Reserve items, all or none.", ShopSchemas.Reservation, ShopSchemas.Reservation, ReserveStockAsync, OrderTools.ReleaseStock),
        Internal(OrderTools.ReleaseStock, "End a reservation: its items can be bought again.", ShopSchemas.Undoing(ShopSchemas.Reservation), ShopSchemas.Reservation, ReleaseStockAsync),
        Internal(OrderTools.CommitStock, "End a reservation whose items have left the shop.", ShopSchemas.Reservation, ShopSchemas.Reservation, CommitStockAsync),
        Internal(OrderTools.DebitGiftCard, "Take money from a customer's gift card, once for each reference.", ShopSchemas.GiftCard, ShopSchemas.GiftCardMoved, DebitGiftCardAsync, OrderTools.CreditGiftCard),
        Internal(OrderTools.CreditGiftCard, "Put money on a customer's gift card, once for each reference.", ShopSchemas.Undoing(ShopSchemas.GiftCard), ShopSchemas.GiftCardMoved, CreditGiftCardAsync),
        Internal(OrderTools.ConfirmOrder, "Confirm an order that was placed and paid.", ShopSchemas.Confirm, ShopSchemas.Order, ConfirmOrderAsync, OrderTools.CancelPlacement),
        Internal(OrderTools.CancelPlacement, "Give up an order that was placed.", ShopSchemas.Undoing(ShopSchemas.CancelPlacement), ShopSchemas.Order, CancelPlacementAsync),
        Internal(OrderTools.ReceiveExchange, "Note that the shop has received what is exchanged.", ShopSchemas.OrderId, ShopSchemas.ExchangeReceived, ReceiveExchangeAsync),
        Internal(OrderTools.CompleteExchange, "Note that an exchange is paid for, so that the new items go out.", ShopSchemas.OrderId, ShopSchemas.Order, CompleteExchangeAsync),
        Internal(OrderTools.ReceiveReturn, "Note that the shop has received what is returned: it goes on the shelf again and is refunded.", ShopSchemas.OrderId, ShopSchemas.Order, ReceiveReturnAsync),
        Internal(OrderTools.CompleteReturn, "Note that a return is on the shelf and refunded.", ShopSchemas.OrderId, ShopSchemas.Order, CompleteReturnAsync),
        Internal(OrderTools.Restock, "Put items on the shelf again, once for each reference.", ShopSchemas.Restock, ShopSchemas.Restock, RestockAsync),
        Internal(OrderTools.ReduceReservation, "Let go of a part of what a reservation holds, once for each reference.", ShopSchemas.ReducedReservation, ShopSchemas.ReducedReservation, ReduceReservationAsync),
        Internal(OrderTools.SettleOrderChange, "Note that a change of an order is paid.", ShopSchemas.OrderChange, ShopSchemas.Order, SettleOrderChangeAsync),
        Internal(OrderTools.RevertOrderChange, "Take back a change of an order that could not be paid or supplied.", ShopSchemas.OrderChange, ShopSchemas.Order, RevertOrderChangeAsync),
    ];

    private static ShopTool Reading(string name, string description, string input, string output, Func<ShopCall, CancellationToken, Task<JsonElement>> work, ToolAccess access, bool authenticates = false) =>
        new(new(name, Version, description, input, output) { Idempotent = true, Access = access, Authenticates = authenticates, TimeoutMs = 5_000, Bulkhead = 128 }, work);

    private static ShopTool Changing(string name, string description, string input, string output, Func<ShopCall, CancellationToken, Task<JsonElement>> work, string? compensation = null) =>
        new(new(name, Version, description, input, output) { SideEffect = true, Idempotent = true, Access = ToolAccess.Customer, Confirmation = true, Compensation = compensation, Bulkhead = 128 }, work);

    /// <summary>For sagas and operators: refused on a customer's behalf.</summary>
    private static ShopTool Internal(string name, string description, string input, string output, Func<ShopCall, CancellationToken, Task<JsonElement>> work, string? compensation = null) =>
        Changing(name, description, input, output, (call, ended) =>
        {
            call.MustBeTheShop();
            return work(call, ended);
        }, compensation);

    private async Task<JsonElement> FindByNameAndZipAsync(ShopCall call, CancellationToken cancellationToken) =>
        await FindAsync(call, CustomerIdentity.ByNameAndZip(call.Text("first_name"), call.Text("last_name"), call.Text("zip")), cancellationToken);

    private async Task<JsonElement> FindByEmailAsync(ShopCall call, CancellationToken cancellationToken) =>
        await FindAsync(call, CustomerIdentity.ByEmail(call.Text("email")), cancellationToken);

    private async Task<JsonElement> FindAsync(ShopCall call, string key, CancellationToken cancellationToken)
    {
        var customer = await shop.IdentifyAsync(call.Tenant, key, cancellationToken);
        if (!call.IsAnonymous)
        {
            call.MustBeOf(customer, CustomerErrors.NotFound);
        }

        return ShopJson.Of(customer);
    }

    private async Task<JsonElement> GetCustomerAsync(ShopCall call, CancellationToken cancellationToken) =>
        ShopJson.Of(await CustomerAsync(call, cancellationToken));

    private async Task<JsonElement> GetOrderAsync(ShopCall call, CancellationToken cancellationToken) =>
        ShopJson.Of(await OrderAsync(call, cancellationToken));

    private async Task<JsonElement> GetProductAsync(ShopCall call, CancellationToken cancellationToken) =>
        ShopJson.Of(await shop.ProductAsync(call.Tenant, call.Text("product_id"), cancellationToken));

    private async Task<JsonElement> GetItemAsync(ShopCall call, CancellationToken cancellationToken)
    {
        var item = call.Text("item_id");
        var product = await shop.ProductOfAsync(call.Tenant, item, cancellationToken);
        return ShopJson.Of(product, product.Find(item) ?? throw new DomainException(ProductErrors.ItemNotFound));
    }

    private async Task<JsonElement> ListProductsAsync(ShopCall call, CancellationToken cancellationToken)
    {
        var list = await shop.Catalog.FindAsync(call.Tenant, cancellationToken);

        // A text that holds JSON, with a space behind each colon and comma: so the shop's records have it.
        var text = new StringBuilder("{");
        foreach (var (id, name) in list.Products.OrderBy(p => p.Value, StringComparer.Ordinal).ThenBy(p => p.Key, StringComparer.Ordinal).DistinctBy(p => p.Value))
        {
            text.Append(text.Length > 1 ? ", " : "").Append(ShopJson.Of(name).GetRawText()).Append(": ").Append(ShopJson.Of(id).GetRawText());
        }

        return ShopJson.Of(text.Append('}').ToString());
    }

    private static Task<JsonElement> CalculateAsync(ShopCall call, CancellationToken cancellationToken) =>
        Arithmetic.Evaluate(call.Text("expression"), out var fault) is { } value
            ? Task.FromResult(ShopJson.Of(value))
            : throw new DomainException(new("expression-invalid", fault!, "Use numbers, + - * /, parentheses and spaces."));

    private async Task<JsonElement> CancelOrderAsync(ShopCall call, CancellationToken cancellationToken)
    {
        var order = await OrderAsync(call, cancellationToken);
        var customer = await shop.Customers.FindAsync(call.Tenant, order.Customer, cancellationToken);
        var cancelled = await shop.ChangeAsync(new CancelOrder(call.Tenant, order.Id!, call.Text("reason"), customer, call.Operation, Now), OrderErrors.InsufficientForOrder, call.Context, cancellationToken);
        return ShopJson.Of(cancelled.State);
    }

    private async Task<JsonElement> ChangeOrderAddressAsync(ShopCall call, CancellationToken cancellationToken)
    {
        var order = await OrderAsync(call, cancellationToken);
        var changed = await shop.Orders.HandleAsync(new ChangeOrderAddress(call.Tenant, order.Id!, call.Address(), Now), call.Context, cancellationToken);
        return ShopJson.Of(changed.State);
    }

    private async Task<JsonElement> ChangeOrderItemsAsync(ShopCall call, CancellationToken cancellationToken)
    {
        var order = await OrderAsync(call, cancellationToken);
        var customer = await shop.Customers.FindAsync(call.Tenant, order.Customer, cancellationToken);
        var products = await shop.ProductsOfAsync(call.Tenant, order, cancellationToken);
        var changed = await shop.ChangeAsync(
            new ChangeOrderItems(call.Tenant, order.Id!, call.Texts("item_ids"), call.Texts("new_item_ids"), call.Text("payment_method_id"), customer, products, call.Operation, Now),
            OrderErrors.InsufficientForItem,
            call.Context,
            cancellationToken);
        return ShopJson.Of(changed.State);
    }

    private async Task<JsonElement> ChangeOrderPaymentAsync(ShopCall call, CancellationToken cancellationToken)
    {
        var order = await OrderAsync(call, cancellationToken);
        var customer = await shop.Customers.FindAsync(call.Tenant, order.Customer, cancellationToken);
        var changed = await shop.ChangeAsync(new ChangeOrderPayment(call.Tenant, order.Id!, call.Text("payment_method_id"), customer, call.Operation, Now), OrderErrors.InsufficientForOrder, call.Context, cancellationToken);
        return ShopJson.Of(changed.State);
    }

    private async Task<JsonElement> ReturnItemsAsync(ShopCall call, CancellationToken cancellationToken)
    {
        var order = await OrderAsync(call, cancellationToken);
        var customer = await shop.Customers.FindAsync(call.Tenant, order.Customer, cancellationToken);
        var requested = await shop.Orders.HandleAsync(new RequestReturn(call.Tenant, order.Id!, call.Texts("item_ids"), call.Text("payment_method_id"), customer, Now), call.Context, cancellationToken);
        return ShopJson.Of(requested.State);
    }

    private async Task<JsonElement> ExchangeItemsAsync(ShopCall call, CancellationToken cancellationToken)
    {
        var order = await OrderAsync(call, cancellationToken);
        var customer = await shop.Customers.FindAsync(call.Tenant, order.Customer, cancellationToken);
        var products = await shop.ProductsOfAsync(call.Tenant, order, cancellationToken);
        var requested = await shop.Orders.HandleAsync(
            new RequestExchange(call.Tenant, order.Id!, call.Texts("item_ids"), call.Texts("new_item_ids"), call.Text("payment_method_id"), customer, products, Now),
            call.Context,
            cancellationToken);
        return ShopJson.Of(requested.State);
    }

    private async Task<JsonElement> ChangeCustomerAddressAsync(ShopCall call, CancellationToken cancellationToken)
    {
        var customer = await CustomerAsync(call, cancellationToken);
        var changed = await shop.ChangeAddressAsync(new ChangeCustomerAddress(call.Tenant, customer.Id!, call.Address(), Now), call.Context, cancellationToken);
        return ShopJson.Of(changed.State);
    }

    private async Task<JsonElement> PlaceOrderAsync(ShopCall call, CancellationToken cancellationToken)
    {
        var customer = await CustomerAsync(call, cancellationToken);
        if (call.OptionalText("order_id") is { } order && !ShopText.IsId(order))
        {
            throw new DomainException(new(ShopCall.InvalidInput, "The input is not possible: 'order_id' must be without white space", "Leave the id out: the shop then makes one.", 400));
        }

        var placed = await shop.PlaceAsync(call.Tenant, call.OptionalText("order_id"), customer.Id!, call.Lines(), call.Text("payment_method_id"), call.OptionalAddress("address"), call.Context, cancellationToken);
        var @event = placed.Events.OfType<OrderPlaced>().Single();
        return ShopJson.Write(json =>
        {
            json.WriteStartObject();
            json.WriteString("order_id", @event.Order);
            json.WriteString("user_id", @event.Customer);
            json.WriteString("status", ShopJson.Text(OrderStatus.Placing));
            json.WritePropertyName("items");
            Write(json, [.. @event.Items.GroupBy(i => i.Item).Select(g => new StockLine(g.Key, g.Count()))]);
            json.WriteString("payment_method_id", @event.Method);
            json.WriteString("payment_source", ShopJson.Text(@event.Source));
            json.WriteNumber("total", @event.Total.Amount);
            json.WriteString("currency", @event.Total.Currency);
            json.WriteEndObject();
        });
    }

    private async Task<JsonElement> ReserveStockAsync(ShopCall call, CancellationToken cancellationToken)
    {
        await shop.ReserveAsync(call.Text("reservation"), call.Lines(), call.Context, cancellationToken);
        return Reservation(call);
    }

    private async Task<JsonElement> ReleaseStockAsync(ShopCall call, CancellationToken cancellationToken)
    {
        await shop.ReleaseAsync(call.Text("reservation"), call.Lines(), call.Context, cancellationToken);
        return Reservation(call);
    }

    private async Task<JsonElement> CommitStockAsync(ShopCall call, CancellationToken cancellationToken)
    {
        await shop.CommitAsync(call.Text("reservation"), call.Lines(), call.Context, cancellationToken);
        return Reservation(call);
    }

    private async Task<JsonElement> DebitGiftCardAsync(ShopCall call, CancellationToken cancellationToken)
    {
        var customer = await CustomerAsync(call, cancellationToken);
        return customer.Operations.Any(o => o.Key == Named(call, "credit"))
            ? throw new DomainException(new("gift-card-reversed", "The debit was given back", "Use another reference."))
            : await MoveGiftCardAsync(call, "debit", amount => amount with { Amount = -amount.Amount }, cancellationToken);
    }

    private Task<JsonElement> CreditGiftCardAsync(ShopCall call, CancellationToken cancellationToken) =>
        MoveGiftCardAsync(call, "credit", amount => amount, cancellationToken);

    private async Task<JsonElement> MoveGiftCardAsync(ShopCall call, string direction, Func<Money, Money> signed, CancellationToken cancellationToken)
    {
        var amount = call.Amount();
        var card = call.Text("payment_method_id");
        var (declined, customer) = await shop.MoveAsync(call.Context, call.Text("user_id"), Named(call, direction), [new(card, signed(amount))], cancellationToken);
        if (declined is not null)
        {
            throw new DomainException(new("gift-card-declined", declined, "Take another payment method."));
        }

        return ShopJson.Write(json =>
        {
            json.WriteStartObject();
            json.WriteString("user_id", customer.Id);
            json.WriteString("payment_method_id", card);
            json.WriteNumber("amount", amount.Amount);
            json.WriteString("currency", amount.Currency);
            json.WriteString("reference", call.Text("reference"));
            json.WriteNumber("balance", customer.Method(card)?.Balance?.Amount ?? 0);
            json.WriteEndObject();
        });
    }

    private async Task<JsonElement> ConfirmOrderAsync(ShopCall call, CancellationToken cancellationToken) =>
        ShopJson.Of((await shop.Orders.HandleAsync(new ConfirmOrder(call.Tenant, call.Text("order_id"), call.Text("payment_method_id"), call.Amount(), Now), call.Context, cancellationToken)).State);

    private async Task<JsonElement> CancelPlacementAsync(ShopCall call, CancellationToken cancellationToken) =>
        ShopJson.Of((await shop.Orders.HandleAsync(new CancelPlacement(call.Tenant, call.PlacedOrder(), call.OptionalText("reason") ?? "the shop could not go through with it", Now), call.Context, cancellationToken)).State);

    private async Task<JsonElement> ReceiveExchangeAsync(ShopCall call, CancellationToken cancellationToken)
    {
        var order = await OrderAsync(call, cancellationToken);
        var customer = await shop.Customers.FindAsync(call.Tenant, order.Customer, cancellationToken);
        var received = (await shop.Orders.HandleAsync(new ReceiveExchange(call.Tenant, order.Id!, customer, Now), call.Context, cancellationToken)).State;
        var exchange = received.Exchange!;
        return ShopJson.Write(json =>
        {
            json.WriteStartObject();
            json.WriteString("order_id", received.Id);
            json.WriteString("user_id", received.Customer);
            json.WriteStartArray("items");
            foreach (var item in exchange.Items)
            {
                json.WriteStringValue(item);
            }

            json.WriteEndArray();
            json.WritePropertyName("new_items");
            Write(json, [.. exchange.NewItems.GroupBy(i => i).Select(g => new StockLine(g.Key, g.Count()))]);
            json.WriteString("payment_method_id", exchange.Method);
            json.WriteString("payment_source", customer.Method(exchange.Method) is { } method ? ShopJson.Text(method.Source) : null);
            json.WriteNumber("difference", exchange.Difference.Amount);
            json.WriteString("currency", exchange.Difference.Currency);
            json.WriteEndObject();
        });
    }

    private async Task<JsonElement> CompleteExchangeAsync(ShopCall call, CancellationToken cancellationToken) =>
        ShopJson.Of((await shop.Orders.HandleAsync(new CompleteExchange(call.Tenant, call.Text("order_id"), Now), call.Context, cancellationToken)).State);

    private async Task<JsonElement> ReceiveReturnAsync(ShopCall call, CancellationToken cancellationToken)
    {
        var order = await OrderAsync(call, cancellationToken);
        var customer = await shop.Customers.FindAsync(call.Tenant, order.Customer, cancellationToken);
        return ShopJson.Of((await shop.Orders.HandleAsync(new ReceiveReturn(call.Tenant, order.Id!, customer, Now), call.Context, cancellationToken)).State);
    }

    private async Task<JsonElement> CompleteReturnAsync(ShopCall call, CancellationToken cancellationToken) =>
        ShopJson.Of((await shop.Orders.HandleAsync(new CompleteReturn(call.Tenant, call.Text("order_id"), Now), call.Context, cancellationToken)).State);

    private async Task<JsonElement> RestockAsync(ShopCall call, CancellationToken cancellationToken)
    {
        await shop.RestockAsync(call.Text("reference"), call.Lines(), call.Context, cancellationToken);
        return call.Input.Clone();
    }

    private async Task<JsonElement> ReduceReservationAsync(ShopCall call, CancellationToken cancellationToken)
    {
        await shop.ReduceAsync(call.Text("reservation"), call.Text("reference"), call.Lines(), call.Context, cancellationToken);
        return call.Input.Clone();
    }

    private Task<JsonElement> SettleOrderChangeAsync(ShopCall call, CancellationToken cancellationToken) => SettleAsync(call, null, cancellationToken);

    private Task<JsonElement> RevertOrderChangeAsync(ShopCall call, CancellationToken cancellationToken) =>
        SettleAsync(call, call.OptionalText("reason") ?? "the shop could not go through with it", cancellationToken);

    private async Task<JsonElement> SettleAsync(ShopCall call, string? declined, CancellationToken cancellationToken)
    {
        var order = await OrderAsync(call, cancellationToken);
        return ShopJson.Of((await shop.Orders.HandleAsync(new SettleOrderChange(call.Tenant, order.Id!, call.Text("operation"), declined, Now), call.Context, cancellationToken)).State);
    }

    private DateTimeOffset Now => shop.Time.GetUtcNow();

    private async Task<Order> OrderAsync(ShopCall call, CancellationToken cancellationToken)
    {
        var order = await shop.OrderAsync(call.Tenant, call.Text("order_id"), cancellationToken);
        call.MustBeOf(order.Customer, OrderErrors.NotFound);
        return order;
    }

    private async Task<Customer> CustomerAsync(ShopCall call, CancellationToken cancellationToken)
    {
        var customer = call.Text("user_id");
        var found = await shop.Customers.FindAsync(call.Tenant, customer, cancellationToken);
        if (found.Id is null)
        {
            throw new DomainException(CustomerErrors.NotFound);
        }

        call.MustBeOf(customer, CustomerErrors.NotFound);
        return found;
    }

    private static string Named(ShopCall call, string direction) =>
        NamedId.Of("gift-card", direction, call.Text("user_id"), call.Text("payment_method_id"), call.Text("reference")).ToString("N");

    private static JsonElement Reservation(ShopCall call)
    {
        var (reservation, lines) = (call.Text("reservation"), call.Lines());
        return ShopJson.Write(json =>
        {
            json.WriteStartObject();
            json.WriteString("reservation", reservation);
            json.WritePropertyName("items");
            Write(json, lines);
            json.WriteEndObject();
        });
    }

    private static void Write(Utf8JsonWriter json, ImmutableArray<StockLine> lines)
    {
        json.WriteStartArray();
        foreach (var (item, quantity) in lines)
        {
            json.WriteStartObject();
            json.WriteString("item_id", item);
            json.WriteNumber("quantity", quantity);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
