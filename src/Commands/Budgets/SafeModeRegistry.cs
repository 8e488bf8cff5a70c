using System.Collections.Concurrent;
using AIaaS.Commands.Bus;
using AIaaS.Domain.Budgets;
using AIaaS.EventStore;

namespace AIaaS.Commands.Budgets;

/// <summary>Which tenants are in safe mode. It lies in memory, is read from the log each time that the program starts, and follows it from then on: a run that starts asks no disk.</summary>
public sealed class SafeModeRegistry(IEventStore log, EventTypes types, IParkingLot parking, TimeProvider time)
    : LogFollower(log, types, parking, time, "safe-mode-registry", EventFilter.Streams("safeMode-"))
{
    private readonly ConcurrentDictionary<string, SafeMode> tenants = new(StringComparer.Ordinal);

    /// <summary>A tenant's safe mode.</summary>
    public SafeMode Of(string tenant) => tenants.GetValueOrDefault(tenant) ?? SafeMode.Initial;

    /// <inheritdoc />
    protected override void Take(RecordedEvent recorded, object @event)
    {
        ArgumentNullException.ThrowIfNull(recorded);
        var tenant = new StreamName(recorded.Stream).Tenant;
        tenants[tenant] = Of(tenant).Evolve(@event);
    }
}
