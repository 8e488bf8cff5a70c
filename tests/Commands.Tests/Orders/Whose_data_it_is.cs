using AIaaS.Commands.Orders;
using AIaaS.Commands.Tools;

namespace Commands.Tests.Orders;

public sealed class Calling_on_behalf_of_a_customer
{
    private const string Address = "\"address1\":\"9 Side Street\",\"address2\":\"\",\"city\":\"Springfield\",\"state\":\"IL\",\"country\":\"USA\",\"zip\":\"62799\"";
    private ShopWorld world = null!;

    private static readonly (string Tool, string Input)[] OfBob =
    [
        (OrderTools.GetOrder, """{"order_id":"#W3"}"""),
        (OrderTools.GetCustomer, """{"user_id":"bob_2"}"""),
        (OrderTools.CancelOrder, """{"order_id":"#W3","reason":"no longer needed"}"""),
        (OrderTools.ChangeOrderAddress, $$"""{"order_id":"#W3",{{Address}}}"""),
        (OrderTools.ChangeOrderItems, """{"order_id":"#W3","item_ids":["201"],"new_item_ids":["101"],"payment_method_id":"paypal_2"}"""),
        (OrderTools.ChangeOrderPayment, """{"order_id":"#W3","payment_method_id":"paypal_2"}"""),
        (OrderTools.ReturnItems, """{"order_id":"#W3","item_ids":["201"],"payment_method_id":"paypal_2"}"""),
        (OrderTools.ExchangeItems, """{"order_id":"#W3","item_ids":["201"],"new_item_ids":["101"],"payment_method_id":"paypal_2"}"""),
        (OrderTools.ChangeCustomerAddress, $$"""{"user_id":"bob_2",{{Address}}}"""),
        (OrderTools.PlaceOrder, """{"user_id":"bob_2","items":[{"item_id":"101","quantity":1}],"payment_method_id":"paypal_2"}"""),
        (OrderTools.FindCustomerByEmail, """{"email":"bob@example.com"}"""),
        (OrderTools.FindCustomerByNameAndZip, """{"first_name":"Bob","last_name":"Sample","zip":"62701"}"""),
    ];

    private static IEnumerable<TestCaseData> Others => OfBob.Select(c => new TestCaseData(c.Tool, c.Input).SetArgDisplayNames(c.Tool));

    [SetUp]
    public async Task OpenAsync() => world = await SmallShop.OpenAsync();

    [TearDown]
    public async Task CloseAsync() => await world.DisposeAsync();

    [TestCaseSource(nameof(Others))]
    public async Task never_touches_another_customers_data_and_says_nothing_of_it(string tool, string input)
    {
        var events = await world.EventsAsync();
        var refused = (await world.CallAsync(tool, input, customer: "ann_1")).Should().BeOfType<ToolOutcome.Failed>().Which;
        refused.Code.Should().Be("not-yours");
        var missing = (await world.CallAsync(tool, input.Replace("#W3", "#W999").Replace("bob", "nobody").Replace("Bob", "Nobody"), customer: "ann_1")).Should().BeOfType<ToolOutcome.Failed>().Which;
        refused.Reason.Should().Be(missing.Reason, "what exists is not told apart from what does not");
        (await world.EventsAsync()).Should().Be(events);
    }

    [TestCaseSource(nameof(Others))]
    public async Task never_touches_another_tenants_data(string tool, string input)
    {
        (await world.CallAsync(tool, input, tenant: "other")).Should().BeOfType<ToolOutcome.Failed>().Which.Reason.Should().EndWith("not found");
        (await world.CallAsync(OrderTools.GetProduct, """{"product_id":"100"}""", tenant: "other")).Should().BeOfType<ToolOutcome.Failed>();
        (await world.CallAsync(OrderTools.GetItem, """{"item_id":"101"}""", tenant: "other")).Should().BeOfType<ToolOutcome.Failed>();
        (await world.CallAsync(OrderTools.ListProducts, "{}", tenant: "other")).Should().BeOfType<ToolOutcome.Succeeded>().Which.Output.GetString().Should().Be("{}");
    }

    [TestCase(OrderTools.CreditGiftCard, """{"user_id":"ann_1","payment_method_id":"gift_1","amount":1000,"currency":"USD","reference":"present"}""")]
    [TestCase(OrderTools.DebitGiftCard, """{"user_id":"ann_1","payment_method_id":"gift_1","amount":1,"currency":"USD","reference":"x"}""")]
    [TestCase(OrderTools.ConfirmOrder, """{"order_id":"#W1","payment_method_id":"card_1","amount":10.1,"currency":"USD"}""")]
    [TestCase(OrderTools.CancelPlacement, """{"order_id":"#W1"}""")]
    [TestCase(OrderTools.ReserveStock, """{"reservation":"x","items":[{"item_id":"101","quantity":1}]}""")]
    [TestCase(OrderTools.ReleaseStock, """{"reservation":"x","items":[{"item_id":"101","quantity":1}]}""")]
    [TestCase(OrderTools.CommitStock, """{"reservation":"x","items":[{"item_id":"101","quantity":1}]}""")]
    [TestCase(OrderTools.ReceiveExchange, """{"order_id":"#W2"}""")]
    [TestCase(OrderTools.CompleteExchange, """{"order_id":"#W2"}""")]
    public async Task never_does_what_only_the_shop_may_do(string tool, string input)
    {
        var events = await world.EventsAsync();
        (await world.CallAsync(tool, input, customer: "ann_1")).Should().BeOfType<ToolOutcome.Failed>().Which.Code.Should().Be("shop-only");
        (await world.EventsAsync()).Should().Be(events);
    }

    [Test]
    public async Task cannot_pay_with_another_customers_payment_method() =>
        (await world.RefusedAsync(OrderTools.ChangeOrderPayment, """{"order_id":"#W1","payment_method_id":"paypal_2"}""", customer: "ann_1")).Should().Be("Payment method not found");

    [Test]
    public async Task reaches_the_customers_own_data() =>
        (await world.DoAsync(OrderTools.GetOrder, """{"order_id":"#W1"}""", customer: "ann_1")).GetProperty("user_id").GetString().Should().Be("ann_1");
}

public sealed class Finding_customers
{
    private const string Moved = """{"user_id":"ann_1","address1":"9 Side Street","address2":"","city":"Springfield","state":"IL","country":"USA","zip":"62799"}""";
    private ShopWorld world = null!;

    [SetUp]
    public async Task OpenAsync() => world = await SmallShop.OpenAsync();

    [TearDown]
    public async Task CloseAsync() => await world.DisposeAsync();

    [Test]
    public async Task by_name_sees_a_new_postal_code_at_once()
    {
        await world.DoAsync(OrderTools.ChangeCustomerAddress, Moved);
        (await world.DoAsync(OrderTools.FindCustomerByNameAndZip, """{"first_name":"ANN","last_name":"example","zip":"62799"}""")).GetString().Should().Be("ann_1");
        (await world.RefusedAsync(OrderTools.FindCustomerByNameAndZip, """{"first_name":"Ann","last_name":"Example","zip":"62701"}""")).Should().Be("User not found");
    }

    [Test]
    public async Task by_name_is_right_again_after_a_crash_within_the_change()
    {
        await world.Customers.HandleAsync(
            new AIaaS.Domain.Customers.ChangeCustomerAddress(ShopWorld.Tenant, "ann_1", new("9 Side Street", "", "Springfield", "IL", "USA", "62799"), DateTimeOffset.UnixEpoch),
            ShopWorld.Context);
        await world.FollowUpAsync();
        (await world.DoAsync(OrderTools.FindCustomerByNameAndZip, """{"first_name":"Ann","last_name":"Example","zip":"62799"}""")).GetString().Should().Be("ann_1");
    }

    [Test]
    public async Task is_not_undone_by_a_second_import()
    {
        await world.DoAsync(OrderTools.ChangeCustomerAddress, Moved);
        var events = await world.EventsAsync();
        await world.Importer.ImportAsync(ShopWorld.Tenant, SmallShop.Bytes(), ShopWorld.Context, stock: 5);
        (await world.EventsAsync()).Should().Be(events);
        (await world.RefusedAsync(OrderTools.FindCustomerByNameAndZip, """{"first_name":"Ann","last_name":"Example","zip":"62701"}""")).Should().Be("User not found");
    }

    [Test]
    public async Task whom_two_names_fit_authenticates_nobody()
    {
        var twin = SmallShop.Json.Replace("\"first_name\": \"Bob\", \"last_name\": \"Sample\"", "\"first_name\": \"Ann\", \"last_name\": \"Example\"");
        await world.Importer.ImportAsync("twins", SmallShop.Bytes(twin), new("twins", "test"));
        (await world.CallAsync(OrderTools.FindCustomerByNameAndZip, """{"first_name":"Ann","last_name":"Example","zip":"62701"}""", tenant: "twins"))
            .Should().Be(new ToolOutcome.Failed("tool-error", "More than one customer fits"));
    }
}
