using System.Diagnostics;
using AIaaS.EventStore;

namespace AIaaS.Commands.Agents;

/// <summary>The metadata of events that a request causes.</summary>
internal static class RunMetadata
{
    public static EventMetadata For(CommandContext context, IdSource ids)
    {
        var activity = Activity.Current is { IdFormat: ActivityIdFormat.W3C } current ? current : null;
        var correlation = context.CorrelationId ?? activity?.TraceId.ToHexString() ?? ids.NewId().ToString("N");
        return new()
        {
            CorrelationId = correlation,
            CausationId = context.CausationId ?? correlation,
            Tenant = context.Tenant,
            Actor = context.Actor,
            TraceParent = activity?.Id,
        };
    }
}
