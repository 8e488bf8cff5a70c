using System.Xml.Linq;
using AIaaS.Commands.Agents;
using AIaaS.Domain.Agents;

namespace Commands.Tests.Agents;

public sealed class Drawing_a_workflow
{
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    private static Workflow Everything => WorkflowLoader.Load("everything.yaml", The_workflow_language.Everything).Workflow!;

    private static Workflow Of(params WorkflowNode[] nodes) => new("w", "", new(), "", [.. nodes]);

    [Test]
    public void shows_every_node_and_every_way_between_them()
    {
        var layout = WorkflowLayout.Of(Everything);
        layout.Nodes.Select(n => n.Node.Id).Should().BeEquivalentTo(Everything.Nodes.Select(n => n.Id));
        layout.Placed.Select(e => (e.Edge.From, e.Edge.To)).Should().BeEquivalentTo(
            Everything.Nodes.SelectMany(n => (n is ParallelNode p ? p.Branches : n.Targets).Append(n.Exhausted).OfType<string>().Select(t => (n.Id, t))).Distinct());
        foreach (var a in layout.Nodes)
        {
            layout.Nodes.Should().NotContain(b => b != a && Math.Abs(a.X - b.X) < ((a.Width + b.Width) / 2) && Math.Abs(a.Y - b.Y) < a.Height, $"nothing lies on '{a.Node.Id}'");
            a.X.Should().BeInRange(a.Width / 2, layout.Width - (a.Width / 2));
        }

        var back = layout.Placed.Where(e => e.Back).Select(e => (e.Edge.From, e.Edge.To));
        back.Should().BeEquivalentTo([("item", "each"), ("again", "more")]);
        var svg = XDocument.Parse(WorkflowDrawing.ToSvg(Everything));
        svg.Descendants(Svg + "text").Select(t => t.Value).Should().Contain(["look_up", "get_order_details", "rejected", "timed out", "classify · SLM_A"]);
    }

    [Test]
    public void names_every_way_that_leads_to_one_place()
    {
        var workflow = Of(new StartNode("start", "wait"), new WaitNode("wait", WaitKind.Signal, 1_000, "done", "done") { Name = "paid" }, new EndNode("done", RunOutcome.Answered, "Done."));
        var path = RunPath.Of([new StepCompleted("start", "start", 1, "ok", "", "wait", DateTimeOffset.UnixEpoch), new StepCompleted("wait", "wait", 2, "ok", "", "done", DateTimeOffset.UnixEpoch)]);
        XDocument.Parse(WorkflowDrawing.ToSvg(workflow, path)).Descendants(Svg + "text").Select(t => t.Value).Should().Contain("next, timed out").And.NotContain("timed out");
        WorkflowDrawing.ToMermaid(workflow, path).Should().Contain("|\"next, timed out\"|");
    }

    [Test]
    public void highlights_the_path_of_a_run()
    {
        var at = DateTimeOffset.UnixEpoch;
        var path = RunPath.Of(
        [
            new StepCompleted("start", "start", 1, "ok", "", "kind", at),
            new StepCompleted("kind", "model", 2, "ok", "", "which", at),
            new StepCompleted("which", "switch", 3, "ok", "", "kind", at),
            new StepCompleted("kind", "model", 4, "ok", "", "which", at),
            new StepCompleted("both", "parallel", 5, "ok", "", "met", at) { Branches = ["left", "right"] },
        ]);
        path.Visits["kind"].Should().Be(2);
        path.Current.Should().BeEquivalentTo(["which", "left", "right"]);
        path.Ways.Keys.Should().Contain(("both", "left")).And.NotContain(("both", "met"));
        var svg = XDocument.Parse(WorkflowDrawing.ToSvg(Everything, path));
        svg.Descendants(Svg + "text").Select(t => t.Value).Should().Contain("2×");
        var mermaid = WorkflowDrawing.ToMermaid(Everything, path);
        mermaid.Should().Contain("2 visits").And.Contain("linkStyle ").And.Contain(" taken\n").And.Contain(" now\n");
        RunPath.Of([new StepCompleted("start", "start", 1, "ok", "", "kind", at)]).Current.Should().BeEquivalentTo(["kind"]);
    }

    [TestCase("<script>alert(1)</script>")]
    [TestCase("\"]; click n0 \"javascript:alert(1)\" %%")]
    [TestCase("']]>&amp;<![CDATA[")]
    [TestCase("\u0000\u0001\uFFFE\r\n\t-->|x|")]
    [TestCase("\uD800 half, 漢字, 🦊🦊🦊🦊🦊🦊🦊🦊🦊🦊🦊🦊🦊🦊🦊🦊🦊🦊🦊🦊🦊🦊, \u202Ertl")]
    public void lets_no_text_become_markup(string text)
    {
        var workflow = Of(new StartNode("start", "a"), new ConditionNode("a", text, "done", "b"), new SwitchNode("b", text, [new(text, "done")], "done"), new EndNode("done", RunOutcome.Answered, text)) with { Name = text, Description = text };
        var svg = XDocument.Parse(WorkflowDrawing.ToSvg(workflow));
        svg.Descendants().Select(e => e.Name.LocalName).Distinct().Should().BeSubsetOf(["svg", "title", "desc", "style", "defs", "marker", "path", "rect", "g", "text", "polygon"]);
        svg.Descendants().Attributes().Should().NotContain(a => a.Name.LocalName.StartsWith("on", StringComparison.Ordinal) || a.Name.LocalName == "href");
        var mermaid = WorkflowDrawing.ToMermaid(workflow);
        mermaid.Should().NotContain("<script").And.NotContain("\"]; click");
        mermaid.Split('\n').Should().OnlyContain(l => l.Length == 0 || l == "flowchart TD" || l.StartsWith("  n", StringComparison.Ordinal));
    }

    [Test]
    public void of_a_thousand_nodes_takes_no_more_than_moments()
    {
        WorkflowNode[] nodes =
        [
            new StartNode("start", "n0"),
            .. Enumerable.Range(0, 998).Select(i => (WorkflowNode)new ConditionNode($"n{i}", "$.input.x", $"n{Math.Min(i + 1, 997)}", i % 3 == 0 ? $"n{i * 7 % 998}" : "done")),
            new EndNode("done", RunOutcome.Answered, "Done."),
        ];
        var started = TimeProvider.System.GetTimestamp();
        XDocument.Parse(WorkflowDrawing.ToSvg(Of(nodes))).Descendants(Svg + "g").Should().HaveCount(1_000);
        TimeProvider.System.GetElapsedTime(started).Should().BeLessThan(TimeSpan.FromSeconds(20));
    }
}
