using AIaaS.Domain.Knowledge;
using AIaaS.EventStore;

namespace Domain.Tests.Knowledge;

internal static class Articles
{
    public static readonly DateTimeOffset At = new(2026, 1, 31, 9, 30, 0, TimeSpan.Zero);

    public static PutArticle Put(string article = "returns", string title = "Returns", string content = "Within 30 days.", Audience audience = Audience.Customer) =>
        new("acme", article, title, content, audience, At);

    public static Article After(params object[] events) => events.Aggregate(Article.Initial, (state, e) => state.Evolve(e));

    public static ArticleProcessed Processed(string content = "Within 30 days.") =>
        (ArticleProcessed)Article.Initial.Put(Put(content: content)).Events.Single();
}

public sealed class Putting_a_new_article
{
    [Test]
    public void keeps_it_with_the_hash_of_its_content() =>
        Article.Initial.Put(Articles.Put()).Events.Should().Equal(
            new ArticleProcessed("returns", "Returns", "Within 30 days.", Audience.Customer, Article.Hash("Returns", "Within 30 days.", Audience.Customer), Articles.At));

    [Test]
    public void takes_ids_of_the_public_banking_documents() =>
        Article.Initial.Put(Articles.Put("doc_rho-bank+_green_account_(checking)_012")).Error.Should().BeNull();
}

public sealed class Putting_an_article_again
{
    [Test]
    public void with_the_same_content_changes_nothing() =>
        Articles.After(Articles.Processed()).Put(Articles.Put() with { At = Articles.At.AddDays(1) }).Events.Should().BeEmpty();

    [TestCase("Returns!", "Within 30 days.", Audience.Customer)]
    [TestCase("Returns", "Within 60 days.", Audience.Customer)]
    [TestCase("Returns", "Within 30 days.", Audience.Staff)]
    public void with_anything_changed_replaces_it(string title, string content, Audience audience) =>
        Articles.After(Articles.Processed()).Put(Articles.Put("returns", title, content, audience)).Events.Should().ContainSingle().Which.Should().BeOfType<ArticleProcessed>();

    [Test]
    public void after_its_removal_keeps_it_again() =>
        Articles.After(Articles.Processed(), new ArticleRemoved("returns", Articles.At)).Put(Articles.Put()).Events.Should().ContainSingle();
}

public sealed class Putting_a_faulty_article
{
    [Test]
    public void names_all_faults_at_once() =>
        Article.Initial.Put(Articles.Put("a b", "two\nlines", " ", (Audience)7)).Error!.Message.Should()
            .Contain("the id").And.Contain("one line").And.Contain("content is empty").And.Contain("audience");

    [TestCase("")]
    [TestCase("ä")]
    [TestCase("a/b")]
    [TestCase("a b")]
    public void refuses_ids_that_do_not_fit_a_stream_name(string id) => Article.Faults(Articles.Put(id)).Should().ContainSingle();

    [Test]
    public void refuses_content_that_is_too_long() =>
        Article.Faults(Articles.Put(content: new('x', Article.MaxContentLength + 1))).Should().ContainSingle().Which.Should().Contain("200001 characters");

    [Test]
    public void refuses_content_that_would_not_fit_one_event_once_escaped() =>
        Article.Faults(Articles.Put(content: new('é', Article.MaxContentLength))).Should().ContainSingle().Which.Should().Contain("bytes in the log");

    [Test]
    public void takes_the_longest_content() => Article.Faults(Articles.Put(content: new('x', Article.MaxContentLength))).Should().BeEmpty();

    [Test]
    public void refuses_half_a_surrogate_pair() => Article.Faults(Articles.Put(content: "\ud83d")).Should().ContainSingle().Which.Should().Contain("surrogate");

    [Test]
    public void takes_a_whole_surrogate_pair() => Article.Faults(Articles.Put(content: "\ud83d\ude00")).Should().BeEmpty();
}

public sealed class Removing_an_article
{
    [Test]
    public void removes_it() =>
        Articles.After(Articles.Processed()).Remove(new("acme", "returns", Articles.At)).Events.Should().Equal(new ArticleRemoved("returns", Articles.At));

    [Test]
    public void that_is_not_there_is_refused() =>
        Article.Initial.Remove(new("acme", "returns", Articles.At)).Error.Should().Be(ArticleErrors.Unknown("returns"));
}

public sealed class A_content_hash
{
    [Test]
    public void does_not_mix_up_title_and_content() =>
        Article.Hash("ab", "c", Audience.Customer).Should().NotBe(Article.Hash("a", "bc", Audience.Customer));
}
