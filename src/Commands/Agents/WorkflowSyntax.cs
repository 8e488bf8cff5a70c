using System.Collections.Immutable;
using AIaaS.Domain.Agents;

namespace AIaaS.Commands.Agents;

/// <summary>What a field of the language holds.</summary>
internal enum FieldKind
{
    /// <summary>Words.</summary>
    Text,

    /// <summary>A name: lower-case letters, digits, <c>_</c>.</summary>
    Name,

    /// <summary>A tool's name.</summary>
    ToolName,

    /// <summary>A code: lower-case letters, digits, <c>-</c>.</summary>
    Code,

    /// <summary>A version of three numbers.</summary>
    Version,

    /// <summary>A node that the run may go to.</summary>
    Target,

    /// <summary>A node that is spoken of, without going there.</summary>
    NodeName,

    /// <summary>Words with expressions in <c>{{ }}</c>.</summary>
    Template,

    /// <summary>An expression over the run's state.</summary>
    Expression,

    /// <summary>Any value whose texts are templates.</summary>
    JsonTemplate,

    /// <summary>A JSON Schema.</summary>
    JsonSchema,

    /// <summary>A whole number.</summary>
    Integer,

    /// <summary>A number.</summary>
    Decimal,

    /// <summary>A length of time, as in <c>30s</c>, <c>15m</c>, <c>4h</c>, <c>2d</c>.</summary>
    Duration,

    /// <summary>One of a few words.</summary>
    Choice,

    /// <summary>A list of names of nodes that the run may go to.</summary>
    Targets,

    /// <summary>A list of names of tools.</summary>
    ToolNames,

    /// <summary>A list of names.</summary>
    Names,

    /// <summary>A list of labels.</summary>
    Labels,

    /// <summary>A list of cases.</summary>
    Cases,

    /// <summary>A list of gates.</summary>
    Gates,

    /// <summary>What bounds a run.</summary>
    Limits,

    /// <summary>A list of nodes.</summary>
    Nodes,

    /// <summary>Parameters with what they are.</summary>
    Parameters,

    /// <summary>Any value.</summary>
    Any,

    /// <summary>Names with values for them.</summary>
    Values,

    /// <summary>Names with nodes to go to.</summary>
    Exits,

    /// <summary>Nodes with fields to replace.</summary>
    Changes,
}

/// <summary>A field of the language.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Kind">What it holds.</param>
/// <param name="Description">What it is for.</param>
/// <param name="Required">Whether it must be there.</param>
/// <param name="Least">The least value of a number, or the least items of a list.</param>
/// <param name="Most">The greatest value of a number, the longest text, or the most items of a list.</param>
internal sealed record FieldSpec(string Name, FieldKind Kind, string Description, bool Required = false, decimal Least = 1, decimal Most = 100)
{
    /// <summary>The possible words.</summary>
    public ImmutableArray<string> Choices { get; init; } = [];

    /// <summary>What holds where the field is not there; null for nothing.</summary>
    public string? Default { get; init; }
}

/// <summary>A node type of the language.</summary>
/// <param name="Name">As it stands in <c>type</c>.</param>
/// <param name="Description">What it does.</param>
/// <param name="Fields">Its own fields.</param>
internal sealed record NodeSpec(string Name, string Description, ImmutableArray<FieldSpec> Fields)
{
    /// <summary>What must hold of its fields together, as JSON Schema; the loader says the same in its own words.</summary>
    public ImmutableArray<string> Rules { get; init; } = [];

    /// <summary>Its own fields and those of every node.</summary>
    public ImmutableArray<FieldSpec> AllFields { get; } = Name is "use"
        ? [WorkflowSyntax.Id, WorkflowSyntax.Type, .. Fields]
        : Name is "start" or "end" or "handoff" ? [WorkflowSyntax.Id, WorkflowSyntax.Type, .. Fields]
        : [WorkflowSyntax.Id, WorkflowSyntax.Type, WorkflowSyntax.MaxVisits, WorkflowSyntax.Exhausted, .. Fields];
}

/// <summary>
/// The workflow language as a table: every document, node type and field, with bounds and descriptions. The loader reads by it, the published
/// JSON Schema is written from it.
/// </summary>
internal static class WorkflowSyntax
{
    public const int MaxNodes = 200;
    public const int MaxLinkedNodes = 1_000;
    public const int MaxNameLength = 60;
    private const int MaxText = 2_000;
    private const int MaxPrompt = 20_000;

    public static readonly FieldSpec Id = new("id", FieldKind.Name, "The node's name, unique in the workflow.", true, Most: MaxNameLength);
    public static readonly FieldSpec Type = new("type", FieldKind.Choice, "What the node does.", true);
    public static readonly FieldSpec MaxVisits = new("max_visits", FieldKind.Integer, "The most visits in one run.", Most: 1_000);
    public static readonly FieldSpec Exhausted = new("exhausted", FieldKind.Target, "Where the run goes instead when the visits are used up; without it the run is cut.");

    public static ImmutableArray<FieldSpec> Limits { get; } =
    [
        new("steps", FieldKind.Integer, "The most steps of a run.", Most: 1_000) { Default = "25" },
        new("cost_usd", FieldKind.Decimal, "The most money, in US dollars, for all model calls of a run.", Least: 0) { Default = "0.10" },
        new("step_ms", FieldKind.Integer, "The most time for one step, in milliseconds.", Most: 600_000) { Default = "5000" },
        new("step_tokens", FieldKind.Integer, "The most tokens of one step, all its model calls together.", Most: 10_000_000) { Default = "10000" },
    ];

    public static ImmutableArray<FieldSpec> Workflow { get; } =
    [
        new("workflow", FieldKind.Name, "The workflow's name.", true, Most: MaxNameLength),
        new("description", FieldKind.Text, "What it is for.", Most: 1_000),
        new("limits", FieldKind.Limits, "What bounds a run."),
        new("fallback", FieldKind.Text, "What the customer is told when a run is cut or fails.", Most: MaxText),
        new("safe_mode", FieldKind.Choice, "What the safe mode does to the tiers of a run, when a budget runs low: takes cheaper ones, or keeps them. It is the outer workflow's that holds.") { Choices = ["cheaper", "keep_tier"], Default = "cheaper" },
        new("nodes", FieldKind.Nodes, "The nodes; a run begins at the one of type 'start'.", true, Most: MaxNodes),
    ];

    public static ImmutableArray<FieldSpec> Fragment { get; } =
    [
        new("fragment", FieldKind.Name, "The fragment's name.", true, Most: MaxNameLength),
        new("description", FieldKind.Text, "What it is for.", Most: 1_000),
        new("parameters", FieldKind.Parameters, "What who uses it may set, by name; written ${name} in the nodes.", Most: 50),
        new("exits", FieldKind.Names, "Where it can be left: names that the nodes lead to like nodes.", true, Most: 20),
        new("nodes", FieldKind.Nodes, "The nodes; the first one is where it is entered.", true, Most: MaxNodes),
    ];

    public static ImmutableArray<FieldSpec> Parameter { get; } =
    [
        new("description", FieldKind.Text, "What it is for.", Most: 1_000),
        new("default", FieldKind.Any, "The value where none is given; without one it must be given."),
    ];

    public static ImmutableArray<FieldSpec> Overlay { get; } =
    [
        new("overlay", FieldKind.Name, "The workflow that is changed.", true, Most: MaxNameLength),
        new("description", FieldKind.Text, "What the change is for.", Most: 1_000),
        new("tenant", FieldKind.Text, "Only for this tenant; left out: for all.", Most: 40),
        new("environment", FieldKind.Text, "Only in this environment; left out: in all.", Most: 40),
        new("limits", FieldKind.Limits, "Limits to replace."),
        new("fallback", FieldKind.Text, "Another fallback.", Most: MaxText),
        new("change", FieldKind.Changes, "By node: fields to replace; a field with the value null is taken away.", Most: MaxNodes),
        new("remove", FieldKind.Names, "Nodes to take away.", Most: MaxNodes),
        new("add", FieldKind.Nodes, "Nodes to add.", Most: MaxNodes),
    ];

    public static ImmutableArray<FieldSpec> Label { get; } =
    [
        new("name", FieldKind.Name, "The label.", true, Most: MaxNameLength),
        new("description", FieldKind.Text, "When it fits.", true, Most: 1_000),
        new("examples", FieldKind.Any, "Messages that it fits, up to 50.", Most: 50),
    ];

    public static ImmutableArray<FieldSpec> Case { get; } =
    [
        new("is", FieldKind.Any, "The value.", true),
        new("next", FieldKind.Target, "The next node.", true),
    ];

    public static ImmutableArray<FieldSpec> CriticCall { get; } =
    [
        new("tier", FieldKind.Choice, "The tier of the judging model.") { Choices = [.. Enum.GetNames<Tier>()], Default = nameof(Tier.LLM) },
        new("threshold", FieldKind.Decimal, "The least score.", Least: 0, Most: 1) { Default = "0.8" },
    ];

    public static ImmutableArray<NodeSpec> Nodes { get; } =
    [
        new("start", "Where a run begins. Each workflow has one.", [Next("The first node that does something.")]),
        new("retrieve", "Searches the business's articles.",
        [
            new("audience", FieldKind.Choice, "Who will see what is found.") { Choices = ["customer", "staff"], Default = "customer" },
            new("top", FieldKind.Integer, "The most passages.", Most: 20) { Default = "6" },
            new("query", FieldKind.Template, "What is searched for; without it the customer's message.", Most: MaxText),
            Next("The next node."),
            new("empty", FieldKind.Target, "The next node when nothing is found; without it 'next'."),
        ]),
        new("model", "Asks a model.",
        [
            new("tier", FieldKind.Choice, "The price tier of the model.", true) { Choices = [.. Enum.GetNames<Tier>()] },
            new("task", FieldKind.Choice, "What the model is asked for: an answer with citations, one of the labels, values of the output schema, a judgement, or work with tools.") { Choices = ["answer", "classify", "extract", "critic", "agent"], Default = "answer" },
            new("prompt", FieldKind.Text, "The system message.", Most: MaxPrompt),
            new("input", FieldKind.Template, "What the model works on; without it the customer's message.", Most: MaxPrompt),
            new("output_schema", FieldKind.JsonSchema, "JSON Schema (2020-12) of the answer. An 'extract' needs it."),
            new("labels", FieldKind.Labels, "Of a 'classify': what the model may say.", Least: 2, Most: 50),
            new("tools", FieldKind.ToolNames, "Of an 'agent': the tools that the model may call.", Most: 50),
            new("max_tool_calls", FieldKind.Integer, "Of an 'agent': the most tool calls in one visit.", Most: 100) { Default = "8" },
            new("max_output_tokens", FieldKind.Integer, "The most output tokens.", Most: 100_000) { Default = "800" },
            Next("The next node when the model answered."),
            new("failed", FieldKind.Target, "The next node when no attempt gave an answer; without it the run fails."),
        ])
        {
            Rules =
            [
                """{ "if": { "properties": { "task": { "const": "classify" } }, "required": ["task"] }, "then": { "required": ["labels"] }, "else": { "properties": { "labels": false } } }""",
                """{ "if": { "properties": { "task": { "const": "agent" } }, "required": ["task"] }, "then": { "required": ["tools"] }, "else": { "properties": { "tools": false, "max_tool_calls": false } } }""",
                """{ "if": { "properties": { "task": { "const": "extract" } }, "required": ["task"] }, "then": { "required": ["output_schema"] } }""",
                """{ "if": { "properties": { "task": { "enum": ["answer", "classify", "critic"] } } }, "then": { "properties": { "output_schema": false } } }""",
            ],
        },
        new("tool", "Calls a tool. Its output is the step's output.",
        [
            new("tool", FieldKind.ToolName, "The tool's name.", true),
            new("version", FieldKind.Version, "The tool's version; without it the newest one that is not deprecated when a run starts."),
            new("input", FieldKind.JsonTemplate, "The tool's input; texts in it are templates.", Most: 60_000) { Default = "{}" },
            Next("The next node when it succeeded."),
            new("failed", FieldKind.Target, "The next node when it failed or was refused; without it the run fails."),
        ]),
        new("condition", "Goes one of two ways.",
        [
            new("if", FieldKind.Expression, "The question.", true, Most: MaxText),
            new("then", FieldKind.Target, "The next node where it is true.", true),
            new("else", FieldKind.Target, "The next node where it is not.", true),
        ]),
        new("switch", "Goes the way of the first case that equals a value.",
        [
            new("on", FieldKind.Expression, "The value.", true, Most: MaxText),
            new("cases", FieldKind.Cases, "In their order.", true),
            new("default", FieldKind.Target, "The next node where no case fits.", true),
        ]),
        new("parallel", "Goes several ways at the same time; they meet again at the join.",
        [
            new("branches", FieldKind.Targets, "The first node of each branch.", true, Least: 2, Most: 20),
            new("join", FieldKind.NodeName, "The join node that each branch ends at.", true),
        ]),
        new("join", "Where parallel branches meet: the run goes on when all of them have arrived.", [Next("The next node.")]),
        new("loop", "Repeats a body, which ends by going back to this node: over the items of a list, or while an expression is true.",
        [
            new("over", FieldKind.Expression, "The list whose items are gone through. Either this or 'while'.", Most: MaxText),
            new("while", FieldKind.Expression, "Asked before each round. Either this or 'over'.", Most: MaxText),
            new("body", FieldKind.Target, "The first node of the body; it sees $.loop.index (from 0) and $.loop.item.", true),
            new("most", FieldKind.Integer, "The most rounds.", true, Most: 1_000),
            Next("The next node when there is no further round."),
            new("exceeded", FieldKind.Target, "The next node when the rounds are used up and there would be more; without it the run is cut."),
        ])
        {
            Rules = ["""{ "oneOf": [{ "required": ["over"] }, { "required": ["while"] }] }"""],
        },
        new("validate", "Holds a model's answer against gates.",
        [
            new("gates", FieldKind.Gates, "In the order in which they are tried; the first one that refuses decides.", true, Most: 10),
            new("passed", FieldKind.Target, "The next node when all gates passed.", true),
            new("rejected", FieldKind.Target, "The next node when a gate refused and another answer may pass.", true),
            new("handoff", FieldKind.Target, "The next node when the model itself asks for a person to take over.", true),
        ]),
        new("wait", "Waits, without a worker, until something comes or the time is up. What came is the step's output.",
        [
            new("for", FieldKind.Choice, "What for: a person's approval, a named signal, the customer's next message, or the customer's yes to one tool call.", true) { Choices = ["approval", "signal", "message", "confirmation"] },
            new("name", FieldKind.Name, "Of a signal: its name."),
            new("of", FieldKind.NodeName, "Of a confirmation: the tool node whose call is to be confirmed."),
            new("prompt", FieldKind.Template, "What the customer, or who approves, is told.", Most: MaxText),
            new("timeout", FieldKind.Duration, "The longest, up to 30 days, as in 30s, 15m, 4h, 2d.", true, Most: 2_592_000_000),
            Next("The next node when it came, was approved or was confirmed."),
            new("rejected", FieldKind.Target, "Of an approval or confirmation: the next node on a no; without it 'timed_out'."),
            new("timed_out", FieldKind.Target, "The next node when the time is up.", true),
        ])
        {
            Rules =
            [
                """{ "if": { "properties": { "for": { "const": "signal" } } }, "then": { "required": ["name"] }, "else": { "properties": { "name": false } } }""",
                """{ "if": { "properties": { "for": { "const": "confirmation" } } }, "then": { "required": ["of"] }, "else": { "properties": { "of": false } } }""",
                """{ "if": { "properties": { "for": { "enum": ["signal", "message"] } } }, "then": { "properties": { "rejected": false } } }""",
            ],
        },
        new("handoff", "Gives the conversation to a person. This ends the run.",
        [
            new("reason", FieldKind.Code, "Why, as a stable code: lower-case letters, digits, '-'.", true),
            new("queue", FieldKind.Code, "Whose queue; without it the general one."),
            new("text", FieldKind.Template, "What the customer is told.", true, Most: MaxText),
        ]),
        new("workflow", "Runs another workflow inside this run.",
        [
            new("workflow", FieldKind.Name, "The other workflow's name.", true, Most: MaxNameLength),
            new("input", FieldKind.JsonTemplate, "What the other workflow sees in $.input besides text, customer and conversation; texts in it are templates.", Most: 60_000) { Default = "{}" },
            Next("The next node when it has ended."),
        ]),
        new("compensate", "Undoes what the run's tool calls did, in reverse order.",
        [
            Next("The next node when all is undone."),
            new("failed", FieldKind.Target, "The next node when something could not be undone; without it the run fails."),
        ]),
        new("end", "Where a run ends.",
        [
            new("outcome", FieldKind.Choice, "How it ends.", true) { Choices = ["answered", "handed_off"] },
            new("text", FieldKind.Template, "What the customer is told; without it, on an answer, the model's last answer.", Most: MaxText),
            new("output", FieldKind.JsonTemplate, "What the workflow gives to the one that runs it; texts in it are templates.", Most: 60_000),
        ])
        {
            Rules = ["""{ "if": { "properties": { "outcome": { "const": "handed_off" } } }, "then": { "required": ["text"] } }"""],
        },
        new("use", "Puts the nodes of a fragment here.",
        [
            new("fragment", FieldKind.Name, "The fragment's name.", true, Most: MaxNameLength),
            new("with", FieldKind.Values, "Values for its parameters.", Most: 50),
            new("exits", FieldKind.Exits, "Where the run goes at each of its exits.", true, Most: 20),
        ]),
    ];

    /// <summary>The node type of that name; null where there is none.</summary>
    public static NodeSpec? Find(string type) => Nodes.FirstOrDefault(n => n.Name == type);

    /// <summary>Whether a text can be the name of a workflow, node or label.</summary>
    public static bool IsName(string text) => text.Length > 0 && char.IsAsciiLetterLower(text[0]) && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '_');

    private static FieldSpec Next(string description) => new("next", FieldKind.Target, description, true);
}
