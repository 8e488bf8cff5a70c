using System.Collections.Immutable;
using System.Text.Json.Serialization.Metadata;
using AIaaS.Domain.Channels;
using AIaaS.Domain.Handoffs;
using AIaaS.EventStore;

namespace AIaaS.Projections.Handoffs;

/// <summary>A hand-off as it is shown.</summary>
public sealed record HandoffDocument
{
    /// <summary>The hand-off's id.</summary>
    public required string Handoff { get; init; }

    /// <summary>The tenant.</summary>
    public required string Tenant { get; init; }

    /// <summary>How it stands.</summary>
    public HandoffState State { get; init; }

    /// <summary>Whose queue.</summary>
    public string Queue { get; init; } = "";

    /// <summary>How urgent it is.</summary>
    public HandoffPriority Priority { get; init; }

    /// <summary>The priority as a number, the most urgent 3: sorts the queue.</summary>
    public int Rank { get; init; }

    /// <summary>Why, as a stable code.</summary>
    public string Reason { get; init; } = "";

    /// <summary>What it is about.</summary>
    public string Summary { get; init; } = "";

    /// <summary>The conversation; null where there is none.</summary>
    public string? Conversation { get; init; }

    /// <summary>The run that gave it away; null where a person asked.</summary>
    public string? Run { get; init; }

    /// <summary>The customer's id at the tenant; null where unknown.</summary>
    public string? Customer { get; init; }

    /// <summary>Who has it, or had it last; null for nobody.</summary>
    public string? Person { get; init; }

    /// <summary>What was written to the customer, oldest first.</summary>
    public ImmutableArray<HandoffAnswerDocument> Answers { get; init; } = [];

    /// <summary>What the customer wrote since, oldest first.</summary>
    public ImmutableArray<HandoffMessageDocument> Messages { get; init; } = [];

    /// <summary>What was said when it was returned or closed; null for nothing.</summary>
    public string? Note { get; init; }

    /// <summary>When it was asked for.</summary>
    public DateTimeOffset RequestedAt { get; init; }

    /// <summary>When it was claimed; null while it was not.</summary>
    public DateTimeOffset? ClaimedAt { get; init; }

    /// <summary>When something became of it last.</summary>
    public DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>What a person wrote to the customer.</summary>
public sealed record HandoffAnswerDocument
{
    /// <summary>The message's id in the conversation.</summary>
    public required string Message { get; init; }

    /// <summary>Who wrote.</summary>
    public string Person { get; init; } = "";

    /// <summary>What was written.</summary>
    public string Text { get; init; } = "";

    /// <summary>When.</summary>
    public DateTimeOffset At { get; init; }
}

/// <summary>What the customer wrote while a person had the conversation.</summary>
public sealed record HandoffMessageDocument
{
    /// <summary>The message's id in the conversation.</summary>
    public required string Message { get; init; }

    /// <summary>What was written.</summary>
    public string Text { get; init; } = "";

    /// <summary>When.</summary>
    public DateTimeOffset At { get; init; }
}

/// <summary>One document a hand-off.</summary>
public sealed class HandoffsProjection : Projection<HandoffDocument>
{
    /// <inheritdoc />
    public override string Name => "Handoffs";

    /// <inheritdoc />
    public override int Version => 2;

    /// <inheritdoc />
    public override IReadOnlyList<string> EventTypePrefixes { get; } = ["handoff.", "conversation.message.for-staff"];

    /// <inheritdoc />
    public override JsonTypeInfo<HandoffDocument> Json => Documents.Default.HandoffDocument;

    /// <inheritdoc />
    public override IReadOnlyDictionary<string, FieldKind> Fields { get; } = new Dictionary<string, FieldKind>
    {
        ["tenant"] = FieldKind.Text,
        ["state"] = FieldKind.Text,
        ["queue"] = FieldKind.Text,
        ["person"] = FieldKind.Text,
        ["conversation"] = FieldKind.Text,
        ["rank"] = FieldKind.Number,
        ["requestedAt"] = FieldKind.Text,
        ["updatedAt"] = FieldKind.Text,
    };

    /// <inheritdoc />
    public override IReadOnlyList<IReadOnlyList<string>> Indexes { get; } = [["tenant", "requestedAt"], ["tenant", "updatedAt"], ["tenant", "rank"], ["tenant", "state", "requestedAt"], ["tenant", "conversation", "requestedAt"]];

    /// <inheritdoc />
    public override IEnumerable<string> KeysOf(EventEnvelope envelope) =>
        envelope.Event is MessageForStaff e ? [DocumentId.Of(envelope.Tenant, e.Handoff)] : DocumentId.OfStream(envelope) is { } id ? [id] : [];

    /// <inheritdoc />
    public override HandoffDocument? Apply(string id, HandoffDocument? document, EventEnvelope envelope)
    {
        var handoff = document ?? new() { Handoff = envelope.Event is MessageForStaff m ? m.Handoff : new StreamName(envelope.Recorded.Stream).Id, Tenant = envelope.Tenant };
        return envelope.Event switch
        {
            HandoffRequested e => handoff with
            {
                Queue = e.Queue,
                Priority = e.Priority,
                Rank = (int)e.Priority,
                Reason = e.Reason,
                Summary = e.Summary,
                Conversation = e.Conversation,
                Run = e.Run,
                Customer = e.Customer,
                RequestedAt = e.At,
                UpdatedAt = e.At,
            },
            HandoffClaimed e => handoff with { State = HandoffState.Claimed, Person = e.Person, ClaimedAt = e.At, UpdatedAt = e.At },
            HandoffAnswered e => handoff with { Answers = handoff.Answers.Add(new() { Message = e.Message, Person = e.Person, Text = e.Text, At = e.At }), UpdatedAt = e.At },
            MessageForStaff e => handoff with { Messages = handoff.Messages.Add(new() { Message = e.Message, Text = e.Text, At = e.At }), UpdatedAt = e.At },
            HandoffReturned e => handoff with { State = HandoffState.Returned, Person = e.Person, Note = e.Note, UpdatedAt = e.At },
            HandoffClosed e => handoff with { State = HandoffState.Closed, Person = e.Person, Note = e.Note, UpdatedAt = e.At },
            _ => document,
        };
    }
}
