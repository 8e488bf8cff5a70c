using System.Threading.Channels;

namespace AIaaS.EventStore;

/// <summary>
/// Work in order within a key, keys at the same time. A key that waits for its next try holds no worker, so it keeps no other key up.
/// </summary>
internal sealed class KeyedQueues<TWork>
{
    private readonly Lock sync = new();
    private readonly Dictionary<string, KeyQueue> keys = new(StringComparer.Ordinal);
    private readonly Channel<KeyQueue> ready = Channel.CreateUnbounded<KeyQueue>();

    public void Add(string key, TWork work)
    {
        KeyQueue? queue;
        lock (sync)
        {
            if (keys.TryGetValue(key, out queue))
            {
                queue.Waiting.Enqueue(work);
                return;
            }

            queue = new(key, work);
            keys.Add(key, queue);
        }

        ready.Writer.TryWrite(queue);
    }

    /// <summary>
    /// A worker. <paramref name="step"/> does the next work of a key and returns when to try it again; null when it is done.
    /// </summary>
    public async Task WorkAsync(Func<TWork, ValueTask<TimeSpan?>> step, TimeProvider time, CancellationToken cancellationToken)
    {
        await foreach (var queue in ready.Reader.ReadAllAsync(cancellationToken))
        {
            // The reader itself goes on while anything is ready.
            cancellationToken.ThrowIfCancellationRequested();
            if (await step(queue.Current) is { } delay)
            {
                _ = ReadyLaterAsync(queue, delay, time, cancellationToken);
                continue;
            }

            lock (sync)
            {
                if (!queue.Waiting.TryDequeue(out var next))
                {
                    keys.Remove(queue.Key);
                    continue;
                }

                queue.Current = next;
            }

            ready.Writer.TryWrite(queue);
        }
    }

    private async Task ReadyLaterAsync(KeyQueue queue, TimeSpan delay, TimeProvider time, CancellationToken cancellationToken)
    {
        await Task.Delay(delay, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!cancellationToken.IsCancellationRequested)
        {
            ready.Writer.TryWrite(queue);
        }
    }

    private sealed class KeyQueue(string key, TWork first)
    {
        public string Key => key;

        public TWork Current { get; set; } = first;

        public Queue<TWork> Waiting { get; } = new(0);
    }
}
