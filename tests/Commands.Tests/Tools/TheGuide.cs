using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using AIaaS.Commands.Tools;
using AIaaS.Domain.Tools;
using AIaaS.EventStore;

namespace Commands.Tests.Tools;

public sealed record Greeting(string Name);

public sealed class Greet() : InProcessTool<Greeting, string>(
    new("greet", "1.0.0", "Says hello.", """{"type":"object","properties":{"name":{"type":"string"}},"required":["name"]}""", """{"type":"string"}"""),
    GreetJson.Default.Greeting,
    GreetJson.Default.String)
{
    protected override Task<string> DoAsync(Greeting input, ToolCall call, CancellationToken cancellationToken) =>
        input.Name.Length > 0 ? Task.FromResult($"Hello {input.Name}") : throw new DomainException(new("no-name", "There is no name.", "Give one."));
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Greeting))]
[JsonSerializable(typeof(string))]
public sealed partial class GreetJson : JsonSerializerContext;

public sealed partial class The_guide_to_tools : CallingATool
{
    private static readonly string Root = FindRoot();

    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web) { UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow };

    private static IEnumerable<string> Adapters() =>
        JsonBlock().Matches(File.ReadAllText(Path.Combine(Root, "docs", "guides", "tools.md"))).Select(m => m.Groups[1].Value);

    [TestCaseSource(nameof(Adapters))]
    public void shows_adapters_that_can_be_registered(string adapter) =>
        ToolRules.Faults(JsonSerializer.Deserialize<ToolAdapter>(adapter, Options)!).Should().BeEmpty();

    [Test]
    public void shows_each_kind_of_adapter() => Adapters().Should().HaveCount(4);

    [Test]
    public void shows_the_tool_in_this_file()
    {
        var guide = CsharpBlock().Match(File.ReadAllText(Path.Combine(Root, "docs", "guides", "tools.md"))).Groups[1].Value.Trim();
        File.ReadAllText(Path.Combine(Root, "tests", "Commands.Tests", "Tools", "TheGuide.cs")).Should().Contain(guide);
    }

    [Test]
    public async Task shows_a_tool_that_works()
    {
        (await ExecuteAsync(new Greet(), Call("""{"name":"Ada"}"""))).Outcome.Should().BeOfType<ToolOutcome.Succeeded>().Which.Output.GetString().Should().Be("Hello Ada");
        (await ExecuteAsync(new Greet(), Call("""{"name":""}"""))).Outcome.Should().BeOfType<ToolOutcome.Failed>().Which.Code.Should().Be("no-name");
        (await ExecuteAsync(new Greet(), Call("{}"))).Outcome.Should().BeOfType<ToolOutcome.Failed>().Which.Code.Should().Be("invalid-input");
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(TestContext.CurrentContext.TestDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "AIaaS.sln")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException("The project's root was not found.");
        }

        return folder.FullName;
    }

    [GeneratedRegex("```json\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex JsonBlock();

    [GeneratedRegex("```csharp\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex CsharpBlock();
}
