using AIaaS.Domain.Agents;
using AIaaS.Domain.Channels;
using AIaaS.Domain.Handoffs;
using AIaaS.Domain.Knowledge;
using AIaaS.Projections.Channels;
using AIaaS.Projections.Handoffs;
using AIaaS.Projections.Knowledge;
using AIaaS.Projections.Tests.Engine;

namespace AIaaS.Projections.Tests.Models;

public sealed class A_conversation_of_two_messages : ReadModelFixture
{
    private ConversationDocument conversation = null!;

    protected override async Task Given()
    {
        await World.AppendAsync(
            "conversation-acme_c1",
            new MessageReceived("c1", "m1", "customer-7", "Can I return my tent?", "faq_handling", "r1", World.Start),
            new MessageReceived("c1", "m2", null, "And my shoes?", "faq_handling", "r2", World.Start.AddSeconds(1)),
            new MessageAnswered("m1", "r1", RunOutcome.Answered, "Yes.", [new("returns-policy", "Returns", "30 days")], World.Start.AddSeconds(2)));
        var projection = new ConversationsProjection();
        await World.CaughtUpAsync(World.Run(projection));
        conversation = (await World.ReadAsync(projection, "acme:c1"))!;
    }

    [Test]
    public void shows_the_messages_in_order() => conversation.Messages.Select(m => m.Text).Should().Equal("Can I return my tent?", "And my shoes?");

    [Test]
    public void puts_the_answer_to_its_message()
    {
        conversation.Messages[0].Should().BeEquivalentTo(new { Answer = "Yes.", Outcome = RunOutcome.Answered, AnsweredAt = World.Start.AddSeconds(2) });
        conversation.Messages[1].Answer.Should().BeNull();
    }

    [Test]
    public void counts_what_waits_for_an_answer() => conversation.Unanswered.Should().Be(1);

    [Test]
    public void keeps_the_customer_and_the_times() =>
        conversation.Should().BeEquivalentTo(new { Customer = "customer-7", OpenedAt = World.Start, LastAt = World.Start.AddSeconds(2) });
}

public sealed class A_conversation_that_a_person_took_over : ReadModelFixture
{
    private readonly ConversationsProjection conversations = new();
    private readonly HandoffsProjection handoffs = new();

    protected override async Task Given()
    {
        await World.AppendAsync(
            "conversation-acme_c1",
            new MessageReceived("c1", "m1", null, "A person, please", "faq_handling", "r1", World.Start),
            new MessageAnswered("m1", "r1", RunOutcome.HandedOff, "A colleague takes over.", [], World.Start),
            new ConversationHandedOff("h1", World.Start),
            new MessageForStaff("c1", "m2", null, "Are you there?", "h1", World.Start.AddSeconds(1)));
        await World.AppendAsync("handoff-acme_h1", new HandoffRequested("h1", "c1", "r1", null, "asked-for-person", "general", HandoffPriority.Normal, "A person, please", World.Start));
        await World.CaughtUpAsync(World.Run(conversations));
        await World.CaughtUpAsync(World.Run(handoffs));
    }

    [Test]
    public async Task shows_the_hand_off_and_what_waits_for_the_person()
    {
        var conversation = (await World.ReadAsync(conversations, "acme:c1"))!;
        (conversation.Handoff, conversation.Unanswered).Should().Be(("h1", 1));
        conversation.Messages[1].Should().BeEquivalentTo(new { Text = "Are you there?", Handoff = "h1", Run = "" });
    }

    [Test]
    public async Task shows_the_person_what_was_written_since()
    {
        var handoff = (await World.ReadAsync(handoffs, "acme:h1"))!;
        (handoff.Summary, handoff.Messages.Single().Text).Should().Be(("A person, please", "Are you there?"));
    }

    [Test]
    public async Task waits_no_more_when_the_person_wrote_or_is_done()
    {
        await After(new StaffAnswered("s1", "h1", "bo", "I am.", World.Start.AddSeconds(2)));
        (await World.ReadAsync(conversations, "acme:c1"))!.Should().BeEquivalentTo(new { Unanswered = 0, Handoff = "h1" });
        await After(new MessageForStaff("c1", "m3", null, "Fine.", "h1", World.Start.AddSeconds(3)), new ConversationReturned("h1", World.Start.AddSeconds(4)));
        var conversation = (await World.ReadAsync(conversations, "acme:c1"))!;
        (conversation.Handoff, conversation.Unanswered).Should().Be((null, 0));
    }

    private async Task After(params object[] events)
    {
        await World.AppendAsync("conversation-acme_c1", events);
        await World.StopAsync();
        await World.CaughtUpAsync(World.Run(conversations));
    }
}

public sealed class An_article : ReadModelFixture
{
    private readonly ArticlesProjection articles = new();

    protected override async Task Given()
    {
        await World.AppendAsync("article-acme_returns", new ArticleProcessed("returns", "Returns", "Rückgabe", Audience.Staff, "h1", World.Start));
        await World.CaughtUpAsync(World.Run(articles));
    }

    [Test]
    public async Task is_shown_with_its_size_in_bytes() =>
        (await World.ReadAsync(articles, "acme:returns")).Should().BeEquivalentTo(new { Title = "Returns", Content = "Rückgabe", Size = 9, Audience = Audience.Staff, ContentHash = "h1", Revision = 1 });

    [Test]
    public async Task is_replaced_by_its_next_revision()
    {
        await After(new ArticleProcessed("returns", "Returns", "New", Audience.Customer, "h2", World.Start));
        (await World.ReadAsync(articles, "acme:returns")).Should().BeEquivalentTo(new { Content = "New", Audience = Audience.Customer, Revision = 2 });
    }

    [Test]
    public async Task is_gone_when_it_was_removed()
    {
        await After(new ArticleRemoved("returns", World.Start));
        (await World.ReadAsync(articles, "acme:returns")).Should().BeNull();
    }

    private async Task After(object @event)
    {
        await World.AppendAsync("article-acme_returns", @event);
        await World.StopAsync();
        await World.CaughtUpAsync(World.Run(articles));
    }
}
