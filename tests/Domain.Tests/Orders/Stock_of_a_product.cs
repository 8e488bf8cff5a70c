using AIaaS.Domain.Orders;
using static Domain.Tests.Orders.ShopSamples;

namespace Domain.Tests.Orders;

public sealed class Reserving_stock
{
    private static Product Bottle => Product.Initial.Evolve(Bottles);

    private static ReserveProductStock Reserve(string reservation, params StockLine[] lines) => new("acme", "bottle", reservation, [.. lines], At);

    private static Product After(params Func<Product, AIaaS.EventStore.Decision>[] steps) => steps.Aggregate(Bottle, (product, step) =>
    {
        var decision = step(product);
        decision.Error.Should().BeNull();
        return decision.Events.Aggregate(product, (state, e) => state.Evolve(e));
    });

    [Test]
    public void keeps_it_for_one() => Free(After(p => p.Reserve(Reserve("#1", new StockLine("b-small", 2))))).Should().Be(3);

    [Test]
    public void of_the_last_ones_makes_the_item_unavailable()
    {
        var product = After(p => p.Reserve(Reserve("#1", new StockLine("b-small", 5))));
        product.IsAvailable(product.Find("b-small")!).Should().BeFalse();
    }

    [Test]
    public void of_more_than_there_is_is_refused() =>
        Bottle.Reserve(Reserve("#1", new StockLine("b-small", 3), new StockLine("b-small", 3))).Error.Should().Be(ProductErrors.OutOfStock("b-small", 6, 5));

    [Test]
    public void reserves_nothing_when_one_item_is_short() =>
        Bottle.Reserve(Reserve("#1", new StockLine("b-small", 1), new StockLine("b-large", 6))).Events.Should().BeEmpty();

    [Test]
    public void again_changes_nothing() => After(p => p.Reserve(Reserve("#1", new StockLine("b-small", 2)))).Reserve(Reserve("#1", new StockLine("b-small", 2))).Events.Should().BeEmpty();

    [Test]
    public void that_is_released_is_free_again() =>
        Free(After(p => p.Reserve(Reserve("#1", new StockLine("b-small", 2))), p => p.Release(new("acme", "bottle", "#1", At)))).Should().Be(5);

    [Test]
    public void that_was_released_is_refused() =>
        After(p => p.Release(new("acme", "bottle", "#1", At))).Reserve(Reserve("#1", new StockLine("b-small", 1))).Error.Should().Be(ProductErrors.ReservationEnded("#1"));

    [Test]
    public void that_is_committed_has_left_the_shop()
    {
        var product = After(p => p.Reserve(Reserve("#1", new StockLine("b-small", 2))), p => p.Commit(new("acme", "bottle", "#1", At)));
        (product.Find("b-small")!.Stock, Free(product), product.Reserved.Count).Should().Be((3, 3, 0));
        product.Commit(new("acme", "bottle", "#1", At)).Events.Should().BeEmpty();
        product.Release(new("acme", "bottle", "#1", At)).Error.Should().Be(ProductErrors.ReservationEnded("#1"));
    }

    [TestCase(0)]
    [TestCase(-5)]
    [TestCase(int.MaxValue)]
    public void of_an_impossible_number_is_refused(int quantity) =>
        Bottle.Reserve(Reserve("#1", new StockLine("b-small", quantity))).Error.Should().Be(ProductErrors.InvalidQuantity("b-small"));

    [Test]
    public void of_an_item_of_another_product_is_refused() => Bottle.Reserve(Reserve("#1", new StockLine("l-desk", 1))).Error.Should().Be(ProductErrors.ItemNotFound);

    private static int Free(Product product) => product.Free(product.Find("b-small")!);
}

public sealed class Letting_go_of_a_part_of_a_reservation
{
    private static readonly Product Reserved = Product.Initial.Evolve(Bottles).Evolve(new StockReserved("bottle", "#1", [new("b-small", 2), new("b-large", 1)], At));

    [Test]
    public void leaves_the_rest_reserved()
    {
        var product = Do(Reserved, Reserved.Reduce(new("acme", "bottle", "#1", [new("b-small", 1)], At)));
        product.Reserved.Should().BeEquivalentTo(new Dictionary<string, int> { ["b-small"] = 1, ["b-large"] = 1 });
        Do(product, product.Release(new("acme", "bottle", "#1", At))).Reserved.Should().BeEmpty();
    }

    [Test]
    public void lets_go_of_no_more_than_it_holds() =>
        Do(Reserved, Reserved.Reduce(new("acme", "bottle", "#1", [new("b-small", 9)], At))).Reserved.Should().BeEquivalentTo(new Dictionary<string, int> { ["b-large"] = 1 });

    [Test]
    public void that_was_not_made_is_refused() => Reserved.Reduce(new("acme", "bottle", "#2", [new("b-small", 1)], At)).Error.Should().Be(ProductErrors.NotReserved("#2"));

    [Test]
    public void puts_what_comes_back_on_the_shelf() =>
        Do(Reserved, Reserved.Restock(new("acme", "bottle", "#7-return", [new("b-gone", 1)], At))).Find("b-gone")!.Stock.Should().Be(1);

    private static Product Do(Product product, AIaaS.EventStore.Decision decision)
    {
        decision.Error.Should().BeNull();
        return decision.Events.Aggregate(product, (state, e) => state.Evolve(e));
    }
}
