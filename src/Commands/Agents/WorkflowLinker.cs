using System.Collections.Immutable;
using System.Text.Json.Nodes;
using AIaaS.Domain.Agents;

namespace AIaaS.Commands.Agents;

/// <summary>
/// Puts the nodes of sub-workflows in. A sub-workflow's nodes are named <c>{node}.{id}</c> and see a state of their own (<see cref="WorkflowNode.Scope"/>);
/// its answered ends lead on to where the outer workflow goes, and give it their output, or else their text as <c>text</c>; a hand-off in it ends the whole run.
/// </summary>
internal static class WorkflowLinker
{
    /// <summary>The nodes of a linked workflow that stand for one sub-workflow node: that node itself, and those of the other workflow.</summary>
    public static IEnumerable<WorkflowNode> Embed(SubWorkflowNode node, Workflow other)
    {
        string Name(string id) => $"{node.Id}.{id}";
        yield return node with { Entry = Name(other.Start.Id) };
        foreach (var inner in other.Nodes)
        {
            var renamed = Rename(inner, Name) with { Scope = inner.Scope is null ? node.Id : Name(inner.Scope) };
            yield return renamed is EndNode { Outcome: RunOutcome.Answered, Next: null } end ? end with { Next = node.Next, Output = end.Output ?? Said(end) } : renamed;
        }
    }

    /// <summary>The nodes in canonical order: the start, then by id.</summary>
    public static ImmutableArray<WorkflowNode> Order(IEnumerable<WorkflowNode> nodes, WorkflowNode start) =>
        [start, .. nodes.Where(n => n.Id != start.Id).OrderBy(n => n.Id, StringComparer.Ordinal)];

    // What would have been said to the customer is what the outer workflow gets, where nothing else is given.
    private static string? Said(EndNode end) => end.Text is null ? null : new JsonObject { ["text"] = end.Text }.ToJsonString();

    private static WorkflowNode Rename(WorkflowNode node, Func<string, string> name)
    {
        string? Maybe(string? id) => id is null ? null : name(id);
        WorkflowNode renamed = node switch
        {
            StartNode n => n with { Next = name(n.Next) },
            RetrieveNode n => n with { Next = name(n.Next), Empty = Maybe(n.Empty) },
            ModelNode n => n with { Next = name(n.Next), Failed = Maybe(n.Failed) },
            ToolNode n => n with { Next = name(n.Next), Failed = Maybe(n.Failed) },
            ConditionNode n => n with { Then = name(n.Then), Else = name(n.Else) },
            SwitchNode n => n with { Cases = [.. n.Cases.Select(c => c with { Next = name(c.Next) })], Default = name(n.Default) },
            ParallelNode n => n with { Branches = [.. n.Branches.Select(name)], Join = name(n.Join) },
            JoinNode n => n with { Next = name(n.Next) },
            LoopNode n => n with { Body = name(n.Body), Next = name(n.Next), Exceeded = Maybe(n.Exceeded) },
            ValidateNode n => n with { Passed = name(n.Passed), Rejected = name(n.Rejected), Handoff = name(n.Handoff) },
            WaitNode n => n with { Next = name(n.Next), TimedOut = name(n.TimedOut), Rejected = Maybe(n.Rejected), Of = Maybe(n.Of) },
            HandoffNode n => n,
            SubWorkflowNode n => n with { Next = name(n.Next), Entry = Maybe(n.Entry) },
            CompensateNode n => n with { Next = name(n.Next), Failed = Maybe(n.Failed) },
            EndNode n => n with { Next = Maybe(n.Next) },
            _ => throw new InvalidOperationException($"The linker does not know nodes of type '{node.Type}'."),
        };
        return renamed with { Id = name(node.Id), Exhausted = Maybe(node.Exhausted) };
    }
}
