using System.Collections.Immutable;
using System.Numerics;
using AIaaS.Domain.Payments;

namespace AIaaS.Domain.Pricing;

/// <summary>Splits an amount so that the parts add up to it exactly: by largest remainder, in minor units of the currency.</summary>
public static class Shares
{
    /// <summary>The parts, in the order of the weights. Of equal remainders the earlier one gets the unit, so that the result depends on nothing else.</summary>
    /// <param name="total">In whole minor units; may be below zero.</param>
    /// <param name="weights">How the parts relate: each from 0 up, at least one above.</param>
    /// <exception cref="ArgumentException">The amount is not in whole minor units, its currency is unknown, or the weights cannot be used.</exception>
    public static ImmutableArray<Money> Split(Money total, IReadOnlyList<decimal> weights)
    {
        ArgumentNullException.ThrowIfNull(weights);
        var decimals = Currencies.Decimals(total.Currency) ?? throw new ArgumentException($"'{total.Currency}' is no currency of ISO 4217.", nameof(total));
        if (total.Round().Amount != total.Amount)
        {
            throw new ArgumentException($"{Words.Of(total.Amount)} {total.Currency} is not in whole minor units; round it first.", nameof(total));
        }

        if (weights.Any(w => w < 0m) || !weights.Any(w => w > 0m))
        {
            throw new ArgumentException("The weights must be from 0 up, with at least one above 0.", nameof(weights));
        }

        var whole = new BigInteger(Math.Abs(total.Amount) * Power(decimals));
        var parts = Whole(weights);
        var all = parts.Aggregate(BigInteger.Zero, (sum, w) => sum + w);
        var split = new BigInteger[parts.Length];
        var remainders = new (BigInteger Left, int Index)[parts.Length];
        var given = BigInteger.Zero;
        for (var i = 0; i < parts.Length; i++)
        {
            split[i] = BigInteger.DivRem(whole * parts[i], all, out var rest);
            remainders[i] = (rest, i);
            given += split[i];
        }

        foreach (var (_, index) in remainders.OrderByDescending(r => r.Left).ThenBy(r => r.Index).Take((int)(whole - given)))
        {
            split[index]++;
        }

        var sign = total.Amount < 0m ? -1m : 1m;
        return [.. split.Select(s => new Money(sign * (decimal)s / Power(decimals), total.Currency))];
    }

    // Weights as whole numbers in the same relation.
    private static BigInteger[] Whole(IReadOnlyList<decimal> weights)
    {
        var scale = weights.Max(w => w.Scale);
        return [.. weights.Select(w => new BigInteger(decimal.Truncate(w)) * BigInteger.Pow(10, scale) + new BigInteger((w - decimal.Truncate(w)) * Power(scale)))];
    }

    private static decimal Power(int decimals)
    {
        var power = 1m;
        for (var i = 0; i < decimals; i++)
        {
            power *= 10m;
        }

        return power;
    }
}
