namespace AIaaS.EventStore;

/// <summary>A position of the log that only grows, and those who wait for it: what a consistency token waits on.</summary>
public sealed class PositionSignal
{
    private readonly Lock gate = new();
    private readonly List<(LogPosition Min, TaskCompletionSource Reached)> waiters = [];
    private ulong reached;

    /// <summary>How far it has grown.</summary>
    public LogPosition Reached => new(Volatile.Read(ref reached));

    /// <summary>Lets it grow, and wakes whom that reaches; nothing happens where it is there already.</summary>
    public void Advance(LogPosition position)
    {
        lock (gate)
        {
            if (position.Value <= reached)
            {
                return;
            }

            Volatile.Write(ref reached, position.Value);
            for (var i = waiters.Count - 1; i >= 0; i--)
            {
                if (waiters[i].Min <= position)
                {
                    waiters[i].Reached.TrySetResult();
                    waiters.RemoveAt(i);
                }
            }
        }
    }

    /// <summary>Waits until it is at <paramref name="min"/> or beyond.</summary>
    /// <returns>Whether it got there within the time.</returns>
    public async Task<bool> WaitAsync(LogPosition min, TimeSpan timeout, TimeProvider time, CancellationToken cancellationToken)
    {
        TaskCompletionSource waiter;
        lock (gate)
        {
            if (min.Value <= reached)
            {
                return true;
            }

            waiter = new(TaskCreationOptions.RunContinuationsAsynchronously);
            waiters.Add((min, waiter));
        }

        try
        {
            await waiter.Task.WaitAsync(timeout, time, cancellationToken);
            return true;
        }
        catch (TimeoutException)
        {
            return min <= Reached;
        }
        finally
        {
            lock (gate)
            {
                waiters.RemoveAll(w => w.Reached == waiter);
            }
        }
    }
}
