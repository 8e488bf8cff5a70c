using System.Text;
using AIaaS.Commands.Agents;
using AIaaS.Domain.Agents;

namespace Commands.Tests.Agents;

public sealed class Using_a_fragment
{
    private const string Uses =
        """
        workflow: uses_pattern
        nodes:
          - { id: start, type: start, next: work }
          - id: work
            type: use
            fragment: plan_route_work_verify_repair_commit
            with:
              goal: Find out what the customer wants to return.
              tools: [ get_order_details ]
              commit_tool: return_delivered_order_items
              commit_input: { order_id: "{{ $.steps['work.work'].order }}", plan: "{{ $.steps.plan.x }}" }
            exits: { done: plan, rejected: person, failed: person, handoff: person }
          - { id: plan, type: tool, tool: note, next: done }
          - { id: done, type: end, outcome: answered, text: "Done: {{ $.steps['work.commit'].id }}" }
          - { id: person, type: handoff, reason: not-done, text: A colleague takes over. }
        """;

    [Test]
    public void puts_its_nodes_in_under_names_of_their_own()
    {
        var load = WorkflowLoader.Load("uses.yaml", Uses);
        load.Faults.Should().BeEmpty();
        var workflow = load.Workflow!;
        workflow.Start.Targets.Should().Equal("work.plan");
        workflow.Nodes.Where(n => n.Id.StartsWith("work.", StringComparison.Ordinal)).Select(n => n.Id)
            .Should().Equal("work.commit", "work.plan", "work.repair", "work.route", "work.verify", "work.work", "work.work_hard");
        ((ConditionNode)workflow.Find("work.route")!).If.Should().Be("$.steps['work.plan'].difficulty >= 0.6", "the fragment's steps are its own");
        var commit = (ToolNode)workflow.Find("work.commit")!;
        commit.Input.Should().Contain("$.steps.plan.x", "an argument speaks of the steps outside");
        commit.Next.Should().Be("plan");
        workflow.Find("work.repair")!.MaxVisits.Should().Be(2);
        ((ValidateNode)workflow.Find("work.verify")!).Gates.Select(g => g.Kind).Should().Equal(GateKind.JsonSchema, GateKind.CriticCall);
        ((ModelNode)workflow.Find("work.work")!).Prompt.Should().StartWith("Find out what the customer wants to return. Work");
    }

    [TestCase("fragment: plan_route_work_verify_repair_commit", "fragment: plan_route_work", "¦plan_route_work", "There is no fragment")]
    [TestCase("goal: Find", "gaol: Find", "¦gaol", "has no parameter 'gaol'")]
    [TestCase("    tools: [ get_order_details ]", "    repairs: 1", "- ¦id: work", "needs a value for 'tools'")]
    [TestCase("done: plan, ", "", "exits: ¦{ rejected", "It is not said where the exit 'done'")]
    [TestCase("done: plan, ", "done: plna, ", "done: ¦plna", "which does not exist")]
    [TestCase("done: plan, ", "done: plan, undone: plan, ", "¦undone", "has no exit 'undone'")]
    [TestCase("goal: Find", "repairs: many\n      goal: Find", "repairs: ¦many", "'max_visits' must be a whole number")]
    [TestCase("goal: Find", "easy_tier: BIG\n      goal: Find", "easy_tier: ¦BIG", "'tier' cannot be 'BIG'")]
    [TestCase("tools: [ get_order_details ]", "tools: get_order_details", "tools: ¦get_order_details", "must be a list")]
    [TestCase("$.steps.plan.x", "$.steps.paln.x", "plan: \"{{ ¦$.steps.paln.x", "no step 'paln'")]
    [TestCase("goal: Find", "goal: [ 1 ] #", "goal: ¦[ 1 ]", "so it must be a text")]
    [TestCase("$.steps['work.commit']", "$.steps['work.comit']", "{{ ¦$.steps['work.comit']", "no step 'work.comit'")]
    public void names_each_fault_where_it_is_made(string from, string to, string place, string message)
    {
        Uses.Should().Contain(from);
        var at = Uses.IndexOf(from, StringComparison.Ordinal);
        var yaml = Uses[..at] + to + Uses[(at + from.Length)..];
        var index = yaml.IndexOf(place.Replace("¦", "", StringComparison.Ordinal), StringComparison.Ordinal) + place.IndexOf('¦', StringComparison.Ordinal);
        var (line, column) = (yaml[..index].Count(c => c == '\n') + 1, index - yaml.LastIndexOf('\n', index - 1));
        var load = WorkflowLoader.Load("uses.yaml", yaml);
        load.Faults.Should().Contain(f => f.File == "uses.yaml" && f.Line == line && f.Column == column && f.Message.Contains(message, StringComparison.Ordinal), $"at {line}:{column}, but:\n{string.Join("\n", load.Faults)}\n");
    }

    private static CompiledWorkflow Compile(params string[] documents) =>
        new WorkflowCompiler(documents.Select((d, i) => WorkflowDocument.Read($"{i}.yaml", d)), null, null).Compile("w")!;

    private const string W = "workflow: w\nnodes:\n  - { id: start, type: start, next: a }\n  - { id: a, type: use, fragment: f0, exits: { out: done } }\n  - { id: done, type: end, outcome: answered, text: Done. }\n";

    [Test]
    public void in_a_circle_names_the_circle()
    {
        var compiled = Compile(
            W,
            "fragment: f0\nexits: [ out ]\nnodes:\n  - { id: x, type: use, fragment: f1, exits: { out: out } }\n",
            "fragment: f1\nexits: [ out ]\nnodes:\n  - { id: x, type: use, fragment: f0, exits: { out: out } }\n");
        compiled.Faults.Should().Contain(f => f.File == "2.yaml" && f.Line == 4 && f.Message == "Fragments use each other in a circle: f0 → f1 → f0.");
    }

    [Test]
    public void inside_another_one_keeps_all_names_apart()
    {
        var compiled = Compile(
            W,
            "fragment: f0\nexits: [ out ]\nnodes:\n  - { id: x, type: use, fragment: f1, with: { v: \"{{ $.steps.y.z }}\" }, exits: { out: y } }\n  - { id: y, type: tool, tool: t, input: \"{{ $.steps['x.y'].q }}\", next: out }\n",
            "fragment: f1\nparameters: { v: { description: v } }\nexits: [ out ]\nnodes:\n  - { id: y, type: tool, tool: t, input: { mine: \"{{ $.steps.y.z }}\", v: \"${v}\" }, next: out }\n");
        compiled.Faults.Should().BeEmpty();
        compiled.Linked!.Start.Targets.Should().Equal("a.x.y");
        ((ToolNode)compiled.Linked.Find("a.x.y")!).Should().Match<ToolNode>(n => n.Next == "a.y" && n.Input == """{"mine":"{{ $.steps['a.x.y'].z }}","v":"{{ $.steps['a.y'].z }}"}""");
        ((ToolNode)compiled.Linked.Find("a.y")!).Should().Match<ToolNode>(n => n.Next == "done" && n.Input == "\"{{ $.steps['a.x.y'].q }}\"");
    }

    [Test]
    public void that_grows_without_bound_is_cut_off()
    {
        // Each fragment uses the next one ten times over, and hands on its argument ten times over.
        List<string> documents = [W.Replace("fragment: f0", "fragment: f0, with: { v: x }", StringComparison.Ordinal)];
        for (var i = 0; i < 5; i++)
        {
            var text = new StringBuilder($"fragment: f{i}\nparameters: {{ v: {{ description: v }} }}\nexits: [ out ]\nnodes:\n");
            for (var j = 0; j < 10; j++)
            {
                var next = j == 9 ? "out" : $"n{j + 1}";
                text.Append(i == 4
                    ? $"  - {{ id: n{j}, type: tool, tool: t, input: \"${{v}}\", next: {next} }}\n"
                    : $"  - {{ id: n{j}, type: use, fragment: f{i + 1}, with: {{ v: [{string.Join(',', Enumerable.Repeat("\"${v}\"", 10))}] }}, exits: {{ out: {next} }} }}\n");
            }

            documents.Add(text.ToString());
        }

        var started = TimeProvider.System.GetTimestamp();
        var compiled = Compile([.. documents]);
        compiled.Linked.Should().BeNull();
        compiled.Faults.Should().Contain(f => f.Message.Contains("more than", StringComparison.Ordinal));
        TimeProvider.System.GetElapsedTime(started).Should().BeLessThan(TimeSpan.FromSeconds(10));
    }
}
