using System.Text.Json;

namespace AIaaS.Domain.Json;

/// <summary>The mandatory cases of the JSON Schema Test Suite for draft 2020-12.</summary>
public sealed class Json_schema_suite
{
    private const string Folder = "json-schema";

    private static readonly string? Root = SharedData.Find(Folder);

    private static readonly Lazy<JsonSchemaOptions> Options = new(() => new()
    {
        Documents = Directory.EnumerateFiles(Path.Combine(Root!, "remotes"), "*.json", SearchOption.AllDirectories)
            .ToDictionary(f => "http://localhost:1234/" + Path.GetRelativePath(Path.Combine(Root!, "remotes"), f).Replace('\\', '/'), File.ReadAllText),
    });

    private static IEnumerable<TestCaseData> Cases()
    {
        if (Root is null)
        {
            yield return new TestCaseData("", "", true).SetName($"needs ../shared/data/{Folder}");
            yield break;
        }

        foreach (var file in Directory.EnumerateFiles(Path.Combine(Root, "tests", "draft2020-12"), "*.json").Order(StringComparer.Ordinal))
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(file));
            foreach (var group in document.RootElement.EnumerateArray())
            {
                foreach (var test in group.GetProperty("tests").EnumerateArray())
                {
                    yield return new TestCaseData(group.GetProperty("schema").GetRawText(), test.GetProperty("data").GetRawText(), test.GetProperty("valid").GetBoolean())
                        .SetName($"{Path.GetFileNameWithoutExtension(file)}: {group.GetProperty("description").GetString()}: {test.GetProperty("description").GetString()}");
                }
            }
        }
    }

    [TestCaseSource(nameof(Cases))]
    public void holds(string schema, string data, bool valid)
    {
        if (Root is null)
        {
            Assert.Ignore($"../shared/data/{Folder} is not there.");
        }

        var compiled = JsonSchema.Compile(schema, Options.Value);
        using var document = JsonDocument.Parse(data);
        compiled.IsValid(document.RootElement).Should().Be(valid);
        compiled.Validate(document.RootElement).Valid.Should().Be(valid);
    }

    [Test]
    public void is_there_as_a_whole()
    {
        if (Root is null)
        {
            Assert.Ignore($"../shared/data/{Folder} is not there.");
        }

        Cases().Should().HaveCountGreaterThan(1_000);
    }
}
