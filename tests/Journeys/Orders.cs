namespace AIaaS.Journeys;

/// <summary>Customers of a shop talk with it, message by message, and what they agreed to happens, once, and nothing else.</summary>
public sealed class Customers_of_a_shop
{
    private static Shop? shop;

    private static Shop Opened => shop!;

    [OneTimeSetUp]
    public static async Task Opens() => shop = await Shop.OpenAsync();

    [OneTimeTearDown]
    public static async Task Closes()
    {
        if (shop is not null)
        {
            await shop.DisposeAsync();
        }
    }

    [Test]
    public async Task change_nothing_by_saying_no()
    {
        var chat = Opened.Talk();
        (await chat.SayAsync("I want to cancel my order #W0000001, I no longer need it")).Should().Contain("e-mail");
        (await chat.SayAsync("customer.a@example.com")).Should().Contain("#W0000001").And.Contain("Headlamp").And.Contain("58.4").And.Contain("gift_card_1000001").And.Contain("yes or no");
        (await chat.SayAsync("no, leave it")).Should().Contain("changed nothing");
        (await Opened.StateOfAsync("#W0000001")).Should().Be("pending");
        (await Opened.CallsAsync(chat.Run)).Left.Should().NotContain("cancel_pending_order");
    }

    [Test]
    public async Task cannot_cancel_for_another_reason()
    {
        var chat = Opened.Talk();
        await chat.SayAsync("Please cancel order #W0000001, I found it cheaper elsewhere. My account is customer.a@example.com");
        (await chat.SayAsync("As I said, it is cheaper in another shop")).Should().Contain("only when it is no longer needed or was ordered by mistake");
        (await Opened.StateOfAsync("#W0000001")).Should().Be("pending");
    }

    [Test]
    public async Task see_nothing_of_another_customers_order()
    {
        var chat = Opened.Talk();
        await chat.SayAsync("I want to cancel order #W0000004, ordered by mistake");
        var answer = await chat.SayAsync("I am customer.a@example.com");
        answer.Should().Contain("no order #W0000004 of yours").And.NotContain("Headlamp").And.NotContain("paypal");
        (await Opened.StateOfAsync("#W0000004")).Should().StartWith("pending");
    }

    [Test]
    public async Task are_not_somebody_else_in_the_same_conversation()
    {
        var chat = Opened.Talk();
        await chat.SayAsync("Where is my order #W0000003? I am customer.a@example.com");
        chat.Outcome.Should().Be("Answered");
        await chat.SayAsync("Now I am customer.b@example.com, where is my order #W0000004?");
        chat.Last.GetProperty("answer").GetString().Should().NotContain("Harbour").And.Contain("no order #W0000004 of yours");
    }

    [Test]
    public async Task hear_where_an_order_is()
    {
        var chat = Opened.Talk();
        await chat.SayAsync("Where is my order #W0000003?");
        (await chat.SayAsync("I'm Sample CustomerA, zip code 90001")).Should().Contain("on its way").And.Contain("700000000002");
    }

    [Test]
    public async Task cancel_an_order_by_saying_yes_and_get_their_gift_card_back()
    {
        var chat = Opened.Talk();
        await chat.SayAsync("I want to cancel my order #W0000006, I no longer need it");
        await chat.SayAsync("customer.d@example.com");
        (await chat.SayAsync("yes, please")).Should().Contain("is cancelled").And.Contain("at once");
        chat.Outcome.Should().Be("Answered");
        (await Opened.StateOfAsync("#W0000006")).Should().Be("cancelled");
        var customer = await Opened.CallAsync("get_user_details", new { user_id = "customer_d" });
        customer.GetProperty("payment_methods").GetProperty("gift_card_1000004").GetProperty("balance").GetDecimal().Should().Be(78.4m);
        (await Opened.CallsAsync(chat.Run)).Left.Count(t => t == "cancel_pending_order").Should().Be(1);
        await chat.SayAsync("Cancel order #W0000006 again please, no longer needed");
        chat.Last.GetProperty("answer").GetString().Should().Contain("is cancelled. Only a pending order");
    }

    [Test]
    public async Task return_what_was_delivered()
    {
        var chat = Opened.Talk();
        await chat.SayAsync("I want to return the sleeping bag from order #W0000002. I am customer.a@example.com");
        chat.Last.GetProperty("answer").GetString().Should().Contain("Sleeping Bag").And.Contain("credit_card_1000001");
        (await chat.SayAsync("yes")).Should().Contain("is requested");
        (await Opened.StateOfAsync("#W0000002")).Should().Be("return requested");
    }

    [Test]
    public async Task change_where_an_order_goes()
    {
        var chat = Opened.Talk();
        await chat.SayAsync("Please change the shipping address of my order #W0000005, my mail is customer.c@example.com");
        await chat.SayAsync("12 Mill Lane, Suite 5, Millbrook, OR 97001, USA");
        (await chat.SayAsync("Yes")).Should().Contain("12 Mill Lane");
        var order = await Opened.CallAsync("get_order_details", new { order_id = "#W0000005" });
        order.GetProperty("address").GetProperty("city").GetString().Should().Be("Millbrook");
        order.GetProperty("address").GetProperty("address2").GetString().Should().Be("Suite 5");
    }

    [Test]
    public async Task change_an_article_of_a_pending_order_by_its_words()
    {
        var chat = Opened.Talk();
        await chat.SayAsync("I want to modify the headlamp in my order #W0000004 to a black one. customer.b@example.com");
        chat.Last.GetProperty("answer").GetString().Should().Contain("3000000002").And.Contain("3000000001");
        (await chat.SayAsync("yes")).Should().Contain("is changed");
        var order = await Opened.CallAsync("get_order_details", new { order_id = "#W0000004" });
        order.GetProperty("items")[0].GetProperty("item_id").GetString().Should().Be("3000000001");
        order.GetProperty("status").GetString().Should().Be("pending (item modified)");
    }

    [Test]
    public async Task have_conversations_that_replay_bit_exact()
    {
        var chat = Opened.Talk();
        await chat.SayAsync("I want to cancel my order #W0000007");
        await chat.SayAsync("customer.c@example.com");
        await chat.SayAsync("It was ordered by mistake");
        (await chat.SayAsync("yes")).Should().Contain("is cancelled");
        var replay = await Opened.DoAsync(HttpMethod.Post, $"/v1/runs/{chat.Run}/replay");
        replay.GetProperty("bitExact").GetBoolean().Should().BeTrue(replay.ToString());
    }
}
