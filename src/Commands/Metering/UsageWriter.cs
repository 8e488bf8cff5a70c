using System.Buffers.Binary;
using System.Security.Cryptography;
using AIaaS.Domain.Metering;
using AIaaS.EventStore;

namespace AIaaS.Commands.Metering;

/// <summary>Writes the usage of one tenant: one append at a time, of all that waits.</summary>
internal sealed class UsageWriter(string tenant, IEventStore log, TimeProvider time)
{
    private const int MaxEvents = EventStoreLimits.MaxBatchEvents;
    private const int MaxBytes = EventStoreLimits.MaxBatchBytes;
    private const int MaxTries = 100;

    private readonly string stream = UsageMetered.Stream(tenant);
    private readonly uint writtenBy = BinaryPrimitives.ReadUInt32LittleEndian(RandomNumberGenerator.GetBytes(sizeof(uint)));
    private readonly Lock gate = new();
    private readonly Dictionary<UsageKey, Seen> seen = [];
    private readonly Dictionary<UsageKey, Seen> pending = [];
    private readonly List<NewEvent> chunk = [];
    private List<Waiting> queue = [];
    private bool running;
    private long usedAt = time.GetTimestamp();
    private bool loaded;
    private long version = -1;
    private LogPosition position;

    // All events from this version on are in what was seen; they reach back to this time at least.
    private long lowest;
    private DateTimeOffset horizon;
    private int day;

    public Task RecordAsync(UsageBatch batch)
    {
        var waiting = new Waiting(batch);
        lock (gate)
        {
            usedAt = time.GetTimestamp();
            queue.Add(waiting);
            if (running)
            {
                return waiting.Done.Task;
            }

            running = true;
        }

        _ = Task.Run(RunAsync);
        return waiting.Done.Task;
    }

    public bool IsIdle(TimeSpan since)
    {
        lock (gate)
        {
            return !running && time.GetElapsedTime(usedAt) > since;
        }
    }

    private async Task RunAsync()
    {
        List<Waiting> work = [];
        while (true)
        {
            work.Clear();
            lock (gate)
            {
                if (queue.Count == 0)
                {
                    running = false;
                    return;
                }

                (queue, work) = (work, queue);
            }

            try
            {
                await LoadAsync(work);
                await WriteAsync(work);
            }
            catch (Exception e)
            {
                // What the log did is not known; the next work finds out by its version.
                foreach (var waiting in work)
                {
                    waiting.Done.TrySetException(e);
                }
            }
        }
    }

    private async Task WriteAsync(List<Waiting> work)
    {
        var (batch, entry, tries) = (0, 0, 0);
        while (batch < work.Count)
        {
            var (nextBatch, nextEntry) = Decide(work, batch, entry);
            if (chunk.Count > 0)
            {
                try
                {
                    var result = await log.AppendAsync(stream, ExpectedVersion.Exact(version), chunk);
                    (version, position, tries) = (result.Version, result.Position, 0);
                    foreach (var (id, added) in pending)
                    {
                        seen.Add(id, added);
                    }
                }
                catch (WrongExpectedVersionException conflict) when (++tries < MaxTries)
                {
                    // Another process writes too. What it wrote is learnt, and what is left is decided again.
                    if (conflict.Actual < version)
                    {
                        loaded = false;
                        await LoadAsync(work);
                    }
                    else
                    {
                        await ReadOnAsync();
                    }

                    continue;
                }
            }

            for (; batch < nextBatch; batch++)
            {
                work[batch].Batch.Position = position;
                work[batch].Done.TrySetResult();
            }

            entry = nextEntry;
        }
    }

    /// <summary>Decides on events until one append is full; gives where it stopped.</summary>
    private (int Batch, int Entry) Decide(List<Waiting> work, int batch, int entry)
    {
        chunk.Clear();
        pending.Clear();
        var bytes = 0;
        var today = Day(time.GetUtcNow());
        for (; batch < work.Count; batch++, entry = 0)
        {
            var of = work[batch].Batch;
            var entries = of.Entries;
            for (; entry < entries.Length; entry++)
            {
                ref var e = ref entries[entry];
                if (e.Error is not null && e.Length == 0)
                {
                    continue;
                }

                if (seen.TryGetValue(e.Key, out var there) || pending.TryGetValue(e.Key, out there))
                {
                    var isSame = of.IsOfPlatform || (there.Content == e.Content && (there.Time == e.Time || there.Time == 0 || e.Time == 0));
                    e.Status = isSame ? UsageStatus.Duplicate : UsageStatus.Refused;
                    e.Error = isSame ? null : UsageErrors.Conflict(e.Source!, e.Name!, there.Version);
                    e.Sequence = there.Version;
                    continue;
                }

                var size = e.Length + of.Metadata.Length;
                if (chunk.Count > 0 && (chunk.Count == MaxEvents || bytes + size > MaxBytes))
                {
                    return (batch, entry);
                }

                bytes += size;
                chunk.Add(of.Event(e, writtenBy));
                e.Status = UsageStatus.Accepted;
                e.Error = null;
                e.Sequence = version + chunk.Count;
                pending.Add(e.Key, new(e.Content, e.Time, e.Sequence, today));
            }
        }

        return (batch, 0);
    }

    private async Task LoadAsync(List<Waiting> work)
    {
        var now = time.GetUtcNow();
        if (!loaded)
        {
            seen.Clear();
            (version, position, lowest, horizon, day) = (-1, LogPosition.Start, 0, DateTimeOffset.MinValue, Day(now));
            await foreach (var recorded in log.ReadStreamOrEmptyAsync(stream, ReadDirection.Backwards, long.MaxValue))
            {
                if (version < 0)
                {
                    (version, position) = (recorded.Version, recorded.Position);
                }

                if (now - recorded.Recorded > UsageRules.Remembered)
                {
                    (lowest, horizon) = (recorded.Version + 1, recorded.Recorded);
                    break;
                }

                Take(recorded);
            }

            loaded = true;
        }
        else if (Day(now) != day)
        {
            Forget(now);
        }

        // What the platform measures may be older than what is remembered, when it had to wait that long; then more is read.
        if (horizon > DateTimeOffset.MinValue && OldestOfPlatform(work) is { } oldest && oldest < horizon)
        {
            await ReachAsync(oldest);
        }
    }

    private async Task ReadOnAsync()
    {
        await foreach (var recorded in log.ReadStreamOrEmptyAsync(stream, ReadDirection.Forwards, version + 1))
        {
            Take(recorded);
            (version, position) = (recorded.Version, recorded.Position);
        }
    }

    private async Task ReachAsync(DateTimeOffset oldest)
    {
        var (from, at) = (lowest, DateTimeOffset.MinValue);
        if (from > 0)
        {
            await foreach (var recorded in log.ReadStreamOrEmptyAsync(stream, ReadDirection.Backwards, from - 1))
            {
                if (recorded.Recorded < oldest)
                {
                    at = recorded.Recorded;
                    break;
                }

                Take(recorded);
                from = recorded.Version;
            }
        }

        (lowest, horizon) = (from, at);
    }

    /// <summary>Lets go of what is older than ids are remembered.</summary>
    private void Forget(DateTimeOffset now)
    {
        var before = Day(now - UsageRules.Remembered);
        var least = version + 1;
        foreach (var (id, entry) in seen)
        {
            if (entry.Day < before)
            {
                seen.Remove(id);
            }
            else
            {
                least = Math.Min(least, entry.Version);
            }
        }

        if (least > lowest)
        {
            (lowest, horizon) = (least, new(before * TimeSpan.TicksPerDay, TimeSpan.Zero));
        }

        day = Day(now);
    }

    private void Take(RecordedEvent recorded)
    {
        var (content, at) = UsageJson.Identify(recorded.Data.Span);
        seen[UsageKey.Of(recorded.Id)] = new(UsageHash.Of(content, recorded.Data.Span), at, recorded.Version, Day(recorded.Recorded));
    }

    private static int Day(DateTimeOffset at) => (int)(at.UtcTicks / TimeSpan.TicksPerDay);

    private static DateTimeOffset? OldestOfPlatform(List<Waiting> work)
    {
        long? oldest = null;
        foreach (var waiting in work)
        {
            if (waiting.Batch.IsOfPlatform)
            {
                foreach (ref var entry in waiting.Batch.Entries)
                {
                    oldest = entry.Time > 0 && !(oldest <= entry.Time) ? entry.Time : oldest;
                }
            }
        }

        return oldest is { } ticks ? new(ticks, TimeSpan.Zero) : null;
    }

    private readonly record struct Seen(ulong Content, long Time, long Version, int Day);

    private sealed class Waiting(UsageBatch batch)
    {
        public UsageBatch Batch => batch;

        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
