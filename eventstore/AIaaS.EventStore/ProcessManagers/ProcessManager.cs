using System.Globalization;

namespace AIaaS.EventStore;

/// <summary>
/// A process manager: what spans several streams. Each instance (a saga) is a stream <c>saga-{tenant}_{name}.{id}</c>; its state is
/// the fold of it. A process manager names in its constructor what it reacts to and what it does:
/// <code>
/// On&lt;OrderPlaced&gt;().By(e => e.Order).Record((saga, e) => Decision.Of(new PaymentAwaited(e.Order), new TimerScheduled("deadline", e.At + Deadline)));
/// OnTimer("deadline").Record((saga, timer) => saga.Paid ? Decision.Unchanged : new OrderGivenUp(saga.Order));
/// After&lt;PaymentAwaited&gt;().Do("take-payment", (e, context, ct) => payments.HandleAsync(new TakePayment(e.Order), context, ct));
/// </code>
/// A reaction is recorded once, however often its event comes. An effect begins when the saga's event is durable, and is repeated with the
/// same idempotency key until it is recorded as done: kill the process anywhere, and each effect has happened once or will.
/// </summary>
/// <param name="name">A unique name: letters, digits, dashes.</param>
/// <param name="log">The log.</param>
/// <param name="types">The event types, with those of <see cref="PlatformEventTypes"/>.</param>
/// <param name="region">Where this process runs, for the metadata.</param>
public abstract class ProcessManager<TState>(string name, IEventStore log, EventTypes types, string? region = null) : IEventHandler
    where TState : IState<TState>
{
    private const int MaxTries = 10;

    private readonly Dictionary<Type, Reaction> reactions = [];
    private readonly Dictionary<string, Func<TState, TimerElapsed, Decision>> timers = new(StringComparer.Ordinal);
    private readonly Dictionary<Type, List<Effect>> effects = [];
    private EventFilter? filter;

    /// <inheritdoc />
    public string Name => name;

    /// <inheritdoc />
    public EventFilter Filter => filter ??= EventFilter.Types(
        [.. reactions.Keys.SelectMany(types.NamesOf), .. timers.Count > 0 ? [PlatformEventTypes.TimerElapsed] : Array.Empty<string>()]);

    /// <summary>The stream of a saga.</summary>
    public StreamName StreamOf(string tenant, string id) => StreamName.For("saga", tenant, $"{name}.{id}");

    /// <inheritdoc />
    public string KeyOf(EventEnvelope envelope)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        return SagaOf(envelope) ?? envelope.Recorded.Stream;
    }

    /// <inheritdoc />
    public async Task HandleAsync(EventEnvelope envelope, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        if (SagaOf(envelope) is not { } stream)
        {
            return;
        }

        var saga = new SagaSession<TState>(log, types, stream);
        await saga.ReadOnAsync(cancellationToken);
        await RecordAsync(saga, stream, envelope, cancellationToken);
        // The list grows where a refusal is an event that has effects of its own.
        for (var i = 0; i < saga.Events.Count; i++)
        {
            await DoAsync(saga, stream, saga.Events[i], cancellationToken);
        }
    }

    /// <summary>Begins the sentence that says what the saga records when an event comes.</summary>
    protected ReactionTo<TEvent> On<TEvent>()
        where TEvent : class => new(this);

    /// <summary>Begins the sentence that says what the saga records when one of its timers has elapsed.</summary>
    protected ReactionToTimer OnTimer(string timer) => new(this, timer);

    /// <summary>Begins the sentence that says what is done when an event of the saga is durable.</summary>
    protected EffectAfter<TEvent> After<TEvent>()
        where TEvent : class => new(this);

    private string? SagaOf(EventEnvelope envelope)
    {
        if (envelope.Event is TimerElapsed timer)
        {
            var stream = new StreamName(envelope.Recorded.Stream);
            return timers.ContainsKey(timer.Timer) && stream.Category == "saga" && stream.Id.StartsWith(name + ".", StringComparison.Ordinal) ? stream.Value : null;
        }

        return reactions.TryGetValue(envelope.Event.GetType(), out var reaction) && reaction.By(envelope) is { } id ? StreamOf(envelope.Tenant, id).Value : null;
    }

    private async Task RecordAsync(SagaSession<TState> saga, string stream, EventEnvelope cause, CancellationToken cancellationToken)
    {
        var causeId = cause.Recorded.Id.ToString("N");
        for (var tries = 1; !saga.Holds(ReactionId(stream, causeId, 0)); tries++)
        {
            var decision = cause.Event is TimerElapsed timer ? timers[timer.Timer](saga.State, timer) : reactions[cause.Event.GetType()].Decide(saga.State, cause);
            if (decision.Error is { } error)
            {
                throw new DomainException(error);
            }

            var events = decision.Events.IsEmpty ? [new SagaEventSeen(cause.Recorded.Id)] : decision.Events;
            var metadata = Metadata(cause, causeId);
            var written = new NewEvent[events.Length];
            for (var i = 0; i < written.Length; i++)
            {
                written[i] = types.Write(ReactionId(stream, causeId, i), events[i], (metadata with { Schema = types.Of(events[i]).Schema }).ToUtf8());
            }

            await AppendAsync(saga, stream, written, tries, cancellationToken);
        }
    }

    private async Task DoAsync(SagaSession<TState> saga, string stream, EventEnvelope sagaEvent, CancellationToken cancellationToken)
    {
        if (!effects.TryGetValue(sagaEvent.Event.GetType(), out var afterwards))
        {
            return;
        }

        var id = sagaEvent.Recorded.Id;
        var eventId = id.ToString("N");
        foreach (var effect in afterwards)
        {
            if (saga.IsDone(id, effect.Name))
            {
                continue;
            }

            var context = new CommandContext(sagaEvent.Tenant, name, $"{stream}/{eventId}/{effect.Name}", sagaEvent.Metadata.CorrelationId, eventId);
            string? refusal = null;
            object? answer = null;
            try
            {
                await effect.Do(sagaEvent.Event, context, cancellationToken);
            }
            catch (DomainException e) when (effect.WhenRefused is not null && e.Error.Status is not (409 or 429 or 503))
            {
                refusal = e.Error.Code;
                answer = effect.WhenRefused(sagaEvent.Event, e.Error);
            }

            var metadata = Metadata(sagaEvent, eventId);
            List<NewEvent> written = [types.Write(NamedId.Of("saga-done", stream, eventId, effect.Name), new SagaEffectDone(id, effect.Name, refusal), metadata.ToUtf8())];
            if (answer is not null)
            {
                written.Add(types.Write(NamedId.Of("saga-refused", stream, eventId, effect.Name), answer, (metadata with { Schema = types.Of(answer).Schema }).ToUtf8()));
            }

            for (var tries = 1; !saga.IsDone(id, effect.Name); tries++)
            {
                await AppendAsync(saga, stream, written, tries, cancellationToken);
            }
        }
    }

    private async Task AppendAsync(SagaSession<TState> saga, string stream, IReadOnlyList<NewEvent> written, int tries, CancellationToken cancellationToken)
    {
        try
        {
            await log.AppendAsync(stream, ExpectedVersion.Exact(saga.Version), written, cancellationToken);
        }
        catch (WrongExpectedVersionException) when (tries >= MaxTries)
        {
            throw new DomainException(CommandErrors.ConcurrentChange(stream, MaxTries));
        }
        catch (WrongExpectedVersionException e) when (e.Actual > saga.Version)
        {
            // A timer came in between: what it changed is read below, before the next try.
            await saga.ReadOnAsync(cancellationToken);
            return;
        }

        await saga.ReadOnAsync(cancellationToken);
    }

    private EventMetadata Metadata(EventEnvelope cause, string causeId) => new()
    {
        CorrelationId = cause.Metadata.CorrelationId ?? causeId,
        CausationId = causeId,
        Tenant = cause.Tenant.Length == 0 ? null : cause.Tenant,
        Actor = name,
        TraceParent = cause.Metadata.TraceParent,
        Region = region,
    };

    private static Guid ReactionId(string stream, string causeId, int index) =>
        NamedId.Of("saga", stream, causeId, index.ToString(CultureInfo.InvariantCulture));

    private sealed record Reaction(Func<EventEnvelope, string?> By, Func<TState, EventEnvelope, Decision> Decide);

    private sealed record Effect(string Name, Func<object, CommandContext, CancellationToken, Task> Do, Func<object, DomainError, DomainEvent>? WhenRefused);

    /// <summary>The sentence after <c>On</c>.</summary>
    public readonly struct ReactionTo<TEvent>
        where TEvent : class
    {
        private readonly ProcessManager<TState> manager;

        internal ReactionTo(ProcessManager<TState> manager) => this.manager = manager;

        /// <summary>Says which saga of the event's tenant it concerns; null for none.</summary>
        public ReactionToBy<TEvent> By(Func<TEvent, string?> saga) => new(manager, envelope => saga((TEvent)envelope.Event));

        /// <summary>Says which saga of the event's tenant it concerns, from the recorded event; null for none.</summary>
        public ReactionToBy<TEvent> ByEnvelope(Func<EventEnvelope, string?> saga) => new(manager, saga);
    }

    /// <summary>The sentence after <c>By</c>.</summary>
    public readonly struct ReactionToBy<TEvent>
        where TEvent : class
    {
        private readonly ProcessManager<TState> manager;
        private readonly Func<EventEnvelope, string?> saga;

        internal ReactionToBy(ProcessManager<TState> manager, Func<EventEnvelope, string?> saga) => (this.manager, this.saga) = (manager, saga);

        /// <summary>Says what the saga records. Pure: it may be asked again with a newer state. A refusal makes the event park.</summary>
        /// <exception cref="ArgumentException">The process manager reacts to the event already.</exception>
        public void Record(Func<TState, TEvent, Decision> decide)
        {
            if (!manager.reactions.TryAdd(typeof(TEvent), new(saga, (state, envelope) => decide(state, (TEvent)envelope.Event))))
            {
                throw new ArgumentException($"{manager.Name} reacts to {typeof(TEvent).Name} already.", nameof(decide));
            }
        }
    }

    /// <summary>The sentence after <c>OnTimer</c>.</summary>
    public readonly struct ReactionToTimer
    {
        private readonly ProcessManager<TState> manager;
        private readonly string timer;

        internal ReactionToTimer(ProcessManager<TState> manager, string timer) => (this.manager, this.timer) = (manager, timer);

        /// <summary>Says what the saga records. Pure: it may be asked again with a newer state.</summary>
        /// <exception cref="ArgumentException">The process manager reacts to the timer already.</exception>
        public void Record(Func<TState, TimerElapsed, Decision> decide)
        {
            if (!manager.timers.TryAdd(timer, decide))
            {
                throw new ArgumentException($"{manager.Name} reacts to timer '{timer}' already.", nameof(decide));
            }
        }
    }

    /// <summary>The sentence after <c>After</c>.</summary>
    public readonly struct EffectAfter<TEvent>
        where TEvent : class
    {
        private readonly ProcessManager<TState> manager;

        internal EffectAfter(ProcessManager<TState> manager) => this.manager = manager;

        /// <summary>
        /// Says what is done. The context holds tenant, correlation and an idempotency key that stays the same when it is repeated:
        /// what is called must do the work once under it.
        /// </summary>
        /// <param name="effect">The effect's name, unique among those after this event; it is recorded, so it must not change later.</param>
        /// <param name="act">What is done.</param>
        /// <param name="whenRefused">The saga's event when it is refused for good; without it, a refusal makes the triggering event park.</param>
        /// <exception cref="ArgumentException">There is an effect of that name after this event.</exception>
        public void Do(string effect, Func<TEvent, CommandContext, CancellationToken, Task> act, Func<TEvent, DomainError, DomainEvent>? whenRefused = null)
        {
            if (!manager.effects.TryGetValue(typeof(TEvent), out var list))
            {
                manager.effects.Add(typeof(TEvent), list = []);
            }

            if (list.Exists(e => e.Name == effect))
            {
                throw new ArgumentException($"{manager.Name} has an effect '{effect}' after {typeof(TEvent).Name} already.", nameof(effect));
            }

            list.Add(new(effect, (e, context, ct) => act((TEvent)e, context, ct), whenRefused is null ? null : (e, error) => whenRefused((TEvent)e, error)));
        }
    }
}
