using AIaaS.Domain.Agents;

namespace AIaaS.Commands.Agents;

/// <summary>What must hold of a workflow's nodes together: one start, unique ids, targets that exist, everything reachable, no cycle without a bound.</summary>
internal static class WorkflowGraph
{
    public static void Check(WorkflowLoader.Source source, YamlPart list, List<(WorkflowNode Node, WorkflowLoader.Fields Fields)> nodes)
    {
        var byId = new Dictionary<string, (WorkflowNode Node, WorkflowLoader.Fields Fields)>(StringComparer.Ordinal);
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

        if (!nodes.Any(n => n.Node is EndNode))
        {
            source.Fault(list, "There is no node of type 'end'.", "Add one: a run must be able to end.");
        }

        var known = byId.Keys.ToArray();
        var broken = false;
        foreach (var (_, fields) in nodes)
        {
            foreach (var field in (string[])["next", "empty", "failed", "passed", "rejected", "handoff", "exhausted"])
            {
                if (fields.Part(field) is YamlText target && !byId.ContainsKey(target.Value))
                {
                    broken = true;
                    source.Fault(target, $"'{field}' leads to '{target.Value}', which does not exist.", WorkflowLoader.Source.Suggest(target.Value, known));
                }
                else if (fields.Part(field) is YamlText back && byId[back.Value].Node is StartNode)
                {
                    source.Fault(back, $"'{field}' leads back to the start.", "Lead to the node behind it.");
                }
            }
        }

        foreach (var (node, fields) in nodes)
        {
            foreach (var field in (string[])["next", "empty", "failed", "rejected", "handoff", "exhausted"])
            {
                if (fields.Part(field) is YamlText target && byId.TryGetValue(target.Value, out var end) && end.Node is EndNode { Outcome: RunOutcome.Answered })
                {
                    source.Fault(target, $"'{field}' of '{node.Id}' leads to '{target.Value}', which tells the customer an answer that no gate has passed.", "Only 'passed' of a validate node may lead to an end with the outcome 'answered'.");
                }
            }
        }

        if (broken || starts.Count == 0)
        {
            return;
        }

        var reached = new HashSet<string>(StringComparer.Ordinal);
        var open = new Stack<string>([starts[0].Node.Id]);
        while (open.TryPop(out var id))
        {
            if (reached.Add(id))
            {
                foreach (var target in AllTargets(byId[id].Node))
                {
                    open.Push(target);
                }
            }
        }

        foreach (var (node, fields) in nodes.Where(n => !reached.Contains(n.Node.Id)))
        {
            fields.Fault("id", $"No way leads from the start to '{node.Id}'.", "Lead to it from another node, or remove it.");
        }

        if (FindCycle(byId) is { } cycle)
        {
            byId[cycle[0]].Fields.Fault("id", $"The cycle {string.Join(" → ", cycle)} has no bound.", "Give a node in it 'max_visits', and say with 'exhausted' where a run goes when they are used up.");
        }
    }

    private static IEnumerable<string> AllTargets(WorkflowNode node) => node.Exhausted is null ? node.Targets : node.Targets.Append(node.Exhausted);

    /// <summary>A cycle that a run could go round for ever: through a node with a bound only its 'exhausted' leads on without end.</summary>
    private static List<string>? FindCycle(Dictionary<string, (WorkflowNode Node, WorkflowLoader.Fields Fields)> byId)
    {
        var done = new HashSet<string>(StringComparer.Ordinal);
        List<string> path = [];

        List<string>? Visit(string id)
        {
            if (path.IndexOf(id) is var at and >= 0)
            {
                return [.. path[at..], id];
            }

            if (!done.Add(id))
            {
                return null;
            }

            path.Add(id);
            var node = byId[id].Node;
            IEnumerable<string> targets = node.MaxVisits is null ? node.Targets : node.Exhausted is null ? [] : [node.Exhausted];
            foreach (var target in targets)
            {
                if (Visit(target) is { } cycle)
                {
                    return cycle;
                }
            }

            path.RemoveAt(path.Count - 1);
            return null;
        }

        foreach (var id in byId.Keys)
        {
            if (Visit(id) is { } cycle)
            {
                return cycle;
            }
        }

        return null;
    }
}
