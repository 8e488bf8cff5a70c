using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using AIaaS.EventStore;

namespace AIaaS.Domain.Tools;

/// <summary>Where a tool call stands on the ledger.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ToolCallState>))]
public enum ToolCallState
{
    /// <summary>It is recorded and on its way.</summary>
    [JsonStringEnumMemberName("requested")]
    Requested,

    /// <summary>The far side did it.</summary>
    [JsonStringEnumMemberName("succeeded")]
    Succeeded,

    /// <summary>The far side did not do it.</summary>
    [JsonStringEnumMemberName("failed")]
    Failed,

    /// <summary>It left and nobody knows what became of it.</summary>
    [JsonStringEnumMemberName("unknown")]
    Unknown,

    /// <summary>It was unknown, and somebody found out what became of it.</summary>
    [JsonStringEnumMemberName("resolved")]
    Resolved,

    /// <summary>What it did has been undone.</summary>
    [JsonStringEnumMemberName("compensated")]
    Compensated,

    /// <summary>The platform's own guard did not let it leave.</summary>
    [JsonStringEnumMemberName("refused")]
    Refused,
}

/// <summary>Records what became of an unknown call.</summary>
/// <param name="Call">The call.</param>
/// <param name="Succeeded">Whether the far side did it.</param>
/// <param name="Output">What it returned; null where that is not known.</param>
/// <param name="Reason">How this was found out.</param>
/// <param name="Actor">Who says so.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record ResolveToolCall(string Call, bool Succeeded, JsonElement? Output, string Reason, string Actor, DateTimeOffset At);

/// <summary>The tool calls of one stream, whoever's it is: a run's, a saga's, an operator's.</summary>
public sealed record ToolCalls : IState<ToolCalls>
{
    /// <summary>A stream before its first call.</summary>
    public static ToolCalls Initial { get; } = new();

    /// <summary>The calls by their id.</summary>
    public ImmutableDictionary<string, Entry> Calls { get; init; } = ImmutableDictionary.Create<string, Entry>(StringComparer.Ordinal);

    /// <summary>A call and where it stands.</summary>
    /// <param name="Requested">As it was requested.</param>
    /// <param name="State">Where it stands.</param>
    /// <param name="Outcome">The event that says so; null while it is on its way.</param>
    public sealed record Entry(ToolCallRequested Requested, ToolCallState State, DomainEvent? Outcome);

    /// <inheritdoc />
    public ToolCalls Evolve(object @event) => @event switch
    {
        ToolCallRequested e => this with { Calls = Calls.SetItem(e.Call, new(e, ToolCallState.Requested, null)) },
        ToolCallSucceeded e => Set(e.Call, ToolCallState.Succeeded, e),
        ToolCallFailed e => Set(e.Call, ToolCallState.Failed, e),
        ToolCallUnknown e => Set(e.Call, ToolCallState.Unknown, e),
        ToolCallResolved e => Set(e.Call, ToolCallState.Resolved, e),
        ToolCallCompensated e => Set(e.Call, ToolCallState.Compensated, e),
        _ => this,
    };

    /// <summary>Resolves an unknown call; any other is refused.</summary>
    public Decision Resolve(ResolveToolCall command) =>
        !Calls.TryGetValue(command.Call, out var entry) ? ToolErrors.UnknownCall(command.Call)
        : entry.State != ToolCallState.Unknown ? ToolErrors.NotUnknown(command.Call, entry.State.ToString().ToLowerInvariant())
        : new ToolCallResolved(command.Call, entry.Requested.Step, entry.Requested.Tool, command.Succeeded, command.Output, command.Reason, command.Actor, command.At);

    private ToolCalls Set(string call, ToolCallState state, DomainEvent outcome) =>
        Calls.TryGetValue(call, out var entry) ? this with { Calls = Calls.SetItem(call, entry with { State = state, Outcome = outcome }) } : this;
}
