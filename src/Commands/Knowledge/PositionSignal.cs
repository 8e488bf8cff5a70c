using AIaaS.EventStore;

namespace AIaaS.Commands.Knowledge;

/// <summary>A position of the log that only grows, and that can be waited for.</summary>
internal sealed class PositionSignal(TimeProvider time)
{
    private readonly Lock gate = new();
    private ulong position;
    private TaskCompletionSource? moved;

    public LogPosition Position => new(Volatile.Read(ref position));

    public void Reach(LogPosition next)
    {
        TaskCompletionSource? waiting;
        lock (gate)
        {
            if (next.Value <= position)
            {
                return;
            }

            Volatile.Write(ref position, next.Value);
            (waiting, moved) = (moved, null);
        }

        waiting?.SetResult();
    }

    public async Task<bool> WaitForAsync(LogPosition wanted, TimeSpan timeout, CancellationToken cancellationToken)
    {
        if (Position >= wanted)
        {
            return true;
        }

        using var limit = new CancellationTokenSource(timeout, time);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            while (true)
            {
                Task next;
                lock (gate)
                {
                    if (position >= wanted.Value)
                    {
                        return true;
                    }

                    next = (moved ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
                }

                await next.WaitAsync(ended.Token);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }
}
