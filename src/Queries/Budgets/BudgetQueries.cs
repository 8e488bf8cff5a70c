using System.Collections.Immutable;
using AIaaS.Domain;
using AIaaS.Domain.Budgets;
using AIaaS.Projections;
using AIaaS.Projections.Budgets;

namespace AIaaS.Queries.Budgets;

/// <summary>A budget with its current period.</summary>
/// <param name="Budget">The budget's id.</param>
/// <param name="Version">How often it was defined.</param>
/// <param name="Name">For people.</param>
/// <param name="Scope">Whose spending it limits.</param>
/// <param name="Of">The API key's id, the workflow's name or the customer's id; null for the whole tenant.</param>
/// <param name="Interval">How long a period is.</param>
/// <param name="TimeZone">The time zone whose midnight begins a period.</param>
/// <param name="Hard">Whether a call that could exceed it is refused.</param>
/// <param name="Limit">The most of a period.</param>
/// <param name="Alerts">Percentages at which it alerts.</param>
/// <param name="Period">The current period's name.</param>
/// <param name="From">When it began.</param>
/// <param name="To">When the next one begins.</param>
/// <param name="Settled">What is spent in it.</param>
/// <param name="Reserved">What is set aside for calls that are under way.</param>
/// <param name="Available">What is neither; below 0 where the limit was lowered under that, and of a soft budget that is exceeded.</param>
/// <param name="Open">How many reservations are open.</param>
/// <param name="Calls">Calls that were settled in it.</param>
/// <param name="Reached">Percentages that are reached.</param>
/// <param name="Exhausted">Whether a call was refused.</param>
public sealed record BudgetStatus(
    string Budget,
    int Version,
    string Name,
    BudgetScope Scope,
    string? Of,
    BudgetInterval Interval,
    string TimeZone,
    bool Hard,
    Money Limit,
    ImmutableArray<int> Alerts,
    string Period,
    DateTimeOffset From,
    DateTimeOffset To,
    Money Settled,
    Money Reserved,
    Money Available,
    int Open,
    long Calls,
    ImmutableArray<int> Reached,
    bool Exhausted);

/// <summary>A tenant's budgets and what they have to say.</summary>
public sealed class BudgetQueries(ReadModel<BudgetDocument> budgets, ReadModel<BudgetPeriodDocument> periods, ReadModel<BudgetAlertDocument> alerts, TimeProvider time)
{
    private static readonly Dictionary<string, string> Sorts = new(StringComparer.Ordinal) { ["budget"] = "budget", ["changedAt"] = "changedAt" };
    private static readonly Dictionary<string, string> AlertSorts = new(StringComparer.Ordinal) { ["at"] = "at" };

    /// <summary>One budget with its current period.</summary>
    public async Task<QueryResult<BudgetStatus>> GetAsync(string tenant, string budget, Consistency consistency = default, CancellationToken cancellationToken = default)
    {
        var found = await budgets.GetAsync(tenant, budget, consistency, cancellationToken);
        if (found is not { Status: QueryStatus.Found, Value: { Removed: false } document })
        {
            return found.Status == QueryStatus.Behind ? QueryResult<BudgetStatus>.Behind : QueryResult<BudgetStatus>.Of(null);
        }

        return await periods.IsBehindAsync(consistency, cancellationToken)
            ? QueryResult<BudgetStatus>.Behind
            : QueryResult<BudgetStatus>.Of(await StatusAsync(document, cancellationToken));
    }

    /// <summary>Budgets with their current periods, by their ids unless sorted by <c>changedAt</c>.</summary>
    /// <exception cref="InvalidQueryException">Sort order, page size or cursor are not possible.</exception>
    public async Task<QueryResult<Page<BudgetStatus>>> ListAsync(string tenant, PageRequest page, Consistency consistency = default, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(page);
        var found = await budgets.ListAsync(tenant, [new("removed", Comparison.Equal, false)], Sorts, "budget", page, consistency, cancellationToken);
        if (found is not { Status: QueryStatus.Found, Value: { } documents } || await periods.IsBehindAsync(consistency, cancellationToken))
        {
            return QueryResult<Page<BudgetStatus>>.Behind;
        }

        List<BudgetStatus> items = [];
        foreach (var document in documents.Items)
        {
            items.Add(await StatusAsync(document, cancellationToken));
        }

        return QueryResult<Page<BudgetStatus>>.Of(new([.. items], documents.NextCursor));
    }

    /// <summary>Alerts, the newest first.</summary>
    /// <exception cref="InvalidQueryException">Sort order, page size or cursor are not possible.</exception>
    public Task<QueryResult<Page<BudgetAlertDocument>>> AlertsAsync(string tenant, string? budget, PageRequest page, Consistency consistency = default, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(page);
        return alerts.ListAsync(tenant, [Asking.Equal("budget", budget)], AlertSorts, "-at", page, consistency, cancellationToken);
    }

    private async Task<BudgetStatus> StatusAsync(BudgetDocument document, CancellationToken cancellationToken)
    {
        var terms = document.Terms!;
        var span = BudgetCalendar.Of(terms.Interval, terms.TimeZone, time.GetUtcNow());
        var id = DocumentId.Of(document.Tenant, $"{document.Budget}.{span.Name}");
        var period = await periods.GetAsync(id, cancellationToken) ?? new() { Budget = document.Budget, Period = span.Name, Tenant = document.Tenant };
        return new(
            document.Budget,
            document.Version,
            terms.Name,
            terms.Scope,
            terms.Of,
            terms.Interval,
            terms.TimeZone,
            terms.Hard,
            terms.Limit,
            terms.Alerts,
            span.Name,
            span.From,
            span.To,
            period.Settled,
            period.Reserved,
            terms.Limit - period.Settled - period.Reserved,
            period.Open,
            period.Calls,
            period.Reached,
            period.Exhausted);
    }
}
