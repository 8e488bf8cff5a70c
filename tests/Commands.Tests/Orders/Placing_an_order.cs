using AIaaS.Commands.Orders;
using AIaaS.Domain.Orders;

namespace Commands.Tests.Orders;

public sealed class Placing_an_order
{
    private const string Input = """{"user_id":"ann_1","items":[{"item_id":"101","quantity":2},{"item_id":"201","quantity":1}],"payment_method_id":"card_1"}""";
    private const string Stock = """{"reservation":"r1","items":[{"item_id":"101","quantity":2},{"item_id":"201","quantity":1}]}""";
    private ShopWorld world = null!;

    [SetUp]
    public async Task OpenAsync() => world = await SmallShop.OpenAsync();

    [TearDown]
    public async Task CloseAsync() => await world.DisposeAsync();

    [Test]
    public async Task goes_from_placing_to_pending()
    {
        var placed = await world.DoAsync(OrderTools.PlaceOrder, Input);
        var order = placed.GetProperty("order_id").GetString();
        placed.GetProperty("total").GetDecimal().Should().Be(120.19m);
        await world.DoAsync(OrderTools.ReserveStock, Stock.Replace("r1", order));
        var confirmed = await world.DoAsync(OrderTools.ConfirmOrder, $$"""{"order_id":"{{order}}","payment_method_id":"card_1","amount":120.19,"currency":"USD"}""");
        confirmed.GetProperty("status").GetString().Should().Be("pending");
        (await world.DoAsync(OrderTools.GetCustomer, """{"user_id":"ann_1"}""")).GetProperty("orders").EnumerateArray().Select(o => o.GetString()).Should().Equal("#W1", "#W2", order);
    }

    [Test]
    public async Task twice_under_one_key_places_one_order()
    {
        var first = await world.DoAsync(OrderTools.PlaceOrder, Input, "k");
        await world.FollowUpAsync();
        var events = await world.EventsAsync();
        (await world.DoAsync(OrderTools.PlaceOrder, Input, "k")).GetRawText().Should().Be(first.GetRawText());
        (await world.EventsAsync()).Should().Be(events);
    }

    [Test]
    public async Task is_undone_by_the_call_and_what_it_returned()
    {
        var placed = await world.DoAsync(OrderTools.PlaceOrder, Input);
        var undone = await world.DoAsync(OrderTools.CancelPlacement, $$"""{"input":{{Input}},"output":{{placed.GetRawText()}}}""");
        (undone.GetProperty("order_id").GetString(), undone.GetProperty("status").GetString()).Should().Be((placed.GetProperty("order_id").GetString(), "cancelled"));
    }

    [Test]
    public async Task under_an_id_that_is_taken_is_refused() =>
        (await world.RefusedAsync(OrderTools.PlaceOrder, Input.Replace("{\"user_id\"", "{\"order_id\":\"#W1\",\"user_id\""))).Should().Be("There is such an order already");

    [TestCase("0")]
    [TestCase("-1")]
    [TestCase("1.5")]
    [TestCase("99999999999")]
    [TestCase("1e999")]
    public async Task with_an_impossible_quantity_is_refused(string quantity)
    {
        var events = await world.EventsAsync();
        await world.RefusedAsync(OrderTools.PlaceOrder, Input.Replace("\"quantity\":2", $"\"quantity\":{quantity}"));
        (await world.CallUncheckedAsync(OrderTools.PlaceOrder, Input.Replace("\"quantity\":2", $"\"quantity\":{quantity}"))).Should().BeOfType<AIaaS.Commands.Tools.ToolOutcome.Failed>();
        (await world.EventsAsync()).Should().Be(events);
    }

    [Test]
    public async Task reserves_all_or_nothing()
    {
        (await world.RefusedAsync(OrderTools.ReserveStock, Stock.Replace("\"item_id\":\"201\",\"quantity\":1", "\"item_id\":\"201\",\"quantity\":6"), "k")).Should().Be("Item 201: 6 wanted, 5 free");
        (await FreeAsync("100", "101"), await FreeAsync("200", "201")).Should().Be((5, 5));

        // Again under the same key, when there would be enough: it stays refused, since it was given up.
        (await world.RefusedAsync(OrderTools.ReserveStock, Stock, "k")).Should().Be("The reservation 'r1' has ended");
        (await FreeAsync("100", "101"), await FreeAsync("200", "201")).Should().Be((5, 5));
    }

    [Test]
    public async Task releases_what_was_reserved_once()
    {
        var output = await world.DoAsync(OrderTools.ReserveStock, Stock);
        (await FreeAsync("100", "101")).Should().Be(3);
        var undo = $$"""{"input":{{Stock}},"output":{{output.GetRawText()}}}""";
        await world.DoAsync(OrderTools.ReleaseStock, undo);
        await world.DoAsync(OrderTools.ReleaseStock, undo);
        (await FreeAsync("100", "101")).Should().Be(5);
    }

    [Test]
    public async Task sells_the_last_one_once_to_many_who_want_it()
    {
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => world.CallAsync(OrderTools.ReserveStock, Stock.Replace("r1", "r" + i).Replace("\"quantity\":2", "\"quantity\":1"))));
        outcomes.Count(o => o is AIaaS.Commands.Tools.ToolOutcome.Succeeded).Should().Be(5);
        (await FreeAsync("100", "101"), await FreeAsync("200", "201")).Should().Be((0, 0));
        (await world.DoAsync(OrderTools.GetItem, """{"item_id":"201"}""")).GetProperty("available").GetBoolean().Should().BeFalse();
    }

    private async Task<int> FreeAsync(string product, string item)
    {
        var found = await world.Products.FindAsync(ShopWorld.Tenant, product);
        return found.Free(found.Find(item)!);
    }
}

public sealed class Selling_a_product_for_long
{
    [Test]
    public async Task counts_the_same_with_snapshots_as_without()
    {
        await using var world = await ShopWorld.OpenAsync();
        await world.Importer.ImportAsync(ShopWorld.Tenant, SmallShop.Bytes(), ShopWorld.Context, stock: 1_000);
        for (var i = 0; i < 250; i++)
        {
            var stock = $$"""{"reservation":"r{{i}}","items":[{"item_id":"101","quantity":1}]}""";
            await world.DoAsync(OrderTools.ReserveStock, stock, $"reserve{i}");
            await world.DoAsync(i % 2 == 0 ? OrderTools.CommitStock : OrderTools.ReleaseStock, stock, $"end{i}");
        }

        var product = await world.Products.FindAsync(ShopWorld.Tenant, "100");
        (product.Find("101")!.Stock, product.Reserved.Count, product.EndedBy.Count).Should().Be((875, 0, 250));
        var whole = Product.Initial;
        await foreach (var recorded in world.Log.ReadStreamAsync(Product.Stream(ShopWorld.Tenant, "100")))
        {
            whole = whole.Evolve(world.Types.Read(recorded.Type, recorded.Data.Span));
        }

        product.Should().BeEquivalentTo(whole);
        var events = await world.EventsAsync();
        await world.DoAsync(OrderTools.ReserveStock, """{"reservation":"r249x","items":[{"item_id":"101","quantity":1}]}""", "again");
        (await world.RefusedAsync(OrderTools.ReserveStock, """{"reservation":"r3","items":[{"item_id":"101","quantity":1}]}""", "reserve3")).Should().Be("The reservation 'r3' has ended");
        (await world.EventsAsync()).Should().BeGreaterThan(events);
    }
}
