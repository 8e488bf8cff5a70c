using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace AIaaS.Domain.Json;

/// <summary>Which language a pattern is written in.</summary>
internal enum PatternDialect
{
    /// <summary>ECMA-262 with the u flag, as JSON Schema has it.</summary>
    Ecma,

    /// <summary>I-Regexp (RFC 9485), as JSONPath has it: no look-around, no references; ^ and $ are anchors.</summary>
    IRegexp,
}

/// <summary>
/// Patterns of ECMA-262 and I-Regexp as .NET expressions: by code points, ASCII digits and words, unanchored.
/// Where the pattern has neither look-around nor references it is matched in linear time; otherwise a timeout bounds it.
/// </summary>
internal static class Patterns
{
    public const int MaxLength = 4_096;

    public static readonly TimeSpan Timeout = TimeSpan.FromMilliseconds(250);

    /// <summary>The compiled pattern, or null with what is wrong with it.</summary>
    public static Regex? Compile(string pattern, PatternDialect dialect, bool whole, out string? error)
    {
        error = null;
        if (pattern.Length > MaxLength)
        {
            error = $"it has {pattern.Length} characters; at most {MaxLength} are allowed";
            return null;
        }

        try
        {
            var translation = new PatternTranslation(pattern, dialect);
            var text = translation.Run();
            text = whole ? $@"\A(?:{text})\z" : text;
            if (!translation.NeedsBacktracking)
            {
                try
                {
                    return new Regex(text, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, Timeout);
                }
                catch (NotSupportedException) when (dialect is PatternDialect.Ecma)
                {
                    // Its automaton would be too large: the timeout bounds it instead.
                    return new Regex(text, RegexOptions.CultureInvariant, Timeout);
                }
            }

            return new Regex(text, RegexOptions.CultureInvariant, Timeout);
        }
        catch (PatternException e)
        {
            error = e.Message;
        }
        catch (RegexParseException e)
        {
            error = e.Error switch
            {
                RegexParseError.InsufficientClosingParentheses => "a parenthesis is not closed",
                RegexParseError.InsufficientOpeningParentheses => "a parenthesis is closed that was not opened",
                RegexParseError.QuantifierAfterNothing => "a quantifier (* + ? {n}) has nothing before it",
                RegexParseError.NestedQuantifiersNotParenthesized => "two quantifiers follow each other",
                RegexParseError.ReversedQuantifierRange => "a quantifier's bounds are reversed",
                RegexParseError.ReversedCharacterRange => "a range in a character class is reversed",
                RegexParseError.UndefinedNumberedReference or RegexParseError.UndefinedNamedReference => "it refers to a group that is not there",
                _ => $"it is no regular expression ({e.Error})",
            };
        }
        catch (Exception e) when (e is NotSupportedException or ArgumentException or InsufficientExecutionStackException)
        {
            error = "it is too large; use fewer or smaller counted repetitions";
        }

        return null;
    }
}

/// <summary>What is wrong with a pattern.</summary>
internal sealed class PatternException(string message) : Exception(message);

/// <summary>One pattern on its way into .NET's language.</summary>
internal sealed class PatternTranslation(string pattern, PatternDialect dialect)
{
    private const string Word = "A-Za-z0-9_";
    private const string Space = @"\t\n\v\f\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff";
    private const string Pair = @"[\uD800-\uDBFF][\uDC00-\uDFFF]";

    private readonly StringBuilder result = new();
    private int at;
    private int open;

    public bool NeedsBacktracking { get; private set; }

    private bool IsEcma => dialect is PatternDialect.Ecma;

    public string Run()
    {
        while (at < pattern.Length)
        {
            var c = pattern[at];
            switch (c)
            {
                case '^':
                    at++;
                    result.Append(@"\A");
                    break;
                case '$':
                    at++;
                    result.Append(@"\z");
                    break;
                case '.':
                    at++;
                    AppendNegated(IsEcma ? @"\n\r\u2028\u2029" : @"\n\r", []);
                    break;
                case '[':
                    Class();
                    break;
                case '(':
                    Group();
                    break;
                case ')':
                    at++;
                    open--;
                    result.Append(')');
                    break;
                case '\\':
                    Escape();
                    break;
                case '{':
                    Braces();
                    break;
                case '*' or '+' or '?' or '|':
                    at++;
                    result.Append(c);
                    break;
                case ']' or '}' when !IsEcma:
                    throw new PatternException($"'{c}' at character {at + 1} closes nothing; write \\{c} for the character itself");
                default:
                    AppendCodePoint(CodePoint());
                    break;
            }
        }

        return open == 0 ? result.ToString() : throw new PatternException(open > 0 ? "a parenthesis is not closed" : "a parenthesis is closed that was not opened");
    }

    private void Group()
    {
        at++;
        if (++open > 200)
        {
            throw new PatternException("its groups are nested more than 200 deep");
        }

        if (at >= pattern.Length || pattern[at] != '?')
        {
            // What a group captures is of use to references alone.
            result.Append(IsEcma ? '(' : "(?:");
            return;
        }

        foreach (var (start, isLook) in new[] { ("?:", false), ("?=", true), ("?!", true), ("?<=", true), ("?<!", true), ("?<", true) })
        {
            if (string.CompareOrdinal(pattern, at, start, 0, start.Length) == 0 && (IsEcma || start == "?:"))
            {
                NeedsBacktracking |= isLook;
                result.Append('(').Append(start);
                at += start.Length;
                if (start == "?<")
                {
                    GroupName();
                }

                return;
            }
        }

        throw new PatternException($"the group at character {at} is of a kind that is not supported; use (…) or (?:…)");
    }

    private void GroupName()
    {
        var end = pattern.IndexOf('>', at);
        if (end <= at || !pattern[at..end].All(c => char.IsAsciiLetterOrDigit(c) || c is '_') || char.IsAsciiDigit(pattern[at]))
        {
            throw new PatternException($"the group at character {at} has no proper name; write (?<name>…)");
        }

        result.Append(pattern, at, end - at + 1);
        at = end + 1;
    }

    // A brace that begins no quantifier is the character itself.
    private void Braces()
    {
        var end = at + 1;
        while (end < pattern.Length && (char.IsAsciiDigit(pattern[end]) || pattern[end] == ','))
        {
            end++;
        }

        var inside = end < pattern.Length && pattern[end] == '}' ? pattern[(at + 1)..end] : "";
        if (inside.Length == 0 || inside[0] == ',' || inside.Count(c => c == ',') > 1)
        {
            if (!IsEcma)
            {
                throw new PatternException($"'{{' at character {at + 1} begins no quantifier; write \\{{ for the character itself");
            }

            at++;
            result.Append(@"\{");
            return;
        }

        var bounds = inside.Split(',').Where(b => b.Length > 0).Select(b => b.Length > 6 ? int.MaxValue : int.Parse(b, CultureInfo.InvariantCulture)).ToArray();
        if (bounds.Any(b => b > 100_000))
        {
            throw new PatternException($"the quantifier at character {at + 1} repeats more than 100000 times");
        }

        result.Append('{').Append(inside).Append('}');
        at = end + 1;
    }

    private void Escape()
    {
        if (at + 1 >= pattern.Length)
        {
            throw new PatternException(@"it ends in a lone backslash; write \\ for the character itself");
        }

        var c = pattern[at + 1];
        switch (c)
        {
            case 'b' or 'B' when IsEcma:
                at += 2;
                NeedsBacktracking = true;
                result.Append(c == 'b' ? $"(?:(?<=[{Word}])(?![{Word}])|(?<![{Word}])(?=[{Word}]))" : $"(?:(?<=[{Word}])(?=[{Word}])|(?<![{Word}])(?![{Word}]))");
                break;
            case >= '1' and <= '9' when IsEcma:
                NeedsBacktracking = true;
                var digits = pattern.Skip(at + 1).TakeWhile(char.IsAsciiDigit).Count();
                result.Append(@"(?:\").Append(pattern, at + 1, digits).Append(')');
                at += 1 + digits;
                break;
            case 'k' when IsEcma && at + 2 < pattern.Length && pattern[at + 2] == '<':
                NeedsBacktracking = true;
                at += 3;
                result.Append(@"\k<");
                GroupName();
                break;
            case 'd' or 'D' or 'w' or 'W' or 's' or 'S' or 'p' or 'P':
                var set = new CharacterSet();
                set.Add(ClassEscape());
                Append(set);
                break;
            default:
                AppendCodePoint(EscapedCodePoint(inClass: false));
                break;
        }
    }

    private void Class()
    {
        var start = at++;
        var negated = at < pattern.Length && pattern[at] == '^';
        if (negated)
        {
            at++;
        }

        var set = new CharacterSet { Negated = negated };
        while (true)
        {
            if (at >= pattern.Length)
            {
                throw new PatternException($"the character class at character {start + 1} is not closed");
            }

            if (pattern[at] == ']')
            {
                at++;
                break;
            }

            if (IsClassEscape())
            {
                set.Add(ClassEscape());
                continue;
            }

            var from = ClassCodePoint();
            if (at + 1 < pattern.Length && pattern[at] == '-' && pattern[at + 1] != ']')
            {
                at++;
                if (IsClassEscape())
                {
                    set.Add(from, from);
                    set.Add('-', '-');
                    continue;
                }

                var to = ClassCodePoint();
                if (to < from)
                {
                    throw new PatternException($"the range that ends at character {at} is reversed");
                }

                set.Add(from, to);
            }
            else
            {
                set.Add(from, from);
            }
        }

        Append(set);
    }

    private bool IsClassEscape() => pattern[at] == '\\' && at + 1 < pattern.Length && pattern[at + 1] is 'd' or 'D' or 'w' or 'W' or 's' or 'S' or 'p' or 'P';

    private int ClassCodePoint() => pattern[at] == '\\' ? EscapedCodePoint(inClass: true) : CodePoint();

    private int CodePoint()
    {
        var value = char.IsHighSurrogate(pattern[at]) && at + 1 < pattern.Length && char.IsLowSurrogate(pattern[at + 1])
            ? char.ConvertToUtf32(pattern[at], pattern[at + 1])
            : pattern[at];
        at += value > 0xFFFF ? 2 : 1;
        return value;
    }

    private int EscapedCodePoint(bool inClass)
    {
        at++;
        if (at >= pattern.Length)
        {
            throw new PatternException(@"it ends in a lone backslash; write \\ for the character itself");
        }

        var c = pattern[at];
        switch (c)
        {
            case 't' or 'n' or 'r' or 'f' or 'v':
                at++;
                return c switch { 't' => '\t', 'n' => '\n', 'r' => '\r', 'f' => '\f', _ => '\v' };
            case 'b' when inClass:
                at++;
                return '\b';
            case '0' when IsEcma:
                at++;
                return 0;
            case 'c' when IsEcma && at + 1 < pattern.Length && char.IsAsciiLetter(pattern[at + 1]):
                at += 2;
                return pattern[at - 1] % 32;
            case 'x' when IsEcma:
                at++;
                return Hex(2);
            case 'u' when IsEcma && at + 1 < pattern.Length && pattern[at + 1] == '{':
                var end = pattern.IndexOf('}', at);
                var inside = end > 0 ? pattern[(at + 2)..end] : "";
                if (inside.Length is 0 or > 6 || !int.TryParse(inside, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var point) || point > 0x10FFFF)
                {
                    throw new PatternException($@"\u at character {at} names no code point; write \u{{1F600}} or \u0041");
                }

                at = end + 1;
                return point;
            case 'u' when IsEcma:
                at++;
                var high = Hex(4);
                if (char.IsHighSurrogate((char)high) && at + 1 < pattern.Length && pattern[at] == '\\' && pattern[at + 1] == 'u')
                {
                    var back = at;
                    at += 2;
                    var low = Hex(4);
                    if (char.IsLowSurrogate((char)low))
                    {
                        return char.ConvertToUtf32((char)high, (char)low);
                    }

                    at = back;
                }

                return high;
            default:
                if (char.IsAsciiLetterOrDigit(c))
                {
                    throw new PatternException($@"\{c} at character {at} is no escape of {(IsEcma ? "ECMA-262" : "I-Regexp")}; leave the backslash out or write \\ for a backslash");
                }

                return CodePoint();
        }
    }

    private int Hex(int length)
    {
        if (at + length > pattern.Length || !int.TryParse(pattern.AsSpan(at, length), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value))
        {
            throw new PatternException($"the escape before character {at + 1} needs {length} hexadecimal digits");
        }

        at += length;
        return value;
    }

    private CharacterSet ClassEscape()
    {
        var c = pattern[at + 1];
        at += 2;
        var set = new CharacterSet { Negated = char.IsAsciiLetterUpper(c) };
        switch (char.ToLowerInvariant(c))
        {
            case 'd':
                set.Add("0-9");
                break;
            case 'w':
                set.Add(Word);
                break;
            case 's':
                set.Add(Space);
                break;
            default:
                var end = at < pattern.Length && pattern[at] == '{' ? pattern.IndexOf('}', at) : -1;
                if (end < 0)
                {
                    throw new PatternException($@"\{c} at character {at - 1} needs a property in braces; write \{c}{{L}} for letters");
                }

                var name = pattern[(at + 1)..end];
                at = end + 1;
                Property(set, name);
                break;
        }

        return set;
    }

    private static void Property(CharacterSet set, string name)
    {
        switch (name)
        {
            case "Any":
                set.Add(@"\u0000-\uD7FF\uE000-\uFFFF");
                set.Add(0x10000, 0x10FFFF);
                return;
            case "ASCII":
                set.Add(@"\u0000-\u007F");
                return;
            case "Alphabetic" or "Alpha":
                set.AddCategory("L");
                set.AddCategory("Nl");
                return;
        }

        var category = name.StartsWith("General_Category=", StringComparison.Ordinal) || name.StartsWith("gc=", StringComparison.Ordinal) ? name[(name.IndexOf('=') + 1)..] : name;
        if (!UnicodeCategories.TryGetShortName(category, out var shortName))
        {
            throw new PatternException($@"\p{{{name}}} is not known; use a general category such as L, Lu, Letter, Nd or Punctuation");
        }

        set.AddCategory(shortName);
    }

    private void AppendCodePoint(int point)
    {
        if (point > 0xFFFF)
        {
            var pair = char.ConvertFromUtf32(point);
            result.Append(CultureInfo.InvariantCulture, $@"(?:\u{(int)pair[0]:X4}\u{(int)pair[1]:X4})");
        }
        else if (char.IsAsciiLetterOrDigit((char)point))
        {
            result.Append((char)point);
        }
        else
        {
            result.Append(CultureInfo.InvariantCulture, $@"\u{point:X4}");
        }
    }

    private void Append(CharacterSet set)
    {
        if (set.Negated)
        {
            AppendNegated(set.Basic, set.Astral);
        }
        else if (set.Astral.Count == 0)
        {
            result.Append(set.Basic.Length == 0 ? "(?!)" : $"[{set.Basic}]");
            NeedsBacktracking |= set.Basic.Length == 0;
        }
        else
        {
            result.Append("(?:");
            if (set.Basic.Length > 0)
            {
                result.Append('[').Append(set.Basic).Append("]|");
            }

            result.Append(CharacterSet.Pairs(set.Astral)).Append(')');
        }
    }

    // One code point that is not in the set. Where any number of them may follow, the halves of a pair can be taken one by one.
    private void AppendNegated(string basic, List<(int From, int To)> astral)
    {
        if (astral.Count == 0 && at < pattern.Length && pattern[at] is '*' or '+')
        {
            result.Append(basic.Length == 0 ? @"[\s\S]" : $"[^{basic}]");
            return;
        }

        var others = CharacterSet.Complement(astral);
        result.Append($@"(?:[^{basic}\uD800-\uDFFF]");
        if (others.Count > 0)
        {
            result.Append('|').Append(astral.Count == 0 ? Pair : CharacterSet.Pairs(others));
        }

        result.Append(')');
    }

    /// <summary>A set of code points: what lies in the basic plane as the inside of a .NET class, the rest as ranges.</summary>
    private sealed class CharacterSet
    {
        private readonly StringBuilder basic = new();

        public bool Negated { get; init; }

        public string Basic => basic.ToString();

        public List<(int From, int To)> Astral { get; } = [];

        public void Add(string inside) => basic.Append(inside);

        public void Add(int from, int to)
        {
            if (from <= 0xFFFF)
            {
                basic.Append(CultureInfo.InvariantCulture, $@"\u{from:X4}-\u{Math.Min(to, 0xFFFF):X4}");
            }

            if (to > 0xFFFF)
            {
                Astral.Add((Math.Max(from, 0x10000), to));
            }
        }

        public void AddCategory(string name)
        {
            basic.Append(@"\p{").Append(name).Append('}');
            Astral.AddRange(UnicodeCategories.Astral(name));
        }

        public void Add(CharacterSet other)
        {
            if (!other.Negated)
            {
                basic.Append(other.basic);
                Astral.AddRange(other.Astral);
                return;
            }

            Astral.AddRange(Complement(other.Astral));
            basic.Append(UnicodeCategories.BasicComplement(other.Basic));
        }

        public static List<(int From, int To)> Complement(List<(int From, int To)> ranges)
        {
            var result = new List<(int, int)>();
            var next = 0x10000;
            foreach (var (from, to) in ranges.Order())
            {
                if (from > next)
                {
                    result.Add((next, from - 1));
                }

                next = Math.Max(next, to + 1);
            }

            if (next <= 0x10FFFF)
            {
                result.Add((next, 0x10FFFF));
            }

            return result;
        }

        /// <summary>The ranges as pairs of surrogates; first halves that have the same second halves stand together.</summary>
        public static string Pairs(List<(int From, int To)> ranges)
        {
            var lows = new SortedDictionary<int, StringBuilder>();
            foreach (var (from, to) in ranges.Order())
            {
                for (var start = from; start <= to;)
                {
                    var end = Math.Min(to, start | 0x3FF);
                    var high = 0xD800 + ((start - 0x10000) >> 10);
                    if (!lows.TryGetValue(high, out var low))
                    {
                        lows.Add(high, low = new());
                    }

                    low.Append(CultureInfo.InvariantCulture, $@"\u{0xDC00 + (start & 0x3FF):X4}-\u{0xDC00 + (end & 0x3FF):X4}");
                    start = end + 1;
                }
            }

            return string.Join('|', lows
                .GroupBy(l => l.Value.ToString())
                .Select(g => $"[{string.Concat(g.Select(l => $@"\u{l.Key:X4}"))}][{g.Key}]"));
        }
    }
}

/// <summary>The general categories of Unicode by their names, and which code points above the basic plane they hold.</summary>
internal static class UnicodeCategories
{
    private static readonly Dictionary<string, string> ShortNames = Names();

    private static readonly Lazy<IReadOnlyDictionary<UnicodeCategory, List<(int From, int To)>>> Tables = new(Build);

    public static bool TryGetShortName(string name, [NotNullWhen(true)] out string? shortName) => ShortNames.TryGetValue(name, out shortName);

    public static IEnumerable<(int From, int To)> Astral(string shortName) =>
        Tables.Value.Where(t => Short(t.Key).StartsWith(shortName, StringComparison.Ordinal)).SelectMany(t => t.Value);

    /// <summary>The units of the basic plane, without surrogates, that the inside of a class does not hold: \D, \W, \S and \P within a class.</summary>
    public static string BasicComplement(string inside) => inside switch
    {
        "0-9" => @"\u0000-\u002F\u003A-\uD7FF\uE000-\uFFFF",
        _ => Complement(inside),
    };

    private static string Complement(string inside)
    {
        var member = new Regex($"[{inside}]", RegexOptions.CultureInvariant, Patterns.Timeout);
        var result = new StringBuilder();
        var start = -1;
        Span<char> one = stackalloc char[1];
        for (var unit = 0; unit <= 0x10000; unit++)
        {
            one[0] = (char)unit;
            var outside = unit <= 0xFFFF && !char.IsSurrogate(one[0]) && !member.IsMatch(one);
            if (outside && start < 0)
            {
                start = unit;
            }
            else if (!outside && start >= 0)
            {
                result.Append(CultureInfo.InvariantCulture, $@"\u{start:X4}-\u{unit - 1:X4}");
                start = -1;
            }
        }

        return result.ToString();
    }

    private static IReadOnlyDictionary<UnicodeCategory, List<(int From, int To)>> Build()
    {
        var tables = new Dictionary<UnicodeCategory, List<(int, int)>>();
        var start = 0x10000;
        var category = CharUnicodeInfo.GetUnicodeCategory(start);
        for (var point = 0x10001; point <= 0x110000; point++)
        {
            var next = point <= 0x10FFFF ? CharUnicodeInfo.GetUnicodeCategory(point) : (UnicodeCategory)(-1);
            if (next != category)
            {
                if (!tables.TryGetValue(category, out var ranges))
                {
                    tables.Add(category, ranges = []);
                }

                ranges.Add((start, point - 1));
                (start, category) = (point, next);
            }
        }

        return tables;
    }

    private static string Short(UnicodeCategory category) => ((string[])
    [
        "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So", "Cn",
    ])[(int)category];

    private static Dictionary<string, string> Names()
    {
        var names = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["Letter"] = "L",
            ["Mark"] = "M",
            ["Combining_Mark"] = "M",
            ["Number"] = "N",
            ["Punctuation"] = "P",
            ["punct"] = "P",
            ["Symbol"] = "S",
            ["Separator"] = "Z",
            ["Other"] = "C",
            ["Uppercase_Letter"] = "Lu",
            ["Lowercase_Letter"] = "Ll",
            ["Titlecase_Letter"] = "Lt",
            ["Modifier_Letter"] = "Lm",
            ["Other_Letter"] = "Lo",
            ["Nonspacing_Mark"] = "Mn",
            ["Spacing_Mark"] = "Mc",
            ["Enclosing_Mark"] = "Me",
            ["Decimal_Number"] = "Nd",
            ["digit"] = "Nd",
            ["Letter_Number"] = "Nl",
            ["Other_Number"] = "No",
            ["Space_Separator"] = "Zs",
            ["Line_Separator"] = "Zl",
            ["Paragraph_Separator"] = "Zp",
            ["Control"] = "Cc",
            ["cntrl"] = "Cc",
            ["Format"] = "Cf",
            ["Surrogate"] = "Cs",
            ["Private_Use"] = "Co",
            ["Unassigned"] = "Cn",
            ["Connector_Punctuation"] = "Pc",
            ["Dash_Punctuation"] = "Pd",
            ["Open_Punctuation"] = "Ps",
            ["Close_Punctuation"] = "Pe",
            ["Initial_Punctuation"] = "Pi",
            ["Final_Punctuation"] = "Pf",
            ["Other_Punctuation"] = "Po",
            ["Math_Symbol"] = "Sm",
            ["Currency_Symbol"] = "Sc",
            ["Modifier_Symbol"] = "Sk",
            ["Other_Symbol"] = "So",
        };
        foreach (var shortName in names.Values.Distinct().ToArray())
        {
            names[shortName] = shortName;
        }

        return names;
    }
}
