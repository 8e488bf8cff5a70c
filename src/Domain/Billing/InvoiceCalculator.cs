using System.Collections.Immutable;
using AIaaS.Domain.Metering;
using AIaaS.Domain.Pricing;
using AIaaS.EventStore;

namespace AIaaS.Domain.Billing;

/// <summary>What is known when a tenant's period is calculated: today, at some point of the past, or under a plan that the tenant is not on.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Period">The period.</param>
/// <param name="Segments">The plans that hold in it, in the order of time.</param>
/// <param name="Book">Prices, plans and exchange rates.</param>
/// <param name="Settings">How the tenant is billed.</param>
/// <param name="Meters">The meters by name: their units and percentiles.</param>
/// <param name="KnownAt">The log position up to which the book was read.</param>
public sealed record BillingKnowledge(
    string Tenant,
    BillingPeriod Period,
    ImmutableArray<PlanSegment> Segments,
    PriceBookView Book,
    BillingSettings Settings,
    ImmutableDictionary<string, MeterDefinition> Meters,
    LogPosition KnownAt);

/// <summary>
/// Makes invoices: pure, so that whoever repeats it with the same knowledge and usage gets the same cents. Each line is rounded once, half to even, to whole
/// minor units of the currency; all before is exact, and all behind it adds rounded amounts.
/// </summary>
public static class InvoiceCalculator
{
    /// <summary>The lines for usage: each version of each price of each plan for the time in which it holds in the period.</summary>
    /// <exception cref="DomainException">A plan or price is not known.</exception>
    public static ImmutableArray<LineSlot> Slots(BillingKnowledge knowledge)
    {
        ArgumentNullException.ThrowIfNull(knowledge);
        var whole = (decimal)(knowledge.Period.WholeTo - knowledge.Period.WholeFrom).Ticks;
        return
        [
            .. from segment in knowledge.Segments
               let plan = PlanOf(knowledge.Book, segment)
               from price in plan.Prices.Distinct(StringComparer.Ordinal)
               from stretch in knowledge.Book.PricesOf(price, segment.From, segment.To)
               let meter = knowledge.Meters.GetValueOrDefault(stretch.Price.Meter) ?? plan.Meters.FirstOrDefault(m => m.Meter == stretch.Price.Meter)
               select new LineSlot(stretch.From, stretch.To, plan.Id, plan.Version, segment.IsTrial, Words.Normal((stretch.To - stretch.From).Ticks / whole), stretch.Price, meter?.Unit ?? "", meter?.Percentile),
        ];
    }

    /// <summary>What goes into the invoice beside the usage.</summary>
    /// <exception cref="DomainException">A plan is not known.</exception>
    public static InvoiceBasis Basis(BillingKnowledge knowledge)
    {
        ArgumentNullException.ThrowIfNull(knowledge);
        var period = knowledge.Period;
        var segments = knowledge.Segments.Select(s => (Segment: s, Plan: PlanOf(knowledge.Book, s))).ToList();
        var currencies = Slots(knowledge).Select(s => s.Price.Currency).Concat(segments.Select(s => s.Plan.Currency)).Distinct(StringComparer.Ordinal).Where(c => c != period.Currency).Order(StringComparer.Ordinal);
        return new(
            knowledge.Tenant,
            period.Currency,
            new(period.Index, period.From, period.To, period.WholeFrom, period.WholeTo),
            [.. segments.Select(s => new InvoiceSegment(s.Segment.From, s.Segment.To, s.Plan.Id, s.Plan.Version, s.Plan.Name, s.Segment.IsTrial, s.Segment.Seconds, s.Segment.PeriodSeconds, new(s.Plan.RecurringFee, s.Plan.Currency)))],
            [.. currencies.Select(c => RateOf(knowledge.Book, c, period)).OfType<InvoiceRate>()],
            [.. knowledge.Settings.Discounts.Where(d => d.Holds(period))],
            knowledge.Settings.TaxExemption is null ? knowledge.Settings.Taxes : [],
            knowledge.Settings.TaxExemption,
            knowledge.KnownAt.Value);
    }

    /// <summary>The invoice.</summary>
    /// <exception cref="DomainException">An exchange rate is missing, or an amount is beyond what decimals hold.</exception>
    public static InvoiceDraft Draft(BillingKnowledge knowledge, UsageTotals usage) => Draft(Basis(knowledge), usage);

    /// <summary>The invoice, from what stands on it and the usage: what a verifier repeats.</summary>
    /// <exception cref="DomainException">An exchange rate is missing, or an amount is beyond what decimals hold.</exception>
    public static InvoiceDraft Draft(InvoiceBasis basis, UsageTotals usage)
    {
        ArgumentNullException.ThrowIfNull(basis);
        ArgumentNullException.ThrowIfNull(usage);
        try
        {
            return Added(basis, usage);
        }
        catch (OverflowException)
        {
            throw new DomainException(PricingErrors.TooLarge($"The invoice of '{basis.Tenant}' for {Words.Of(basis.Period.From)} to {Words.Of(basis.Period.To)}"));
        }
    }

    private static InvoiceDraft Added(InvoiceBasis basis, UsageTotals usage)
    {
        List<DomainError> missing = [];
        var lines = ImmutableArray.CreateBuilder<InvoiceLine>();
        foreach (var fee in Proration.Lines(PeriodOf(basis), SegmentsOf(basis), (plan, version) => PlanOf(basis, plan, version)).Where(f => f.Fee.Amount != 0))
        {
            var (exact, text) = Converted(basis, fee.Amount, missing);
            var name = basis.Segments.First(s => s.Plan == fee.Segment.Plan && s.Version == fee.Segment.Version).Name;
            lines.Add(Line(lines.Count, InvoiceLineKind.Fee, $"{name}, recurring fee", fee.Segment.From, fee.Segment.To, fee.Text + text, exact, basis, null));
        }

        foreach (var totals in usage.Lines)
        {
            lines.Add(Used(lines.Count, basis, totals, missing));
        }

        if (missing.Count > 0)
        {
            throw new DomainException(missing.Count == 1 ? missing[0] : missing[0] with { Message = string.Join(' ', missing.Select(m => m.Message).Distinct()) });
        }

        AddAdjustments(lines, basis, usage);
        var subtotal = Sum(lines, 0);
        var left = subtotal;
        foreach (var discount in basis.Discounts)
        {
            var (exact, text) = discount.Amount is { } amount
                ? (Math.Min(amount.Amount, left), amount.Amount <= left ? Words.Of(amount.Amount) : $"{Words.Of(amount.Amount)}, at most the {Words.Of(left)} that is left")
                : (left * discount.Percent!.Value / 100m, $"{Words.Of(left)} × {Words.Of(discount.Percent.Value)} %");
            var line = Line(lines.Count, InvoiceLineKind.Discount, discount.Reason, basis.Period.From, basis.Period.To, "−" + text, -exact, basis, null);
            lines.Add(line);
            left += line.Amount;
        }

        var untaxed = lines.Count;
        foreach (var tax in basis.Taxes)
        {
            lines.Add(Line(lines.Count, InvoiceLineKind.Tax, tax.Name, basis.Period.From, basis.Period.To, $"{Words.Of(left)} × {Words.Of(tax.Percent)} %", left * tax.Percent / 100m, basis, null));
        }

        var taxes = Sum(lines, untaxed);
        return new(basis, usage.FromVersion, usage.ThroughVersion, usage.Events, usage.Unpriced, lines.ToImmutable(), subtotal, Words.Normal(subtotal - left), taxes, Words.Normal(left + taxes));
    }

    private static void AddAdjustments(ImmutableArray<InvoiceLine>.Builder lines, InvoiceBasis basis, UsageTotals usage)
    {
        if (basis.Adjustments.IsDefaultOrEmpty)
        {
            return;
        }

        var adjusting = new Adjusting();
        var used = 0;
        for (var i = 0; i < lines.Count; i++)
        {
            var line = lines[i];
            if (line.Usage is not { } part)
            {
                var segment = basis.Segments.First(s => s.From <= line.From && line.To <= s.To);
                adjusting.Add(segment.Plan, segment.Version, null, line.From, line.To, null, line.Amount, null);
                continue;
            }

            var totals = usage.Lines[used++];
            adjusting.Add(part.Plan, part.PlanVersion, part.Price.Id, line.From, line.To, part.Quantity, line.Amount, quantity => Used(0, basis, totals with { Quantity = quantity }, []).Amount);
        }

        foreach (var adjustment in basis.Adjustments)
        {
            var (amount, taken) = adjusting.Apply(adjustment);
            var text = adjustment.Quantity is { } quantity
                ? $"−{Words.Of(taken)} units{(taken < quantity ? $" of {Words.Of(quantity)}, which are no longer there" : "")}"
                : $"−{Words.Of(taken)}{(taken < adjustment.Amount ? $" of {Words.Of(adjustment.Amount.Value)}, which is no longer there" : "")}";
            lines.Add(Line(lines.Count, InvoiceLineKind.Adjustment, adjustment.Reason, adjustment.From, adjustment.To, text, amount, basis, null));
        }
    }

    private static InvoiceLine Used(int before, InvoiceBasis basis, LineTotals totals, List<DomainError> missing)
    {
        var slot = totals.Slot;
        var rated = slot.IsTrial
            ? new RatedQuantity(0m, totals.Quantity == 0m ? [] : [new(totals.Quantity, 0m, 0m, $"{Words.Of(totals.Quantity)} free in the trial")])
            : Rating.Rate(slot.Price, totals.Quantity, slot.Share);
        var amount = new Money(Words.Normal(rated.Amount), slot.Price.Currency);
        var (exact, text) = Converted(basis, amount, missing);
        var part = new UsagePart(
            slot.Plan,
            slot.PlanVersion,
            slot.IsTrial,
            slot.Share,
            slot.Price,
            slot.Unit,
            slot.Percentile,
            totals.Aggregation,
            Words.Normal(totals.Quantity),
            [.. rated.Steps.Select(s => s with { Quantity = Words.Normal(s.Quantity), UnitAmount = Words.Normal(s.UnitAmount), Amount = Words.Normal(s.Amount) })],
            amount,
            totals.Events,
            totals.First,
            totals.Last,
            totals.Root,
            totals.Blocks.Size,
            totals.Blocks.Roots);
        var steps = rated.Steps.IsEmpty ? "nothing used" : string.Join(" + ", rated.Steps.Select(s => s.Text));
        return Line(before, InvoiceLineKind.Usage, slot.Price.Description.Length > 0 ? slot.Price.Description : slot.Price.Id, slot.From, slot.To, steps + text, exact, basis, part);
    }

    private static InvoiceLine Line(int before, InvoiceLineKind kind, string description, DateTimeOffset from, DateTimeOffset to, string arithmetic, decimal exact, InvoiceBasis basis, UsagePart? usage) =>
        new(before + 1, kind, description, from, to, arithmetic, Words.Normal(exact), Words.Normal(new Money(exact, basis.Currency).Round().Amount), usage);

    private static (decimal Exact, string Text) Converted(InvoiceBasis basis, Money amount, List<DomainError> missing)
    {
        if (amount.Currency == basis.Currency || amount.Amount == 0m)
        {
            return (amount.Amount, "");
        }

        if (basis.Rates.FirstOrDefault(r => r.Base == amount.Currency && r.Quote == basis.Currency) is { } rate)
        {
            return (amount.Amount * rate.Rate, $" = {Words.Of(amount.Amount)} {amount.Currency} × {Words.Of(rate.Rate)} (rate of {Words.Of(rate.From)})");
        }

        missing.Add(PricingErrors.MissingRate(amount.Currency, basis.Currency, basis.Period.To));
        return (0m, "");
    }

    private static decimal Sum(ImmutableArray<InvoiceLine>.Builder lines, int from)
    {
        var sum = 0m;
        for (var i = from; i < lines.Count; i++)
        {
            sum += lines[i].Amount;
        }

        return Words.Normal(sum);
    }

    private static Plan PlanOf(PriceBookView book, PlanSegment segment) => book.FindPlan(segment.Plan, segment.Version) ?? throw new DomainException(PricingErrors.UnknownPlan(segment.Plan, segment.Version));

    private static Plan PlanOf(InvoiceBasis basis, string plan, int version) =>
        basis.Segments.First(s => s.Plan == plan && s.Version == version) is var segment ? new(plan, version, segment.Name, segment.Fee.Currency) { RecurringFee = segment.Fee.Amount } : null!;

    private static BillingPeriod PeriodOf(InvoiceBasis basis) => new(basis.Period.Index, basis.Period.From, basis.Period.To, basis.Period.WholeFrom, basis.Period.WholeTo, basis.Currency);

    private static ImmutableArray<PlanSegment> SegmentsOf(InvoiceBasis basis) => [.. basis.Segments.Select(s => new PlanSegment(s.From, s.To, s.Plan, s.Version, s.IsTrial, s.Seconds, s.PeriodSeconds))];

    private static InvoiceRate? RateOf(PriceBookView book, string currency, BillingPeriod period) =>
        book.Rates.TryGetValue($"{currency}-{period.Currency}", out var rates) && rates.Where(r => r.From <= period.To).OrderBy(r => r.From).ThenBy(r => r.Number).LastOrDefault() is { } found
            ? new(currency, period.Currency, found.Rate, found.From, period.To)
            : null;
}
