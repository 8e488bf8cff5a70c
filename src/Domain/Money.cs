using AIaaS.Domain.Payments;

namespace AIaaS.Domain;

/// <summary>An amount of money. Amounts are exact; rounding happens once, on an invoice line.</summary>
/// <param name="Amount">In units of the currency, not in cents.</param>
/// <param name="Currency">ISO 4217, three capital letters.</param>
public readonly record struct Money(decimal Amount, string Currency)
{
    /// <summary>US dollars.</summary>
    public static Money Usd(decimal amount) => new(amount, "USD");

    /// <summary>The sum of two amounts of one currency.</summary>
    /// <exception cref="InvalidOperationException">The currencies differ.</exception>
    public static Money operator +(Money left, Money right) => new(left.Amount + Same(left, right).Amount, left.Currency);

    /// <summary>The difference of two amounts of one currency.</summary>
    /// <exception cref="InvalidOperationException">The currencies differ.</exception>
    public static Money operator -(Money left, Money right) => new(left.Amount - Same(left, right).Amount, left.Currency);

    /// <summary>Whether the left amount is more than the right one of the same currency.</summary>
    public static bool operator >(Money left, Money right) => left.Amount > Same(left, right).Amount;

    /// <summary>Whether the left amount is less than the right one of the same currency.</summary>
    public static bool operator <(Money left, Money right) => left.Amount < Same(left, right).Amount;

    /// <summary>The amount in whole minor units of its currency, half to even: 0.125 USD is 0.12, 0.375 is 0.38, 0.5 JPY is 0.</summary>
    /// <exception cref="InvalidOperationException">The currency is not one of ISO 4217.</exception>
    public Money Round() => Currencies.Decimals(Currency) is { } decimals
        ? this with { Amount = decimal.Round(Amount, decimals, MidpointRounding.ToEven) }
        : throw new InvalidOperationException($"'{Currency}' is no currency of ISO 4217; its amounts cannot be rounded.");

    private static Money Same(Money left, Money right) => left.Currency == right.Currency
        ? right
        : throw new InvalidOperationException($"{left.Currency} and {right.Currency} cannot be combined; convert one of them first.");
}
