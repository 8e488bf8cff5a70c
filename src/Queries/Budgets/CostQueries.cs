using System.Collections.Immutable;
using System.Text.Json.Serialization;
using AIaaS.Domain.Budgets;
using AIaaS.Projections;
using AIaaS.Projections.Budgets;

namespace AIaaS.Queries.Budgets;

/// <summary>By what costs are shown.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<CostGrouping>))]
public enum CostGrouping
{
    /// <summary>All calls, also of tools, day by day.</summary>
    Day,

    /// <summary>Runs, day by day.</summary>
    Run,

    /// <summary>Runs by workflow.</summary>
    Workflow,

    /// <summary>Calls by model.</summary>
    Model,
}

/// <summary>Costs of one kind. All amounts in USD.</summary>
/// <param name="Value">The day, the workflow or the model.</param>
/// <param name="Count">How many runs or calls.</param>
/// <param name="Total">What they cost together, exact.</param>
/// <param name="Mean">The mean.</param>
/// <param name="P50">The median.</param>
/// <param name="P95">95 of 100 cost no more.</param>
/// <param name="Most">The dearest.</param>
public sealed record CostRow(string Value, long Count, decimal Total, decimal Mean, decimal P50, decimal P95, decimal Most);

/// <summary>A tenant's costs. Days without costs are left out.</summary>
/// <param name="By">By what.</param>
/// <param name="From">The first day (UTC).</param>
/// <param name="To">The day after the last one.</param>
/// <param name="Rows">By day, or the dearest first.</param>
public sealed record CostTable(CostGrouping By, DateTimeOffset From, DateTimeOffset To, ImmutableArray<CostRow> Rows);

/// <summary>What a tenant's runs and calls cost, and the reports on it.</summary>
public sealed class CostQueries(ReadModel<CostDay> history, ReadModel<CostReportDocument> reports)
{
    /// <summary>The most days of a table.</summary>
    public const int MaxDays = 400;

    private static readonly Dictionary<string, string> Sorts = new(StringComparer.Ordinal) { ["date"] = "date", ["alarms"] = "alarms" };

    /// <summary>Costs of whole days (UTC).</summary>
    public async Task<QueryResult<CostTable>> GetAsync(string tenant, CostGrouping by, DateTimeOffset from, DateTimeOffset to, Consistency consistency = default, CancellationToken cancellationToken = default)
    {
        if (await history.IsBehindAsync(consistency, cancellationToken))
        {
            return QueryResult<CostTable>.Behind;
        }

        var kind = by switch { CostGrouping.Day => "day", CostGrouping.Run => "run", CostGrouping.Workflow => "workflow", _ => "model" };
        var isDaily = by is CostGrouping.Day or CostGrouping.Run;
        var rows = new SortedDictionary<string, CostCounts.Builder>(StringComparer.Ordinal);
        await foreach (var day in history.OfAsync(tenant, kind, from, to, cancellationToken))
        {
            var value = isDaily ? day.Day.UtcDateTime.ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture) : day.Value;
            if (!rows.TryGetValue(value, out var costs))
            {
                rows.Add(value, costs = new(CostCounts.Empty));
            }

            costs.Add(day.Costs);
        }

        var made = rows.Select(r => Row(r.Key, r.Value.Build()));
        return QueryResult<CostTable>.Of(new(by, from, to, [.. isDaily ? made : made.OrderByDescending(r => r.Total).ThenBy(r => r.Value, StringComparer.Ordinal)]));
    }

    /// <summary>Reports, the newest first.</summary>
    /// <exception cref="InvalidQueryException">Sort order, page size or cursor are not possible.</exception>
    public Task<QueryResult<Page<CostReportDocument>>> ReportsAsync(string tenant, PageRequest page, Consistency consistency = default, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(page);
        return reports.ListAsync(tenant, [], Sorts, "-date", page, consistency, cancellationToken);
    }

    /// <summary>The report of a day.</summary>
    public Task<QueryResult<CostReportDocument>> ReportAsync(string tenant, string date, Consistency consistency = default, CancellationToken cancellationToken = default) =>
        reports.GetAsync(tenant, date, consistency, cancellationToken);

    private static CostRow Row(string value, CostCounts costs) =>
        new(value, costs.N, costs.Total, decimal.Round(costs.Mean, 12), costs.Quantile(0.5), costs.Quantile(0.95), costs.Values.IsEmpty ? 0 : costs.Values.Keys.Max());
}
