using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using AIaaS.Domain.Tools;
using AIaaS.EventStore;

namespace AIaaS.Domain.Sagas;

/// <summary>How a saga stands.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<SagaStatus>))]
public enum SagaStatus
{
    /// <summary>Its steps are taken one after another.</summary>
    [JsonStringEnumMemberName("running")]
    Running,

    /// <summary>A step failed; what was done is being undone.</summary>
    [JsonStringEnumMemberName("compensating")]
    Compensating,

    /// <summary>A call's outcome is unknown; it waits on the side-effect ledger until it is resolved.</summary>
    [JsonStringEnumMemberName("unresolved")]
    Unresolved,

    /// <summary>A compensation failed at each try; a person has to see to it.</summary>
    [JsonStringEnumMemberName("parked")]
    Parked,

    /// <summary>Every step is done.</summary>
    [JsonStringEnumMemberName("completed")]
    Completed,

    /// <summary>Everything that was done is undone.</summary>
    [JsonStringEnumMemberName("compensated")]
    Compensated,
}

/// <summary>What is known of a call.</summary>
public enum SagaCallState
{
    /// <summary>It was asked for; no outcome is recorded.</summary>
    Requested,

    /// <summary>Done.</summary>
    Succeeded,

    /// <summary>Certainly not done.</summary>
    Failed,

    /// <summary>Nobody knows.</summary>
    Unknown,
}

/// <summary>A call of a saga.</summary>
/// <param name="Request">As it was asked for.</param>
public sealed record SagaCall(ToolCallRequested Request)
{
    /// <summary>What is known of it.</summary>
    public SagaCallState State { get; init; }

    /// <summary>What it returned.</summary>
    public JsonElement Output { get; init; }

    /// <summary>The code of its failure.</summary>
    public string Code { get; init; } = "";

    /// <summary>Why it failed, or why nobody knows.</summary>
    public string Reason { get; init; } = "";

    /// <summary>Whether another try may help.</summary>
    public bool Retryable { get; init; }

    /// <summary>Whether what it did is undone.</summary>
    public bool Undone { get; init; }

    /// <summary>How many times it was made and nobody knew what became of it.</summary>
    public int Unknowns { get; init; }
}

/// <summary>How often a step was tried without success, and how often it has waited since.</summary>
/// <param name="Failures">Tries without success.</param>
/// <param name="Waits">Waits that are over.</param>
/// <param name="LeftAlone">Tries that did not leave, since the tool's circuit was open: its far side said nothing, so that they use no try up.</param>
public readonly record struct SagaTries(int Failures, int Waits, int LeftAlone = 0)
{
    /// <summary>How many tries anew are used up.</summary>
    public int Used => Waits - LeftAlone;
}

/// <summary>A saga: the fold of its stream.</summary>
public sealed record Saga : IState<Saga>
{
    /// <summary>What leads the names of steps that undo.</summary>
    public const string UndoPrefix = "undo-";

    /// <summary>The code of a call that did not leave, since its tool is left alone for a while.</summary>
    public const string CircuitOpen = "circuit-open";

    /// <summary>The timer between two tries.</summary>
    public const string RetryTimer = "retry";

    /// <summary>What leads the name of the timer of a step that is not taken before its time.</summary>
    public const string StepTimer = "step-";

    /// <inheritdoc />
    public static Saga Initial { get; } = new();

    /// <summary>How it began; null for one that did not.</summary>
    public SagaStarted? Started { get; init; }

    /// <summary>The worker that has it; null while it waits for something or for somebody.</summary>
    public string? Worker { get; init; }

    /// <summary>The calls, in the order in which they were asked for.</summary>
    public ImmutableList<SagaCall> Calls { get; init; } = [];

    /// <summary>Steps that are left out.</summary>
    public ImmutableHashSet<string> Skipped { get; init; } = [];

    /// <summary>Steps whose time has come.</summary>
    public ImmutableHashSet<string> Due { get; init; } = [];

    /// <summary>The tries of steps that did not succeed at once.</summary>
    public ImmutableDictionary<string, SagaTries> Tries { get; init; } = ImmutableDictionary<string, SagaTries>.Empty;

    /// <summary>The timer that the saga waits for; null for none.</summary>
    public TimerScheduled? Timer { get; init; }

    /// <summary>Why it undoes what it did; null while it does not.</summary>
    public SagaCompensating? Compensating { get; init; }

    /// <summary>Why it is parked; null while it is not.</summary>
    public SagaParked? Parked { get; init; }

    /// <summary>When it ended; null while it goes on.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>What it works with.</summary>
    public JsonElement Input => Started?.Input ?? default;

    /// <summary>The last call; null for none.</summary>
    public SagaCall? Last => Calls.IsEmpty ? null : Calls[^1];

    /// <summary>How it stands.</summary>
    public SagaStatus Status => EndedAt is not null ? Compensating is null ? SagaStatus.Completed : SagaStatus.Compensated
        : Parked is not null ? SagaStatus.Parked
        : Timer is null && Last?.State == SagaCallState.Unknown ? SagaStatus.Unresolved
        : Compensating is null ? SagaStatus.Running : SagaStatus.Compensating;

    /// <summary>The stream of a saga, <c>{name}.{id}</c>.</summary>
    public static StreamName Stream(string tenant, string saga) => StreamName.For("saga", tenant, saga);

    /// <summary>The output of a step that succeeded; an undefined value for any other.</summary>
    public JsonElement Output(string step) => Find(step) is { State: SagaCallState.Succeeded } call ? call.Output : default;

    /// <summary>The last call of a step; null for none.</summary>
    public SagaCall? Find(string step) => Calls.FindLast(c => c.Request.Step == step);

    /// <summary>A text of the input; empty where it has none of that name.</summary>
    public string Text(string name) => Input.ValueKind == JsonValueKind.Object && Input.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";

    /// <summary>A copy of a member of the input; null where it has none of that name.</summary>
    public JsonNode? Node(string name) => Input.ValueKind == JsonValueKind.Object && Input.TryGetProperty(name, out var value) ? JsonNode.Parse(value.GetRawText()) : null;

    /// <summary>Goes on after a person has seen to what kept it from going on.</summary>
    /// <param name="saga">The saga's id.</param>
    /// <param name="undone">Whether the step that could not be undone (or done, where it must succeed) was seen to by other means; otherwise that is tried again.</param>
    /// <param name="reason">What was done.</param>
    /// <param name="actor">Who.</param>
    /// <param name="at">Business time, UTC.</param>
    public Decision Resume(string saga, bool undone, string reason, string actor, DateTimeOffset at)
    {
        if (Started is null)
        {
            return SagaErrors.Unknown(saga);
        }

        if (Parked is not { } parked)
        {
            return SagaErrors.NotParked(saga, Status);
        }

        if (undone && Compensating is null && Find(parked.Step) is { Request: { SideEffect: false, Version.Length: > 0 } })
        {
            return SagaErrors.OnlyLooksUp(saga, parked.Step);
        }

        var resumed = new SagaResumed(actor, reason, undone, at);
        if (undone && Compensating is null)
        {
            return Decision.Of(new SagaStepSkipped(parked.Step, "by-hand", at), resumed);
        }

        return undone && Find(parked.Step)?.Request is { } call
            ? Decision.Of(new ToolCallCompensated(call.Call, call.Step, call.Tool, null, at), resumed)
            : resumed;
    }

    /// <inheritdoc />
    public Saga Evolve(object @event) => @event switch
    {
        SagaStarted e => this with { Started = e },
        SagaClaimed e => this with { Worker = e.Worker },
        SagaStepSkipped e => this with { Skipped = Skipped.Add(e.Step) },
        SagaCompensating e => this with { Compensating = e },
        SagaParked e => this with { Parked = e, Worker = null },
        SagaResumed => Resumed(),
        SagaCompleted e => this with { EndedAt = e.At, Worker = null },
        SagaCompensated e => this with { EndedAt = e.At, Worker = null },
        ToolCallRequested e => this with { Calls = Calls.Add(new(e)) },
        ToolCallSucceeded e => With(e.Call, c => c with { State = SagaCallState.Succeeded, Output = e.Output }),
        ToolCallFailed e => Failed(With(e.Call, c => c with { State = SagaCallState.Failed, Code = e.Code, Reason = e.Reason, Retryable = e.Retryable }), e.Step, e.Code == CircuitOpen),
        ToolCallUnknown e => Failed(With(e.Call, c => c with { State = SagaCallState.Unknown, Reason = e.Reason, Unknowns = c.Unknowns + 1 }), e.Step) with { Worker = null },
        ToolCallResolved e => Resolve(e),
        ToolCallRefused e => Refused(e),
        ToolCallCompensated e => With(e.Call, c => c with { Undone = true }),
        TimerScheduled e => this with { Timer = e, Worker = null },
        TimerCancelled e when e.Timer == Timer?.Timer => this with { Timer = null },
        TimerElapsed e when e.Timer == Timer?.Timer => Elapsed(e.Timer),
        _ => this,
    };

    private static Saga Failed(Saga saga, string step, bool leftAlone = false)
    {
        var tries = saga.Tries.GetValueOrDefault(step);
        return saga with { Tries = saga.Tries.SetItem(step, tries with { Failures = tries.Failures + 1, LeftAlone = tries.LeftAlone + (leftAlone ? 1 : 0) }) };
    }

    private Saga With(string call, Func<SagaCall, SagaCall> change)
    {
        var index = Calls.FindLastIndex(c => c.Request.Call == call);
        return index < 0 ? this : this with { Calls = Calls.SetItem(index, change(Calls[index])) };
    }

    /// <summary>Settles an unknown call; a timer that would ask again has nothing left to ask.</summary>
    private Saga Resolve(ToolCallResolved e)
    {
        var saga = With(e.Call, c => c.State != SagaCallState.Unknown && c.State != SagaCallState.Requested ? c
            : e.Succeeded ? c with { State = SagaCallState.Succeeded, Output = e.Output ?? default }
            : c with { State = SagaCallState.Failed, Code = "resolved-as-failed", Reason = e.Reason, Retryable = false });
        return Last?.Request.Call == e.Call ? saga with { Timer = null } : saga;
    }

    /// <summary>A call that never left counts as one that failed.</summary>
    private Saga Refused(ToolCallRefused e)
    {
        var request = new ToolCallRequested(e.Call, e.Step, e.Tool, "", e.Input, "", "", false, true, null, e.At);
        return Failed(this with { Calls = Calls.Add(new(request) { State = SagaCallState.Failed, Code = e.Code, Reason = e.Reason }) }, e.Step);
    }

    private Saga Elapsed(string timer)
    {
        if (timer != RetryTimer)
        {
            return this with { Timer = null, Due = Due.Add(timer[StepTimer.Length..]) };
        }

        var step = Last!.Request.Step;
        var tries = Tries.GetValueOrDefault(step);
        return this with { Timer = null, Tries = Tries.SetItem(step, tries with { Waits = tries.Waits + 1 }) };
    }

    private Saga Resumed() => Parked is { } parked ? this with { Parked = null, Tries = Tries.Remove(Compensating is null ? parked.Step : UndoPrefix + parked.Step) } : this;
}
