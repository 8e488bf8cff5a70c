using System.Collections.Concurrent;
using AIaaS.Commands.Bus;
using AIaaS.Commands.Pricing;
using AIaaS.Domain.Billing;
using AIaaS.Domain.Pricing;
using AIaaS.EventStore;

namespace AIaaS.Commands.Billing;

/// <summary>The subscriptions of all tenants, in memory; it follows the log, in every process that needs it.</summary>
public sealed class SubscriptionCatalog(IEventStore log, EventTypes types, IParkingLot parking, TimeProvider time)
    : LogFollower(log, types, parking, time, "subscription-catalog", EventFilter.Streams(Subscription.Category + "-"))
{
    private readonly ConcurrentDictionary<string, Subscription> tenants = new(StringComparer.Ordinal);

    /// <summary>The tenants that have one, in the order of their ids; the others are on the built-in plan.</summary>
    public IEnumerable<string> Tenants => tenants.Keys.Order(StringComparer.Ordinal);

    /// <summary>A tenant's subscription; that of a tenant that never chose a plan is the initial one.</summary>
    public Subscription Of(string tenant) => tenants.TryGetValue(tenant, out var found) ? found : Subscription.Initial;

    /// <inheritdoc />
    protected override void Take(RecordedEvent recorded, object @event)
    {
        ArgumentNullException.ThrowIfNull(recorded);
        var tenant = new StreamName(recorded.Stream).Tenant;
        tenants[tenant] = Of(tenant).Evolve(@event);
    }
}

/// <summary>Which plan a tenant is on now, with its limits, meters and features: without reading the log.</summary>
public sealed class TenantPlans(SubscriptionCatalog subscriptions, PriceCatalog catalog, TimeProvider time)
{
    /// <summary>The plan that a tenant is on now.</summary>
    public Plan Of(string tenant) => At(tenant, time.GetUtcNow());

    /// <summary>The plan that a tenant is on at a moment.</summary>
    public Plan At(string tenant, DateTimeOffset moment)
    {
        var stay = subscriptions.Of(tenant).PlanAt(moment);
        // A plan is published before anybody is on it; the two catalogues may see that in another order for a moment.
        return catalog.Current.FindPlan(stay.Plan, stay.Version) ?? BuiltInPricing.PayAsYouGo;
    }
}
