using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;

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
    private List<Subscriber> waiting = [];
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

    /// <summary>Someone reads events from here until it is disposed of.</summary>
    internal Subscriber Join(EventFilter? filter, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref subscribers);
        return new(this, filter, cancellationToken);
    }

    /// <summary>Makes a commit visible. <paramref name="events"/> are all its events, or none where nobody wanted them.</summary>
    internal void Publish(long newHead, List<RecordedEvent> events)
    {
        List<Subscriber>? woken = null;
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
            if (waiting.Count > 0)
            {
                (woken, waiting) = (waiting, new(waiting.Count));
            }
        }

        if (woken is [var only])
        {
            only.Wake(inline: false);
        }
        else if (woken is not null)
        {
            ThreadPool.UnsafeQueueUserWorkItem(new Waking(woken, events), preferLocal: false);
        }
    }

    /// <summary>Copies the events behind a position that pass a filter.</summary>
    /// <param name="after">The position.</param>
    /// <param name="most">How many events are looked at.</param>
    /// <param name="filter">The filter; null for none.</param>
    /// <param name="into">Where they go.</param>
    /// <returns>The position of the last event that was looked at; -1 when the events are no longer here and must be read from the file.</returns>
    internal long Read(long after, int most, EventFilter? filter, List<RecordedEvent> into)
    {
        lock (gate)
        {
            if (after + 1 < first)
            {
                return -1;
            }

            var end = Math.Min(next, after + 1 + most);
            var same = new Run(filter);
            for (var position = after + 1; position < end; position++)
            {
                var @event = slots[position % slots.Length]!;
                if (same.Matches(@event))
                {
                    into.Add(@event);
                }
            }

            return end - 1;
        }
    }

    internal void Close(Exception reason)
    {
        List<Subscriber> woken;
        lock (gate)
        {
            closed ??= reason;
            (woken, waiting) = (waiting, []);
        }

        foreach (var subscriber in woken)
        {
            subscriber.Wake(inline: false);
        }
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

    /// <summary>Whether events pass a filter, which is asked once for those that come one after another and are of one stream and type.</summary>
    private struct Run(EventFilter? filter)
    {
        private string? stream;
        private string? type;
        private bool passes;

        public bool Matches(RecordedEvent @event)
        {
            if (filter is null)
            {
                return true;
            }

            if (!ReferenceEquals(stream, @event.Stream) || !ReferenceEquals(type, @event.Type))
            {
                (stream, type) = (@event.Stream, @event.Type);
                passes = filter.Matches(stream, type);
            }

            return passes;
        }
    }

    /// <summary>One who reads events from here, one await at a time.</summary>
    internal sealed class Subscriber : ICriticalNotifyCompletion, IDisposable
    {
        private readonly RecentEvents owner;
        private readonly EventFilter? filter;
        private readonly CancellationToken cancelled;
        private readonly CancellationTokenRegistration registration;
        private long position;
        private Action? continuation;

        internal Subscriber(RecentEvents owner, EventFilter? filter, CancellationToken cancellationToken)
        {
            (this.owner, this.filter, cancelled) = (owner, filter, cancellationToken);
            registration = cancellationToken.UnsafeRegister(static s => ((Subscriber)s!).Cancel(), this);
        }

        /// <summary>Whether it goes on within a thread that has others to wake: then no event may be given out, since nobody knows how long that takes.</summary>
        internal bool IsWithinOthers { get; set; }

        /// <summary>Awaited, it completes when there is something behind the position.</summary>
        internal Subscriber Beyond(long passed)
        {
            position = passed;
            return this;
        }

        public Subscriber GetAwaiter() => this;

        public bool IsCompleted
        {
            get
            {
                lock (owner.gate)
                {
                    return owner.head > position || owner.closed is not null || cancelled.IsCancellationRequested;
                }
            }
        }

        public void GetResult()
        {
            cancelled.ThrowIfCancellationRequested();
            lock (owner.gate)
            {
                if (owner.head <= position && owner.closed is not null)
                {
                    ExceptionDispatchInfo.Throw(owner.closed);
                }
            }
        }

        public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);

        public void UnsafeOnCompleted(Action continuation)
        {
            Volatile.Write(ref this.continuation, continuation);
            lock (owner.gate)
            {
                if (!IsCompleted)
                {
                    owner.waiting.Add(this);
                    return;
                }
            }

            Wake(inline: false);
        }

        /// <summary>Whether one of the events of a commit is for it.</summary>
        internal bool Wants(ReadOnlySpan<RecordedEvent> events)
        {
            var same = new Run(filter);
            foreach (var @event in events)
            {
                if (same.Matches(@event))
                {
                    return true;
                }
            }

            return false;
        }

        /// <summary>Lets it go on, where it waits. Once too often does no harm: it looks again and waits on.</summary>
        internal void Wake(bool inline)
        {
            if (Interlocked.Exchange(ref continuation, null) is not { } next)
            {
                return;
            }

            IsWithinOthers = inline;
            if (inline)
            {
                next();
            }
            else
            {
                ThreadPool.UnsafeQueueUserWorkItem(static c => c(), next, preferLocal: false);
            }
        }

        /// <inheritdoc />
        public void Dispose()
        {
            registration.Dispose();
            Interlocked.Decrement(ref owner.subscribers);
        }

        private void Cancel()
        {
            lock (owner.gate)
            {
                owner.waiting.Remove(this);
            }

            Wake(inline: false);
        }
    }

    /// <summary>
    /// Wakes the subscribers of a commit. Most of them only note how far the log has come: these do so one after another, which costs less than a hand-over to
    /// another thread for each, some tens of them at each commit. Who does more at a checkpoint goes to a thread of its own for it.
    /// </summary>
    private sealed class Waking(List<Subscriber> subscribers, List<RecordedEvent> events) : IThreadPoolWorkItem
    {
        // The writer uses its list again; most commits hold events of few streams and types.
        private readonly RecordedEvent[] kinds = Kinds(events);

        public void Execute()
        {
            subscribers.RemoveAll(s =>
            {
                var wants = s.Wants(kinds);
                if (wants)
                {
                    s.Wake(inline: false);
                }

                return wants;
            });
            foreach (var subscriber in subscribers)
            {
                subscriber.Wake(inline: true);
            }
        }

        private static RecordedEvent[] Kinds(List<RecordedEvent> events)
        {
            var kinds = new List<RecordedEvent>();
            foreach (var @event in events)
            {
                if (kinds.Count == 0 || !ReferenceEquals(kinds[^1].Stream, @event.Stream) || !ReferenceEquals(kinds[^1].Type, @event.Type))
                {
                    kinds.Add(@event);
                }
            }

            return [.. kinds];
        }
    }
}
