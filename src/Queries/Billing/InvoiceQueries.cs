using AIaaS.Domain;
using AIaaS.Domain.Billing;
using AIaaS.Projections;
using AIaaS.Projections.Billing;

namespace AIaaS.Queries.Billing;

/// <summary>An invoice in a list.</summary>
/// <param name="Invoice">The invoice's id.</param>
/// <param name="Number">Its number; null until it has one.</param>
/// <param name="State">How it stands.</param>
/// <param name="Total">What is owed.</param>
/// <param name="Refunded">What was given back.</param>
/// <param name="Lines">How many lines it has.</param>
/// <param name="From">The period's first moment.</param>
/// <param name="To">The first moment behind it.</param>
/// <param name="MadeAt">When it was made.</param>
/// <param name="DueAt">When it is to be paid.</param>
/// <param name="PaidAt">When it was paid; null until then.</param>
/// <param name="Dunning">The step of the dunning; 0 for none.</param>
public sealed record InvoiceSummary(string Invoice, string? Number, InvoiceState State, Money Total, decimal Refunded, int Lines, DateTimeOffset From, DateTimeOffset To, DateTimeOffset MadeAt, DateTimeOffset DueAt, DateTimeOffset? PaidAt, int Dunning);

/// <summary>Which invoices of a tenant are wanted; what is null does not restrict.</summary>
public sealed record InvoiceFilter
{
    /// <summary>What the number begins with.</summary>
    public string? Number { get; init; }

    /// <summary>How it stands.</summary>
    public InvoiceState? State { get; init; }

    /// <summary>Of periods that begin at this time or later.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>Of periods that begin before this time.</summary>
    public DateTimeOffset? To { get; init; }

    /// <summary>With this total or more.</summary>
    public decimal? MinAmount { get; init; }

    /// <summary>With these words in number, buyer, plan or lines; upper and lower case are the same.</summary>
    public string? Text { get; init; }
}

/// <summary>A tenant's invoices.</summary>
public sealed class InvoiceQueries(ReadModel<InvoiceDocument> invoices)
{
    private const int MaxPages = 50;

    private static readonly Dictionary<string, string> Sorts = new(StringComparer.Ordinal) { ["from"] = "from", ["number"] = "number", ["total"] = "thousandths", ["dueAt"] = "dueAt" };

    /// <summary>Invoices, the newest period first unless sorted by <c>from</c>, <c>number</c>, <c>total</c> or <c>dueAt</c>. With words to look for a page may have fewer entries than there is room for.</summary>
    /// <exception cref="InvalidQueryException">Sort order, page size or cursor are not possible.</exception>
    public async Task<QueryResult<Page<InvoiceSummary>>> ListAsync(string tenant, InvoiceFilter filter, PageRequest page, Consistency consistency = default, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        ArgumentNullException.ThrowIfNull(page);
        var words = filter.Text?.ToLowerInvariant().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries) ?? [];
        for (var pages = 1; ; pages++)
        {
            var found = await invoices.ListAsync(
                tenant,
                [
                    filter.Number is { } number ? new("number", Comparison.StartsWith, number) : null,
                    Asking.Equal("state", filter.State?.ToString()),
                    Asking.From("from", filter.From),
                    Asking.Before("from", filter.To),
                    filter.MinAmount is { } least ? new("thousandths", Comparison.GreaterOrEqual, (long)Math.Clamp(decimal.Ceiling(least * 1_000m), 0m, long.MaxValue / 2)) : null,
                ],
                Sorts,
                "-from",
                page,
                consistency,
                cancellationToken);
            if (found.Value is not { } list)
            {
                return new(found.Status, null, found.RetryAfter);
            }

            var fitting = list.Items.Where(i => words.All(w => i.Words.Contains(w, StringComparison.Ordinal))).ToList();
            if (fitting.Count > 0 || list.NextCursor is null || words.Length == 0 || pages == MaxPages)
            {
                return new(found.Status, new([.. fitting.Select(i => new InvoiceSummary(i.Invoice, i.Number, i.State, i.Total, i.Refunded, i.Lines, i.From, i.To, i.MadeAt, i.DueAt, i.PaidAt, i.Dunning))], list.NextCursor), found.RetryAfter);
            }

            page = page with { Cursor = list.NextCursor };
        }
    }
}
