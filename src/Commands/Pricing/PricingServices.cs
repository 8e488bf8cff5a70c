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

    /// <summary>Adds prices of models that are published beside those of the configuration. Needs the models and what <see cref="AddPricing"/> needs.</summary>
    public static IServiceCollection AddModelPrices(this IServiceCollection services)
    {
        services.AddSingleton<ModelPriceService>();
        services.AddSingleton<ModelPriceWatch>();
        services.AddSingleton<ISubscription>(s => s.GetRequiredService<ModelPriceWatch>());
        services.AddHostedService<ModelPriceLoading>();
        return services;
    }
}
