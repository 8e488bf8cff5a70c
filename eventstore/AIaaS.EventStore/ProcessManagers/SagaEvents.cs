namespace AIaaS.EventStore;

/// <summary>Type <c>saga.event.seen</c>, in a saga's stream: an event came and there was nothing to record; its redelivery changes nothing either.</summary>
/// <param name="Cause">The event that came.</param>
public sealed record SagaEventSeen(Guid Cause) : DomainEvent;

/// <summary>Type <c>saga.effect.done</c>, in a saga's stream: what was to be done after one of its events is done.</summary>
/// <param name="Event">The saga's event.</param>
/// <param name="Effect">The effect's name.</param>
/// <param name="Refusal">The code of the error with which it was refused; null when it was not.</param>
public sealed record SagaEffectDone(Guid Event, string Effect, string? Refusal) : DomainEvent;
