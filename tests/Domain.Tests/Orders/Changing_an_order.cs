using AIaaS.Domain;
using AIaaS.Domain.Customers;
using AIaaS.Domain.Orders;
using static Domain.Tests.Orders.ShopSamples;

namespace Domain.Tests.Orders;

public sealed class Changing_the_items_of_a_pending_order
{
    [Test]
    public void gives_each_line_the_new_item_and_its_own_price()
    {
        var order = After(Imported()).Do(o => o.ChangeItems(Change(["b-small", "l-desk"], ["b-large", "l-floor"])));
        order.Items.Select(i => (i.Item, i.Price)).Should().Equal(("b-large", Money.Usd(25.50m)), ("l-floor", Money.Usd(99.90m)));
        order.Status.Should().Be(OrderStatus.PendingItemsModified);
    }

    [Test]
    public void charges_the_difference() =>
        After(Imported()).Do(o => o.ChangeItems(Change(["b-small"], ["b-large"]))).Payments[^1].Should().Be(Paid(15.50m, "card"));

    [Test]
    public void refunds_the_difference() =>
        After(Imported()).Do(o => o.ChangeItems(Change(["l-desk"], ["l-floor"], "paypal"))).Payments[^1].Should().Be(Refunded(0.20m, "paypal"));

    [Test]
    public void is_possible_once() =>
        After(Imported()).Do(o => o.ChangeItems(Change(["b-small"], ["b-large"]))).ChangeItems(Change(["l-desk"], ["l-floor"])).Error.Should().Be(OrderErrors.NotModifiable);

    [Test]
    public void ends_that_anything_else_is_changed()
    {
        var order = After(Imported()).Do(o => o.ChangeItems(Change(["b-small"], ["b-large"])));
        order.Cancel(Cancel()).Error.Should().Be(OrderErrors.NotCancellable);
        order.ChangePayment(Pay("paypal")).Error.Should().Be(OrderErrors.NotModifiable);
        order.ChangeAddress(new("acme", "#W1", Home with { Zip = "1" }, At)).Error.Should().Be(OrderErrors.NotModifiable);
    }

    [Test]
    public void to_a_variant_that_is_not_available_is_refused() =>
        After(Imported()).ChangeItems(Change(["b-small"], ["b-gone"])).Error.Should().Be(OrderErrors.NotAvailable("b-gone"));

    [Test]
    public void to_an_item_of_another_product_is_refused() =>
        After(Imported()).ChangeItems(Change(["b-small"], ["l-floor"])).Error.Should().Be(ProductErrors.VariantNotFound);

    [Test]
    public void to_the_same_item_is_refused() =>
        After(Imported()).ChangeItems(Change(["b-small"], ["b-small"])).Error.Should().Be(OrderErrors.SameItem);

    [Test]
    public void that_was_not_ordered_is_refused() =>
        After(Imported()).ChangeItems(Change(["b-large"], ["b-small"])).Error.Should().Be(OrderErrors.ItemsNotFound("b-large", exchange: false));

    [Test]
    public void more_often_than_it_was_ordered_is_refused() =>
        After(Imported()).ChangeItems(Change(["b-small", "b-small"], ["b-large", "b-large"])).Error.Should().Be(OrderErrors.ItemsNotFound("b-small", exchange: false));

    [Test]
    public void as_often_as_it_was_ordered_changes_each_line_once() =>
        After(Imported(OrderStatus.Pending, "card", Item("bottle", "b-small", 10), Item("bottle", "b-small", 10)))
            .Do(o => o.ChangeItems(Change(["b-small", "b-small"], ["b-large", "b-large"])))
            .Items.Select(i => i.Item).Should().Equal("b-large", "b-large");

    [Test]
    public void with_fewer_new_items_is_refused() =>
        After(Imported()).ChangeItems(Change(["b-small", "l-desk"], ["b-large"])).Error.Should().Be(OrderErrors.ItemsDoNotMatch(exchange: false));

    [Test]
    public void with_no_items_is_refused() => After(Imported()).ChangeItems(Change([], [])).Error.Should().Be(OrderErrors.NoItems);

    [Test]
    public void with_an_unknown_payment_method_is_refused() =>
        After(Imported()).ChangeItems(Change(["b-small"], ["b-large"], "stolen")).Error.Should().Be(CustomerErrors.PaymentMethodNotFound);

    [Test]
    public void with_a_gift_card_that_has_too_little_is_refused()
    {
        var poor = Buyer.Evolve(new GiftCardDebited("ann_example_1001", "gift", Money.Usd(15), Money.Usd(15), "x", At));
        After(Imported()).ChangeItems(Change(["b-small"], ["b-large"], "gift", poor)).Error.Should().Be(OrderErrors.InsufficientForItem);
    }

    [Test]
    public void with_a_gift_card_waits_until_the_gift_card_has_borne_it()
    {
        var order = After(Imported()).Do(o => o.ChangeItems(Change(["b-small"], ["b-large"], "gift")));
        order.Unsettled!.Operation.Should().Be("op");
        order.Do(o => o.Settle(new("acme", "#W1", "op", null, At))).Unsettled.Should().BeNull();
    }

    [Test]
    public void is_taken_back_when_the_gift_card_cannot_bear_it()
    {
        var before = After(Imported());
        var order = before.Do(o => o.ChangeItems(Change(["b-small"], ["b-large"], "gift"))).Do(o => o.Settle(new("acme", "#W1", "op", "Insufficient", At)));
        order.Should().BeEquivalentTo(before);
    }
}

public sealed class Changing_the_payment_of_a_pending_order
{
    [Test]
    public void charges_the_new_method_and_refunds_the_old_one() =>
        After(Imported()).Do(o => o.ChangePayment(Pay("paypal"))).Payments.Should().Equal(Paid(110.10m, "card"), Paid(110.10m, "paypal"), Refunded(110.10m, "card"));

    [Test]
    public void between_gift_cards_moves_both_balances() =>
        After(Imported(OrderStatus.Pending, "gift", Item("bottle", "b-small", 10))).ChangePayment(Pay("gift2")).Events.OfType<OrderPaymentChanged>().Single()
            .Settlement.Movements.Should().Equal(new GiftCardMovement("gift2", Money.Usd(-10)), new GiftCardMovement("gift", Money.Usd(10)));

    [Test]
    public void to_a_gift_card_with_too_little_is_refused() => After(Imported()).ChangePayment(Pay("gift")).Error.Should().Be(OrderErrors.InsufficientForOrder);

    [Test]
    public void to_a_gift_card_that_just_suffices_is_done() =>
        After(Imported(OrderStatus.Pending, "card", Item("bottle", "b-small", 30))).ChangePayment(Pay("gift")).Error.Should().BeNull();

    [Test]
    public void to_the_same_method_is_refused() => After(Imported()).ChangePayment(Pay("card")).Error.Should().Be(OrderErrors.SamePaymentMethod);

    [Test]
    public void to_a_method_of_nobody_is_refused() => After(Imported()).ChangePayment(Pay("stolen")).Error.Should().Be(CustomerErrors.PaymentMethodNotFound);

    [Test]
    public void a_second_time_is_refused() =>
        After(Imported()).Do(o => o.ChangePayment(Pay("paypal"))).ChangePayment(Pay("card")).Error.Should().Be(OrderErrors.NotOnePayment);

    [TestCase(OrderStatus.Delivered)]
    [TestCase(OrderStatus.Processed)]
    [TestCase(OrderStatus.Cancelled)]
    public void of_an_order_that_is_not_pending_is_refused(OrderStatus status) =>
        After(Imported(status)).ChangePayment(Pay("paypal")).Error.Should().Be(OrderErrors.NotModifiable);
}

public sealed class Changing_the_address_of_a_pending_order
{
    private static readonly PostalAddress Elsewhere = Home with { Address1 = "2 Side Street", Zip = "62702" };

    [Test]
    public void sends_it_there() => After(Imported()).Do(o => o.ChangeAddress(new("acme", "#W1", Elsewhere, At))).Address.Should().Be(Elsewhere);

    [Test]
    public void to_the_same_changes_nothing() => After(Imported()).ChangeAddress(new("acme", "#W1", Home, At)).Events.Should().BeEmpty();

    [TestCase("")]
    [TestCase("  ")]
    [TestCase("two\nlines")]
    public void to_what_is_no_address_is_refused(string line) =>
        After(Imported()).ChangeAddress(new("acme", "#W1", Elsewhere with { Address1 = line }, At)).Error!.Code.Should().Be("address-invalid");

    [Test]
    public void to_half_a_surrogate_pair_is_refused() =>
        After(Imported()).ChangeAddress(new("acme", "#W1", Elsewhere with { City = "\ud83d" }, At)).Error!.Code.Should().Be("address-invalid");

    [Test]
    public void of_a_delivered_order_is_refused() =>
        After(Imported(OrderStatus.Delivered)).ChangeAddress(new("acme", "#W1", Elsewhere, At)).Error.Should().Be(OrderErrors.NotModifiable);
}
