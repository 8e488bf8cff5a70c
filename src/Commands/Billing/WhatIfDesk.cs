using System.Collections.Immutable;
using AIaaS.Domain.Billing;
using AIaaS.Domain.Pricing;
using AIaaS.EventStore;

namespace AIaaS.Commands.Billing;

/// <summary>What to calculate under other circumstances.</summary>
/// <param name="Change">Which circumstances.</param>
/// <param name="From">Periods that begin then or later; null for all.</param>
/// <param name="To">Periods that end then or before; null for all.</param>
/// <param name="Tenant">The tenant; null for all.</param>
/// <param name="After">Of all: only tenants behind this one; null for the first page.</param>
/// <param name="Limit">Of all: the most tenants.</param>
public sealed record WhatIfQuestion(WhatIfChange Change, DateTimeOffset? From, DateTimeOffset? To, string? Tenant, string? After, int Limit);

/// <summary>A period under other circumstances.</summary>
/// <param name="Invoice">The invoice's id.</param>
/// <param name="Number">Its number.</param>
/// <param name="From">The period's first moment.</param>
/// <param name="To">The first moment behind it.</param>
/// <param name="Currency">ISO 4217.</param>
/// <param name="Billed">What was billed, by the invoice and its notes.</param>
/// <param name="Then">What would have been.</param>
/// <param name="Difference">The difference.</param>
/// <param name="Lines">What differs, line by line.</param>
/// <param name="Problem">Why it could not be calculated; null where it could.</param>
public sealed record WhatIfPeriod(string Invoice, string Number, DateTimeOffset From, DateTimeOffset To, string Currency, decimal Billed, decimal Then, decimal Difference, ImmutableArray<NoteLine> Lines, string? Problem);

/// <summary>A tenant under other circumstances.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Periods">Its periods, in the order of time.</param>
public sealed record WhatIfTenant(string Tenant, ImmutableArray<WhatIfPeriod> Periods);

/// <summary>Totals in one currency.</summary>
/// <param name="Currency">ISO 4217.</param>
/// <param name="Periods">How many periods.</param>
/// <param name="Billed">What was billed.</param>
/// <param name="Then">What would have been.</param>
/// <param name="Difference">The difference.</param>
public sealed record WhatIfTotal(string Currency, int Periods, decimal Billed, decimal Then, decimal Difference);

/// <summary>The answer, or a page of it.</summary>
/// <param name="Tenants">The tenants.</param>
/// <param name="Totals">Totals of this page by currency.</param>
/// <param name="NextAfter">The tenant behind which the next page begins; null when this was the last one.</param>
public sealed record WhatIfAnswer(ImmutableArray<WhatIfTenant> Tenants, ImmutableArray<WhatIfTotal> Totals, string? NextAfter);

/// <summary>
/// Calculates closed periods under another plan or other prices, with the usage and the knowledge that they were billed with. Nothing is written. What only
/// changes prices is calculated from the quantities on the invoices, without reading any usage.
/// </summary>
public sealed class WhatIfDesk(PriceBooks prices, UsageFold usage, CorrectionDesk corrections, ClosedPeriods closed, TimeProvider time)
{
    /// <summary>The most periods of one tenant.</summary>
    public const int MaxPeriods = 36;

    /// <summary>A page of all tenants ends behind the tenant at which this time has passed.</summary>
    public static TimeSpan MaxTime { get; } = TimeSpan.FromSeconds(10);

    /// <summary>Answers.</summary>
    /// <exception cref="DomainException">Something is wrong with the question, or there is no closed period in its time.</exception>
    public async Task<WhatIfAnswer> AskAsync(WhatIfQuestion question, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(question);
        var started = time.GetTimestamp();
        var (book, _) = await prices.NowAsync(cancellationToken);
        if (WhatIf.Faults(question.Change, book) is { Count: > 0 } faults)
        {
            throw new DomainException(WhatIfErrors.Invalid(faults));
        }

        var tenants = question.Tenant is { } one ? [one] : await closed.TenantsAsync(question.After, cancellationToken);
        var answers = ImmutableArray.CreateBuilder<WhatIfTenant>();
        string? next = null;
        for (var i = 0; i < tenants.Length; i++)
        {
            var periods = await PeriodsAsync(tenants[i], question, book, cancellationToken);
            if (periods.Length > 0)
            {
                answers.Add(new(tenants[i], periods));
            }

            if (i + 1 < tenants.Length && (answers.Count >= question.Limit || time.GetElapsedTime(started) > MaxTime))
            {
                next = tenants[i];
                break;
            }
        }

        return answers.Count == 0 && question.Tenant is not null
            ? throw new DomainException(WhatIfErrors.NothingClosed(question.From, question.To))
            : new(answers.ToImmutable(), Totals(answers), next);
    }

    private static ImmutableArray<WhatIfTotal> Totals(IEnumerable<WhatIfTenant> tenants) =>
    [
        .. from period in tenants.SelectMany(t => t.Periods)
           where period.Problem is null
           group period by period.Currency into currency
           orderby currency.Key
           select new WhatIfTotal(currency.Key, currency.Count(), currency.Sum(p => p.Billed), currency.Sum(p => p.Then), Words.Normal(currency.Sum(p => p.Difference))),
    ];

    private async Task<ImmutableArray<WhatIfPeriod>> PeriodsAsync(string tenant, WhatIfQuestion question, PriceBookView now, CancellationToken cancellationToken)
    {
        var found = ImmutableArray.CreateBuilder<WhatIfPeriod>();
        var wanted = (await closed.OfAsync(tenant, question.From ?? DateTimeOffset.MinValue, cancellationToken))
            .Where(p => !(p.From < question.From) && !(p.To > question.To)).ToList();
        foreach (var period in wanted.TakeLast(MaxPeriods))
        {
            // A period in which nothing was owed when it was closed may have an invoice since.
            if (await corrections.FindAsync(tenant, Invoice.IdOf(tenant, period.From), cancellationToken) is { Invoice.Number: { } number } billed)
            {
                found.Add(await PeriodAsync(tenant, number, billed.Period, billed.Invoice.Generated!.Invoice, question.Change, now, cancellationToken));
            }
        }

        return found.ToImmutable();
    }

    private async Task<WhatIfPeriod> PeriodAsync(string tenant, string number, BilledPeriod billed, string invoice, WhatIfChange change, PriceBookView now, CancellationToken cancellationToken)
    {
        var current = billed.Current;
        var currency = current.Basis.Currency;
        try
        {
            var then = await prices.AtAsync(new(current.Basis.KnownAt), cancellationToken);
            var knowledge = WhatIf.Knowledge(ReRating.Knowledge(current, then, await corrections.MetersAsync(tenant, cancellationToken), new(current.Basis.KnownAt)), change, now);
            var slots = InvoiceCalculator.Slots(knowledge);
            var totals = WhatIf.Reused(current, slots) ?? await usage.OfAsync(tenant, slots, knowledge.Period.From, knowledge.Period.To, current.FromVersion, current.ThroughVersion, cancellationToken);
            var result = ReRating.Compare(billed.Invoice, current, ReRating.Draft(knowledge, totals, current.Basis.Adjustments));
            return new(invoice, number, current.Basis.Period.From, current.Basis.Period.To, currency, current.Total, result.After.Total, result.Amount, result.Lines, null);
        }
        catch (DomainException e)
        {
            return new(invoice, number, current.Basis.Period.From, current.Basis.Period.To, currency, current.Total, current.Total, 0m, [], e.Error.Message);
        }
    }
}

/// <summary>What what-if refuses.</summary>
public static class WhatIfErrors
{
    /// <summary>Something is wrong with the question; all faults at once.</summary>
    public static DomainError Invalid(IReadOnlyList<string> faults) => new("what-if-invalid", $"This cannot be calculated: {string.Join("; ", faults)}.", "Correct what is named and ask again.");

    /// <summary>There is no closed period.</summary>
    public static DomainError NothingClosed(DateTimeOffset? from, DateTimeOffset? to) => new(
        "no-closed-period",
        $"There is no invoice for a billing period {(from is { } first ? $"from {Words.Of(first)} " : "")}{(to is { } last ? $"until {Words.Of(last)} " : "")}that is over.",
        "Ask for a time in which a period was closed; what runs is in the preview.",
        404);
}
