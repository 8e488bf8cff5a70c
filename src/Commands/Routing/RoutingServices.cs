using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace AIaaS.Commands.Routing;

/// <summary>Registers the models.</summary>
public static class RoutingServices
{
    /// <summary>Registers the <see cref="ModelCatalog"/> that the configuration's section <c>Models</c> describes.</summary>
    /// <exception cref="ArgumentException">The section cannot be used (thrown when the catalogue is first asked for).</exception>
    public static IServiceCollection AddModels(this IServiceCollection services, IConfiguration configuration)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(p => ModelOptions.Read(configuration.GetSection("Models"), p.GetRequiredService<TimeProvider>()));
        return services;
    }
}
