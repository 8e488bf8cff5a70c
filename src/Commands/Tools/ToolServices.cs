using System.Net;
using AIaaS.EventStore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace AIaaS.Commands.Tools;

/// <summary>Registers what calls tools.</summary>
public static class ToolServices
{
    /// <summary>
    /// Adds the registry, the executor, the adapters and the ledger's commands. Tools of the platform are registered as <see cref="ITool"/> besides. Needs the log, the
    /// event types, an id source, a parking lot and logging.
    /// </summary>
    public static IServiceCollection AddTools(this IServiceCollection services, IConfiguration configuration)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(_ => OptionsOf(configuration.GetSection("Tools")));
        services.AddSingleton(_ => new ToolSecrets(configuration));
        services.AddSingleton<ToolNetwork>();
        services.AddSingleton(s => ActivatorUtilities.CreateInstance<McpSessions>(s, configuration));
        services.AddSingleton<ToolAdapters>();
        services.AddSingleton<ToolTelemetry>();
        services.AddSingleton<ToolExecutor>();
        services.AddSingleton<IToolExecutor>(s => s.GetRequiredService<ToolExecutor>());
        services.AddSingleton<ToolRegistry>();
        services.AddSingleton<IToolRegistry>(s => s.GetRequiredService<ToolRegistry>());
        services.AddSingleton<ISubscription>(s => s.GetRequiredService<ToolRegistry>());
        services.AddSingleton<ToolService>();
        services.AddSingleton<OperatorCalls>();
        services.AddSingleton<ToolResolution>();
        services.AddSingleton<ReconciliationJob>();
        services.TryAddSingleton<Agents.OutsideEvents>();
        return services;
    }

    private static ToolNetworkOptions OptionsOf(IConfigurationSection tools)
    {
        var networks = tools.GetSection("AllowedNetworks").GetChildren().Select(n => n.Value ?? "").ToList();
        return new()
        {
            Allowed = [.. networks.Select(n => IPNetwork.TryParse(n, out var network) ? network : throw new ArgumentException($"Tools__AllowedNetworks holds '{n}', which is no network such as 10.2.0.0/16."))],
        };
    }
}
