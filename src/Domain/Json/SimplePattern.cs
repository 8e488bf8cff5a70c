using System.Globalization;

namespace AIaaS.Domain.Json;

/// <summary>
/// A pattern that is a row of character classes between anchors, such as <c>^[A-Z]{2}-[0-9]+$</c>, matched byte by byte in place of a regular expression.
/// Only rows that leave no choice are taken: nothing that may stand behind a repetition begins with one of its characters. So a repetition ends
/// where it has to, and each byte is looked at once.
/// </summary>
internal sealed class SimplePattern
{
    private readonly Part[] parts;

    private SimplePattern(Part[] parts) => this.parts = parts;

    /// <summary>The pattern; null where it is not one of these. It must be one that <see cref="Patterns"/> takes for ECMA-262.</summary>
    public static SimplePattern? Of(string pattern)
    {
        if (pattern.Length < 2 || pattern[0] != '^' || pattern[^1] != '$')
        {
            return null;
        }

        List<Part> parts = [];
        var inside = pattern.AsSpan()[1..^1];
        for (var at = 0; at < inside.Length;)
        {
            if (Characters(inside, ref at) is not { } set || Repetition(inside, ref at) is not var (least, most))
            {
                return null;
            }

            parts.Add(new(set, least, most));
        }

        return LeavesNoChoice(parts) ? new([.. parts]) : null;
    }

    /// <summary>Whether the text matches; null where that hangs on a character outside ASCII.</summary>
    public bool? IsMatch(ReadOnlySpan<byte> text)
    {
        var at = 0;
        foreach (var part in parts)
        {
            var end = text.Length - at > part.Most ? at + part.Most : text.Length;
            var start = at;
            while (at < end && part.Set.Has(text[at]))
            {
                at++;
            }

            if (at < end && text[at] > 127)
            {
                return null;
            }

            if (at - start < part.Least)
            {
                return false;
            }
        }

        return at == text.Length ? true : text[at] > 127 ? null : false;
    }

    private static bool LeavesNoChoice(List<Part> parts)
    {
        for (var i = 0; i < parts.Count; i++)
        {
            if (parts[i].Least == parts[i].Most)
            {
                continue;
            }

            for (var j = i + 1; j < parts.Count; j++)
            {
                if (parts[i].Set.Meets(parts[j].Set))
                {
                    return false;
                }

                if (parts[j].Least > 0)
                {
                    break;
                }
            }
        }

        return true;
    }

    private static AsciiSet? Characters(ReadOnlySpan<char> pattern, ref int at)
    {
        if (pattern[at] != '[')
        {
            return pattern[at] is '^' or '$' or '.' or '*' or '+' or '?' or '(' or ')' or ']' or '{' or '}' or '|' ? null : One(pattern, ref at)?.Set;
        }

        var negated = at + 1 < pattern.Length && pattern[at + 1] == '^';
        at += negated ? 2 : 1;
        var set = default(AsciiSet);
        while (at < pattern.Length && pattern[at] != ']')
        {
            if (One(pattern, ref at) is not var (from, single))
            {
                return null;
            }

            if (single < 0 || at + 1 >= pattern.Length || pattern[at] != '-' || pattern[at + 1] == ']')
            {
                set |= from;
                continue;
            }

            at++;
            if (One(pattern, ref at) is not (_, var to) || to < single)
            {
                return null;
            }

            set |= AsciiSet.Range(single, to);
        }

        at++;
        return at > pattern.Length ? null : negated ? ~set : set;
    }

    /// <summary>One character, or \d or \w; then the character is -1.</summary>
    private static (AsciiSet Set, int Single)? One(ReadOnlySpan<char> pattern, ref int at)
    {
        var c = pattern[at++];
        if (c == '\\')
        {
            if (at == pattern.Length)
            {
                return null;
            }

            c = pattern[at++];
            switch (c)
            {
                case 'd':
                    return (AsciiSet.Digits, -1);
                case 'w':
                    return (AsciiSet.Word, -1);
                case var _ when !char.IsAscii(c) || char.IsAsciiLetterOrDigit(c):
                    return null;
            }
        }

        return char.IsAscii(c) ? (AsciiSet.Range(c, c), c) : null;
    }

    private static (int Least, int Most)? Repetition(ReadOnlySpan<char> pattern, ref int at)
    {
        (int, int)? counts = at == pattern.Length ? (1, 1) : pattern[at] switch
        {
            '*' => (0, int.MaxValue),
            '+' => (1, int.MaxValue),
            '?' => (0, 1),
            '{' => Counts(pattern[at..]),
            _ => (1, 1),
        };
        if (at < pattern.Length && pattern[at] is '*' or '+' or '?' or '{')
        {
            at += pattern[at] == '{' ? pattern[at..].IndexOf('}') + 1 : 1;

            // A lazy repetition, or none at all.
            return at < pattern.Length && pattern[at] is '?' or '*' or '+' or '{' ? null : counts;
        }

        return counts;
    }

    private static (int Least, int Most)? Counts(ReadOnlySpan<char> braces)
    {
        var end = braces.IndexOf('}');
        if (end < 0)
        {
            return null;
        }

        var inside = braces[1..end];
        var comma = inside.IndexOf(',');
        var least = Number(comma < 0 ? inside : inside[..comma]);
        var most = comma < 0 ? least : comma == inside.Length - 1 ? int.MaxValue : Number(inside[(comma + 1)..]);
        return least < 0 || most < least ? null : (least, most);

        static int Number(ReadOnlySpan<char> digits) =>
            digits.Length <= 6 && int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : -1;
    }

    private readonly record struct Part(AsciiSet Set, int Least, int Most);

    /// <summary>A set of ASCII characters.</summary>
    private readonly record struct AsciiSet(ulong Low, ulong High)
    {
        public static AsciiSet Digits { get; } = Range('0', '9');

        public static AsciiSet Word { get; } = Digits | Range('A', 'Z') | Range('a', 'z') | Range('_', '_');

        public static AsciiSet Range(int from, int to)
        {
            var (low, high) = (0UL, 0UL);
            for (var c = from; c <= to; c++)
            {
                low |= c < 64 ? 1UL << c : 0;
                high |= c < 64 ? 0 : 1UL << (c - 64);
            }

            return new(low, high);
        }

        public static AsciiSet operator |(AsciiSet a, AsciiSet b) => new(a.Low | b.Low, a.High | b.High);

        public static AsciiSet operator ~(AsciiSet a) => new(~a.Low, ~a.High);

        public bool Has(byte c) => c < 128 && (((c < 64 ? Low : High) >> (c & 63)) & 1) != 0;

        public bool Meets(AsciiSet other) => ((Low & other.Low) | (High & other.High)) != 0;
    }
}
