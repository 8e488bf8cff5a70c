using System.Collections.Immutable;
using AIaaS.Commands.Agents;
using AIaaS.Commands.Routing;
using AIaaS.Domain.Agents;
using Commands.Tests.Support;

namespace Commands.Tests.Agents;

public sealed class The_shipped_workflows
{
    private static readonly string[] Names =
    [
        "authentication", "complaint_handling", "customer_support", "faq_handling", "find_order", "lead_capture", "order_management", "order_tracking", "payment", "technical_support",
    ];

    private static ImmutableArray<Workflow> Loaded
    {
        get
        {
            var compiled = new WorkflowCompiler(WorkflowFiles.Shipped, null, null).CompileAll().ToArray();
            string.Join('\n', WorkflowFiles.Shipped.SelectMany(d => d.Faults).Concat(compiled.SelectMany(c => c.Faults)).Distinct()).Should().BeEmpty();
            return [.. compiled.Select(c => c.Linked!)];
        }
    }

    [Test]
    public void load_without_a_fault() => Loaded.Select(w => w.Name).Should().BeEquivalentTo(Names);

    [Test]
    public void make_every_change_only_behind_a_confirmation_of_exactly_that_call()
    {
        string[] changes =
        [
            "cancel_pending_order", "modify_pending_order_address", "modify_pending_order_items", "modify_pending_order_payment", "return_delivered_order_items",
            "exchange_delivered_order_items", "modify_user_address", "charge_payment", "refund_payment",
        ];
        var found = new HashSet<string>();
        foreach (var workflow in Loaded)
        {
            foreach (var tool in workflow.Nodes.OfType<ToolNode>().Where(t => changes.Contains(t.Tool)))
            {
                found.Add(tool.Tool);
                var before = workflow.Nodes.Where(n => n.Targets.Contains(tool.Id)).ToArray();
                before.Should().NotBeEmpty().And.AllSatisfy(n => n.Should().BeOfType<WaitNode>().Which.Should().Match<WaitNode>(w => w.For == WaitKind.Confirmation && w.Of == tool.Id && w.Next == tool.Id, tool.Id));
            }
        }

        found.Should().BeEquivalentTo(changes);
    }

    [Test]
    public void show_nothing_personal_before_the_customer_is_known()
    {
        foreach (var workflow in Loaded.Where(w => w.Name is "order_management" or "order_tracking" or "payment"))
        {
            var first = workflow.Find(((StartNode)workflow.Start).Next);
            first.Should().BeOfType<SubWorkflowNode>().Which.Workflow.Should().Be("authentication", workflow.Name);
        }
    }

    [Test]
    public void offer_no_tool_to_a_model_that_changes_something() =>
        Loaded.SelectMany(w => w.Nodes.OfType<ModelNode>()).SelectMany(m => m.Tools ?? []).Should().BeEmpty();
}

/// <summary>What customers of the shop want, in words that no example of the workflow uses: the 74 tasks of the public data set.</summary>
public sealed class Routing_the_shops_customers
{
    private static readonly OfflineClassifier Classifier = new(
        ((ModelNode)new WorkflowCompiler(WorkflowFiles.Shipped, null, null).Compile("customer_support")!.Linked!.Find("intent")!).Labels!.Value);

    [Test]
    public void finds_that_they_want_something_done_with_an_order()
    {
        using var tasks = System.Text.Json.JsonDocument.Parse(File.ReadAllText(SharedData.Find("retail/tasks.json")));
        var labels = tasks.RootElement.EnumerateArray().Select(t => Classifier.Classify(t.GetProperty("instructions").GetProperty("reason_for_call").GetString()!)).ToArray();
        var right = (double)labels.Count(l => l.Label == "order_change") / labels.Length;
        TestContext.Out.WriteLine($"{labels.Length} customers of the shop: {right:P1} are taken for somebody who wants something done with an order, {(double)labels.Count(l => l.Label == "order_change" && l.Confidence >= 0.4) / labels.Length:P1} surely enough to be routed there.");
        right.Should().BeGreaterThan(0.9);
    }

    [TestCase("I would like to cancel the order I made this morning", "order_change")]
    [TestCase("can you tell me where order #W7654321 is right now", "order_tracking")]
    [TestCase("we'd like an offer for 80 chairs for our office", "lead")]
    [TestCase("this is outrageous, I want to complain about your driver", "complaint")]
    [TestCase("my robot vacuum does not turn on", "technical")]
    [TestCase("has the refund for my order been issued?", "payment")]
    [TestCase("how long is a voucher valid?", "question")]
    [TestCase("let me talk to a human being", "person")]
    public void tells_the_intents_apart(string text, string intent) => Classifier.Classify(text).Label.Should().Be(intent);
}
