using System.Text.RegularExpressions;

namespace AIaaS.Architecture;

public sealed partial class Code
{
    // The few places where a rule of the analyzers must be set aside, and how many of them each file holds.
    private static readonly Dictionary<string, int> SetAside = new()
    {
        ["eventstore/AIaaS.EventStore/Serialization/IdSource.cs"] = 1,
    };

    [Test]
    public void sets_no_analyzer_rule_aside_but_in_the_known_places()
    {
        var found = Repository.Files("*.cs")
            .Select(f => (File: Repository.Relative(f), Count: Pragma().Count(File.ReadAllText(f))))
            .Where(f => f.Count > 0)
            .ToDictionary(f => f.File, f => f.Count);
        found.Should().BeEquivalentTo(SetAside);
    }

    [Test]
    public void suppresses_nothing_by_attribute_or_project() =>
        Repository.Files("*.cs").Where(f => Suppression().IsMatch(File.ReadAllText(f))).Select(Repository.Relative)
            .Concat(Repository.ProjectFiles.Where(f => ProjectSuppression().IsMatch(File.ReadAllText(f))).Select(Repository.Relative))
            .Should().BeEmpty();

    [Test]
    public void is_finished() =>
        Repository.Files("*.cs").Where(f => Unfinished().IsMatch(File.ReadAllText(f))).Select(Repository.Relative).Should().BeEmpty();

    [Test]
    public void is_built_by_one_set_of_rules() =>
        Repository.Files("Directory.Build.*").Select(Repository.Relative).Should().Equal("Directory.Build.props");

    [GeneratedRegex(@"^\s*#pragma warning disable", RegexOptions.Multiline)]
    private static partial Regex Pragma();

    [GeneratedRegex(@"^\s*\[(assembly: )?(System\.Diagnostics\.CodeAnalysis\.)?SuppressMessage|^\s*#nullable disable", RegexOptions.Multiline)]
    private static partial Regex Suppression();

    [GeneratedRegex("<(NoWarn|TreatWarningsAsErrors|RunAnalyzers|EnforceCodeStyleInBuild|Nullable)>")]
    private static partial Regex ProjectSuppression();

    // The words are split so that this file does not find itself.
    [GeneratedRegex("TO" + @"DO\b|FIX" + @"ME\b|NotImplemented" + @"Exception|catch\s*(\([^)]*\))?\s*\{\s*\}")]
    private static partial Regex Unfinished();
}
