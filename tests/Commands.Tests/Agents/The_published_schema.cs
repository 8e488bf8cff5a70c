using System.Text.Json;
using AIaaS.Commands.Agents;
using AIaaS.Domain.Json;

namespace Commands.Tests.Agents;

public sealed class The_published_schema
{
    private static readonly JsonSchema Schema = JsonSchema.Compile(WorkflowSchema.Text);

    private static JsonSchemaResult Validate(string yaml)
    {
        var root = new WorkflowYaml((_, line, column, message, _) => throw new AssertionException($"{line}:{column}: {message}")).Read("x.yaml", yaml);
        using var document = JsonDocument.Parse(WorkflowTrees.ToJson(root!));
        return Schema.Validate(document.RootElement);
    }

    [Test]
    public void takes_every_shipped_document_and_every_node_type()
    {
        WorkflowFiles.Shipped.Should().NotBeEmpty();
        foreach (var document in WorkflowFiles.Shipped)
        {
            document.Faults.Should().BeEmpty();
            Validate(document.Yaml).Valid.Should().BeTrue($"{document.File}: {Validate(document.Yaml)}");
        }

        Validate(The_workflow_language.Everything).ToString().Should().Be("valid");
    }

    [TestCase("type: start", "type: begin")]
    [TestCase("steps: 100", "steps: 1001")]
    [TestCase("steps: 100", "steps: '100'")]
    [TestCase("steps: 100", "stepz: 100")]
    [TestCase("cost_usd: 0.25", "cost_usd: -1")]
    [TestCase("workflow: everything", "workflow: Every thing")]
    [TestCase("workflow: everything", "workflow: 7")]
    [TestCase("description: Every node type with every field.", "descriptions: x")]
    [TestCase("fallback: Sorry.", "fallback: ''")]
    [TestCase("id: kind", "id: Kind")]
    [TestCase("id: kind", "id: 'kınd'")]
    [TestCase("id: kind", "id: a.b")]
    [TestCase("tier: SLM_A", "tier: GPT")]
    [TestCase("task: classify", "task: agent")]
    [TestCase("task: classify", "task: guess")]
    [TestCase("max_output_tokens: 50", "max_output_tokens: 0")]
    [TestCase("max_output_tokens: 50", "max_output_tokens: 5.5")]
    [TestCase("    labels:\n", "    label:\n")]
    [TestCase("name: order,", "nam: order,")]
    [TestCase("next: which", "next: [ which ]")]
    [TestCase("on: $.steps.kind.label", "on: { a: 1 }")]
    [TestCase("{ is: 7, next: search }", "{ is: 7 }")]
    [TestCase("output_schema: { type: object", "output_schema: { type: objekt")]
    [TestCase("task: extract\n    output_schema", "task: extract\n    outputs")]
    [TestCase("version: 1.2.0", "version: 1.2")]
    [TestCase("tool: get_order_details", "tool: Get Order")]
    [TestCase("branches: [ left, right ]", "branches: [ left ]")]
    [TestCase("branches: [ left, right ]", "branches: [ left, left, right ]")]
    [TestCase("join: met }", "joins: met }")]
    [TestCase("most: 20", "most: 0")]
    [TestCase("over: \"$.steps", "while: \"true\", over: \"$.steps")]
    [TestCase("while: $.steps.change.more == true, ", "")]
    [TestCase("timeout: 1h", "timeout: 1 hour")]
    [TestCase("timeout: 1h, ", "")]
    [TestCase("of: change, ", "")]
    [TestCase("name: parcel_scanned, ", "")]
    [TestCase("prompt: May it be?", "prompt: May it be?, of: change")]
    [TestCase("prompt: Which one?", "prompt: Which one?, rejected: person")]
    [TestCase("for: approval", "for: money")]
    [TestCase("reason: needs-person", "reason: needs_person")]
    [TestCase("- score_threshold: 0.9", "- score_threshold: 1.1")]
    [TestCase("- factuality", "- factuality: 1")]
    [TestCase("- factuality", "- facts")]
    [TestCase("threshold: 0.7", "treshold: 0.7")]
    [TestCase("outcome: answered, text", "outcome: solved, text")]
    [TestCase("    max_visits: 3\n", "")]
    [TestCase("top: 4", "top: 21")]
    [TestCase("tools: [ get_order_details, calculate ]", "tools: [ ]")]
    public void refuses_what_the_loader_refuses(string from, string to)
    {
        The_workflow_language.Everything.Should().Contain(from);
        var at = The_workflow_language.Everything.IndexOf(from, StringComparison.Ordinal);
        var yaml = The_workflow_language.Everything[..at] + to + The_workflow_language.Everything[(at + from.Length)..];
        WorkflowLoader.Load("x.yaml", yaml).Faults.Should().NotBeEmpty();
        Validate(yaml).Valid.Should().BeFalse();
    }

    [Test]
    public void is_the_checked_in_one()
    {
        var folder = new DirectoryInfo(TestContext.CurrentContext.TestDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "AIaaS.sln")))
        {
            folder = folder.Parent;
        }

        File.ReadAllText(Path.Combine(folder!.FullName, "docs", "workflow.schema.json")).Should().Be(WorkflowSchema.Text, "'make workflow-schema' writes it");
    }
}
