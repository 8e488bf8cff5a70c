namespace AIaaS.Architecture;

/// <summary>The demo's material is what the README says of it.</summary>
public sealed class The_demo
{
    private static readonly Dictionary<string, (bool Staff, string Body)> Articles = Directory
        .EnumerateFiles(Repository.PathOf("demo/articles"), "*.md")
        .ToDictionary(f => Path.GetFileNameWithoutExtension(f), f => Parse(File.ReadAllText(f)));

    private static readonly (string[] Expected, string Text)[] Messages =
    [
        .. File.ReadLines(Repository.PathOf("demo/messages.txt"))
            .Where(l => l.Length > 0 && l[0] != '#')
            .Select(l => l.Split(" | ", 2))
            .Select(p => (p[0].Split(','), p[1])),
    ];

    [Test]
    public void has_at_least_sixty_articles_for_customers() => Articles.Values.Count(a => !a.Staff).Should().BeGreaterThanOrEqualTo(60);

    [Test]
    public void has_articles_that_only_staff_may_see() => Articles.Values.Count(a => a.Staff).Should().BeGreaterThanOrEqualTo(5);

    [Test]
    public void has_articles_of_the_length_of_articles() =>
        Articles.Where(a => a.Value.Body.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length is < 70 or > 250).Select(a => a.Key).Should().BeEmpty();

    [Test]
    public void sends_at_least_forty_messages() => Messages.Should().HaveCountGreaterThanOrEqualTo(40);

    [Test]
    public void sends_messages_that_differ() => Messages.Select(m => m.Text).Should().OnlyHaveUniqueItems();

    [Test]
    public void expects_only_articles_that_a_customer_may_see() =>
        Messages.SelectMany(m => m.Expected).Where(e => e != "handoff").Distinct()
            .Where(e => !Articles.TryGetValue(e, out var article) || article.Staff)
            .Should().BeEmpty();

    private static (bool Staff, string Body) Parse(string text)
    {
        var end = text.IndexOf("\n---\n", 3, StringComparison.Ordinal);
        return (text[..end].Contains("audience: staff", StringComparison.Ordinal), text[(end + 5)..]);
    }
}
