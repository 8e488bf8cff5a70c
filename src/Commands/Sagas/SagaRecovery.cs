using System.Collections.Concurrent;
using AIaaS.Commands.Bus;
using AIaaS.Domain.Sagas;
using AIaaS.EventStore;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIaaS.Commands.Sagas;

/// <summary>
/// Sees to it that no saga is left standing, whatever process stopped at whatever point: follows the log, keeps the set of sagas that have
/// something to do, and publishes those anew that do not move and whose worker is dead or has put them down. The checkpoint never passes a saga that has
/// something to do, so a restart reads only what came behind it.
/// </summary>
public sealed partial class SagaRecovery(
    IEventStore log,
    EventTypes types,
    SagaCatalog catalog,
    SagaWorker worker,
    IWorkBus bus,
    WorkerHeartbeat heartbeat,
    ICheckpointStore checkpoints,
    TimeProvider time,
    WorkerOptions? options = null,
    ILogger<SagaRecovery>? logger = null) : OpenWork(log, checkpoints, time, "saga-recovery", EventFilter.Streams("saga-"))
{
    private static readonly TimeSpan UnclaimedFor = TimeSpan.FromSeconds(5);

    private readonly TimeProvider time = time;
    private readonly WorkerOptions options = options ?? new();
    private readonly ILogger logger = logger ?? NullLogger<SagaRecovery>.Instance;
    private readonly ConcurrentDictionary<string, Open> open = new(StringComparer.Ordinal);

    /// <summary>Sagas that have something to do now, as far as the log has been followed.</summary>
    public int OpenSagas => open.Count;

    /// <inheritdoc />
    protected override TimeSpan SweepEvery { get; } = TimeSpan.FromMilliseconds(500);

    /// <inheritdoc />
    protected override void Clear() => open.Clear();

    /// <inheritdoc />
    protected override void Take(RecordedEvent recorded, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(recorded);
        var name = new StreamName(recorded.Stream);
        if (!catalog.Knows(name.Id))
        {
            return;
        }

        // A worker writes these last when a saga ends or has to wait; what wakes it up comes behind them.
        if (recorded.Type is "saga.completed" or "saga.compensated" or "saga.parked" or "tool.call.unknown" or "timer.scheduled")
        {
            open.TryRemove(recorded.Stream, out _);
            return;
        }

        var claimed = recorded.Type == "saga.claimed" ? ClaimOf(recorded) : null;
        var now = time.GetTimestamp();
        open.AddOrUpdate(
            recorded.Stream,
            _ => new(name.Tenant, name.Id, Position, recorded.Position, claimed, now),
            (_, known) => known with { Position = recorded.Position, Worker = claimed ?? known.Worker, MovedAt = now, Tries = 0 });
    }

    private string? ClaimOf(RecordedEvent recorded)
    {
        try
        {
            return (types.Read(recorded) as SagaClaimed)?.Worker;
        }
        catch (UnreadableEventException e)
        {
            // Taking the saga up says what is wrong with it.
            NoteFailure(e.Message);
            return null;
        }
    }

    /// <inheritdoc />
    protected override async Task LookAsync(CancellationToken cancellationToken)
    {
        Dictionary<string, bool> alive = new(StringComparer.Ordinal);
        foreach (var (stream, saga) in open)
        {
            // Asked for each worker at each sweep: the watch on a heartbeat begins with the first question.
            if (saga.Worker is { } owner && !alive.ContainsKey(owner))
            {
                alive[owner] = await heartbeat.IsAliveAsync(owner, cancellationToken);
            }

            var quiet = saga.Worker is null ? options.OwnsLog && saga.Position <= Born ? TimeSpan.Zero : UnclaimedFor
                : alive[saga.Worker] ? options.StillFor
                : TimeSpan.Zero;
            if (worker.IsActive(stream) || time.GetElapsedTime(saga.MovedAt) < quiet + Backoff(saga.Tries))
            {
                continue;
            }

            try
            {
                // What woke it up may have changed nothing: then no worker has anything to write.
                if (saga.Tries > 0 && await worker.IsAtRestAsync(saga.Tenant, saga.Saga, cancellationToken))
                {
                    open.TryRemove(new(stream, saga));
                    continue;
                }

                await bus.PublishAsync(new ExecuteSaga(saga.Tenant, saga.Saga, saga.Worker), cancellationToken);
                open.TryUpdate(stream, saga with { Tries = saga.Tries + 1, MovedAt = time.GetTimestamp() }, saga);
                Again(logger, saga.Saga, saga.Worker ?? "none");
            }
            catch (BusUnavailableException e)
            {
                NoteFailure(e.Message);
                return;
            }
            catch (UnreadableEventException e)
            {
                // The worker that gets it says so, too, as a dead letter.
                NoteFailure(e.Message);
                open.TryUpdate(stream, saga with { Tries = saga.Tries + 1, MovedAt = time.GetTimestamp() }, saga);
            }
        }
    }

    private static TimeSpan Backoff(int tries) => tries == 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(Math.Min(600, 5 << Math.Min(tries - 1, 7)));

    /// <inheritdoc />
    protected override LogPosition Done()
    {
        var done = Position;
        foreach (var saga in open.Values)
        {
            if (saga.Before < done)
            {
                done = saga.Before;
            }
        }

        return done;
    }

    [LoggerMessage(LogLevel.Information, "Saga {Saga} does not move (its worker: {Worker}) and is published again.")]
    private static partial void Again(ILogger logger, string saga, string worker);

    private sealed record Open(string Tenant, string Saga, LogPosition Before, LogPosition Position, string? Worker, long MovedAt)
    {
        public int Tries { get; init; }
    }
}
