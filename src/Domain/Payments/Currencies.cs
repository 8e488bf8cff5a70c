using System.Collections.Frozen;

namespace AIaaS.Domain.Payments;

/// <summary>The currencies of ISO 4217 and the decimals of their minor units.</summary>
public static class Currencies
{
    /// <summary>The largest amount that can be paid at once, in minor units: eight digits, as card processors have it.</summary>
    public const long MaxMinorUnits = 99_999_999;

    private const string TwoDecimals = """
        AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD
        EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL
        MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP
        SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD YER ZAR ZMW ZWG
        """;

    private const string NoDecimals = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF";

    private const string ThreeDecimals = "BHD IQD JOD KWD LYD OMR TND";

    private static readonly FrozenDictionary<string, int> Known = Codes(TwoDecimals, 2).Concat(Codes(NoDecimals, 0)).Concat(Codes(ThreeDecimals, 3)).ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The decimals of a currency's minor unit; null for what is no currency.</summary>
    public static int? Decimals(string? currency) => currency is not null && Known.TryGetValue(currency, out var decimals) ? decimals : null;

    /// <summary>An amount in minor units: 12.34 USD is 1234, 500 JPY is 500.</summary>
    /// <exception cref="ArgumentException">The currency is unknown, or the amount has more decimals than it.</exception>
    public static long ToMinor(Money money)
    {
        var scaled = money.Amount * Factor(money.Currency);
        return scaled == decimal.Truncate(scaled) ? (long)scaled : throw new ArgumentException($"{money.Amount} {money.Currency} has more decimals than the currency.", nameof(money));
    }

    /// <summary>An amount of minor units.</summary>
    /// <exception cref="ArgumentException">The currency is unknown.</exception>
    public static Money FromMinor(long minor, string currency) => new(minor / Factor(currency), currency);

    /// <summary>What is wrong with an amount that is to be paid; null when nothing is.</summary>
    public static string? Fault(Money money) =>
        Decimals(money.Currency) is not { } decimals ? $"'{Shown(money.Currency)}' is no currency of ISO 4217; three capital letters such as USD are needed"
        : money.Amount <= 0 ? $"the amount {Plain(money.Amount)} is not more than zero"
        : money.Amount > MaxMinorUnits / Factor(money.Currency) ? $"the amount is more than {Plain(MaxMinorUnits / Factor(money.Currency))} {money.Currency}"
        : decimal.Round(money.Amount, decimals) != money.Amount ? $"the amount {Plain(money.Amount)} has more decimals than {money.Currency} has: {decimals}"
        : null;

    /// <summary>The amount in one form, whatever zeros stand behind its point: 12.30 and 12.3 are the same amount.</summary>
    public static Money Normal(Money money) => money with { Amount = money.Amount / 1.000000000000000000000000000000000m };

    private static decimal Factor(string currency) => Decimals(currency) switch
    {
        0 => 1m,
        2 => 100m,
        3 => 1_000m,
        _ => throw new ArgumentException($"'{Shown(currency)}' is no currency of ISO 4217.", nameof(currency)),
    };

    private static IEnumerable<KeyValuePair<string, int>> Codes(string codes, int decimals) =>
        codes.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Select(c => KeyValuePair.Create(c, decimals));

    private static string Plain(decimal amount) => amount.ToString("0.############################", System.Globalization.CultureInfo.InvariantCulture);

    private static string Shown(string? text) => text is null ? "" : text.Length <= 10 ? text : text[..10] + "…";
}
