namespace AIaaS.EventStore.Embedded;

/// <summary>Wakes the subscribers of single streams, and only those whose stream has changed.</summary>
internal sealed class StreamTopics
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, Topic> topics = [];
    private Exception? closed;

    internal bool Any => Volatile.Read(ref count) > 0;

    private int count;

    internal void Join(string stream)
    {
        lock (gate)
        {
            if (!topics.TryGetValue(stream, out var topic))
            {
                topics.Add(stream, topic = new());
            }

            topic.Subscribers++;
            count++;
        }
    }

    internal void Leave(string stream)
    {
        lock (gate)
        {
            if (--topics[stream].Subscribers == 0)
            {
                topics.Remove(stream);
            }

            count--;
        }
    }

    /// <summary>Completes at the next change. Take it before looking, wait for it after having found nothing.</summary>
    internal Task NextChange(string stream)
    {
        lock (gate)
        {
            return closed is not null ? Task.FromException(closed) : topics[stream].Changed.Task;
        }
    }

    internal void Signal(HashSet<string> streams)
    {
        if (streams.Count == 0 || !Any)
        {
            return;
        }

        foreach (var stream in streams)
        {
            TaskCompletionSource? changed = null;
            lock (gate)
            {
                if (topics.TryGetValue(stream, out var topic))
                {
                    changed = topic.Changed;
                    topic.Changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
                }
            }

            changed?.TrySetResult();
        }
    }

    internal void Close(Exception reason)
    {
        List<TaskCompletionSource> all;
        lock (gate)
        {
            closed ??= reason;
            all = [.. topics.Values.Select(t => t.Changed)];
        }

        foreach (var changed in all)
        {
            changed.TrySetException(reason);
        }
    }

    private sealed class Topic
    {
        internal int Subscribers { get; set; }

        internal TaskCompletionSource Changed { get; set; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
