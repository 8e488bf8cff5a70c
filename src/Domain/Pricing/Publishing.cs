using System.Collections.Immutable;
using System.Text.Json;
using AIaaS.EventStore;

namespace AIaaS.Domain.Pricing;

/// <summary>Publishes another version of a price.</summary>
/// <param name="Price">The price; its version is given when it is published.</param>
/// <param name="TierStarts">Where the sender said it: the quantity above which each tier begins; null where nobody did.</param>
/// <param name="Reason">Why; null where nobody said.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record PublishPrice(Price Price, ImmutableArray<decimal?>? TierStarts, string? Reason, DateTimeOffset At)
{
    /// <summary>The plans that may name it, and the exchange rates that are known.</summary>
    public PriceBookView Book { get; init; } = PriceBookView.Initial;
}

/// <summary>Publishes another version of a plan.</summary>
/// <param name="Plan">The plan; its version is given when it is published.</param>
/// <param name="Book">The prices and exchange rates that are known.</param>
/// <param name="Reason">Why; null where nobody said.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record PublishPlan(Plan Plan, PriceBookView Book, string? Reason, DateTimeOffset At);

/// <summary>Publishes an exchange rate.</summary>
/// <param name="Base">ISO 4217: what is converted.</param>
/// <param name="Quote">ISO 4217: into what.</param>
/// <param name="Rate">Units of the quote currency for one of the base currency.</param>
/// <param name="From">The first moment at which it holds.</param>
/// <param name="IsConfirmed">Whether it is meant although it is far from the one before.</param>
/// <param name="Reason">Why, or where it comes from; null where nobody said.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record PublishExchangeRate(string Base, string Quote, decimal Rate, DateTimeOffset From, bool IsConfirmed, string? Reason, DateTimeOffset At);

/// <summary>The versions of one price.</summary>
public sealed record PriceVersions : IState<PriceVersions>
{
    /// <summary>The most versions of one price.</summary>
    public const int Most = 10_000;

    /// <summary>Before it is published.</summary>
    public static PriceVersions Initial { get; } = new();

    /// <summary>The versions, from 1 up.</summary>
    public ImmutableList<Price> All { get; init; } = [];

    /// <inheritdoc />
    public PriceVersions Evolve(object @event) => @event is PricePublished e ? this with { All = All.Add(e.Price) } : this;

    /// <summary>Publishes the next version; the same content as the newest one changes nothing.</summary>
    public Decision Publish(PublishPrice command)
    {
        ArgumentNullException.ThrowIfNull(command);
        if (BuiltInPricing.Owns(command.Price.Id))
        {
            return PricingErrors.BuiltIn(command.Price.Id);
        }

        List<string> faults = [.. PriceRules.Faults(command.Price, command.TierStarts), .. PriceRules.FaultsInPlans(command.Price, command.Book)];
        Publishing.AddReason(faults, command.Reason);
        if (All.Count >= Most)
        {
            faults.Add($"it has {Most} versions, and no more are possible");
        }

        if (faults.Count > 0)
        {
            return PricingErrors.InvalidPrice(command.Price.Id, faults);
        }

        var price = PriceRules.Normal(command.Price) with { Version = All.Count + 1 };
        return All.Count > 0 && Publishing.Text(All[^1] with { Version = price.Version }) == Publishing.Text(price)
            ? Decision.Unchanged
            : new PricePublished(price, command.Reason, command.At);
    }
}

/// <summary>The versions of one plan.</summary>
public sealed record PlanVersions : IState<PlanVersions>
{
    /// <summary>Before it is published.</summary>
    public static PlanVersions Initial { get; } = new();

    /// <summary>The versions, from 1 up.</summary>
    public ImmutableList<Plan> All { get; init; } = [];

    /// <inheritdoc />
    public PlanVersions Evolve(object @event) => @event is PlanPublished e ? this with { All = All.Add(e.Plan) } : this;

    /// <summary>Publishes the next version; the same content as the newest one changes nothing.</summary>
    public Decision Publish(PublishPlan command)
    {
        ArgumentNullException.ThrowIfNull(command);
        if (BuiltInPricing.Owns(command.Plan.Id))
        {
            return PricingErrors.BuiltIn(command.Plan.Id);
        }

        List<string> faults = [.. PriceRules.Faults(command.Plan, command.Book)];
        Publishing.AddReason(faults, command.Reason);
        if (All.Count >= PriceVersions.Most)
        {
            faults.Add($"it has {PriceVersions.Most} versions, and no more are possible");
        }

        if (faults.Count > 0)
        {
            return PricingErrors.InvalidPlan(command.Plan.Id, faults);
        }

        var plan = command.Plan with { Version = All.Count + 1, RecurringFee = Words.Normal(command.Plan.RecurringFee) };
        return All.Count > 0 && Publishing.Text(All[^1] with { Version = plan.Version }) == Publishing.Text(plan)
            ? Decision.Unchanged
            : new PlanPublished(plan, command.Reason, command.At);
    }
}

/// <summary>The exchange rates of one pair of currencies.</summary>
public sealed record ExchangeRates : IState<ExchangeRates>
{
    /// <summary>Further than this from the rate before, a rate is taken for a slip unless it is confirmed.</summary>
    public const decimal Jump = 2m;

    /// <summary>Before one is published.</summary>
    public static ExchangeRates Initial { get; } = new();

    /// <summary>The rates, in the order in which they were published.</summary>
    public ImmutableList<ExchangeRate> All { get; init; } = [];

    /// <inheritdoc />
    public ExchangeRates Evolve(object @event) => @event is ExchangeRatePublished e ? this with { All = All.Add(new(e.Rate, e.From, All.Count + 1)) } : this;

    /// <summary>Publishes a rate; the one that holds from that moment already changes nothing.</summary>
    public Decision Publish(PublishExchangeRate command)
    {
        ArgumentNullException.ThrowIfNull(command);
        List<string> faults = [.. PriceRules.Faults(command.Base, command.Quote, command.Rate, command.From)];
        Publishing.AddReason(faults, command.Reason);
        var before = All.Where(r => r.From <= command.From).OrderBy(r => r.From).ThenBy(r => r.Number).LastOrDefault();
        if (faults.Count == 0 && before is not null && !command.IsConfirmed && (command.Rate / before.Rate > Jump || before.Rate / command.Rate > Jump))
        {
            faults.Add($"the rate {Words.Of(command.Rate)} is more than {Words.Of(Jump)} times away from {Words.Of(before.Rate)}, which holds before it; confirm it if it is meant");
        }

        return faults.Count > 0 ? PricingErrors.InvalidRate(command.Base, command.Quote, faults)
            : before is not null && before.From == command.From && before.Rate == command.Rate ? Decision.Unchanged
            : new ExchangeRatePublished(command.Base, command.Quote, Words.Normal(command.Rate), command.From.ToUniversalTime(), command.Reason, command.At);
    }
}

internal static class Publishing
{
    public static void AddReason(List<string> faults, string? reason)
    {
        if (TextRules.Fault("reason", reason, 500) is { } fault)
        {
            faults.Add(fault);
        }
    }

    public static string Text(Price price) => JsonSerializer.Serialize(price, PricingJson.Default.Price);

    public static string Text(Plan plan) => JsonSerializer.Serialize(plan, PricingJson.Default.Plan);
}
