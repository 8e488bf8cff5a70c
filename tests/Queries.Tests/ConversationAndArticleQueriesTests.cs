using AIaaS.Domain.Agents;
using AIaaS.Domain.Channels;
using AIaaS.Domain.Knowledge;
using AIaaS.Queries;
using AIaaS.Queries.Channels;
using AIaaS.Queries.Knowledge;

namespace Queries.Tests;

public sealed class The_conversations_of_a_tenant : QueryFixture
{
    protected override async Task Given()
    {
        await AppendAsync("conversation-acme_c1", new MessageReceived("c1", "m1", "ann", "Hello", "faq_handling", "r1", Start));
        await AppendAsync("conversation-acme_c2", new MessageReceived("c2", "m2", "bob", "Hello", "faq_handling", "r2", Start.AddSeconds(1)), new MessageAnswered("m2", "r2", RunOutcome.Answered, "Hi", [], Start.AddSeconds(2)));
        await AppendAsync("conversation-other_c3", new MessageReceived("c3", "m3", "ann", "Hello", "faq_handling", "r3", Start));
    }

    private async Task<string[]> List(ConversationFilter filter, string tenant = "acme") =>
        [.. (await Get<ConversationQueries>().ListAsync(tenant, filter, new(), Now)).Value!.Items.Select(c => c.Conversation)];

    [Test]
    public async Task come_with_the_newest_message_first() => (await List(new())).Should().Equal("c2", "c1");

    [Test]
    public async Task can_be_filtered()
    {
        (await List(new() { Customer = "ann" })).Should().Equal("c1");
        (await List(new() { OnlyUnanswered = true })).Should().Equal("c1");
        (await List(new() { From = Start.AddSeconds(1) })).Should().Equal("c2");
    }

    [Test]
    public async Task are_never_those_of_another_tenant()
    {
        (await Get<ConversationQueries>().GetAsync("acme", "c3", Now)).Status.Should().Be(QueryStatus.NotFound);
        (await List(new(), "other")).Should().Equal("c3");
    }

    [Test]
    public async Task show_their_messages() =>
        (await Get<ConversationQueries>().GetAsync("acme", "c2", Now)).Value!.Messages.Single().Answer.Should().Be("Hi");
}

public sealed class The_articles_of_a_tenant : QueryFixture
{
    protected override async Task Given()
    {
        await AppendAsync("article-acme_a", new ArticleProcessed("a", "Returns", "30 days", Audience.Customer, "h", Start));
        await AppendAsync("article-acme_b", new ArticleProcessed("b", "Margins", "secret", Audience.Staff, "h", Start));
        await AppendAsync("article-acme_c", new ArticleProcessed("c", "Gone", "x", Audience.Customer, "h", Start), new ArticleRemoved("c", Start));
        await AppendAsync("article-other_a", new ArticleProcessed("a", "Other", "theirs", Audience.Customer, "h", Start));
    }

    private async Task<string[]> List(Audience? audience, string tenant = "acme") =>
        [.. (await Get<ArticleQueries>().ListAsync(tenant, audience, new(), Now)).Value!.Items.Select(a => a.Title)];

    [Test]
    public async Task come_by_title_without_those_removed() => (await List(null)).Should().Equal("Margins", "Returns");

    [Test]
    public async Task can_be_filtered_by_audience() => (await List(Audience.Customer)).Should().Equal("Returns");

    [Test]
    public async Task are_never_those_of_another_tenant()
    {
        (await List(null, "other")).Should().Equal("Other");
        (await Get<ArticleQueries>().GetAsync("acme", "a", Now)).Value!.Content.Should().Be("30 days");
    }

    [Test]
    public async Task that_were_removed_are_not_found() =>
        (await Get<ArticleQueries>().GetAsync("acme", "c", Now)).Status.Should().Be(QueryStatus.NotFound);
}
