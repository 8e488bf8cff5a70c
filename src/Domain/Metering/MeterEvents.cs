using AIaaS.EventStore;

namespace AIaaS.Domain.Metering;

/// <summary>Type <c>meter.declared</c>, stream <c>meters-{tenant}_declared</c>: what a meter counts from now on. What was read before stays as it was read.</summary>
/// <param name="Definition">What it counts.</param>
/// <param name="Version">From 1, one more with each change.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record MeterDeclared(MeterDefinition Definition, int Version, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>meter.retired</c>: a meter counts no longer. What it counted stays and can be asked for.</summary>
/// <param name="Meter">The meter.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record MeterRetired(string Meter, DateTimeOffset At) : DomainEvent;
