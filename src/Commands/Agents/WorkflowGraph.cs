using AIaaS.Domain.Agents;

namespace AIaaS.Commands.Agents;

/// <summary>
/// What must hold of a workflow's nodes together: one start, unique ids, targets that exist, everything reachable, no cycle without a bound,
/// branches that end at their join, loop bodies that come back, no answer that no gate has passed, steps that exist in expressions.
/// </summary>
internal sealed class WorkflowGraph
{
    private readonly WorkflowSource source;
    private readonly IReadOnlyList<ReadNode> nodes;
    private readonly Dictionary<string, ReadNode> byId = new(StringComparer.Ordinal);
    private readonly HashSet<string> unread = new(StringComparer.Ordinal);

    private WorkflowGraph(WorkflowSource source, IReadOnlyList<ReadNode> nodes) => (this.source, this.nodes) = (source, nodes);

    public static void Check(WorkflowSource source, YamlPart list, IReadOnlyList<ReadNode> nodes) => new WorkflowGraph(source, nodes).Check(list);

    /// <summary>Checks only that what is named exists, where other nodes could not be read.</summary>
    public static void CheckNames(WorkflowSource source, IReadOnlyList<ReadNode> nodes, IEnumerable<string> unread)
    {
        var graph = new WorkflowGraph(source, nodes);
        graph.unread.UnionWith(unread);
        foreach (var node in nodes)
        {
            graph.byId.TryAdd(node.Node.Id, node);
        }

        graph.CheckTargets();
        graph.CheckReferences();
    }

    private void Check(YamlPart list)
    {
        foreach (var entry in nodes)
        {
            if (!byId.TryAdd(entry.Node.Id, entry))
            {
                entry.Fields.Fault("id", $"There are two nodes '{entry.Node.Id}'.", "Give each node an id of its own.");
            }
        }

        var starts = nodes.Where(n => n.Node is StartNode).ToList();
        if (starts.Count == 0)
        {
            source.Fault(list, "There is no node of type 'start'.", "Add one: it says where a run begins.");
        }

        foreach (var (node, fields) in starts.Skip(1))
        {
            fields.Fault("type", $"'{node.Id}' is a second node of type 'start'.", "Keep one.");
        }

        if (!nodes.Any(n => n.Node is EndNode or HandoffNode))
        {
            source.Fault(list, "There is no node of type 'end'.", "Add one: a run must be able to end.");
        }

        var broken = CheckTargets();
        CheckReferences();
        if (broken || starts.Count == 0)
        {
            return;
        }

        CheckReach(starts[0].Node);
        CheckAnswers(starts[0].Node);
        CheckWaits();
        CheckJoins();
        foreach (var (node, fields) in nodes)
        {
            switch (node)
            {
                case ParallelNode parallel:
                    CheckBranches(parallel, fields);
                    break;
                case LoopNode loop:
                    CheckBody(loop, fields);
                    break;
            }
        }

        if (FindCycle() is { } cycle)
        {
            byId[cycle[0]].Fields.Fault("id", $"The cycle {string.Join(" → ", cycle)} has no bound.", "Give a node in it 'max_visits', and say with 'exhausted' where a run goes when they are used up; or repeat with a node of type 'loop'.");
        }
    }

    private bool CheckTargets()
    {
        var known = byId.Keys.Concat(unread).Order(StringComparer.Ordinal).ToArray();
        var broken = false;
        foreach (var (_, fields) in nodes)
        {
            foreach (var (spec, text) in fields.NodeNames())
            {
                if (unread.Contains(text.Value))
                {
                    continue;
                }

                if (!byId.TryGetValue(text.Value, out var target))
                {
                    broken = true;
                    source.Fault(text, $"'{spec.Name}' leads to '{WorkflowSource.Cut(text.Value)}', which does not exist.", WorkflowSource.Suggest(text.Value, known));
                }
                else if (target.Node is StartNode && spec.Kind != FieldKind.NodeName)
                {
                    source.Fault(text, $"'{spec.Name}' leads back to the start.", "Lead to the node behind it.");
                }
            }
        }

        return broken;
    }

    /// <summary>Each <c>$.steps.name</c> must be the name of a node here.</summary>
    private void CheckReferences()
    {
        foreach (var (_, fields) in nodes)
        {
            foreach (var (text, template) in WorkflowExpressions.In(fields))
            {
                foreach (var path in WorkflowExpressions.Paths(text.Value, template))
                {
                    if (path.Names is ["steps", var step, ..] && !byId.ContainsKey(step) && !unread.Contains(step))
                    {
                        source.Fault(text, path.Position, $"There is no step '{WorkflowSource.Cut(step)}' whose output could be read.", WorkflowSource.Suggest(step, [.. byId.Keys.Order(StringComparer.Ordinal)]));
                    }
                }
            }
        }
    }

    private void CheckReach(WorkflowNode start)
    {
        var reached = Reach([start.Id], null);
        foreach (var (node, fields) in nodes.Where(n => !reached.Contains(n.Node.Id)))
        {
            fields.Fault("id", $"No way leads from the start to '{node.Id}'.", "Lead to it from another node, or remove it.");
        }
    }

    /// <summary>An end without a text tells the model's last answer: no way may lead there on which no gate has passed that answer.</summary>
    private void CheckAnswers(WorkflowNode start)
    {
        var seen = new HashSet<(string Id, bool Passed)>();
        var open = new Stack<(string Id, bool Passed)>([(start.Id, false)]);
        while (open.TryPop(out var at))
        {
            if (!seen.Add(at))
            {
                continue;
            }

            var (node, fields) = byId[at.Id];
            var passed = node switch
            {
                ModelNode { Task: ModelTask.Answer or ModelTask.Agent } => false,
                SubWorkflowNode => true,
                _ => at.Passed,
            };
            foreach (var (target, now) in node is ValidateNode validate
                ? Edges(node).Where(t => t != validate.Passed || t == validate.Rejected || t == validate.Handoff || t == validate.Exhausted).Select(t => (t, false)).Append((validate.Passed, true))
                : Edges(node).Select(t => (t, passed)))
            {
                if (!now && byId[target].Node is EndNode { Outcome: RunOutcome.Answered, Text: null })
                {
                    var (spec, text) = fields.NodeNames().First(n => n.Text.Value == target && !(node is ValidateNode && n.Spec.Name == "passed"));
                    source.Fault(text, $"'{spec.Name}' of '{node.Id}' leads to '{target}', which tells the customer an answer that no gate has passed.", "Lead there from 'passed' of a validate node, or give the end a 'text'.");
                }

                open.Push((target, now));
            }
        }
    }

    private void CheckWaits()
    {
        foreach (var (node, fields) in nodes)
        {
            if (node is WaitNode { Of: { } of } && byId[of].Node is not ToolNode)
            {
                string[] tools = [.. nodes.Where(n => n.Node is ToolNode).Select(n => n.Node.Id)];
                fields.Fault("of", $"'{of}' is a node of type '{byId[of].Node.Type}'; a customer confirms the call of a tool node.", WorkflowSource.Suggest(of, tools));
            }
        }
    }

    private void CheckJoins()
    {
        foreach (var (node, fields) in nodes.Where(n => n.Node is JoinNode))
        {
            var parallels = nodes.Where(n => n.Node is ParallelNode p && p.Join == node.Id).ToList();
            if (parallels.Count == 0)
            {
                fields.Fault("id", $"No parallel node names '{node.Id}' as its join.", "Name it in 'join' of a parallel node, or remove it.");
            }

            foreach (var (other, otherFields) in parallels.Skip(1))
            {
                otherFields.Fault("join", $"'{node.Id}' is already the join of '{parallels[0].Node.Id}'.", $"Give '{other.Id}' a join of its own.");
            }
        }
    }

    private void CheckBranches(ParallelNode parallel, WorkflowFields fields)
    {
        if (byId[parallel.Join].Node is not JoinNode)
        {
            fields.Fault("join", $"'{parallel.Join}' is a node of type '{byId[parallel.Join].Node.Type}', not a join.", "Add a node of type 'join' where the branches meet.");
            return;
        }

        var places = (fields.Part("branches") as YamlList)?.Items ?? [];
        Dictionary<string, string> owner = new(StringComparer.Ordinal);
        foreach (var (branch, place) in parallel.Branches.Zip(places))
        {
            if (branch == parallel.Join)
            {
                source.Fault(place, "The branch does nothing: it begins at the join.", "Name the first node of the branch, or remove it.");
                continue;
            }

            var region = Reach([branch], parallel.Join);
            if (!region.Contains(parallel.Join))
            {
                source.Fault(place, $"The branch '{branch}' never comes to the join '{parallel.Join}'.", $"Let its last node lead to '{parallel.Join}'.");
            }

            region.Remove(parallel.Join);
            foreach (var id in region.Order(StringComparer.Ordinal))
            {
                var (node, nodeFields) = byId[id];
                if (node is EndNode or HandoffNode)
                {
                    nodeFields.Fault("id", $"'{id}' ends the run inside the branch '{branch}' of '{parallel.Id}', while other branches are under way.", $"Let the branch lead to the join '{parallel.Join}', and decide behind it.");
                }
                else if (id == parallel.Id)
                {
                    source.Fault(place, $"The branch '{branch}' leads back to '{parallel.Id}' before its join.", $"Let it lead to '{parallel.Join}'.");
                }
                else if (!owner.TryAdd(id, branch) && owner[id] != branch)
                {
                    nodeFields.Fault("id", $"'{id}' belongs to two branches of '{parallel.Id}': '{owner[id]}' and '{branch}'.", $"Give each branch nodes of its own; they meet at '{parallel.Join}'.");
                }
            }
        }

        foreach (var (node, nodeFields) in nodes)
        {
            if (node.Id == parallel.Id || owner.ContainsKey(node.Id))
            {
                continue;
            }

            foreach (var (spec, text) in nodeFields.NodeNames())
            {
                if (spec.Kind != FieldKind.NodeName && (owner.ContainsKey(text.Value) || text.Value == parallel.Join))
                {
                    source.Fault(text, $"'{spec.Name}' of '{node.Id}' leads into the branches of '{parallel.Id}' from outside.", $"Lead to '{parallel.Id}'.");
                }
            }
        }
    }

    private void CheckBody(LoopNode loop, WorkflowFields fields)
    {
        if (loop.Body == loop.Id)
        {
            fields.Fault("body", $"The loop '{loop.Id}' has no body: it leads to itself.", "Name the first node of what is repeated.");
            return;
        }

        var body = Reach([loop.Body], loop.Id);
        if (!body.Contains(loop.Id))
        {
            fields.Fault("body", $"The body of the loop '{loop.Id}' never comes back to it.", $"Let its last node lead to '{loop.Id}'.");
            return;
        }

        var after = Reach(loop.Exceeded is null ? [loop.Next] : [loop.Next, loop.Exceeded], loop.Id);
        foreach (var id in body.Where(id => id != loop.Id && after.Contains(id)).Order(StringComparer.Ordinal))
        {
            if (Reach([id], loop.Id).Contains(loop.Id))
            {
                fields.Fault("body", $"'{id}' is reached from the body of the loop '{loop.Id}' as well as from behind it, and leads back to the loop.", "Keep the body apart: it is left by going back to the loop.");
                return;
            }
        }
    }

    /// <summary>Everything that can be reached, going no further than one node.</summary>
    private HashSet<string> Reach(IEnumerable<string> from, string? upTo)
    {
        var reached = new HashSet<string>(StringComparer.Ordinal);
        var open = new Stack<string>(from);
        while (open.TryPop(out var id))
        {
            if (reached.Add(id) && id != upTo)
            {
                foreach (var target in Edges(byId[id].Node))
                {
                    open.Push(target);
                }
            }
        }

        return reached;
    }

    /// <summary>Where a run can go from a node. A parallel leads to its branches; only they lead to the join.</summary>
    private static IEnumerable<string> Edges(WorkflowNode node)
    {
        var targets = node is ParallelNode parallel ? parallel.Branches : node.Targets;
        return node.Exhausted is null ? targets : targets.Append(node.Exhausted);
    }

    /// <summary>A cycle that a run could go round for ever: through a node with a bound only its 'exhausted' leads on without end, and a loop counts its rounds.</summary>
    private List<string>? FindCycle()
    {
        var done = new HashSet<string>(StringComparer.Ordinal);
        List<string> path = [];
        var onPath = new HashSet<string>(StringComparer.Ordinal);
        var open = new Stack<(string Id, IEnumerator<string> Targets)>();
        foreach (var root in byId.Keys)
        {
            if (!Enter(root))
            {
                continue;
            }

            while (open.TryPeek(out var top))
            {
                if (!top.Targets.MoveNext())
                {
                    open.Pop();
                    path.RemoveAt(path.Count - 1);
                    onPath.Remove(top.Id);
                }
                else if (onPath.Contains(top.Targets.Current))
                {
                    return [.. path[path.IndexOf(top.Targets.Current)..], top.Targets.Current];
                }
                else
                {
                    Enter(top.Targets.Current);
                }
            }
        }

        return null;

        bool Enter(string id)
        {
            if (!done.Add(id))
            {
                return false;
            }

            path.Add(id);
            onPath.Add(id);
            open.Push((id, Endless(byId[id].Node).GetEnumerator()));
            return true;
        }
    }

    private static IEnumerable<string> Endless(WorkflowNode node) =>
        node.MaxVisits is not null ? (node.Exhausted is null ? [] : [node.Exhausted])
        : node is LoopNode loop ? (loop.Exceeded is null ? [loop.Next] : [loop.Next, loop.Exceeded])
        : Edges(node);
}
