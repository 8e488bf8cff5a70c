using System.Collections.Immutable;
using AIaaS.Commands.Bus;
using AIaaS.Domain.Pricing;
using AIaaS.Domain.Tenants;
using AIaaS.EventStore;

namespace AIaaS.Commands.Pricing;

/// <summary>Something that was published, with when and where it was recorded.</summary>
/// <param name="Position">Its place in the log.</param>
/// <param name="Recorded">When the log recorded it: what is known at a time is what was recorded until then.</param>
/// <param name="Event">A <see cref="PricePublished"/>, <see cref="PlanPublished"/> or <see cref="ExchangeRatePublished"/>.</param>
public sealed record Publication(LogPosition Position, DateTimeOffset Recorded, object Event);

/// <summary>
/// All prices, plans and exchange rates, in memory: as they are known now, or as they were known at a position of the log or at a time. It follows the log, in
/// every process that needs it.
/// </summary>
public sealed class PriceCatalog(IEventStore log, EventTypes types, IParkingLot parking, TimeProvider time) : LogFollower(log, types, parking, time, "price-catalog", Filter)
{
    /// <summary>How long a question for what is known now waits for the catalogue.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private static readonly EventFilter Filter = EventFilter.Streams($"price-{Tenant.Platform}_", $"plan-{Tenant.Platform}_", $"exchangeRate-{Tenant.Platform}_");

    private ImmutableSortedDictionary<LogPosition, Publication> publications = ImmutableSortedDictionary<LogPosition, Publication>.Empty;
    private volatile PriceBookView current = PriceBookView.Initial;

    /// <summary>As everything is known now.</summary>
    public PriceBookView Current => current;

    /// <summary>Everything that was published, in the order of the log.</summary>
    public IEnumerable<Publication> Publications => Volatile.Read(ref publications).Values;

    /// <summary>As everything was known at a time: what had been recorded until then.</summary>
    /// <param name="knownAt">The time; null for now.</param>
    public PriceBookView PricesAt(DateTimeOffset? knownAt) => knownAt is { } time ? Fold(Publications.Where(p => p.Recorded <= time)) : Current;

    /// <summary>As everything is known up to a position of the log, waiting until the catalogue has come so far.</summary>
    /// <exception cref="DomainException">It did not within <see cref="Patience"/>.</exception>
    public async Task<PriceBookView> AsOfAsync(LogPosition position, CancellationToken cancellationToken = default) =>
        await WaitForAsync(position, Patience, cancellationToken)
            ? Fold(Publications.TakeWhile(p => p.Position <= position))
            : throw new DomainException(new("pricing-behind", $"The prices are not known up to position {position} yet.", "Try again a little later.", 503));

    /// <summary>The version of a price that holds at a moment, as known at a time; null where none does.</summary>
    public Price? Find(string price, DateTimeOffset at, DateTimeOffset? knownAt = null) => PricesAt(knownAt).PriceAt(price, at);

    /// <summary>A version of a plan, or its newest one, looked up in the log where it is not known here; null where there is none.</summary>
    public async Task<Plan?> FindPlanAsync(string plan, int? version = null, CancellationToken cancellationToken = default)
    {
        if (Current.FindPlan(plan, version) is { } known && version is not null)
        {
            return known;
        }

        if (PriceRules.IsId(plan))
        {
            await ReadOnAsync(PlanPublished.Stream(plan), cancellationToken);
        }

        return Current.FindPlan(plan, version);
    }

    /// <summary>As it is known now, with what was published of these prices and into this currency a moment ago in another process.</summary>
    public async Task<PriceBookView> ForAsync(IEnumerable<string> prices, string currency, CancellationToken cancellationToken = default)
    {
        foreach (var price in prices.Where(p => PriceRules.IsId(p) && !Current.Prices.ContainsKey(p)).Distinct(StringComparer.Ordinal).Take(200).ToList())
        {
            await ReadOnAsync(PricePublished.Stream(price), cancellationToken);
        }

        foreach (var other in prices.SelectMany(p => Current.Prices.TryGetValue(p, out var versions) ? versions : []).Select(p => p.Currency).Distinct(StringComparer.Ordinal).Where(c => c != currency).ToList())
        {
            if (Domain.Payments.Currencies.Decimals(currency) is not null && !Current.Rates.ContainsKey($"{other}-{currency}"))
            {
                await ReadOnAsync(ExchangeRatePublished.Stream(other, currency), cancellationToken);
            }
        }

        return Current;
    }

    /// <inheritdoc />
    protected override void Take(RecordedEvent recorded, object @event)
    {
        ArgumentNullException.ThrowIfNull(recorded);
        Volatile.Write(ref publications, publications.SetItem(recorded.Position, new(recorded.Position, recorded.Recorded, @event)));
        current = current.Evolve(@event);
    }

    private static PriceBookView Fold(IEnumerable<Publication> publications) => publications.Aggregate(PriceBookView.Initial, (book, p) => book.Evolve(p.Event));
}
