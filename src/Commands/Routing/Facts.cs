namespace AIaaS.Commands.Routing;

/// <summary>The kinds of fact that a question can ask for and a sentence can hold.</summary>
[Flags]
internal enum Facts
{
    None = 0,

    /// <summary>An amount of money, a share, or that it is free.</summary>
    Amount = 1,

    /// <summary>A length of time, a day or a time of day.</summary>
    Time = 2,

    /// <summary>Where something is.</summary>
    Place = 4,
}

/// <summary>Reads which facts a message asks for, and which a sentence holds.</summary>
internal static class FactReader
{
    private const int MaxWords = 96;

    /// <summary>What a message asks for.</summary>
    public static Facts AskedIn(ReadOnlySpan<char> message)
    {
        var asked = Facts.None;
        Span<Range> words = stackalloc Range[MaxWords];
        var count = Words(message, words);
        for (var i = 0; i < count; i++)
        {
            var word = message[words[i]];
            var next = i + 1 < count ? message[words[i + 1]] : default;
            var after = i + 2 < count ? message[words[i + 2]] : default;
            if (Is(word, "how"))
            {
                asked |= Is(next, "much") && !Is(after, "time") ? Facts.Amount
                    : Is(next, "long") || Is(next, "soon") || Is(next, "often") || Is(next, "old") || Is(next, "fast") || Is(next, "quickly") || Is(next, "late") || (Is(next, "much") && Is(after, "time")) || (Is(next, "many") && IsUnit(after)) ? Facts.Time
                    : Facts.None;
            }
            else if (Is(word, "when") && IsAuxiliary(next))
            {
                asked |= Facts.Time;
            }
            else if (Is(word, "what") && Is(next, "time"))
            {
                asked |= Facts.Time;
            }
            else if (Is(word, "where") && IsAuxiliary(next))
            {
                asked |= Facts.Place;
            }
            else if (Is(word, "cost") || Is(word, "costs") || (Is(word, "free") && i > 0 && !Is(message[words[i - 1]], "feel"))
                || ((Is(word, "price") || Is(word, "prices") || Is(word, "fee") || Is(word, "fees") || Is(word, "charge")) && AsksBefore(message, words, i)))
            {
                asked |= Facts.Amount;
            }
        }

        return asked;
    }

    /// <summary>What a sentence holds.</summary>
    public static Facts HeldIn(ReadOnlySpan<char> sentence)
    {
        var held = Facts.None;
        for (var i = 0; i + 1 < sentence.Length; i++)
        {
            if ((sentence[i] is '$' or '€' or '£' && char.IsAsciiDigit(sentence[i + 1])) || (sentence[i + 1] == '%' && (char.IsAsciiDigit(sentence[i]) || sentence[i] == ' ')))
            {
                held |= Facts.Amount;
            }
            else if (sentence[i] == ':' && char.IsAsciiDigit(sentence[i + 1]) && i > 0 && char.IsAsciiDigit(sentence[i - 1]))
            {
                held |= Facts.Time;
            }
        }

        Span<Range> words = stackalloc Range[MaxWords];
        var count = Words(sentence, words);
        for (var i = 0; i < count; i++)
        {
            var word = sentence[words[i]];
            var next = i + 1 < count ? sentence[words[i + 1]] : default;
            if (Is(word, "free") || (Is(word, "no") && (Is(next, "cost") || Is(next, "fee") || Is(next, "charge"))) || (Is(word, "costs") && Is(next, "nothing")))
            {
                held |= Facts.Amount;
            }
            else if (IsUnit(word) && i > 0 && (IsNumber(sentence[words[i - 1]]) || (i > 1 && IsNumber(sentence[words[i - 2]]))))
            {
                held |= Facts.Time;
            }
            else if ((Is(word, "at") && Is(next, "once")) || Is(word, "immediately") || Is(word, "instantly") || IsWeekday(word))
            {
                held |= Facts.Time;
            }
            else if (Is(word, "under") || Is(word, "page") || Is(word, "stores") || Is(word, "store") || Is(word, "street") || Is(word, "app") || Is(word, "website") || Is(word, "menu") || Is(word, "foot"))
            {
                held |= Facts.Place;
            }
        }

        return held;
    }

    // "What is the price", "is there a fee"; not "do you match the price".
    private static bool AsksBefore(ReadOnlySpan<char> text, ReadOnlySpan<Range> words, int at)
    {
        for (var i = Math.Max(0, at - 4); i < at; i++)
        {
            if (text[words[i]] is var word && (Is(word, "what") || Is(word, "there") || Is(word, "any")))
            {
                return true;
            }
        }

        return false;
    }

    private static int Words(ReadOnlySpan<char> text, Span<Range> words)
    {
        var count = 0;
        for (var i = 0; i < text.Length && count < words.Length;)
        {
            var start = i;
            while (i < text.Length && (char.IsLetterOrDigit(text[i]) || (text[i] is ',' or '.' && i > start && i + 1 < text.Length && char.IsAsciiDigit(text[i + 1]))))
            {
                i++;
            }

            if (i > start)
            {
                words[count++] = start..i;
            }
            else
            {
                i++;
            }
        }

        return count;
    }

    private static bool Is(ReadOnlySpan<char> word, string other) => word.Equals(other, StringComparison.OrdinalIgnoreCase);

    private static bool IsUnit(ReadOnlySpan<char> word)
    {
        word = word.Length > 0 && word[^1] is 's' or 'S' ? word[..^1] : word;
        return Is(word, "day") || Is(word, "hour") || Is(word, "minute") || Is(word, "week") || Is(word, "month") || Is(word, "year");
    }

    private static bool IsNumber(ReadOnlySpan<char> word) =>
        char.IsAsciiDigit(word[0]) || Is(word, "one") || Is(word, "two") || Is(word, "three") || Is(word, "four") || Is(word, "five") || Is(word, "six") || Is(word, "seven") || Is(word, "ten")
        || Is(word, "few") || Is(word, "next") || Is(word, "same") || Is(word, "every");

    private static bool IsWeekday(ReadOnlySpan<char> word) =>
        word.Length is >= 6 and <= 10 && (word.EndsWith("day", StringComparison.OrdinalIgnoreCase) || word.EndsWith("days", StringComparison.OrdinalIgnoreCase))
        && (word.StartsWith("mon", StringComparison.OrdinalIgnoreCase) || word.StartsWith("tue", StringComparison.OrdinalIgnoreCase) || word.StartsWith("wed", StringComparison.OrdinalIgnoreCase)
            || word.StartsWith("thu", StringComparison.OrdinalIgnoreCase) || word.StartsWith("fri", StringComparison.OrdinalIgnoreCase) || word.StartsWith("sat", StringComparison.OrdinalIgnoreCase)
            || word.StartsWith("sun", StringComparison.OrdinalIgnoreCase));

    private static bool IsAuxiliary(ReadOnlySpan<char> word) =>
        Is(word, "will") || Is(word, "do") || Is(word, "does") || Is(word, "is") || Is(word, "are") || Is(word, "can") || Is(word, "may") || Is(word, "should") || Is(word, "must")
        || Is(word, "would") || Is(word, "has") || Is(word, "have") || Is(word, "did") || Is(word, "could");
}
