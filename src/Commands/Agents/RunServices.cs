using AIaaS.Commands.Bus;
using AIaaS.Commands.Channels;
using AIaaS.Commands.Tenants;
using AIaaS.EventStore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace AIaaS.Commands.Agents;

/// <summary>Registers runs, conversations and tenants.</summary>
public static class RunServices
{
    /// <summary>
    /// Adds the run engine and what stands around it. The log, the event types, <see cref="IdSource"/>, <see cref="TimeProvider"/>, the
    /// checkpoint store, the models and the retriever must be registered besides; <see cref="RunOptions"/> and <see cref="WorkflowOptions"/>
    /// may be.
    /// </summary>
    public static IServiceCollection AddRuns(this IServiceCollection services)
    {
        services.TryAddSingleton(s => new RunOptions { OwnsLog = s.GetService<EventStoreOptions>() is not { Engine: not "embedded" } });
        services.TryAddSingleton(new WorkflowOptions());
        services.TryAddSingleton<RunTelemetry>();
        services.TryAddSingleton<WorkflowCatalog>();
        services.TryAddSingleton<WorkflowService>();
        services.TryAddSingleton<WorkflowWatch>();
        services.AddSingleton<ISubscription>(s => s.GetRequiredService<WorkflowWatch>());
        services.TryAddSingleton<RunEngine>();
        services.TryAddSingleton<RunSignals>();
        services.TryAddSingleton<EpisodeStore>();
        services.TryAddSingleton<Replayer>();
        services.TryAddSingleton<DryRunner>();
        services.TryAddSingleton<RunMover>();
        services.TryAddSingleton<Forker>();
        services.TryAddSingleton<RunStarter>();
        services.TryAddSingleton<RunSignals>();
        services.TryAddSingleton<ConversationService>();
        services.TryAddSingleton<TenantService>();
        services.TryAddSingleton<IWorkHandler<ExecuteRun>, RunWorker>();
        services.TryAddSingleton<RunRecovery>();
        services.AddSingleton<ISubscription>(s => s.GetRequiredService<RunRecovery>());
        return services;
    }
}
