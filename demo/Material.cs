namespace AIaaS.Demo;

/// <summary>An article of the shop.</summary>
internal sealed record Article(string Id, string Title, bool IsStaff, string Content);

/// <summary>A customer's message, and the articles that could answer it; <c>handoff</c> stands for a person.</summary>
internal sealed record CustomerMessage(string Text, string[] Expected);

/// <summary>The shop's articles and its customers' messages, as they lie beside the program.</summary>
internal static class Material
{
    public const string HandOff = "handoff";

    public static IReadOnlyList<Article> Articles() =>
        [.. Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "articles"), "*.md").Order(StringComparer.Ordinal).Select(Read)];

    public static IReadOnlyList<CustomerMessage> Messages() =>
    [
        .. File.ReadLines(Path.Combine(AppContext.BaseDirectory, "messages.txt"))
            .Where(l => l.Length > 0 && l[0] != '#')
            .Select(l => l.Split(" | ", 2))
            .Select(p => new CustomerMessage(p[1], p[0].Split(','))),
    ];

    private static Article Read(string file)
    {
        var text = File.ReadAllText(file).ReplaceLineEndings("\n");
        var end = text.IndexOf("\n---\n", 3, StringComparison.Ordinal);
        if (!text.StartsWith("---\n", StringComparison.Ordinal) || end < 0)
        {
            throw new DemoException($"{file} does not begin with its title and audience between two lines of ---.");
        }

        var head = text[4..end].Split('\n').Select(l => l.Split(':', 2)).ToDictionary(p => p[0].Trim(), p => p[1].Trim().Trim('"'));
        return new(Path.GetFileNameWithoutExtension(file), head["title"], head["audience"] == "staff", text[(end + 5)..].Trim());
    }
}
