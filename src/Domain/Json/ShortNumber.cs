namespace AIaaS.Domain.Json;

/// <summary>A JSON number of at most 18 digits without an exponent, as nearly all are: a whole number and how many of its digits stand behind the point.</summary>
internal readonly struct ShortNumber
{
    private const int MostDigits = 18;

    private static readonly long[] Powers = [.. Enumerable.Range(0, MostDigits + 1).Select(n => (long)Math.Pow(10, n))];

    private readonly long digits;
    private readonly int scale;

    private ShortNumber(long digits, int scale)
    {
        this.digits = digits;
        this.scale = scale;
    }

    /// <summary>The number; null where it is longer, or has an exponent.</summary>
    public static ShortNumber? Parse(ReadOnlySpan<byte> text)
    {
        var negative = text[0] == '-';
        var start = negative ? 1 : 0;
        if (text.Length - start > MostDigits + 1)
        {
            return null;
        }

        long digits = 0;
        var dot = -1;
        for (var i = start; i < text.Length; i++)
        {
            var digit = (uint)(text[i] - '0');
            if (digit <= 9)
            {
                digits = (digits * 10) + digit;
            }
            else if (text[i] == '.')
            {
                dot = i;
            }
            else
            {
                return null;
            }
        }

        return dot < 0 && text.Length - start > MostDigits ? null : new(negative ? -digits : digits, dot < 0 ? 0 : text.Length - dot - 1);
    }

    public int CompareTo(ShortNumber other) => scale == other.scale ? digits.CompareTo(other.digits) : At(other.scale).CompareTo(other.At(scale));

    public bool IsMultipleOf(ShortNumber divisor) => scale <= divisor.scale && Math.BigMul(digits, Powers[divisor.scale - scale], out var product) is var high && high == product >> 63
        ? product % divisor.digits == 0
        : At(divisor.scale) % divisor.At(scale) == 0;

    /// <summary>The digits, written with the larger scale of the two.</summary>
    private Int128 At(int otherScale) => otherScale > scale ? (Int128)digits * Powers[otherScale - scale] : digits;
}
