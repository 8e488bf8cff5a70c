using System.Collections.Immutable;
using System.Text.Json.Serialization.Metadata;
using AIaaS.Domain.Agents;
using AIaaS.Domain.Channels;
using AIaaS.EventStore;

namespace AIaaS.Projections.Channels;

/// <summary>A conversation as it is shown.</summary>
public sealed record ConversationDocument
{
    /// <summary>The conversation's id.</summary>
    public required string Conversation { get; init; }

    /// <summary>The tenant.</summary>
    public required string Tenant { get; init; }

    /// <summary>The customer's id at the tenant; null where unknown.</summary>
    public string? Customer { get; init; }

    /// <summary>When its first message came.</summary>
    public DateTimeOffset OpenedAt { get; init; }

    /// <summary>When a message or an answer came last.</summary>
    public DateTimeOffset LastAt { get; init; }

    /// <summary>Messages that wait for their answer.</summary>
    public int Unanswered { get; init; }

    /// <summary>The hand-off by which a person has the conversation; null where the agent has it.</summary>
    public string? Handoff { get; init; }

    /// <summary>The messages with their answers, oldest first.</summary>
    public ImmutableArray<ConversationMessage> Messages { get; init; } = [];

    /// <summary>What persons wrote to the customer, oldest first.</summary>
    public ImmutableArray<StaffMessage> Staff { get; init; } = [];
}

/// <summary>What a person wrote to the customer.</summary>
public sealed record StaffMessage
{
    /// <summary>The message's id.</summary>
    public required string Message { get; init; }

    /// <summary>The hand-off by which the person has the conversation.</summary>
    public string Handoff { get; init; } = "";

    /// <summary>Who wrote.</summary>
    public string Person { get; init; } = "";

    /// <summary>What was written.</summary>
    public string Text { get; init; } = "";

    /// <summary>When.</summary>
    public DateTimeOffset At { get; init; }
}

/// <summary>A message and its answer.</summary>
public sealed record ConversationMessage
{
    /// <summary>The message's id.</summary>
    public required string Message { get; init; }

    /// <summary>What the customer wrote.</summary>
    public string Text { get; init; } = "";

    /// <summary>The workflow that handles it; empty where a person has it.</summary>
    public string Workflow { get; init; } = "";

    /// <summary>The run that answers it; empty where a person has it.</summary>
    public string Run { get; init; } = "";

    /// <summary>The hand-off that it belongs to, of a message that came while a person had the conversation; null otherwise.</summary>
    public string? Handoff { get; init; }

    /// <summary>When it came.</summary>
    public DateTimeOffset ReceivedAt { get; init; }

    /// <summary>How the run ended; null while it is open.</summary>
    public RunOutcome? Outcome { get; init; }

    /// <summary>The answer; null while the run is open.</summary>
    public string? Answer { get; init; }

    /// <summary>What the run asked back, last; null for nothing.</summary>
    public string? Question { get; init; }

    /// <summary>What the answer rests on.</summary>
    public ImmutableArray<Citation> Citations { get; init; } = [];

    /// <summary>When the answer came, of a run or a person; null while there is none.</summary>
    public DateTimeOffset? AnsweredAt { get; init; }
}

/// <summary>One document a conversation.</summary>
public sealed class ConversationsProjection : Projection<ConversationDocument>
{
    /// <inheritdoc />
    public override string Name => "Conversations";

    /// <inheritdoc />
    public override int Version => 4;

    /// <inheritdoc />
    public override IReadOnlyList<string> EventTypePrefixes { get; } = ["conversation.message.", "conversation.handed-off", "conversation.returned"];

    /// <inheritdoc />
    public override JsonTypeInfo<ConversationDocument> Json => Documents.Default.ConversationDocument;

    /// <inheritdoc />
    public override IReadOnlyDictionary<string, FieldKind> Fields { get; } = new Dictionary<string, FieldKind>
    {
        ["tenant"] = FieldKind.Text,
        ["customer"] = FieldKind.Text,
        ["openedAt"] = FieldKind.Text,
        ["lastAt"] = FieldKind.Text,
        ["unanswered"] = FieldKind.Number,
    };

    /// <inheritdoc />
    public override IReadOnlyList<IReadOnlyList<string>> Indexes { get; } = [["tenant", "lastAt"], ["tenant", "openedAt"], ["tenant", "customer", "lastAt"]];

    /// <inheritdoc />
    public override IEnumerable<string> KeysOf(EventEnvelope envelope) => DocumentId.OfStream(envelope) is { } id ? [id] : [];

    /// <inheritdoc />
    public override ConversationDocument? Apply(string id, ConversationDocument? document, EventEnvelope envelope)
    {
        var conversation = document ?? new() { Conversation = new StreamName(envelope.Recorded.Stream).Id, Tenant = envelope.Tenant };
        return envelope.Event switch
        {
            MessageReceived e => conversation with
            {
                Customer = e.Customer ?? conversation.Customer,
                OpenedAt = document is null ? e.At : conversation.OpenedAt,
                LastAt = e.At,
                Unanswered = conversation.Unanswered + 1,
                Messages = conversation.Messages.Add(new() { Message = e.Message, Text = e.Text, Workflow = e.Workflow, Run = e.Run, ReceivedAt = e.At }),
            },
            MessageAnswered e => Answered(conversation, e),
            MessageAsked e => Asked(conversation, e),
            MessageForStaff e => conversation with
            {
                Customer = e.Customer ?? conversation.Customer,
                OpenedAt = document is null ? e.At : conversation.OpenedAt,
                LastAt = e.At,
                Unanswered = conversation.Unanswered + 1,
                Messages = conversation.Messages.Add(new() { Message = e.Message, Text = e.Text, Handoff = e.Handoff, ReceivedAt = e.At }),
            },
            ConversationHandedOff e => conversation with { OpenedAt = document is null ? e.At : conversation.OpenedAt, LastAt = document is null ? e.At : conversation.LastAt, Handoff = e.Handoff },
            ConversationReturned e => Heard(conversation, e.Handoff, null) with { Handoff = conversation.Handoff == e.Handoff ? null : conversation.Handoff },
            StaffAnswered e => Heard(conversation, e.Handoff, e.At) with
            {
                OpenedAt = document is null ? e.At : conversation.OpenedAt,
                LastAt = e.At,
                Staff = conversation.Staff.Add(new() { Message = e.Message, Handoff = e.Handoff, Person = e.Person, Text = e.Text, At = e.At }),
            },
            _ => document,
        };
    }

    /// <summary>What was written to a person waits no more: they wrote back, or are done with it.</summary>
    private static ConversationDocument Heard(ConversationDocument conversation, string handoff, DateTimeOffset? at)
    {
        if (conversation.Handoff != handoff)
        {
            return conversation;
        }

        var waiting = conversation.Messages.Count(m => m.Handoff == handoff && m.AnsweredAt is null);
        return waiting == 0 ? conversation : conversation with
        {
            Unanswered = conversation.Unanswered - waiting,
            Messages = at is null ? conversation.Messages : [.. conversation.Messages.Select(m => m.Handoff == handoff && m.AnsweredAt is null ? m with { AnsweredAt = at } : m)],
        };
    }

    /// <summary>A question is no answer, but nobody waits for one from the platform now.</summary>
    private static ConversationDocument Asked(ConversationDocument conversation, MessageAsked e)
    {
        var at = conversation.Messages.IndexOf(conversation.Messages.FirstOrDefault(m => m.Message == e.Message)!);
        if (at < 0)
        {
            return conversation;
        }

        var message = conversation.Messages[at];
        return conversation with
        {
            LastAt = e.At,
            Unanswered = message is { Question: null, Answer: null } ? conversation.Unanswered - 1 : conversation.Unanswered,
            Messages = conversation.Messages.SetItem(at, message with { Question = e.Text }),
        };
    }

    private static ConversationDocument Answered(ConversationDocument conversation, MessageAnswered e)
    {
        for (var i = conversation.Messages.Length - 1; i >= 0; i--)
        {
            var message = conversation.Messages[i];
            if (message.Message == e.Message)
            {
                return conversation with
                {
                    LastAt = e.At,
                    Unanswered = conversation.Unanswered - (message is { AnsweredAt: null, Question: null } ? 1 : 0),
                    Messages = conversation.Messages.SetItem(i, message with { Outcome = e.Outcome, Answer = e.Text, Citations = e.Citations, AnsweredAt = e.At }),
                };
            }
        }

        throw new InvalidOperationException($"The answer is to message '{e.Message}', which the conversation does not hold.");
    }
}
