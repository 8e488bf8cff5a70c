using AIaaS.Commands.Billing;
using AIaaS.Commands.Bus;
using AIaaS.Commands.Pricing;
using AIaaS.Domain.Budgets;
using AIaaS.EventStore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace AIaaS.Commands.Budgets;

/// <summary>Registers the cost guard.</summary>
public static class CostGuardServices
{
    /// <summary>Adds reports and the safe mode. Needs budgets, the plans of tenants, the read models and what those need; <see cref="CostGuardOptions"/> may be registered besides.</summary>
    /// <param name="services">The services.</param>
    /// <param name="reports">Whether this process makes the nightly reports.</param>
    public static IServiceCollection AddCostGuard(this IServiceCollection services, bool reports)
    {
        services.TryAddSingleton(new CostGuardOptions());
        services.AddSingleton<CostTelemetry>();
        services.TryAddSingleton<ISafeModePlans, SafeModePlans>();
        services.AddSingleton<SafeModeRegistry>();
        services.AddSingleton<ISubscription>(s => s.GetRequiredService<SafeModeRegistry>());
        services.AddSingleton<SafeModeService>();
        services.AddSingleton<SafeModeGuard>();
        services.AddHandler<SafeModeGuard>();
        services.AddSingleton<CostReportService>();
        services.AddSingleton<CostReporter>();
        services.AddSingleton<CostReportJob>();
        if (reports)
        {
            services.AddHostedService(s => s.GetRequiredService<CostReportJob>());
        }

        return services;
    }
}

/// <summary>The safe mode as the plans of tenants have it.</summary>
public sealed class SafeModePlans(TenantPlans plans, SubscriptionCatalog subscriptions, PriceCatalog prices) : ISafeModePlans
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <inheritdoc />
    public async ValueTask<SafeModeTerms> OfAsync(string tenant, DateTimeOffset at, LogPosition known, CancellationToken cancellationToken = default)
    {
        if (!await subscriptions.WaitForAsync(known, Patience, cancellationToken) || !await prices.WaitForAsync(known, Patience, cancellationToken))
        {
            throw new DomainException(new("temporary-reduced-capacity", "The plans of tenants are not known up to this event yet.", "The event is tried again.", 503));
        }

        var plan = plans.At(tenant, at);
        return new(plan.Id, plan.Version, plan.SafeModePercent);
    }
}
