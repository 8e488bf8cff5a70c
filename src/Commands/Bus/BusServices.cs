using AIaaS.EventStore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace AIaaS.Commands.Bus;

/// <summary>Registers the bus and the workers' heartbeat.</summary>
public static class BusServices
{
    /// <summary>
    /// Adds the bus with its queues of sagas and runs. Work of a kind is taken where an <see cref="IWorkHandler{TWork}"/> of it is registered.
    /// The log, the event types, <see cref="IdSource"/> and <see cref="TimeProvider"/> must be registered besides; <see cref="BusOptions"/> and <see cref="WorkerOptions"/> may be.
    /// </summary>
    public static IServiceCollection AddWorkBus(this IServiceCollection services)
    {
        services.TryAddSingleton(new BusOptions());
        services.TryAddSingleton(new WorkerOptions());
        services.TryAddSingleton<BusTelemetry>();
        services.AddSingleton<WorkRoute>(new WorkRoute<ExecuteSaga>("execute-saga", 64, WorkJson.Default.ExecuteSaga));
        services.AddSingleton<WorkRoute>(new WorkRoute<ExecuteRun>("execute-run", 64, WorkJson.Default.ExecuteRun));
        services.TryAddSingleton<DeadLetterService>();
        services.TryAddSingleton<WorkerHeartbeat>();
        services.TryAddSingleton<WorkBus>();
        services.TryAddSingleton<IWorkBus>(s => s.GetRequiredService<WorkBus>());
        // First the heartbeat: a worker beats before it works, and until it has stopped.
        services.AddSingleton<IHostedService>(s => s.GetRequiredService<WorkerHeartbeat>());
        services.AddSingleton<IHostedService>(s => s.GetRequiredService<WorkBus>());
        return services;
    }

    /// <summary>Adds the timers of streams, once however often it is called.</summary>
    public static IServiceCollection AddTimers(this IServiceCollection services)
    {
        if (services.All(s => s.ServiceType != typeof(TimerService)))
        {
            services.AddSingleton<TimerService>();
            services.AddSingleton<ISubscription>(s => s.GetRequiredService<TimerService>());
        }

        return services;
    }
}
