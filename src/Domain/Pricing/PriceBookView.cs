using System.Collections.Immutable;
using AIaaS.EventStore;

namespace AIaaS.Domain.Pricing;

/// <summary>An exchange rate that holds from a moment until another one does.</summary>
/// <param name="Rate">Units of the quote currency for one of the base currency.</param>
/// <param name="From">The first moment at which it holds.</param>
/// <param name="Number">The number of its publication, from 1: of two from the same moment the later one counts.</param>
public sealed record ExchangeRate(decimal Rate, DateTimeOffset From, int Number);

/// <summary>A stretch of time in which one version of a price holds.</summary>
/// <param name="From">Its first moment.</param>
/// <param name="To">The first moment behind it.</param>
/// <param name="Price">The version.</param>
public sealed record PriceStretch(DateTimeOffset From, DateTimeOffset To, Price Price);

/// <summary>
/// All prices, plans and exchange rates as they are known at some point of the log: the fold of what was published until then, beside what comes with the
/// product. Whoever folds only what was recorded until a moment sees the books as they were known at it.
/// </summary>
public sealed record PriceBookView : IState<PriceBookView>
{
    /// <summary>Before anything is published.</summary>
    public static PriceBookView Initial { get; } = new();

    /// <summary>The versions of each price, from 1 up.</summary>
    public ImmutableSortedDictionary<string, ImmutableArray<Price>> Prices { get; init; } =
        ImmutableSortedDictionary.Create<string, ImmutableArray<Price>>(StringComparer.Ordinal).Add(BuiltInPricing.CostPassThrough.Id, [BuiltInPricing.CostPassThrough]);

    /// <summary>The versions of each plan, from 1 up.</summary>
    public ImmutableSortedDictionary<string, ImmutableArray<Plan>> Plans { get; init; } =
        ImmutableSortedDictionary.Create<string, ImmutableArray<Plan>>(StringComparer.Ordinal).Add(BuiltInPricing.PayAsYouGo.Id, [BuiltInPricing.PayAsYouGo]);

    /// <summary>The rates of each pair of currencies, <c>EUR-USD</c>, in the order in which they were published.</summary>
    public ImmutableSortedDictionary<string, ImmutableArray<ExchangeRate>> Rates { get; init; } = ImmutableSortedDictionary.Create<string, ImmutableArray<ExchangeRate>>(StringComparer.Ordinal);

    /// <inheritdoc />
    public PriceBookView Evolve(object @event) => @event switch
    {
        PricePublished e when Versions(Prices, e.Price.Id) is var all && all.Length < e.Price.Version => this with { Prices = Prices.SetItem(e.Price.Id, all.Add(e.Price)) },
        PlanPublished e when Versions(Plans, e.Plan.Id) is var all && all.Length < e.Plan.Version => this with { Plans = Plans.SetItem(e.Plan.Id, all.Add(e.Plan)) },
        ExchangeRatePublished e when Versions(Rates, Pair(e.Base, e.Quote)) is var all => this with { Rates = Rates.SetItem(Pair(e.Base, e.Quote), all.Add(new(e.Rate, e.From, all.Length + 1))) },
        _ => this,
    };

    /// <summary>The version of a price that holds at a moment: of those that do, the highest. Null where none does.</summary>
    public Price? PriceAt(string price, DateTimeOffset at)
    {
        var versions = Versions(Prices, price);
        for (var i = versions.Length - 1; i >= 0; i--)
        {
            if (versions[i].From <= at && !(versions[i].To <= at))
            {
                return versions[i];
            }
        }

        return null;
    }

    /// <summary>A version of a price; null where there is none.</summary>
    public Price? FindPrice(string price, int version) => Versions(Prices, price) is var all && version >= 1 && version <= all.Length ? all[version - 1] : null;

    /// <summary>Which versions of a price hold from one moment to another, in the order of time. Where none does, there is a gap.</summary>
    public ImmutableArray<PriceStretch> PricesOf(string price, DateTimeOffset from, DateTimeOffset to)
    {
        var versions = Versions(Prices, price);
        var cuts = versions.Select(v => v.From).Concat(versions.Select(v => v.To).OfType<DateTimeOffset>()).Where(c => c > from && c < to).Append(from).Append(to).Distinct().Order().ToList();
        var stretches = ImmutableArray.CreateBuilder<PriceStretch>();
        for (var i = 0; i + 1 < cuts.Count; i++)
        {
            if (PriceAt(price, cuts[i]) is not { } found)
            {
                continue;
            }

            if (stretches.Count > 0 && stretches[^1] is var last && last.To == cuts[i] && last.Price.Version == found.Version)
            {
                stretches[^1] = last with { To = cuts[i + 1] };
            }
            else
            {
                stretches.Add(new(cuts[i], cuts[i + 1], found));
            }
        }

        return stretches.ToImmutable();
    }

    /// <summary>A version of a plan, or its newest one; null where there is none.</summary>
    public Plan? FindPlan(string plan, int? version = null) =>
        Versions(Plans, plan) is var all && all.Length > 0 && (version is null || (version >= 1 && version <= all.Length)) ? all[(version ?? all.Length) - 1] : null;

    /// <summary>What one unit of a currency is worth in another at a moment, by the rate that holds from the latest moment until then; 1 for the same currency, null where no rate holds.</summary>
    public decimal? RateAt(string @base, string quote, DateTimeOffset at) =>
        @base == quote ? 1m : Versions(Rates, Pair(@base, quote)).Where(r => r.From <= at).OrderBy(r => r.From).ThenBy(r => r.Number).LastOrDefault()?.Rate;

    /// <summary>An amount in another currency, exact, by the rate of a moment.</summary>
    /// <exception cref="DomainException">No rate holds then, or the amount is beyond what decimals hold.</exception>
    public Money Convert(Money amount, string quote, DateTimeOffset at)
    {
        var rate = RateAt(amount.Currency, quote, at) ?? throw new DomainException(PricingErrors.MissingRate(amount.Currency, quote, at));
        try
        {
            return new(amount.Amount * rate, quote);
        }
        catch (OverflowException)
        {
            throw new DomainException(PricingErrors.TooLarge($"{Words.Of(amount.Amount)} {amount.Currency} in {quote}"));
        }
    }

    private static string Pair(string @base, string quote) => $"{@base}-{quote}";

    private static ImmutableArray<T> Versions<T>(ImmutableSortedDictionary<string, ImmutableArray<T>> all, string id) => all.TryGetValue(id, out var found) ? found : [];
}
