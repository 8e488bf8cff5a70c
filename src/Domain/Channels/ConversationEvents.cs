using System.Collections.Immutable;
using System.Text.Json.Serialization;
using AIaaS.Domain.Agents;
using AIaaS.EventStore;

namespace AIaaS.Domain.Channels;

/// <summary>Type <c>conversation.message.received</c>, stream <c>conversation-{tenant}_{conversation}</c>: a customer wrote.</summary>
/// <param name="Conversation">The conversation's id; its first message opens it.</param>
/// <param name="Message">The message's id.</param>
/// <param name="Customer">The customer's id at the tenant; null where unknown.</param>
/// <param name="Text">1 to 4,000 characters.</param>
/// <param name="Workflow">The workflow that handles it.</param>
/// <param name="Run">The run that answers it.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record MessageReceived(string Conversation, string Message, string? Customer, string Text, string Workflow, string Run, DateTimeOffset At) : DomainEvent
{
    /// <summary>Of a message that a waiting run gets: the step that waits; null for a message that a run of its own handles.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Step { get; init; }

    /// <summary>Which visit of that step, from 1; 0 for none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int Visit { get; init; }
}

/// <summary>Type <c>conversation.message.answered</c>: a run's answer went into the conversation.</summary>
/// <param name="Message">The message that was answered.</param>
/// <param name="Run">The run.</param>
/// <param name="Outcome">How the run ended.</param>
/// <param name="Text">The answer.</param>
/// <param name="Citations">What it rests on.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record MessageAnswered(string Message, string Run, RunOutcome Outcome, string Text, ImmutableArray<Citation> Citations, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>conversation.message.asked</c>: the run that handles a message asks the customer back, and waits. The conversation's next message goes to that run.</summary>
/// <param name="Message">The message that it was about.</param>
/// <param name="Run">The run.</param>
/// <param name="Step">The step that waits.</param>
/// <param name="Visit">Which visit of the step, from 1.</param>
/// <param name="Text">What the customer is asked; empty for nothing.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record MessageAsked(string Message, string Run, string Step, int Visit, string Text, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>conversation.customer.authenticated</c>: a run's tool proved who the customer of the conversation is. It stays so: a conversation has one customer.</summary>
/// <param name="Customer">The customer's id.</param>
/// <param name="Run">The run.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record ConversationCustomerAuthenticated(string Customer, string Run, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>conversation.handed-off</c>: a person takes over. Until <see cref="ConversationReturned"/> no run is started for what the customer writes.</summary>
/// <param name="Handoff">The hand-off.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record ConversationHandedOff(string Handoff, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>conversation.returned</c>: the hand-off was returned or closed; the agent has the conversation again.</summary>
/// <param name="Handoff">The hand-off.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record ConversationReturned(string Handoff, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>conversation.message.for-staff</c>: a customer wrote while a person has the conversation; no run answers it.</summary>
/// <param name="Conversation">The conversation's id.</param>
/// <param name="Message">The message's id.</param>
/// <param name="Customer">The customer's id at the tenant; null where unknown.</param>
/// <param name="Text">1 to 4,000 characters.</param>
/// <param name="Handoff">The hand-off that it belongs to.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record MessageForStaff(string Conversation, string Message, string? Customer, string Text, string Handoff, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>conversation.message.staff-answered</c>: a person, who has the conversation by a hand-off, wrote to the customer.</summary>
/// <param name="Message">The message's id.</param>
/// <param name="Handoff">The hand-off.</param>
/// <param name="Person">Who wrote.</param>
/// <param name="Text">What was written.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record StaffAnswered(string Message, string Handoff, string Person, string Text, DateTimeOffset At) : DomainEvent;
