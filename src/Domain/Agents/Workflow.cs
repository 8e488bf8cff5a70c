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

    /// <summary>The canonical form: JSON without white space, members in a fixed order, what is not set left out. Two sources that mean the same have the same one.</summary>
    [JsonIgnore]
    public string Canonical => canonical ??= JsonSerializer.Serialize(this, WorkflowJson.Default.Workflow);

    /// <summary>SHA-256 (lower-case hex) of the canonical form.</summary>
    [JsonIgnore]
    public string Hash => hash ??= HashOf(Canonical);

    /// <summary>The node where a run begins.</summary>
    [JsonIgnore]
    public WorkflowNode Start => Nodes[0];

    /// <summary>The node of that id; null where there is none.</summary>
    public WorkflowNode? Find(string id)
    {
        foreach (var node in Nodes)
        {
            if (node.Id == id)
            {
                return node;
            }
        }

        return null;
    }

    /// <summary>SHA-256 of a text's UTF-8 bytes, in lower-case hex.</summary>
    public static string HashOf(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    /// <summary>Reads a canonical form.</summary>
    /// <exception cref="JsonException">It is not one.</exception>
    public static Workflow Read(string canonical) =>
        JsonSerializer.Deserialize(canonical, WorkflowJson.Default.Workflow) ?? throw new JsonException("The workflow is null.");

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

/// <summary>A node of a workflow: one step.</summary>
/// <param name="Id">Unique in the workflow.</param>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(StartNode), "start")]
[JsonDerivedType(typeof(RetrieveNode), "retrieve")]
[JsonDerivedType(typeof(ModelNode), "model")]
[JsonDerivedType(typeof(ValidateNode), "validate")]
[JsonDerivedType(typeof(EndNode), "end")]
public abstract record WorkflowNode(string Id)
{
    /// <summary>The most visits in one run; null: no bound of its own.</summary>
    public int? MaxVisits { get; init; }

    /// <summary>Where a run goes instead when the visits are used up; null: it is cut.</summary>
    public string? Exhausted { get; init; }

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

/// <summary>Searches the tenant's articles for the customer's message.</summary>
/// <param name="Id">Unique in the workflow.</param>
/// <param name="Audience">Who will see what is found.</param>
/// <param name="Top">The most passages, 1 to 20.</param>
/// <param name="Next">The next node.</param>
/// <param name="Empty">The next node when nothing is found; null: <paramref name="Next"/>.</param>
public sealed record RetrieveNode(string Id, Audience Audience, int Top, string Next, string? Empty = null) : WorkflowNode(Id)
{
    /// <inheritdoc />
    [JsonIgnore]
    public override string Type => "retrieve";

    /// <inheritdoc />
    [JsonIgnore]
    public override IEnumerable<string> Targets => Empty is null ? [Next] : [Next, Empty];
}

/// <summary>Asks a model for an answer from the passages.</summary>
/// <param name="Id">Unique in the workflow.</param>
/// <param name="Tier">The price tier.</param>
/// <param name="Prompt">The system message.</param>
/// <param name="MaxOutputTokens">The most output tokens.</param>
/// <param name="Next">The next node when the model answered.</param>
/// <param name="Failed">The next node when no attempt gave an answer; null: the run fails.</param>
public sealed record ModelNode(string Id, Tier Tier, string Prompt, int MaxOutputTokens, string Next, string? Failed = null) : WorkflowNode(Id)
{
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

/// <summary>Holds the model's answer against its gates.</summary>
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

/// <summary>Where a run ends.</summary>
/// <param name="Id">Unique in the workflow.</param>
/// <param name="Outcome">How it ends: answered or handed off.</param>
/// <param name="Text">What the customer is told on a hand-off; on an answer the answer is told.</param>
public sealed record EndNode(string Id, RunOutcome Outcome, string? Text = null) : WorkflowNode(Id)
{
    /// <inheritdoc />
    [JsonIgnore]
    public override string Type => "end";

    /// <inheritdoc />
    [JsonIgnore]
    public override IEnumerable<string> Targets => [];
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
}

/// <summary>A gate and its setting.</summary>
/// <param name="Kind">Which gate.</param>
/// <param name="Threshold">Of <see cref="GateKind.ScoreThreshold"/>: the least confidence, 0 to 1.</param>
public sealed record Gate(GateKind Kind, decimal? Threshold = null);

internal sealed class GateKindConverter() : JsonStringEnumConverter<GateKind>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(Workflow))]
internal sealed partial class WorkflowJson : JsonSerializerContext;
