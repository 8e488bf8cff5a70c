using System.Collections.Immutable;
using AIaaS.Domain.Metering;
using AIaaS.Domain.Pricing;
using AIaaS.EventStore;

namespace AIaaS.Domain.Billing;

/// <summary>A closed period as it was billed: by its invoice, and by the notes since.</summary>
/// <param name="Invoice">The invoice.</param>
/// <param name="Notes">Its notes, in their order.</param>
public sealed record BilledPeriod(InvoiceDraft Invoice, ImmutableArray<NoteContent> Notes)
{
    /// <summary>The whole period as it was known when something was billed for it last.</summary>
    public InvoiceDraft Current => Notes.IsEmpty ? Invoice : Notes[^1].Draft;

    /// <summary>What was billed, all in all. By the way notes are made it is the total of <see cref="Current"/>.</summary>
    public decimal Total => Words.Normal(Invoice.Total + Notes.Sum(n => n.Amount));
}

/// <summary>What a re-rating finds.</summary>
/// <param name="Before">The period as it was billed.</param>
/// <param name="After">The period as it is known now.</param>
/// <param name="Lines">What differs, line by line.</param>
/// <param name="Amount">The difference: below zero where less is owed.</param>
public sealed record ReRatingResult(InvoiceDraft Before, InvoiceDraft After, ImmutableArray<NoteLine> Lines, decimal Amount)
{
    /// <summary>Whether there is no amount that differs, so that there is no note.</summary>
    public bool IsSame => Lines.IsEmpty;

    /// <summary>Whether what differs becomes a credit note.</summary>
    public bool IsCredit => Amount <= 0m;
}

/// <summary>
/// Re-rates closed periods: the same calculation as the invoice's, with the usage and the prices as they are known later. What does not depend on usage and prices
/// (the period, the plans in it, discounts and taxes) stays as it stands on the invoice. Since the whole period is calculated anew each time, what is owed in the
/// end does not depend on the order in which things became known.
/// </summary>
public static class ReRating
{
    /// <summary>What is known for a re-rating.</summary>
    /// <param name="billed">The invoice, or the note that came last.</param>
    /// <param name="book">Prices and rates as they are known.</param>
    /// <param name="meters">The meters by name.</param>
    /// <param name="knownAt">The log position up to which the book was read.</param>
    public static BillingKnowledge Knowledge(InvoiceDraft billed, PriceBookView book, ImmutableDictionary<string, MeterDefinition> meters, LogPosition knownAt)
    {
        ArgumentNullException.ThrowIfNull(billed);
        ArgumentNullException.ThrowIfNull(meters);
        var basis = billed.Basis;
        // What a line says of its meter still holds, whatever became of the meter.
        foreach (var line in billed.Lines.Where(l => l.Usage is not null))
        {
            meters = meters.SetItem(line.Usage!.Price.Meter, new(line.Usage.Price.Meter, "", line.Usage.Aggregation) { Unit = line.Usage.Unit, Percentile = line.Usage.Percentile });
        }

        return new(
            basis.Tenant,
            new(basis.Period.Index, basis.Period.From, basis.Period.To, basis.Period.WholeFrom, basis.Period.WholeTo, basis.Currency),
            [.. basis.Segments.Select(s => new PlanSegment(s.From, s.To, s.Plan, s.Version, s.IsTrial, s.Seconds, s.PeriodSeconds))],
            book,
            BillingSettings.Default with { Taxes = basis.Taxes, TaxExemption = basis.TaxExemption, Discounts = basis.Discounts },
            meters,
            knownAt);
    }

    /// <summary>The period as it is known.</summary>
    /// <param name="knowledge">What is known.</param>
    /// <param name="usage">What was used, by the lines of <see cref="InvoiceCalculator.Slots"/>.</param>
    /// <param name="adjustments">What accepted disputes take off.</param>
    /// <exception cref="DomainException">An exchange rate is missing, or an amount is beyond what decimals hold.</exception>
    public static InvoiceDraft Draft(BillingKnowledge knowledge, UsageTotals usage, IEnumerable<InvoiceAdjustment> adjustments) =>
        InvoiceCalculator.Draft(InvoiceCalculator.Basis(knowledge) with { Adjustments = InvoiceAdjustment.InOrder(adjustments) }, usage);

    /// <summary>What differs between two calculations of one period, line by line.</summary>
    /// <param name="invoice">The invoice: its line numbers are those that people know.</param>
    /// <param name="before">The period as it was billed.</param>
    /// <param name="after">The period as it is known now.</param>
    public static ReRatingResult Compare(InvoiceDraft invoice, InvoiceDraft before, InvoiceDraft after)
    {
        ArgumentNullException.ThrowIfNull(invoice);
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(after);
        var numbers = ByKey(invoice);
        var (old, now) = (ByKey(before), ByKey(after));
        var lines = ImmutableArray.CreateBuilder<NoteLine>();
        foreach (var (key, line) in now)
        {
            Add(key, old.GetValueOrDefault(key), line);
        }

        foreach (var (key, line) in old.Where(o => !now.ContainsKey(o.Key)))
        {
            Add(key, line, null);
        }

        return new(before, after, lines.ToImmutable(), Words.Normal(after.Total - before.Total));

        void Add(LineKey key, InvoiceLine? was, InvoiceLine? line)
        {
            var (amountBefore, amountAfter) = (was?.Amount ?? 0m, line?.Amount ?? 0m);
            if (amountBefore == amountAfter)
            {
                return;
            }

            var shown = (line ?? was)!;
            var (quantityBefore, quantityAfter) = (was?.Usage?.Quantity, line?.Usage?.Quantity);
            lines.Add(new(
                numbers.TryGetValue(key, out var number) ? number.Number : Disputed(key, invoice, before, after),
                shown.Kind,
                shown.Description,
                shown.From,
                shown.To,
                amountBefore,
                amountAfter,
                Words.Normal(amountAfter - amountBefore),
                quantityBefore,
                quantityAfter,
                shown.Usage is null ? null : Words.Normal((quantityAfter ?? 0m) - (quantityBefore ?? 0m)),
                was?.Usage?.Price.Version,
                line?.Usage?.Price.Version,
                Reasons(before, after, was, line),
                shown.Arithmetic));
        }
    }

    private static ImmutableArray<NoteReason> Reasons(InvoiceDraft before, InvoiceDraft after, InvoiceLine? was, InvoiceLine? line)
    {
        var kind = (line ?? was)!.Kind;
        if (kind is InvoiceLineKind.Discount or InvoiceLineKind.Tax)
        {
            return [NoteReason.FollowsOtherLines];
        }

        // An adjustment changes by itself where the line changes that it is taken off.
        if (kind is InvoiceLineKind.Adjustment)
        {
            return was is null ? [NoteReason.Dispute] : [NoteReason.FollowsOtherLines];
        }

        var reasons = ImmutableArray.CreateBuilder<NoteReason>();
        var isOtherPrice = was?.Usage?.Price.Version != line?.Usage?.Price.Version;
        if (was?.Usage is { } used && line?.Usage is { } uses && used.Events != uses.Events && (!isOtherPrice || (uses.Events > used.Events && after.ThroughVersion > before.ThroughVersion)))
        {
            reasons.Add(NoteReason.LateUsage);
        }

        if (isOtherPrice)
        {
            reasons.Add(NoteReason.PriceCorrection);
        }

        var currency = (line ?? was)!.Usage?.Price.Currency ?? Segment(after, (line ?? was)!)?.Fee.Currency;
        if (currency is not null && currency != after.Basis.Currency && RateOf(before, currency) != RateOf(after, currency))
        {
            reasons.Add(NoteReason.ExchangeRate);
        }

        return reasons.Count > 0 ? reasons.ToImmutable() : [NoteReason.PriceCorrection];
    }

    private static InvoiceSegment? Segment(InvoiceDraft draft, InvoiceLine line) => draft.Basis.Segments.FirstOrDefault(s => s.From <= line.From && line.To <= s.To);

    private static decimal? RateOf(InvoiceDraft draft, string currency) => draft.Basis.Rates.FirstOrDefault(r => r.Base == currency)?.Rate;

    // The number on the invoice of the line that an adjustment is about.
    private static int? Disputed(LineKey key, InvoiceDraft invoice, InvoiceDraft before, InvoiceDraft after) =>
        key.Kind != InvoiceLineKind.Adjustment ? null
        : after.Basis.Adjustments.Concat(before.Basis.Adjustments).FirstOrDefault(a => a.Dispute == key.Name) is not { } adjustment ? null
        : invoice.Lines.FirstOrDefault(l => adjustment.Touches(l, invoice.Basis))?.Number;

    private static Dictionary<LineKey, InvoiceLine> ByKey(InvoiceDraft draft)
    {
        Dictionary<LineKey, InvoiceLine> lines = [];
        var adjustments = 0;
        foreach (var line in draft.Lines)
        {
            var segment = line.Kind == InvoiceLineKind.Fee ? Segment(draft, line) : null;
            var key = line.Kind switch
            {
                InvoiceLineKind.Usage => new LineKey(line.Kind, line.Usage!.Plan, line.Usage.PlanVersion, line.Usage.Price.Id, line.From, line.To),
                InvoiceLineKind.Fee => new LineKey(line.Kind, segment?.Plan ?? "", segment?.Version ?? 0, "", line.From, line.To),
                InvoiceLineKind.Adjustment => new LineKey(line.Kind, "", 0, draft.Basis.Adjustments[adjustments++].Dispute, default, default),
                _ => new LineKey(line.Kind, "", 0, line.Description, default, default),
            };

            // Two discounts or taxes of one name are told apart by their order.
            while (!lines.TryAdd(key, line))
            {
                key = key with { PlanVersion = key.PlanVersion + 1 };
            }
        }

        return lines;
    }

    private readonly record struct LineKey(InvoiceLineKind Kind, string Plan, int PlanVersion, string Name, DateTimeOffset From, DateTimeOffset To);
}
