using System.Collections.Immutable;
using System.Globalization;
using AIaaS.Commands.Routing;
using AIaaS.Domain.Agents;
using AIaaS.Domain.Knowledge;

namespace AIaaS.Commands.Agents;

/// <summary>Loads workflows from YAML. Every fault comes with file, line, column and a hint, and all faults come at once.</summary>
public static class WorkflowLoader
{
    /// <summary>The most nodes of a workflow.</summary>
    public const int MaxNodes = 200;

    private const string DefaultFallback = "Sorry, I could not finish this. A colleague will take over and answer you here.";

    /// <summary>Loads a workflow.</summary>
    /// <param name="file">The file's name, for the faults.</param>
    /// <param name="yaml">Its text.</param>
    public static WorkflowLoad Load(string file, string yaml)
    {
        var faults = ImmutableArray.CreateBuilder<WorkflowFault>();
        var source = new Source(file, faults);
        var workflow = new WorkflowYaml(source.Fault).Read(yaml) is { } root ? Read(source, root) : null;
        return faults.Count == 0
            ? new(workflow, [])
            : new(null, [.. faults.OrderBy(f => f.Line).ThenBy(f => f.Column)]);
    }

    private static Workflow? Read(Source source, YamlPart root)
    {
        if (source.Fields(root, "the workflow", ["workflow", "description", "limits", "fallback", "nodes"]) is not { } fields)
        {
            return null;
        }

        var name = fields.Text("workflow", required: true, most: 100) ?? "";
        if (name.Length > 0 && !IsName(name))
        {
            fields.Fault("workflow", $"'{name}' cannot be a workflow's name.", "Use lower-case letters, digits and '_', beginning with a letter.");
        }

        var description = fields.Text("description", required: false, most: 1_000) ?? "";
        var limits = ReadLimits(source, fields.Part("limits"));
        var fallback = fields.Text("fallback", required: false, most: 2_000) ?? DefaultFallback;
        var list = fields.List("nodes", required: true);
        if (list is null)
        {
            return null;
        }

        if (list.Items.Count > MaxNodes)
        {
            source.Fault(list, $"The workflow has {list.Items.Count} nodes; at most {MaxNodes} are possible.", "Split it.");
            return null;
        }

        List<(WorkflowNode Node, Fields Fields)> nodes = [];
        foreach (var item in list.Items)
        {
            if (ReadNode(source, item) is { } read)
            {
                nodes.Add(read);
            }
        }

        if (nodes.Count < list.Items.Count)
        {
            // Targets may be among the nodes that could not be read: what follows would only repeat those faults.
            return null;
        }

        WorkflowGraph.Check(source, list, nodes);
        var start = nodes.FirstOrDefault(n => n.Node is StartNode).Node;
        return start is null
            ? null
            : new(name, description, limits, fallback, [start, .. nodes.Select(n => n.Node).Where(n => n != start).OrderBy(n => n.Id, StringComparer.Ordinal)]);
    }

    private static WorkflowLimits ReadLimits(Source source, YamlPart? part)
    {
        var limits = new WorkflowLimits();
        if (part is null || source.Fields(part, "'limits'", ["steps", "cost_usd", "step_ms", "step_tokens"]) is not { } fields)
        {
            return limits;
        }

        return new(
            fields.Integer("steps", 1, 1_000) ?? limits.Steps,
            fields.Decimal("cost_usd", 0, 100) ?? limits.CostUsd,
            fields.Integer("step_ms", 1, 600_000) ?? limits.StepMs,
            fields.Integer("step_tokens", 1, 10_000_000) ?? limits.StepTokens);
    }

    private static (WorkflowNode Node, Fields Fields)? ReadNode(Source source, YamlPart part)
    {
        string[] known = ["start", "retrieve", "model", "validate", "end"];
        var type = part is YamlMap map ? map.Entries.FirstOrDefault(e => e.Key.Value == "type").Value as YamlText : null;
        string[]? names = type?.Value switch
        {
            "start" => ["next"],
            "retrieve" => ["audience", "top", "next", "empty"],
            "model" => ["tier", "prompt", "max_output_tokens", "next", "failed"],
            "validate" => ["gates", "passed", "rejected", "handoff"],
            "end" => ["outcome", "text"],
            _ => null,
        };
        if (part is YamlMap && names is null)
        {
            if (type is null)
            {
                source.Fault(part, "The node has no 'type'.", $"Give one of {string.Join(", ", known)}.");
            }
            else
            {
                source.Fault(type, $"There is no node type '{type.Value}'.", Source.Suggest(type.Value, known));
            }

            return null;
        }

        if (source.Fields(part, type is null ? "a node" : $"a node of type '{type.Value}'", ["id", "type", "max_visits", "exhausted", .. names ?? []]) is not { } fields)
        {
            return null;
        }

        var before = source.Count;
        var id = fields.Text("id", required: true, most: 100) ?? "";
        if (id.Length > 0 && !IsName(id))
        {
            fields.Fault("id", $"'{id}' cannot be a node's id.", "Use lower-case letters, digits and '_', beginning with a letter.");
        }

        WorkflowNode node = type!.Value switch
        {
            "start" => new StartNode(id, fields.Text("next", required: true, most: 100) ?? ""),
            "retrieve" => new RetrieveNode(
                id,
                fields.Choice("audience", "customer", ("customer", Audience.Customer), ("staff", Audience.Staff)),
                fields.Integer("top", 1, 20) ?? 6,
                fields.Text("next", required: true, most: 100) ?? "",
                fields.Text("empty", required: false, most: 100)),
            "model" => new ModelNode(
                id,
                fields.Choice("tier", null, ("SLM_A", Tier.SLM_A), ("SLM_B", Tier.SLM_B), ("LLM", Tier.LLM)),
                fields.Text("prompt", required: false, most: 20_000) ?? AnswerContract.DefaultPrompt,
                fields.Integer("max_output_tokens", 1, 100_000) ?? 800,
                fields.Text("next", required: true, most: 100) ?? "",
                fields.Text("failed", required: false, most: 100)),
            "validate" => new ValidateNode(
                id,
                ReadGates(source, fields),
                fields.Text("passed", required: true, most: 100) ?? "",
                fields.Text("rejected", required: true, most: 100) ?? "",
                fields.Text("handoff", required: true, most: 100) ?? ""),
            _ => ReadEnd(fields, id),
        };
        node = node with { MaxVisits = fields.Integer("max_visits", 1, 1_000), Exhausted = fields.Text("exhausted", required: false, most: 100) };
        if (node is { Exhausted: not null, MaxVisits: null })
        {
            fields.Fault("exhausted", "'exhausted' says where to go when 'max_visits' are used up, but there is no 'max_visits'.", "Add 'max_visits', or leave 'exhausted' out.");
        }

        return source.Count == before ? (node, fields) : null;
    }

    private static EndNode ReadEnd(Fields fields, string id)
    {
        var outcome = fields.Choice("outcome", null, ("answered", RunOutcome.Answered), ("handed_off", RunOutcome.HandedOff));
        var text = fields.Text("text", required: false, most: 2_000);
        if (outcome == RunOutcome.HandedOff && text is null)
        {
            fields.Fault("outcome", "A hand-off needs a 'text' for the customer.", "Add 'text: …'.");
        }

        return new(id, outcome, text);
    }

    private static ImmutableArray<Gate> ReadGates(Source source, Fields fields)
    {
        string[] known = ["json_schema", "factuality", "score_threshold"];
        var gates = ImmutableArray.CreateBuilder<Gate>();
        foreach (var item in fields.List("gates", required: true)?.Items ?? [])
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
                    break;
                case "json_schema" or "factuality" when value is not null:
                    source.Fault(value, $"The gate '{name.Value}' has no setting.", $"Write '- {name.Value}'.");
                    break;
                case "json_schema":
                    gates.Add(new(GateKind.JsonSchema));
                    break;
                case "factuality":
                    gates.Add(new(GateKind.Factuality));
                    break;
                case "score_threshold":
                    gates.Add(new(GateKind.ScoreThreshold, value is null ? 0.8m : source.Decimal(value, "score_threshold", 0, 1) ?? 0.8m));
                    break;
                default:
                    source.Fault(name, $"There is no gate '{name.Value}'.", Source.Suggest(name.Value, known));
                    break;
            }
        }

        if (gates.Select(g => g.Kind).Distinct().Count() < gates.Count)
        {
            fields.Fault("gates", "A gate stands here twice.", "Keep one of them.");
        }

        return gates.ToImmutable();
    }

    private static bool IsName(string text) => char.IsAsciiLetterLower(text[0]) && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '_');

    /// <summary>Collects faults and reads values.</summary>
    internal sealed class Source(string file, ImmutableArray<WorkflowFault>.Builder faults)
    {
        public int Count => faults.Count;

        public void Fault(int line, int column, string message, string hint) => faults.Add(new(file, line, column, message, hint));

        public void Fault(YamlPart part, string message, string hint) => Fault(part.Line, part.Column, message, hint);

        public Fields? Fields(YamlPart part, string what, string[] known)
        {
            if (part is not YamlMap map)
            {
                Fault(part, $"Here {what} is expected: fields with values.", $"Known fields: {string.Join(", ", known)}.");
                return null;
            }

            foreach (var (key, _) in map.Entries)
            {
                if (!known.Contains(key.Value))
                {
                    Fault(key, $"There is no field '{key.Value}' in {what}.", Suggest(key.Value, known));
                }
            }

            return new(this, map, what);
        }

        public decimal? Decimal(YamlPart part, string name, decimal least, decimal most)
        {
            if (part is YamlText { Plain: true } text
                && decimal.TryParse(text.Value, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
                && value >= least && value <= most)
            {
                // Without trailing zeros, so that 0.8 and 0.80 are the same content.
                return value / 1.000000000000000000000000000000m;
            }

            Fault(part, $"'{name}' must be a number from {least.ToString(CultureInfo.InvariantCulture)} to {most.ToString(CultureInfo.InvariantCulture)}{Shown(part)}.", "Write it without quotes, with a point.");
            return null;
        }

        public static string Shown(YamlPart part) => part is YamlText text ? $", not '{(text.Value.Length > 60 ? text.Value[..60] + "…" : text.Value)}'" : "";

        public static string Suggest(string given, IReadOnlyCollection<string> known)
        {
            var near = known.Select(k => (Name: k, Distance: Distance(given, k))).OrderBy(k => k.Distance).FirstOrDefault();
            var all = known.Count == 0 ? "" : $" Possible: {string.Join(", ", known)}.";
            return near.Name is not null && near.Distance <= Math.Max(2, given.Length / 3) ? $"Did you mean '{near.Name}'?{all}" : all.TrimStart();
        }

        private static int Distance(string a, string b)
        {
            if (a.Length > 100)
            {
                return int.MaxValue;
            }

            var row = Enumerable.Range(0, b.Length + 1).ToArray();
            for (var i = 1; i <= a.Length; i++)
            {
                var diagonal = row[0];
                row[0] = i;
                for (var j = 1; j <= b.Length; j++)
                {
                    var cost = char.ToLowerInvariant(a[i - 1]) == char.ToLowerInvariant(b[j - 1]) ? 0 : 1;
                    (diagonal, row[j]) = (row[j], Math.Min(Math.Min(row[j] + 1, row[j - 1] + 1), diagonal + cost));
                }
            }

            return row[^1];
        }
    }

    /// <summary>The fields of one part.</summary>
    internal sealed class Fields(Source source, YamlMap map, string what)
    {
        public YamlMap Map => map;

        public YamlPart? Part(string name)
        {
            foreach (var (key, value) in map.Entries)
            {
                if (key.Value == name)
                {
                    return value;
                }
            }

            return null;
        }

        public void Fault(string name, string message, string hint) => source.Fault(Part(name) ?? map, message, hint);

        public string? Text(string name, bool required, int most)
        {
            switch (Part(name))
            {
                case null when required:
                    source.Fault(map, $"The field '{name}' is missing in {what}.", $"Add '{name}: …'.");
                    return null;
                case null:
                    return null;
                case YamlText { Value.Length: > 0 } text when text.Value.Length <= most:
                    return text.Value;
                case var part:
                    source.Fault(part, $"'{name}' must be a text of 1 to {most.ToString(CultureInfo.InvariantCulture)} characters.", "Give one.");
                    return null;
            }
        }

        public int? Integer(string name, int least, int most)
        {
            if (Part(name) is not { } part)
            {
                return null;
            }

            if (part is YamlText { Plain: true } text && int.TryParse(text.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most)
            {
                return value;
            }

            source.Fault(part, $"'{name}' must be a whole number from {least.ToString(CultureInfo.InvariantCulture)} to {most.ToString(CultureInfo.InvariantCulture)}{Source.Shown(part)}.", "Write it without quotes.");
            return null;
        }

        public decimal? Decimal(string name, decimal least, decimal most) => Part(name) is { } part ? source.Decimal(part, name, least, most) : null;

        public YamlList? List(string name, bool required)
        {
            switch (Part(name))
            {
                case YamlList { Items.Count: > 0 } list:
                    return list;
                case null when !required:
                    return null;
                case null:
                    source.Fault(map, $"The field '{name}' is missing in {what}.", $"Add '{name}:' with a list.");
                    return null;
                case var part:
                    source.Fault(part, $"'{name}' must be a list with at least one item.", "Begin each item with '- '.");
                    return null;
            }
        }

        public T Choice<T>(string name, string? fallback, params (string Name, T Value)[] choices)
        {
            var part = Part(name);
            if (part is null && fallback is null)
            {
                source.Fault(map, $"The field '{name}' is missing in {what}.", $"Give one of {string.Join(", ", choices.Select(c => c.Name))}.");
                return choices[0].Value;
            }

            var given = part is null ? fallback : (part as YamlText)?.Value;
            foreach (var choice in choices)
            {
                if (choice.Name == given)
                {
                    return choice.Value;
                }
            }

            source.Fault(part!, $"'{name}' cannot be '{given}'.", Source.Suggest(given ?? "", [.. choices.Select(c => c.Name)]));
            return choices[0].Value;
        }
    }
}
