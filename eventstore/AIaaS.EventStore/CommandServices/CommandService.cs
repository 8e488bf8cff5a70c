using System.Collections.Immutable;
using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIaaS.EventStore;

/// <summary>
/// Handles the commands of one kind of stream: load, decide, append. A service names its commands in its constructor:
/// <code>On&lt;ReserveBudget&gt;().In(c => Budget.Stream(c.Tenant, c.Period)).Decide((budget, command) => budget.Reserve(command));</code>
/// One command writes one stream. Where others wrote meanwhile, the state is read on and decides again.
/// </summary>
/// <param name="log">The log.</param>
/// <param name="types">The event types.</param>
/// <param name="ids">Where ids come from for commands without an idempotency key.</param>
/// <param name="region">Where this process runs, for the metadata.</param>
/// <param name="logger">Takes what goes wrong with snapshots.</param>
public abstract class CommandService<TState>(IEventStore log, EventTypes types, IdSource ids, string? region = null, ILogger? logger = null)
    where TState : IState<TState>
{
    private const int MaxTries = 10;

    private readonly Dictionary<Type, object> routes = [];
    private readonly ILogger logger = logger ?? NullLogger.Instance;
    private readonly SemaphoreSlim[] contended = [.. Enumerable.Range(0, 32).Select(_ => new SemaphoreSlim(1))];

    /// <summary>When snapshots are taken; null (default) for short streams, which need none.</summary>
    protected virtual SnapshotPolicy<TState>? Snapshots => null;

    /// <summary>Begins the sentence that says how a command is handled.</summary>
    protected CommandRoute<TCommand> On<TCommand>()
        where TCommand : class => new(this);

    /// <summary>Loads the state of a stream.</summary>
    public async Task<Loaded<TState>> LoadAsync(string stream, CancellationToken cancellationToken = default)
    {
        var session = new StreamSession<TState>(log, types, Snapshots, logger, stream);
        await session.LoadAsync(null, useSnapshot: true, cancellationToken);
        return new(session.State, session.Version, session.Position);
    }

    /// <summary>
    /// Handles a command. The same idempotency key gives the same result for what wrote events; a refusal, or a command that had
    /// nothing to do, left no trace and is decided anew.
    /// </summary>
    /// <exception cref="DomainException">The state refuses it, the stream is another tenant's, or others changed the stream during each of ten tries.</exception>
    /// <exception cref="InvalidOperationException">The service does not know the command.</exception>
    public async Task<CommandResult<TState>> HandleAsync<TCommand>(TCommand command, CommandContext context, CancellationToken cancellationToken = default)
        where TCommand : class
    {
        ArgumentNullException.ThrowIfNull(context);
        if (!routes.TryGetValue(typeof(TCommand), out var known))
        {
            throw new InvalidOperationException($"{GetType().Name} has no handler for {typeof(TCommand).Name}. Add On<{typeof(TCommand).Name}>().In(…).Decide(…) to its constructor.");
        }

        var route = (Route<TCommand>)known;
        var stream = route.In(command);
        if (stream.Tenant != context.Tenant)
        {
            throw new DomainException(CommandErrors.OtherTenant(context.Tenant));
        }

        var key = context.IdempotencyKey;
        var session = new StreamSession<TState>(log, types, Snapshots, logger, stream.Value);
        if (await session.LoadAsync(key, useSnapshot: true, cancellationToken) is { } first)
        {
            return first;
        }

        EventMetadata? metadata = null;
        SemaphoreSlim? gate = null;
        try
        {
            for (var tries = 1; ; tries++)
            {
                var decision = route.Decide(session.State, command);
                if (decision.Error is { } error)
                {
                    throw new DomainException(error);
                }

                var events = decision.Events;
                if (events.IsEmpty)
                {
                    return new(session.State, session.Version, session.Position, []);
                }

                var written = Write(stream.Value, events, key, metadata ??= Metadata(context));
                try
                {
                    var result = await log.AppendAsync(stream.Value, ExpectedVersion.Exact(session.Version), written, cancellationToken);
                    if (result.Repeated && key is not null
                        && await session.LoadAsync(key, useSnapshot: false, cancellationToken) is { } earlier)
                    {
                        return earlier;
                    }

                    session.Appended(written, events, result);
                    await session.SnapshotWhenDueAsync(cancellationToken);
                    return new(session.State, result.Version, result.Position, events);
                }
                catch (WrongExpectedVersionException) when (tries == MaxTries)
                {
                    throw new DomainException(CommandErrors.ConcurrentChange(stream.Value, MaxTries));
                }
                catch (WrongExpectedVersionException conflict)
                {
                    // Commands of this process that met a conflict go one by one, so that each of them comes through.
                    if (gate is null)
                    {
                        var contender = contended[(uint)string.GetHashCode(stream.Value, StringComparison.Ordinal) % (uint)contended.Length];
                        await contender.WaitAsync(cancellationToken);
                        gate = contender;
                    }

                    var repeated = conflict.Actual < session.Version
                        ? await session.LoadAsync(key, useSnapshot: false, cancellationToken)
                        : await session.ReadOnAsync(key, cancellationToken);
                    if (repeated is not null)
                    {
                        return repeated;
                    }
                }
            }
        }
        finally
        {
            gate?.Release();
        }
    }

    private NewEvent[] Write(string stream, ImmutableArray<object> events, string? key, EventMetadata metadata)
    {
        var written = new NewEvent[events.Length];
        ReadOnlyMemory<byte> bytes = default;
        var schema = 0;
        for (var i = 0; i < written.Length; i++)
        {
            var type = types.Of(events[i]);
            if (type.Schema != schema)
            {
                schema = type.Schema;
                bytes = (metadata with { Schema = schema }).ToUtf8();
            }

            written[i] = types.Write(key is null ? ids.NewId() : CommandEventId.Of(stream, key, i), events[i], bytes);
        }

        return written;
    }

    private EventMetadata Metadata(CommandContext context)
    {
        var activity = Activity.Current is { IdFormat: ActivityIdFormat.W3C } current ? current : null;
        var correlation = context.CorrelationId ?? activity?.TraceId.ToHexString() ?? ids.NewId().ToString("N");
        return new()
        {
            CorrelationId = correlation,
            CausationId = context.CausationId ?? correlation,
            Tenant = context.Tenant.Length == 0 ? null : context.Tenant,
            Actor = context.Actor,
            TraceParent = activity?.Id,
            Region = region,
        };
    }

    private sealed record Route<TCommand>(Func<TCommand, StreamName> In, Func<TState, TCommand, Decision> Decide);

    /// <summary>The sentence after <c>On</c>.</summary>
    public readonly struct CommandRoute<TCommand>
        where TCommand : class
    {
        private readonly CommandService<TState> service;

        internal CommandRoute(CommandService<TState> service) => this.service = service;

        /// <summary>Says which stream the command changes.</summary>
        public CommandRouteIn<TCommand> In(Func<TCommand, StreamName> stream) => new(service, stream);
    }

    /// <summary>The sentence after <c>In</c>.</summary>
    public readonly struct CommandRouteIn<TCommand>
        where TCommand : class
    {
        private readonly CommandService<TState> service;
        private readonly Func<TCommand, StreamName> stream;

        internal CommandRouteIn(CommandService<TState> service, Func<TCommand, StreamName> stream) => (this.service, this.stream) = (service, stream);

        /// <summary>Says how the state decides. Pure: it may be asked again with a newer state.</summary>
        /// <exception cref="ArgumentException">The service handles the command already.</exception>
        public void Decide(Func<TState, TCommand, Decision> decide)
        {
            if (!service.routes.TryAdd(typeof(TCommand), new Route<TCommand>(stream, decide)))
            {
                throw new ArgumentException($"{service.GetType().Name} handles {typeof(TCommand).Name} already.", nameof(decide));
            }
        }
    }
}
