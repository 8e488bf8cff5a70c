using AIaaS.EventStore;
using Microsoft.Extensions.Logging;

namespace AIaaS.Projections.Engine;

/// <summary>What a feed works with.</summary>
internal sealed record ProjectionParts<TDocument>(
    Projection<TDocument> Projection,
    IEventStore Log,
    EventTypes Types,
    IReadModelStore Store,
    IParkingLot Parking,
    TimeProvider Time,
    ILogger Logger,
    ProjectionOptions Options)
    where TDocument : class
{
    public EventFilter Filter { get; } = EventFilter.Types(Projection.EventTypePrefixes);
}

/// <summary>
/// Brings one collection up to the log and keeps it there: reads what is at hand as a batch, loads each touched document once, folds,
/// and writes documents and position together.
/// </summary>
internal sealed class ProjectionFeed<TDocument>(ProjectionParts<TDocument> parts, string collection, string parkingName, Action<ProjectionFeed<TDocument>>? progressed)
    where TDocument : class
{
    private const string StreamKey = "stream:";

    private readonly HotDocuments<TDocument> hot = new(parts.Options.HotBytes);
    private readonly PositionSignal signal = new();
    private readonly TaskCompletionSource caughtUp = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly HashSet<(string Key, ulong Position)> parked = [];
    private readonly Dictionary<string, ulong> blocked = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource retired = new();
    private LogPosition written;
    private long writtenAt;

    public string Collection => collection;

    public LogPosition Reached => signal.Reached;

    public int Parked => parked.Count;

    public bool Live => caughtUp.Task.IsCompletedSuccessfully;

    /// <summary>Completes when everything that lay in the log at the start is in the collection.</summary>
    public Task CaughtUp => caughtUp.Task;

    /// <summary>Held while documents are written; whoever holds it stops the feed.</summary>
    public SemaphoreSlim Gate { get; } = new(1, 1);

    /// <summary>Under which name it parks. Changed under the gate.</summary>
    public string ParkingName { get; set; } = parkingName;

    public Task<bool> WaitAsync(LogPosition min, CancellationToken cancellationToken) => signal.WaitAsync(min, Timeout.InfiniteTimeSpan, parts.Time, cancellationToken);

    public async Task PrepareAsync(CancellationToken cancellationToken)
    {
        await parts.Store.EnsureAsync(parts.Projection.Schema(collection), cancellationToken);
        written = await parts.Store.GetPositionAsync(collection, cancellationToken);
        writtenAt = parts.Time.GetTimestamp();
        Remember(await parts.Parking.ListAsync(ParkingName, cancellationToken));
        signal.Advance(written);
        progressed?.Invoke(this);
    }

    /// <summary>Ends the feed for good: another collection has taken its place.</summary>
    public Task RetireAsync() => retired.CancelAsync();

    /// <summary>Ends the feed and whatever replay is under way.</summary>
    public async Task CloseAsync()
    {
        await RetireAsync();
        await Gate.WaitAsync();
        Gate.Release();
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, retired.Token);
        try
        {
            await FollowAsync(stop);
        }
        catch (OperationCanceledException) when (retired.IsCancellationRequested)
        {
            parts.Logger.LogDebug("{Collection} is no longer fed", collection);
        }
    }

    private async Task FollowAsync(CancellationTokenSource stop)
    {
        var cancellationToken = stop.Token;
        var messages = parts.Log.SubscribeToAllAsync(Reached, parts.Filter, stop.Token).GetAsyncEnumerator(stop.Token);
        Task<bool>? pending = null;
        try
        {
            var batch = new List<RecordedEvent>();
            var (bytes, last) = (0, Reached);
            while (true)
            {
                var next = messages.MoveNextAsync();
                if (next.IsCompleted)
                {
                    pending = null;
                    if (!await next)
                    {
                        break;
                    }
                }
                else
                {
                    pending = next.AsTask();
                    if (Live && batch.Count > 0)
                    {
                        await WriteAsync(batch, last, cancellationToken);
                        bytes = 0;
                        batch.Clear();
                    }

                    var more = await pending;
                    pending = null;
                    if (!more)
                    {
                        break;
                    }
                }

                var message = messages.Current;
                last = message.Position > last ? message.Position : last;
                if (message.Event is { } recorded)
                {
                    batch.Add(recorded);
                    bytes += recorded.Data.Length + recorded.Metadata.Length;
                }

                var isCaughtUp = message.Kind is SubscriptionMessageKind.CaughtUp;
                if (batch.Count >= parts.Options.BatchEvents || bytes >= parts.Options.BatchBytes || (isCaughtUp && batch.Count > 0))
                {
                    await WriteAsync(batch, last, cancellationToken);
                    bytes = 0;
                    batch.Clear();
                }
                else if (batch.Count == 0)
                {
                    await PassAsync(last, isCaughtUp && !Live, cancellationToken);
                }

                if (isCaughtUp)
                {
                    caughtUp.TrySetResult();
                }
            }

            throw new InvalidOperationException($"The log ended the subscription of '{collection}', which it must not do.");
        }
        finally
        {
            await stop.CancelAsync();
            await EndAsync(messages, pending);
        }
    }

    /// <summary>Handles parked events again in log order; the gate must be free. Cancelled when the feed ends.</summary>
    public async Task<int> ReplayAsync(string? key, CancellationToken callerToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(callerToken, retired.Token);
        var cancellationToken = either.Token;
        await Gate.WaitAsync(cancellationToken);
        try
        {
            var handled = 0;
            int before;
            do
            {
                before = handled;
                var entries = await parts.Parking.ListAsync(ParkingName, cancellationToken);
                Remember(entries);
                var stopped = new HashSet<string>(StringComparer.Ordinal);
                foreach (var entry in entries.Where(e => key is null || e.Key == key).OrderBy(e => e.Position))
                {
                    if (!stopped.Contains(entry.Key) && await TryAgainAsync(entry, cancellationToken))
                    {
                        await parts.Parking.RemoveAsync(entry, cancellationToken);
                        parked.Remove((entry.Key, entry.Position.Value));
                        if (!parked.Any(p => p.Key == entry.Key))
                        {
                            blocked.Remove(entry.Key);
                        }

                        handled++;
                    }
                    else
                    {
                        stopped.Add(entry.Key);
                    }
                }
            }
            while (handled > before && parked.Count > 0);
            return handled;
        }
        finally
        {
            Gate.Release();
        }
    }

    private static async Task EndAsync(IAsyncEnumerator<SubscriptionMessage> messages, Task<bool>? pending)
    {
        // An iterator must not be disposed while it moves.
        if (pending is not null)
        {
            await pending.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }

        await messages.DisposeAsync();
    }

    private void Remember(IReadOnlyList<ParkedEvent> entries)
    {
        parked.Clear();
        blocked.Clear();
        foreach (var entry in entries)
        {
            parked.Add((entry.Key, entry.Position.Value));
            Block(entry.Key, entry.Position);
        }
    }

    private void Block(string key, LogPosition position) =>
        blocked[key] = blocked.TryGetValue(key, out var first) ? Math.Min(first, position.Value) : position.Value;

    /// <summary>Whether a key stops at the event. One before the parked one may come again after a crash, and is not stopped.</summary>
    private bool IsBlocked(string key, LogPosition position) => blocked.Count > 0 && blocked.TryGetValue(key, out var first) && position.Value >= first;

    /// <summary>Nothing up to there concerned the model.</summary>
    private async Task PassAsync(LogPosition position, bool isWorthWriting, CancellationToken cancellationToken)
    {
        if (position > written && (isWorthWriting || parts.Time.GetElapsedTime(writtenAt) >= parts.Options.PositionInterval))
        {
            // The log wakes many in one thread to tell them how far it has come.
            await Task.Yield();
            await Gate.WaitAsync(cancellationToken);
            try
            {
                await parts.Store.WriteAsync(collection, [], position, cancellationToken);
                Moved(position, isWritten: true);
            }
            finally
            {
                Gate.Release();
            }
        }
        else
        {
            Moved(position, isWritten: false);
        }
    }

    private void Moved(LogPosition position, bool isWritten)
    {
        if (isWritten)
        {
            (written, writtenAt) = (position, parts.Time.GetTimestamp());
        }

        signal.Advance(position);
        progressed?.Invoke(this);
    }

    private async Task WriteAsync(List<RecordedEvent> batch, LogPosition position, CancellationToken cancellationToken)
    {
        await Gate.WaitAsync(cancellationToken);
        try
        {
            var toPark = new List<ParkedEvent>();
            var groups = Group(batch, toPark);
            var states = await LoadAsync(groups.Keys, cancellationToken);
            var writes = new List<DocumentWrite>(groups.Count);
            var changed = new List<(string Id, DocumentState<TDocument> State)>(groups.Count);
            foreach (var (id, envelopes) in groups)
            {
                var before = states[id];
                envelopes.RemoveAll(e => before.Reflects(e.Recorded.Position));
                var (after, json) = await FoldAsync(id, before, envelopes, toPark, cancellationToken);
                if (!ReferenceEquals(after, before))
                {
                    writes.Add(new(id, json is null ? default(ReadOnlyMemory<byte>?) : json, after.Position));
                    changed.Add((id, after));
                }
            }

            foreach (var entry in toPark)
            {
                await parts.Parking.ParkAsync(entry, cancellationToken);
                parts.Logger.LogWarning("{Subscription} parked event {Position} ({Type}) of {Key}: {Reason}", entry.Subscription, entry.Position, entry.Type, entry.Key, entry.Reason);
            }

            await parts.Store.WriteAsync(collection, writes, position, cancellationToken);
            foreach (var (id, state) in changed)
            {
                hot.Set(id, state);
            }

            Moved(position, isWritten: true);
        }
        finally
        {
            Gate.Release();
        }
    }

    private Dictionary<string, List<EventEnvelope>> Group(List<RecordedEvent> batch, List<ParkedEvent> toPark)
    {
        var groups = new Dictionary<string, List<EventEnvelope>>(StringComparer.Ordinal);
        foreach (var recorded in batch)
        {
            if (blocked.Count > 0 && IsBlocked(StreamKey + recorded.Stream, recorded.Position))
            {
                Park(toPark, StreamKey + recorded.Stream, recorded, "an earlier event of the stream is parked", 0);
                continue;
            }

            try
            {
                var envelope = EventEnvelope.Read(parts.Types, recorded);
                foreach (var id in KeysOf(envelope))
                {
                    if (IsBlocked(id, recorded.Position))
                    {
                        Park(toPark, id, recorded, "an earlier event of the document is parked", 0);
                    }
                    else if (groups.TryGetValue(id, out var group))
                    {
                        group.Add(envelope);
                    }
                    else
                    {
                        groups.Add(id, [envelope]);
                    }
                }
            }
            catch (Exception e)
            {
                // Which documents it touches is not known: the events of its stream stop here.
                Park(toPark, StreamKey + recorded.Stream, recorded, e.Message, 1);
            }
        }

        return groups;
    }

    private string[] KeysOf(EventEnvelope envelope)
    {
        string[] keys = [.. parts.Projection.KeysOf(envelope)];
        foreach (var key in keys)
        {
            if (key.Length is 0 or > QueryRules.MaxIdLength)
            {
                throw new InvalidOperationException($"The document id '{key}' has {key.Length} characters; 1 to {QueryRules.MaxIdLength} are possible.");
            }
        }

        return keys;
    }

    private void Park(List<ParkedEvent> toPark, string key, RecordedEvent recorded, string reason, int attempts)
    {
        Block(key, recorded.Position);
        if (parked.Add((key, recorded.Position.Value)))
        {
            toPark.Add(new(ParkingName, key, recorded.Position, recorded.Id, recorded.Stream, recorded.Version, recorded.Type, reason, attempts, parts.Time.GetUtcNow()));
        }
    }

    private async Task<Dictionary<string, DocumentState<TDocument>>> LoadAsync(IReadOnlyCollection<string> ids, CancellationToken cancellationToken)
    {
        var states = new Dictionary<string, DocumentState<TDocument>>(ids.Count, StringComparer.Ordinal);
        var missing = new List<string>();
        foreach (var id in ids)
        {
            if (hot.TryGet(id, out var state))
            {
                states.Add(id, state);
            }
            else
            {
                missing.Add(id);
            }
        }

        if (missing.Count > 0)
        {
            var stored = await parts.Store.GetManyAsync(collection, missing, cancellationToken);
            foreach (var id in missing)
            {
                states.Add(id, stored.TryGetValue(id, out var document) ? DocumentState<TDocument>.Read(document, parts.Projection.Json) : DocumentState<TDocument>.None);
            }
        }

        return states;
    }

    private async Task<(DocumentState<TDocument> State, byte[]? Json)> FoldAsync(string id, DocumentState<TDocument> before, List<EventEnvelope> envelopes, List<ParkedEvent> toPark, CancellationToken cancellationToken)
    {
        if (envelopes.Count == 0)
        {
            return (before, null);
        }

        try
        {
            return Folded(before, parts.Projection.Fold(id, before.Document, envelopes), envelopes[^1].Recorded.Position);
        }
        catch (Exception e)
        {
            parts.Logger.LogDebug(e, "{Collection}: a batch of {Count} events of {Id} failed; looking for the event", collection, envelopes.Count, id);
        }

        (DocumentState<TDocument> State, byte[]? Json) done = (before, null);
        for (var i = 0; i < envelopes.Count; i++)
        {
            var recorded = envelopes[i].Recorded;
            for (var attempt = 1; ; attempt++)
            {
                try
                {
                    var next = Folded(done.State, parts.Projection.Apply(id, done.State.Document, envelopes[i]), recorded.Position);
                    done = ReferenceEquals(next.State, done.State) ? done : next;
                    break;
                }
                catch (Exception e) when (attempt >= parts.Options.Attempts)
                {
                    Park(toPark, id, recorded, e.Message, attempt);
                    foreach (var behind in envelopes.Skip(i + 1))
                    {
                        Park(toPark, id, behind.Recorded, "an earlier event of the document is parked", 0);
                    }

                    return done;
                }
                catch (Exception e)
                {
                    parts.Logger.LogDebug(e, "{Collection}: attempt {Attempt} at event {Position} failed", collection, attempt, recorded.Position);
                    await Task.Delay(parts.Options.RetryDelay * Math.Pow(2, attempt - 1), parts.Time, cancellationToken);
                }
            }
        }

        return done;
    }

    private (DocumentState<TDocument> State, byte[]? Json) Folded(DocumentState<TDocument> before, TDocument? document, LogPosition position)
    {
        if (ReferenceEquals(document, before.Document))
        {
            return (before, null);
        }

        var state = before with { Document = document, Position = position > before.Position ? position : before.Position };
        var json = state.Write(parts.Projection.Json);
        return (state with { Bytes = json?.Length ?? 0 }, json);
    }

    private async Task<bool> TryAgainAsync(ParkedEvent entry, CancellationToken cancellationToken)
    {
        if (await FindAsync(entry, cancellationToken) is not { } recorded)
        {
            parts.Logger.LogWarning("{Subscription}: the parked event {Position} ({Type}) is no longer in the log; it is taken out", entry.Subscription, entry.Position, entry.Type);
            return true;
        }

        try
        {
            var envelope = EventEnvelope.Read(parts.Types, recorded);
            if (!entry.Key.StartsWith(StreamKey, StringComparison.Ordinal))
            {
                await ApplyAsync(entry.Key, envelope, isLate: false, cancellationToken);
                return true;
            }

            var all = true;
            foreach (var id in KeysOf(envelope))
            {
                if (blocked.ContainsKey(id))
                {
                    all = false;
                }
                else
                {
                    await ApplyAsync(id, envelope, isLate: true, cancellationToken);
                }
            }

            return all;
        }
        catch (Exception e) when (e is not OperationCanceledException and not ReadModelStoreException)
        {
            parts.Logger.LogWarning(e, "{Subscription}: the parked event {Position} ({Type}) of {Key} failed again", entry.Subscription, entry.Position, entry.Type, entry.Key);
            return false;
        }
    }

    private async Task ApplyAsync(string id, EventEnvelope envelope, bool isLate, CancellationToken cancellationToken)
    {
        var before = (await LoadAsync([id], cancellationToken))[id];
        var position = envelope.Recorded.Position;
        if (isLate ? before.Late.Contains(position.Value) : before.Reflects(position))
        {
            return;
        }

        // A late event finds the document as of now, also where that is a deletion: it is written behind it.
        var (after, json) = Folded(
            isLate ? before with { Late = before.Late.Add(position.Value) } : before,
            parts.Projection.Apply(id, before.Document, envelope),
            isLate && Reached > position ? Reached : position);
        if (!ReferenceEquals(after.Document, before.Document))
        {
            await parts.Store.WriteAsync(collection, [new(id, json is null ? default(ReadOnlyMemory<byte>?) : json, after.Position)], LogPosition.Start, cancellationToken);
            hot.Set(id, after);
        }
    }

    private async Task<RecordedEvent?> FindAsync(ParkedEvent entry, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var recorded in parts.Log.ReadStreamAsync(entry.Stream, ReadDirection.Forwards, entry.Version, 1, cancellationToken))
            {
                return recorded.Id == entry.EventId ? recorded : null;
            }
        }
        catch (Exception e) when (e is StreamNotFoundException or StreamTombstonedException)
        {
            parts.Logger.LogDebug(e, "{Stream} was deleted", entry.Stream);
        }

        return null;
    }
}
