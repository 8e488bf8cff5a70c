using System.Text.Json.Serialization.Metadata;
using AIaaS.Domain.Sagas;
using AIaaS.Domain.Tools;
using AIaaS.EventStore;

namespace AIaaS.Projections.Sagas;

/// <summary>A saga as it is shown.</summary>
public sealed record SagaDocument
{
    /// <summary>The saga, <c>{name}.{id}</c>.</summary>
    public required string Saga { get; init; }

    /// <summary>The tenant.</summary>
    public required string Tenant { get; init; }

    /// <summary>Its definition.</summary>
    public string Name { get; init; } = "";

    /// <summary>The version of its definition.</summary>
    public string Version { get; init; } = "";

    /// <summary>How it stands.</summary>
    public SagaStatus State { get; init; }

    /// <summary>The step of its last call; null before the first.</summary>
    public string? Step { get; init; }

    /// <summary>Why it undoes what it did, is parked, or waits; null where nothing is wrong.</summary>
    public string? Reason { get; init; }

    /// <summary>Calls that succeeded, those that undo included.</summary>
    public int Done { get; init; }

    /// <summary>When the next try or step is due; null where none is.</summary>
    public DateTimeOffset? Due { get; init; }

    /// <summary>When it began.</summary>
    public DateTimeOffset StartedAt { get; init; }

    /// <summary>When it ended; null while it goes on.</summary>
    public DateTimeOffset? EndedAt { get; init; }
}

/// <summary>One document a saga.</summary>
public sealed class SagasProjection : Projection<SagaDocument>
{
    /// <inheritdoc />
    public override string Name => "Sagas";

    /// <inheritdoc />
    public override int Version => 1;

    /// <inheritdoc />
    public override IReadOnlyList<string> EventTypePrefixes { get; } = ["saga.", "tool.call.", "timer."];

    /// <inheritdoc />
    public override JsonTypeInfo<SagaDocument> Json => Documents.Default.SagaDocument;

    /// <inheritdoc />
    public override IReadOnlyDictionary<string, FieldKind> Fields { get; } = new Dictionary<string, FieldKind>
    {
        ["tenant"] = FieldKind.Text,
        ["name"] = FieldKind.Text,
        ["state"] = FieldKind.Text,
        ["startedAt"] = FieldKind.Text,
        ["endedAt"] = FieldKind.Text,
    };

    /// <inheritdoc />
    public override IReadOnlyList<IReadOnlyList<string>> Indexes { get; } = [["tenant", "startedAt"], ["tenant", "state", "startedAt"]];

    /// <inheritdoc />
    public override IEnumerable<string> KeysOf(EventEnvelope envelope)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        var stream = new StreamName(envelope.Recorded.Stream);
        return stream.Category == "saga" && DocumentId.Of(stream.Tenant, stream.Id) is { Length: <= QueryRules.MaxIdLength } id ? [id] : [];
    }

    /// <inheritdoc />
    public override SagaDocument? Apply(string id, SagaDocument? document, EventEnvelope envelope)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        if (envelope.Event is SagaStarted started)
        {
            return new() { Saga = new StreamName(envelope.Recorded.Stream).Id, Tenant = envelope.Tenant, Name = started.Name, Version = started.Version, StartedAt = started.At };
        }

        return document is null ? null : envelope.Event switch
        {
            ToolCallRequested e => document with { Step = e.Step, State = OnItsWay(document, e.Compensates is not null) },
            ToolCallRefused e => document with { Step = e.Step, Reason = e.Reason },
            ToolCallSucceeded => document with { Done = document.Done + 1, State = OnItsWay(document, document.Step!.StartsWith(Saga.UndoPrefix, StringComparison.Ordinal)) },
            ToolCallUnknown e => document with { State = SagaStatus.Unresolved, Reason = e.Reason },
            ToolCallResolved e => document with { State = OnItsWay(document, e.Step.StartsWith(Saga.UndoPrefix, StringComparison.Ordinal)), Due = null },
            // Another try is due: nobody needs to resolve anything.
            TimerScheduled e => document with { Due = e.Due, State = document.State == SagaStatus.Unresolved ? OnItsWay(document, document.Step!.StartsWith(Saga.UndoPrefix, StringComparison.Ordinal)) : document.State },
            TimerElapsed or TimerCancelled => document with { Due = null },
            SagaCompensating e => document with { State = SagaStatus.Compensating, Reason = $"{e.Step}: {e.Reason}" },
            SagaParked e => document with { State = SagaStatus.Parked, Reason = $"{e.Step} could not be {(IsUndoing(document) ? "undone" : "done")}: {e.Reason}" },
            SagaResumed => document with { State = OnItsWay(document, IsUndoing(document)) },
            SagaCompleted e => document with { State = SagaStatus.Completed, Reason = null, Due = null, EndedAt = e.At },
            SagaCompensated e => document with { State = SagaStatus.Compensated, Due = null, EndedAt = e.At },
            _ => document,
        };
    }

    private static bool IsUndoing(SagaDocument document) => document.Step?.StartsWith(Saga.UndoPrefix, StringComparison.Ordinal) is true;

    private static SagaStatus OnItsWay(SagaDocument document, bool undoes) =>
        document.EndedAt is not null ? document.State : undoes ? SagaStatus.Compensating : SagaStatus.Running;
}
