using AIaaS.Commands.Tools;
using AIaaS.Domain.Orders;
using AIaaS.Domain.Sagas;

namespace Commands.Tests.Orders;

public abstract class PlacedOrders
{
    private protected SagaShop Shop { get; private set; } = null!;

    [SetUp]
    public async Task OpenAsync() => Shop = await SagaShop.OpenAsync();

    [TearDown]
    public async Task CloseAsync() => await Shop.DisposeAsync();

    private protected async Task<Order> ChangeItemsAsync(string order, string from, string to, string method)
    {
        await Shop.DoAsync("modify_pending_order_items", new { order_id = order, item_ids = new[] { from }, new_item_ids = new[] { to }, payment_method_id = method });
        await Shop.RunSagasAsync();
        return await Shop.OrderAsync(order);
    }

    private protected async Task<Order> PayWithAsync(string order, string method)
    {
        await Shop.DoAsync("modify_pending_order_payment", new { order_id = order, payment_method_id = method });
        await Shop.RunSagasAsync();
        return await Shop.OrderAsync(order);
    }

    /// <summary>What the books say was paid with each method, less what went back.</summary>
    private protected static Dictionary<string, decimal> Books(Order order) =>
        order.Payments.GroupBy(p => p.Method).ToDictionary(g => g.Key, g => g.Sum(p => p.Kind == OrderPaymentKind.Payment ? p.Amount.Amount : -p.Amount.Amount));

    /// <summary>An imported order of one item that was paid by card and is delivered.</summary>
    private protected async Task PaidElsewhereAsync(string item = "101")
    {
        var known = await Shop.OrderAsync("#W2");
        var line = known.Items[0] with { Item = item, Price = known.Items[0].Price with { Amount = item == "101" ? 10.1m : 20.2m } };
        var imported = new OrderImported("#W9", "ann_1", known.Address, [line], OrderStatus.Delivered, known.Fulfillments, [new(OrderPaymentKind.Payment, line.Price, "card_1")], null, null, null, "h", DateTimeOffset.UnixEpoch);
        await Shop.Shop.Orders.HandleAsync(new ImportOrder(SagaShop.Tenant, imported), ShopWorld.Context);
    }
}

public sealed class Changing_the_items_of_an_order_that_was_placed_here : PlacedOrders
{
    [Test]
    public async Task charges_the_difference_and_moves_the_reservation()
    {
        var order = await Shop.PlaceAsync("card_1", "101", "101");
        var changed = await ChangeItemsAsync(order, "101", "102", "card_1");
        (changed.Status, changed.Unsettled).Should().Be((OrderStatus.PendingItemsModified, null));
        (await Shop.TakenAsync()).Should().BeEquivalentTo(Books(changed)).And.Contain("card_1", 30.3m);
        (await Shop.StockAsync("101"), await Shop.StockAsync("102")).Should().Be(((5, 1), (5, 1)));
    }

    [Test]
    public async Task gives_the_difference_back_to_the_card_that_paid()
    {
        var order = await Shop.PlaceAsync("card_1", "102");
        var changed = await ChangeItemsAsync(order, "102", "101", "card_1");
        (await Shop.TakenAsync()).Should().BeEquivalentTo(Books(changed)).And.Contain("card_1", 10.1m);
        (await Shop.StockAsync("101"), await Shop.StockAsync("102")).Should().Be(((5, 1), (5, 0)));
    }

    [Test]
    public async Task gives_the_difference_back_to_a_gift_card_where_that_is_wanted()
    {
        var order = await Shop.PlaceAsync("card_1", "102");
        await ChangeItemsAsync(order, "102", "101", "gift_1");
        (await Shop.GiftCardAsync()).Should().Be(60.1m);
        (await Shop.TakenAsync()).Should().Contain("card_1", 20.2m);
    }

    [Test]
    public async Task is_refused_where_the_money_would_go_to_a_card_that_did_not_pay()
    {
        var order = await Shop.PlaceAsync("card_1", "102");
        (await Shop.CallAsync("modify_pending_order_items", new { order_id = order, item_ids = new[] { "102" }, new_item_ids = new[] { "101" }, payment_method_id = "card_2" })).Should().BeOfType<ToolOutcome.Failed>();
    }

    [Test]
    public async Task is_taken_back_where_the_card_is_declined()
    {
        var order = await Shop.PlaceAsync("card_1", "101");
        var before = await Shop.OrderAsync(order);
        var after = await ChangeItemsAsync(order, "101", "102", "pm_card_visa_chargeDeclined");
        after.Should().BeEquivalentTo(before);
        (await Shop.TakenAsync()).Should().Contain("card_1", 10.1m).And.Contain("pm_card_visa_chargeDeclined", 0);
        (await Shop.StockAsync("101"), await Shop.StockAsync("102")).Should().Be(((5, 1), (5, 0)));
    }

    [Test]
    public async Task is_taken_back_where_the_new_item_went_meanwhile()
    {
        var order = await Shop.PlaceAsync("card_1", "101");
        await Shop.DoAsync("modify_pending_order_items", new { order_id = order, item_ids = new[] { "101" }, new_item_ids = new[] { "102" }, payment_method_id = "card_1" });
        await Shop.DoAsync("reserve_stock", new { reservation = "elsewhere", items = new[] { new { item_id = "102", quantity = 5 } } });
        await Shop.RunSagasAsync();
        (await Shop.OrderAsync(order)).Status.Should().Be(OrderStatus.Pending);
        (await Shop.TakenAsync()).Should().Contain("card_1", 10.1m);
    }

    [Test]
    public async Task keeps_the_order_from_being_cancelled_until_it_is_settled()
    {
        var order = await Shop.PlaceAsync("card_1", "101");
        await Shop.DoAsync("modify_pending_order_payment", new { order_id = order, payment_method_id = "card_2" });
        (await Shop.CallAsync("cancel_pending_order", new { order_id = order, reason = "no longer needed" })).Should().BeOfType<ToolOutcome.Failed>().Which.Retryable.Should().BeTrue();
    }
}

public sealed class Paying_a_placed_order_in_another_way : PlacedOrders
{
    [Test]
    public async Task charges_the_new_card_and_gives_back_to_the_old_one()
    {
        var changed = await PayWithAsync(await Shop.PlaceAsync("card_1", "101"), "card_2");
        (await Shop.TakenAsync()).Should().BeEquivalentTo(Books(changed));
        (await Shop.TakenAsync()).Should().Contain("card_1", 0).And.Contain("card_2", 10.1m);
    }

    [Test]
    public async Task from_a_card_to_a_gift_card_moves_both()
    {
        var changed = await PayWithAsync(await Shop.PlaceAsync("card_1", "101"), "gift_1");
        changed.Unsettled.Should().BeNull();
        (await Shop.TakenAsync()).Should().Contain("card_1", 0);
        (await Shop.GiftCardAsync()).Should().Be(39.9m);
    }

    [Test]
    public async Task from_a_gift_card_to_a_card_moves_both()
    {
        await PayWithAsync(await Shop.PlaceAsync("gift_1", "101"), "card_1");
        (await Shop.TakenAsync()).Should().Contain("card_1", 10.1m);
        (await Shop.GiftCardAsync()).Should().Be(50);
    }

    [Test]
    public async Task is_taken_back_where_the_new_card_is_declined()
    {
        var order = await Shop.PlaceAsync("card_1", "101");
        var after = await PayWithAsync(order, "pm_card_visa_chargeDeclined");
        after.Payments.Should().ContainSingle().Which.Method.Should().Be("card_1");
        (await Shop.TakenAsync()).Should().Contain("card_1", 10.1m);
    }

    [Test]
    public async Task gives_back_what_the_new_card_paid_when_the_order_is_cancelled()
    {
        var order = await Shop.PlaceAsync("card_1", "101");
        await PayWithAsync(order, "card_2");
        await Shop.DoAsync("cancel_pending_order", new { order_id = order, reason = "no longer needed" });
        await Shop.RunSagasAsync();
        (await Shop.TakenAsync()).Should().Contain("card_1", 0).And.Contain("card_2", 0);
        (await Shop.StockAsync("101")).Should().Be((5, 0));
        var cancelled = await Shop.OrderAsync(order);
        (cancelled.Status, cancelled.Awaited).Should().Be((OrderStatus.Cancelled, null));
        (await Shop.SagaAsync("order-cancellation", order)).Status.Should().Be(SagaStatus.Completed);
    }
}

public sealed class Receiving_a_return : PlacedOrders
{
    [Test]
    public async Task puts_the_items_on_the_shelf_and_gives_the_money_back_to_a_gift_card()
    {
        await Shop.DoAsync("return_delivered_order_items", new { order_id = "#W2", item_ids = new[] { "101" }, payment_method_id = "gift_1" });
        (await Shop.DoAsync("receive_return", new { order_id = "#W2" })).GetProperty("status").GetString().Should().Be("return received");
        await Shop.RunSagasAsync();
        await Shop.DoAsync("receive_return", new { order_id = "#W2" });
        await Shop.RunSagasAsync();
        var order = await Shop.OrderAsync("#W2");
        (order.Status, order.Paid().Amount).Should().Be((OrderStatus.Returned, 0m));
        (await Shop.GiftCardAsync()).Should().Be(60.1m);
        (await Shop.StockAsync("101")).Should().Be((6, 0));
    }

    [Test]
    public async Task that_nobody_asked_for_is_refused() =>
        (await Shop.CallAsync("receive_return", new { order_id = "#W2" })).Should().BeOfType<ToolOutcome.Failed>();

    [Test]
    public async Task is_not_the_customers_to_say() =>
        (await Shop.Shop.CallAsync("receive_return", """{"order_id":"#W2"}""", customer: "ann_1")).Should().BeOfType<ToolOutcome.Failed>().Which.Code.Should().Be("shop-only");

    [Test]
    public async Task of_what_was_paid_elsewhere_leaves_the_refund_to_a_person_and_does_not_claim_it()
    {
        await PaidElsewhereAsync();
        await Shop.DoAsync("return_delivered_order_items", new { order_id = "#W9", item_ids = new[] { "101" }, payment_method_id = "card_1" });
        await Shop.DoAsync("receive_return", new { order_id = "#W9" });
        await Shop.RunSagasAsync();
        (await Shop.SagaAsync("order-return", "#W9")).Parked!.Step.Should().Be("refund");
        (await Shop.OrderAsync("#W9")).Status.Should().Be(OrderStatus.ReturnReceived);

        await Shop.ResumeAsync("order-return", "#W9", undone: true);
        await Shop.RunSagasAsync();
        (await Shop.OrderAsync("#W9")).Status.Should().Be(OrderStatus.Returned);
        (await Shop.SagaAsync("order-return", "#W9")).Status.Should().Be(SagaStatus.Completed);
    }
}

public sealed class Receiving_an_exchange : PlacedOrders
{
    [Test]
    public async Task puts_the_items_on_the_shelf_and_takes_the_difference()
    {
        await PaidElsewhereAsync();
        await ExchangeAsync("101", "102", "card_1");
        (await Shop.SagaAsync("order-exchange", "#W9")).Status.Should().Be(SagaStatus.Completed);
        (await Shop.TakenAsync()).Should().Contain("card_1", 10.1m);
        (await Shop.StockAsync("101"), await Shop.StockAsync("102")).Should().Be(((6, 0), (5, 1)));
    }

    [Test]
    public async Task of_what_was_paid_elsewhere_leaves_a_refund_to_a_person()
    {
        await PaidElsewhereAsync("102");
        await ExchangeAsync("102", "101", "card_1");
        var saga = await Shop.SagaAsync("order-exchange", "#W9");
        (saga.Status, saga.Parked?.Step).Should().Be((SagaStatus.Parked, "refund"));

        await Shop.ResumeAsync("order-exchange", "#W9", undone: true);
        await Shop.RunSagasAsync();
        (await Shop.SagaAsync("order-exchange", "#W9")).Status.Should().Be(SagaStatus.Completed);
        (await Shop.StockAsync("101"), await Shop.StockAsync("102")).Should().Be(((5, 1), (6, 0)));
    }

    private async Task ExchangeAsync(string item, string @for, string method)
    {
        await Shop.DoAsync("exchange_delivered_order_items", new { order_id = "#W9", item_ids = new[] { item }, new_item_ids = new[] { @for }, payment_method_id = method });
        await Shop.DoAsync("receive_exchange", new { order_id = "#W9" });
        await Shop.RunSagasAsync();
    }
}
