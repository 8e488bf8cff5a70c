using System.Text.Json;
using AIaaS.EventStore;

namespace AIaaS.Domain.Sagas;

/// <summary>Type <c>saga.started</c>, the first event of <c>saga-{tenant}_{name}.{id}</c>: an event of the business set a saga off.</summary>
/// <param name="Name">The saga's definition.</param>
/// <param name="Version">The version of the definition; the saga stays on it.</param>
/// <param name="Cause">The id of the event that set it off.</param>
/// <param name="Input">What it works with.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record SagaStarted(string Name, string Version, Guid Cause, JsonElement Input, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>saga.claimed</c>: a worker has the saga now, until it waits, ends, or that worker's heartbeat stops.</summary>
/// <param name="Worker">The worker.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record SagaClaimed(string Worker, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>saga.step.skipped</c>: a step is left out: its condition does not hold, or it may fail and did.</summary>
/// <param name="Step">The step.</param>
/// <param name="Reason"><c>condition</c>, or the code of the failure.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record SagaStepSkipped(string Step, string Reason, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>saga.compensating</c>: a step has failed for good, and what was done before it is undone in reverse order.</summary>
/// <param name="Step">The step that failed.</param>
/// <param name="Code">Its code.</param>
/// <param name="Reason">In words.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record SagaCompensating(string Step, string Code, string Reason, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>saga.parked</c>: a compensation, or a step that must succeed, failed at each try. Nothing more happens until a person has seen to it.</summary>
/// <param name="Step">The step that could not be done or undone.</param>
/// <param name="Code">The last failure's code.</param>
/// <param name="Reason">In words.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record SagaParked(string Step, string Code, string Reason, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>saga.resumed</c>: a person has seen to what kept a parked saga from going on.</summary>
/// <param name="Actor">Who.</param>
/// <param name="Reason">What was done.</param>
/// <param name="Undone">Whether the step that could not be done or undone was seen to by other means; otherwise it is tried again.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record SagaResumed(string Actor, string Reason, bool Undone, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>saga.completed</c>: every step is done.</summary>
/// <param name="At">Business time, UTC.</param>
public sealed record SagaCompleted(DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>saga.compensated</c>: everything that was done is undone.</summary>
/// <param name="At">Business time, UTC.</param>
public sealed record SagaCompensated(DateTimeOffset At) : DomainEvent;
