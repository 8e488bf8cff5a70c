using System.Collections.Immutable;
using AIaaS.Domain.Billing;
using AIaaS.EventStore;

namespace AIaaS.Commands.Billing;

/// <summary>A closed billing period.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="From">Its first moment.</param>
/// <param name="To">The first moment behind it.</param>
/// <param name="Invoice">Its invoice's id; null where nothing was owed when it was closed.</param>
/// <param name="ThroughVersion">The last version of the usage log that was in it then.</param>
public sealed record ClosedPeriod(string Tenant, DateTimeOffset From, DateTimeOffset To, string? Invoice, long ThroughVersion);

/// <summary>All closed periods of all tenants. Read off the log when asked for, and read on from there the next time.</summary>
public sealed class ClosedPeriods(IEventStore log, EventTypes types)
{
    private static readonly EventFilter Closings = EventFilter.Types("billing.period.closed");

    private readonly SemaphoreSlim gate = new(1);
    private readonly SortedDictionary<string, ImmutableSortedDictionary<DateTimeOffset, ClosedPeriod>> periods = new(StringComparer.Ordinal);
    private LogPosition position;

    /// <summary>The closed periods of a tenant that end behind a moment, in the order of time.</summary>
    public async Task<ImmutableArray<ClosedPeriod>> OfAsync(string tenant, DateTimeOffset endsAfter, CancellationToken cancellationToken = default)
    {
        await gate.WaitAsync(cancellationToken);
        try
        {
            await ReadOnAsync(cancellationToken);
            return periods.TryGetValue(tenant, out var own) ? [.. own.Values.Where(p => p.To > endsAfter)] : [];
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>The tenants with closed periods, in the order of their ids.</summary>
    /// <param name="after">Only those behind this one; null for all.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<ImmutableArray<string>> TenantsAsync(string? after = null, CancellationToken cancellationToken = default)
    {
        await gate.WaitAsync(cancellationToken);
        try
        {
            await ReadOnAsync(cancellationToken);
            return [.. periods.Keys.Where(t => after is null || string.CompareOrdinal(t, after) > 0)];
        }
        finally
        {
            gate.Release();
        }
    }

    private async Task ReadOnAsync(CancellationToken cancellationToken)
    {
        await foreach (var recorded in log.ReadAllAsync(ReadDirection.Forwards, position, Closings, long.MaxValue, cancellationToken))
        {
            if (recorded.Position <= position)
            {
                continue;
            }

            position = recorded.Position;
            if (recorded.Type == "billing.period.closed" && types.Read(recorded) is BillingPeriodClosed closed)
            {
                var tenant = new StreamName(recorded.Stream).Tenant;
                var own = periods.GetValueOrDefault(tenant) ?? ImmutableSortedDictionary<DateTimeOffset, ClosedPeriod>.Empty;
                periods[tenant] = own.SetItem(closed.From, new(tenant, closed.From, closed.To, closed.Invoice, closed.ThroughVersion));
            }
        }
    }
}
