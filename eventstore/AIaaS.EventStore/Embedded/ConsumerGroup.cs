using System.Threading.Channels;
using AIaaS.EventStore.Embedded.Sqlite;
using Microsoft.Extensions.Logging;

namespace AIaaS.EventStore.Embedded;

/// <summary>
/// A group at work. Everything up to its line is done; behind the line, single events are in flight, wait to be delivered again,
/// are parked, or are done ahead of the line. An answer counts when it is durable; what was not answered is delivered again.
/// </summary>
internal sealed class ConsumerGroup
{
    private const long MostAheadOfLine = 5_000;

    // Timers of .NET reach no further than 49 days.
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(1);

    private readonly Lock gate = new();
    private readonly StoredGroup stored;
    private readonly LogWriter writer;
    private readonly ReaderPool readers;
    private readonly TimeProvider time;
    private readonly ILogger log;
    private readonly List<Member> members = [];
    private readonly Dictionary<long, Delivery> inFlight = [];
    private readonly SortedDictionary<long, int> again = [];
    private readonly SortedSet<long> open = [];
    private readonly SortedSet<long> doneAhead = [];
    private readonly SortedSet<long> parked = [];
    private readonly Channel<bool> signals = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private long line;
    private long next;
    private bool pumping;
    private Exception? ended;

    internal ConsumerGroup(StoredGroup stored, List<StoredConsumerEvent> events, LogWriter writer, ReaderPool readers, TimeProvider time, ILogger log)
    {
        this.stored = stored;
        this.writer = writer;
        this.readers = readers;
        this.time = time;
        this.log = log;
        line = stored.Done;
        next = line + 1;
        foreach (var @event in events)
        {
            switch (@event.State)
            {
                case ConsumerEventState.Again:
                    again.Add(@event.Version, @event.Retries);
                    if (@event.Version > line)
                    {
                        _ = open.Add(@event.Version);
                    }

                    break;
                case ConsumerEventState.Parked:
                    _ = parked.Add(@event.Version);
                    break;
                default:
                    _ = doneAhead.Add(@event.Version);
                    break;
            }
        }
    }

    internal ConsumerGroupInfo Info
    {
        get
        {
            lock (gate)
            {
                return new(members.Count, inFlight.Count, parked.Count, Line(-1));
            }
        }
    }

    internal List<long> ParkedVersions
    {
        get
        {
            lock (gate)
            {
                return [.. parked];
            }
        }
    }

    internal Member Join(int bufferSize)
    {
        var member = new Member(bufferSize);
        lock (gate)
        {
            if (ended is not null)
            {
                throw ended;
            }

            members.Add(member);
            if (!pumping)
            {
                pumping = true;
                _ = Task.Run(PumpAsync);
            }
        }

        Signal();
        return member;
    }

    internal void Leave(Member member)
    {
        lock (gate)
        {
            _ = members.Remove(member);
            foreach (var delivery in inFlight.Values.Where(d => d.Member == member && d.IsOpen).ToList())
            {
                delivery.IsOpen = false;
                _ = inFlight.Remove(delivery.Event.Version);
                again[delivery.Event.Version] = delivery.Retries + 1;
            }
        }

        Signal();
    }

    internal void End(Exception reason)
    {
        lock (gate)
        {
            ended ??= reason;
            foreach (var member in members)
            {
                _ = member.Deliveries.Writer.TryComplete(reason);
            }
        }

        Signal();
    }

    internal async Task ReplayParkedAsync()
    {
        List<long> versions;
        lock (gate)
        {
            versions = [.. parked];
        }

        _ = await writer.DoAsync(w =>
        {
            foreach (var version in versions)
            {
                Store(w, version, ConsumerEventState.Again, 0, "");
            }

            return true;
        });
        lock (gate)
        {
            foreach (var version in versions)
            {
                if (parked.Remove(version))
                {
                    again[version] = 0;
                    if (version > line)
                    {
                        _ = open.Add(version);
                    }
                }
            }
        }

        Signal();
    }

    private void Signal() => signals.Writer.TryWrite(true);

    /// <summary>The line as it is when an event is done too.</summary>
    private long Line(long also)
    {
        // What is open can lie ahead of what has been read: events that wait to be delivered again after a restart.
        var first = open.FirstOrDefault(v => v != also, next);
        return Math.Max(line, Math.Min(first, next) - 1);
    }

    private void Store(LogWriter w, long version, ConsumerEventState state, int retries, string reason)
    {
        using var put = new Statement(w.Connection, "INSERT INTO consumer_events (consumer_group, version, state, retries, reason) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET state = excluded.state, retries = excluded.retries, reason = excluded.reason");
        put.Bind(1, stored.Id).Bind(2, version).Bind(3, (long)state).Bind(4, retries).Bind(5, reason);
        put.Run();
    }

    private void StoreDone(LogWriter w, long version, ConsumerEventState state, int retries, string reason)
    {
        long reached;
        lock (gate)
        {
            reached = Line(version);
        }

        if (state is ConsumerEventState.Parked || version > reached)
        {
            Store(w, version, state, retries, reason);
        }
        else
        {
            using var delete = new Statement(w.Connection, "DELETE FROM consumer_events WHERE consumer_group = ? AND version = ?");
            delete.Bind(1, stored.Id).Bind(2, version).Run();
        }

        using var update = new Statement(w.Connection, "UPDATE consumer_groups SET done = ?1 WHERE id = ?2 AND done < ?1");
        update.Bind(1, reached).Bind(2, stored.Id).Run();
        if (w.Connection.Changes > 0)
        {
            using var tidy = new Statement(w.Connection, "DELETE FROM consumer_events WHERE consumer_group = ? AND version <= ? AND state = 1");
            tidy.Bind(1, stored.Id).Bind(2, reached).Run();
        }
    }

    private async Task AnswerAsync(Delivery delivery, ConsumerEventState state, string reason)
    {
        var version = delivery.Event.Version;
        lock (gate)
        {
            if (!delivery.IsOpen)
            {
                return;
            }

            delivery.IsOpen = false;
        }

        if (state is ConsumerEventState.Again && delivery.Retries >= stored.MaxRetries)
        {
            state = ConsumerEventState.Parked;
        }

        try
        {
            _ = await writer.DoAsync(w =>
            {
                if (state is ConsumerEventState.Again)
                {
                    Store(w, version, state, delivery.Retries + 1, reason);
                }
                else
                {
                    StoreDone(w, version, state, delivery.Retries, reason);
                }

                return true;
            });
        }
        catch (EventStoreException)
        {
            lock (gate)
            {
                _ = inFlight.Remove(version);
                again[version] = delivery.Retries + 1;
            }

            Signal();
            throw;
        }

        lock (gate)
        {
            _ = inFlight.Remove(version);
            if (state is ConsumerEventState.Again)
            {
                again[version] = delivery.Retries + 1;
            }
            else
            {
                Resolve(version);
                if (state is ConsumerEventState.Parked)
                {
                    _ = parked.Add(version);
                }
            }
        }

        Signal();
    }

    private void Resolve(long version)
    {
        _ = open.Remove(version);
        if (version >= next)
        {
            _ = doneAhead.Add(version);
        }

        line = Line(-1);
    }

    private async Task PumpAsync()
    {
        Task? watched = null;
        await using var timer = time.CreateTimer(_ => Signal(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        writer.Topics.Join(stored.Stream);
        try
        {
            while (true)
            {
                var changed = writer.Topics.NextChange(stored.Stream);
                if (changed != watched)
                {
                    watched = changed;
                    _ = changed.ContinueWith(_ => Signal(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
                }

                await ExpireAsync();
                var delivered = await DeliverAsync();
                lock (gate)
                {
                    if (members.Count == 0 || ended is not null)
                    {
                        pumping = false;
                        return;
                    }

                    var first = inFlight.Count == 0 ? null : inFlight.Values.Min(d => (DateTimeOffset?)d.Deadline);
                    var wait = first is { } at ? at - time.GetUtcNow() : Timeout.InfiniteTimeSpan;
                    _ = timer.Change(first is null ? wait : wait < TimeSpan.Zero ? TimeSpan.Zero : wait > LongestWait ? LongestWait : wait, Timeout.InfiniteTimeSpan);
                }

                if (!delivered)
                {
                    _ = await signals.Reader.ReadAsync();
                }
            }
        }
        catch (Exception e)
        {
            if (e is not EventStoreException)
            {
                log.LogError(e, "The consumer group {Group} on {Stream} stopped", stored.Name, stored.Stream);
            }

            lock (gate)
            {
                // Its members hear of it, and a new member starts it again.
                pumping = false;
                foreach (var member in members)
                {
                    _ = member.Deliveries.Writer.TryComplete(e);
                }
            }
        }
        finally
        {
            writer.Topics.Leave(stored.Stream);
        }
    }

    private async Task ExpireAsync()
    {
        List<Delivery> late;
        lock (gate)
        {
            var now = time.GetUtcNow();
            late = [.. inFlight.Values.Where(d => d.IsOpen && d.Deadline <= now)];
        }

        foreach (var delivery in late)
        {
            await AnswerAsync(delivery, ConsumerEventState.Again, "not answered in time");
        }
    }

    /// <summary>Gives events to members that have room.</summary>
    /// <returns>Whether it gave any, so that there can be more to give.</returns>
    private async Task<bool> DeliverAsync()
    {
        int room;
        List<long> repeat;
        long from;
        bool mayRead;
        lock (gate)
        {
            room = members.Sum(m => Room(m));
            repeat = [.. again.Keys.Take(Math.Min(room, 256))];
            from = next;
            mayRead = next - line <= MostAheadOfLine;
        }

        if (room <= 0)
        {
            return false;
        }

        List<RecordedEvent> page = [];
        var most = Math.Min(room - repeat.Count, 256);
        var (found, missing, end) = await readers.ReadHereAsync(
            r =>
            {
                List<RecordedEvent> found = [];
                List<long> missing = [];
                var head = r.FindStream(stored.Stream);
                var keeps = head is { IsEmpty: false };
                foreach (var version in repeat)
                {
                    page.Clear();
                    if (keeps)
                    {
                        _ = r.ReadStream(head!, ReadDirection.Forwards, version, 1, long.MinValue, page);
                    }

                    if (page is [{ } only] && only.Version == version)
                    {
                        found.Add(only);
                    }
                    else
                    {
                        missing.Add(version);
                    }
                }

                page.Clear();
                long? last = null;
                if (keeps && most > 0 && mayRead && head!.Version >= from)
                {
                    last = r.ReadStream(head, ReadDirection.Forwards, from, most, long.MinValue, page) ?? head.Version;
                }

                return (found, missing, last);
            },
            CancellationToken.None);

        foreach (var version in missing)
        {
            // Its event was deleted; there is nothing left to do for it.
            _ = await writer.DoAsync(w =>
            {
                StoreDone(w, version, ConsumerEventState.Done, 0, "");
                return true;
            });
        }

        lock (gate)
        {
            var gave = missing.Count > 0;
            foreach (var version in missing)
            {
                _ = again.Remove(version);
                Resolve(version);
            }

            foreach (var @event in found)
            {
                if (again.TryGetValue(@event.Version, out var retries) && Give(@event, retries))
                {
                    _ = again.Remove(@event.Version);
                    gave = true;
                }
            }

            foreach (var @event in page)
            {
                var version = @event.Version;
                if (doneAhead.Remove(version) || parked.Contains(version) || again.ContainsKey(version) || inFlight.ContainsKey(version))
                {
                    next = version + 1;
                    gave = true;
                }
                else if (Give(@event, 0))
                {
                    next = version + 1;
                    _ = open.Add(version);
                    gave = true;
                }
                else
                {
                    return gave;
                }
            }

            if (end is { } last && last >= next)
            {
                next = last + 1;
            }

            line = Line(-1);
            return gave;
        }
    }

    private int Room(Member member) => member.BufferSize - inFlight.Values.Count(d => d.Member == member);

    private bool Give(RecordedEvent @event, int retries)
    {
        var member = members.OrderByDescending(Room).FirstOrDefault();
        if (member is null || Room(member) <= 0)
        {
            return false;
        }

        var delivery = new Delivery(this, member, @event, retries, time.GetUtcNow() + stored.Timeout);
        inFlight.Add(@event.Version, delivery);
        if (member.Deliveries.Writer.TryWrite(delivery))
        {
            return true;
        }

        // The member has heard that the group ended, and has not left yet.
        _ = inFlight.Remove(@event.Version);
        _ = members.Remove(member);
        return false;
    }

    internal sealed class Member(int bufferSize)
    {
        internal int BufferSize => bufferSize;

        internal Channel<Delivery> Deliveries { get; } = Channel.CreateUnbounded<Delivery>();
    }

    internal sealed class Delivery(ConsumerGroup group, Member member, RecordedEvent @event, int retries, DateTimeOffset deadline) : ConsumerDelivery
    {
        private volatile bool isOpen = true;

        public override RecordedEvent Event => @event;

        public override int Retries => retries;

        internal Member Member => member;

        internal DateTimeOffset Deadline => deadline;

        /// <summary>Whether an answer still counts.</summary>
        internal bool IsOpen
        {
            get => isOpen;
            set => isOpen = value;
        }

        public override Task AcknowledgeAsync(CancellationToken cancellationToken = default) => group.AnswerAsync(this, ConsumerEventState.Done, "");

        public override Task RetryAsync(string reason, CancellationToken cancellationToken = default) => group.AnswerAsync(this, ConsumerEventState.Again, reason);

        public override Task ParkAsync(string reason, CancellationToken cancellationToken = default) => group.AnswerAsync(this, ConsumerEventState.Parked, reason);
    }
}
