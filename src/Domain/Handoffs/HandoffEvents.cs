using System.Text.Json.Serialization;
using AIaaS.EventStore;

namespace AIaaS.Domain.Handoffs;

/// <summary>How a hand-off stands.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<HandoffState>))]
public enum HandoffState
{
    /// <summary>It waits in its queue.</summary>
    Open,

    /// <summary>A person has it.</summary>
    Claimed,

    /// <summary>The agent has the conversation again.</summary>
    Returned,

    /// <summary>It is done.</summary>
    Closed,
}

/// <summary>How urgent it is, least first.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<HandoffPriority>))]
public enum HandoffPriority
{
    /// <summary>When there is time.</summary>
    Low,

    /// <summary>In its turn.</summary>
    Normal,

    /// <summary>Before the others.</summary>
    High,

    /// <summary>Now.</summary>
    Urgent,
}

/// <summary>Type <c>handoff.requested</c>, first event of <c>handoff-{tenant}_{handoff}</c>: a person is to take over.</summary>
/// <param name="Handoff">The hand-off's id.</param>
/// <param name="Conversation">The conversation; null where there is none.</param>
/// <param name="Run">The run that gave it away; null where a person asked.</param>
/// <param name="Customer">The customer's id at the tenant; null where unknown.</param>
/// <param name="Reason">A stable code: <c>asked-for-person</c>, <c>no-evidence</c>, <c>transfer-requested</c>, …</param>
/// <param name="Queue">Whose queue.</param>
/// <param name="Priority">How urgent it is.</param>
/// <param name="Summary">What it is about, for the person.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record HandoffRequested(string Handoff, string? Conversation, string? Run, string? Customer, string Reason, string Queue, HandoffPriority Priority, string Summary, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>handoff.claimed</c>: one person has it, and nobody else.</summary>
/// <param name="Person">Who.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record HandoffClaimed(string Person, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>handoff.answered</c>: the person wrote to the customer; the text goes into the conversation.</summary>
/// <param name="Message">The message's id.</param>
/// <param name="Person">Who wrote.</param>
/// <param name="Text">What was written.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record HandoffAnswered(string Message, string Person, string Text, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>handoff.returned</c>: the agent has the conversation again.</summary>
/// <param name="Person">Who gave it back.</param>
/// <param name="Note">For the record; null for none.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record HandoffReturned(string Person, string? Note, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>handoff.closed</c>: nothing is left to do.</summary>
/// <param name="Person">Who closed it.</param>
/// <param name="Note">What came of it; null for none.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record HandoffClosed(string Person, string? Note, DateTimeOffset At) : DomainEvent;
