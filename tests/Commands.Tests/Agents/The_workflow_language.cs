using AIaaS.Commands.Agents;
using AIaaS.Domain.Agents;
using AIaaS.Domain.Knowledge;

namespace Commands.Tests.Agents;

public sealed class The_workflow_language
{
    /// <summary>Every node type, with every field.</summary>
    internal const string Everything =
        """
        workflow: everything
        description: Every node type with every field.
        limits: { steps: 100, cost_usd: 0.25, step_ms: 8000, step_tokens: 20000 }
        fallback: Sorry.
        nodes:
          - { id: start, type: start, next: kind }
          - id: kind
            type: model
            tier: SLM_A
            task: classify
            prompt: Say what it is about.
            input: "{{ $.input.text }}"
            labels:
              - { name: order, description: About an order., examples: [ Where is my order?, Cancel it. ] }
              - { name: other, description: Anything else. }
            max_output_tokens: 50
            next: which
            failed: person
          - id: which
            type: switch
            on: $.steps.kind.label
            cases:
              - { is: order, next: find }
              - { is: 7, next: search }
              - { is: [ 1, null, true ], next: search }
            default: search
          - id: find
            type: model
            tier: SLM_B
            task: extract
            output_schema: { type: object, properties: { order: { type: string } }, required: [ order ] }
            next: look_up
            failed: person
          - id: look_up
            type: tool
            tool: get_order_details
            version: 1.2.0
            input:
              order_id: "{{ $.steps.find.order }}"
              deep: [ 1, 2.5, null, true, "text {{ $.input.text }}", { of: 'it''s' } ]
            max_visits: 3
            exhausted: person
            next: both
            failed: person
          - { id: both, type: parallel, branches: [ left, right ], join: met }
          - { id: left, type: tool, tool: get_user_details, input: { user: "{{ $.steps.look_up.user }}" }, next: met }
          - { id: right, type: tool, tool: get_product_details, next: met }
          - { id: met, type: join, next: each }
          - { id: each, type: loop, over: "$.steps.look_up.items[?@.price > 10]", body: item, most: 20, next: ask, exceeded: person }
          - { id: item, type: tool, tool: calculate, input: { n: "{{ $.loop.index }}", item: "{{ $.loop.item }}" }, next: each }
          - { id: ask, type: wait, for: confirmation, of: change, prompt: "Shall I change {{ $.steps.find.order }}?", timeout: 1h, next: change, rejected: person, timed_out: person }
          - { id: change, type: tool, tool: modify_pending_order_items, input: { order_id: "{{ $.steps.find.order }}" }, next: more, failed: undo }
          - { id: more, type: loop, while: $.steps.change.more == true, body: again, most: 3, next: approve }
          - { id: again, type: wait, for: message, prompt: Which one?, timeout: 30m, next: more, timed_out: person }
          - { id: approve, type: wait, for: approval, prompt: May it be?, timeout: 2d, next: signal, rejected: undo, timed_out: undo }
          - { id: signal, type: wait, for: signal, name: parcel_scanned, timeout: 500ms, next: done, timed_out: done }
          - { id: undo, type: compensate, next: person, failed: person }
          - { id: search, type: retrieve, audience: customer, top: 4, query: "{{ $.input.text }}", next: answer, empty: person }
          - { id: answer, type: model, tier: LLM, next: check, failed: person }
          - { id: work, type: model, tier: LLM, task: agent, tools: [ get_order_details, calculate ], max_tool_calls: 3, next: check_work, failed: person }
          - id: check
            type: validate
            gates:
              - json_schema
              - factuality
              - score_threshold: 0.9
              - critic_call: { tier: SLM_B, threshold: 0.7 }
            passed: told
            rejected: work
            handoff: person
          - id: check_work
            type: validate
            gates: [ json_schema: { type: object, required: [ answer ] }, critic_call ]
            passed: enough
            rejected: person
            handoff: person
          - { id: enough, type: condition, if: "length($.steps.work.answer) > 3 && !($.steps.kind.label == 'other')", then: told, else: person }
          - { id: told, type: end, outcome: answered, output: { answered: true } }
          - { id: done, type: end, outcome: answered, text: "Done with {{ $.steps.find.order }}.", output: { order: "{{ $.steps.find.order }}" } }
          - { id: person, type: handoff, reason: needs-person, queue: orders, text: A colleague takes over. }
        """;

    [Test]
    public void has_nodes_of_every_type_which_a_workflow_keeps_in_its_canonical_form()
    {
        var load = WorkflowLoader.Load("everything.yaml", Everything);
        load.Faults.Should().BeEmpty();
        var workflow = load.Workflow!;
        workflow.Nodes.Select(n => n.Type).Distinct().Should().BeEquivalentTo(WorkflowSyntax.Nodes.Select(n => n.Name).Except(["workflow", "use"]));
        var read = Workflow.Read(workflow.Canonical);
        read.Hash.Should().Be(workflow.Hash);
        (read with { Name = "other" }).Hash.Should().NotBe(workflow.Hash, "a changed copy is another version");
        (read with { Fallback = read.Fallback }).Hash.Should().Be(workflow.Hash);
        ((ToolNode)workflow.Find("look_up")!).Input.Should().Be("""{"order_id":"{{ $.steps.find.order }}","deep":[1,2.5,null,true,"text {{ $.input.text }}",{"of":"it's"}]}""");
        ((SwitchNode)workflow.Find("which")!).Cases.Select(c => c.Is).Should().Equal("\"order\"", "7", "[1,null,true]");
        ((WaitNode)workflow.Find("signal")!).TimeoutMs.Should().Be(500);
        ((WaitNode)workflow.Find("approve")!).TimeoutMs.Should().Be(172_800_000);
        ((ValidateNode)workflow.Find("check")!).Gates[3].Should().Be(new Gate(GateKind.CriticCall, 0.7m) { Tier = Tier.SLM_B });
        ((ValidateNode)workflow.Find("check_work")!).Gates[0].Schema.Should().Be("""{"type":"object","required":["answer"]}""");
        ((ModelNode)workflow.Find("kind")!).Labels!.Value[0].Examples.Should().Equal("Where is my order?", "Cancel it.");
        ((RetrieveNode)workflow.Find("search")!).Should().BeEquivalentTo(new RetrieveNode("search", Audience.Customer, 4, "answer", "person") { Query = "{{ $.input.text }}" });
    }

    // '¦' marks where the fault must be found.
    [TestCase("if: \"length(", "if: \"lenght(", "if: \"¦lenght(", "lenght", "length")]
    [TestCase("on: $.steps.kind.label", "on: $.step.kind.label", "on: ¦$.step.kind", "has no '$.step'", "steps")]
    [TestCase("on: $.steps.kind.label", "on: $.steps.knd.label", "on: ¦$.steps.knd", "no step 'knd'", "Did you mean 'kind'?")]
    [TestCase("on: $.steps.kind.label", "on: >-\n      $.steps.kind.label\n      == $.steps.knd.label", "== ¦$.steps.knd", "no step 'knd'", "Did you mean 'kind'?")]
    [TestCase("on: $.steps.kind.label", "on: |\n      $.steps.kind.label ==\n\n        $.steps.knd.label", "        ¦$.steps.knd", "no step 'knd'", "Did you mean 'kind'?")]
    [TestCase("on: $.steps.kind.label", "on: $.steps.kind.label\n        == $.steps.knd.label", "== ¦$.steps.knd", "no step 'knd'", "Did you mean 'kind'?")]
    [TestCase("'it''s' }", "'it''s {{ $.steps.knd }}' }", "'it''s {{ ¦$.steps.knd", "no step 'knd'", "Did you mean 'kind'?")]
    [TestCase("\"text {{ $.input.text }}\"", "\"\\t\\u0041 {{ $.input.text | }}\"", "$.input.text ¦| }}", "'|'", "")]
    [TestCase("order_id: \"{{ $.steps.find.order }}\"", "order_id: \"{{ $.steps.find.order \"", "order_id: \"¦{{ $.steps.find.order \"", "not closed", "")]
    [TestCase("timeout: 1h", "timeout: 31d", "timeout: ¦31d", "from 1ms to 30d, not '31d'", "500ms, 30s")]
    [TestCase("of: change", "of: find", "of: ¦find", "of type 'model'", "")]
    [TestCase("over: \"$.steps", "while: \"true\", over: \"$.steps", "- ¦{ id: each", "either 'over' or 'while'", "")]
    [TestCase("tool: get_product_details, next: met }", "tool: get_product_details, next: each }", "[ left, ¦right ]", "never comes to the join", "'met'")]
    [TestCase("user }}\" }, next: met }", "user }}\" }, next: met, failed: person }", "id: ¦person", "ends the run inside the branch 'left'", "join")]
    [TestCase("item: \"{{ $.loop.item }}\" }, next: each }", "item: \"{{ $.loop.item }}\" }, next: ask }", "body: ¦item", "never comes back", "each")]
    [TestCase("branches: [ left, right ]", "branches: [ left, left ]", "[ left, ¦left ]", "twice", "Keep one")]
    [TestCase("for: approval, prompt", "for: approval, name: x, prompt", "name: ¦x", "belongs to a wait for 'signal'", "Leave it out")]
    [TestCase("task: extract\n", "task: answer\n", "output_schema: ¦{ type: object, properties", "form of its own", "extract")]
    [TestCase("critic_call: { tier: SLM_B, threshold: 0.7 }", "critic_call: { tier: SLM_B, treshold: 0.7 }", "SLM_B, ¦treshold", "no field 'treshold'", "threshold")]
    [TestCase("version: 1.2.0", "version: 1.2", "version: ¦1.2", "must be a text", "quotes")]
    [TestCase("version: 1.2.0", "version: '1.2'", "version: ¦'1.2'", "'1.2' cannot be the value of 'version'", "1.0.0")]
    [TestCase("{ is: 7, next: search }", "{ is: order, next: search }", "is: ¦order, next: search", "two cases", "Keep one")]
    [TestCase("reason: needs-person", "reason: Needs person", "reason: ¦Needs person", "'Needs person' cannot be", "lower-case")]
    [TestCase("next: approve }", "next: left }", "next: ¦left", "leads into the branches of 'both' from outside", "Lead to 'both'")]
    [TestCase("text: \"Done with {{ $.steps.find.order }}.\", ", "", "timeout: 500ms, next: ¦done", "no gate has passed", "'passed'")]
    [TestCase("passed: enough", "passed: told", "id: ¦enough", "No way leads", "")]
    [TestCase("{ id: undo, type: compensate, next: person, failed: person }", "{ id: undo, type: compensate, next: undo2 }", "next: ¦undo2", "does not exist", "Did you mean 'undo'?")]
    [TestCase("labels:", "tools: [ a ]\n    labels:", "tools: ¦[ a ]", "belongs to the task 'agent', not to 'classify'", "task: agent")]
    [TestCase("join: met }", "join: each }", "join: ¦each", "not a join", "type 'join'")]
    public void names_each_fault_at_its_place(string from, string to, string place, string message, string hint)
    {
        Everything.Should().Contain(from);
        var at = Everything.IndexOf(from, StringComparison.Ordinal);
        var yaml = Everything[..at] + to + Everything[(at + from.Length)..];
        yaml.Should().Contain(place.Replace("¦", "", StringComparison.Ordinal));
        var index = yaml.IndexOf(place.Replace("¦", "", StringComparison.Ordinal), StringComparison.Ordinal) + place.IndexOf('¦', StringComparison.Ordinal);
        var (line, column) = (yaml[..index].Count(c => c == '\n') + 1, index - yaml.LastIndexOf('\n', index - 1));
        var load = WorkflowLoader.Load("everything.yaml", yaml);
        load.Faults.Should().Contain(f => f.Line == line && f.Column == column && f.Message.Contains(message, StringComparison.Ordinal) && f.Hint.Contains(hint, StringComparison.Ordinal), $"at {line}:{column}, but:\n{string.Join("\n", load.Faults)}\n");
        load.Workflow.Should().BeNull();
    }
}
