using System.Diagnostics;
using System.Diagnostics.Metrics;
using AIaaS.Domain.Agents;

namespace AIaaS.Commands.Agents;

/// <summary>Spans and metrics of runs. Names are fixed: dashboards rely on them.</summary>
public sealed class RunTelemetry : IDisposable
{
    /// <summary>The name of the source of spans and of the meter.</summary>
    public const string Name = "AIaaS.Runs";

    private readonly ActivitySource spans = new(Name);
    private readonly Meter meter = new(Name);
    private readonly Counter<double> cost;
    private readonly Counter<long> tokens;
    private readonly Counter<long> retries;

    /// <summary>Makes the source and the meter.</summary>
    public RunTelemetry()
    {
        cost = meter.CreateCounter<double>("cost_usd_total", "USD", "What completed model calls cost.");
        tokens = meter.CreateCounter<long>("tokens_total", "{token}", "Tokens of completed model calls, by class.");
        retries = meter.CreateCounter<long>("retry_total", "{retry}", "Attempts after a failed one.");
    }

    /// <inheritdoc />
    public void Dispose()
    {
        spans.Dispose();
        meter.Dispose();
    }

    internal Activity? StartRun(string tenant, RunRequested request, ActivityContext parent)
    {
        var span = spans.StartActivity("invoke_agent " + request.Workflow, ActivityKind.Internal, parent);
        return span?
            .SetTag("run_id", request.Run)
            .SetTag("tenant_id", tenant)
            .SetTag("workflow", request.Workflow)
            .SetTag("gen_ai.operation.name", "invoke_agent")
            .SetTag("gen_ai.agent.name", request.Workflow)
            .SetTag("gen_ai.conversation.id", request.Conversation);
    }

    internal Activity? StartCall(string tenant, RunRequested request, ModelCallRequested call)
    {
        if (call.Attempt > 1)
        {
            retries.Add(1, new KeyValuePair<string, object?>("tenant_id", tenant), new("workflow", request.Workflow), new("tier", call.Tier.ToString()));
        }

        var span = spans.StartActivity("chat " + call.Model, ActivityKind.Client);
        return span?
            .SetTag("run_id", request.Run)
            .SetTag("step_id", call.Step)
            .SetTag("tenant_id", tenant)
            .SetTag("tier", call.Tier.ToString())
            .SetTag("workflow", request.Workflow)
            .SetTag("gen_ai.operation.name", "chat")
            .SetTag("gen_ai.request.model", call.Model);
    }

    internal void Called(string tenant, RunRequested request, ModelCallCompleted completed)
    {
        var tier = completed.Tier.ToString();
        cost.Add((double)completed.Cost.Amount, new KeyValuePair<string, object?>("tenant_id", tenant), new("workflow", request.Workflow), new("tier", tier));
        Count("uncached_input", completed.Usage.UncachedInput);
        Count("cache_read", completed.Usage.CacheRead);
        Count("cache_write", completed.Usage.CacheWrite);
        Count("output", completed.Usage.Output);
        Count("reasoning", completed.Usage.Reasoning);

        void Count(string kind, long count)
        {
            if (count > 0)
            {
                tokens.Add(count, [new("tenant_id", tenant), new("workflow", request.Workflow), new("tier", tier), new("class", kind)]);
            }
        }
    }

    internal void Stepped(string tenant, RunRequested request, StepCompleted step, DateTimeOffset since)
    {
        if (spans.HasListeners())
        {
            using var span = spans.StartActivity("step " + step.Step, ActivityKind.Internal, Activity.Current?.Context ?? default, startTime: since);
            span?
                .SetTag("run_id", request.Run)
                .SetTag("step_id", step.Step)
                .SetTag("tenant_id", tenant)
                .SetTag("workflow", request.Workflow)
                .SetEndTime(step.At.UtcDateTime);
        }
    }
}
