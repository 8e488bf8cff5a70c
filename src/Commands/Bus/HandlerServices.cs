using AIaaS.EventStore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AIaaS.Commands.Bus;

/// <summary>Registers what reacts to the log.</summary>
public static class HandlerServices
{
    /// <summary>Runs a registered event handler behind the log.</summary>
    /// <param name="services">The services.</param>
    /// <param name="settings">How it is run; null for the defaults.</param>
    public static IServiceCollection AddHandler<THandler>(this IServiceCollection services, EventHandlerSettings? settings = null)
        where THandler : class, IEventHandler =>
        services.AddSingleton<ISubscription>(s => new EventHandlerSubscription(
            s.GetRequiredService<IEventStore>(),
            s.GetRequiredService<EventTypes>(),
            s.GetRequiredService<THandler>(),
            s.GetRequiredService<ICheckpointStore>(),
            s.GetRequiredService<IParkingLot>(),
            s.GetRequiredService<TimeProvider>(),
            settings,
            s.GetService<KernelMetrics>(),
            s.GetService<ILogger<EventHandlerSubscription>>()));
}
