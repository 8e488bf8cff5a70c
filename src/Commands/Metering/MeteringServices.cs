using AIaaS.Commands.Bus;
using Microsoft.Extensions.DependencyInjection;

namespace AIaaS.Commands.Metering;

/// <summary>Registers metering.</summary>
public static class MeteringServices
{
    /// <summary>
    /// Adds meters, the log of usage and the platform's measuring of itself. Needs the log, the event types, an id source, the clock, the checkpoint
    /// store and the parking lot; takes <see cref="IPlanMeters"/> where it is there.
    /// </summary>
    public static IServiceCollection AddMetering(this IServiceCollection services)
    {
        services.AddSingleton<MeterRegistry>();
        services.AddSingleton<MeterService>();
        services.AddSingleton<UsageLog>();
        services.AddSingleton<UsageMetering>();
        services.AddHandler<UsageMetering>();
        services.AddSingleton<RequestMeter>();
        services.AddHostedService(s => s.GetRequiredService<RequestMeter>());
        return services;
    }
}
