namespace AIaaS.EventStore;

/// <summary>Type <c>worker.beat</c>, stream <c>worker-{id}</c>, which keeps one event: the worker lives. That the stream moves is what counts; the time is for people.</summary>
/// <param name="Worker">The worker.</param>
/// <param name="At">When, by the worker's own clock, UTC.</param>
public sealed record WorkerBeat(string Worker, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>worker.stopped</c>, stream <c>worker-{id}</c>: the worker has ended and works on nothing any more.</summary>
/// <param name="Worker">The worker.</param>
/// <param name="At">When, by the worker's own clock, UTC.</param>
public sealed record WorkerStopped(string Worker, DateTimeOffset At) : DomainEvent;
