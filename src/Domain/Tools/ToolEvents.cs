using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using AIaaS.Domain.Budgets;
using AIaaS.EventStore;

namespace AIaaS.Domain.Tools;

/// <summary>Type <c>tool.call.requested</c>, in the stream of the run or saga that calls: durable before the call leaves.</summary>
/// <param name="Call"><c>{step}/{visit}/{number}</c>, unique in the stream.</param>
/// <param name="Step">The step.</param>
/// <param name="Tool">The tool's name.</param>
/// <param name="Version">The tool's version.</param>
/// <param name="Input">The input's exact content.</param>
/// <param name="RequestHash">SHA-256 (hex) of tool, version and input: tells a repetition from another call.</param>
/// <param name="IdempotencyKey"><c>{tenant}/{run or saga}/{call}/{tool}</c>: the far side does the work once under it.</param>
/// <param name="SideEffect">Whether the call changes something in the world.</param>
/// <param name="Idempotent">Whether it may be repeated under its key when its outcome is unknown.</param>
/// <param name="Compensates">The call that this one undoes; null for none.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record ToolCallRequested(
    string Call,
    string Step,
    string Tool,
    string Version,
    JsonElement Input,
    string RequestHash,
    string IdempotencyKey,
    bool SideEffect,
    bool Idempotent,
    string? Compensates,
    DateTimeOffset At) : DomainEvent
{
    /// <summary>Whether a success proves who the customer is, as the manifest says.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Authenticates { get; init; }

    /// <summary>The tool that undoes the call, as the manifest says; null where nothing does.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Compensation { get; init; }

    /// <summary>What the call costs when it succeeds, as the manifest says; null for nothing.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Money? Price { get; init; }

    /// <summary>Of a run: what is reserved for the call, budget by budget; null for nothing.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ImmutableArray<BudgetHold>? Reserved { get; init; }
}

/// <summary>Type <c>tool.call.succeeded</c>: the far side did it.</summary>
/// <param name="Call">The call.</param>
/// <param name="Step">The step.</param>
/// <param name="Tool">The tool's name.</param>
/// <param name="Output">What it returned.</param>
/// <param name="Attempts">Attempts that were made, from 1.</param>
/// <param name="LatencyMs">All attempts together, in milliseconds.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record ToolCallSucceeded(string Call, string Step, string Tool, JsonElement Output, int Attempts, double LatencyMs, DateTimeOffset At) : DomainEvent
{
    /// <summary>What the call costs; null for nothing. This event bills it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Money? Cost { get; init; }
}

/// <summary>Type <c>tool.call.failed</c>: the far side did not do it, and that is certain.</summary>
/// <param name="Call">The call.</param>
/// <param name="Step">The step.</param>
/// <param name="Tool">The tool's name.</param>
/// <param name="Code">Stable, lower-case, with dashes.</param>
/// <param name="Reason">What the tool said.</param>
/// <param name="Retryable">Whether another try later may help.</param>
/// <param name="Attempts">Attempts that were made, 0 when nothing left.</param>
/// <param name="LatencyMs">All attempts together, in milliseconds.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record ToolCallFailed(string Call, string Step, string Tool, string Code, string Reason, bool Retryable, int Attempts, double LatencyMs, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>tool.call.unknown</c>: the call left and did not answer. Nobody repeats it; it waits on the ledger until it is resolved.</summary>
/// <param name="Call">The call.</param>
/// <param name="Step">The step.</param>
/// <param name="Tool">The tool's name.</param>
/// <param name="Reason">Why nobody knows.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record ToolCallUnknown(string Call, string Step, string Tool, string Reason, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>tool.call.resolved</c>: a person or a reconciliation job found out what became of an unknown call.</summary>
/// <param name="Call">The call.</param>
/// <param name="Step">The step.</param>
/// <param name="Tool">The tool's name.</param>
/// <param name="Succeeded">Whether the far side did it.</param>
/// <param name="Output">What it returned, where it did and that is known; null otherwise.</param>
/// <param name="Reason">How this was found out.</param>
/// <param name="Actor">Who says so.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record ToolCallResolved(string Call, string Step, string Tool, bool Succeeded, JsonElement? Output, string Reason, string Actor, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>tool.call.compensated</c>: what a call did has been undone.</summary>
/// <param name="Call">The call that was undone.</param>
/// <param name="Step">The step of that call.</param>
/// <param name="Tool">The tool of that call.</param>
/// <param name="By">The call that undid it; null when a person did, outside.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record ToolCallCompensated(string Call, string Step, string Tool, string? By, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>tool.call.refused</c>: the platform's own guard did not let a call leave.</summary>
/// <param name="Call">The call.</param>
/// <param name="Step">The step.</param>
/// <param name="Tool">The tool's name.</param>
/// <param name="Input">What it was to be called with.</param>
/// <param name="Code"><c>not-authenticated</c>, <c>not-stated</c>, <c>other-customer</c>, <c>not-confirmed</c>, <c>unknown-tool</c>, <c>not-offered</c>, <c>invalid-input</c>, <c>forked</c>, <c>budget-exhausted</c>.</param>
/// <param name="Reason">In words.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record ToolCallRefused(string Call, string Step, string Tool, JsonElement Input, string Code, string Reason, DateTimeOffset At) : DomainEvent;
