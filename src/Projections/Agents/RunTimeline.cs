using System.Collections.Immutable;
using System.Text.Json.Serialization.Metadata;
using AIaaS.Domain;
using AIaaS.Domain.Agents;
using AIaaS.Domain.Tools;
using AIaaS.EventStore;

namespace AIaaS.Projections.Agents;

/// <summary>What happened in a run, event by event.</summary>
public sealed record RunTimelineDocument
{
    /// <summary>The run's id.</summary>
    public required string Run { get; init; }

    /// <summary>The tenant.</summary>
    public required string Tenant { get; init; }

    /// <summary>The workflow.</summary>
    public string Workflow { get; init; } = "";

    /// <summary>When the run was requested.</summary>
    public DateTimeOffset RequestedAt { get; init; }

    /// <summary>How it ended; null while it is open.</summary>
    public RunOutcome? Outcome { get; init; }

    /// <summary>What the run depends on; null before it started.</summary>
    public RunPins? Pins { get; init; }

    /// <summary>The entries, in the order of the log.</summary>
    public ImmutableArray<TimelineEntry> Entries { get; init; } = [];
}

/// <summary>One entry of a timeline.</summary>
public sealed record TimelineEntry
{
    /// <summary>The event's version in the run's stream.</summary>
    public long Version { get; init; }

    /// <summary>The event's type.</summary>
    public string Type { get; init; } = "";

    /// <summary>When it happened.</summary>
    public DateTimeOffset At { get; init; }

    /// <summary>Since the run was requested, in milliseconds.</summary>
    public double SinceRequestMs { get; init; }

    /// <summary>In milliseconds: how long a call, a step or the run took, on its end; null elsewhere.</summary>
    public double? TookMs { get; init; }

    /// <summary>The step; null where it is of the whole run.</summary>
    public string? Step { get; init; }

    /// <summary>The step's node type.</summary>
    public string? Node { get; init; }

    /// <summary>The model call.</summary>
    public string? Call { get; init; }

    /// <summary>The tool of the call.</summary>
    public string? Tool { get; init; }

    /// <summary>The tier of the call, or of the answer.</summary>
    public Tier? Tier { get; init; }

    /// <summary>The model of the call.</summary>
    public string? Model { get; init; }

    /// <summary>What came of it.</summary>
    public string? Result { get; init; }

    /// <summary>In words.</summary>
    public string? Detail { get; init; }

    /// <summary>Tokens of the call, or of the run on its end.</summary>
    public TokenUsage? Tokens { get; init; }

    /// <summary>Price of the call, or of the run on its end; the most that a call can cost, on its request.</summary>
    public Money? Cost { get; init; }
}

/// <summary>The episode timeline: one document a run.</summary>
public sealed class RunTimelineProjection : Projection<RunTimelineDocument>
{
    /// <inheritdoc />
    public override string Name => "RunTimeline";

    /// <inheritdoc />
    public override int Version => 2;

    /// <inheritdoc />
    public override IReadOnlyList<string> EventTypePrefixes { get; } = ["agent.run.", "agent.step.", "agent.customer.", "knowledge.retrieved", "model.call.", "tool.call."];

    /// <inheritdoc />
    public override JsonTypeInfo<RunTimelineDocument> Json => Documents.Default.RunTimelineDocument;

    /// <inheritdoc />
    public override IReadOnlyDictionary<string, FieldKind> Fields { get; } = new Dictionary<string, FieldKind> { ["tenant"] = FieldKind.Text };

    /// <inheritdoc />
    public override IReadOnlyList<IReadOnlyList<string>> Indexes { get; } = [];

    /// <inheritdoc />
    public override IEnumerable<string> KeysOf(EventEnvelope envelope) => DocumentId.OfRun(envelope) is { } id ? [id] : [];

    /// <inheritdoc />
    public override RunTimelineDocument? Apply(string id, RunTimelineDocument? document, EventEnvelope envelope)
    {
        var timeline = document ?? new() { Run = new StreamName(envelope.Recorded.Stream).Id, Tenant = envelope.Tenant };
        timeline = envelope.Event switch
        {
            RunRequested e => timeline with { Workflow = e.Workflow, RequestedAt = e.At },
            RunStarted e => timeline with { Pins = e.Pins },
            RunCompleted e => timeline with { Outcome = e.Outcome },
            _ => timeline,
        };
        return Entry(timeline, envelope.Event) is { } entry
            ? timeline with
            {
                Entries = timeline.Entries.Add(entry with
                {
                    Version = envelope.Recorded.Version,
                    Type = envelope.Recorded.Type,
                    SinceRequestMs = (entry.At - timeline.RequestedAt).TotalMilliseconds,
                }),
            }
            : document;
    }

    private static TimelineEntry? Entry(RunTimelineDocument timeline, object @event) => @event switch
    {
        RunRequested e => new() { At = e.At, Result = e.Fork is null ? "requested" : "forked", Detail = e.Fork is { } fork ? $"from step {fork.FromStep} of run {fork.Run}" : null },
        RunStarted e => new() { At = e.At, Result = "started", Cost = e.Budget, Detail = $"at most {e.StepLimit} steps" },
        RunResumed e => new() { At = e.At, Result = "resumed", Detail = e.Worker },
        KnowledgeRetrieved e => new() { At = e.At, Step = e.Step, Result = "retrieved", Detail = $"{e.Passages.Length} passages" },
        ModelCallRequested e => new() { At = e.At, Step = e.Step, Call = e.Call, Tier = e.Tier, Model = e.Model, Result = "requested", Cost = e.WorstCase, Detail = e.Degraded },
        ModelCallCompleted e => new() { At = e.At, Step = e.Step, Call = e.Call, Tier = e.Tier, Model = e.Model, Result = "completed", Tokens = e.Usage, Cost = e.Cost, TookMs = SinceCall(timeline, e.Call, e.At) },
        ModelCallFailed e => new() { At = e.At, Step = e.Step, Call = e.Call, Result = e.Unknown ? "unknown" : "failed", Detail = e.Reason, TookMs = SinceCall(timeline, e.Call, e.At) },
        RunClaimed e => new() { At = e.At, Result = "claimed", Detail = e.Worker },
        RunMoved e => new() { At = e.At, Result = "moved", Detail = $"from version {e.From} by {e.Actor}: {e.Reason}" },
        RunWaiting e => new() { At = e.At, Step = e.Step, Result = "waiting", Detail = e.Prompt, Tool = e.Tool },
        RunSignalled e => new() { At = e.At, Step = e.Step, Result = e.Accepted switch { true => "accepted", false => "rejected", null => "signalled" }, Detail = "by " + e.Actor },
        RunTimedOut e => new() { At = e.At, Step = e.Step, Result = "timed-out" },
        CustomerAuthenticated e => new() { At = e.At, Step = e.Step.Length == 0 ? null : e.Step, Call = e.Call, Result = "authenticated", Detail = e.Customer },
        ToolCallRequested e => new() { At = e.At, Step = e.Step, Call = e.Call, Tool = e.Tool, Result = "requested", Detail = e.Compensates is { } undone ? "undoes " + undone : null },
        ToolCallSucceeded e => new() { At = e.At, Step = e.Step, Call = e.Call, Tool = e.Tool, Result = "succeeded", TookMs = e.LatencyMs },
        ToolCallFailed e => new() { At = e.At, Step = e.Step, Call = e.Call, Tool = e.Tool, Result = "failed", Detail = $"{e.Code}: {e.Reason}", TookMs = e.LatencyMs },
        ToolCallUnknown e => new() { At = e.At, Step = e.Step, Call = e.Call, Tool = e.Tool, Result = "unknown", Detail = e.Reason },
        ToolCallResolved e => new() { At = e.At, Step = e.Step, Call = e.Call, Tool = e.Tool, Result = "resolved", Detail = $"{(e.Succeeded ? "succeeded" : "failed")}, by {e.Actor}: {e.Reason}" },
        ToolCallCompensated e => new() { At = e.At, Step = e.Step, Call = e.Call, Tool = e.Tool, Result = "compensated", Detail = e.By },
        ToolCallRefused e => new() { At = e.At, Step = e.Step, Call = e.Call, Tool = e.Tool, Result = "refused", Detail = $"{e.Code}: {e.Reason}" },
        StepCompleted e => new() { At = e.At, Step = e.Step, Node = e.Node, Result = e.Result, Detail = e.Detail.Length > 0 ? e.Detail : null, TookMs = SinceStep(timeline, e.At) },
        RunCompleted e => new() { At = e.At, Result = e.Outcome.ToString(), Detail = e.Reason, Tier = e.Tier, Tokens = e.Usage, Cost = e.Cost, TookMs = e.DurationMs },
        _ => null,
    };

    private static double? SinceCall(RunTimelineDocument timeline, string call, DateTimeOffset at) =>
        timeline.Entries.LastOrDefault(e => e.Call == call && e.Result == "requested") is { } request ? (at - request.At).TotalMilliseconds : null;

    /// <summary>A step begins where the step before it, or the start of the run, ended.</summary>
    private static double? SinceStep(RunTimelineDocument timeline, DateTimeOffset at) =>
        timeline.Entries.LastOrDefault(e => e.Node is not null || e.Result is "started") is { } before ? (at - before.At).TotalMilliseconds : null;
}
