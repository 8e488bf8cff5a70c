using System.Globalization;
using System.Text.Json.Serialization.Metadata;
using AIaaS.Domain.Agents;
using AIaaS.EventStore;

namespace AIaaS.Projections.Tenants;

/// <summary>The length of the stretches that KPIs are kept for, all in UTC.</summary>
public enum KpiGranularity
{
    /// <summary>One document an hour.</summary>
    Hour,

    /// <summary>One document a day.</summary>
    Day,
}

/// <summary>
/// A tenant's KPIs by hour or day of the run's end (business time, UTC). Made of <c>agent.run.completed</c> alone, so that a rebuild
/// reads one event a run.
/// </summary>
/// <param name="granularity">By hour or day.</param>
public abstract class TenantKpisProjection(KpiGranularity granularity) : Projection<TenantKpis>
{
    /// <summary>By hour or day.</summary>
    public KpiGranularity Granularity => granularity;

    /// <inheritdoc />
    public override int Version => 1;

    /// <inheritdoc />
    public override IReadOnlyList<string> EventTypePrefixes { get; } = ["agent.run.completed"];

    /// <inheritdoc />
    public override JsonTypeInfo<TenantKpis> Json => Documents.Default.TenantKpis;

    /// <inheritdoc />
    public override IReadOnlyDictionary<string, FieldKind> Fields { get; } = new Dictionary<string, FieldKind>
    {
        ["tenant"] = FieldKind.Text,
        ["from"] = FieldKind.Text,
    };

    /// <inheritdoc />
    public override IReadOnlyList<IReadOnlyList<string>> Indexes { get; } = [["tenant", "from"]];

    /// <summary>The beginning of the stretch that a time lies in.</summary>
    public static DateTimeOffset Floor(KpiGranularity granularity, DateTimeOffset at)
    {
        var ticks = at.UtcTicks;
        return new(ticks - (ticks % LengthOf(granularity).Ticks), TimeSpan.Zero);
    }

    /// <summary>The length of a stretch.</summary>
    public static TimeSpan LengthOf(KpiGranularity granularity) => granularity is KpiGranularity.Hour ? TimeSpan.FromHours(1) : TimeSpan.FromDays(1);

    /// <summary>The id of the document of a stretch: <c>acme:2026-01-31T09</c> or <c>acme:2026-01-31</c>.</summary>
    public static string IdOf(KpiGranularity granularity, string tenant, DateTimeOffset at) =>
        DocumentId.Of(tenant, at.UtcDateTime.ToString(granularity is KpiGranularity.Hour ? "yyyy-MM-dd'T'HH" : "yyyy-MM-dd", CultureInfo.InvariantCulture));

    /// <inheritdoc />
    public override IEnumerable<string> KeysOf(EventEnvelope envelope) =>
        envelope.Event is RunCompleted { Forked: false } run && envelope.Tenant is { Length: > 0 } tenant ? [IdOf(granularity, tenant, run.At)] : [];

    /// <inheritdoc />
    public override TenantKpis? Apply(string id, TenantKpis? document, EventEnvelope envelope) => Fold(id, document, [envelope]);

    /// <inheritdoc />
    public override TenantKpis? Fold(string id, TenantKpis? document, IReadOnlyList<EventEnvelope> envelopes)
    {
        TenantKpis.Builder? builder = null;
        foreach (var envelope in envelopes)
        {
            if (envelope.Event is RunCompleted { Forked: false } run)
            {
                builder ??= new(document ?? Empty(envelope.Tenant, run.At));
                builder.Add(run);
            }
        }

        return builder?.Build() ?? document;
    }

    private TenantKpis Empty(string tenant, DateTimeOffset at)
    {
        var from = Floor(granularity, at);
        return new() { Tenant = tenant, From = from, To = from + LengthOf(granularity) };
    }
}

/// <summary>A tenant's KPIs by hour.</summary>
public sealed class TenantKpisHourlyProjection() : TenantKpisProjection(KpiGranularity.Hour)
{
    /// <inheritdoc />
    public override string Name => "TenantKpisHourly";
}

/// <summary>A tenant's KPIs by day.</summary>
public sealed class TenantKpisDailyProjection() : TenantKpisProjection(KpiGranularity.Day)
{
    /// <inheritdoc />
    public override string Name => "TenantKpisDaily";
}
