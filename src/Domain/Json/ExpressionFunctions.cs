using System.Globalization;

namespace AIaaS.Domain.Json;

/// <summary>A function of the expression language.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Signature">How it is called.</param>
/// <param name="Description">What it gives.</param>
public sealed record ExpressionFunction(string Name, string Signature, string Description)
{
    internal int Least { get; init; }

    internal int Most { get; init; }

    /// <summary>Null where the parser makes a node of its own for it.</summary>
    internal Func<Evaluation, ExpressionValue[], ExpressionValue>? Apply { get; init; }
}

/// <summary>The functions. Each takes whatever it is given: a value of the wrong type gives null, or false where the answer is yes or no.</summary>
internal static class ExpressionFunctions
{
    private const int Many = 100;

    public static IReadOnlyDictionary<string, ExpressionFunction> All { get; } = new[]
    {
        // RFC 9535
        Function("length", "length(value)", "The number of characters (code points) of a text, items of an array or members of an object", 1, 1, (_, a) => Length(a[0])),
        Function("count", "count(items)", "The number of items of an array, or of the nodes that a path leads to", 1, 1, (_, a) => a[0].Kind is ExpressionValueKind.Array ? Number(a[0].Count) : a[0].Kind is ExpressionValueKind.Absent ? Number(0) : ExpressionValue.Null),
        Function("value", "value(path)", "The value of the one node that a path leads to; absent where it leads to none or several", 1, 1, (_, a) => a[0]),
        Function("match", "match(text, pattern)", "Whether the pattern (I-Regexp, RFC 9485) describes the whole text", 2, 2, (e, a) => IsMatch(e, a, whole: true)),
        Function("search", "search(text, pattern)", "Whether the pattern describes some part of the text", 2, 2, (e, a) => IsMatch(e, a, whole: false)),

        // Text
        Function("matches", "matches(text, pattern)", "The same as `search`", 2, 2, (e, a) => IsMatch(e, a, whole: false)),
        Function("lower", "lower(text)", "The text in lower case", 1, 1, (e, a) => Text(e, a[0], t => t.ToLowerInvariant())),
        Function("upper", "upper(text)", "The text in upper case", 1, 1, (e, a) => Text(e, a[0], t => t.ToUpperInvariant())),
        Function("trim", "trim(text)", "The text without white space at its ends", 1, 1, (e, a) => Text(e, a[0], t => t.Trim())),
        Function("contains", "contains(text, part)", "Whether the text has the part in it, or an array the item; the same as `part in text`", 2, 2, (e, a) => ExpressionValue.From(a[0].Kind is not ExpressionValueKind.Object && IsIn(a[1], a[0], e))),
        Function("starts_with", "starts_with(text, part)", "Whether the text begins with the part", 2, 2, (e, a) => Compare(e, a, (t, p) => t.StartsWith(p, StringComparison.Ordinal))),
        Function("ends_with", "ends_with(text, part)", "Whether the text ends with the part", 2, 2, (e, a) => Compare(e, a, (t, p) => t.EndsWith(p, StringComparison.Ordinal))),
        Function("substring", "substring(text, start, length?)", "So many characters from that one on, counted from 0; what lies outside the text is left out", 2, 3, Substring),
        Function("replace", "replace(text, part, by)", "The text with each occurrence of the part replaced", 3, 3, Replace),
        Function("split", "split(text, separator)", "The array of what stands between the separators", 2, 2, Split),
        Function("join", "join(array, separator)", "The items as one text with the separator between them", 2, 2, Join),
        Function("concat", "concat(value, …)", "The values as one text; null and absent are left out", 1, Many, Concat),
        Function("text", "text(value)", "The value as text, as a template shows it", 1, 1, (e, a) => Shown(e, a[0])),

        // Numbers
        Function("number", "number(value)", "The number that a text writes, for example `\"12.50\"`; a number itself; otherwise null", 1, 1, (_, a) => ToNumber(a[0])),
        Function("round", "round(number, digits?)", "The number rounded to so many decimal places (0 to 28), half to even", 1, 2, Round),
        Function("abs", "abs(number)", "The number without its sign", 1, 1, (_, a) => a[0].TryGetDecimal(out var n) ? ExpressionValue.From(Math.Abs(n)) : ExpressionValue.Null),
        Function("min", "min(array)", "The smallest number of an array, or of the arguments", 1, Many, (e, a) => Fold(e, a, Math.Min)),
        Function("max", "max(array)", "The largest number of an array, or of the arguments", 1, Many, (e, a) => Fold(e, a, Math.Max)),
        Function("sum", "sum(array)", "The sum of the numbers of an array, or of the arguments; 0 where there are none", 1, Many, (e, a) => Fold(e, a, (x, y) => x + y, 0)),

        // Arrays and objects
        Function("first", "first(array)", "The first item; absent where there is none", 1, 1, (_, a) => a[0].Item(0)),
        Function("last", "last(array)", "The last item; absent where there is none", 1, 1, (_, a) => a[0].Item(-1)),
        Function("distinct", "distinct(array)", "The items without those that equal an earlier one", 1, 1, Distinct),
        Function("keys", "keys(object)", "The array of the names of its members", 1, 1, Keys),

        // Choice
        Function("exists", "exists(path)", "Whether the path leads to something, be it null", 1, 1, (_, a) => ExpressionValue.From(a[0].Kind is not ExpressionValueKind.Absent)),
        Function("coalesce", "coalesce(value, …)", "The first value that is neither absent nor null", 1, Many, null),
        Function("if", "if(condition, then, else)", "The second value where the first is true, otherwise the third", 3, 3, null),
    }.ToDictionary(f => f.Name, StringComparer.Ordinal);

    /// <summary>Whether an array has the item, an object the member, or a text the part.</summary>
    public static bool IsIn(ExpressionValue item, ExpressionValue container, Evaluation evaluation)
    {
        switch (container.Kind)
        {
            case ExpressionValueKind.Array:
                return container.Items.Any(i => evaluation.AreEqual(i, item) || (i.IsNothing && item.IsNothing));
            case ExpressionValueKind.Object:
                return item.TryGetString(out var name) && container.Member(name).Kind is not ExpressionValueKind.Absent;
            case ExpressionValueKind.String:
                evaluation.Step(1 + (int)(container.Size / 64));
                return item.TryGetString(out var part) && container.ToText().Contains(part, StringComparison.Ordinal);
            default:
                return false;
        }
    }

    private static ExpressionFunction Function(string name, string signature, string description, int least, int most, Func<Evaluation, ExpressionValue[], ExpressionValue>? apply) =>
        new(name, signature, description) { Least = least, Most = most, Apply = apply };

    private static ExpressionValue Number(int value) => ExpressionValue.From((decimal)value);

    private static ExpressionValue Length(ExpressionValue value) => value.Kind switch
    {
        ExpressionValueKind.String => Number(CodePoints(value.ToText())),
        ExpressionValueKind.Array or ExpressionValueKind.Object => Number(value.Count),
        _ => ExpressionValue.Absent,
    };

    private static int CodePoints(string text)
    {
        var count = text.Length;
        for (var i = 1; i < text.Length; i++)
        {
            if (char.IsLowSurrogate(text[i]) && char.IsHighSurrogate(text[i - 1]))
            {
                count--;
            }
        }

        return count;
    }

    private static ExpressionValue IsMatch(Evaluation evaluation, ExpressionValue[] a, bool whole) => ExpressionValue.From(
        a[0].TryGetString(out var text) && a[1].TryGetString(out var pattern) && evaluation.Pattern(pattern, whole) is { } regex && evaluation.IsMatch(regex, text));

    private static ExpressionValue Text(Evaluation evaluation, ExpressionValue value, Func<string, string> change) =>
        value.TryGetString(out var text) ? ExpressionValue.From(evaluation.Made(change(text))) : ExpressionValue.Null;

    private static ExpressionValue Compare(Evaluation evaluation, ExpressionValue[] a, Func<string, string, bool> compare)
    {
        evaluation.Step();
        return ExpressionValue.From(a[0].TryGetString(out var text) && a[1].TryGetString(out var part) && compare(text, part));
    }

    private static ExpressionValue Substring(Evaluation evaluation, ExpressionValue[] a)
    {
        if (!a[0].TryGetString(out var text) || !a[1].TryGetDecimal(out var start))
        {
            return ExpressionValue.Null;
        }

        var length = decimal.MaxValue / 4;
        if (a.Length == 3 && !a[2].TryGetDecimal(out length))
        {
            return ExpressionValue.Null;
        }

        evaluation.Step(1 + (text.Length / 64));
        var bound = (decimal)text.Length;
        var from = Math.Clamp(decimal.Truncate(start), -bound, bound);
        var to = (int)Math.Clamp(from + Math.Clamp(decimal.Truncate(length), 0, bound * 2), 0, bound);
        return ExpressionValue.From(evaluation.Made(text[UnitOf(text, (int)Math.Max(from, 0))..UnitOf(text, to)]));
    }

    // Where the code point of that number begins.
    private static int UnitOf(string text, int point)
    {
        var at = 0;
        for (; point > 0 && at < text.Length; point--)
        {
            at += char.IsHighSurrogate(text[at]) && at + 1 < text.Length && char.IsLowSurrogate(text[at + 1]) ? 2 : 1;
        }

        return at;
    }

    private static ExpressionValue Replace(Evaluation evaluation, ExpressionValue[] a)
    {
        if (!a[0].TryGetString(out var text) || !a[1].TryGetString(out var part) || !a[2].TryGetString(out var by))
        {
            return ExpressionValue.Null;
        }

        evaluation.Step(1 + (text.Length / 64));
        if (part.Length == 0)
        {
            return a[0];
        }

        // Counted first: what would be too long must not be made at all.
        long found = 0;
        for (var at = text.IndexOf(part, StringComparison.Ordinal); at >= 0; at = text.IndexOf(part, at + part.Length, StringComparison.Ordinal))
        {
            found++;
        }

        evaluation.Produce(text.Length + (found * (by.Length - part.Length)));
        return ExpressionValue.From(text.Replace(part, by, StringComparison.Ordinal));
    }

    private static ExpressionValue Split(Evaluation evaluation, ExpressionValue[] a)
    {
        if (!a[0].TryGetString(out var text) || !a[1].TryGetString(out var separator))
        {
            return ExpressionValue.Null;
        }

        evaluation.Produce(text.Length);
        var parts = separator.Length == 0 ? [text] : text.Split(separator);
        evaluation.Step(parts.Length);
        return ExpressionValue.Array(parts.Select(ExpressionValue.From));
    }

    private static ExpressionValue Join(Evaluation evaluation, ExpressionValue[] a)
    {
        if (a[0].Kind is not ExpressionValueKind.Array || !a[1].TryGetString(out var separator))
        {
            return ExpressionValue.Null;
        }

        var parts = new List<string>();
        foreach (var item in a[0].Items)
        {
            evaluation.Step();
            evaluation.Produce(item.Size + separator.Length);
            parts.Add(item.ToText());
        }

        return ExpressionValue.From(string.Join(separator, parts));
    }

    private static ExpressionValue Concat(Evaluation evaluation, ExpressionValue[] a)
    {
        evaluation.Produce(a.Sum(v => v.Size));
        return ExpressionValue.From(string.Concat(a.Select(v => v.ToText())));
    }

    private static ExpressionValue Shown(Evaluation evaluation, ExpressionValue value)
    {
        evaluation.Produce(value.Size);
        return ExpressionValue.From(value.ToText());
    }

    private static ExpressionValue ToNumber(ExpressionValue value) => value.Kind switch
    {
        ExpressionValueKind.Number => value,
        ExpressionValueKind.String when decimal.TryParse(value.ToText().Trim(), NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out var number) => ExpressionValue.From(number),
        _ => ExpressionValue.Null,
    };

    private static ExpressionValue Round(Evaluation evaluation, ExpressionValue[] a)
    {
        var digits = 0m;
        return a[0].TryGetDecimal(out var number) && (a.Length == 1 || a[1].TryGetDecimal(out digits)) && digits is >= 0 and <= 28
            ? ExpressionValue.From(Math.Round(number, (int)digits, MidpointRounding.ToEven))
            : ExpressionValue.Null;
    }

    private static ExpressionValue Fold(Evaluation evaluation, ExpressionValue[] a, Func<decimal, decimal, decimal> fold, decimal? start = null)
    {
        var result = start;
        foreach (var item in a is [{ Kind: ExpressionValueKind.Array } only] ? only.Items : a)
        {
            evaluation.Step();
            if (!item.TryGetDecimal(out var number))
            {
                return ExpressionValue.Null;
            }

            try
            {
                result = result is { } sofar ? fold(sofar, number) : number;
            }
            catch (OverflowException)
            {
                return ExpressionValue.Null;
            }
        }

        return result is { } value ? ExpressionValue.From(value) : ExpressionValue.Null;
    }

    private static ExpressionValue Distinct(Evaluation evaluation, ExpressionValue[] a)
    {
        if (a[0].Kind is not ExpressionValueKind.Array)
        {
            return ExpressionValue.Null;
        }

        var seen = new HashSet<ExpressionValue>(new Same(evaluation));
        return ExpressionValue.Array([.. a[0].Items.Where(seen.Add)]);
    }

    private static ExpressionValue Keys(Evaluation evaluation, ExpressionValue[] a)
    {
        if (a[0].Kind is not ExpressionValueKind.Object)
        {
            return ExpressionValue.Null;
        }

        evaluation.Step(a[0].Count);
        return ExpressionValue.Array(a[0].Members.Select(m => ExpressionValue.From(m.Key)));
    }

    private sealed class Same(Evaluation evaluation) : IEqualityComparer<ExpressionValue>
    {
        public bool Equals(ExpressionValue x, ExpressionValue y) => evaluation.AreEqual(x, y);

        public int GetHashCode(ExpressionValue value)
        {
            evaluation.Step();
            return value.GetHashCode();
        }
    }
}
