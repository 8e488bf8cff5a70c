using System.Collections.Immutable;
using System.Text.Json;
using AIaaS.Commands.Tools;
using AIaaS.Domain.Agents;
using AIaaS.EventStore;

namespace AIaaS.Commands.Agents;

/// <summary>Moves a run to another version of its workflow.</summary>
/// <param name="Run">The run.</param>
/// <param name="Version">The version.</param>
/// <param name="Reason">Why.</param>
public sealed record MoveRun(string Run, string Version, string Reason);

/// <summary>A run that was moved.</summary>
/// <param name="Run">The run.</param>
/// <param name="From">The version before.</param>
/// <param name="Version">The version now.</param>
/// <param name="Position">The consistency token.</param>
public sealed record RunMovedResult(string Run, string From, string Version, LogPosition Position);

/// <summary>Moves open runs to another version of their workflow, where they can go on there.</summary>
public sealed class RunMover(RunEngine engine, WorkflowCatalog workflows, OutsideEvents outside, IdSource ids, TimeProvider time, IToolRegistry? tools = null)
{
    /// <summary>Moves a run; to the version that it is on already, nothing happens.</summary>
    /// <exception cref="DomainException">There is no such run or version, or the run cannot go on there: the error names every reason.</exception>
    public async Task<RunMovedResult> MoveAsync(MoveRun command, CommandContext context, CancellationToken cancellationToken = default)
    {
        var run = (await engine.LoadAsync(context.Tenant, command.Run, cancellationToken)).State;
        var name = run.Request!.Workflow;
        var to = await workflows.FindVersionAsync(context.Tenant, name, command.Version, cancellationToken)
            ?? throw new DomainException(WorkflowErrors.UnknownVersion(name, command.Version.Length > 100 ? command.Version[..100] + "…" : command.Version));
        var before = run.Started is { } started ? await workflows.FindVersionAsync(context.Tenant, name, started.Pins.Workflow, cancellationToken) : null;
        if (before is null || before.Hash != to.Hash)
        {
            await workflows.KeepAsync(context.Tenant, to, context, cancellationToken);
        }

        var from = "";
        var result = await outside.AppendAsync<Run>(
            Run.Stream(context.Tenant, command.Run),
            state =>
            {
                from = state.Started?.Pins.Workflow ?? "";
                if (from == to.Hash)
                {
                    return Decision.Unchanged;
                }

                var reasons = Check(state, before, to);
                return reasons.IsEmpty
                    ? new RunMoved(from, Pins(context.Tenant, state.Started!.Pins, to), context.Actor ?? "", command.Reason, time.GetUtcNow())
                    : WorkflowErrors.CannotMove(string.Join(" ", reasons));
            },
            context,
            ids,
            cancellationToken);
        engine.Wake(context.Tenant, command.Run);
        return new(command.Run, from, to.Hash, result.Position);
    }

    /// <summary>Why a run cannot go on on another version; nothing where it can.</summary>
    internal static ImmutableArray<string> Check(Run run, Workflow? from, Workflow to)
    {
        if (run.Completed is not null)
        {
            return ["The run has ended."];
        }

        if (run.Started is null)
        {
            return ["The run has not started yet."];
        }

        if (run.IsFirstVersion)
        {
            return ["The run was made by version 1 of the run engine, which cannot move runs."];
        }

        var reasons = ImmutableArray.CreateBuilder<string>();
        var current = run.Cursors.Select(c => c.Step).OfType<string>().Distinct().ToList();
        foreach (var step in current)
        {
            CheckSame(step, "stands at", from?.Find(step), to.Find(step), reasons);
        }

        foreach (var step in run.Visits.Keys.Where(s => !current.Contains(s)).Order(StringComparer.Ordinal))
        {
            CheckSame(step, "has been at", from?.Find(step), to.Find(step), reasons);
        }

        // What the run can still come to may only read what it has been at, or will have been at.
        var ahead = Ahead(to, current);
        foreach (var id in ahead.Order(StringComparer.Ordinal))
        {
            var node = to.Find(id)!;
            foreach (var step in Reads(node).Select(s => node.Scope is null ? s : $"{node.Scope}.{s}").Distinct())
            {
                if (!run.Visits.ContainsKey(step) && !ahead.Contains(step))
                {
                    reasons.Add($"'{id}' reads what '{step}' gives, where the run has not been and cannot come to any more.");
                }
            }
        }

        return reasons.ToImmutable();
    }

    private static void CheckSame(string step, string how, WorkflowNode? before, WorkflowNode? now, ImmutableArray<string>.Builder reasons)
    {
        if (now is null)
        {
            reasons.Add($"The run {how} '{step}', which the other version does not have.");
        }
        else if (before is not null && (before.Type != now.Type || before.Scope != now.Scope))
        {
            reasons.Add($"The run {how} '{step}', which is a node of type '{now.Type}' in the other version, not '{before.Type}'.");
        }
        else if (how == "stands at" && before is WaitNode wait && now is WaitNode other && (wait.For != other.For || wait.Name != other.Name || wait.Of != other.Of))
        {
            reasons.Add($"The run waits at '{step}' for something else than the other version does.");
        }
        else if (how == "stands at" && before is ToolNode tool && now is ToolNode otherTool && tool.Tool != otherTool.Tool)
        {
            reasons.Add($"The run stands at '{step}', which calls '{otherTool.Tool}' in the other version, not '{tool.Tool}'.");
        }
    }

    private static HashSet<string> Ahead(Workflow workflow, IEnumerable<string> from)
    {
        var ahead = new HashSet<string>(StringComparer.Ordinal);
        var open = new Stack<string>(from);
        while (open.TryPop(out var id))
        {
            if (workflow.Find(id) is { } node && ahead.Add(id))
            {
                foreach (var edge in WorkflowLayout.EdgesOf(node))
                {
                    open.Push(edge.To);
                }
            }
        }

        return ahead;
    }

    private static IEnumerable<string> Reads(WorkflowNode node)
    {
        var (expressions, templates, trees) = node switch
        {
            RetrieveNode n => ([], [n.Query], []),
            ModelNode n => ([], [n.Input], []),
            ToolNode n => ([], [], [n.Input]),
            ConditionNode n => ([n.If], [], []),
            SwitchNode n => ([n.On], [], []),
            LoopNode n => ([n.Over, n.While], [], []),
            WaitNode n => ([], [n.Prompt], []),
            HandoffNode n => ([], [n.Text], []),
            SubWorkflowNode n => ([], [], [n.Input]),
            EndNode n => ([], [n.Text], [n.Output]),
            _ => (Array.Empty<string?>(), Array.Empty<string?>(), Array.Empty<string?>()),
        };
        return expressions.OfType<string>().SelectMany(e => WorkflowExpressions.Paths(e, template: false))
            .Concat(templates.OfType<string>().Concat(trees.OfType<string>().SelectMany(Texts)).SelectMany(t => WorkflowExpressions.Paths(t, template: true)))
            .Where(p => p.Names is ["steps", _, ..])
            .Select(p => p.Names[1]);
    }

    private static IEnumerable<string> Texts(string tree)
    {
        using var document = JsonDocument.Parse(tree);
        List<string> texts = [];
        var open = new Stack<JsonElement>([document.RootElement]);
        while (open.TryPop(out var value))
        {
            switch (value.ValueKind)
            {
                case JsonValueKind.String:
                    texts.Add(value.GetString()!);
                    break;
                case JsonValueKind.Array:
                    foreach (var item in value.EnumerateArray())
                    {
                        open.Push(item);
                    }

                    break;
                case JsonValueKind.Object:
                    foreach (var member in value.EnumerateObject())
                    {
                        open.Push(member.Value);
                    }

                    break;
            }
        }

        return texts;
    }

    private RunPins Pins(string tenant, RunPins pins, Workflow to)
    {
        var prompts = to.Nodes.OfType<ModelNode>().ToImmutableSortedDictionary(n => n.Id, n => n.PromptHash, StringComparer.Ordinal);
        var pinned = (pins.Tools ?? ImmutableSortedDictionary<string, string>.Empty).ToBuilder();
        foreach (var (tool, version) in to.Nodes.OfType<ToolNode>().Select(n => (n.Tool, n.Version)).Concat(to.Nodes.OfType<ModelNode>().SelectMany(n => n.Tools ?? []).Select(t => (t, (string?)null))))
        {
            // What the run has pinned stays; only what is new to it is pinned now.
            if (tools?.Find(tenant, tool, version) is { } found)
            {
                pinned.TryAdd(version is null ? tool : $"{tool}@{version}", found.Manifest.Version);
                if (found.Manifest.Compensation is { } undo && tools.Find(tenant, undo) is { } undoing)
                {
                    pinned.TryAdd(undo, undoing.Manifest.Version);
                }
            }
        }

        return pins with { Workflow = to.Hash, Prompts = prompts, Tools = pinned.Count == 0 ? null : pinned.ToImmutable() };
    }
}
