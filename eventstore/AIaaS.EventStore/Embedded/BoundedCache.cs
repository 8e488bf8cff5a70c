using System.Diagnostics.CodeAnalysis;

namespace AIaaS.EventStore.Embedded;

/// <summary>
/// Remembers at most so many entries, roughly those used last: two generations, of which the older one is dropped
/// when the newer one is full. One thread at a time.
/// </summary>
internal sealed class BoundedCache<TKey, TValue>(int capacity)
    where TKey : notnull
{
    private readonly int half = Math.Max(1, capacity / 2);
    private Dictionary<TKey, TValue> newer = [];
    private Dictionary<TKey, TValue> older = [];

    internal bool TryGet(TKey key, [MaybeNullWhen(false)] out TValue value)
    {
        if (newer.TryGetValue(key, out value))
        {
            return true;
        }

        if (!older.TryGetValue(key, out value))
        {
            return false;
        }

        Set(key, value);
        return true;
    }

    internal void Set(TKey key, TValue value)
    {
        if (newer.Count >= half && !newer.ContainsKey(key))
        {
            (newer, older) = (older, newer);
            newer.Clear();
        }

        newer[key] = value;
    }

    internal void Clear()
    {
        newer.Clear();
        older.Clear();
    }
}
