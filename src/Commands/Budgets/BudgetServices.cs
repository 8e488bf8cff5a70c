using AIaaS.Commands.Billing;
using AIaaS.EventStore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace AIaaS.Commands.Budgets;

/// <summary>Registers budgets and quotas.</summary>
public static class BudgetServices
{
    /// <summary>Adds the catalogue, the ledger, what settles, the service, and quotas (those of the tenants' plans where these are registered, or of another <see cref="IQuotaSource"/>). Needs the log, the event types, an id source, the clock, the checkpoint store and the parking lot; <see cref="BudgetOptions"/> may be registered besides.</summary>
    public static IServiceCollection AddBudgets(this IServiceCollection services)
    {
        services.TryAddSingleton(new BudgetOptions());
        services.AddSingleton<BudgetCatalog>();
        services.AddSingleton<ISubscription>(s => s.GetRequiredService<BudgetCatalog>());
        services.AddSingleton<BudgetLedger>();
        services.AddSingleton<BudgetSettlement>();
        services.AddSingleton<ISubscription>(s => s.GetRequiredService<BudgetSettlement>());
        services.AddSingleton<BudgetService>();
        services.TryAddSingleton<IQuotaSource>(s => s.GetService<TenantPlans>() is { } plans ? new PlanQuotas(plans) : new NoQuotas());
        services.AddSingleton<IUsageFigures, QuotaFigures>();
        services.AddSingleton<QuotaNoticeService>();
        services.AddSingleton<QuotaOverrideService>();
        services.AddSingleton<QuotaGate>();
        services.AddSingleton<ISubscription>(s => s.GetRequiredService<QuotaGate>());
        return services;
    }
}
