using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using AIaaS.Domain.Knowledge;

namespace AIaaS.Domain.Agents;

/// <summary>A workflow: the steps that an agent may take, and what bounds them.</summary>
/// <param name="Name">Its name: lower-case letters, digits, <c>_</c>.</param>
/// <param name="Description">What it is for.</param>
/// <param name="Limits">What bounds a run of it.</param>
/// <param name="Fallback">What the customer is told when a run is cut or fails.</param>
/// <param name="Nodes">The nodes; the one of type <c>start</c> comes first.</param>
public sealed record Workflow(string Name, string Description, WorkflowLimits Limits, string Fallback, ImmutableArray<WorkflowNode> Nodes)
{
    private string? canonical;
    private string? hash;
    private FrozenDictionary<string, WorkflowNode>? byId;
    private WorkflowCode? code;

    // What is derived is not copied: a changed copy has a canonical form and a hash of its own.
    private Workflow(Workflow original) =>
        (Name, Description, Limits, Fallback, Nodes, KeepsTier) = (original.Name, original.Description, original.Limits, original.Fallback, original.Nodes, original.KeepsTier);

    /// <summary>True: a run in safe mode keeps the tiers that its nodes name; null: it takes cheaper ones. Never false, so that what means the same has one canonical form.</summary>
    public bool? KeepsTier { get; init; }

    /// <summary>The canonical form: JSON without white space, members in a fixed order, what is not set left out. Two sources that mean the same have the same one.</summary>
    [JsonIgnore]
    public string Canonical => canonical ??= JsonSerializer.Serialize(this, WorkflowJson.Default.Workflow);

    /// <summary>SHA-256 (lower-case hex) of the canonical form.</summary>
    [JsonIgnore]
    public string Hash => hash ??= HashOf(Canonical);

    /// <summary>Its expressions and templates, compiled.</summary>
    [JsonIgnore]
    internal WorkflowCode Code => code ??= new();

    /// <summary>The node where a run begins.</summary>
    [JsonIgnore]
    public WorkflowNode Start => Nodes[0];

    /// <summary>The node of that id; null where there is none.</summary>
    public WorkflowNode? Find(string id) => (byId ??= Nodes.DistinctBy(n => n.Id).ToFrozenDictionary(n => n.Id, StringComparer.Ordinal)).GetValueOrDefault(id);

    /// <summary>SHA-256 of a text's UTF-8 bytes, in lower-case hex.</summary>
    public static string HashOf(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    /// <summary>Reads a canonical form. The workflow keeps that form and its hash, also where this version of the program would write another one.</summary>
    /// <exception cref="JsonException">It is not one.</exception>
    public static Workflow Read(string canonical)
    {
        var workflow = JsonSerializer.Deserialize(canonical, WorkflowJson.Default.Workflow) ?? throw new JsonException("The workflow is null.");
        workflow.canonical = canonical;
        return workflow;
    }

    /// <inheritdoc />
    public bool Equals(Workflow? other) => other is not null && Canonical == other.Canonical;

    /// <inheritdoc />
    public override int GetHashCode() => Canonical.GetHashCode(StringComparison.Ordinal);
}

/// <summary>What bounds a run.</summary>
/// <param name="Steps">The most steps, 1 to 1,000.</param>
/// <param name="CostUsd">The most money for all model calls together.</param>
/// <param name="StepMs">The most time for one step, in milliseconds.</param>
/// <param name="StepTokens">The most tokens for one step, all its model calls together.</param>
public sealed record WorkflowLimits(int Steps = 25, decimal CostUsd = 0.10m, int StepMs = 5_000, int StepTokens = 10_000);

/// <summary>A node of a workflow: one step. Expressions and templates (namespace <c>AIaaS.Domain.Json</c>) are over the run's state.</summary>
/// <param name="Id">Unique in the workflow. In a linked workflow the nodes of a sub-workflow or fragment are named <c>{node}.{id}</c>.</param>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(StartNode), "start")]
[JsonDerivedType(typeof(RetrieveNode), "retrieve")]
[JsonDerivedType(typeof(ModelNode), "model")]
[JsonDerivedType(typeof(ToolNode), "tool")]
[JsonDerivedType(typeof(ConditionNode), "condition")]
[JsonDerivedType(typeof(SwitchNode), "switch")]
[JsonDerivedType(typeof(ParallelNode), "parallel")]
[JsonDerivedType(typeof(JoinNode), "join")]
[JsonDerivedType(typeof(LoopNode), "loop")]
[JsonDerivedType(typeof(ValidateNode), "validate")]
[JsonDerivedType(typeof(WaitNode), "wait")]
[JsonDerivedType(typeof(HandoffNode), "handoff")]
[JsonDerivedType(typeof(SubWorkflowNode), "workflow")]
[JsonDerivedType(typeof(CompensateNode), "compensate")]
[JsonDerivedType(typeof(EndNode), "end")]
public abstract record WorkflowNode(string Id)
{
    /// <summary>The most visits in one run; null: no bound of its own.</summary>
    public int? MaxVisits { get; init; }

    /// <summary>Where a run goes instead when the visits are used up; null: it is cut.</summary>
    public string? Exhausted { get; init; }

    /// <summary>In a linked workflow: the sub-workflow node whose own <c>$.input</c> and <c>$.steps</c> this node sees; null for the run's.</summary>
    public string? Scope { get; init; }

    /// <summary>The node type, as it stands in the source.</summary>
    [JsonIgnore]
    public abstract string Type { get; }

    /// <summary>All nodes that may follow.</summary>
    [JsonIgnore]
    public abstract IEnumerable<string> Targets { get; }
}

/// <summary>Where a run begins.</summary>
/// <param name="Id">Unique in the workflow.</param>
/// <param name="Next">The next node.</param>
public sealed record StartNode(string Id, string Next) : WorkflowNode(Id)
{
    /// <inheritdoc />
    [JsonIgnore]
    public override string Type => "start";

    /// <inheritdoc />
    [JsonIgnore]
    public override IEnumerable<string> Targets => [Next];
}

/// <summary>Searches the tenant's articles.</summary>
/// <param name="Id">Unique in the workflow.</param>
/// <param name="Audience">Who will see what is found.</param>
/// <param name="Top">The most passages, 1 to 20.</param>
/// <param name="Next">The next node.</param>
/// <param name="Empty">The next node when nothing is found; null: <paramref name="Next"/>.</param>
public sealed record RetrieveNode(string Id, Audience Audience, int Top, string Next, string? Empty = null) : WorkflowNode(Id)
{
    /// <summary>What is searched for, a template; null: the customer's message.</summary>
    public string? Query { get; init; }

    /// <inheritdoc />
    [JsonIgnore]
    public override string Type => "retrieve";

    /// <inheritdoc />
    [JsonIgnore]
    public override IEnumerable<string> Targets => Empty is null ? [Next] : [Next, Empty];
}

/// <summary>What a model is asked for.</summary>
[JsonConverter(typeof(ModelTaskConverter))]
public enum ModelTask
{
    /// <summary>An answer from the retrieved passages, with citations.</summary>
    Answer,

    /// <summary>One of the node's labels, with a confidence: <c>{"label": …, "confidence": …}</c>.</summary>
    Classify,

    /// <summary>The values of the node's output schema, taken from the conversation.</summary>
    Extract,

    /// <summary>A judgement on another model's answer: <c>{"score": 0 to 1, "reason": …}</c>.</summary>
    Critic,

    /// <summary>Work with tools: the model may call the node's tools until it has its answer.</summary>
    Agent,
}

/// <summary>What a classifying model may say.</summary>
/// <param name="Name">The label.</param>
/// <param name="Description">When it fits.</param>
/// <param name="Examples">Messages that it fits.</param>
public sealed record ModelLabel(string Name, string Description, ImmutableArray<string> Examples);

/// <summary>Asks a model.</summary>
/// <param name="Id">Unique in the workflow.</param>
/// <param name="Tier">The price tier.</param>
/// <param name="Prompt">The system message.</param>
/// <param name="MaxOutputTokens">The most output tokens.</param>
/// <param name="Next">The next node when the model answered.</param>
/// <param name="Failed">The next node when no attempt gave an answer; null: the run fails.</param>
public sealed record ModelNode(string Id, Tier Tier, string Prompt, int MaxOutputTokens, string Next, string? Failed = null) : WorkflowNode(Id)
{
    /// <summary>What the model is asked for. An answer is left out of the canonical form, so that workflows from before there were tasks keep their hash.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public ModelTask Task { get; init; }

    /// <summary>What the model works on, a template; null: the customer's message.</summary>
    public string? Input { get; init; }

    /// <summary>Of <see cref="ModelTask.Extract"/>, and where an answer has a form of its own: JSON Schema of the answer, as JSON text.</summary>
    public string? OutputSchema { get; init; }

    /// <summary>Of <see cref="ModelTask.Classify"/>: the labels; null otherwise.</summary>
    public ImmutableArray<ModelLabel>? Labels { get; init; }

    /// <summary>Of <see cref="ModelTask.Agent"/>: the tools that the model may call; null otherwise.</summary>
    public ImmutableArray<string>? Tools { get; init; }

    /// <summary>Of <see cref="ModelTask.Agent"/>: the most tool calls in one visit, 1 to 100; null: 8.</summary>
    public int? MaxToolCalls { get; init; }

    /// <summary>SHA-256 (hex) of the prompt.</summary>
    [JsonIgnore]
    public string PromptHash { get; } = Workflow.HashOf(Prompt);

    /// <inheritdoc />
    [JsonIgnore]
    public override string Type => "model";

    /// <inheritdoc />
    [JsonIgnore]
    public override IEnumerable<string> Targets => Failed is null ? [Next] : [Next, Failed];
}

/// <summary>Calls a tool. Its output is the step's output.</summary>
/// <param name="Id">Unique in the workflow.</param>
/// <param name="Tool">The tool's name.</param>
/// <param name="Input">The input: JSON whose texts are templates, as JSON text.</param>
/// <param name="Next">The next node when it succeeded.</param>
/// <param name="Failed">The next node when it failed or was refused; null: the run fails. The step's output is then <c>{"error": {"code": …, "reason": …}}</c>.</param>
public sealed record ToolNode(string Id, string Tool, string Input, string Next, string? Failed = null) : WorkflowNode(Id)
{
    /// <summary>The tool's version; null: the newest one that is not deprecated when the run starts. Either way the run pins it.</summary>
    public string? Version { get; init; }

    /// <inheritdoc />
    [JsonIgnore]
    public override string Type => "tool";

    /// <inheritdoc />
    [JsonIgnore]
    public override IEnumerable<string> Targets => Failed is null ? [Next] : [Next, Failed];
}

/// <summary>Goes one of two ways.</summary>
/// <param name="Id">Unique in the workflow.</param>
/// <param name="If">An expression.</param>
/// <param name="Then">The next node where it is true.</param>
/// <param name="Else">The next node where it is not.</param>
public sealed record ConditionNode(string Id, string If, string Then, string Else) : WorkflowNode(Id)
{
    /// <inheritdoc />
    [JsonIgnore]
    public override string Type => "condition";

    /// <inheritdoc />
    [JsonIgnore]
    public override IEnumerable<string> Targets => [Then, Else];
}

/// <summary>A case of a switch.</summary>
/// <param name="Is">The value, as JSON text.</param>
/// <param name="Next">The next node.</param>
public sealed record SwitchCase(string Is, string Next);

/// <summary>Goes the way of the first case that equals a value.</summary>
/// <param name="Id">Unique in the workflow.</param>
/// <param name="On">An expression: the value.</param>
/// <param name="Cases">In their order.</param>
/// <param name="Default">The next node where no case fits.</param>
public sealed record SwitchNode(string Id, string On, ImmutableArray<SwitchCase> Cases, string Default) : WorkflowNode(Id)
{
    /// <inheritdoc />
    [JsonIgnore]
    public override string Type => "switch";

    /// <inheritdoc />
    [JsonIgnore]
    public override IEnumerable<string> Targets => [.. Cases.Select(c => c.Next), Default];
}

/// <summary>Goes several ways at the same time; they meet again at the join.</summary>
/// <param name="Id">Unique in the workflow.</param>
/// <param name="Branches">The first node of each branch, 2 to 20.</param>
/// <param name="Join">The join node that each branch ends at.</param>
public sealed record ParallelNode(string Id, ImmutableArray<string> Branches, string Join) : WorkflowNode(Id)
{
    /// <inheritdoc />
    [JsonIgnore]
    public override string Type => "parallel";

    /// <inheritdoc />
    [JsonIgnore]
    public override IEnumerable<string> Targets => [.. Branches, Join];
}

/// <summary>Where parallel branches meet: the run goes on when all of them have arrived.</summary>
/// <param name="Id">Unique in the workflow.</param>
/// <param name="Next">The next node.</param>
public sealed record JoinNode(string Id, string Next) : WorkflowNode(Id)
{
    /// <inheritdoc />
    [JsonIgnore]
    public override string Type => "join";

    /// <inheritdoc />
    [JsonIgnore]
    public override IEnumerable<string> Targets => [Next];
}

/// <summary>Repeats a body, which ends by going back to this node. Either over the items of a list or while an expression is true.</summary>
/// <param name="Id">Unique in the workflow.</param>
/// <param name="Body">The first node of the body. It sees <c>$.loop.index</c> (from 0) and <c>$.loop.item</c>.</param>
/// <param name="Most">The most rounds, 1 to 1,000.</param>
/// <param name="Next">The next node when there is no further round.</param>
/// <param name="Exceeded">The next node when the rounds are used up and there would be more; null: the run is cut.</param>
public sealed record LoopNode(string Id, string Body, int Most, string Next, string? Exceeded = null) : WorkflowNode(Id)
{
    /// <summary>An expression: the list whose items are gone through, as it is when the loop is entered; null for a loop with <see cref="While"/>.</summary>
    public string? Over { get; init; }

    /// <summary>An expression: asked before each round; null for a loop with <see cref="Over"/>.</summary>
    public string? While { get; init; }

    /// <inheritdoc />
    [JsonIgnore]
    public override string Type => "loop";

    /// <inheritdoc />
    [JsonIgnore]
    public override IEnumerable<string> Targets => Exceeded is null ? [Body, Next] : [Body, Next, Exceeded];
}

/// <summary>Holds a model's answer against gates.</summary>
/// <param name="Id">Unique in the workflow.</param>
/// <param name="Gates">In the order in which they are tried; the first one that refuses decides.</param>
/// <param name="Passed">The next node when all gates passed.</param>
/// <param name="Rejected">The next node when a gate refused and another answer may pass.</param>
/// <param name="Handoff">The next node when the model itself asks for a person to take over: no other answer would do better.</param>
public sealed record ValidateNode(string Id, ImmutableArray<Gate> Gates, string Passed, string Rejected, string Handoff) : WorkflowNode(Id)
{
    /// <inheritdoc />
    [JsonIgnore]
    public override string Type => "validate";

    /// <inheritdoc />
    [JsonIgnore]
    public override IEnumerable<string> Targets => [Passed, Rejected, Handoff];
}

/// <summary>What a run waits for.</summary>
[JsonConverter(typeof(WaitKindConverter))]
public enum WaitKind
{
    /// <summary>A person of the business who approves or rejects.</summary>
    Approval,

    /// <summary>A signal of a name, with a payload.</summary>
    Signal,

    /// <summary>The customer's next message in the conversation.</summary>
    Message,

    /// <summary>The customer's yes or no to one tool call.</summary>
    Confirmation,
}

/// <summary>Waits, without a worker, until something comes or the time is up. What came is the step's output.</summary>
/// <param name="Id">Unique in the workflow.</param>
/// <param name="For">What for.</param>
/// <param name="TimeoutMs">The longest, in milliseconds: 1 to 30 days.</param>
/// <param name="Next">The next node when it came, was approved or confirmed.</param>
/// <param name="TimedOut">The next node when the time is up.</param>
public sealed record WaitNode(string Id, WaitKind For, long TimeoutMs, string Next, string TimedOut) : WorkflowNode(Id)
{
    /// <summary>Of <see cref="WaitKind.Signal"/>: its name; null otherwise.</summary>
    public string? Name { get; init; }

    /// <summary>What the customer (or who approves) is told, a template; null: nothing.</summary>
    public string? Prompt { get; init; }

    /// <summary>Of an approval or confirmation: the next node on a no; null: <see cref="TimedOut"/>.</summary>
    public string? Rejected { get; init; }

    /// <summary>Of <see cref="WaitKind.Confirmation"/>: the tool node whose call, with the input as it is now, the customer is asked to confirm; null otherwise.</summary>
    public string? Of { get; init; }

    /// <inheritdoc />
    [JsonIgnore]
    public override string Type => "wait";

    /// <inheritdoc />
    [JsonIgnore]
    public override IEnumerable<string> Targets => Rejected is null ? [Next, TimedOut] : [Next, TimedOut, Rejected];
}

/// <summary>Gives the conversation to a person. The reason and the queue are facts of their own, never read out of a text.</summary>
/// <param name="Id">Unique in the workflow.</param>
/// <param name="Reason">Why, stable, lower-case, with dashes.</param>
/// <param name="Text">What the customer is told, a template.</param>
public sealed record HandoffNode(string Id, string Reason, string Text) : WorkflowNode(Id)
{
    /// <summary>Whose queue; null: the general one.</summary>
    public string? Queue { get; init; }

    /// <inheritdoc />
    [JsonIgnore]
    public override string Type => "handoff";

    /// <inheritdoc />
    [JsonIgnore]
    public override IEnumerable<string> Targets => [];
}

/// <summary>
/// Runs another workflow inside this run. Linking puts its nodes in: its <c>end</c> nodes lead to <see cref="Next"/> with their output, the
/// node itself leads to its start. A hand-off in it ends the whole run.
/// </summary>
/// <param name="Id">Unique in the workflow.</param>
/// <param name="Workflow">The other workflow's name.</param>
/// <param name="Input">Its input: JSON whose texts are templates, as JSON text; it comes beside <c>text</c>, <c>customer</c> and <c>conversation</c>.</param>
/// <param name="Next">The next node when it has ended.</param>
public sealed record SubWorkflowNode(string Id, string Workflow, string Input, string Next) : WorkflowNode(Id)
{
    /// <summary>In a linked workflow: the first node of the other one; null before.</summary>
    public string? Entry { get; init; }

    /// <inheritdoc />
    [JsonIgnore]
    public override string Type => "workflow";

    /// <inheritdoc />
    [JsonIgnore]
    public override IEnumerable<string> Targets => [Entry ?? Next];
}

/// <summary>Undoes what the run's tool calls did, in reverse order, by the compensations that their manifests name.</summary>
/// <param name="Id">Unique in the workflow.</param>
/// <param name="Next">The next node when all is undone.</param>
/// <param name="Failed">The next node when something could not be undone; null: the run fails.</param>
public sealed record CompensateNode(string Id, string Next, string? Failed = null) : WorkflowNode(Id)
{
    /// <inheritdoc />
    [JsonIgnore]
    public override string Type => "compensate";

    /// <inheritdoc />
    [JsonIgnore]
    public override IEnumerable<string> Targets => Failed is null ? [Next] : [Next, Failed];
}

/// <summary>Where a run ends. In a linked workflow an end of a sub-workflow has a <see cref="Next"/> and ends only that.</summary>
/// <param name="Id">Unique in the workflow.</param>
/// <param name="Outcome">How it ends: answered or handed off.</param>
/// <param name="Text">What the customer is told, a template; null on an answer: the model's last answer.</param>
public sealed record EndNode(string Id, RunOutcome Outcome, string? Text = null) : WorkflowNode(Id)
{
    /// <summary>What the workflow gives to the one that it was run by: JSON whose texts are templates, as JSON text; null: nothing.</summary>
    public string? Output { get; init; }

    /// <summary>In a linked workflow: where the outer workflow goes on; null ends the run.</summary>
    public string? Next { get; init; }

    /// <inheritdoc />
    [JsonIgnore]
    public override string Type => "end";

    /// <inheritdoc />
    [JsonIgnore]
    public override IEnumerable<string> Targets => Next is null ? [] : [Next];
}

/// <summary>What an answer is held against.</summary>
[JsonConverter(typeof(GateKindConverter))]
public enum GateKind
{
    /// <summary>The answer is JSON of the agreed schema.</summary>
    JsonSchema,

    /// <summary>Each quote stands in a passage of the cited article that this run retrieved.</summary>
    Factuality,

    /// <summary>The stated confidence reaches the threshold.</summary>
    ScoreThreshold,

    /// <summary>Another model call judges the answer, and its score reaches the threshold.</summary>
    CriticCall,
}

/// <summary>A gate and its setting.</summary>
/// <param name="Kind">Which gate.</param>
/// <param name="Threshold">Of <see cref="GateKind.ScoreThreshold"/> and <see cref="GateKind.CriticCall"/>: the least score, 0 to 1.</param>
public sealed record Gate(GateKind Kind, decimal? Threshold = null)
{
    /// <summary>Of <see cref="GateKind.JsonSchema"/>: the schema, as JSON text; null: that of the model's answer.</summary>
    public string? Schema { get; init; }

    /// <summary>Of <see cref="GateKind.CriticCall"/>: the tier of the judging model; null otherwise.</summary>
    public Tier? Tier { get; init; }
}

internal sealed class ModelTaskConverter() : JsonStringEnumConverter<ModelTask>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false);

internal sealed class WaitKindConverter() : JsonStringEnumConverter<WaitKind>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false);

internal sealed class GateKindConverter() : JsonStringEnumConverter<GateKind>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(Workflow))]
internal sealed partial class WorkflowJson : JsonSerializerContext;
