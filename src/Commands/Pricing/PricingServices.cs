using AIaaS.EventStore;
using Microsoft.Extensions.DependencyInjection;

namespace AIaaS.Commands.Pricing;

/// <summary>Registers prices, plans and exchange rates.</summary>
public static class PricingServices
{
    /// <summary>Adds the services and the catalogue. Needs the log, the event types, an id source, the clock and the parking lot.</summary>
    public static IServiceCollection AddPricing(this IServiceCollection services)
    {
        services.AddSingleton<PriceService>();
        services.AddSingleton<PlanService>();
        services.AddSingleton<ExchangeRateService>();
        services.AddSingleton<PricingService>();
        services.AddSingleton<PriceCatalog>();
        services.AddSingleton<ISubscription>(s => s.GetRequiredService<PriceCatalog>());
        return services;
    }
}
