using AIaaS.Commands.Orders;
using AIaaS.Domain;
using AIaaS.Domain.Customers;
using AIaaS.Domain.Orders;

namespace Commands.Tests.Orders;

public abstract class GiftCards
{
    private protected ShopWorld World { get; private set; } = null!;

    [SetUp]
    public async Task OpenAsync() => World = await SmallShop.OpenAsync();

    [TearDown]
    public async Task CloseAsync() => await World.DisposeAsync();

    private protected async Task<decimal> BalanceAsync() => (await World.Customers.FindAsync(ShopWorld.Tenant, "ann_1")).Method("gift_1")!.Balance!.Value.Amount;

    private protected Task<Order> OrderAsync(string order = "#W1") => World.Orders.FindAsync(ShopWorld.Tenant, order);
}

public sealed class Changing_an_orders_payment_to_a_gift_card : GiftCards
{
    private const string Input = """{"order_id":"#W1","payment_method_id":"gift_1"}""";

    [Test]
    public async Task takes_the_money_from_it()
    {
        await World.DoAsync(OrderTools.ChangeOrderPayment, Input);
        (await BalanceAsync()).Should().Be(39.9m);
        (await OrderAsync()).Unsettled.Should().BeNull();
    }

    [Test]
    public async Task takes_it_once_however_often_the_call_is_repeated()
    {
        var first = await World.DoAsync(OrderTools.ChangeOrderPayment, Input, "k");
        var again = await World.DoAsync(OrderTools.ChangeOrderPayment, Input, "k");
        await World.FollowUpAsync();
        again.GetRawText().Should().Be(first.GetRawText());
        (await BalanceAsync()).Should().Be(39.9m);
    }

    [Test]
    public async Task is_completed_after_a_crash_between_order_and_gift_card()
    {
        var customer = await World.Customers.FindAsync(ShopWorld.Tenant, "ann_1");
        await World.Orders.HandleAsync(new ChangeOrderPayment(ShopWorld.Tenant, "#W1", "gift_1", customer, "op", DateTimeOffset.UnixEpoch), ShopWorld.Context);
        (await BalanceAsync()).Should().Be(50);
        await World.FollowUpAsync();
        await World.FollowUpAsync();
        (await BalanceAsync()).Should().Be(39.9m);
        (await OrderAsync()).Unsettled.Should().BeNull();
    }

    [Test]
    public async Task is_taken_back_where_the_money_went_meanwhile()
    {
        // Decided on what the gift card held a moment ago.
        var customer = await World.Customers.FindAsync(ShopWorld.Tenant, "ann_1");
        await World.DoAsync(OrderTools.DebitGiftCard, """{"user_id":"ann_1","payment_method_id":"gift_1","amount":45,"currency":"USD","reference":"elsewhere"}""");
        var change = () => World.Shop.ChangeAsync(new ChangeOrderPayment(ShopWorld.Tenant, "#W1", "gift_1", customer, "op", DateTimeOffset.UnixEpoch), OrderErrors.InsufficientForOrder, ShopWorld.Context with { IdempotencyKey = "k" });
        (await change.Should().ThrowAsync<AIaaS.EventStore.DomainException>()).Which.Error.Should().Be(OrderErrors.InsufficientForOrder);

        // Money that comes later does not bring a change back that was declined.
        await World.DoAsync(OrderTools.CreditGiftCard, """{"user_id":"ann_1","payment_method_id":"gift_1","amount":45,"currency":"USD","reference":"back"}""");
        await change.Should().ThrowAsync<AIaaS.EventStore.DomainException>();
        await World.FollowUpAsync();
        (await BalanceAsync()).Should().Be(50);
        (await OrderAsync()).Payments.Should().ContainSingle().Which.Method.Should().Be("card_1");
    }

    [Test]
    public async Task is_refused_at_once_where_it_has_too_little()
    {
        await World.DoAsync(OrderTools.DebitGiftCard, """{"user_id":"ann_1","payment_method_id":"gift_1","amount":45,"currency":"USD","reference":"elsewhere"}""");
        (await World.RefusedAsync(OrderTools.ChangeOrderPayment, Input)).Should().Be("Insufficient gift card balance to pay for the order");
    }

    [Test]
    public async Task gives_the_money_back_when_the_order_is_cancelled()
    {
        await World.DoAsync(OrderTools.ChangeOrderPayment, Input);
        var order = await World.DoAsync(OrderTools.CancelOrder, """{"order_id":"#W1","reason":"no longer needed"}""");
        order.GetProperty("status").GetString().Should().Be("cancelled");
        (await BalanceAsync()).Should().Be(50);
    }
}

public sealed class Debiting_a_gift_card : GiftCards
{
    private const string Input = """{"user_id":"ann_1","payment_method_id":"gift_1","amount":20.5,"currency":"USD","reference":"#W9"}""";

    [Test]
    public async Task happens_once_for_each_reference_whatever_the_key()
    {
        await World.DoAsync(OrderTools.DebitGiftCard, Input, "k1");
        await World.DoAsync(OrderTools.DebitGiftCard, Input, "k2");
        (await BalanceAsync()).Should().Be(29.5m);
    }

    [Test]
    public async Task is_undone_once()
    {
        var output = await World.DoAsync(OrderTools.DebitGiftCard, Input);
        var undo = $$"""{"input":{{Input}},"output":{{output.GetRawText()}}}""";
        await World.DoAsync(OrderTools.CreditGiftCard, undo);
        await World.DoAsync(OrderTools.CreditGiftCard, undo);
        (await BalanceAsync()).Should().Be(50);
        (await World.RefusedAsync(OrderTools.DebitGiftCard, Input)).Should().Be("The debit was given back");
    }

    [TestCase("50.01")]
    [TestCase("1000000000")]
    public async Task of_more_than_it_has_is_refused(string amount)
    {
        (await World.RefusedAsync(OrderTools.DebitGiftCard, Input.Replace("20.5", amount))).Should().Be("Insufficient gift card balance");
        (await BalanceAsync()).Should().Be(50);
    }

    [TestCase("-1")]
    [TestCase("0")]
    [TestCase("1e400")]
    [TestCase("0.001")]
    [TestCase("99999999999999999999999999999999")]
    [TestCase("\"20\"")]
    [TestCase("null")]
    public async Task of_an_impossible_amount_is_refused(string amount)
    {
        (await World.CallAsync(OrderTools.DebitGiftCard, Input.Replace("20.5", amount))).Should().BeOfType<AIaaS.Commands.Tools.ToolOutcome.Failed>().Which.Code.Should().Be("invalid-input");
        (await BalanceAsync()).Should().Be(50);
    }

    [Test]
    public async Task in_another_currency_is_refused() =>
        (await World.RefusedAsync(OrderTools.DebitGiftCard, Input.Replace("USD", "EUR"))).Should().Be("The gift card is in USD, not in EUR");
}
