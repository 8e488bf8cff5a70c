using System.Diagnostics.Metrics;
using AIaaS.Domain.Budgets;

namespace AIaaS.Commands.Budgets;

/// <summary>Metrics of the cost guard. Names are fixed: dashboards rely on them.</summary>
public sealed class CostTelemetry : IDisposable
{
    /// <summary>The name of the meter.</summary>
    public const string Name = "AIaaS.Costs";

    private readonly Meter meter = new(Name);
    private readonly Counter<long> alarms;
    private readonly Counter<long> reports;

    /// <summary>Makes the meter.</summary>
    public CostTelemetry()
    {
        alarms = meter.CreateCounter<long>("cost_alarms_total", "{alarm}", "Costs that a report found to have gone up, by tenant, kind (run, workflow, model, day) and which of them.");
        reports = meter.CreateCounter<long>("cost_reports_total", "{report}", "Cost reports that were made, by tenant.");
    }

    /// <inheritdoc />
    public void Dispose() => meter.Dispose();

    /// <summary>A report was recorded: each counts once, in the process that made it.</summary>
    internal void Made(string tenant, CostReportMade report)
    {
        reports.Add(1, new KeyValuePair<string, object?>("tenant_id", tenant));
        foreach (var finding in report.Findings)
        {
            alarms.Add(1, new KeyValuePair<string, object?>("tenant_id", tenant), new("kind", finding.Kind), new("value", finding.Value));
        }
    }
}
