using AIaaS.Domain.Billing;
using AIaaS.Projections;
using AIaaS.Projections.Billing;

namespace AIaaS.Queries.Billing;

/// <summary>Which notes of a tenant are wanted; what is null does not restrict.</summary>
public sealed record NoteFilter
{
    /// <summary>The id of the invoice that they correct.</summary>
    public string? Invoice { get; init; }

    /// <summary>How they stand.</summary>
    public NoteState? State { get; init; }

    /// <summary>Credit notes only, or debit notes only.</summary>
    public bool? IsCredit { get; init; }

    /// <summary>What the number begins with.</summary>
    public string? Number { get; init; }
}

/// <summary>Which disputes are wanted; what is null does not restrict.</summary>
public sealed record DisputeFilter
{
    /// <summary>The id of the invoice.</summary>
    public string? Invoice { get; init; }

    /// <summary>How they stand.</summary>
    public DisputeState? State { get; init; }
}

/// <summary>Credit and debit notes, and disputes.</summary>
public sealed class CorrectionQueries(ReadModel<BillingNoteDocument> notes, ReadModel<DisputeDocument> disputes)
{
    private static readonly Dictionary<string, string> NoteSorts = new(StringComparer.Ordinal) { ["madeAt"] = "madeAt", ["number"] = "number" };

    private static readonly Dictionary<string, string> DisputeSorts = new(StringComparer.Ordinal) { ["openedAt"] = "openedAt" };

    /// <summary>A tenant's notes, the newest first unless sorted by <c>madeAt</c> or <c>number</c>.</summary>
    /// <exception cref="InvalidQueryException">Sort order, page size or cursor are not possible.</exception>
    public Task<QueryResult<Page<BillingNoteDocument>>> NotesAsync(string tenant, NoteFilter filter, PageRequest page, Consistency consistency = default, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        ArgumentNullException.ThrowIfNull(page);
        return notes.ListAsync(
            tenant,
            [
                Asking.Equal("invoice", filter.Invoice),
                Asking.Equal("state", filter.State?.ToString()),
                filter.IsCredit is { } isCredit ? new("isCredit", Comparison.Equal, isCredit) : null,
                filter.Number is { } number ? new("number", Comparison.StartsWith, number) : null,
            ],
            NoteSorts,
            "-madeAt",
            page,
            consistency,
            cancellationToken);
    }

    /// <summary>The disputes of all tenants, the newest first: what the platform has to decide.</summary>
    /// <exception cref="InvalidQueryException">Sort order, page size or cursor are not possible.</exception>
    public async Task<QueryResult<Page<DisputeDocument>>> AllDisputesAsync(DisputeFilter filter, PageRequest page, Consistency consistency = default, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        ArgumentNullException.ThrowIfNull(page);
        return page.Sort is not (null or "openedAt" or "-openedAt") ? throw new InvalidQueryException($"'{page.Sort}' is not a sort order. Possible are: openedAt, -openedAt.")
            : await disputes.IsBehindAsync(consistency, cancellationToken) ? QueryResult<Page<DisputeDocument>>.Behind
            : QueryResult<Page<DisputeDocument>>.Of(await disputes.QueryAsync(
                new()
                {
                    Where = [.. new[] { Asking.Equal("invoice", filter.Invoice), Asking.Equal("state", filter.State?.ToString()) }.OfType<Condition>()],
                    SortBy = "openedAt",
                    Descending = page.Sort != "openedAt",
                    Limit = page.Limit,
                    Cursor = page.Cursor,
                },
                cancellationToken));
    }

    /// <summary>A tenant's disputes, the newest first unless sorted by <c>openedAt</c>.</summary>
    /// <exception cref="InvalidQueryException">Sort order, page size or cursor are not possible.</exception>
    public Task<QueryResult<Page<DisputeDocument>>> DisputesAsync(string tenant, DisputeFilter filter, PageRequest page, Consistency consistency = default, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        ArgumentNullException.ThrowIfNull(page);
        return disputes.ListAsync(
            tenant,
            [Asking.Equal("invoice", filter.Invoice), Asking.Equal("state", filter.State?.ToString())],
            DisputeSorts,
            "-openedAt",
            page,
            consistency,
            cancellationToken);
    }
}

/// <summary>A tenant's books: what it owes and how that comes about, as it is known now or was known before.</summary>
public sealed class BooksQueries(ReadModel<BillingAccountDocument> accounts)
{
    /// <summary>The books.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="knownAt">As they were known then: nothing that was recorded then or later is in them; null for now.</param>
    /// <param name="knownThrough">As they were known at this position of the log; null for no such bound.</param>
    /// <param name="effectiveBefore">Of what was known only what is so since before this moment; null for all.</param>
    /// <param name="consistency">What must be in them at the least.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<QueryResult<Books>> GetAsync(string tenant, DateTimeOffset? knownAt = null, ulong? knownThrough = null, DateTimeOffset? effectiveBefore = null, Consistency consistency = default, CancellationToken cancellationToken = default)
    {
        if (await accounts.IsBehindAsync(consistency, cancellationToken))
        {
            return QueryResult<Books>.Behind;
        }

        List<BooksEntry> entries = [];
        string? cursor = null;
        do
        {
            var page = await accounts.QueryAsync(new() { Where = [Asking.Equal("tenant", tenant)!], SortBy = "effective", Limit = QueryRules.MaxLimit, Cursor = cursor }, cancellationToken);
            entries.AddRange(page.Items.SelectMany(d => d.Account.Entries));
            cursor = page.NextCursor;
        }
        while (cursor is not null);

        return QueryResult<Books>.Of(Books.Known(entries, knownAt, knownThrough, effectiveBefore));
    }
}
