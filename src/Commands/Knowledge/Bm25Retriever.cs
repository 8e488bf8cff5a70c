using System.Collections.Concurrent;
using System.Collections.Immutable;
using AIaaS.Domain.Knowledge;
using AIaaS.EventStore;

namespace AIaaS.Commands.Knowledge;

/// <summary>
/// Full-text search by BM25 over the articles in the log. The index lies in memory: it is built from the start of the log each time that the
/// program starts, and follows the log from then on. Search results are recorded by the runs that use them, so a replay does not need it.
/// </summary>
public sealed class Bm25Retriever(IEventStore log, EventTypes types, IParkingLot parking, TimeProvider time) : IRetriever, ISubscription, IDisposable
{
    private const int MaxTop = 20;
    private const string Streams = "article-";

    private readonly ConcurrentDictionary<string, TenantIndex> tenants = new(StringComparer.Ordinal);
    private readonly PositionSignal reached = new();
    private readonly ConcurrentDictionary<string, ImmutableList<ParkedEvent>> parked = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim applying = new(1);
    private Dictionary<Guid, ParkedEvent>? parkedBefore;
    private SubscriptionState state = SubscriptionState.Stopped;
    private SubscriptionFailure? lastFailure;

    /// <inheritdoc />
    public string Name => "article-search";

    /// <summary>Everything in the log up to here is in the index.</summary>
    public LogPosition Position => reached.Reached;

    /// <summary>How many articles of a tenant can be found.</summary>
    public int CountArticles(string tenant) => tenants.TryGetValue(tenant, out var index) ? index.Articles : 0;

    /// <inheritdoc />
    public ValueTask<Retrieval> RetrieveAsync(string tenant, string query, Audience audience, int top, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (top is < 1 or > MaxTop)
        {
            throw new ArgumentOutOfRangeException(nameof(top), top, $"A search gives 1 to {MaxTop} passages.");
        }

        var position = Position.Value;
        return new(new Retrieval(tenants.TryGetValue(tenant, out var index) ? index.Search(query, audience, top) : [], position));
    }

    /// <summary>Waits until the index has passed a position, for example that of an article just written.</summary>
    /// <returns>False when it has not within the time.</returns>
    public Task<bool> WaitForAsync(LogPosition position, TimeSpan timeout, CancellationToken cancellationToken = default) =>
        reached.WaitAsync(position, timeout, time, cancellationToken);

    /// <inheritdoc />
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        state = SubscriptionState.CatchingUp;
        try
        {
            // The index is built anew, so what an earlier process parked is tried again on the way.
            parkedBefore ??= (await parking.ListAsync(Name, cancellationToken)).ToDictionary(p => p.EventId);
            await foreach (var message in log.SubscribeToAllAsync(Position, EventFilter.Streams(Streams), cancellationToken))
            {
                if (message.Event is { } recorded)
                {
                    await ApplyAsync(recorded, cancellationToken);
                }

                reached.Advance(message.Position);
                if (message.Kind == SubscriptionMessageKind.CaughtUp)
                {
                    state = SubscriptionState.Live;
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            state = SubscriptionState.Stopped;
            throw;
        }
        catch (Exception e)
        {
            lastFailure = new(e.Message, time.GetUtcNow());
            state = SubscriptionState.Restarting;
            throw;
        }
    }

    /// <inheritdoc />
    public async Task<SubscriptionStatus> GetStatusAsync(CancellationToken cancellationToken = default)
    {
        var position = Position;
        var lag = await SubscriptionLag.MeasureAsync(log, position, EventFilter.Streams(Streams), cancellationToken);
        return new(Name, state, position, lag.Events, lag.Seconds(time), 0, parked.Values.Sum(p => p.Count), lastFailure);
    }

    /// <inheritdoc />
    public async Task<int> ReplayParkedAsync(string? key = null, CancellationToken cancellationToken = default)
    {
        var handled = 0;
        await applying.WaitAsync(cancellationToken);
        try
        {
            foreach (var stream in parked.Keys.Where(k => key is null || k == key).Order(StringComparer.Ordinal).ToList())
            {
                foreach (var entry in parked[stream])
                {
                    if (!await TryAgainAsync(entry, cancellationToken))
                    {
                        break;
                    }

                    handled++;
                }
            }
        }
        finally
        {
            applying.Release();
        }

        return handled;
    }

    /// <inheritdoc />
    public void Dispose()
    {
        applying.Dispose();
        foreach (var index in tenants.Values)
        {
            index.Dispose();
        }
    }

    private async Task ApplyAsync(RecordedEvent recorded, CancellationToken cancellationToken)
    {
        await applying.WaitAsync(cancellationToken);
        try
        {
            if (parked.ContainsKey(recorded.Stream))
            {
                await ParkAsync(recorded, "waits behind a parked event of the same article", 0, cancellationToken);
                return;
            }

            try
            {
                Apply(recorded);
                if (parkedBefore is not null && parkedBefore.Remove(recorded.Id, out var before))
                {
                    await parking.RemoveAsync(before, cancellationToken);
                }
            }
            catch (UnreadableEventException e)
            {
                await ParkAsync(recorded, e.Message, 1, cancellationToken);
            }
        }
        finally
        {
            applying.Release();
        }
    }

    private void Apply(RecordedEvent recorded)
    {
        var tenant = new StreamName(recorded.Stream).Tenant;
        switch (types.Read(recorded))
        {
            case ArticleProcessed e:
                tenants.GetOrAdd(tenant, _ => new()).Put(e);
                break;
            case ArticleRemoved e when tenants.TryGetValue(tenant, out var index):
                index.Remove(e.Article);
                break;
        }
    }

    private async Task ParkAsync(RecordedEvent recorded, string reason, int attempts, CancellationToken cancellationToken)
    {
        var entry = new ParkedEvent(Name, recorded.Stream, recorded.Position, recorded.Id, recorded.Stream, recorded.Version, recorded.Type, reason, attempts, time.GetUtcNow());
        await parking.ParkAsync(entry, cancellationToken);
        parked.AddOrUpdate(recorded.Stream, _ => [entry], (_, list) => list.Add(entry));
    }

    private async Task<bool> TryAgainAsync(ParkedEvent entry, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var recorded in log.ReadStreamAsync(entry.Stream, ReadDirection.Forwards, entry.Version, 1, cancellationToken))
            {
                Apply(recorded);
            }
        }
        catch (UnreadableEventException)
        {
            return false;
        }
        catch (StreamNotFoundException)
        {
            // The article's stream was deleted: nothing is left to index.
        }

        await parking.RemoveAsync(entry, cancellationToken);
        var rest = parked[entry.Stream].Remove(entry);
        if (rest.IsEmpty)
        {
            parked.TryRemove(entry.Stream, out _);
        }
        else
        {
            parked[entry.Stream] = rest;
        }

        return true;
    }
}
