using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;

namespace AIaaS.EventStore;

/// <summary>One stream while a command works on it: its state, and where it stands. Reads on from where it is.</summary>
internal sealed class StreamSession<TState>(IEventStore log, EventTypes types, SnapshotPolicy<TState>? policy, ILogger logger, string stream)
    where TState : IState<TState>
{
    private readonly List<long> recent = [];
    private Guid lastEvent;
    private long snapshotVersion = -1;

    public TState State { get; private set; } = TState.Initial;

    public long Version { get; private set; } = -1;

    public LogPosition Position { get; private set; }

    /// <summary>
    /// Loads the state. Given an idempotency key, it looks for the events that the command wrote before;
    /// where they are there, it returns the first result.
    /// </summary>
    public async Task<CommandResult<TState>?> LoadAsync(string? idempotencyKey, bool useSnapshot, CancellationToken cancellationToken)
    {
        State = TState.Initial;
        Version = snapshotVersion = -1;
        Position = LogPosition.Start;
        recent.Clear();
        if (useSnapshot && policy is not null
            && await SnapshotStore.FindAsync(log, policy, stream, logger, cancellationToken) is var (snapshot, state)
            && await StreamHoldsAsync(snapshot, cancellationToken))
        {
            State = state;
            Version = snapshotVersion = snapshot.Version;
            lastEvent = snapshot.EventId;
            recent.AddRange(MemoryMarshal.Cast<byte, long>(snapshot.Recent));
            if (idempotencyKey is not null && await IsBeforeSnapshotAsync(CommandEventId.Of(stream, idempotencyKey, 0), cancellationToken))
            {
                return await LoadAsync(idempotencyKey, useSnapshot: false, cancellationToken);
            }
        }

        return await ReadOnAsync(idempotencyKey, cancellationToken);
    }

    /// <summary>Folds what came since the last read.</summary>
    public async Task<CommandResult<TState>?> ReadOnAsync(string? idempotencyKey, CancellationToken cancellationToken)
    {
        var wanted = idempotencyKey is null ? Guid.Empty : CommandEventId.Of(stream, idempotencyKey, 0);
        ImmutableArray<object>.Builder? found = null;
        await foreach (var recorded in log.ReadStreamOrEmptyAsync(stream, ReadDirection.Forwards, Version + 1, long.MaxValue, cancellationToken))
        {
            var matches = idempotencyKey is not null && recorded.Id == wanted;
            if (found is not null && !matches)
            {
                break;
            }

            var @event = Read(recorded);
            Apply(@event, recorded.Id, recorded.Version, recorded.Position);
            if (matches)
            {
                (found ??= ImmutableArray.CreateBuilder<object>()).Add(@event);
                wanted = CommandEventId.Of(stream, idempotencyKey!, found.Count);
            }
        }

        return found is null ? null : new(State, Version, Position, found.ToImmutable()) { Repeated = true };
    }

    /// <summary>Takes events that were appended just now into the state.</summary>
    public void Appended(IReadOnlyList<NewEvent> written, ImmutableArray<object> events, AppendResult result)
    {
        var version = result.Version - events.Length;
        for (var i = 0; i < events.Length; i++)
        {
            Apply(events[i], written[i].Id, ++version, result.Position);
        }
    }

    /// <summary>Stores a snapshot where the policy says so.</summary>
    public Task SnapshotWhenDueAsync(CancellationToken cancellationToken)
    {
        if (policy is null || Version - snapshotVersion < policy.Every)
        {
            return Task.CompletedTask;
        }

        snapshotVersion = Version;
        var keep = Math.Min(recent.Count, policy.RecentEvents);
        return SnapshotStore.SaveAsync(log, policy, stream, State, Version, lastEvent, recent.GetRange(recent.Count - keep, keep).ToArray(), logger, cancellationToken);
    }

    private void Apply(object @event, Guid id, long version, LogPosition position)
    {
        State = State.Evolve(@event);
        Version = version;
        Position = position;
        if (policy is not null)
        {
            lastEvent = id;
            recent.Add(SnapshotStore.Fingerprint(id));
        }
    }

    private object Read(RecordedEvent recorded)
    {
        try
        {
            return types.Read(recorded);
        }
        catch (UnreadableEventException e)
        {
            throw new UnreadableEventException($"Event {recorded.Version} of stream '{stream}' cannot be read, so the stream's state is not known: {e.Message}", e);
        }
    }

    /// <summary>A stream that was deleted, or restored from an older copy, no longer holds what a snapshot says of it.</summary>
    private async Task<bool> StreamHoldsAsync(SnapshotTaken snapshot, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var recorded in log.ReadStreamAsync(stream, ReadDirection.Forwards, snapshot.Version, 1, cancellationToken))
            {
                Position = recorded.Position;
                return recorded.Version == snapshot.Version && recorded.Id == snapshot.EventId;
            }
        }
        catch (StreamNotFoundException)
        {
            return false;
        }

        return false;
    }

    private async Task<bool> IsBeforeSnapshotAsync(Guid first, CancellationToken cancellationToken)
    {
        if (recent.Contains(SnapshotStore.Fingerprint(first)))
        {
            return true;
        }

        var before = Version - recent.Count;
        if (before < 0 || policy!.LookBack == 0)
        {
            return false;
        }

        await foreach (var recorded in log.ReadStreamAsync(stream, ReadDirection.Backwards, before, policy.LookBack, cancellationToken))
        {
            if (recorded.Id == first)
            {
                return true;
            }
        }

        return false;
    }
}
