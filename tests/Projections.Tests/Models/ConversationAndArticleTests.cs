using AIaaS.Domain.Agents;
using AIaaS.Domain.Channels;
using AIaaS.Domain.Knowledge;
using AIaaS.Projections.Channels;
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
