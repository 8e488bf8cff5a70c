using AIaaS.Domain;
using AIaaS.Domain.Customers;
using AIaaS.Domain.Orders;
using static Domain.Tests.Orders.ShopSamples;

namespace Domain.Tests.Orders;

public sealed class Returning_items_of_a_delivered_order
{
    private static Order Delivered => After(Imported(OrderStatus.Delivered));

    [Test]
    public void is_requested_with_the_items_in_order() =>
        Delivered.Do(o => o.RequestReturn(Return("card", "l-desk", "b-small"))).Return.Should().BeEquivalentTo(new OrderReturn(["b-small", "l-desk"], "card"));

    [Test]
    public void moves_no_money_yet() => Delivered.Do(o => o.RequestReturn(Return("card", "l-desk"))).Payments.Should().HaveCount(1);

    [Test]
    public void to_a_gift_card_is_possible() => Delivered.RequestReturn(Return("gift", "l-desk")).Error.Should().BeNull();

    [Test]
    public void to_another_method_than_the_original_one_is_refused() => Delivered.RequestReturn(Return("paypal", "l-desk")).Error.Should().Be(OrderErrors.NotOriginalPaymentMethod);

    [Test]
    public void to_a_method_of_nobody_is_refused() => Delivered.RequestReturn(Return("stolen", "l-desk")).Error.Should().Be(CustomerErrors.PaymentMethodNotFound);

    [Test]
    public void more_often_than_they_were_ordered_is_refused() => Delivered.RequestReturn(Return("card", "l-desk", "l-desk")).Error.Should().Be(OrderErrors.SomeItemNotFound);

    [Test]
    public void without_items_is_refused() => Delivered.RequestReturn(Return("card")).Error.Should().Be(OrderErrors.NoItems);

    [Test]
    public void excludes_an_exchange_afterwards() =>
        Delivered.Do(o => o.RequestReturn(Return("card", "l-desk"))).RequestExchange(Exchange(["b-small"], ["b-large"])).Error.Should().Be(OrderErrors.NotExchangeable);

    [Test]
    public void of_a_pending_order_is_refused() => After(Imported()).RequestReturn(Return("card", "l-desk")).Error.Should().Be(OrderErrors.NotReturnable);
}

public sealed class Exchanging_items_of_a_delivered_order
{
    private static Order Delivered => After(Imported(OrderStatus.Delivered));

    [Test]
    public void is_requested_with_its_difference()
    {
        var order = Delivered.Do(o => o.RequestExchange(Exchange(["l-desk", "b-small"], ["l-floor", "b-large"])));
        order.Status.Should().Be(OrderStatus.ExchangeRequested);
        order.Exchange.Should().BeEquivalentTo(new OrderExchange(["b-small", "l-desk"], ["b-large", "l-floor"], "card", Money.Usd(15.30m)));
    }

    [Test]
    public void leaves_items_and_payments_as_they_are() =>
        Delivered.Do(o => o.RequestExchange(Exchange(["b-small"], ["b-large"]))).Should().Match<Order>(o => o.Items[0].Item == "b-small" && o.Payments.Length == 1);

    [Test]
    public void with_a_gift_card_that_has_too_little_is_refused()
    {
        var poor = Buyer.Evolve(new GiftCardDebited("ann_example_1001", "gift", Money.Usd(29), Money.Usd(1), "x", At));
        Delivered.RequestExchange(Exchange(["b-small"], ["b-large"], "gift", poor)).Error.Should().Be(OrderErrors.InsufficientForDifference);
    }

    [Test]
    public void for_fewer_items_is_refused() => Delivered.RequestExchange(Exchange(["b-small", "l-desk"], ["b-large"])).Error.Should().Be(OrderErrors.ItemsDoNotMatch(exchange: true));

    [Test]
    public void that_were_not_ordered_is_refused() => Delivered.RequestExchange(Exchange(["b-large"], ["b-small"])).Error.Should().Be(OrderErrors.ItemsNotFound("b-large", exchange: true));

    [Test]
    public void a_second_time_is_refused() =>
        Delivered.Do(o => o.RequestExchange(Exchange(["b-small"], ["b-large"]))).RequestExchange(Exchange(["l-desk"], ["l-floor"])).Error.Should().Be(OrderErrors.NotExchangeable);

    [Test]
    public void is_completed_when_the_shop_has_them_back()
    {
        var order = Delivered
            .Do(o => o.RequestExchange(Exchange(["b-small"], ["b-large"])))
            .Do(o => o.ReceiveExchange(new("acme", "#W1", Buyer, At)))
            .Do(o => o.CompleteExchange(new("acme", "#W1", At)));
        (order.Status, order.Total(), order.Paid()).Should().Be((OrderStatus.Exchanged, Money.Usd(125.60m), Money.Usd(125.60m)));
    }

    [Test]
    public void is_not_completed_before() =>
        Delivered.Do(o => o.RequestExchange(Exchange(["b-small"], ["b-large"]))).CompleteExchange(new("acme", "#W1", At)).Error.Should().Be(OrderErrors.NoExchange);
}
