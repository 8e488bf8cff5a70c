using System.Collections.Immutable;
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
public sealed record MessageReceived(string Conversation, string Message, string? Customer, string Text, string Workflow, string Run, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>conversation.message.answered</c>: a run's answer went into the conversation.</summary>
/// <param name="Message">The message that was answered.</param>
/// <param name="Run">The run.</param>
/// <param name="Outcome">How the run ended.</param>
/// <param name="Text">The answer.</param>
/// <param name="Citations">What it rests on.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record MessageAnswered(string Message, string Run, RunOutcome Outcome, string Text, ImmutableArray<Citation> Citations, DateTimeOffset At) : DomainEvent;
