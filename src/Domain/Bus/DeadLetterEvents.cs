using AIaaS.EventStore;

namespace AIaaS.Domain.Bus;

/// <summary>Type <c>deadletter.received</c>, stream <c>deadLetter-{tenant}_{id}</c>: work that could not be done at any try.</summary>
/// <param name="Id">The dead letter; the same work of the same queue has the same one.</param>
/// <param name="Queue">The queue that it came from.</param>
/// <param name="Body">The work: JSON, or whatever came where it is none.</param>
/// <param name="Code">Stable, lower-case, with dashes.</param>
/// <param name="Error">Why it could not be done.</param>
/// <param name="Attempts">Tries that were made.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record DeadLetterReceived(string Id, string Queue, string Body, string Code, string Error, int Attempts, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>deadletter.fixed</c>: a person changed the work before it is sent again.</summary>
/// <param name="Body">The work as it is to be sent.</param>
/// <param name="Actor">Who.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record DeadLetterFixed(string Body, string Actor, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>deadletter.replayed</c>: the work is on its queue again.</summary>
/// <param name="Actor">Who sent it.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record DeadLetterReplayed(string Actor, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>deadletter.discarded</c>: the work is not to be done any more.</summary>
/// <param name="Actor">Who decided so.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record DeadLetterDiscarded(string Actor, DateTimeOffset At) : DomainEvent;
