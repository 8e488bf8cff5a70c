namespace AIaaS.Commands.Knowledge;

/// <summary>Whether a word is another one misspelt.</summary>
internal static class Spelling
{
    /// <summary>Shorter words have too many neighbours that are words of their own.</summary>
    public const int Shortest = 5;

    private const int LongEnoughForAnyLetter = 6;
    private const int LongEnoughForTwo = 9;

    /// <summary>
    /// Whether both begin with the same letter and one letter is missing, doubled, swapped with the next or, in longer words, another one;
    /// in long words two of these.
    /// </summary>
    public static bool IsNear(ReadOnlySpan<char> a, ReadOnlySpan<char> b)
    {
        if (a.Length < Shortest || b.Length < Shortest - 1 || a[0] != b[0] || Math.Abs(a.Length - b.Length) > 1 || a.SequenceEqual(b) || HasDigit(a))
        {
            return false;
        }

        var same = a.CommonPrefixLength(b);
        var x = a[same..];
        var y = b[same..];
        return IsOneAway(x, y, a.Length >= LongEnoughForAnyLetter)
            || (Math.Min(a.Length, b.Length) >= LongEnoughForTwo
                && ((x.Length > 0 && y.Length > 0 && IsOneAway(x[1..], y[1..], true))
                    || (x.Length > y.Length && IsOneAway(x[1..], y, true))
                    || (y.Length > x.Length && IsOneAway(x, y[1..], true))
                    || (IsSwapped(x, y) && IsOneAway(x[2..], y[2..], true))));
    }

    private static bool IsOneAway(ReadOnlySpan<char> x, ReadOnlySpan<char> y, bool anyLetter)
    {
        var same = x.CommonPrefixLength(y);
        x = x[same..];
        y = y[same..];
        return (x.Length == y.Length && x.Length > 0 && anyLetter && x[1..].SequenceEqual(y[1..]))
            || (IsSwapped(x, y) && x[2..].SequenceEqual(y[2..]))
            || (x.Length == y.Length + 1 && x[1..].SequenceEqual(y))
            || (y.Length == x.Length + 1 && y[1..].SequenceEqual(x))
            || (x.Length == 0 && y.Length == 0);
    }

    private static bool IsSwapped(ReadOnlySpan<char> x, ReadOnlySpan<char> y) => x.Length >= 2 && x.Length == y.Length && x[0] == y[1] && x[1] == y[0];

    private static bool HasDigit(ReadOnlySpan<char> word) => word.IndexOfAnyInRange('0', '9') >= 0;
}
