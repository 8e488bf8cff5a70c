using AIaaS.Domain;
using AIaaS.Domain.Customers;
using AIaaS.Domain.Orders;
using static Domain.Tests.Orders.ShopSamples;

namespace Domain.Tests.Orders;

public sealed class Placing_an_order_that_can_be_had
{
    private static Order Placed => Order.Initial.Do(o => o.Place(Place("card", new StockLine("b-small", 2), new StockLine("l-desk", 1))));

    [Test]
    public void waits_for_stock_and_payment() => (Placed.Status, Placed.Awaited).Should().Be((OrderStatus.Placing, Paid(120.10m, "card")));

    [Test]
    public void has_a_line_for_each_piece() => Placed.Items.Select(i => i.Item).Should().Equal("b-small", "b-small", "l-desk");

    [Test]
    public void goes_to_the_customers_address() => Placed.Address.Should().Be(Home);

    [Test]
    public void is_pending_once_it_is_confirmed()
    {
        var order = Placed.Do(o => o.Confirm(new("acme", "#W9", "card", Money.Usd(120.10m), At)));
        (order.Status, order.Paid(), order.Total()).Should().Be((OrderStatus.Pending, Money.Usd(120.10m), Money.Usd(120.10m)));
        order.Confirm(new("acme", "#W9", "card", Money.Usd(120.10m), At)).Events.Should().BeEmpty();
    }

    [TestCase("card", 120.09)]
    [TestCase("card", -120.10)]
    [TestCase("paypal", 120.10)]
    public void is_not_confirmed_by_another_payment(string method, decimal amount) =>
        Placed.Confirm(new("acme", "#W9", method, Money.Usd(amount), At)).Error.Should().Be(OrderErrors.NotPaidFor);

    [Test]
    public void is_not_confirmed_in_another_currency() =>
        Placed.Confirm(new("acme", "#W9", "card", new Money(120.10m, "EUR"), At)).Error.Should().Be(OrderErrors.NotPaidFor);

    [Test]
    public void can_be_given_up_before_it_is_confirmed() =>
        Placed.Do(o => o.CancelPlacement(new("acme", "#W9", "out of stock", At))).Should().Match<Order>(o => o.Status == OrderStatus.Cancelled && o.Payments.IsEmpty);

    [Test]
    public void can_be_given_up_right_after_its_confirmation()
    {
        var order = Placed.Do(o => o.Confirm(new("acme", "#W9", "card", Money.Usd(120.10m), At))).Do(o => o.CancelPlacement(new("acme", "#W9", "x", At)));
        order.Paid().Should().Be(Money.Usd(0));
        order.CancelPlacement(new("acme", "#W9", "x", At)).Events.Should().BeEmpty();
    }

    [Test]
    public void cannot_be_given_up_once_it_was_changed() =>
        Placed.Do(o => o.Confirm(new("acme", "#W9", "card", Money.Usd(120.10m), At))).Do(o => o.ChangePayment(Pay("paypal")))
            .CancelPlacement(new("acme", "#W9", "x", At)).Error.Should().Be(OrderErrors.PlacementOver);

    [Test]
    public void is_not_confirmed_after_it_was_given_up() =>
        Placed.Do(o => o.CancelPlacement(new("acme", "#W9", "x", At))).Confirm(new("acme", "#W9", "card", Money.Usd(120.10m), At)).Error.Should().Be(OrderErrors.NotPlacing);

    [Test]
    public void is_not_placed_again() => Placed.Place(Place("card", new StockLine("b-small", 1))).Error.Should().Be(OrderErrors.Exists);
}

public sealed class Placing_an_order_that_cannot_be_had
{
    [TestCase(0)]
    [TestCase(-1)]
    [TestCase(int.MinValue)]
    [TestCase(int.MaxValue)]
    public void by_its_quantity_is_refused(int quantity) =>
        Order.Initial.Place(Place("card", new StockLine("b-small", quantity))).Error.Should().Be(ProductErrors.InvalidQuantity("b-small"));

    [Test]
    public void since_there_are_too_few_is_refused() =>
        Order.Initial.Place(Place("card", new StockLine("b-small", 3), new StockLine("b-small", 3))).Error.Should().Be(ProductErrors.OutOfStock("b-small", 6, 5));

    [Test]
    public void since_the_item_is_not_offered_is_refused() =>
        Order.Initial.Place(Place("card", new StockLine("b-gone", 1))).Error.Should().Be(ProductErrors.OutOfStock("b-gone", 1, 0));

    [Test]
    public void since_there_is_no_such_item_is_refused() =>
        Order.Initial.Place(Place("card", new StockLine("unknown", 1))).Error.Should().Be(ProductErrors.ItemNotFound);

    [Test]
    public void since_the_gift_card_has_too_little_is_refused() =>
        Order.Initial.Place(Place("gift", new StockLine("l-desk", 1))).Error.Should().Be(OrderErrors.InsufficientForOrder);

    [Test]
    public void without_items_is_refused() => Order.Initial.Place(Place("card")).Error.Should().Be(OrderErrors.NoItems);

    [Test]
    public void of_too_many_pieces_is_refused() =>
        Order.Initial.Place(Place("card", new StockLine("b-small", 150), new StockLine("l-desk", 51))).Error.Should().Be(OrderErrors.TooLarge);

    [Test]
    public void of_nobody_is_refused() =>
        Order.Initial.Place(Place("card", new StockLine("b-small", 1)) with { Customer = Customer.Initial }).Error.Should().Be(CustomerErrors.NotFound);
}
