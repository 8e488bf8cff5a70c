using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace AIaaS.Commands.Agents;

/// <summary>The published JSON Schema of the workflow language, written from the table that the loader reads by.</summary>
public static class WorkflowSchema
{
    /// <summary>Its identifier.</summary>
    public const string Id = "urn:aiaas:schema:workflow:1";

    private const string NamePattern = "^[a-z][a-z0-9_]*$";
    private const string ParameterPattern = @"\$\{[a-z][a-z0-9_]*\}";

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, NewLine = "\n" };

    /// <summary>The schema, draft 2020-12, as JSON text.</summary>
    public static string Text => field ??= Write().ToJsonString(Indented) + "\n";

    private static JsonObject Write()
    {
        var definitions = new JsonObject();
        foreach (var node in WorkflowSyntax.Nodes)
        {
            definitions["node_" + node.Name] = Node(node, inFragment: false);
            if (node.Name is not ("start" or "end"))
            {
                definitions["fragment_node_" + node.Name] = Node(node, inFragment: true);
            }
        }

        definitions["node"] = AnyNode("node_", WorkflowSyntax.Nodes.Select(n => n.Name));
        definitions["fragment_node"] = AnyNode("fragment_node_", WorkflowSyntax.Nodes.Select(n => n.Name).Where(n => n is not ("start" or "end")));
        definitions["workflow"] = Fields("A workflow: the steps that an agent may take, and what bounds them.", WorkflowSyntax.Workflow, false);
        definitions["fragment"] = Fields("A fragment: nodes that workflows use with a node of type 'use'.", WorkflowSyntax.Fragment, false);
        definitions["overlay"] = Fields("An overlay: changes to a workflow, for one tenant or in one environment.", WorkflowSyntax.Overlay, false);
        definitions["overlay"]!["anyOf"] = new JsonArray([.. WorkflowSyntax.Overlay.Skip(4).Select(f => (JsonNode)new JsonObject { ["required"] = new JsonArray(f.Name) })]);
        return new()
        {
            ["$schema"] = "https://json-schema.org/draft/2020-12/schema",
            ["$id"] = Id,
            ["title"] = "Workflow language",
            ["description"] = "A workflow, a fragment or an overlay, as YAML. Written from the loader's table; docs/guides/workflows.md explains it.",
            ["if"] = new JsonObject { ["required"] = new JsonArray("overlay") },
            ["then"] = Reference("overlay"),
            ["else"] = new JsonObject
            {
                ["if"] = new JsonObject { ["required"] = new JsonArray("fragment") },
                ["then"] = Reference("fragment"),
                ["else"] = Reference("workflow"),
            },
            ["$defs"] = definitions,
        };
    }

    private static JsonObject AnyNode(string prefix, IEnumerable<string> types)
    {
        string[] all = [.. types];
        return new()
        {
            ["type"] = "object",
            ["required"] = new JsonArray("id", "type"),
            ["properties"] = new JsonObject { ["type"] = new JsonObject { ["enum"] = new JsonArray([.. all.Select(t => (JsonNode)t)]) } },
            ["allOf"] = new JsonArray(
            [
                .. all.Select(t => (JsonNode)new JsonObject
                {
                    ["if"] = new JsonObject { ["properties"] = new JsonObject { ["type"] = new JsonObject { ["const"] = t } }, ["required"] = new JsonArray("type") },
                    ["then"] = Reference(prefix + t),
                }),
            ]),
        };
    }

    private static JsonObject Node(NodeSpec node, bool inFragment)
    {
        var schema = Fields(node.Description, node.AllFields, inFragment);
        schema["properties"]!["type"] = new JsonObject { ["const"] = node.Name };
        if (node.AllFields.Contains(WorkflowSyntax.MaxVisits))
        {
            schema["dependentRequired"] = new JsonObject { ["exhausted"] = new JsonArray("max_visits") };
        }

        if (!node.Rules.IsEmpty && !inFragment)
        {
            schema["allOf"] = new JsonArray([.. node.Rules.Select(r => JsonNode.Parse(r))]);
        }

        return schema;
    }

    private static JsonObject Fields(string description, IEnumerable<FieldSpec> specs, bool inFragment)
    {
        var (properties, required) = (new JsonObject(), new JsonArray());
        foreach (var spec in specs)
        {
            var schema = Field(spec, inFragment);
            if (inFragment && spec.Name is not ("id" or "type" or "fragment"))
            {
                // In a fragment any value may be a parameter, or hold one.
                schema = new() { ["anyOf"] = new JsonArray(new JsonObject { ["type"] = "string", ["pattern"] = ParameterPattern }, schema) };
            }

            schema["description"] = spec.Description;
            if (spec.Default is { } value)
            {
                schema["default"] = spec.Kind is FieldKind.Integer or FieldKind.Decimal or FieldKind.JsonTemplate ? JsonNode.Parse(value) : value;
            }

            properties[spec.Name] = schema;
            if (spec.Required)
            {
                required.Add(spec.Name);
            }
        }

        var fields = new JsonObject { ["type"] = "object", ["description"] = description, ["properties"] = properties, ["additionalProperties"] = false };
        if (required.Count > 0)
        {
            fields["required"] = required;
        }

        return fields;
    }

    private static JsonObject Field(FieldSpec spec, bool inFragment) => spec.Kind switch
    {
        FieldKind.Text or FieldKind.Template or FieldKind.Expression => String(spec.Most),
        FieldKind.Name => String(spec.Most, NamePattern),
        FieldKind.ToolName => String(spec.Most, "^[a-z0-9_.-]+$"),
        FieldKind.Code => String(spec.Most, "^[a-z][a-z0-9-]*$"),
        FieldKind.Version => String(spec.Most, "^[0-9]{1,9}\\.[0-9]{1,9}\\.[0-9]{1,9}$"),
        FieldKind.Duration => String(12, "^[0-9]+(ms|s|m|h|d)$"),
        FieldKind.Target or FieldKind.NodeName => new() { ["type"] = "string", ["minLength"] = 1 },
        FieldKind.JsonTemplate when spec.Name == "input" && spec.Description.StartsWith("What the other workflow", StringComparison.Ordinal) =>
            new() { ["type"] = "object", ["properties"] = new JsonObject { ["text"] = false, ["customer"] = false, ["conversation"] = false } },
        FieldKind.JsonTemplate => [],
        FieldKind.JsonSchema => Schema(inFragment),
        FieldKind.Integer => new() { ["type"] = "integer", ["minimum"] = spec.Least, ["maximum"] = spec.Most },
        FieldKind.Decimal => new() { ["type"] = "number", ["minimum"] = spec.Least, ["maximum"] = spec.Most },
        FieldKind.Choice when spec.Choices.IsEmpty => new() { ["type"] = "string" },
        FieldKind.Choice => new() { ["enum"] = new JsonArray([.. spec.Choices.Select(c => (JsonNode)c)]) },
        FieldKind.Targets => List(spec, new JsonObject { ["type"] = "string", ["minLength"] = 1 }, unique: true),
        FieldKind.ToolNames => List(spec, String(100, "^[a-z0-9_.-]+$"), unique: true),
        FieldKind.Names => List(spec, String(WorkflowSyntax.MaxNameLength, NamePattern), unique: true),
        FieldKind.Labels => List(spec, Fields("A label.", WorkflowSyntax.Label, false)),
        FieldKind.Cases => List(spec, Fields("A case.", WorkflowSyntax.Case, false)),
        FieldKind.Gates => List(spec, Gate(inFragment)),
        FieldKind.Limits => Fields(spec.Description, WorkflowSyntax.Limits, false),
        FieldKind.Nodes => List(spec, Reference(spec == WorkflowSyntax.Fragment[^1] ? "fragment_node" : "node")),
        FieldKind.Parameters => Names(spec, Fields("A parameter.", WorkflowSyntax.Parameter, false)),
        FieldKind.Values => Names(spec, []),
        FieldKind.Exits => Names(spec, new JsonObject { ["type"] = "string", ["minLength"] = 1 }),
        FieldKind.Changes => new() { ["type"] = "object", ["maxProperties"] = spec.Most, ["additionalProperties"] = new JsonObject { ["type"] = "object", ["minProperties"] = 1, ["properties"] = new JsonObject { ["id"] = false } } },
        FieldKind.Any when spec.Name == "examples" => List(spec, String(1_000)),
        FieldKind.Any => [],
        _ => throw new InvalidOperationException($"The schema does not know fields of the kind {spec.Kind}."),
    };

    private static JsonObject Gate(bool inFragment) => new()
    {
        ["anyOf"] = new JsonArray(
            new JsonObject { ["enum"] = new JsonArray("json_schema", "factuality", "score_threshold", "critic_call") },
            Setting("json_schema", Schema(inFragment)),
            Setting("score_threshold", new JsonObject { ["type"] = "number", ["minimum"] = 0, ["maximum"] = 1 }),
            Setting("critic_call", Fields("The judging model.", WorkflowSyntax.CriticCall, inFragment))),
    };

    private static JsonObject Setting(string gate, JsonObject schema) =>
        new() { ["type"] = "object", ["properties"] = new JsonObject { [gate] = schema }, ["required"] = new JsonArray(gate), ["additionalProperties"] = false };

    private static JsonObject Schema(bool inFragment) =>
        inFragment ? new() { ["type"] = new JsonArray("object", "boolean") } : new() { ["$ref"] = "https://json-schema.org/draft/2020-12/schema" };

    private static JsonObject String(decimal most, string? pattern = null)
    {
        var schema = new JsonObject { ["type"] = "string", ["minLength"] = 1, ["maxLength"] = most };
        if (pattern is not null)
        {
            schema["pattern"] = pattern;
        }

        return schema;
    }

    private static JsonObject List(FieldSpec spec, JsonObject items, bool unique = false)
    {
        var schema = new JsonObject { ["type"] = "array", ["minItems"] = spec.Least, ["maxItems"] = spec.Most, ["items"] = items };
        if (unique)
        {
            schema["uniqueItems"] = true;
        }

        return schema;
    }

    private static JsonObject Names(FieldSpec spec, JsonObject values) => new()
    {
        ["type"] = "object",
        ["maxProperties"] = spec.Most,
        ["propertyNames"] = new JsonObject { ["pattern"] = NamePattern },
        ["additionalProperties"] = values,
    };

    private static JsonObject Reference(string definition) => new() { ["$ref"] = "#/$defs/" + definition };
}
