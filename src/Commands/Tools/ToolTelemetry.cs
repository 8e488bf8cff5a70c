using System.Diagnostics;
using System.Diagnostics.Metrics;
using AIaaS.Domain.Tools;
using AIaaS.EventStore;

namespace AIaaS.Commands.Tools;

/// <summary>Spans and metrics of tool calls. Names are fixed: dashboards rely on them.</summary>
public sealed class ToolTelemetry : IDisposable
{
    /// <summary>The name of the source of spans and of the meter.</summary>
    public const string Name = "AIaaS.Tools";

    private readonly ActivitySource spans = new(Name);
    private readonly Meter meter = new(Name);
    private readonly Histogram<int> errors;
    private readonly Histogram<double> latency;
    private readonly Counter<long> retries;

    /// <summary>Makes the source and the meter.</summary>
    public ToolTelemetry()
    {
        errors = meter.CreateHistogram<int>("tool_error_rate", "1", "0 for a call that succeeded, 1 for one that failed or whose outcome is unknown: the mean is the rate.");
        latency = meter.CreateHistogram<double>("tool_latency_ms", "ms", "All attempts of a call together.");
        retries = meter.CreateCounter<long>("retry_total", "{retry}", "Attempts after a failed one.");
    }

    /// <inheritdoc />
    public void Dispose()
    {
        spans.Dispose();
        meter.Dispose();
    }

    internal Activity? Start(ToolManifest tool, ToolCall call)
    {
        var span = spans.HasListeners() ? spans.StartActivity("execute_tool " + tool.Name, ActivityKind.Client) : null;
        return span?
            .SetTag("tenant_id", call.Tenant)
            .SetTag("tool_id", tool.Name)
            .SetTag("run_id", new StreamName(call.Caller).Id)
            .SetTag("step_id", call.Call.Split('/')[0])
            .SetTag("gen_ai.operation.name", "execute_tool")
            .SetTag("gen_ai.tool.name", tool.Name)
            .SetTag("gen_ai.tool.call.id", call.Call);
    }

    internal void Retried(ToolManifest tool, string tenant) => retries.Add(1, new KeyValuePair<string, object?>("tenant_id", tenant), new("tool_id", tool.Name));

    internal void Ended(Activity? span, ToolManifest tool, string tenant, ToolResult result)
    {
        var outcome = result.Outcome switch
        {
            ToolOutcome.Succeeded => "succeeded",
            ToolOutcome.Failed f => f.Code,
            _ => "unknown",
        };
        KeyValuePair<string, object?>[] tags = [new("tenant_id", tenant), new("tool_id", tool.Name), new("outcome", outcome)];
        errors.Record(result.Outcome is ToolOutcome.Succeeded ? 0 : 1, tags);
        latency.Record(result.LatencyMs, tags);
        span?.SetTag("outcome", outcome);
        if (result.Outcome is not ToolOutcome.Succeeded)
        {
            span?.SetStatus(ActivityStatusCode.Error, outcome);
        }
    }
}
