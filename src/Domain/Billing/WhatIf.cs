using System.Collections.Immutable;
using AIaaS.Domain.Pricing;
using AIaaS.EventStore;

namespace AIaaS.Domain.Billing;

/// <summary>Another plan, or other prices, under which closed periods are calculated again. Nothing of it is stored.</summary>
public sealed record WhatIfChange
{
    /// <summary>The most proposed prices.</summary>
    public const int MaxPrices = 200;

    /// <summary>The most proposed exchange rates.</summary>
    public const int MaxRates = 50;

    /// <summary>The id of a published plan that the tenants are put on; null: they keep theirs, or <see cref="ProposedPlan"/> says it.</summary>
    public string? Plan { get; init; }

    /// <summary>Its version; null for the newest one.</summary>
    public int? PlanVersion { get; init; }

    /// <summary>A plan that is not published, which the tenants are put on; null for none. Its version does not matter.</summary>
    public Plan? ProposedPlan { get; init; }

    /// <summary>Prices that are not published. One with the id of a published price takes its place for the time from its first moment on.</summary>
    public ImmutableArray<Price> Prices { get; init; } = [];

    /// <summary>Where the sender said it: the quantities above which the tiers of a price begin, by the price's id, so that gaps and overlaps are seen.</summary>
    public ImmutableDictionary<string, ImmutableArray<decimal?>> TierStarts { get; init; } = ImmutableDictionary<string, ImmutableArray<decimal?>>.Empty;

    /// <summary>Exchange rates that are not published.</summary>
    public ImmutableArray<ProposedRate> Rates { get; init; } = [];

    /// <summary>Whether it changes nothing at all.</summary>
    public bool IsIdentity => Plan is null && ProposedPlan is null && Prices.IsDefaultOrEmpty && Rates.IsDefaultOrEmpty;
}

/// <summary>An exchange rate that is not published.</summary>
/// <param name="Base">ISO 4217: what is converted.</param>
/// <param name="Quote">ISO 4217: into what.</param>
/// <param name="Rate">Units of the quote currency for one of the base currency.</param>
/// <param name="From">The first moment at which it holds.</param>
public sealed record ProposedRate(string Base, string Quote, decimal Rate, DateTimeOffset From);

/// <summary>Calculates closed periods under another plan or other prices. Pure: the book that it makes is thrown away afterwards.</summary>
public static class WhatIf
{
    /// <summary>All that is wrong with a change; empty when nothing is.</summary>
    /// <param name="change">The change.</param>
    /// <param name="book">What is published.</param>
    public static IReadOnlyList<string> Faults(WhatIfChange change, PriceBookView book)
    {
        ArgumentNullException.ThrowIfNull(change);
        ArgumentNullException.ThrowIfNull(book);
        List<string> faults = [];
        if (change.Plan is not null && change.ProposedPlan is not null)
        {
            faults.Add("give either 'plan' or 'proposedPlan'");
        }

        if (change.PlanVersion is not null && change.Plan is null)
        {
            faults.Add("'planVersion' needs 'plan'");
        }

        if (change.Plan is { } plan && book.FindPlan(plan, change.PlanVersion) is null)
        {
            faults.Add(PricingErrors.UnknownPlan(plan, change.PlanVersion).Message.TrimEnd('.'));
        }

        var prices = change.Prices.IsDefault ? [] : change.Prices;
        var rates = change.Rates.IsDefault ? [] : change.Rates;
        if (prices.Length > WhatIfChange.MaxPrices)
        {
            faults.Add($"there are {prices.Length} proposed prices; at most {WhatIfChange.MaxPrices} are possible");
        }

        if (rates.Length > WhatIfChange.MaxRates)
        {
            faults.Add($"there are {rates.Length} proposed exchange rates; at most {WhatIfChange.MaxRates} are possible");
        }

        foreach (var price in prices.Take(WhatIfChange.MaxPrices))
        {
            faults.AddRange(PriceRules.Faults(price, change.TierStarts.TryGetValue(price.Id, out var starts) ? starts : null).Select(f => $"of the price '{NoteErrors.Shown(price.Id)}': {f}"));
        }

        foreach (var rate in rates.Take(WhatIfChange.MaxRates))
        {
            faults.AddRange(PriceRules.Faults(rate.Base, rate.Quote, rate.Rate, rate.From).Select(f => $"of the exchange rate from '{NoteErrors.Shown(rate.Base)}' to '{NoteErrors.Shown(rate.Quote)}': {f}"));
        }

        if (faults.Count == 0 && change.ProposedPlan is { } proposed)
        {
            var with = WithPrices(change, book);
            faults.AddRange(PriceRules.Faults(proposed, with).Select(f => $"of the plan '{NoteErrors.Shown(proposed.Id)}': {f}"));
        }

        return faults;
    }

    /// <summary>The book with what is proposed.</summary>
    /// <param name="change">The change, without faults.</param>
    /// <param name="book">What is published.</param>
    public static PriceBookView Book(WhatIfChange change, PriceBookView book)
    {
        ArgumentNullException.ThrowIfNull(change);
        ArgumentNullException.ThrowIfNull(book);
        var with = WithPrices(change, book);
        return change.ProposedPlan is { } plan ? with.Evolve(new PlanPublished(Proposed(plan, book), null, default)) : with;
    }

    /// <summary>What is known for a period under the change: the same time, the same trials, the same discounts and taxes; other plans and prices.</summary>
    /// <param name="billed">What is known without it.</param>
    /// <param name="change">The change, without faults.</param>
    /// <param name="book">What is published now: a plan of the change may be newer than the period.</param>
    /// <exception cref="DomainException">The plan is in another currency than the invoice.</exception>
    public static BillingKnowledge Knowledge(BillingKnowledge billed, WhatIfChange change, PriceBookView book)
    {
        ArgumentNullException.ThrowIfNull(billed);
        ArgumentNullException.ThrowIfNull(change);
        ArgumentNullException.ThrowIfNull(book);
        if (change.IsIdentity)
        {
            return billed;
        }

        var known = Book(change, WithPlan(change, billed.Book, book));
        var plan = change.ProposedPlan is { } proposed ? Proposed(proposed, billed.Book) : change.Plan is { } id ? book.FindPlan(id, change.PlanVersion) : null;
        var segments = plan is null ? billed.Segments : Joined([.. billed.Segments.Select(s => s with { Plan = plan.Id, Version = plan.Version })]);
        return billed with { Book = known, Segments = segments };
    }

    /// <summary>The usage of a period as it stands on its invoice, for lines that take in the same usage; null where other lines are to be added up.</summary>
    /// <param name="billed">The invoice.</param>
    /// <param name="slots">The lines.</param>
    public static UsageTotals? Reused(InvoiceDraft billed, ImmutableArray<LineSlot> slots)
    {
        ArgumentNullException.ThrowIfNull(billed);
        var known = billed.Slots;
        return known.Length != slots.Length || new UsageSlots(known).Key != new UsageSlots(slots).Key || !known.Select(s => s.Percentile).SequenceEqual(slots.Select(s => s.Percentile))
            ? null
            : new(
                billed.FromVersion,
                billed.ThroughVersion,
                billed.Events,
                billed.Unpriced,
                [.. billed.Lines.Select(l => l.Usage).OfType<UsagePart>().Zip(slots, (u, s) => new LineTotals(s, u.Quantity, u.Aggregation, u.Events, u.First, u.Last, u.Root, new(u.BlockSize, u.Blocks)))]);
    }

    // A plan and its prices, as they are known now, where the book of the period does not know them yet.
    private static PriceBookView WithPlan(WhatIfChange change, PriceBookView then, PriceBookView now)
    {
        var plan = change.ProposedPlan ?? (change.Plan is { } id ? now.FindPlan(id, change.PlanVersion) : null);
        if (plan is null)
        {
            return then;
        }

        var with = then with { Rates = now.Rates.SetItems(then.Rates) };
        if (change.ProposedPlan is null && then.FindPlan(plan.Id, plan.Version) is null)
        {
            with = with with { Plans = then.Plans.SetItem(plan.Id, now.Plans[plan.Id]) };
        }

        return plan.Prices.Where(p => !then.Prices.ContainsKey(p) && now.Prices.ContainsKey(p)).Distinct(StringComparer.Ordinal)
            .Aggregate(with, (book, price) => book with { Prices = book.Prices.SetItem(price, now.Prices[price]) });
    }

    private static PriceBookView WithPrices(WhatIfChange change, PriceBookView book)
    {
        var with = (change.Prices.IsDefault ? [] : change.Prices).Aggregate(book, (known, price) => known.Evolve(new PricePublished(PriceRules.Normal(price) with { Version = known.Prices.TryGetValue(price.Id, out var versions) ? versions.Length + 1 : 1 }, null, default)));
        return (change.Rates.IsDefault ? [] : change.Rates).Aggregate(with, (known, rate) => known.Evolve(new ExchangeRatePublished(rate.Base, rate.Quote, rate.Rate, rate.From, null, default)));
    }

    private static Plan Proposed(Plan plan, PriceBookView book) => plan with { Version = book.Plans.TryGetValue(plan.Id, out var versions) ? versions.Length + 1 : 1 };

    // Stretches of one plan that follow each other are one, as if it had held all the time.
    private static ImmutableArray<PlanSegment> Joined(ImmutableArray<PlanSegment> segments)
    {
        var joined = ImmutableArray.CreateBuilder<PlanSegment>();
        foreach (var segment in segments)
        {
            if (joined.Count > 0 && joined[^1] is var last && last.To == segment.From && last.IsTrial == segment.IsTrial)
            {
                joined[^1] = last with { To = segment.To, Seconds = last.Seconds + segment.Seconds };
            }
            else
            {
                joined.Add(segment);
            }
        }

        return joined.ToImmutable();
    }
}
