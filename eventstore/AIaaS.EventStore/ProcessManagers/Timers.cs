using System.Collections.Immutable;

namespace AIaaS.EventStore;

/// <summary>
/// Type <c>timer.scheduled</c>, in a saga's stream: the saga wants to hear of it when the time has come. A saga records it as one of
/// its own events. Scheduling a timer again under its name moves it.
/// </summary>
/// <param name="Timer">The timer's name, unique in the saga.</param>
/// <param name="Due">When.</param>
public sealed record TimerScheduled(string Timer, DateTimeOffset Due) : DomainEvent;

/// <summary>Type <c>timer.cancelled</c>, in a saga's stream: the saga no longer wants to hear of it.</summary>
/// <param name="Timer">The timer's name.</param>
public sealed record TimerCancelled(string Timer) : DomainEvent;

/// <summary>Type <c>timer.elapsed</c>, in a saga's stream, written once by <see cref="TimerService"/>: the time has come.</summary>
/// <param name="Timer">The timer's name.</param>
/// <param name="Scheduled">The id of the event that scheduled it.</param>
/// <param name="Due">When it was due.</param>
public sealed record TimerElapsed(string Timer, Guid Scheduled, DateTimeOffset Due) : DomainEvent;

/// <summary>A timer that has not elapsed.</summary>
/// <param name="Stream">The saga's stream.</param>
/// <param name="Timer">The timer's name.</param>
/// <param name="Scheduled">The id of the event that scheduled it.</param>
/// <param name="Version">That event's version.</param>
/// <param name="Position">That event's position.</param>
/// <param name="Due">When it is due.</param>
public sealed record OpenTimer(string Stream, string Timer, Guid Scheduled, long Version, LogPosition Position, DateTimeOffset Due);

/// <summary>Type <c>timers.open.stored</c>, stream <c>timers-open</c>, which keeps one event: the timers scheduled up to a position and still open, so that a start reads only what came after it.</summary>
/// <param name="Position">Up to where.</param>
/// <param name="Timers">The open ones.</param>
public sealed record TimersStored(LogPosition Position, ImmutableArray<OpenTimer> Timers) : DomainEvent;
