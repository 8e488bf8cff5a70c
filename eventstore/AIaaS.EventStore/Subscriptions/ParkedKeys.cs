namespace AIaaS.EventStore;

/// <summary>What is parked now, by key: a copy in memory of the parking lot, asked for each event.</summary>
internal sealed class ParkedKeys
{
    private readonly Lock sync = new();
    private readonly Dictionary<string, SortedDictionary<ulong, ParkedEvent>> byKey = new(StringComparer.Ordinal);

    public int Count
    {
        get
        {
            lock (sync)
            {
                return byKey.Values.Sum(k => k.Count);
            }
        }
    }

    public void Reset(IEnumerable<ParkedEvent> parked)
    {
        lock (sync)
        {
            byKey.Clear();
            foreach (var each in parked)
            {
                Put(each);
            }
        }
    }

    public void Add(ParkedEvent parked)
    {
        lock (sync)
        {
            Put(parked);
        }
    }

    /// <summary>Adds it unless it is there.</summary>
    public bool TryAdd(ParkedEvent parked)
    {
        lock (sync)
        {
            if (byKey.TryGetValue(parked.Key, out var events) && events.ContainsKey(parked.Position.Value))
            {
                return false;
            }

            Put(parked);
            return true;
        }
    }

    public void Remove(ParkedEvent parked)
    {
        lock (sync)
        {
            if (byKey.TryGetValue(parked.Key, out var events) && events.Remove(parked.Position.Value) && events.Count == 0)
            {
                byKey.Remove(parked.Key);
            }
        }
    }

    /// <summary>The oldest event parked for the key, or for the stream while its events cannot be read.</summary>
    public ParkedEvent? Blocker(string key, string stream)
    {
        lock (sync)
        {
            if (byKey.Count == 0)
            {
                return null;
            }

            var ofKey = byKey.TryGetValue(key, out var events) ? events.First().Value : null;
            var ofStream = key != stream && byKey.TryGetValue(stream, out events) ? events.First().Value : null;
            return ofKey is null || (ofStream is not null && ofStream.Position < ofKey.Position) ? ofStream : ofKey;
        }
    }

    /// <summary>The oldest event parked for the key.</summary>
    public ParkedEvent? Next(string key)
    {
        lock (sync)
        {
            return byKey.TryGetValue(key, out var events) ? events.First().Value : null;
        }
    }

    /// <summary>The keys that hold parked events, the one with the oldest event first.</summary>
    public string[] Keys()
    {
        lock (sync)
        {
            return [.. byKey.OrderBy(k => k.Value.First().Key).Select(k => k.Key)];
        }
    }

    private void Put(ParkedEvent parked)
    {
        if (!byKey.TryGetValue(parked.Key, out var events))
        {
            byKey.Add(parked.Key, events = []);
        }

        events[parked.Position.Value] = parked;
    }
}
