namespace AIaaS.EventStore;

/// <summary>
/// Knows up to where everything is done while events finish in any order: the position before the oldest open one.
/// All members may be called from any thread.
/// </summary>
internal sealed class PositionTracker(LogPosition start)
{
    private readonly Lock sync = new();
    private readonly Queue<Entry> open = new();
    private Entry? last;

    /// <summary>Everything up to here is done.</summary>
    public LogPosition Done
    {
        get
        {
            lock (sync)
            {
                return field;
            }
        }

        private set;
    } = start;

    /// <summary>The last position that was received.</summary>
    public LogPosition Received { get; private set; } = start;

    /// <summary>How many events were finished.</summary>
    public long Finished { get; private set; }

    /// <summary>Events received and not finished, and when the oldest of them was recorded.</summary>
    public (int Count, DateTimeOffset? Oldest) Open
    {
        get
        {
            lock (sync)
            {
                var count = 0;
                DateTimeOffset? oldest = null;
                foreach (var entry in open)
                {
                    if (!entry.IsDone)
                    {
                        count++;
                        oldest ??= entry.Recorded;
                    }
                }

                return (count, oldest);
            }
        }
    }

    /// <summary>An event was received; positions come in order.</summary>
    public Entry Begin(LogPosition position, DateTimeOffset recorded)
    {
        var entry = new Entry(position, recorded);
        lock (sync)
        {
            Received = position;
            open.Enqueue(entry);
            last = entry;
        }

        return entry;
    }

    /// <summary>Up to here there was nothing more of interest.</summary>
    public void Reached(LogPosition position)
    {
        lock (sync)
        {
            if (position <= Received)
            {
                return;
            }

            Received = position;
            if (open.Count == 0)
            {
                Done = position;
            }
            else
            {
                last!.Upto = position;
            }
        }
    }

    /// <summary>An event is handled or parked.</summary>
    public void Finish(Entry entry)
    {
        lock (sync)
        {
            entry.IsDone = true;
            Finished++;
            while (open.TryPeek(out var oldest) && oldest.IsDone)
            {
                Done = oldest.Upto;
                open.Dequeue();
            }
        }
    }

    /// <summary>An event on its way.</summary>
    internal sealed class Entry(LogPosition position, DateTimeOffset recorded)
    {
        public DateTimeOffset Recorded => recorded;

        public LogPosition Upto { get; set; } = position;

        public bool IsDone { get; set; }
    }
}
