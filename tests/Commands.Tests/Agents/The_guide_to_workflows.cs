using System.Text.Json;
using System.Text.RegularExpressions;
using AIaaS.Commands.Agents;
using AIaaS.Domain.Json;

namespace Commands.Tests.Agents;

public sealed class The_guide_to_workflows
{
    [Test]
    public void shows_nothing_that_does_not_compile()
    {
        var folder = new DirectoryInfo(TestContext.CurrentContext.TestDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "AIaaS.sln")))
        {
            folder = folder.Parent;
        }

        var guide = File.ReadAllText(Path.Combine(folder!.FullName, "docs", "guides", "workflows.md"));
        var documents = Regex.Matches(guide, "```yaml\n(.*?)```", RegexOptions.Singleline, TimeSpan.FromSeconds(5)).Select((m, i) => WorkflowDocument.Read($"example{i + 1}.yaml", m.Groups[1].Value)).ToList();
        documents.Should().HaveCountGreaterThan(4);
        documents.SelectMany(d => d.Faults).Should().BeEmpty();
        new WorkflowCompiler(documents, null, "staging").CompileAll().SelectMany(c => c.Faults).Should().BeEmpty();
        var schema = JsonSchema.Compile(WorkflowSchema.Text);
        foreach (var document in documents)
        {
            using var json = JsonDocument.Parse(WorkflowTrees.ToJson(document.Root!));
            schema.Validate(json.RootElement).ToString().Should().Be("valid", document.File);
        }
    }
}
