using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace AIaaS.EventStore.Embedded;

/// <summary>Names of streams or types by their numbers, at most so many, for all readers. A number never gets another name.</summary>
internal sealed class Names(int capacity)
{
    private ConcurrentDictionary<long, string> newer = [];
    private ConcurrentDictionary<long, string> older = [];
    private int count;

    internal bool TryGet(long id, [MaybeNullWhen(false)] out string name)
    {
        if (Volatile.Read(ref newer).TryGetValue(id, out name))
        {
            return true;
        }

        if (!Volatile.Read(ref older).TryGetValue(id, out name))
        {
            return false;
        }

        Set(id, name);
        return true;
    }

    internal void Set(long id, string name)
    {
        if (newer.TryAdd(id, name) && Interlocked.Increment(ref count) >= capacity / 2)
        {
            // Two threads may do this at once; then a generation is lost, and its names are read again from the file.
            count = 0;
            Volatile.Write(ref older, newer);
            Volatile.Write(ref newer, []);
        }
    }
}
