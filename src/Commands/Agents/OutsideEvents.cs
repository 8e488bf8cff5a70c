using System.Collections.Immutable;
using AIaaS.EventStore;

namespace AIaaS.Commands.Agents;

/// <summary>
/// Appends to a stream that somebody else works on: a signal to a run, the resolution of an unknown call. It decides on the stream's state as
/// it is now, carries the stream's hash chain on where it has one, and appends by expected version. Whoever works on the stream then finds
/// it longer than expected, reads on, and goes on from there.
/// </summary>
public sealed class OutsideEvents(IEventStore log, EventTypes types)
{
    private const int MaxTries = 20;

    /// <summary>Loads the stream, decides and appends. The same key gives the same result for what wrote events.</summary>
    /// <param name="stream">The stream; it must belong to the context's tenant.</param>
    /// <param name="decide">Pure: it is asked again when others wrote meanwhile.</param>
    /// <param name="context">On whose behalf; with an idempotency key.</param>
    /// <param name="ids">For a correlation id where the context has none.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="DomainException">The state refuses it, the stream is another tenant's, or others wrote during each try.</exception>
    public async Task<CommandResult<TState>> AppendAsync<TState>(StreamName stream, Func<TState, Decision> decide, CommandContext context, IdSource ids, CancellationToken cancellationToken = default)
        where TState : IState<TState>
    {
        ArgumentNullException.ThrowIfNull(decide);
        ArgumentNullException.ThrowIfNull(context);
        if (stream.Tenant != context.Tenant)
        {
            throw new DomainException(CommandErrors.OtherTenant(context.Tenant));
        }

        var key = context.IdempotencyKey ?? ids.NewId().ToString("N");
        var metadata = RunMetadata.For(context, ids);
        for (var tries = 1; ; tries++)
        {
            var (state, last, repeated) = await LoadAsync<TState>(stream, key, cancellationToken);
            if (repeated is not null)
            {
                return repeated;
            }

            var decision = decide(state);
            if (decision.Error is { } error)
            {
                throw new DomainException(error);
            }

            var events = decision.Events;
            if (events.IsEmpty)
            {
                return new(state, last?.Version ?? -1, last?.Position ?? LogPosition.Start, []);
            }

            try
            {
                var result = await log.AppendAsync(stream, ExpectedVersion.Exact(last?.Version ?? -1), Write(stream, key, last, events, metadata), cancellationToken);
                return new(events.Aggregate(state, (s, e) => s.Evolve(e)), result.Version, result.Position, events) { Repeated = result.Repeated };
            }
            catch (WrongExpectedVersionException) when (tries < MaxTries)
            {
                // The run's own worker wrote in between: decide again on what stands there now.
            }
            catch (WrongExpectedVersionException)
            {
                throw new DomainException(CommandErrors.ConcurrentChange(stream, MaxTries));
            }
        }
    }

    private async Task<(TState State, RecordedEvent? Last, CommandResult<TState>? Repeated)> LoadAsync<TState>(StreamName stream, string key, CancellationToken cancellationToken)
        where TState : IState<TState>
    {
        var state = TState.Initial;
        RecordedEvent? last = null;
        var found = ImmutableArray.CreateBuilder<object>();
        var wanted = CommandEventId.Of(stream, key, 0);
        await foreach (var recorded in log.ReadStreamOrEmptyAsync(stream, cancellationToken: cancellationToken))
        {
            var matches = recorded.Id == wanted;
            if (found.Count > 0 && !matches)
            {
                break;
            }

            var @event = types.Read(recorded);
            state = state.Evolve(@event);
            last = recorded;
            if (matches)
            {
                found.Add(@event);
                wanted = CommandEventId.Of(stream, key, found.Count);
            }
        }

        return (state, last, found.Count == 0 ? null : new(state, last!.Version, last.Position, found.ToImmutable()) { Repeated = true });
    }

    private NewEvent[] Write(StreamName stream, string key, RecordedEvent? last, ImmutableArray<object> events, EventMetadata metadata)
    {
        var chain = last is null ? null : EventMetadata.Read(last.Metadata.Span).Chain is { } hex ? Convert.FromHexString(hex) : null;
        var written = new NewEvent[events.Length];
        for (var i = 0; i < written.Length; i++)
        {
            var type = types.Of(events[i]);
            var plain = types.Write(CommandEventId.Of(stream, key, i), events[i], metadata with { Schema = type.Schema });
            if (chain is null)
            {
                written[i] = plain;
                continue;
            }

            (chain, var linked) = EpisodeChain.Seal(chain, type.Name, plain.Data.Span, metadata with { Schema = type.Schema });
            written[i] = plain with { Metadata = linked };
        }

        return written;
    }
}
