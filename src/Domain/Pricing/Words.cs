using System.Globalization;

namespace AIaaS.Domain.Pricing;

/// <summary>Numbers and times as they stand in the arithmetic of an invoice: the same in every process, whatever its language.</summary>
public static class Words
{
    /// <summary>A number with all its decimals and no more: <c>1,000.25</c>.</summary>
    public static string Of(decimal number) => number.ToString("#,##0.############################", CultureInfo.InvariantCulture);

    /// <summary>A moment to the second, in UTC.</summary>
    public static string Of(DateTimeOffset moment) => moment.ToUniversalTime().ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>A number in one form, whatever zeros stand behind its point.</summary>
    public static decimal Normal(decimal number) => number / 1.000000000000000000000000000000000m;
}
