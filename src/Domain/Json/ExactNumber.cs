using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace AIaaS.Domain.Json;

/// <summary>
/// A JSON number as it is written: sign, digits and a power of ten. Neither size nor precision is lost, and no operation takes longer than the digits are many,
/// so that 1e308 and 1e-308 are compared and divided without being written out.
/// </summary>
internal readonly struct ExactNumber : IComparable<ExactNumber>, IEquatable<ExactNumber>
{
    private const long FarthestExponent = 1_000_000_000_000_000_000;

    // Without leading or trailing zeros; empty for zero.
    private readonly string digits;
    private readonly bool negative;

    // The value is 0.DIGITS times ten to this power.
    private readonly long point;

    private ExactNumber(bool negative, string digits, long point)
    {
        this.digits = digits;
        this.negative = negative && digits.Length > 0;
        this.point = digits.Length == 0 ? 0 : point;
    }

    private long Exponent => point - digits.Length;

    public bool IsInteger => digits.Length == 0 || Exponent >= 0;

    public bool IsPositive => digits.Length > 0 && !negative;

    public static ExactNumber Of(JsonElement number) => Parse(JsonMarshal.GetRawUtf8Value(number));

    public static ExactNumber Of(decimal number) => Parse(Encoding.ASCII.GetBytes(number.ToString(CultureInfo.InvariantCulture)));

    public static ExactNumber Parse(ReadOnlySpan<byte> text)
    {
        var negative = text[0] == '-';
        if (negative)
        {
            text = text[1..];
        }

        long exponent = 0;
        var e = text.IndexOfAny((byte)'e', (byte)'E');
        if (e >= 0)
        {
            exponent = ExponentOf(text[(e + 1)..]);
            text = text[..e];
        }

        var dot = text.IndexOf((byte)'.');
        var whole = dot < 0 ? text : text[..dot];
        var fraction = dot < 0 ? [] : text[(dot + 1)..];
        var all = string.Concat(Encoding.ASCII.GetString(whole), Encoding.ASCII.GetString(fraction));
        var significant = all.TrimStart('0');
        var point = exponent + whole.Length - (all.Length - significant.Length);
        return new(negative, significant.TrimEnd('0'), point);
    }

    public int CompareTo(ExactNumber other)
    {
        var (sign, otherSign) = (Sign, other.Sign);
        if (sign != otherSign || sign == 0)
        {
            return sign.CompareTo(otherSign);
        }

        var magnitude = point != other.point ? point.CompareTo(other.point) : string.CompareOrdinal(digits, other.digits);
        return sign * magnitude;
    }

    public bool Equals(ExactNumber other) => negative == other.negative && point == other.point && digits == other.digits;

    public override bool Equals(object? obj) => obj is ExactNumber other && Equals(other);

    public override int GetHashCode() => HashCode.Combine(negative, point, string.GetHashCode(digits, StringComparison.Ordinal));

    public bool IsMultipleOf(ExactNumber divisor)
    {
        if (digits.Length == 0)
        {
            return true;
        }

        // The digits end in no zero, so that no further power of ten divides them.
        var shift = Exponent - divisor.Exponent;
        if (shift < 0 || divisor.digits.Length == 0)
        {
            return false;
        }

        var by = BigInteger.Parse(divisor.digits, CultureInfo.InvariantCulture);
        var rest = BigInteger.Zero;
        for (var i = 0; i < digits.Length; i += 18)
        {
            var chunk = digits.AsSpan(i, Math.Min(18, digits.Length - i));
            rest = ((rest * BigInteger.Pow(10, chunk.Length)) + long.Parse(chunk, CultureInfo.InvariantCulture)) % by;
        }

        return (rest * BigInteger.ModPow(10, shift, by) % by).IsZero;
    }

    /// <summary>The number of items that a bound means; larger than any document where it does not fit.</summary>
    public int ToCount() => digits.Length == 0 || negative ? 0 : point > 9 ? int.MaxValue : int.Parse(digits.PadRight((int)point, '0'), CultureInfo.InvariantCulture);

    private int Sign => digits.Length == 0 ? 0 : negative ? -1 : 1;

    private static long ExponentOf(ReadOnlySpan<byte> text)
    {
        var negative = text[0] == '-';
        var digits = text[0] is (byte)'-' or (byte)'+' ? text[1..] : text;
        long exponent = 0;
        foreach (var digit in digits)
        {
            exponent = Math.Min((exponent * 10) + (digit - '0'), FarthestExponent / 10);
        }

        return negative ? -exponent : exponent;
    }
}
