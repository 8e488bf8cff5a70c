using System.Diagnostics.Metrics;

namespace AIaaS.EventStore;

/// <summary>What the kernel counts, on the meter <see cref="MeterName"/>.</summary>
public sealed class KernelMetrics : IDisposable
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "AIaaS.EventStore";

    private readonly Meter meter = new(MeterName);
    private readonly Counter<long> retries;
    private readonly Counter<long> parked;
    private readonly Counter<long> restarts;

    /// <summary>Makes the instruments.</summary>
    public KernelMetrics()
    {
        retries = meter.CreateCounter<long>("retry_total", description: "Tries of an event after its first one.");
        parked = meter.CreateCounter<long>("subscription_parked_total", description: "Events parked.");
        restarts = meter.CreateCounter<long>("subscription_restarts_total", description: "Starts of a subscription after a failure.");
    }

    /// <inheritdoc />
    public void Dispose() => meter.Dispose();

    internal void Retried(string subscription) => retries.Add(1, new KeyValuePair<string, object?>("subscription", subscription));

    internal void Parked(string subscription) => parked.Add(1, new KeyValuePair<string, object?>("subscription", subscription));

    internal void Restarted(string subscription) => restarts.Add(1, new KeyValuePair<string, object?>("subscription", subscription));

    internal void ObserveLag(Func<IReadOnlyList<SubscriptionStatus>> statuses)
    {
        meter.CreateObservableGauge("subscription_lag_events", () => statuses().Select(s => new Measurement<long>(s.LagEvents, new KeyValuePair<string, object?>("subscription", s.Name))), description: "Events that a subscription has still to handle.");
        meter.CreateObservableGauge("subscription_lag_seconds", () => statuses().Select(s => new Measurement<double>(s.LagSeconds, new KeyValuePair<string, object?>("subscription", s.Name))), unit: "s", description: "Age of the oldest event not handled yet.");
        meter.CreateObservableGauge("subscription_parked_events", () => statuses().Select(s => new Measurement<int>(s.Parked, new KeyValuePair<string, object?>("subscription", s.Name))), description: "Events parked now.");
    }
}
