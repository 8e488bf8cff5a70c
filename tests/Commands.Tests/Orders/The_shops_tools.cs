using AIaaS.Commands.Orders;
using AIaaS.Commands.Tools;
using AIaaS.Domain.Tools;

namespace Commands.Tests.Orders;

public sealed class The_shops_tools
{
    private ShopWorld world = null!;

    [SetUp]
    public async Task OpenAsync() => world = await SmallShop.OpenAsync();

    [TearDown]
    public async Task CloseAsync() => await world.DisposeAsync();

    [Test]
    public void have_manifests_that_can_be_used() =>
        world.Tools.Values.SelectMany(t => ToolRules.Faults(t.Manifest).Select(f => $"{t.Manifest.Name}: {f}")).Should().BeEmpty();

    [Test]
    public void are_all_that_are_named() => world.Tools.Keys.Should().BeEquivalentTo(OrderTools.Names.Append("transfer_to_human_agents"));

    [Test]
    public void need_a_confirmation_for_every_change() =>
        world.Tools.Values.Where(t => t.Manifest.SideEffect && OrderTools.Names.Contains(t.Manifest.Name)).Should().OnlyContain(t => t.Manifest.Confirmation && t.Manifest.Access == ToolAccess.Customer);

    [Test]
    public void are_undone_by_tools_that_there_are() =>
        world.Tools.Values.Select(t => t.Manifest.Compensation).OfType<string>().Should().BeSubsetOf(OrderTools.Names);

    [TestCase("2 + 2", "4.0")]
    [TestCase("155.33 - 147.05 + 268.77 - 235.13", "41.92")]
    [TestCase("0.1 + 0.2", "0.3")]
    [TestCase("-(1 + 2) * 3 / 4", "-2.25")]
    [TestCase(" 1/3 ", "0.33")]
    [TestCase(".5*2.", "1.0")]
    [TestCase("-0.001", "0.0")]
    public async Task calculate(string expression, string value) =>
        (await world.DoAsync(OrderTools.Calculate, $$"""{"expression":"{{expression}}"}""")).GetString().Should().Be(value);

    [TestCase("1/0", "Division by zero")]
    [TestCase("__import__('os')", "Invalid characters in expression")]
    [TestCase("NaN", "Invalid characters in expression")]
    [TestCase("1e9", "Invalid characters in expression")]
    [TestCase("", "The expression ends too early")]
    [TestCase("1 2", "'2' at character 3 of the expression is not expected")]
    [TestCase("2 ** 99", "'*' at character 4 of the expression is not expected")]
    [TestCase("(1", "The expression ends too early")]
    [TestCase("1.2.3", "'1' at character 1 of the expression is not expected")]
    public async Task refuse_to_calculate(string expression, string reason) =>
        (await world.RefusedAsync(OrderTools.Calculate, $$"""{"expression":"{{expression}}"}""")).Should().Be(reason);

    [Test]
    public async Task refuse_to_calculate_what_is_too_deep() =>
        (await world.RefusedAsync(OrderTools.Calculate, $$"""{"expression":"{{new string('(', 490)}}1{{new string(')', 490)}}"}""")).Should().Be("The expression is nested too deeply");

    [Test]
    public async Task refuse_to_calculate_what_is_too_large() =>
        (await world.RefusedAsync(OrderTools.Calculate, $$"""{"expression":"{{new string('9', 500)}}"}""")).Should().Be("The numbers are too large");

    [TestCase("\u202e#W1")]
    [TestCase("#W1\u0000")]
    [TestCase("＃W1")]
    [TestCase("#w1")]
    [TestCase("W1")]
    [TestCase("../#W1")]
    [TestCase("#W1 ")]
    [TestCase("order-acme_#W1")]
    public async Task know_no_order_under_anything_but_its_id(string id) =>
        (await world.RefusedAsync(OrderTools.GetOrder, System.Text.Json.JsonSerializer.Serialize(new Dictionary<string, string> { ["order_id"] = id }))).Should().Be("Order not found");

    [Test]
    public async Task refuse_half_a_surrogate_pair() =>
        (await world.CallUncheckedAsync(OrderTools.GetOrder, """{"order_id":"\ud83d"}""")).Should().BeOfType<ToolOutcome.Failed>().Which.Code.Should().Be("invalid-input");

    [TestCase("""{"order_id":"#W2","item_ids":["101","101"],"new_item_ids":["102","102"],"payment_method_id":"card_1"}""", "Number of 101 not found.")]
    [TestCase("""{"order_id":"#W2","item_ids":["101"],"new_item_ids":["103"],"payment_method_id":"card_1"}""", "New item 103 not found or available")]
    [TestCase("""{"order_id":"#W2","item_ids":["101"],"new_item_ids":["201"],"payment_method_id":"card_1"}""", "Variant not found")]
    [TestCase("""{"order_id":"#W2","item_ids":["101"],"new_item_ids":[],"payment_method_id":"card_1"}""", null)]
    [TestCase("""{"order_id":"#W2","item_ids":[],"new_item_ids":[],"payment_method_id":"card_1"}""", null)]
    [TestCase("""{"order_id":"#W1","item_ids":["101"],"new_item_ids":["102"],"payment_method_id":"card_1"}""", "Non-delivered order cannot be exchanged")]
    public async Task refuse_to_exchange(string input, string? reason)
    {
        var events = await world.EventsAsync();
        var refused = await world.RefusedAsync(OrderTools.ExchangeItems, input);
        if (reason is not null)
        {
            refused.Should().Be(reason);
        }

        (await world.CallUncheckedAsync(OrderTools.ExchangeItems, input)).Should().BeOfType<ToolOutcome.Failed>();
        (await world.EventsAsync()).Should().Be(events);
    }
}
