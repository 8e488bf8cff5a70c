using System.Collections.Immutable;
using AIaaS.Domain.Agents;
using AIaaS.Projections;
using AIaaS.Projections.Tenants;
using Microsoft.Extensions.DependencyInjection;

namespace AIaaS.Queries.Tenants;

/// <summary>A tenant's KPIs over a stretch of time.</summary>
/// <param name="From">The beginning, UTC.</param>
/// <param name="To">The end (exclusive), UTC.</param>
/// <param name="Runs">Runs that completed, without forks.</param>
/// <param name="Outcomes">Runs by outcome.</param>
/// <param name="SuccessRate">Answered runs as a part of all, 0 to 1; null where there is none.</param>
/// <param name="LatencyMs">Latency percentiles, each off by at most 1 %; null where there is no run.</param>
/// <param name="Tokens">Tokens by class.</param>
/// <param name="ModelCalls">Model calls that completed.</param>
/// <param name="Cost">Price of all calls, by currency.</param>
/// <param name="Tiers">Runs by the tier that gave the answer; <c>none</c> where no model was asked.</param>
/// <param name="Workflows">Runs by workflow.</param>
public sealed record KpiSummary(
    DateTimeOffset From,
    DateTimeOffset To,
    long Runs,
    ImmutableSortedDictionary<string, long> Outcomes,
    double? SuccessRate,
    LatencyPercentiles? LatencyMs,
    TokenUsage Tokens,
    long ModelCalls,
    ImmutableSortedDictionary<string, decimal> Cost,
    ImmutableSortedDictionary<string, long> Tiers,
    ImmutableSortedDictionary<string, WorkflowKpis> Workflows)
{
    /// <summary>What a document says.</summary>
    public static KpiSummary Of(TenantKpis kpis)
    {
        ArgumentNullException.ThrowIfNull(kpis);
        return new(
            kpis.From,
            kpis.To,
            kpis.Runs,
            ImmutableSortedDictionary<string, long>.Empty
                .Add(nameof(RunOutcome.Answered), kpis.Answered)
                .Add(nameof(RunOutcome.HandedOff), kpis.HandedOff)
                .Add(nameof(RunOutcome.Cut), kpis.Cut)
                .Add(nameof(RunOutcome.Failed), kpis.Failed),
            kpis.SuccessRate(),
            LatencyPercentiles.Of(kpis.Latency),
            kpis.Tokens,
            kpis.ModelCalls,
            kpis.Cost,
            kpis.Tiers,
            kpis.Workflows);
    }
}

/// <summary>Latency percentiles in milliseconds, each off by at most 1 % of its value.</summary>
/// <param name="P50">Half of the runs took at most this long.</param>
/// <param name="P90">90 % did.</param>
/// <param name="P95">95 % did.</param>
/// <param name="P99">99 % did.</param>
public sealed record LatencyPercentiles(double P50, double P90, double P95, double P99)
{
    /// <summary>The percentiles of a sketch; null where it holds nothing.</summary>
    public static LatencyPercentiles? Of(DdSketch sketch)
    {
        ArgumentNullException.ThrowIfNull(sketch);
        return sketch.Quantile(0.5) is { } p50 ? new(p50, sketch.Quantile(0.9)!.Value, sketch.Quantile(0.95)!.Value, sketch.Quantile(0.99)!.Value) : null;
    }
}

/// <summary>KPIs over a range: the whole of it, and its stretches.</summary>
/// <param name="Total">All stretches together.</param>
/// <param name="Series">The stretches that hold runs, oldest first.</param>
public sealed record KpiReport(KpiSummary Total, ImmutableArray<KpiSummary> Series);

/// <summary>A tenant's KPIs.</summary>
public sealed class KpiQueries([FromKeyedServices(KpiGranularity.Hour)] ReadModel<TenantKpis> hourly, [FromKeyedServices(KpiGranularity.Day)] ReadModel<TenantKpis> daily)
{
    /// <summary>The most stretches of one report.</summary>
    public const int MaxStretches = 10_000;

    /// <summary>The earliest beginning of a range.</summary>
    public static DateTimeOffset Earliest { get; } = new(1, 2, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>The latest end of a range.</summary>
    public static DateTimeOffset Latest { get; } = new(9999, 12, 30, 0, 0, 0, TimeSpan.Zero);

    /// <summary>
    /// KPIs of the runs that ended in a range. Its ends are widened to full hours or days (UTC). The percentiles of the whole range
    /// are those of all its runs, not means of percentiles.
    /// </summary>
    /// <exception cref="InvalidQueryException">The range is empty or too long.</exception>
    public async Task<QueryResult<KpiReport>> GetAsync(string tenant, DateTimeOffset from, DateTimeOffset to, KpiGranularity granularity, Consistency consistency = default, CancellationToken cancellationToken = default)
    {
        var length = TenantKpisProjection.LengthOf(granularity);
        if (to <= from)
        {
            throw new InvalidQueryException($"The range ends ({UtcTime.Text(to)}) before it begins ({UtcTime.Text(from)}). Give a later end; it is exclusive.");
        }

        // The default beginning and the widened ends must be times too.
        if (from < Earliest || to > Latest)
        {
            throw new InvalidQueryException($"The range reaches before {UtcTime.Text(Earliest)} or behind {UtcTime.Text(Latest)}. Ask for a time between them.");
        }

        if ((to - from) / length > MaxStretches)
        {
            throw new InvalidQueryException($"The range holds more than {MaxStretches} stretches. Ask for a shorter one{(granularity is KpiGranularity.Hour ? ", or by day" : "")}.");
        }

        var start = TenantKpisProjection.Floor(granularity, from);
        var end = TenantKpisProjection.Floor(granularity, to);
        end = end < to ? end + length : end;
        var model = granularity is KpiGranularity.Hour ? hourly : daily;
        if (await model.IsBehindAsync(consistency, cancellationToken))
        {
            return QueryResult<KpiReport>.Behind;
        }

        var total = new TenantKpis.Builder(new() { Tenant = tenant, From = start, To = end });
        var series = ImmutableArray.CreateBuilder<KpiSummary>();
        var query = new DocumentQuery
        {
            Where = [Asking.Equal("tenant", tenant)!, Asking.From("from", start)!, Asking.Before("from", end)!],
            SortBy = "from",
            Limit = QueryRules.MaxLimit,
        };
        Page<TenantKpis> page;
        do
        {
            page = await model.QueryAsync(query, cancellationToken);
            query = query with { Cursor = page.NextCursor };
            foreach (var kpis in page.Items)
            {
                total.Add(kpis);
                series.Add(KpiSummary.Of(kpis));
            }
        }
        while (page.NextCursor is not null);

        return QueryResult<KpiReport>.Of(new(KpiSummary.Of(total.Build()), series.ToImmutable()));
    }
}
