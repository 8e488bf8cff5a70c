using System.Text.Json.Serialization.Metadata;
using AIaaS.Domain.Tools;
using AIaaS.EventStore;

namespace AIaaS.Projections.Tools;

/// <summary>A tool call on the side-effect ledger.</summary>
public sealed record SideEffectDocument
{
    /// <summary>The call's id on the ledger.</summary>
    public required string Id { get; init; }

    /// <summary>The tenant.</summary>
    public required string Tenant { get; init; }

    /// <summary>The stream that the call stands in.</summary>
    public required string Stream { get; init; }

    /// <summary>Who called: <c>agentRun</c>, <c>saga</c> or <c>toolCall</c> (an operator).</summary>
    public string Caller { get; init; } = "";

    /// <summary>The run, saga or operator's call by its id.</summary>
    public string Run { get; init; } = "";

    /// <summary>The call's id in its stream.</summary>
    public string Call { get; init; } = "";

    /// <summary>The step.</summary>
    public string Step { get; init; } = "";

    /// <summary>The tool.</summary>
    public string Tool { get; init; } = "";

    /// <summary>The tool's version; empty for a call that was refused before it was requested.</summary>
    public string Version { get; init; } = "";

    /// <summary>Where it stands.</summary>
    public ToolCallState State { get; init; }

    /// <summary>Whether it changes something in the world.</summary>
    public bool SideEffect { get; init; }

    /// <summary>Whether it may be repeated under its key.</summary>
    public bool Idempotent { get; init; }

    /// <summary>SHA-256 (hex) of tool, version and input; null for a call that was refused.</summary>
    public string? RequestHash { get; init; }

    /// <summary>The key that the far side knows it by; null for a call that was refused.</summary>
    public string? IdempotencyKey { get; init; }

    /// <summary>The call that this one undoes; null for none.</summary>
    public string? Compensates { get; init; }

    /// <summary>The call that undid this one; null where none did, or a person.</summary>
    public string? CompensatedBy { get; init; }

    /// <summary>A stable code of a failure or refusal; null otherwise.</summary>
    public string? Code { get; init; }

    /// <summary>Why it failed, is unknown or was refused, or how it was resolved; null for a success.</summary>
    public string? Reason { get; init; }

    /// <summary>Of a resolved call: whether the far side had done it.</summary>
    public bool? Succeeded { get; init; }

    /// <summary>Of a resolved call: who said so.</summary>
    public string? ResolvedBy { get; init; }

    /// <summary>Attempts that were made; null where that is not recorded.</summary>
    public int? Attempts { get; init; }

    /// <summary>When it was requested or refused.</summary>
    public DateTimeOffset RequestedAt { get; init; }

    /// <summary>When it came to stand where it stands.</summary>
    public DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>One document a tool call, over the streams of runs, sagas and operators' calls.</summary>
public sealed class SideEffectsProjection : Projection<SideEffectDocument>
{
    /// <inheritdoc />
    public override string Name => "SideEffects";

    /// <inheritdoc />
    public override int Version => 1;

    /// <inheritdoc />
    public override IReadOnlyList<string> EventTypePrefixes { get; } = ["tool.call."];

    /// <inheritdoc />
    public override JsonTypeInfo<SideEffectDocument> Json => Documents.Default.SideEffectDocument;

    /// <inheritdoc />
    public override IReadOnlyDictionary<string, FieldKind> Fields { get; } = new Dictionary<string, FieldKind>
    {
        ["tenant"] = FieldKind.Text,
        ["stream"] = FieldKind.Text,
        ["caller"] = FieldKind.Text,
        ["run"] = FieldKind.Text,
        ["tool"] = FieldKind.Text,
        ["state"] = FieldKind.Text,
        ["sideEffect"] = FieldKind.Boolean,
        ["requestedAt"] = FieldKind.Text,
        ["updatedAt"] = FieldKind.Text,
    };

    /// <inheritdoc />
    public override IReadOnlyList<IReadOnlyList<string>> Indexes { get; } = [["tenant", "requestedAt"], ["tenant", "state", "requestedAt"], ["tenant", "run"], ["state", "requestedAt"]];

    /// <summary>The id of a call on the ledger: a function of its stream and its id there.</summary>
    public static string IdOf(string stream, string call) => NamedId.Of("side-effect", stream, call).ToString("N");

    /// <inheritdoc />
    public override IEnumerable<string> KeysOf(EventEnvelope envelope)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        return envelope.Tenant.Length > 0 && CallOf(envelope.Event) is { } call ? [DocumentId.Of(envelope.Tenant, IdOf(envelope.Recorded.Stream, call))] : [];
    }

    /// <inheritdoc />
    public override SideEffectDocument? Apply(string id, SideEffectDocument? document, EventEnvelope envelope)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        return envelope.Event switch
        {
            ToolCallRequested e => New(envelope, e.Call, e.Step, e.Tool, ToolCallState.Requested, e.At) with
            {
                Version = e.Version,
                SideEffect = e.SideEffect,
                Idempotent = e.Idempotent,
                RequestHash = e.RequestHash,
                IdempotencyKey = e.IdempotencyKey,
                Compensates = e.Compensates,
            },
            ToolCallRefused e => New(envelope, e.Call, e.Step, e.Tool, ToolCallState.Refused, e.At) with { Code = e.Code, Reason = e.Reason },
            ToolCallSucceeded e => At(ToolCallState.Succeeded, e.Call, e.Step, e.Tool, e.At) with { Attempts = e.Attempts },
            ToolCallFailed e => At(ToolCallState.Failed, e.Call, e.Step, e.Tool, e.At) with { Code = e.Code, Reason = e.Reason, Attempts = e.Attempts },
            ToolCallUnknown e => At(ToolCallState.Unknown, e.Call, e.Step, e.Tool, e.At) with { Reason = e.Reason },
            ToolCallResolved e => At(ToolCallState.Resolved, e.Call, e.Step, e.Tool, e.At) with { Reason = e.Reason, Succeeded = e.Succeeded, ResolvedBy = e.Actor },
            ToolCallCompensated e => At(ToolCallState.Compensated, e.Call, e.Step, e.Tool, e.At) with { CompensatedBy = e.By },
            _ => document,
        };

        SideEffectDocument At(ToolCallState state, string call, string step, string tool, DateTimeOffset at) =>
            (document ?? New(envelope, call, step, tool, state, at)) with { State = state, UpdatedAt = at };
    }

    private static SideEffectDocument New(EventEnvelope envelope, string call, string step, string tool, ToolCallState state, DateTimeOffset at)
    {
        var stream = new StreamName(envelope.Recorded.Stream);
        return new()
        {
            Id = IdOf(stream, call),
            Tenant = envelope.Tenant,
            Stream = stream,
            Caller = stream.Category,
            Run = stream.Id,
            Call = call,
            Step = step,
            Tool = tool,
            State = state,
            RequestedAt = at,
            UpdatedAt = at,
        };
    }

    private static string? CallOf(object @event) => @event switch
    {
        ToolCallRequested e => e.Call,
        ToolCallSucceeded e => e.Call,
        ToolCallFailed e => e.Call,
        ToolCallUnknown e => e.Call,
        ToolCallResolved e => e.Call,
        ToolCallCompensated e => e.Call,
        ToolCallRefused e => e.Call,
        _ => null,
    };
}
