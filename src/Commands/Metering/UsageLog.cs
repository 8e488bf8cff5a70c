using System.Collections.Concurrent;
using AIaaS.Domain.Metering;
using AIaaS.EventStore;

namespace AIaaS.Commands.Metering;

/// <summary>Usage that the platform measured itself.</summary>
/// <param name="Source">CloudEvents source, <c>aiaas/…</c>.</param>
/// <param name="Id">CloudEvents id: a function of what caused it, so that measuring it again changes nothing.</param>
/// <param name="Type">One of <see cref="BuiltInMeters"/>.</param>
/// <param name="Subject">Whom or what it is about; null for nothing.</param>
/// <param name="Time">When it was used.</param>
/// <param name="Data">CloudEvents data as JSON.</param>
public sealed record PlatformUsage(string Source, string Id, string Type, string? Subject, DateTimeOffset Time, ReadOnlyMemory<byte> Data);

/// <summary>
/// The only writer of usage. Each tenant's usage goes through one writer of this process, which takes all that waits into one append; it remembers the
/// ids of 36 days, reads them back from the log after a restart, and learns what other processes wrote meanwhile from the version that the log refuses.
/// </summary>
public sealed class UsageLog(IEventStore log, MeterRegistry meters, TimeProvider time)
{
    private static readonly TimeSpan Idle = TimeSpan.FromHours(1);

    private readonly ConcurrentDictionary<string, UsageWriter> writers = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<UsageBatch> spare = new();

    /// <summary>Begins a batch of usage that others report.</summary>
    public async ValueTask<UsageBatch> BeginAsync(string tenant, EventMetadata metadata, CancellationToken cancellationToken = default)
    {
        var set = await meters.OfAsync(tenant, cancellationToken);
        var batch = Spare();
        batch.Begin(tenant, set, metadata, time.GetUtcNow(), isOfPlatform: false);
        return batch;
    }

    /// <summary>Records a batch; afterwards each of its events has its answer. The batch must not be disposed before.</summary>
    /// <exception cref="EventStoreUnavailableException">The log cannot be reached; sending the same events again is safe.</exception>
    /// <exception cref="EventStoreReadOnlyException">The log cannot be written now; sending the same events again is safe.</exception>
    public Task RecordAsync(UsageBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        return WriterOf(batch.Tenant).RecordAsync(batch);
    }

    /// <summary>Records usage that the platform measured itself.</summary>
    /// <exception cref="DomainException">A built-in meter cannot read it.</exception>
    public async Task<LogPosition> RecordAsync(string tenant, IEnumerable<PlatformUsage> usage, EventMetadata metadata)
    {
        ArgumentNullException.ThrowIfNull(usage);
        using var batch = Spare();
        batch.Begin(tenant, MeterSet.BuiltIn, metadata, time.GetUtcNow(), isOfPlatform: true);
        foreach (var used in usage)
        {
            batch.Add(used.Source, used.Id, used.Type, used.Subject, used.Time, used.Data.Span);
        }

        await RecordAsync(batch);
        for (var i = 0; i < batch.Count; i++)
        {
            if (batch[i].Error is { } error)
            {
                throw new DomainException(error);
            }
        }

        return batch.Position;
    }

    internal void TakeBack(UsageBatch batch)
    {
        if (spare.Count < 64 && batch.IsSmall)
        {
            spare.Enqueue(batch);
        }
        else
        {
            batch.End();
        }
    }

    private UsageBatch Spare() => spare.TryDequeue(out var batch) ? batch : new(this);

    private UsageWriter WriterOf(string tenant)
    {
        if (writers.TryGetValue(tenant, out var writer))
        {
            return writer;
        }

        foreach (var (name, other) in writers)
        {
            // One that gets work in this moment goes on beside its successor: the log's versions keep them apart.
            if (other.IsIdle(Idle))
            {
                writers.TryRemove(new(name, other));
            }
        }

        return writers.GetOrAdd(tenant, t => new(t, log, time));
    }
}
