using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using AIaaS.Domain;
using AIaaS.Domain.Agents;
using AIaaS.Domain.Tools;
using AIaaS.EventStore;

namespace AIaaS.Projections.Agents;

/// <summary>Whether a run goes on or has ended.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<RunStatus>))]
public enum RunStatus
{
    /// <summary>It goes on.</summary>
    [JsonStringEnumMemberName("open")]
    Open,

    /// <summary>It has ended, with an outcome.</summary>
    [JsonStringEnumMemberName("completed")]
    Completed,

    /// <summary>It waits for something from outside.</summary>
    [JsonStringEnumMemberName("waiting")]
    Waiting,
}

/// <summary>What a run waits for.</summary>
/// <param name="Step">The step; null for a call whose outcome is unknown.</param>
/// <param name="Visit">Which visit of the step, from 1.</param>
/// <param name="For">approval, signal, message, confirmation, or effect: an unknown outcome that has to be resolved.</param>
/// <param name="Name">Of a signal: its name. Of an effect: the call.</param>
/// <param name="Prompt">What was said to whom it waits for.</param>
/// <param name="Tool">Of a confirmation or an effect: the tool.</param>
/// <param name="Input">Of a confirmation: the input.</param>
/// <param name="Until">When the time is up; null where it waits without end.</param>
public sealed record RunWait(string Step, int Visit, string For, string? Name, string? Prompt, string? Tool, JsonElement? Input, DateTimeOffset? Until);

/// <summary>A run as it is shown.</summary>
public sealed record RunDocument
{
    /// <summary>The run's id.</summary>
    public required string Run { get; init; }

    /// <summary>The tenant.</summary>
    public required string Tenant { get; init; }

    /// <summary>The conversation.</summary>
    public string Conversation { get; init; } = "";

    /// <summary>The message that asked for it.</summary>
    public string Message { get; init; } = "";

    /// <summary>The workflow.</summary>
    public string Workflow { get; init; } = "";

    /// <summary>What the customer wrote.</summary>
    public string Question { get; init; } = "";

    /// <summary>Open, waiting or completed.</summary>
    public RunStatus Status { get; init; }

    /// <summary>What it waits for now.</summary>
    public ImmutableArray<RunWait> Waits { get; init; } = [];

    /// <summary>The customer who was authenticated; null for none.</summary>
    public string? Customer { get; init; }

    /// <summary>Of a hand-off: whose queue; null for the general one.</summary>
    public string? Queue { get; init; }

    /// <summary>What the workflow gave back; null for nothing.</summary>
    public JsonElement? Output { get; init; }

    /// <summary>How it ended; null while it is open.</summary>
    public RunOutcome? Outcome { get; init; }

    /// <summary>Why it ended so, as a stable code; null while it is open.</summary>
    public string? Reason { get; init; }

    /// <summary>What the customer is told; null while it is open.</summary>
    public string? Answer { get; init; }

    /// <summary>What the answer rests on.</summary>
    public ImmutableArray<Citation> Citations { get; init; } = [];

    /// <summary>The tier of the call that gave the answer; null where no model was asked.</summary>
    public Tier? Tier { get; init; }

    /// <summary>Steps done.</summary>
    public int Steps { get; init; }

    /// <summary>Model calls that completed.</summary>
    public int ModelCalls { get; init; }

    /// <summary>Tokens of all calls, by class.</summary>
    public TokenUsage Tokens { get; init; }

    /// <summary>Price of all calls; null while it is open.</summary>
    public Money? Cost { get; init; }

    /// <summary>From the request to the end; null while it is open.</summary>
    public double? DurationMs { get; init; }

    /// <summary>When it was requested.</summary>
    public DateTimeOffset RequestedAt { get; init; }

    /// <summary>When it ended; null while it is open.</summary>
    public DateTimeOffset? CompletedAt { get; init; }

    /// <summary>Where it was forked from; null for a run of its own.</summary>
    public ForkOrigin? Fork { get; init; }

    /// <summary>Whether it is a fork.</summary>
    public bool Forked { get; init; }
}

/// <summary>One document a run.</summary>
public sealed class RunsProjection : Projection<RunDocument>
{
    /// <inheritdoc />
    public override string Name => "Runs";

    /// <inheritdoc />
    public override int Version => 2;

    /// <inheritdoc />
    public override IReadOnlyList<string> EventTypePrefixes { get; } = ["agent.run.requested", "agent.run.completed", "agent.run.waiting", "agent.run.signalled", "agent.run.timed-out", "agent.customer.authenticated", "tool.call.unknown", "tool.call.resolved"];

    /// <inheritdoc />
    public override JsonTypeInfo<RunDocument> Json => Documents.Default.RunDocument;

    /// <inheritdoc />
    public override IReadOnlyDictionary<string, FieldKind> Fields { get; } = new Dictionary<string, FieldKind>
    {
        ["tenant"] = FieldKind.Text,
        ["conversation"] = FieldKind.Text,
        ["workflow"] = FieldKind.Text,
        ["status"] = FieldKind.Text,
        ["outcome"] = FieldKind.Text,
        ["reason"] = FieldKind.Text,
        ["tier"] = FieldKind.Text,
        ["cost.amount"] = FieldKind.Number,
        ["durationMs"] = FieldKind.Number,
        ["requestedAt"] = FieldKind.Text,
        ["completedAt"] = FieldKind.Text,
        ["forked"] = FieldKind.Boolean,
    };

    /// <inheritdoc />
    public override IReadOnlyList<IReadOnlyList<string>> Indexes { get; } = [["tenant", "requestedAt"], ["tenant", "outcome", "requestedAt"], ["tenant", "conversation", "requestedAt"]];

    /// <inheritdoc />
    public override IEnumerable<string> KeysOf(EventEnvelope envelope) => DocumentId.OfRun(envelope) is { } id ? [id] : [];

    /// <inheritdoc />
    public override RunDocument? Apply(string id, RunDocument? document, EventEnvelope envelope) => envelope.Event switch
    {
        RunRequested e => (document ?? New(envelope)) with
        {
            Conversation = e.Conversation,
            Message = e.Message,
            Workflow = e.Workflow,
            Question = e.Text,
            RequestedAt = e.At,
            Fork = e.Fork,
            Forked = e.Fork is not null,
        },
        RunCompleted e => (document ?? New(envelope)) with
        {
            Workflow = e.Workflow,
            Status = RunStatus.Completed,
            Waits = [],
            Queue = e.Queue,
            Output = e.Output,
            Outcome = e.Outcome,
            Reason = e.Reason,
            Answer = e.Answer,
            Citations = e.Citations,
            Tier = e.Tier,
            Steps = e.Steps,
            ModelCalls = e.ModelCalls,
            Tokens = e.Usage,
            Cost = e.Cost,
            DurationMs = e.DurationMs,
            CompletedAt = e.At,
            Forked = e.Forked,
        },
        RunWaiting e => Wait(document ?? New(envelope), new(e.Step, e.Visit, JsonNamingPolicy.SnakeCaseLower.ConvertName(e.For.ToString()), e.Name, e.Prompt, e.Tool, e.Input, e.Until)),
        RunSignalled e => GoOn(document, w => w.Step == e.Step && w.Visit == e.Visit && w.For != Effect),
        RunTimedOut e => GoOn(document, w => w.Step == e.Step && w.Visit == e.Visit && w.For != Effect),
        CustomerAuthenticated e => (document ?? New(envelope)) with { Customer = e.Customer },
        ToolCallUnknown e => Wait(document ?? New(envelope), new(e.Step, 0, Effect, e.Call, e.Reason, e.Tool, null, null)),
        ToolCallResolved e => GoOn(document, w => w.For == Effect && w.Name == e.Call),
        _ => document,
    };

    private const string Effect = "effect";

    private static RunDocument Wait(RunDocument document, RunWait wait) => document with { Status = RunStatus.Waiting, Waits = document.Waits.Add(wait) };

    private static RunDocument? GoOn(RunDocument? document, Predicate<RunWait> ended)
    {
        if (document is null || document.Status == RunStatus.Completed)
        {
            return document;
        }

        var waits = document.Waits.RemoveAll(ended);
        return document with { Waits = waits, Status = waits.IsEmpty ? RunStatus.Open : RunStatus.Waiting };
    }

    private static RunDocument New(EventEnvelope envelope) => new() { Run = new StreamName(envelope.Recorded.Stream).Id, Tenant = envelope.Tenant };
}
