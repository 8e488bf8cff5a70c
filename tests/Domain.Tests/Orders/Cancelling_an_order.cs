using AIaaS.Domain;
using AIaaS.Domain.Customers;
using AIaaS.Domain.Orders;
using static Domain.Tests.Orders.ShopSamples;

namespace Domain.Tests.Orders;

public sealed class Cancelling_a_pending_order
{
    [TestCase("no longer needed")]
    [TestCase("ordered by mistake")]
    public void refunds_what_was_paid(string reason)
    {
        var order = After(Imported()).Do(o => o.Cancel(Cancel(reason)));
        order.Status.Should().Be(OrderStatus.Cancelled);
        order.CancelReason.Should().Be(reason);
        order.Payments.Should().Equal(Paid(110.10m, "card"), Refunded(110.10m, "card"));
    }

    [Test]
    public void moves_nothing_on_gift_cards_where_none_was_used() =>
        After(Imported()).Cancel(Cancel()).Events.OfType<OrderCancelled>().Single().Settlement.Movements.Should().BeEmpty();

    [Test]
    public void refunds_a_gift_card_at_once() =>
        After(Imported(method: "gift2")).Cancel(Cancel()).Events.OfType<OrderCancelled>().Single()
            .Settlement.Movements.Should().Equal(new GiftCardMovement("gift2", Money.Usd(110.10m)));

    [TestCase("changed my mind")]
    [TestCase("")]
    [TestCase("No longer needed")]
    public void for_another_reason_is_refused(string reason) => After(Imported()).Cancel(Cancel(reason)).Error.Should().Be(OrderErrors.InvalidReason);

    [Test]
    public void after_its_payment_was_changed_refunds_only_what_is_still_paid()
    {
        var order = After(Imported()).Do(o => o.ChangePayment(Pay("paypal"))).Do(o => o.Cancel(Cancel()));
        order.Paid().Should().Be(Money.Usd(0));
        order.Payments[^1].Should().Be(Refunded(110.10m, "paypal"));
    }

    [Test]
    public void while_a_gift_card_still_has_to_bear_a_change_is_refused() =>
        After(Imported()).Do(o => o.ChangePayment(Pay("gift2"))).Cancel(Cancel()).Error.Should().Be(OrderErrors.Unsettled);
}

public sealed class Cancelling_an_order_that_is_not_pending
{
    [TestCase(OrderStatus.Processed)]
    [TestCase(OrderStatus.Delivered)]
    [TestCase(OrderStatus.Cancelled)]
    [TestCase(OrderStatus.Placing)]
    [TestCase(OrderStatus.PendingItemsModified)]
    [TestCase(OrderStatus.ReturnRequested)]
    [TestCase(OrderStatus.ExchangeRequested)]
    public void is_refused(OrderStatus status) => After(Imported(status)).Cancel(Cancel()).Error.Should().Be(OrderErrors.NotCancellable);

    [Test]
    public void is_refused_before_its_reason_is_looked_at() =>
        After(Imported(OrderStatus.Delivered)).Cancel(Cancel("nonsense")).Error.Should().Be(OrderErrors.NotCancellable);

    [Test]
    public void is_refused_where_there_is_no_order() => Order.Initial.Cancel(Cancel()).Error.Should().Be(OrderErrors.NotFound);
}
