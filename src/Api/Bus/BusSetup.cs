using AIaaS.Api.Hosting;
using AIaaS.Commands.Bus;

namespace AIaaS.Api.Bus;

/// <summary>The bus and the heartbeat of this process, from the configuration.</summary>
internal static class BusSetup
{
    public static void Add(IServiceCollection services, IConfiguration configuration, Settings settings)
    {
        var bus = configuration.GetSection("Bus").Get<BusOptions>() ?? new();
        services.AddSingleton(bus with { TakesWork = settings.Roles.HasFlag(Roles.Workers) });
        services.AddSingleton((configuration.GetSection("Workers").Get<WorkerOptions>() ?? new()) with { OwnsLog = settings.OwnsLog });
        services.AddWorkBus();
    }

    /// <summary>Work within the process reaches no other one.</summary>
    /// <exception cref="StartupException">The roles need a bus between processes.</exception>
    public static void Check(Roles roles, string? engine)
    {
        var parts = roles & (Roles.Api | Roles.Sagas | Roles.Workers);
        if (parts is not (Roles.None or (Roles.Api | Roles.Sagas | Roles.Workers)) && engine is null or "memory")
        {
            throw new StartupException($"Roles={RoleRules.Text(roles)} has runs and sagas dispatched by another process than the one that works on them, but the bus in memory reaches no other process. Set Bus__Engine=rabbitmq, or give api, sagas and workers to the same process.");
        }
    }
}
