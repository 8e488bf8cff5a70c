using System.ComponentModel.DataAnnotations;
using AIaaS.Commands.Bus;
using AIaaS.Domain.Budgets;
using AIaaS.EventStore;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIaaS.Commands.Budgets;

/// <summary>The settings of budgets (configuration section <c>Budgets</c>).</summary>
public sealed record BudgetOptions
{
    /// <summary>How often reservations past their deadline are looked into. Default 1 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:10:00")]
    public TimeSpan SweepEvery { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How much longer than its call may take a reservation lasts before that. Default 30 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "01:00:00")]
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Whether no other process can be on this log, as with the embedded engine: what was open when it started was left behind, and is looked into at once.</summary>
    public bool OwnsLog { get; init; } = true;
}

/// <summary>
/// Settles and releases what is reserved: follows the log, keeps the reservations that are open, and looks into the caller's stream when a call's outcome is recorded,
/// when its run or saga ends, and when the deadline is past. The checkpoint never passes an open reservation, so that a restart finds those of processes that are gone.
/// </summary>
public sealed class BudgetSettlement(IEventStore log, EventTypes types, BudgetLedger ledger, ICheckpointStore checkpoints, TimeProvider time, BudgetOptions? options = null, ILogger<BudgetSettlement>? logger = null)
    : OpenWork(log, checkpoints, time, "budget-settlement", Filter)
{
    private const int Concurrency = 64;
    private static readonly EventFilter Filter = EventFilter.Types(
        "budget.reserved", "budget.settled", "budget.released",
        "model.call.completed", "model.call.failed", "tool.call.succeeded", "tool.call.failed", "tool.call.unknown",
        "agent.run.completed", "saga.completed", "saga.compensated");

    private readonly TimeProvider time = time;
    private readonly BudgetOptions options = options ?? new();
    private readonly ILogger logger = logger ?? NullLogger<BudgetSettlement>.Instance;
    private readonly Lock gate = new();
    private readonly Dictionary<(string Stream, string Reservation), Entry> open = [];
    private readonly Dictionary<string, List<Entry>> byCaller = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim slots = new(Concurrency);

    /// <summary>Reservations that are open now, as far as the log has been followed.</summary>
    public int Open
    {
        get
        {
            lock (gate)
            {
                return open.Count;
            }
        }
    }

    /// <inheritdoc />
    protected override TimeSpan SweepEvery => options.SweepEvery;

    /// <inheritdoc />
    protected override void Clear()
    {
        lock (gate)
        {
            open.Clear();
            byCaller.Clear();
        }
    }

    /// <inheritdoc />
    protected override void Take(RecordedEvent recorded, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(recorded);
        if (!recorded.Type.StartsWith("budget.", StringComparison.Ordinal))
        {
            Mark(recorded.Stream, cancellationToken);
            return;
        }

        try
        {
            switch (types.Read(recorded))
            {
                case BudgetReserved e:
                    Add(new(recorded.Stream, e, recorded.Position, Position));
                    break;
                case BudgetSettled e:
                    Remove((recorded.Stream, e.Reservation));
                    break;
                case BudgetReleased e:
                    Remove((recorded.Stream, e.Reservation));
                    break;
            }
        }
        catch (UnreadableEventException e)
        {
            // Its period cannot be folded either, so that nothing more is granted in it: whoever reads the status or the log sees why.
            NoteFailure(e.Message);
            logger.LogError(e, "Event {Version} of {Stream} cannot be read", recorded.Version, recorded.Stream);
        }
    }

    private void Add(Entry entry)
    {
        lock (gate)
        {
            open[entry.Key] = entry;
            if (!byCaller.TryGetValue(entry.Reserved.Caller, out var list))
            {
                byCaller[entry.Reserved.Caller] = list = [];
            }

            list.Add(entry);
        }
    }

    private void Remove((string Stream, string Reservation) key)
    {
        lock (gate)
        {
            if (open.Remove(key, out var entry) && byCaller.TryGetValue(entry.Reserved.Caller, out var list) && list.Remove(entry) && list.Count == 0)
            {
                byCaller.Remove(entry.Reserved.Caller);
            }
        }
    }

    /// <summary>Something came of what this caller reserved for.</summary>
    private void Mark(string caller, CancellationToken cancellationToken)
    {
        Entry[] marked;
        lock (gate)
        {
            if (!byCaller.TryGetValue(caller, out var list))
            {
                return;
            }

            marked = [.. list];
        }

        foreach (var entry in marked)
        {
            entry.IsDue = true;
            if (IsLive)
            {
                Begin(entry, cancellationToken);
            }
        }
    }

    /// <inheritdoc />
    protected override void CaughtUp(CancellationToken cancellationToken) => Look(e => e.IsDue || IsLeft(e), cancellationToken);

    /// <inheritdoc />
    protected override Task LookAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        Look(e => now >= e.NextTry && (e.IsDue || now >= e.Reserved.Until || IsLeft(e)), cancellationToken);
        return Task.CompletedTask;
    }

    /// <summary>Whether it was left behind by a process that is gone.</summary>
    private bool IsLeft(Entry entry) => options.OwnsLog && entry.Position <= Born;

    private void Look(Func<Entry, bool> isWanted, CancellationToken cancellationToken)
    {
        Entry[] wanted;
        lock (gate)
        {
            wanted = open.Count == 0 ? [] : [.. open.Values.Where(isWanted)];
        }

        foreach (var entry in wanted)
        {
            Begin(entry, cancellationToken);
        }
    }

    /// <inheritdoc />
    protected override LogPosition Done()
    {
        lock (gate)
        {
            return open.Count == 0 ? Position : open.Values.Min(e => e.Before);
        }
    }

    private void Begin(Entry entry, CancellationToken cancellationToken)
    {
        if (entry.TryBegin())
        {
            _ = Task.Run(() => LookAsync(entry, cancellationToken), CancellationToken.None);
        }
    }

    private async Task LookAsync(Entry entry, CancellationToken cancellationToken)
    {
        var isHeld = false;
        try
        {
            await slots.WaitAsync(cancellationToken);
            isHeld = true;
            do
            {
                entry.IsDue = false;
                var stream = new StreamName(entry.Stream);
                var (budget, period) = BudgetPeriod.Names(stream.Id);
                if (await ledger.ClearAsync(stream.Tenant, new(budget, period, entry.Reserved.Reservation), entry.Reserved, time.GetUtcNow(), cancellationToken))
                {
                    entry.NextTry = DateTimeOffset.MaxValue;
                    return;
                }

                entry.NextTry = time.GetUtcNow() + options.SweepEvery * Math.Min(32, 1 << Math.Min(entry.Looks++, 5));
            }
            while (entry.IsDue);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            logger.LogDebug("Looking into a reservation ends with the program");
        }
        catch (Exception e)
        {
            NoteFailure($"{entry.Stream}: {e.Message}");
            logger.LogWarning(e, "Reservation {Reservation} of {Stream} could not be settled; it is tried again", entry.Reserved.Reservation, entry.Stream);
            entry.IsDue = true;
            entry.NextTry = time.GetUtcNow() + options.SweepEvery * Math.Min(32, 1 << Math.Min(entry.Looks++, 5));
        }
        finally
        {
            if (isHeld)
            {
                slots.Release();
            }

            entry.End();
        }
    }

    private sealed class Entry(string stream, BudgetReserved reserved, LogPosition position, LogPosition before)
    {
        private int isBusy;
        private volatile bool isDue;

        public (string Stream, string Reservation) Key => (stream, reserved.Reservation);

        public string Stream => stream;

        public BudgetReserved Reserved => reserved;

        public LogPosition Position => position;

        public LogPosition Before => before;

        public bool IsDue
        {
            get => isDue;
            set => isDue = value;
        }

        public int Looks { get; set; }

        public DateTimeOffset NextTry { get; set; }

        public bool TryBegin() => NextTry != DateTimeOffset.MaxValue && Interlocked.Exchange(ref isBusy, 1) == 0;

        public void End() => Volatile.Write(ref isBusy, 0);
    }
}
