using System.Collections.Immutable;
using AIaaS.Commands.Bus;
using AIaaS.Commands.Metering;
using AIaaS.Domain.Billing;
using AIaaS.Domain.Metering;
using AIaaS.Domain.Pricing;
using AIaaS.EventStore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace AIaaS.Commands.Billing;

/// <summary>Registers subscriptions.</summary>
public static class SubscriptionServices
{
    /// <summary>Adds the service, the catalogue, the timers' handler, and the meters of plans. Needs prices and plans, the log, the event types, an id source, the clock, the checkpoint store and the parking lot.</summary>
    public static IServiceCollection AddSubscriptions(this IServiceCollection services)
    {
        services.TryAddSingleton<IUsageFigures, NoUsageFigures>();
        services.AddSingleton<SubscriptionCatalog>();
        services.AddSingleton<ISubscription>(s => s.GetRequiredService<SubscriptionCatalog>());
        services.AddSingleton<TenantPlans>();
        services.AddSingleton<IPlanMeters, PlanMeters>();
        services.AddSingleton<SubscriptionService>();
        services.AddSingleton<PlanTimers>();
        services.AddHandler<PlanTimers>();
        return services;
    }

    private sealed class NoUsageFigures : IUsageFigures
    {
        public ValueTask<ImmutableArray<UsageFigure>> OfAsync(string tenant, ImmutableArray<QuotaLimit> quotas, CancellationToken cancellationToken = default) => new([]);
    }

    private sealed class PlanMeters(TenantPlans plans) : IPlanMeters
    {
        public ValueTask<IReadOnlyList<MeterDefinition>> OfAsync(string tenant, CancellationToken cancellationToken = default) => new(plans.Of(tenant).Meters);
    }
}
