using System.Runtime.CompilerServices;
using AIaaS.Domain.Metering;
using AIaaS.EventStore;

namespace AIaaS.Queries.Metering;

/// <summary>Which part of a tenant's usage an export gives.</summary>
/// <param name="First">The first event's number.</param>
/// <param name="Last">The last event's number; less than the first where there is none.</param>
public sealed record UsageRange(long First, long Last)
{
    /// <summary>Where the next export goes on.</summary>
    public long Next => Math.Max(First, Last + 1);
}

/// <summary>Usage as it is recorded, byte for byte: what every proof is made over.</summary>
public sealed class UsageExport(IEventStore log)
{
    /// <summary>What there is from a number on, at most so many.</summary>
    public async Task<UsageRange> RangeAsync(string tenant, long first, long most, CancellationToken cancellationToken = default)
    {
        long last = -1;
        await foreach (var recorded in log.ReadStreamOrEmptyAsync(UsageMetered.Stream(tenant), ReadDirection.Backwards, long.MaxValue, 1, cancellationToken))
        {
            last = recorded.Version;
        }

        return new(first, Math.Min(last, most > long.MaxValue - first ? long.MaxValue : first + most - 1));
    }

    /// <summary>The events' stored bytes, each one line of JSON.</summary>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(string tenant, UsageRange range, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(range);
        if (range.Last < range.First)
        {
            yield break;
        }

        await foreach (var recorded in log.ReadStreamOrEmptyAsync(UsageMetered.Stream(tenant), ReadDirection.Forwards, range.First, range.Last - range.First + 1, cancellationToken))
        {
            yield return recorded.Data;
        }
    }
}
