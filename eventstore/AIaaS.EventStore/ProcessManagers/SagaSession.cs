namespace AIaaS.EventStore;

/// <summary>A saga's stream while an event is handled: its state, what it has reacted to, and which effects are open.</summary>
internal sealed class SagaSession<TState>(IEventStore log, EventTypes types, string stream)
    where TState : IState<TState>
{
    private readonly HashSet<Guid> ids = [];
    private readonly HashSet<(Guid Event, string Effect)> done = [];
    private readonly List<EventEnvelope> events = [];

    public TState State { get; private set; } = TState.Initial;

    public long Version { get; private set; } = -1;

    /// <summary>The saga's own events, oldest first.</summary>
    public IReadOnlyList<EventEnvelope> Events => events;

    public bool Holds(Guid id) => ids.Contains(id);

    public bool IsDone(Guid sagaEvent, string effect) => done.Contains((sagaEvent, effect));

    public async Task ReadOnAsync(CancellationToken cancellationToken)
    {
        await foreach (var recorded in log.ReadStreamOrEmptyAsync(stream, ReadDirection.Forwards, Version + 1, long.MaxValue, cancellationToken))
        {
            var envelope = EventEnvelope.Read(types, recorded);
            ids.Add(recorded.Id);
            State = State.Evolve(envelope.Event);
            Version = recorded.Version;
            if (envelope.Event is SagaEffectDone effect)
            {
                done.Add((effect.Event, effect.Effect));
            }
            else
            {
                events.Add(envelope);
            }
        }
    }
}
