using System.Collections.Immutable;
using AIaaS.EventStore;

namespace AIaaS.Domain.Pricing;

/// <summary>One step of the arithmetic of an amount. The amounts of all steps add up to it.</summary>
/// <param name="Quantity">How many units, packages or parts of the period; of a percentage the amount of money that it is taken of.</param>
/// <param name="UnitAmount">What each of them costs.</param>
/// <param name="Amount">The product, exact.</param>
/// <param name="Text">In words: <c>1,000 × 0.002 (tier up to 10,000)</c>.</param>
public sealed record RatedStep(decimal Quantity, decimal UnitAmount, decimal Amount, string Text);

/// <summary>What a quantity costs, with the arithmetic.</summary>
/// <param name="Amount">Exact: nothing is rounded.</param>
/// <param name="Steps">How it comes about.</param>
public sealed record RatedQuantity(decimal Amount, ImmutableArray<RatedStep> Steps)
{
    /// <summary>What is free.</summary>
    public static RatedQuantity Nothing { get; } = new(0m, []);
}

/// <summary>
/// From a quantity to an amount: pure and in exact decimals, so that whoever repeats it gets the same digits. A price that holds for a part of the
/// period only is rated by itself: its flat amounts, its free allowance and its minimum count for that share of the period, its tiers begin anew and
/// are as wide as ever.
/// </summary>
public static class Rating
{
    /// <summary>What a quantity costs by a price.</summary>
    /// <param name="price">The price, valid by <see cref="PriceRules"/>.</param>
    /// <param name="quantity">What the meter gave for the time in which the price held, from 0 up.</param>
    /// <param name="share">The part of the billing period in which it held: above 0, at most 1.</param>
    /// <exception cref="DomainException">The quantity is below zero, or the amount is beyond what decimals hold.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The share is not above 0 and at most 1.</exception>
    public static RatedQuantity Rate(Price price, decimal quantity, decimal share = 1m)
    {
        ArgumentNullException.ThrowIfNull(price);
        if (share is <= 0m or > 1m)
        {
            throw new ArgumentOutOfRangeException(nameof(share), share, "A share of a period is above 0 and at most 1.");
        }

        if (quantity < 0m)
        {
            throw new DomainException(PricingErrors.NegativeQuantity(price.Id, quantity));
        }

        try
        {
            return Added(price, quantity, share);
        }
        catch (OverflowException)
        {
            throw new DomainException(PricingErrors.TooLarge($"The amount of {Words.Of(quantity)} by the price '{PricingErrors.Shown(price.Id)}'"));
        }
    }

    private static RatedQuantity Added(Price price, decimal quantity, decimal share)
    {
        var steps = ImmutableArray.CreateBuilder<RatedStep>();
        var free = Math.Min(quantity, price.FreeAllowance * share);
        if (free > 0m)
        {
            steps.Add(new(free, 0m, 0m, $"{Words.Of(free)} free{(share < 1m ? $" ({Words.Of(price.FreeAllowance)} × {Words.Of(share)} of the period)" : "")}"));
        }

        var charged = quantity - free;
        if (charged > 0m)
        {
            AddCharges(steps, price, charged, share);
        }

        var amount = 0m;
        foreach (var step in steps)
        {
            amount += step.Amount;
        }

        if (price.Minimum is { } minimum && minimum * share is var least && amount < least)
        {
            steps.Add(new(1m, least - amount, least - amount, $"up to the minimum of {Words.Of(least)}{(share < 1m ? $" ({Words.Of(minimum)} × {Words.Of(share)} of the period)" : "")}"));
            amount = least;
        }

        return new(amount, steps.ToImmutable());
    }

    private static void AddCharges(ImmutableArray<RatedStep>.Builder steps, Price price, decimal charged, decimal share)
    {
        switch (price.Model)
        {
            case PriceModel.Flat:
                AddFlat(steps, price.UnitAmount, share, "flat amount");
                break;
            case PriceModel.PerUnit:
                steps.Add(Times(charged, price.UnitAmount, ""));
                break;
            case PriceModel.Package:
                var packages = decimal.Ceiling(charged / price.PackageSize);
                steps.Add(Times(packages, price.UnitAmount, $" ({Words.Of(charged)} in packages of {Words.Of(price.PackageSize)})"));
                break;
            case PriceModel.Graduated:
                var below = 0m;
                foreach (var tier in price.Tiers)
                {
                    var inTier = (tier.UpTo is { } end ? Math.Min(charged, end) : charged) - below;
                    if (inTier <= 0m)
                    {
                        break;
                    }

                    AddTier(steps, tier, inTier, below, share);
                    below += inTier;
                }

                break;
            case PriceModel.Volume:
                var start = 0m;
                foreach (var tier in price.Tiers)
                {
                    if (tier.UpTo is not { } end || charged <= end)
                    {
                        AddTier(steps, tier, charged, start, share);
                        break;
                    }

                    start = end;
                }

                break;
            case PriceModel.Percentage:
                var rate = price.Percent / 100m;
                steps.Add(new(charged, rate, charged * rate, $"{Words.Of(charged)} × {Words.Of(price.Percent)} %"));
                break;
            default:
                throw new InvalidOperationException($"The price model {price.Model} is not known.");
        }
    }

    private static void AddTier(ImmutableArray<RatedStep>.Builder steps, PriceTier tier, decimal units, decimal above, decimal share)
    {
        var name = tier.UpTo is { } end ? $"tier up to {Words.Of(end)}" : above > 0m ? $"tier above {Words.Of(above)}" : "all units";
        steps.Add(Times(units, tier.UnitAmount, $" ({name})"));
        if (tier.FlatAmount != 0m)
        {
            AddFlat(steps, tier.FlatAmount, share, $"flat amount of the {name}");
        }
    }

    private static void AddFlat(ImmutableArray<RatedStep>.Builder steps, decimal amount, decimal share, string name) =>
        steps.Add(new(share, amount, share * amount, share < 1m ? $"{name}: {Words.Of(amount)} × {Words.Of(share)} of the period" : $"{name}: {Words.Of(amount)}"));

    private static RatedStep Times(decimal quantity, decimal unitAmount, string more) => new(quantity, unitAmount, quantity * unitAmount, $"{Words.Of(quantity)} × {Words.Of(unitAmount)}{more}");
}
