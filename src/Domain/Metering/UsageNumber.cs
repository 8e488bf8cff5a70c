using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace AIaaS.Domain.Metering;

/// <summary>The numbers that usage may hold: 0 to 1,000,000,000,000,000 with at most 12 decimals, exactly.</summary>
public static class UsageNumber
{
    /// <summary>The largest value of one event.</summary>
    public const decimal Max = 1_000_000_000_000_000m;

    /// <summary>The most decimals.</summary>
    public const int MaxDecimals = 12;

    /// <summary>Reads a JSON number exactly as it is written; null for one that is fine, otherwise what is wrong with it.</summary>
    public static string? TryRead(ReadOnlySpan<byte> json, out decimal value)
    {
        // Up to 27 characters and without an exponent it fits a decimal as it stands.
        if (json.Length > 27 || json.IndexOfAny((byte)'e', (byte)'E') >= 0)
        {
            return TryReadLong(json, out value);
        }

        if (!Utf8Parser.TryParse(json, out value, out var read) || read != json.Length)
        {
            return $"'{Shown(json)}' is not a number";
        }

        if (value < 0)
        {
            return $"{Shown(json)} is negative; usage is never taken back, it is corrected by a credit note";
        }

        if (value > Max)
        {
            return TooLarge(json);
        }

        if (value.Scale > MaxDecimals)
        {
            var rounded = decimal.Round(value, MaxDecimals);
            if (rounded != value)
            {
                return TooFine(json);
            }

            value = rounded;
        }

        return null;
    }

    /// <summary>A number as an item of a unique count or a value of a dimension: 1, 1.0 and 1e0 are the same.</summary>
    internal static string Text(ReadOnlySpan<byte> json) =>
        TryRead(json, out var value) is null ? (value / 1.0000000000000000000000000000m).ToString(CultureInfo.InvariantCulture) : Encoding.UTF8.GetString(json);

    private static string? TryReadLong(ReadOnlySpan<byte> json, out decimal value)
    {
        value = 0;
        var negative = json[0] == '-';
        var rest = negative ? json[1..] : json;
        long exponent = 0;
        if (rest.IndexOfAny((byte)'e', (byte)'E') is var e and >= 0)
        {
            var text = rest[(e + 1)..];
            var minus = text[0] == '-';
            foreach (var digit in text[0] is (byte)'-' or (byte)'+' ? text[1..] : text)
            {
                exponent = Math.Min((exponent * 10) + (digit - '0'), 1_000_000_000);
            }

            exponent = minus ? -exponent : exponent;
            rest = rest[..e];
        }

        var dot = rest.IndexOf((byte)'.');
        var digits = Encoding.ASCII.GetString(dot < 0 ? rest : rest[..dot]) + (dot < 0 ? "" : Encoding.ASCII.GetString(rest[(dot + 1)..]));
        var significant = digits.TrimStart('0');
        var trimmed = significant.TrimEnd('0');
        if (trimmed.Length == 0)
        {
            return null;
        }

        // The value is SIGNIFICANT times ten to this power.
        var power = exponent - (dot < 0 ? 0 : rest.Length - dot - 1) + (significant.Length - trimmed.Length);
        if (negative)
        {
            return $"{Shown(json)} is negative; usage is never taken back, it is corrected by a credit note";
        }

        if (trimmed.Length + power > 16)
        {
            return TooLarge(json);
        }

        if (power < -MaxDecimals)
        {
            return TooFine(json);
        }

        value = decimal.Parse(power >= 0 ? trimmed + new string('0', (int)power) : trimmed, CultureInfo.InvariantCulture);
        for (var i = power; i < 0; i++)
        {
            value /= 10;
        }

        return value > Max ? TooLarge(json) : null;
    }

    private static string TooLarge(ReadOnlySpan<byte> json) => $"{Shown(json)} is more than {Max:#,##0}";

    private static string TooFine(ReadOnlySpan<byte> json) => $"{Shown(json)} has more than {MaxDecimals} decimals";

    private static string Shown(ReadOnlySpan<byte> json) => json.Length <= 40 ? Encoding.UTF8.GetString(json) : Encoding.UTF8.GetString(json[..40]) + "…";
}
