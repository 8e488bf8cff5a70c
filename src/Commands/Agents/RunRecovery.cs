using System.Collections.Concurrent;
using AIaaS.Commands.Bus;
using AIaaS.Commands.Channels;
using AIaaS.Commands.Knowledge;
using AIaaS.Domain.Agents;
using AIaaS.Domain.Channels;
using AIaaS.Domain.Tools;
using AIaaS.EventStore;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIaaS.Commands.Agents;

/// <summary>
/// Sees to it that every run ends and every answer reaches its conversation, whatever process stopped at whatever point: follows the log,
/// keeps the set of what is open, and takes up what stands still. The checkpoint never passes something open, so a restart reads only
/// what came behind it.
/// </summary>
public sealed class RunRecovery : OpenWork
{
    private const int Concurrency = 64;
    private static readonly TimeSpan LeaseInterval = TimeSpan.FromMilliseconds(400);
    private static readonly TimeSpan LeaseSweep = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan UnclaimedFor = TimeSpan.FromSeconds(4);
    private static readonly EventFilter Filter = EventFilter.Types(
        "agent.run.requested", "agent.run.completed", "agent.run.waiting", "agent.run.signalled", "agent.run.timed-out", "agent.run.moved", "tool.call.resolved",
        "conversation.message.received", "conversation.message.answered");

    private readonly IEventStore log;
    private readonly EventTypes types;
    private readonly RunEngine engine;
    private readonly RunSignals signals;
    private readonly ConversationService conversations;
    private readonly IRetriever retriever;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly ConcurrentDictionary<string, Open> open = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim slots;
    private bool isSearchable;

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
        : base(log, checkpoints, time, "run-recovery", Filter)
    {
        (this.log, this.types, this.engine, this.conversations, this.retriever, this.time) = (log, types, engine, conversations, retriever, time);
        // The runs of a lost worker were all under way at once and go on so: none waits for another one's end.
        slots = new(engine.HasLease ? Math.Max(Concurrency, engine.Options.MaxActive) : Concurrency);
        signals = new(engine, log, types, IdSource.From(time), time);
        this.logger = logger ?? NullLogger<RunRecovery>.Instance;
    }

    /// <summary>Runs and answers that are open now, as far as the log has been followed.</summary>
    public int OpenRuns => open.Count;

    /// <inheritdoc />
    /// <remarks>A lost worker is to be missed soon: what is left of the 10 s that it may cost is the lease itself.</remarks>
    protected override TimeSpan SweepEvery => engine.HasLease && engine.Options.RecoveryInterval > LeaseSweep ? LeaseSweep : engine.Options.RecoveryInterval;

    /// <inheritdoc />
    protected override void Clear()
    {
        open.Clear();
        isSearchable = false;
    }

    /// <inheritdoc />
    protected override void Take(RecordedEvent recorded, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(recorded);
        var name = new StreamName(recorded.Stream);
        if (recorded.Type == "agent.run.requested")
        {
            open[recorded.Stream] = new(name.Tenant, name.Id, recorded.Position, Position, recorded.Recorded);
            return;
        }

        // The ledger's events stand in the streams of sagas too.
        var run = name.Category == "agentRun" ? open.GetValueOrDefault(recorded.Stream) : null;
        try
        {
            switch (types.Read(recorded))
            {
                case RunCompleted { Forked: true }:
                    open.TryRemove(recorded.Stream, out _);
                    break;
                case RunWaiting e:
                    run?.Wait(e, recorded);
                    break;
                case RunSignalled or RunTimedOut or RunMoved or ToolCallResolved:
                    run?.GoOn(recorded);
                    break;
                case MessageReceived { Step: not null } e:
                    if (open.TryGetValue(Run.Stream(name.Tenant, e.Run), out var waiting))
                    {
                        waiting.Messages[e.Message] = e;
                        waiting.GoOn(recorded);
                    }

                    break;
                case MessageAnswered e:
                    open.TryRemove(Run.Stream(name.Tenant, e.Run), out _);
                    break;
            }
        }
        catch (UnreadableEventException e)
        {
            // The run stays open; taking it up says what is wrong with it.
            NoteFailure(e.Message);
            logger.LogWarning(e, "Event {Version} of {Stream} cannot be read", recorded.Version, recorded.Stream);
        }
    }

    /// <inheritdoc />
    protected override async Task LookAsync(CancellationToken cancellationToken)
    {
        // A run that searched before the index is complete would find less than there is.
        isSearchable = isSearchable || retriever is not Bm25Retriever index || await index.WaitForAsync(Born!.Value, engine.Options.RecoveryInterval, cancellationToken);
        if (!isSearchable)
        {
            return;
        }

        var alive = await AliveAsync(cancellationToken);
        foreach (var (stream, run) in open)
        {
            if (IsDue(stream, run) && !(time.GetUtcNow() < run.Until && run.Worker is { } owner && alive.Contains(owner)))
            {
                await slots.WaitAsync(cancellationToken);
                run.Taken = true;
                _ = RecoverAsync(stream, run, cancellationToken);
            }
        }
    }

    /// <summary>The other workers that have open runs here and live. Asked once for all of their runs, so that these need not be read each time.</summary>
    private async Task<HashSet<string>> AliveAsync(CancellationToken cancellationToken)
    {
        HashSet<string> alive = new(StringComparer.Ordinal);
        foreach (var worker in open.Values.Select(r => r.Worker).OfType<string>().ToHashSet(StringComparer.Ordinal))
        {
            if (await engine.IsOtherAsync(worker, cancellationToken))
            {
                alive.Add(worker);
            }
        }

        return alive;
    }

    private bool IsDue(string stream, Open run)
    {
        if (run.Taken || engine.IsActive(stream))
        {
            return false;
        }

        var now = time.GetUtcNow();
        return now >= run.NextTry
            && (now >= run.Until
                || (!run.IsResting && ((engine.Options.OwnsLog && run.Position <= Born) || now - run.LastSeen >= (engine.HasLease ? LeaseInterval : engine.Options.Grace))));
    }

    /// <inheritdoc />
    protected override LogPosition Done()
    {
        var done = Position;
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
            if (time.GetUtcNow() >= run.Until)
            {
                await TimeOutAsync(run, cancellationToken);
            }
            else if (!(engine.Options.OwnsLog && run.Position <= Born) && await IsMovingAsync(stream, run, cancellationToken))
            {
                return;
            }

            foreach (var message in run.Messages.Values)
            {
                await conversations.SignalAsync(run.Tenant, run.Run, message.Conversation, message.Message, message.Text, (message.Step!, message.Visit), new(run.Tenant, "customer"), cancellationToken);
                run.Messages.TryRemove(message.Message, out _);
            }

            var marks = run.Marks;
            var state = await engine.RestAsync(run.Tenant, run.Run, cancellationToken);
            await conversations.SettleAsync(run.Tenant, state, cancellationToken);
            if (state.Completed is not null)
            {
                open.TryRemove(stream, out _);
            }
            else if (state.IsResting)
            {
                // What comes from outside ends the rest; if it came just now, the next look finds it.
                run.Until = state.Waits.Select(w => w.Until).DefaultIfEmpty(DateTimeOffset.MaxValue).Min();
                run.IsResting = marks == run.Marks;
            }
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            run.Failures++;
            run.NextTry = time.GetUtcNow() + TimeSpan.FromSeconds(Math.Min(60, 1 << Math.Min(run.Failures, 6)));
            NoteFailure($"{stream}: {e.Message}");
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

    /// <summary>Whether another worker has the run: one that lives; or, where workers show no sign of life, one that has moved it within the grace.</summary>
    private async Task<bool> IsMovingAsync(string stream, Open run, CancellationToken cancellationToken)
    {
        if (engine.HasLease)
        {
            var state = (await engine.LoadAsync(run.Tenant, run.Run, cancellationToken)).State;
            if (state.Started is null)
            {
                // No worker has it yet: it may still be on the bus.
                return time.GetUtcNow() - run.LastSeen < UnclaimedFor;
            }

            if (state.Completed is not null || !await engine.IsElsewhereAsync(state, cancellationToken))
            {
                return false;
            }

            run.Worker = state.Worker;
            run.NextTry = time.GetUtcNow() + LeaseInterval;
            return true;
        }

        await foreach (var last in log.ReadStreamAsync(stream, ReadDirection.Backwards, long.MaxValue, 1, cancellationToken))
        {
            run.LastSeen = last.Recorded;
        }

        return time.GetUtcNow() - run.LastSeen < engine.Options.Grace;
    }

    private async Task TimeOutAsync(Open run, CancellationToken cancellationToken)
    {
        var state = (await engine.LoadAsync(run.Tenant, run.Run, cancellationToken)).State;
        foreach (var wait in state.Waits.Where(w => w.Until <= time.GetUtcNow()))
        {
            await signals.TimeOutAsync(run.Tenant, run.Run, wait, cancellationToken);
        }

        run.Until = state.Waits.Select(w => w.Until).Where(u => u > time.GetUtcNow()).DefaultIfEmpty(DateTimeOffset.MaxValue).Min();
    }

    private sealed class Open(string tenant, string run, LogPosition position, LogPosition before, DateTimeOffset recorded)
    {
        private int marks;

        public string Tenant => tenant;

        public string Run => run;

        public LogPosition Position => position;

        public LogPosition Before => before;

        public DateTimeOffset LastSeen { get; set; } = recorded;

        public DateTimeOffset NextTry { get; set; }

        public int Failures { get; set; }

        public bool Taken { get; set; }

        /// <summary>The worker that had the run when it was last read; null where it was not read yet.</summary>
        public string? Worker { get; set; }

        /// <summary>Whether the run waits for something from outside: nobody need look at it before <see cref="Until"/>.</summary>
        public bool IsResting { get; set; }

        /// <summary>When the time of its first wait is up.</summary>
        public DateTimeOffset Until { get; set; } = DateTimeOffset.MaxValue;

        /// <summary>Messages for the run; those that it has heard change nothing.</summary>
        public ConcurrentDictionary<string, MessageReceived> Messages { get; } = new(StringComparer.Ordinal);

        /// <summary>How much has come from outside.</summary>
        public int Marks => Volatile.Read(ref marks);

        public void Wait(RunWaiting wait, RecordedEvent recorded)
        {
            Until = Until < wait.Until ? Until : wait.Until;
            LastSeen = recorded.Recorded;
        }

        public void GoOn(RecordedEvent recorded)
        {
            Interlocked.Increment(ref marks);
            IsResting = false;
            LastSeen = recorded.Recorded;
            NextTry = default;
        }
    }
}
