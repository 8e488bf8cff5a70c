using AIaaS.Commands.Bus;
using AIaaS.Commands.Tools;
using Microsoft.Extensions.DependencyInjection;

namespace AIaaS.Commands.Leads;

/// <summary>Registers leads.</summary>
public static class LeadServices
{
    /// <summary>Adds the service, the timers' handler and the tools. Needs the log, the event types, an id source, the clock, the checkpoint store and the parking lot.</summary>
    /// <param name="services">The services.</param>
    /// <param name="crm">How the CRM is reached; null for none.</param>
    public static IServiceCollection AddLeads(this IServiceCollection services, CrmOptions? crm = null)
    {
        services.AddSingleton<LeadService>();
        services.AddSingleton<FollowUpTimers>();
        services.AddHandler<FollowUpTimers>();
        services.AddSingleton<ITool, CaptureLeadTool>();
        services.AddSingleton<ITool, QualifyLeadTool>();
        services.AddSingleton<ITool, ScheduleFollowUpTool>();
        services.AddSingleton<ITool, CancelFollowUpTool>();
        services.AddSingleton(_ => new CrmClient(new(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(5), AllowAutoRedirect = false }) { Timeout = Timeout.InfiniteTimeSpan }, crm ?? new()));
        services.AddSingleton<ITool, CrmUpsertTool>();
        services.AddSingleton<ITool, CrmRevertTool>();
        return services;
    }
}
