using System.Collections.Concurrent;
using System.Collections.Immutable;
using AIaaS.Domain.Billing;
using AIaaS.Domain.Metering;
using AIaaS.EventStore;

namespace AIaaS.Commands.Billing;

/// <summary>
/// Adds up the usage of a period, line by line. What is added up is kept for the tenants that were asked for last, and read on from where it ended; a first
/// question reads from the first event that can be of the period. Reading, taking apart and adding up go on at the same time; the order stays that of the log.
/// </summary>
public sealed class UsageFold(IEventStore log, TimeProvider time)
{
    private const int MaxWarm = 64;
    private const int ChunkEvents = 1_024;
    private const int MaxAhead = 8;

    // An event is taken in at most 5 minutes before its time. Clocks of several machines may be apart by more than that.
    private static readonly TimeSpan Before = TimeSpan.FromMinutes(65);

    private readonly ConcurrentDictionary<(string Tenant, long From, long To), Warm> warm = new();

    /// <summary>The usage of a tenant from one moment to another, as it is now.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="slots">The lines; other lines than the last time make it begin anew.</param>
    /// <param name="from">The first moment.</param>
    /// <param name="to">The first moment behind it.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<UsageTotals> NowAsync(string tenant, ImmutableArray<LineSlot> slots, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken = default)
    {
        var key = (tenant, from.UtcTicks, to.UtcTicks);
        var kept = warm.GetOrAdd(key, _ => new());
        kept.UsedAt = time.GetTimestamp();
        await kept.Gate.WaitAsync(cancellationToken);
        try
        {
            var asked = kept.Slots is { } known && known.Slots.AsSpan().SequenceEqual(slots.AsSpan()) ? known : new UsageSlots(slots);
            if (kept.Slots?.Key != asked.Key)
            {
                kept.Tally = new(slots.Length);
                kept.FromVersion = kept.Next = await FirstVersionAsync(tenant, from, cancellationToken);
            }

            kept.Slots = asked;
            // A failure in the middle would leave it half added up.
            var tally = kept.Tally!;
            kept.Tally = null;
            kept.Next = await FoldAsync(tenant, asked, new(from, to), tally, kept.Next, long.MaxValue, cancellationToken);
            kept.Tally = tally;
            return tally.ToTotals(slots, kept.FromVersion, kept.Next - 1);
        }
        finally
        {
            if (kept.Tally is null)
            {
                kept.Slots = null;
            }

            kept.Gate.Release();
            Trim();
        }
    }

    /// <summary>The usage of a tenant from one moment to another, of some versions of its usage log; nothing of it is kept.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="slots">The lines.</param>
    /// <param name="from">The first moment.</param>
    /// <param name="to">The first moment behind it.</param>
    /// <param name="fromVersion">The first version; null: the first that can be of the time.</param>
    /// <param name="throughVersion">The last version; null: the newest.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<UsageTotals> OfAsync(string tenant, ImmutableArray<LineSlot> slots, DateTimeOffset from, DateTimeOffset to, long? fromVersion = null, long? throughVersion = null, CancellationToken cancellationToken = default)
    {
        var first = fromVersion ?? await FirstVersionAsync(tenant, from, cancellationToken);
        var tally = new UsageTally(slots.Length);
        var next = await FoldAsync(tenant, new(slots), new(from, to), tally, first, throughVersion ?? long.MaxValue, cancellationToken);
        return tally.ToTotals(slots, first, throughVersion ?? (next - 1));
    }

    /// <summary>Reads the usage of some versions, in the order of the log: what each event is read as, together with its bytes.</summary>
    public async Task ReadAsync(string tenant, ImmutableArray<LineSlot> slots, DateTimeOffset from, DateTimeOffset to, long fromVersion, long throughVersion, Func<RecordedEvent, IReadOnlyList<UsageMatch>, UsageReadings, bool> take, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(take);
        if (throughVersion < fromVersion)
        {
            return;
        }

        var find = new UsageSlots(slots);
        var window = new UsageWindow(from, to);
        var readings = new UsageReadings();
        await foreach (var recorded in log.ReadStreamOrEmptyAsync(UsageMetered.Stream(tenant), ReadDirection.Forwards, fromVersion, throughVersion - fromVersion + 1, cancellationToken))
        {
            readings.Clear();
            if (recorded.Type == UsageMetered.TypeName)
            {
                find.Read(recorded.Data.Span, recorded.Version, window, readings);
            }

            if (!take(recorded, readings.Matches, readings))
            {
                return;
            }
        }
    }

    /// <summary>The first version of a tenant's usage log that can be of a moment or later; one behind the last where none can.</summary>
    public async Task<long> FirstVersionAsync(string tenant, DateTimeOffset from, CancellationToken cancellationToken = default)
    {
        var stream = UsageMetered.Stream(tenant);
        var recordedFrom = from < DateTimeOffset.MinValue + Before ? DateTimeOffset.MinValue : from - Before;
        long low = 0;
        var high = await HeadAsync(tenant, cancellationToken) + 1;
        while (low < high)
        {
            var middle = low + ((high - low) / 2);
            var isBefore = false;
            await foreach (var recorded in log.ReadStreamOrEmptyAsync(stream, ReadDirection.Forwards, middle, 1, cancellationToken))
            {
                isBefore = recorded.Recorded < recordedFrom;
            }

            (low, high) = isBefore ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    /// <summary>The last version of a tenant's usage log; -1 for none.</summary>
    public async Task<long> HeadAsync(string tenant, CancellationToken cancellationToken = default)
    {
        await foreach (var recorded in log.ReadStreamOrEmptyAsync(UsageMetered.Stream(tenant), ReadDirection.Backwards, long.MaxValue, 1, cancellationToken))
        {
            return recorded.Version;
        }

        return -1;
    }

    /// <summary>Adds up the usage from one version to another.</summary>
    /// <returns>The version behind the last one that was read.</returns>
    private async Task<long> FoldAsync(string tenant, UsageSlots slots, UsageWindow window, UsageTally tally, long from, long through, CancellationToken cancellationToken)
    {
        if (through < from)
        {
            return from;
        }

        var next = from;
        var chunk = new List<RecordedEvent>(ChunkEvents);
        var waiting = new Queue<Task>();
        var added = Task.CompletedTask;
        var spare = new ConcurrentBag<UsageReadings>();
        await foreach (var recorded in log.ReadStreamOrEmptyAsync(UsageMetered.Stream(tenant), ReadDirection.Forwards, from, through == long.MaxValue ? long.MaxValue : through - from + 1, cancellationToken))
        {
            next = recorded.Version + 1;
            chunk.Add(recorded);
            if (chunk.Count < ChunkEvents)
            {
                continue;
            }

            var full = chunk;
            chunk = new(ChunkEvents);
            added = AddAfterAsync(added, Task.Run(() => Read(full, slots, window, spare.TryTake(out var used) ? used : new()), cancellationToken), tally, spare);
            waiting.Enqueue(added);
            if (waiting.Count > MaxAhead)
            {
                await waiting.Dequeue();
            }
        }

        await added;
        tally.Add(Read(chunk, slots, window, new()));
        return next;
    }

    private static async Task AddAfterAsync(Task before, Task<UsageReadings> reading, UsageTally tally, ConcurrentBag<UsageReadings> spare)
    {
        await before.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        var read = await reading;
        tally.Add(read);
        read.Clear();
        spare.Add(read);
    }

    private static UsageReadings Read(List<RecordedEvent> events, UsageSlots slots, UsageWindow window, UsageReadings into)
    {
        foreach (var recorded in events)
        {
            if (recorded.Type == UsageMetered.TypeName)
            {
                slots.Read(recorded.Data.Span, recorded.Version, window, into);
            }
        }

        into.Finish();
        return into;
    }

    private void Trim()
    {
        while (warm.Count > MaxWarm)
        {
            // The one that nobody asked for the longest; who asks just now goes on with what it holds.
            warm.TryRemove(warm.MinBy(w => w.Value.UsedAt));
        }
    }

    private sealed class Warm
    {
        public SemaphoreSlim Gate { get; } = new(1);

        public UsageSlots? Slots { get; set; }

        public UsageTally? Tally { get; set; }

        public long FromVersion { get; set; }

        public long Next { get; set; }

        public long UsedAt { get; set; }
    }
}
