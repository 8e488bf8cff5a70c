using System.Text.RegularExpressions;

namespace AIaaS.Architecture;

public sealed partial class Documentation
{
    private static IEnumerable<string> Pages => Repository.Files("*.md")
        .Select(Repository.Relative)
        .Where(f => f is "README.md" || f.StartsWith("docs/", StringComparison.Ordinal));

    [TestCaseSource(nameof(Pages))]
    public void links_to_what_exists(string page)
    {
        var folder = Path.GetDirectoryName(Repository.PathOf(page))!;
        Link().Matches(Repository.Read(page))
            .Select(m => m.Groups[1].Value)
            .Where(target => !target.Contains("://", StringComparison.Ordinal) && !target.StartsWith('#'))
            .Select(target => target.Split('#')[0])
            .Where(target => !Path.Exists(Path.Combine(folder, target)))
            .Should().BeEmpty();
    }

    [TestCaseSource(nameof(Pages))]
    public void names_only_make_targets_that_exist(string page)
    {
        var targets = Target().Matches(Repository.Read("Makefile")).Select(m => m.Groups[1].Value);
        MakeCall().Matches(Repository.Read(page)).SelectMany(m => m.Groups[1].Value.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Should().BeSubsetOf(targets);
    }

    [Test]
    public void lists_every_decision() =>
        Directory.EnumerateFiles(Repository.PathOf("docs/decisions"), "*.md").Select(f => Path.GetFileName(f)!)
            .Where(f => f != "README.md")
            .Where(f => !Repository.Read("docs/decisions/README.md").Contains($"]({f})", StringComparison.Ordinal))
            .Should().BeEmpty();

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex("^([a-z-]+):", RegexOptions.Multiline)]
    private static partial Regex Target();

    [GeneratedRegex(@"(?:^|`)make ([a-z -]+?)(?= [A-Z]+=|`|\s*#|\s*$)", RegexOptions.Multiline)]
    private static partial Regex MakeCall();
}
