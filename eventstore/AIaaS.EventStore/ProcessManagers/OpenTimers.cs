using System.Collections.Immutable;

namespace AIaaS.EventStore;

/// <summary>The timers that have not elapsed, by due time. All members may be called from any thread.</summary>
internal sealed class OpenTimers
{
    private readonly Lock sync = new();
    private readonly Dictionary<(string Stream, string Timer), OpenTimer> open = [];
    private readonly PriorityQueue<OpenTimer, DateTimeOffset> byDue = new();

    public void Schedule(OpenTimer timer)
    {
        lock (sync)
        {
            open[(timer.Stream, timer.Timer)] = timer;
            byDue.Enqueue(timer, timer.Due);
        }
    }

    public void Cancel(string stream, string timer)
    {
        lock (sync)
        {
            open.Remove((stream, timer));
        }
    }

    /// <summary>Takes a timer off, unless it was scheduled anew meanwhile.</summary>
    public void Elapsed(string stream, string timer, Guid scheduled)
    {
        lock (sync)
        {
            if (open.TryGetValue((stream, timer), out var known) && known.Scheduled == scheduled)
            {
                open.Remove((stream, timer));
            }
        }
    }

    /// <summary>The timer that is due first; null for none.</summary>
    public OpenTimer? First()
    {
        lock (sync)
        {
            while (byDue.TryPeek(out var first, out _))
            {
                if (open.TryGetValue((first.Stream, first.Timer), out var known) && known == first)
                {
                    return first;
                }

                byDue.Dequeue();
            }

            return null;
        }
    }

    /// <summary>
    /// What to store at a position. Where there are more timers than fit, the position goes back to before the first one left out:
    /// a start then reads from there.
    /// </summary>
    public TimersStored Store(LogPosition position, int most)
    {
        lock (sync)
        {
            ImmutableArray<OpenTimer> timers = [.. open.Values.Where(t => t.Position <= position).OrderBy(t => t.Position).Take(most + 1)];
            return timers.Length <= most ? new(position, timers) : new(timers[most - 1].Position, timers[..most]);
        }
    }
}
