using AIaaS.Commands.Bus;
using AIaaS.Commands.Channels;
using AIaaS.Commands.Tools;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace AIaaS.Commands.Handoffs;

/// <summary>Registers hand-offs.</summary>
public static class HandoffServices
{
    /// <summary>Adds the service, its process and its tool. Needs the log, the event types, an id source, the clock, the checkpoint store and the parking lot.</summary>
    public static IServiceCollection AddHandoffs(this IServiceCollection services)
    {
        services.TryAddSingleton<StaffMessages>();
        services.AddSingleton<HandoffService>();
        services.AddSingleton<HandoffProcess>();
        services.AddHandler<HandoffProcess>();
        services.AddSingleton<ITool, TransferTool>();
        return services;
    }
}
