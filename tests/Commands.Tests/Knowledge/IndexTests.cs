using AIaaS.Commands.Knowledge;
using AIaaS.Domain.Knowledge;
using Commands.Tests.Support;
using FsCheck;
using FsCheck.Fluent;

namespace Commands.Tests.Knowledge;

public sealed class Cutting_an_article_into_passages
{
    private static readonly Gen<string> Texts =
        from lines in Gen.Elements("## A heading", "", "- An item of a list.", "A sentence. Another one! A third?", new string('x', 900), string.Join(' ', Enumerable.Repeat("Many words in one line.", 60)), "😀😀😀").ListOf()
        select string.Join('\n', lines);

    [Test]
    public void keeps_every_word_in_order() => Prop.ForAll(
        Texts.ToArbitrary(),
        text => Squeeze(string.Concat(PassageSplitter.Split(text))) == Squeeze(text)).Check(Config.QuickThrowOnFailure.WithMaxTest(Soak.Count(100, full: 10_000)));

    [Test]
    public void gives_passages_that_stand_in_it_and_are_bounded() => Prop.ForAll(
        Texts.ToArbitrary(),
        text => PassageSplitter.Split(text).All(p => p.Length is > 0 and <= PassageSplitter.Target && text.Contains(p, StringComparison.Ordinal))).Check(Config.QuickThrowOnFailure.WithMaxTest(Soak.Count(100, full: 10_000)));

    private static string Squeeze(string text) => string.Concat(text.Where(c => !char.IsWhiteSpace(c)));
}

public sealed class Searching_articles
{
    private static TenantIndex Index(params (string Id, string Title, string Content, Audience Audience)[] articles)
    {
        var index = new TenantIndex();
        foreach (var (id, title, content, audience) in articles)
        {
            index.Put(new(id, title, content, audience, "", default));
        }

        return index;
    }

    [Test]
    public void finds_the_article_that_is_about_it_first()
    {
        using var index = Index(
            ("delivery", "Delivery times", "Parcels arrive within three days.", Audience.Customer),
            ("returns", "Returns", "Send it back within 30 days of delivery.", Audience.Customer));
        index.Search("how do I return something", Audience.Customer, 5).Select(p => p.Article).Should().Equal("returns");
    }

    [Test]
    public void never_looks_at_what_is_for_staff_when_a_customer_asks()
    {
        using var index = Index(("secret", "Goodwill", "Agents may give 20 dollars of goodwill.", Audience.Staff), ("open", "Contact", "Write to us.", Audience.Customer));
        index.Search("goodwill dollars agents write", Audience.Customer, 20).Select(p => p.Article).Should().Equal("open");
        index.Search("goodwill dollars agents write", Audience.Staff, 20).Select(p => p.Article).Should().BeEquivalentTo("secret", "open");
    }

    [Test]
    public void hides_an_article_from_customers_once_it_is_for_staff()
    {
        using var index = Index(("a", "Goodwill", "Goodwill is 20 dollars.", Audience.Customer), ("a", "Goodwill", "Goodwill is 20 dollars.", Audience.Staff));
        index.Search("goodwill", Audience.Customer, 5).Should().BeEmpty();
        index.Search("goodwill", Audience.Staff, 5).Should().ContainSingle();
    }

    [Test]
    public void does_not_let_staff_articles_weigh_on_a_customers_scores()
    {
        using var without = Index(("a", "Cards", "Cards are free.", Audience.Customer), ("b", "Fees", "Fees are low.", Audience.Customer));
        using var with = Index(("a", "Cards", "Cards are free.", Audience.Customer), ("b", "Fees", "Fees are low.", Audience.Customer), ("s", "Cards", "Cards cards cards.", Audience.Staff));
        with.Search("cards", Audience.Customer, 5).Should().Equal(without.Search("cards", Audience.Customer, 5));
    }

    [Test]
    public void breaks_ties_by_the_article_id()
    {
        using var index = Index(("b", "Same", "words here", Audience.Customer), ("c", "Same", "words here", Audience.Customer), ("a", "Same", "words here", Audience.Customer));
        index.Search("words", Audience.Customer, 3).Select(p => p.Article).Should().Equal("a", "b", "c");
    }

    [TestCase("")]
    [TestCase("the of and")]
    [TestCase("zzz")]
    public void finds_nothing_for_a_query_without_a_known_word(string query)
    {
        using var index = Index(("a", "Cards", "Cards are free.", Audience.Customer));
        index.Search(query, Audience.Customer, 5).Should().BeEmpty();
    }

    [Test]
    public void depends_on_the_articles_and_not_on_how_they_came()
    {
        var words = Gen.Elements("card", "fee", "refund", "limit", "account", "parcel", "return", "transfer");
        var content = words.NonEmptyListOf().Select(w => string.Join(' ', w));
        var change = from id in Gen.Choose(0, 40) from text in content from kind in Gen.Choose(0, 3) select (Id: $"a{id}", Text: kind == 0 ? null : text, Audience: kind == 1 ? Audience.Staff : Audience.Customer);
        Prop.ForAll(change.ListOf(300).ToArbitrary(), content.ToArbitrary(), (changes, query) =>
        {
            using var lived = new TenantIndex();
            var now = new SortedDictionary<string, ArticleProcessed>(StringComparer.Ordinal);
            foreach (var (id, text, audience) in changes)
            {
                if (text is null)
                {
                    lived.Remove(id);
                    now.Remove(id);
                }
                else
                {
                    now[id] = new(id, "About " + id, text, audience, "", default);
                    lived.Put(now[id]);
                }
            }

            using var fresh = new TenantIndex();
            foreach (var article in now.Values)
            {
                fresh.Put(article);
            }

            return lived.Articles == now.Count
                && lived.Search(query, Audience.Customer, 20).SequenceEqual(fresh.Search(query, Audience.Customer, 20))
                && lived.Search(query, Audience.Staff, 20).SequenceEqual(fresh.Search(query, Audience.Staff, 20));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(Soak.Count(30, full: 1_000)));
    }
}

public sealed class Searching_the_public_banking_documents
{
    // Scenarios are long stage directions for a customer of several wishes; with their whole text as the query 6, 10 and 20 passages reached
    // 0.24, 0.29 and 0.39 of the needed documents, and 56, 61 and 62 of the 64 scenarios found at least one.
    [TestCase(6, 0.22, 54)]
    [TestCase(10, 0.27, 58)]
    [TestCase(20, 0.36, 60)]
    public void finds_the_documents_that_scenarios_need(int top, double recall, int scenarios)
    {
        using var index = new TenantIndex();
        foreach (var d in SharedData.BankingDocuments("bank"))
        {
            index.Put(new(d.Article, d.Title, d.Content, d.Audience, "", default));
        }

        using var queries = System.Text.Json.JsonDocument.Parse(File.ReadAllText(SharedData.Find("banking/queries.json")));
        var recalls = new List<double>();
        foreach (var query in queries.RootElement.EnumerateArray())
        {
            var needed = query.GetProperty("required_documents").EnumerateArray().Select(d => d.GetString()!).ToHashSet();
            var found = index.Search(query.GetProperty("scenario").GetString()!, Audience.Staff, top).Select(p => p.Article).ToHashSet();
            recalls.Add(needed.Count(found.Contains) / (double)needed.Count);
        }

        recalls.Average().Should().BeGreaterThanOrEqualTo(recall);
        recalls.Count(r => r > 0).Should().BeGreaterThanOrEqualTo(scenarios);
    }
}
