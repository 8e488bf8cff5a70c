using AIaaS.Commands.Agents;
using AIaaS.Domain.Agents;

namespace Commands.Tests.Agents;

public sealed class Loading_a_workflow
{
    private const string Good =
        """
        workflow: test
        nodes:
          - id: start
            type: start
            next: retrieve
          - id: retrieve
            type: retrieve
            next: answer
          - id: answer
            type: model
            tier: SLM_A
            next: check
            failed: bye
          - id: check
            type: validate
            gates: [json_schema, score_threshold: 0.80]
            passed: done
            rejected: bye
            handoff: bye
          - id: done
            type: end
            outcome: answered
          - id: bye
            type: end
            outcome: handed_off
            text: A colleague takes over.
        """;

    private static readonly object[] Faulty =
    [
        new object[] { "an unknown field", "next: retrieve", "nxt: retrieve", 5, 5, "no field 'nxt'", "Did you mean 'next'?" },
        new object[] { "an unknown node type", "type: retrieve", "type: retreive", 7, 11, "no node type 'retreive'", "Did you mean 'retrieve'?" },
        new object[] { "an unknown tier", "tier: SLM_A", "tier: SLM_C", 11, 11, "'tier' cannot be 'SLM_C'", "Did you mean 'SLM_A'?" },
        new object[] { "a target that is not there", "next: check", "next: chek", 12, 11, "'chek', which does not exist", "Did you mean 'check'?" },
        new object[] { "an id that is there twice", "id: bye", "id: done", 23, 9, "two nodes 'done'", "" },
        new object[] { "a node that nothing leads to", "failed: bye", "failed: check", 14, 9, "", "" },
        new object[] { "a gate that does not exist", "json_schema", "json_scheme", 16, 13, "no gate 'json_scheme'", "Did you mean 'json_schema'?" },
        new object[] { "a threshold beyond 1", "0.80", "1.2", 16, 43, "from 0 to 1, not '1.2'", "" },
        new object[] { "an answer that no gate passed", "rejected: bye", "rejected: done", 18, 15, "no gate has passed", "" },
        new object[] { "an unknown outcome", "outcome: answered", "outcome: anserwed", 22, 14, "'outcome' cannot be 'anserwed'", "Did you mean 'answered'?" },
        new object[] { "a field that is there twice", "tier: SLM_A", "tier: SLM_A\n    tier: SLM_B", 12, 5, "stands here twice", "" },
        new object[] { "an alias", "text: A colleague takes over.", "text: *x", 26, 11, "Aliases", "" },
        new object[] { "an anchor", "text: A colleague takes over.", "text: &x A colleague", 26, 11, "Anchors", "" },
        new object[] { "a tag", "text: A colleague takes over.", "text: !!binary aGk=", 26, 11, "Tags", "" },
        new object[] { "no YAML", "    type: end\n    outcome: answered", "    type: end\n   outcome: answered", 22, 4, "not YAML", "" },
        new object[] { "a tab", "    next: answer", "\tnext: answer", 8, 1, "not YAML", "tabs" },
        new object[] { "a brace that is not closed", "    next: answer", "    input: { a: 1\n    next: answer", 8, 15, "not YAML", "closed" },
        new object[] { "a bracket that is not closed", "gates: [json_schema, score_threshold: 0.80]", "gates: [json_schema, score_threshold: 0.80", 16, 41, "not YAML", "closed" },
    ];

    [Test]
    public void without_faults_gives_it()
    {
        var load = WorkflowLoader.Load("test.yaml", Good);
        load.Faults.Should().BeEmpty();
        load.Workflow!.Start.Id.Should().Be("start");
        load.Workflow.Nodes.Should().HaveCount(6);
        ((ValidateNode)load.Workflow.Find("check")!).Gates[1].Threshold.Should().Be(0.8m);
    }

    [Test]
    public void with_a_node_that_cannot_be_read_still_names_what_leads_to_nothing()
    {
        var text = Good.Replace("type: retrieve", "type: retreive", StringComparison.Ordinal).Replace("next: check", "next: chek", StringComparison.Ordinal);
        WorkflowLoader.Load("test.yaml", text).Faults.Select(f => (f.Line, f.Message)).Should().Equal((7, "There is no node type 'retreive'."), (12, "'next' leads to 'chek', which does not exist."));
    }

    [Test]
    public void of_any_broken_text_says_what_is_wrong_or_gives_it()
    {
        // Each character taken away, and each text cut off anywhere: nothing but faults with a place, or a workflow.
        var broken = Enumerable.Range(0, Good.Length).SelectMany(i => (string[])[Good.Remove(i, 1), Good[..i], Good.Insert(i, "{"), Good.Insert(i, "]"), Good.Insert(i, "\t"), Good.Insert(i, "'")]);
        foreach (var text in broken)
        {
            var load = WorkflowLoader.Load("test.yaml", text);
            (load.Workflow is null).Should().Be(!load.Faults.IsEmpty, text);
            load.Faults.All(f => f.File == "test.yaml" && f.Line >= 1 && f.Column >= 1 && f.Message.Length > 0).Should().BeTrue(text);
        }
    }

    [TestCaseSource(nameof(Faulty))]
    public void with_a_fault_names_its_place_and_a_way_out(string what, string from, string to, int line, int column, string message, string hint)
    {
        Good.Should().Contain(from);
        var at = Good.IndexOf(from, StringComparison.Ordinal);
        var load = WorkflowLoader.Load("test.yaml", Good[..at] + to + Good[(at + from.Length)..]);
        if (message.Length == 0)
        {
            // The change is allowed; it stands here to show that only what is wrong is refused.
            load.Faults.Should().BeEmpty(what);
            return;
        }

        load.Workflow.Should().BeNull(what);
        load.Faults.Should().Contain(f => f.File == "test.yaml" && f.Line == line && f.Column == column && f.Message.Contains(message, StringComparison.Ordinal) && f.Hint.Contains(hint, StringComparison.Ordinal), string.Join(" | ", load.Faults));
    }

    [Test]
    public void with_many_faults_names_them_all_in_order()
    {
        var load = WorkflowLoader.Load("test.yaml", Good.Replace("tier: SLM_A", "tier: BIG", StringComparison.Ordinal).Replace("type: retrieve", "type: search", StringComparison.Ordinal).Replace("workflow: test", "workflow: Test!", StringComparison.Ordinal));
        load.Faults.Select(f => f.Line).Should().Equal(1, 7, 11);
    }

    [Test]
    public void with_a_cycle_without_a_bound_names_the_cycle()
    {
        var load = WorkflowLoader.Load("test.yaml", Good.Replace("rejected: bye", "rejected: answer", StringComparison.Ordinal));
        load.Faults.Should().ContainSingle().Which.Message.Should().Be("The cycle answer → check → answer has no bound.");
    }

    [Test]
    public void with_a_bound_in_the_cycle_allows_it()
    {
        var load = WorkflowLoader.Load("test.yaml", Good.Replace("rejected: bye", "rejected: answer", StringComparison.Ordinal).Replace("tier: SLM_A", "tier: SLM_A\n    max_visits: 2\n    exhausted: bye", StringComparison.Ordinal));
        load.Faults.Should().BeEmpty();
    }

    [Test]
    public void with_a_bound_that_only_leads_back_names_the_cycle()
    {
        var load = WorkflowLoader.Load("test.yaml", Good.Replace("rejected: bye", "rejected: answer", StringComparison.Ordinal).Replace("tier: SLM_A", "tier: SLM_A\n    max_visits: 2\n    exhausted: check", StringComparison.Ordinal));
        load.Faults.Should().ContainSingle().Which.Message.Should().Contain("has no bound");
    }

    [TestCase("")]
    [TestCase("[]")]
    [TestCase("hello")]
    [TestCase("workflow: a\n---\nworkflow: b")]
    [TestCase("workflow: a\nnodes: []")]
    [TestCase("workflow: a\nnodes: {}")]
    [TestCase("workflow: [a]\nnodes: [1, 2]")]
    [TestCase("a: &a [x]\nb: &b [*a, *a]\nc: [*b, *b]")]
    [TestCase("workflow: \"\\uD800\"\nnodes:\n - id: a")]
    [TestCase("? [a]\n: b")]
    public void that_is_none_is_refused_with_a_place(string yaml)
    {
        var load = WorkflowLoader.Load("x.yaml", yaml);
        load.Workflow.Should().BeNull();
        load.Faults.Should().NotBeEmpty().And.OnlyContain(f => f.Line >= 1 && f.Column >= 1 && f.Hint.Length > 0);
    }

    [Test]
    public void that_is_too_large_or_too_deep_is_refused()
    {
        WorkflowLoader.Load("x.yaml", new string('#', 140_000)).Faults.Should().ContainSingle().Which.Message.Should().Contain("131072");
        WorkflowLoader.Load("x.yaml", "workflow: " + new string('[', 1_000) + new string(']', 1_000)).Faults.Should().Contain(f => f.Message.Contains("nested deeper", StringComparison.Ordinal));
    }

    [Test]
    public void gives_the_same_hash_for_the_same_content_in_another_form()
    {
        var one = WorkflowLoader.Load("a.yaml", Good).Workflow!;
        var other = WorkflowLoader.Load("b.yaml", Good.Replace("0.80", "0.8", StringComparison.Ordinal) + "\n# a remark").Workflow!;
        var changed = WorkflowLoader.Load("c.yaml", Good.Replace("0.80", "0.81", StringComparison.Ordinal)).Workflow!;
        other.Hash.Should().Be(one.Hash);
        changed.Hash.Should().NotBe(one.Hash);
        Workflow.Read(one.Canonical).Hash.Should().Be(one.Hash);
    }
}
