using System.Diagnostics.Metrics;

namespace AIaaS.Commands.Bus;

/// <summary>Metrics of the bus. Names are fixed: dashboards rely on them.</summary>
public sealed class BusTelemetry : IDisposable
{
    /// <summary>The name of the meter.</summary>
    public const string Name = "AIaaS.Bus";

    private readonly Meter meter = new(Name);
    private readonly Counter<long> retries;
    private readonly Counter<long> deadLetters;

    /// <summary>Makes the meter.</summary>
    public BusTelemetry()
    {
        retries = meter.CreateCounter<long>("retry_total", "{retry}", "Attempts after a failed one.");
        deadLetters = meter.CreateCounter<long>("dead_letters_total", "{message}", "Work that failed for good.");
    }

    /// <inheritdoc />
    public void Dispose() => meter.Dispose();

    internal void Retried(string queue) => retries.Add(1, new KeyValuePair<string, object?>("queue", queue));

    internal void DeadLetter(string queue) => deadLetters.Add(1, new KeyValuePair<string, object?>("queue", queue));
}
