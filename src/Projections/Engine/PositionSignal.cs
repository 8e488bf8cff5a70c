using AIaaS.EventStore;

namespace AIaaS.Projections.Engine;

/// <summary>A position that only grows, and those who wait for it.</summary>
internal sealed class PositionSignal
{
    private readonly Lock gate = new();
    private readonly List<(LogPosition Min, TaskCompletionSource Reached)> waiters = [];
    private ulong reached;

    public LogPosition Reached => new(Volatile.Read(ref reached));

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
