using System.Diagnostics;
using System.Diagnostics.Metrics;
using AIaaS.Domain.Sagas;

namespace AIaaS.Commands.Sagas;

/// <summary>Spans and metrics of sagas. Names are fixed: dashboards rely on them.</summary>
public sealed class SagaTelemetry : IDisposable
{
    /// <summary>The name of the source of spans and of the meter.</summary>
    public const string Name = "AIaaS.Sagas";

    private readonly ActivitySource spans = new(Name);
    private readonly Meter meter = new(Name);
    private readonly Counter<long> ended;
    private readonly Counter<long> parked;
    private readonly Histogram<double> duration;

    /// <summary>Makes the source and the meter.</summary>
    public SagaTelemetry()
    {
        ended = meter.CreateCounter<long>("sagas_ended_total", "{saga}", "Sagas that ended, by outcome.");
        parked = meter.CreateCounter<long>("sagas_parked_total", "{saga}", "Sagas whose compensation failed at each try: somebody has to see to them.");
        duration = meter.CreateHistogram<double>("saga_duration_ms", "ms", "From the start of a saga to its end.");
    }

    /// <inheritdoc />
    public void Dispose()
    {
        spans.Dispose();
        meter.Dispose();
    }

    internal Activity? Start(string tenant, string saga) => spans.StartActivity("execute_saga " + saga.Split('.')[0])?.SetTag("tenant_id", tenant).SetTag("saga_id", saga);

    internal void Ended(string tenant, Saga saga)
    {
        KeyValuePair<string, object?>[] tags = [new("tenant_id", tenant), new("saga", saga.Started!.Name), new("outcome", saga.Status.ToString().ToLowerInvariant())];
        ended.Add(1, tags);
        duration.Record((saga.EndedAt!.Value - saga.Started.At).TotalMilliseconds, tags);
    }

    internal void Parked(string tenant, Saga saga) => parked.Add(1, new KeyValuePair<string, object?>("tenant_id", tenant), new("saga", saga.Started!.Name));
}
