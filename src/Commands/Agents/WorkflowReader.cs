using System.Collections.Immutable;
using System.Globalization;
using AIaaS.Commands.Routing;
using AIaaS.Domain.Agents;
using AIaaS.Domain.Knowledge;

namespace AIaaS.Commands.Agents;

/// <summary>A node with the place that it was read from.</summary>
internal sealed record ReadNode(WorkflowNode Node, WorkflowFields Fields);

/// <summary>A workflow that was read, but not linked: its sub-workflows are still names.</summary>
/// <param name="Workflow">The workflow.</param>
/// <param name="Nodes">Its nodes with their places.</param>
internal sealed record ReadWorkflow(Workflow Workflow, ImmutableArray<ReadNode> Nodes);

/// <summary>Reads workflows from their parts, by the table of the language.</summary>
internal sealed class WorkflowReader(WorkflowSource source, IReadOnlyDictionary<string, YamlMap> fragments)
{
    private const string DefaultFallback = "Sorry, I could not finish this. A colleague will take over and answer you here.";

    private static readonly (string Name, Tier Value)[] Tiers = [.. Enum.GetValues<Tier>().Select(t => (t.ToString(), t))];

    /// <summary>The nodes that could be read, whatever else is wrong.</summary>
    public IReadOnlyList<ReadNode> Nodes { get; private set; } = [];

    /// <summary>Reads a workflow; null, with faults, where it cannot be used.</summary>
    public ReadWorkflow? Read(YamlPart root)
    {
        var before = source.Count;
        if (source.Fields(root, "the workflow", WorkflowSyntax.Workflow) is not { } fields)
        {
            return null;
        }

        var name = fields.Required("workflow");
        var description = fields.Text("description") ?? "";
        var limits = ReadLimits(fields.Part("limits"));
        var fallback = fields.Text("fallback") ?? DefaultFallback;
        bool? keepsTier = fields.Choice("safe_mode", ("cheaper", false), ("keep_tier", true)) ? true : null;
        if (fields.List("nodes") is not { } list || new WorkflowFragments(source, fragments).Expand(list) is not { } parts)
        {
            return null;
        }

        List<ReadNode> nodes = [];
        List<string> unread = [];
        foreach (var part in parts)
        {
            if (ReadNode(part) is { } read)
            {
                nodes.Add(read);
            }
            else if (part.Find("id") is YamlText id)
            {
                unread.Add(id.Value);
            }
        }

        Nodes = nodes;
        if (nodes.Count < parts.Count)
        {
            // What leads where cannot be told without the nodes that could not be read; what leads to nothing can.
            WorkflowGraph.CheckNames(source, nodes, unread);
            return null;
        }

        WorkflowGraph.Check(source, list, nodes);
        var start = nodes.Find(n => n.Node is StartNode)?.Node;
        return start is null || source.Count > before
            ? null
            : new(new(name, description, limits, fallback, [start, .. nodes.Select(n => n.Node).Where(n => n != start).OrderBy(n => n.Id, StringComparer.Ordinal)]) { KeepsTier = keepsTier }, [.. nodes]);
    }

    private WorkflowLimits ReadLimits(YamlPart? part)
    {
        var limits = new WorkflowLimits();
        return part is null || source.Fields(part, "'limits'", WorkflowSyntax.Limits) is not { } fields
            ? limits
            : new(fields.Integer("steps") ?? limits.Steps, fields.Decimal("cost_usd") ?? limits.CostUsd, fields.Integer("step_ms") ?? limits.StepMs, fields.Integer("step_tokens") ?? limits.StepTokens);
    }

    private ReadNode? ReadNode(YamlMap map)
    {
        string[] known = [.. WorkflowSyntax.Nodes.Select(n => n.Name)];
        if (map.Find("type") is not { } typePart)
        {
            source.Fault(map, "The node has no 'type'.", $"Give one of {string.Join(", ", known)}.");
            return null;
        }

        var type = (typePart as YamlText)?.Value ?? "";
        if (WorkflowSyntax.Find(type) is not { } spec)
        {
            source.Fault(typePart, $"There is no node type '{WorkflowSource.Cut(type)}'.", WorkflowSource.Suggest(type, known));
            return null;
        }

        var before = source.Count;
        if (source.Fields(map, $"a node of type '{type}'", spec.AllFields) is not { } fields)
        {
            return null;
        }

        // A node of a fragment has an id of several names; each of them was checked where it stands.
        var id = fields.Part("id") is YamlText { Composed: true } composed ? composed.Value : fields.Required("id");
        WorkflowNode node = type switch
        {
            "start" => new StartNode(id, Target(fields, "next")),
            "retrieve" => new RetrieveNode(
                id,
                fields.Choice("audience", ("customer", Audience.Customer), ("staff", Audience.Staff)),
                fields.Integer("top") ?? 6,
                Target(fields, "next"),
                OptionalTarget(fields, "empty"))
            { Query = Template(fields, "query") },
            "model" => ReadModel(fields, id),
            "tool" => new ToolNode(id, fields.Required("tool"), JsonTemplate(fields, "input") ?? "{}", Target(fields, "next"), OptionalTarget(fields, "failed")) { Version = fields.Text("version") },
            "condition" => new ConditionNode(id, Expression(fields, "if") ?? "", Target(fields, "then"), Target(fields, "else")),
            "switch" => new SwitchNode(id, Expression(fields, "on") ?? "", ReadCases(fields), Target(fields, "default")),
            "parallel" => new ParallelNode(id, [.. Targets(fields, "branches")], Target(fields, "join")),
            "join" => new JoinNode(id, Target(fields, "next")),
            "loop" => ReadLoop(fields, id),
            "validate" => new ValidateNode(id, ReadGates(fields), Target(fields, "passed"), Target(fields, "rejected"), Target(fields, "handoff")),
            "wait" => ReadWait(fields, id),
            "handoff" => new HandoffNode(id, fields.Required("reason"), Template(fields, "text") ?? "") { Queue = fields.Text("queue") },
            "workflow" => new SubWorkflowNode(id, fields.Required("workflow"), ReadInput(fields), Target(fields, "next")),
            "compensate" => new CompensateNode(id, Target(fields, "next"), OptionalTarget(fields, "failed")),
            "end" => ReadEnd(fields, id),
            _ => throw new InvalidOperationException($"The loader does not read nodes of type '{type}'."),
        };
        if (spec.AllFields.Contains(WorkflowSyntax.MaxVisits))
        {
            node = node with { MaxVisits = fields.Integer("max_visits"), Exhausted = OptionalTarget(fields, "exhausted") };
        }

        if (node is { Exhausted: not null } && !fields.Has("max_visits"))
        {
            fields.Fault("exhausted", "'exhausted' says where to go when 'max_visits' are used up, but there is no 'max_visits'.", "Add 'max_visits', or leave 'exhausted' out.");
        }

        return source.Count == before ? new(node, fields) : null;
    }

    private ModelNode ReadModel(WorkflowFields fields, string id)
    {
        var task = fields.Choice(
            "task",
            ("answer", ModelTask.Answer),
            ("classify", ModelTask.Classify),
            ("extract", ModelTask.Extract),
            ("critic", ModelTask.Critic),
            ("agent", ModelTask.Agent));
        var name = fields.Text("task") ?? "answer";
        void Only(string field, ModelTask owner, string what, bool needed)
        {
            if (task != owner && fields.Has(field))
            {
                fields.Fault(field, $"'{field}' belongs to the task '{what}', not to '{name}'.", $"Leave it out, or set 'task: {what}'.");
            }
            else if (task == owner && needed && !fields.Has(field))
            {
                source.Fault(fields.Map, $"The task '{what}' needs '{field}'.", $"Add '{field}:'. {fields.Spec(field).Description}");
            }
        }

        Only("labels", ModelTask.Classify, "classify", needed: true);
        Only("tools", ModelTask.Agent, "agent", needed: true);
        Only("max_tool_calls", ModelTask.Agent, "agent", needed: false);
        if (task is ModelTask.Extract && !fields.Has("output_schema"))
        {
            source.Fault(fields.Map, "The task 'extract' needs 'output_schema'.", "Add 'output_schema:', the JSON Schema of what is to be found.");
        }
        else if (task is ModelTask.Answer or ModelTask.Classify or ModelTask.Critic && fields.Has("output_schema"))
        {
            fields.Fault("output_schema", $"The answer of the task '{name}' has a form of its own.", "Leave 'output_schema' out, or set 'task: extract'.");
        }

        return new(
            id,
            fields.Choice("tier", Tiers),
            fields.Text("prompt") ?? ModelTasks.DefaultPrompt(task),
            fields.Integer("max_output_tokens") ?? 800,
            Target(fields, "next"),
            OptionalTarget(fields, "failed"))
        {
            Task = task,
            Input = Template(fields, "input"),
            OutputSchema = Schema(fields.Part("output_schema"), "output_schema"),
            Labels = fields.Has("labels") ? ReadLabels(fields) : null,
            Tools = fields.Has("tools") ? ReadTools(fields) : null,
            MaxToolCalls = fields.Integer("max_tool_calls"),
        };
    }

    private ImmutableArray<ModelLabel> ReadLabels(WorkflowFields fields)
    {
        var labels = ImmutableArray.CreateBuilder<ModelLabel>();
        foreach (var item in fields.List("labels")?.Items ?? [])
        {
            if (source.Fields(item, "a label", WorkflowSyntax.Label) is not { } label)
            {
                continue;
            }

            var name = label.Required("name");
            if (labels.Any(l => l.Name == name))
            {
                label.Fault("name", $"There are two labels '{name}'.", "Keep one of them.");
            }

            var examples = ImmutableArray.CreateBuilder<string>();
            foreach (var example in label.List("examples")?.Items ?? [])
            {
                if (source.Text(example, new("examples", FieldKind.Text, "", Most: 1_000)) is { } text)
                {
                    examples.Add(text.Value);
                }
            }

            labels.Add(new(name, label.Required("description"), examples.ToImmutable()));
        }

        return labels.ToImmutable();
    }

    private ImmutableArray<string> ReadTools(WorkflowFields fields)
    {
        var tools = ImmutableArray.CreateBuilder<string>();
        foreach (var item in fields.List("tools")?.Items ?? [])
        {
            if (source.Text(item, new("tools", FieldKind.ToolName, "")) is { } tool)
            {
                if (tools.Contains(tool.Value))
                {
                    source.Fault(tool, $"The tool '{tool.Value}' stands here twice.", "Keep one of them.");
                }

                tools.Add(tool.Value);
            }
        }

        return tools.ToImmutable();
    }

    private ImmutableArray<SwitchCase> ReadCases(WorkflowFields fields)
    {
        var cases = ImmutableArray.CreateBuilder<SwitchCase>();
        foreach (var item in fields.List("cases")?.Items ?? [])
        {
            if (source.Fields(item, "a case", WorkflowSyntax.Case) is not { } @case || @case.Part("is") is not { } value)
            {
                continue;
            }

            var json = WorkflowTrees.ToJson(value);
            if (cases.Any(c => c.Is == json))
            {
                source.Fault(value, $"There are two cases for {WorkflowSource.Cut(json)}; the second one is never reached.", "Keep one of them.");
            }

            cases.Add(new(json, Target(@case, "next")));
        }

        return cases.ToImmutable();
    }

    private LoopNode ReadLoop(WorkflowFields fields, string id)
    {
        if (fields.Has("over") == fields.Has("while"))
        {
            source.Fault(fields.Map, fields.Has("over") ? "A loop has either 'over' or 'while', not both." : "It is not said what the loop goes by.", "Give 'over: $.…' for a list, or 'while: …' for a condition.");
        }

        return new(id, Target(fields, "body"), fields.Integer("most") ?? 1, Target(fields, "next"), OptionalTarget(fields, "exceeded")) { Over = Expression(fields, "over"), While = Expression(fields, "while") };
    }

    private WaitNode ReadWait(WorkflowFields fields, string id)
    {
        var what = fields.Choice("for", ("approval", WaitKind.Approval), ("signal", WaitKind.Signal), ("message", WaitKind.Message), ("confirmation", WaitKind.Confirmation));
        var name = fields.Text("for") ?? "";
        void Only(string field, bool belongs, string to, bool needed)
        {
            if (!belongs && fields.Has(field))
            {
                fields.Fault(field, $"'{field}' belongs to a wait for {to}, not for '{name}'.", "Leave it out.");
            }
            else if (belongs && needed && !fields.Has(field))
            {
                source.Fault(fields.Map, $"A wait for {to} needs '{field}'.", $"Add '{field}:'. {fields.Spec(field).Description}");
            }
        }

        Only("name", what is WaitKind.Signal, "'signal'", needed: true);
        Only("of", what is WaitKind.Confirmation, "'confirmation'", needed: true);
        Only("rejected", what is WaitKind.Approval or WaitKind.Confirmation, "'approval' or 'confirmation'", needed: false);
        return new(id, what, fields.Duration("timeout"), Target(fields, "next"), Target(fields, "timed_out"))
        {
            Name = fields.Text("name"),
            Prompt = Template(fields, "prompt"),
            Rejected = OptionalTarget(fields, "rejected"),
            Of = OptionalTarget(fields, "of"),
        };
    }

    private EndNode ReadEnd(WorkflowFields fields, string id)
    {
        var outcome = fields.Choice("outcome", ("answered", RunOutcome.Answered), ("handed_off", RunOutcome.HandedOff));
        var text = Template(fields, "text");
        if (outcome == RunOutcome.HandedOff && !fields.Has("text"))
        {
            fields.Fault("outcome", "A hand-off needs a 'text' for the customer.", "Add 'text: …'.");
        }

        return new(id, outcome, text) { Output = JsonTemplate(fields, "output") };
    }

    private string ReadInput(WorkflowFields fields)
    {
        if (fields.Part("input") is { } input and not YamlMap)
        {
            source.Fault(input, "The input of a workflow must be fields with values: it sees them as $.input.name.", "Write 'name: value', one to a line.");
        }
        else if (fields.Part("input") is YamlMap map && map.Entries.FirstOrDefault(e => e.Key.Value is "text" or "customer" or "conversation").Key is { } taken)
        {
            source.Fault(taken, $"$.input.{taken.Value} is there already: it is the run's own.", "Use another name.");
        }

        return JsonTemplate(fields, "input") ?? "{}";
    }

    private ImmutableArray<Gate> ReadGates(WorkflowFields fields)
    {
        string[] known = ["json_schema", "factuality", "score_threshold", "critic_call"];
        var gates = ImmutableArray.CreateBuilder<Gate>();
        foreach (var item in fields.List("gates")?.Items ?? [])
        {
            var (name, value) = item switch
            {
                YamlText text => (text, null),
                YamlMap { Entries: [var only] } => (only.Key, only.Value),
                _ => ((YamlText?)null, (YamlPart?)null),
            };
            switch (name?.Value)
            {
                case null:
                    source.Fault(item, "A gate is a name, or a name with its setting.", "Write '- json_schema' or '- score_threshold: 0.8'.");
                    continue;
                case "factuality" when value is not null:
                    source.Fault(value, $"The gate '{name.Value}' has no setting.", $"Write '- {name.Value}'.");
                    break;
                case "json_schema":
                    gates.Add(new(GateKind.JsonSchema) { Schema = Schema(value, "json_schema") });
                    break;
                case "factuality":
                    gates.Add(new(GateKind.Factuality));
                    break;
                case "score_threshold":
                    gates.Add(new(GateKind.ScoreThreshold, value is null ? 0.8m : source.Decimal(value, "score_threshold", 0, 1) ?? 0.8m));
                    break;
                case "critic_call":
                    gates.Add(ReadCriticCall(value));
                    break;
                default:
                    source.Fault(name, $"There is no gate '{WorkflowSource.Cut(name.Value)}'.", WorkflowSource.Suggest(name.Value, known));
                    break;
            }
        }

        if (gates.Select(g => g.Kind).Distinct().Count() < gates.Count)
        {
            fields.Fault("gates", "A gate stands here twice.", "Keep one of them.");
        }

        return gates.ToImmutable();
    }

    private Gate ReadCriticCall(YamlPart? value) =>
        value is null ? new(GateKind.CriticCall, 0.8m) { Tier = Tier.LLM }
        : source.Fields(value, "the setting of 'critic_call'", WorkflowSyntax.CriticCall) is { } fields
            ? new(GateKind.CriticCall, fields.Decimal("threshold") ?? 0.8m) { Tier = fields.Choice("tier", Tiers) }
            : new(GateKind.CriticCall);

    private static string Target(WorkflowFields fields, string name) => OptionalTarget(fields, name) ?? "";

    /// <summary>Only that it is a text: whether such a node exists is asked of all nodes together.</summary>
    private static string? OptionalTarget(WorkflowFields fields, string name)
    {
        switch (fields.Part(name))
        {
            case null:
                return null;
            case YamlText { Value.Length: > 0 } text:
                return text.Value;
            case var part:
                fields.Source.Fault(part, $"'{name}' must be the id of a node.", "Give one.");
                return null;
        }
    }

    private IEnumerable<string> Targets(WorkflowFields fields, string name)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var item in fields.List(name)?.Items ?? [])
        {
            if (item is YamlText { Value.Length: > 0 } text)
            {
                if (!seen.Add(text.Value))
                {
                    source.Fault(text, $"'{WorkflowSource.Cut(text.Value)}' stands in '{name}' twice.", "Keep one of them.");
                }

                yield return text.Value;
            }
            else
            {
                source.Fault(item, $"In '{name}' ids of nodes are expected.", "Give one.");
            }
        }
    }

    private string? Expression(WorkflowFields fields, string name)
    {
        if (fields.TextPart(name) is not { } text)
        {
            return null;
        }

        WorkflowExpressions.CheckExpression(source, text);
        return text.Value;
    }

    private string? Template(WorkflowFields fields, string name)
    {
        if (fields.TextPart(name) is not { } text)
        {
            return null;
        }

        WorkflowExpressions.CheckTemplate(source, text);
        return text.Value;
    }

    private string? JsonTemplate(WorkflowFields fields, string name)
    {
        if (fields.Part(name) is not { } part)
        {
            return null;
        }

        foreach (var text in WorkflowTrees.Texts(part))
        {
            WorkflowExpressions.CheckTemplate(source, text);
        }

        var json = WorkflowTrees.ToJson(part);
        if (json.Length > fields.Spec(name).Most)
        {
            source.Fault(part, $"'{name}' has {json.Length.ToString(CultureInfo.InvariantCulture)} characters; at most {fields.Spec(name).Most.ToString(CultureInfo.InvariantCulture)} are possible.", "Make it smaller.");
        }

        return json;
    }

    private string? Schema(YamlPart? part, string name)
    {
        if (part is null)
        {
            return null;
        }

        if (part is not YamlMap && part is not YamlText { Plain: true, Value: "true" or "false" })
        {
            source.Fault(part, $"'{name}' must be a JSON Schema: fields with values.", "For example: { type: object, properties: { order: { type: string } }, required: [order] }.");
            return null;
        }

        var json = WorkflowTrees.ToJson(part);
        WorkflowExpressions.CheckSchema(source, part, json);
        return json;
    }
}
