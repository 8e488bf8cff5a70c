using AIaaS.Commands.Bus;
using AIaaS.Commands.Tools;
using AIaaS.Domain.Sagas;
using AIaaS.EventStore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace AIaaS.Commands.Sagas;

/// <summary>Registers sagas.</summary>
public static class SagaServices
{
    /// <summary>
    /// Adds what starts, dispatches, works on and recovers sagas. The bus (<c>AddWorkBus</c>), the tools with their registry and executor, the
    /// log, the event types, <see cref="IdSource"/>, <see cref="TimeProvider"/>, the checkpoint store and the parking lot must be registered
    /// besides, and the sagas themselves as <see cref="SagaDefinition"/>.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="manage">Whether this process starts, dispatches and recovers sagas.</param>
    /// <param name="work">Whether this process works on them.</param>
    public static IServiceCollection AddSagas(this IServiceCollection services, bool manage = true, bool work = true)
    {
        services.TryAddSingleton<SagaTelemetry>();
        services.TryAddSingleton<SagaCatalog>();
        services.TryAddSingleton<SagaService>();
        services.TryAddSingleton<SagaWorker>();
        if (work)
        {
            services.AddSingleton<IWorkHandler<ExecuteSaga>>(s => s.GetRequiredService<SagaWorker>());
        }

        if (manage)
        {
            services.TryAddSingleton<SagaStarter>();
            services.TryAddSingleton<SagaDispatcher>();
            services.TryAddSingleton<SagaRecovery>();
            services.AddTimers();
            var wide = new EventHandlerSettings { Concurrency = 32 };
            services.AddHandler<SagaStarter>(wide);
            services.AddHandler<SagaDispatcher>(wide);
            services.AddSingleton<ISubscription>(s => s.GetRequiredService<SagaRecovery>());
        }

        return services;
    }

    /// <summary>Adds the sagas that come with the product, and the tools that only they need.</summary>
    public static IServiceCollection AddShippedSagas(this IServiceCollection services)
    {
        foreach (var definition in ShippedSagas.All)
        {
            services.AddSingleton(definition);
        }

        return services.AddSingleton<ITool, FindOrderPaymentTool>();
    }
}
