using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace AIaaS.Commands.Bus;

/// <summary>Registers the bus and the workers' heartbeat.</summary>
public static class BusServices
{
    /// <summary>
    /// Adds the bus with its queues of sagas and runs. Work of a kind is taken where an <see cref="IWorkHandler{TWork}"/> of it is registered.
    /// The log, the event types, <see cref="EventStore.IdSource"/> and <see cref="TimeProvider"/> must be registered besides; <see cref="BusOptions"/> and <see cref="WorkerOptions"/> may be.
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
}
