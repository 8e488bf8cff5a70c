using System.Net;

namespace AIaaS.Journeys;

/// <summary>Who wants to buy, who complains and who has to pay, over HTTP; and the people who take over.</summary>
public sealed class Other_customers_of_a_shop
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
    public async Task become_leads_when_they_say_how_to_be_reached()
    {
        var chat = Opened.Talk();
        (await chat.SayAsync("We'd like an offer for 80 headlamps, our budget is $2,500")).Should().Contain("e-mail");
        (await chat.SayAsync("My name is Sample Buyer, buyer@example.com")).Should().Contain("buyer@example.com");
        var leads = await Opened.Api.ListAsync("/v1/leads", Opened.Key, Opened.Token);
        var lead = leads.Should().ContainSingle(l => l.ToString().Contains("buyer@example.com")).Which;
        lead.ToString().Should().Contain("Sample Buyer").And.Contain("2500");
        (await Opened.CallsAsync(chat.Run)).Left.Should().Equal("capture_lead");
    }

    [Test]
    public async Task complain_and_are_answered_by_a_person_when_it_is_severe()
    {
        var chat = Opened.Talk();
        await chat.SayAsync("I want to complain: the stove caught fire and I was injured, this is dangerous and unacceptable");
        chat.Outcome.Should().Be("HandedOff");
        (await Opened.CallsAsync(chat.Run)).Left.Should().Equal("open_complaint");
        (await Opened.Api.ListAsync("/v1/complaints", Opened.Key, Opened.Token)).Should().ContainSingle(c => c.ToString().Contains("stove caught fire"));
        var handoff = await Opened.HandoffOfAsync(chat);
        await Opened.DoAsync(HttpMethod.Post, $"/v1/handoffs/{handoff}/claim", new { person = "agent-1" });
        await Opened.DoAsync(HttpMethod.Post, $"/v1/handoffs/{handoff}/answer", new { person = "agent-1", text = "We are sorry; we call you today." });
        (await Opened.DoAsync(HttpMethod.Get, $"/v1/handoffs/{handoff}")).ToString().Should().Contain("we call you today");
    }

    [Test]
    public async Task are_given_to_a_person_when_they_ask_for_one()
    {
        var chat = Opened.Talk();
        await chat.SayAsync("I want to talk to a real person please");
        (chat.Outcome, chat.Last.GetProperty("reason").GetString()).Should().Be(("HandedOff", "person-requested"));
        (await Opened.HandoffOfAsync(chat)).Should().NotBeEmpty();
    }

    [Test]
    public async Task hear_what_was_paid_for_an_order()
    {
        var chat = Opened.Talk();
        await chat.SayAsync("Was my payment for order #W0000002 received? I am customer.a@example.com");
        chat.Last.GetProperty("answer").GetString().Should().Contain("Paid: 99").And.Contain("credit_card_1000001").And.Contain("Given back: nothing");
    }

    [Test]
    public async Task pay_nothing_by_saying_no()
    {
        var chat = Opened.Talk("payment");
        await chat.SayAsync("I want to pay 25 USD with credit_card_1000003. I am customer.c@example.com");
        chat.Last.GetProperty("answer").GetString().Should().Contain("25").And.Contain("credit_card_1000003").And.Contain("yes or no");
        var answer = await chat.SayAsync("no");
        answer.Should().Contain("changed nothing");
        (await Opened.CallsAsync(chat.Run)).Left.Should().NotContain("charge_payment");
    }

    [Test]
    public async Task are_told_when_their_card_is_declined_and_pay_nothing()
    {
        var chat = Opened.Talk("payment");
        (await chat.SayAsync("I want to pay 25 USD with pm_card_chargeDeclined. I am customer.c@example.com")).Should().Contain("25").And.Contain("pm_card_chargeDeclined").And.Contain("yes or no");
        (await chat.SayAsync("yes")).Should().Contain("not accepted").And.Contain("nothing was taken");
        (await Opened.CallsAsync(chat.Run)).Left.Count(t => t == "charge_payment").Should().Be(1);
        var payments = await Opened.Api.ListAsync("/v1/payments?customer=customer_c", Opened.Key, Opened.Token);
        var payment = payments.Should().ContainSingle().Which;
        (payment.GetProperty("status").GetString(), payment.GetProperty("captured").GetDecimal()).Should().Be(("Declined", 0m));
    }
}
