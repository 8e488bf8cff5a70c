namespace AIaaS.EventStore.Embedded;

/// <summary>The newest events in memory, so that live subscribers do not read the file; and the signal that there are newer ones.</summary>
internal sealed class RecentEvents
{
    private readonly Lock gate = new();
    private readonly RecordedEvent?[] slots;
    private readonly long mostBytes;
    private long first;
    private long next;
    private long bytes;
    private long head;
    private int subscribers;
    private TaskCompletionSource? waiters;
    private Exception? closed;

    internal RecentEvents(Tuning tuning, long head)
    {
        slots = new RecordedEvent?[tuning.RecentEvents];
        mostBytes = tuning.RecentBytes;
        this.head = head;
        first = next = head + 1;
    }

    /// <summary>The newest committed position.</summary>
    internal long Head => Volatile.Read(ref head);

    /// <summary>Whether anyone would read events from here.</summary>
    internal bool Wanted => Volatile.Read(ref subscribers) > 0;

    internal void Join() => Interlocked.Increment(ref subscribers);

    internal void Leave() => Interlocked.Decrement(ref subscribers);

    /// <summary>Makes a commit visible. <paramref name="events"/> are all its events, or none where nobody wanted them.</summary>
    internal void Publish(long newHead, List<RecordedEvent> events)
    {
        TaskCompletionSource? wake;
        lock (gate)
        {
            if (events.Count == 0)
            {
                Array.Clear(slots);
                first = next = newHead + 1;
                bytes = 0;
            }
            else
            {
                Add(events);
            }

            Volatile.Write(ref head, newHead);
            wake = waiters;
            waiters = null;
        }

        wake?.TrySetResult();
    }

    /// <summary>Copies events behind a position.</summary>
    /// <returns>False when they are no longer here and must be read from the file.</returns>
    internal bool TryRead(long after, int most, List<RecordedEvent> into)
    {
        lock (gate)
        {
            if (after + 1 < first)
            {
                return false;
            }

            var end = Math.Min(next, after + 1 + most);
            for (var position = after + 1; position < end; position++)
            {
                into.Add(slots[position % slots.Length]!);
            }

            return true;
        }
    }

    /// <summary>Completes when there is something behind the position.</summary>
    internal Task WaitBeyond(long position)
    {
        lock (gate)
        {
            if (closed is not null)
            {
                return Task.FromException(closed);
            }

            return head > position ? Task.CompletedTask : (waiters ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }

    internal void Close(Exception reason)
    {
        TaskCompletionSource? wake;
        lock (gate)
        {
            closed ??= reason;
            wake = waiters;
            waiters = null;
        }

        wake?.TrySetException(reason);
    }

    private void Add(List<RecordedEvent> events)
    {
        if (events[0].Position.Value != (ulong)next)
        {
            Array.Clear(slots);
            first = next = (long)events[0].Position.Value;
            bytes = 0;
        }

        foreach (var @event in events)
        {
            if (next - first == slots.Length)
            {
                Drop();
            }

            slots[next % slots.Length] = @event;
            next++;
            bytes += Size(@event);
        }

        while (bytes > mostBytes && next - first > 1)
        {
            Drop();
        }
    }

    private void Drop()
    {
        ref var slot = ref slots[first % slots.Length];
        bytes -= Size(slot!);
        slot = null;
        first++;
    }

    private static int Size(RecordedEvent @event) => @event.Data.Length + @event.Metadata.Length;
}
