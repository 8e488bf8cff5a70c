using System.Runtime.CompilerServices;
using AIaaS.Domain.Budgets;

namespace AIaaS.Projections.Budgets;

/// <summary>Reads the history of costs.</summary>
public static class CostHistoryReading
{
    /// <summary>A tenant's costs of one kind, day by day.</summary>
    public static IAsyncEnumerable<CostDay> OfAsync(this ReadModel<CostDay> history, string tenant, string kind, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken = default) =>
        ReadAsync(history, [new("tenant", Comparison.Equal, tenant)], kind, from, to, cancellationToken);

    /// <summary>The tenants that had costs on a day.</summary>
    public static async Task<IReadOnlyList<string>> TenantsAsync(this ReadModel<CostDay> history, DateTimeOffset day, CancellationToken cancellationToken = default)
    {
        var tenants = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var kind in (string[])["day", "run"])
        {
            await foreach (var one in ReadAsync(history, [], kind, day, day.AddDays(1), cancellationToken))
            {
                tenants.Add(one.Tenant);
            }
        }

        return [.. tenants];
    }

    private static async IAsyncEnumerable<CostDay> ReadAsync(ReadModel<CostDay> history, Condition[] where, string kind, DateTimeOffset from, DateTimeOffset to, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(history);
        string? cursor = null;
        do
        {
            var page = await history.QueryAsync(
                new()
                {
                    Where = [.. where, new("kind", Comparison.Equal, kind), new("day", Comparison.GreaterOrEqual, UtcTime.Text(from)), new("day", Comparison.Less, UtcTime.Text(to))],
                    SortBy = "day",
                    Limit = 100,
                    Cursor = cursor,
                },
                cancellationToken);
            foreach (var day in page.Items)
            {
                yield return day;
            }

            cursor = page.NextCursor;
        }
        while (cursor is not null);
    }
}
