using System.Text.Json;
using System.Text.RegularExpressions;

namespace AIaaS.Domain.Json;

public sealed partial class The_guide_to_expressions
{
    private static readonly string Text = Read();

    private static readonly JsonElement Document = JsonDocument.Parse(Block("document")).RootElement;

    private static IEnumerable<TestCaseData> Expressions => Rows("Expression").Select(r => new TestCaseData(r.Source, r.Value));

    private static IEnumerable<TestCaseData> Templates => Rows("Template").Select(r => new TestCaseData(r.Source, r.Value));

    [TestCaseSource(nameof(Expressions))]
    public void says_what_an_expression_gives(string source, string value)
    {
        var result = Expression.Parse(source).Evaluate(Document);
        result.Error.Should().BeNull();
        result.Value.ToJson().GetRawText().Should().Be(value);
    }

    [TestCaseSource(nameof(Templates))]
    public void says_what_a_template_gives(string source, string value)
    {
        var result = Template.Parse(source).Evaluate(Document);
        result.Error.Should().BeNull();
        result.Value.ToJson().GetRawText().Should().Be(value);
    }

    [Test]
    public void says_what_a_document_of_templates_gives()
    {
        using var template = JsonDocument.Parse(Block("template"));
        using var expected = JsonDocument.Parse(Block("result"));
        JsonElement.DeepEquals(JsonTemplate.Parse(template.RootElement).Evaluate(Document).Value.ToJson(), expected.RootElement).Should().BeTrue();
    }

    [Test]
    public void has_each_function_in_its_table() =>
        Text.Should().Contain(string.Join('\n', Expression.Functions.Select(f => $"| `{f.Signature}` | {f.Description} |")));

    [Test]
    public void uses_each_function_that_it_names_but_the_plain_ones() =>
        Expression.Functions.Select(f => f.Name).Where(n => !Regex.IsMatch(Text, $@"^\| `.*\b{n}\(.*` \| `", RegexOptions.Multiline))
            .Should().BeSubsetOf(["text", "ends_with"]);

    private static IEnumerable<(string Source, string Value)> Rows(string heading)
    {
        var tables = Text.Split('\n').Aggregate(
            (Rows: new List<(string, string)>(), Inside: false),
            (state, line) =>
            {
                var inside = line.StartsWith($"| {heading} | Value |", StringComparison.Ordinal) || (state.Inside && line.StartsWith('|'));
                if (inside && Row().Match(line) is { Success: true } row)
                {
                    state.Rows.Add((row.Groups[1].Value.Replace("\\|", "|", StringComparison.Ordinal), row.Groups[2].Value));
                }

                return (state.Rows, inside);
            });
        return tables.Rows;
    }

    private static string Block(string name)
    {
        var start = Text.IndexOf($"```json {name}\n", StringComparison.Ordinal);
        start = Text.IndexOf('\n', start) + 1;
        return Text[start..Text.IndexOf("```", start, StringComparison.Ordinal)];
    }

    private static string Read()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "AIaaS.sln")))
        {
            folder = folder.Parent;
        }

        return File.ReadAllText(Path.Combine(folder.FullName, "docs", "guides", "expressions.md"));
    }

    [GeneratedRegex(@"^\| `(.*)` \| `(.*)` \|$")]
    private static partial Regex Row();
}
