using AIaaS.Commands.Bus;
using AIaaS.Commands.Tools;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace AIaaS.Commands.Complaints;

/// <summary>Registers complaints.</summary>
public static class ComplaintServices
{
    /// <summary>Adds the services, the timers' handler and the tools. Needs the log, the event types, an id source, the clock, the read models, the checkpoint store and the parking lot.</summary>
    public static IServiceCollection AddComplaints(this IServiceCollection services)
    {
        services.TryAddSingleton<IEarlierComplaints, EarlierComplaints>();
        services.AddSingleton<ComplaintDeadlineService>();
        services.AddSingleton<ComplaintService>();
        services.AddSingleton<ComplaintTimers>();
        services.AddHandler<ComplaintTimers>();
        services.AddSingleton<ITool, OpenComplaintTool>();
        services.AddSingleton<ITool, EscalateComplaintTool>();
        return services;
    }
}
