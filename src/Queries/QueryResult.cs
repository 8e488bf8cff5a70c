using AIaaS.EventStore;
using AIaaS.Projections;

namespace AIaaS.Queries;

/// <summary>How a query came out.</summary>
public enum QueryStatus
{
    /// <summary>It was answered.</summary>
    Found,

    /// <summary>There is no such thing at this tenant (404).</summary>
    NotFound,

    /// <summary>The read model has not come so far as the caller asked for (503 with <c>Retry-After</c>).</summary>
    Behind,
}

/// <summary>The answer to a query.</summary>
/// <param name="Status">How it came out.</param>
/// <param name="Value">The answer; null unless it was found.</param>
/// <param name="RetryAfter">When to ask again, if it is behind.</param>
public sealed record QueryResult<T>(QueryStatus Status, T? Value, TimeSpan RetryAfter)
    where T : class
{
    /// <summary>Answered; not found where there is nothing.</summary>
    public static QueryResult<T> Of(T? value) => new(value is null ? QueryStatus.NotFound : QueryStatus.Found, value, TimeSpan.Zero);

    /// <summary>Behind.</summary>
    public static QueryResult<T> Behind { get; } = new(QueryStatus.Behind, null, TimeSpan.FromSeconds(1));
}

/// <summary>From where on a caller must see the log.</summary>
/// <param name="Min">The consistency token of a command; <see cref="LogPosition.Start"/> for whatever is there.</param>
/// <param name="Timeout">How long the query waits for it.</param>
public readonly record struct Consistency(LogPosition Min, TimeSpan Timeout)
{
    /// <summary>Whatever is there.</summary>
    public static Consistency Any => default;

    /// <summary>From a command's position on, waiting two seconds at most.</summary>
    public static Consistency From(LogPosition min) => new(min, TimeSpan.FromSeconds(2));
}

/// <summary>Sort order and place in a list.</summary>
public sealed record PageRequest
{
    /// <summary>A sortable field, with <c>-</c> before it for the largest first; null for the list's own order.</summary>
    public string? Sort { get; init; }

    /// <summary>The most items, 1 to 1,000. Default: 50.</summary>
    public int Limit { get; init; } = 50;

    /// <summary>Where the last page ended; null for the first page.</summary>
    public string? Cursor { get; init; }
}

/// <summary>What all queries do alike: wait for the position, keep to the tenant, sort and page.</summary>
internal static class Asking
{
    public static async Task<QueryResult<T>> GetAsync<T>(this ReadModel<T> model, string tenant, string id, Consistency consistency, CancellationToken cancellationToken)
        where T : class =>
        await model.IsBehindAsync(consistency, cancellationToken)
            ? QueryResult<T>.Behind
            : QueryResult<T>.Of(DocumentId.Of(tenant, id) is { Length: <= QueryRules.MaxIdLength } key ? await model.GetAsync(key, cancellationToken) : null);

    public static async Task<QueryResult<Page<T>>> ListAsync<T>(this ReadModel<T> model, string tenant, IEnumerable<Condition?> where, IReadOnlyDictionary<string, string> sorts, string defaultSort, PageRequest page, Consistency consistency, CancellationToken cancellationToken)
        where T : class
    {
        var sort = page.Sort ?? defaultSort;
        var isDescending = sort.StartsWith('-');
        if (!sorts.TryGetValue(isDescending ? sort[1..] : sort, out var field))
        {
            throw new InvalidQueryException($"'{sort}' is not a sort order. Possible are: {string.Join(", ", sorts.Keys)}, each also with '-' before it for the largest first.");
        }

        return await model.IsBehindAsync(consistency, cancellationToken)
            ? QueryResult<Page<T>>.Behind
            : QueryResult<Page<T>>.Of(await model.QueryAsync(
                new()
                {
                    Where = [Equal("tenant", tenant)!, .. where.OfType<Condition>()],
                    SortBy = field,
                    Descending = isDescending,
                    Limit = page.Limit,
                    Cursor = page.Cursor,
                },
                cancellationToken));
    }

    public static async Task<bool> IsBehindAsync<T>(this ReadModel<T> model, Consistency consistency, CancellationToken cancellationToken)
        where T : class =>
        consistency.Min > LogPosition.Start && !await model.WaitForAsync(consistency.Min, consistency.Timeout, cancellationToken);

    public static Condition? Equal(string field, string? value) => value is null ? null : new(field, Comparison.Equal, value);

    public static Condition? From(string field, DateTimeOffset? time) => time is { } from ? new(field, Comparison.GreaterOrEqual, UtcTime.Text(from)) : null;

    public static Condition? Before(string field, DateTimeOffset? time) => time is { } to ? new(field, Comparison.Less, UtcTime.Text(to)) : null;
}
