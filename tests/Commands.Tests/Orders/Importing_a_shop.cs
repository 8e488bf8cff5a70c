using System.Text;
using AIaaS.Commands.Orders;

namespace Commands.Tests.Orders;

public sealed class Importing_a_shop
{
    private ShopWorld world = null!;

    [SetUp]
    public async Task OpenAsync() => world = await ShopWorld.OpenAsync();

    [TearDown]
    public async Task CloseAsync() => await world.DisposeAsync();

    [Test]
    public async Task again_changes_nothing()
    {
        var first = await ImportAsync(SmallShop.Json);
        (first.Products, first.Customers, first.Orders).Should().Be((new RetailCount(2, 0, 0), new RetailCount(2, 0, 0), new RetailCount(3, 0, 0)));
        var events = await world.EventsAsync();
        var again = await ImportAsync(SmallShop.Json);
        (again.Products, again.Customers, again.Orders).Should().Be((new RetailCount(0, 2, 0), new RetailCount(0, 2, 0), new RetailCount(0, 3, 0)));
        (await world.EventsAsync()).Should().Be(events);
    }

    [Test]
    public async Task again_leaves_what_was_changed_since_as_it_is()
    {
        await ImportAsync(SmallShop.Json);
        await world.DoAsync(OrderTools.CancelOrder, """{"order_id":"#W1","reason":"no longer needed"}""");
        (await ImportAsync(SmallShop.Json)).Orders.Unchanged.Should().Be(3);
        (await world.DoAsync(OrderTools.GetOrder, """{"order_id":"#W1"}""")).GetProperty("status").GetString().Should().Be("cancelled");
    }

    [Test]
    public async Task with_other_data_leaves_the_first_and_says_so()
    {
        await ImportAsync(SmallShop.Json);
        var import = await ImportAsync(SmallShop.Json.Replace("\"Lamp\", \"product_id\": \"200\", \"variants\"", "\"Torch\", \"product_id\": \"200\", \"variants\""));
        import.Products.Should().Be(new RetailCount(0, 1, 1));
        import.Refusals.Should().ContainSingle().Which.Should().Contain("'200'");
    }

    [Test]
    public async Task goes_on_where_it_was_stopped()
    {
        using var stop = new CancellationTokenSource();
        var stopped = () => world.Importer.ImportAsync(ShopWorld.Tenant, SmallShop.Bytes(), ShopWorld.Context, progress: p =>
        {
            if (p.Done == 3)
            {
                stop.Cancel();
            }
        }, cancellationToken: stop.Token);
        await stopped.Should().ThrowAsync<OperationCanceledException>();
        await ImportAsync(SmallShop.Json);
        (await world.DoAsync(OrderTools.FindCustomerByEmail, """{"email":"bob@example.com"}""")).GetString().Should().Be("bob_2");
        (await world.DoAsync(OrderTools.GetOrder, """{"order_id":"#W3"}""")).GetProperty("status").GetString().Should().Be("pending");
        (await world.DoAsync(OrderTools.ListProducts, "{}")).GetString().Should().Be("""{"Lamp": "200", "Water Bottle": "100"}""");
    }

    [Test]
    public async Task tells_how_it_goes_on()
    {
        var seen = new List<RetailProgress>();
        await world.Importer.ImportAsync(ShopWorld.Tenant, SmallShop.Bytes(), ShopWorld.Context, progress: p =>
        {
            lock (seen)
            {
                seen.Add(p);
            }
        });
        seen.Select(p => p.Done).Should().BeEquivalentTo(Enumerable.Range(1, 7));
        seen.Should().OnlyContain(p => p.Total == 7);
    }

    [Test]
    public async Task takes_a_byte_order_mark() =>
        (await world.Importer.ImportAsync(ShopWorld.Tenant, Encoding.UTF8.Preamble.ToArray().Concat(SmallShop.Bytes()).ToArray(), ShopWorld.Context)).Orders.Imported.Should().Be(3);

    [TestCase("\"price\": 20.2", "\"price\": -20.2", "/products/100/variants/102/price")]
    [TestCase("\"price\": 20.2", "\"price\": 20.222", "/products/100/variants/102/price")]
    [TestCase("\"price\": 20.2", "\"price\": 1e300", "/products/100/variants/102/price")]
    [TestCase("\"price\": 20.2", "\"price\": \"20.2\"", "/products/100/variants/102/price")]
    [TestCase("\"item_id\": \"102\"", "\"item_id\": \"999\"", "/products/100/variants/102/item_id")]
    [TestCase("\"available\": false", "\"available\": \"no\"", "/products/100/variants/103/available")]
    [TestCase("\"status\": \"delivered\"", "\"status\": \"lost\"", "/orders/#W2/status")]
    [TestCase("\"transaction_type\": \"payment\", \"amount\": 99.99", "\"transaction_type\": \"theft\", \"amount\": 99.99", "/orders/#W3/payment_history/0/transaction_type")]
    [TestCase("\"amount\": 99.99, \"payment_method_id\": \"paypal_2\"", "\"amount\": 99.99, \"payment_method_id\": \"card_1\"", "/orders/#W3/payment_history/0/payment_method_id")]
    [TestCase("\"item_id\": \"201\", \"price\": 99.99, \"options\": {} } ]", "\"item_id\": \"101\", \"price\": 99.99, \"options\": {} } ]", "/orders/#W3/items/0")]
    [TestCase("\"user_id\": \"bob_2\", \"status\"", "\"user_id\": \"eve_3\", \"status\"", "/orders/#W3/user_id")]
    [TestCase("\"bob@example.com\"", "\"ANN@example.com\"", "/users/bob_2/email")]
    [TestCase("\"orders\": [\"#W3\"]", "\"orders\": [\"#W4\"]", "/users/bob_2/orders")]
    [TestCase("\"source\": \"paypal\"", "\"source\": \"cash\"", "/users/bob_2/payment_methods/paypal_2/source")]
    [TestCase("\"balance\": 50.0", "\"balance\": -0.01", "/users/ann_1/payment_methods/gift_1/balance")]
    [TestCase("\"users\": {", "\"userz\": {", "/users")]
    [TestCase("{ \"order_id\": \"#W1\", ", "[], \"#W7\": { \"order_id\": \"#W1\", ", "/orders/#W1")]
    public async Task with_a_fault_writes_nothing_and_says_where(string right, string wrong, string where)
    {
        SmallShop.Json.Should().Contain(right);
        var import = () => ImportAsync(SmallShop.Json.Replace(right, wrong));
        (await import.Should().ThrowAsync<InvalidRetailFileException>()).Which.Faults.Select(f => f.Location).Should().Contain(where);
        (await world.EventsAsync()).Should().Be(0);
    }

    [Test]
    public async Task names_all_faults_at_once()
    {
        var import = () => ImportAsync(SmallShop.Json.Replace("\"price\": 20.2", "\"price\": -1").Replace("\"delivered\"", "\"lost\"").Replace("\"cash\"", "1"));
        (await import.Should().ThrowAsync<InvalidRetailFileException>()).Which.Faults.Should().HaveCount(2);
    }

    [TestCase("{ \"products\": {}, \"products\": {} }", "line 1")]
    [TestCase("{\n  \"products\": {},\n  oops", "line 3")]
    [TestCase("", "line 1")]
    [TestCase("[]", "/products")]
    public async Task that_is_no_shop_at_all_says_where(string json, string where)
    {
        var import = () => ImportAsync(json);
        (await import.Should().ThrowAsync<InvalidRetailFileException>()).Which.Faults[0].Location.Should().StartWith(where);
    }

    private Task<RetailImport> ImportAsync(string json) => world.Importer.ImportAsync(ShopWorld.Tenant, SmallShop.Bytes(json), ShopWorld.Context);
}
