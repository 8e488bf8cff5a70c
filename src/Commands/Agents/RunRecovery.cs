using System.Collections.Concurrent;
using AIaaS.Commands.Channels;
using AIaaS.Commands.Knowledge;
using AIaaS.Domain.Agents;
using AIaaS.Domain.Channels;
using AIaaS.EventStore;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIaaS.Commands.Agents;

/// <summary>
/// Sees to it that every run ends and every answer reaches its conversation, whatever process stopped at whatever point: follows the log,
/// keeps the set of what is open, and takes up what stands still. The checkpoint never passes something open, so a restart reads only
/// what came behind it.
/// </summary>
public sealed class RunRecovery : ISubscription
{
    private const int Concurrency = 8;
    private static readonly TimeSpan CheckpointInterval = TimeSpan.FromSeconds(5);
    private static readonly EventFilter Filter = EventFilter.Types("agent.run.requested", "agent.run.completed", "conversation.message.answered");

    private readonly IEventStore log;
    private readonly EventTypes types;
    private readonly RunEngine engine;
    private readonly ConversationService conversations;
    private readonly ICheckpointStore checkpoints;
    private readonly IRetriever retriever;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly ConcurrentDictionary<string, Open> open = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim slots = new(Concurrency);
    private LogPosition? born;
    private LogPosition received;
    private SubscriptionState state = SubscriptionState.Stopped;
    private string? lastError;

    /// <summary>Makes it; the subscription host runs it.</summary>
    public RunRecovery(
        IEventStore log,
        EventTypes types,
        RunEngine engine,
        ConversationService conversations,
        ICheckpointStore checkpoints,
        IRetriever retriever,
        TimeProvider time,
        ILogger<RunRecovery>? logger = null)
    {
        (this.log, this.types, this.engine, this.conversations, this.checkpoints, this.retriever, this.time) = (log, types, engine, conversations, checkpoints, retriever, time);
        this.logger = logger ?? NullLogger<RunRecovery>.Instance;
    }

    /// <inheritdoc />
    public string Name => "run-recovery";

    /// <summary>Runs and answers that are open now, as far as the log has been followed.</summary>
    public int OpenRuns => open.Count;

    /// <inheritdoc />
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        state = SubscriptionState.CatchingUp;
        open.Clear();
        received = await checkpoints.LoadAsync(Name, cancellationToken);
        born ??= await log.GetHeadAsync(cancellationToken);
        try
        {
            await SubscriptionTasks.RunAsync(stop => [ReceiveAsync(stop), SweepAsync(stop)], e => lastError = e, cancellationToken);
        }
        finally
        {
            state = SubscriptionState.Stopped;
        }
    }

    /// <inheritdoc />
    public async Task<SubscriptionStatus> GetStatusAsync(CancellationToken cancellationToken = default)
    {
        var lag = await SubscriptionLag.MeasureAsync(log, received, Filter, cancellationToken);
        return new(Name, state, received, lag.Events, lag.Seconds(time), 0, 0, lastError);
    }

    /// <inheritdoc />
    public Task<int> ReplayParkedAsync(string? key = null, CancellationToken cancellationToken = default) => Task.FromResult(0);

    private async Task ReceiveAsync(CancellationToken cancellationToken)
    {
        await foreach (var message in log.SubscribeToAllAsync(received, Filter, cancellationToken))
        {
            if (message.Event is { } recorded)
            {
                Take(recorded);
            }

            received = message.Position;
            if (message.Kind == SubscriptionMessageKind.CaughtUp)
            {
                state = SubscriptionState.Live;
            }
        }

        throw new InvalidOperationException("The log ended the subscription without an error.");
    }

    private void Take(RecordedEvent recorded)
    {
        var name = new StreamName(recorded.Stream);
        if (recorded.Type == "agent.run.requested")
        {
            open[recorded.Stream] = new(name.Tenant, name.Id, recorded.Position, received, recorded.Recorded);
            return;
        }

        try
        {
            switch (types.Read(recorded.Type, recorded.Data.Span))
            {
                case RunCompleted { Forked: true }:
                    open.TryRemove(recorded.Stream, out _);
                    break;
                case MessageAnswered e:
                    open.TryRemove(Run.Stream(name.Tenant, e.Run), out _);
                    break;
            }
        }
        catch (UnreadableEventException e)
        {
            // The run stays open; taking it up says what is wrong with it.
            lastError = e.Message;
            logger.LogWarning(e, "Event {Version} of {Stream} cannot be read", recorded.Version, recorded.Stream);
        }
    }

    private async Task SweepAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(engine.Options.RecoveryInterval, time);
        var stored = received;
        var storedAt = time.GetTimestamp();
        var searchable = false;
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            if (state != SubscriptionState.Live)
            {
                continue;
            }

            // A run that searched before the index is complete would find less than there is.
            searchable = searchable || retriever is not Bm25Retriever index || await index.WaitForAsync(born!.Value, engine.Options.RecoveryInterval, cancellationToken);
            if (searchable)
            {
                foreach (var (stream, run) in open)
                {
                    if (IsDue(stream, run))
                    {
                        await slots.WaitAsync(cancellationToken);
                        run.Taken = true;
                        _ = RecoverAsync(stream, run, cancellationToken);
                    }
                }
            }

            var done = Done();
            if (done > stored && time.GetElapsedTime(storedAt) >= CheckpointInterval)
            {
                await checkpoints.StoreAsync(Name, done, cancellationToken);
                (stored, storedAt) = (done, time.GetTimestamp());
            }
        }
    }

    private bool IsDue(string stream, Open run)
    {
        if (run.Taken || engine.IsActive(stream))
        {
            return false;
        }

        var now = time.GetUtcNow();
        return now >= run.NextTry && ((engine.Options.OwnsLog && run.Position <= born) || now - run.LastSeen >= engine.Options.Grace);
    }

    private LogPosition Done()
    {
        var done = received;
        foreach (var run in open.Values)
        {
            if (run.Before < done)
            {
                done = run.Before;
            }
        }

        return done;
    }

    private async Task RecoverAsync(string stream, Open run, CancellationToken cancellationToken)
    {
        try
        {
            if (!(engine.Options.OwnsLog && run.Position <= born) && await IsMovingAsync(stream, run, cancellationToken))
            {
                return;
            }

            await engine.ExecuteAsync(run.Tenant, run.Run, cancellationToken);
            await conversations.CompleteAsync(run.Tenant, run.Run, cancellationToken);
            open.TryRemove(stream, out _);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            run.Failures++;
            run.NextTry = time.GetUtcNow() + TimeSpan.FromSeconds(Math.Min(60, 1 << Math.Min(run.Failures, 6)));
            lastError = $"{stream}: {e.Message}";
            logger.LogWarning(e, "Run {Run} could not be taken up; it is tried again", run.Run);
        }
        catch (OperationCanceledException)
        {
            logger.LogDebug("Taking up run {Run} ends with the program", run.Run);
        }
        finally
        {
            run.Taken = false;
            slots.Release();
        }
    }

    /// <summary>Whether another process has moved the run within the grace.</summary>
    private async Task<bool> IsMovingAsync(string stream, Open run, CancellationToken cancellationToken)
    {
        await foreach (var last in log.ReadStreamAsync(stream, ReadDirection.Backwards, long.MaxValue, 1, cancellationToken))
        {
            run.LastSeen = last.Recorded;
        }

        return time.GetUtcNow() - run.LastSeen < engine.Options.Grace;
    }

    private sealed class Open(string tenant, string run, LogPosition position, LogPosition before, DateTimeOffset recorded)
    {
        public string Tenant => tenant;

        public string Run => run;

        public LogPosition Position => position;

        public LogPosition Before => before;

        public DateTimeOffset LastSeen { get; set; } = recorded;

        public DateTimeOffset NextTry { get; set; }

        public int Failures { get; set; }

        public bool Taken { get; set; }
    }
}
