namespace AIaaS.Commands.Knowledge;

/// <summary>
/// The Porter2 ("English") stemmer of the Snowball project, in place and without allocation. It wants lower-case words of a to z;
/// the few words that Snowball lists as exceptions are left to the general rules.
/// </summary>
internal static class EnglishStemmer
{
    private static readonly (string Suffix, string With)[] Step2 =
    [
        ("ization", "ize"), ("ational", "ate"), ("fulness", "ful"), ("ousness", "ous"), ("iveness", "ive"), ("tional", "tion"),
        ("biliti", "ble"), ("lessli", "less"), ("entli", "ent"), ("ation", "ate"), ("alism", "al"), ("aliti", "al"), ("ousli", "ous"),
        ("iviti", "ive"), ("fulli", "ful"), ("enci", "ence"), ("anci", "ance"), ("abli", "able"), ("izer", "ize"), ("ator", "ate"),
        ("alli", "al"), ("bli", "ble"), ("ogi", "og"), ("li", ""),
    ];

    private static readonly (string Suffix, string With)[] Step3 =
    [
        ("ational", "ate"), ("tional", "tion"), ("alize", "al"), ("icate", "ic"), ("iciti", "ic"), ("ative", ""), ("ical", "ic"), ("ness", ""), ("ful", ""),
    ];

    private static readonly string[] Step4 =
        ["ement", "ance", "ence", "able", "ible", "ment", "ant", "ent", "ism", "ate", "iti", "ous", "ive", "ize", "ion", "al", "er", "ic"];

    /// <summary>Stems a word.</summary>
    /// <param name="word">The word, with room for one letter behind it.</param>
    /// <param name="length">The word's length.</param>
    /// <returns>The stem's length.</returns>
    public static int Stem(Span<char> word, int length)
    {
        if (length <= 2)
        {
            return length;
        }

        for (var i = 0; i < length; i++)
        {
            if (word[i] == 'y' && (i == 0 || IsVowel(word[i - 1])))
            {
                word[i] = 'Y';
            }
        }

        var r1 = FirstRegion(word[..length]);
        var r2 = Region(word[..length], r1);
        var n = Plural(word, length);
        n = PastAndProgressive(word, n, r1);
        if (n > 2 && word[n - 1] is 'y' or 'Y' && !IsVowel(word[n - 2]))
        {
            word[n - 1] = 'i';
        }

        n = Suffixes(word, n, r1);
        n = MoreSuffixes(word, n, r1, r2);
        n = Endings(word, n, r2);
        n = LastLetter(word, n, r1, r2);
        for (var i = 0; i < n; i++)
        {
            if (word[i] == 'Y')
            {
                word[i] = 'y';
            }
        }

        return n;
    }

    private static bool IsVowel(char c) => c is 'a' or 'e' or 'i' or 'o' or 'u' or 'y';

    private static int FirstRegion(ReadOnlySpan<char> word) =>
        word.StartsWith("gener") || word.StartsWith("arsen") ? 5 : word.StartsWith("commun") ? 6 : Region(word, 0);

    // Behind the first non-vowel that follows a vowel.
    private static int Region(ReadOnlySpan<char> word, int from)
    {
        for (var i = from + 1; i < word.Length; i++)
        {
            if (!IsVowel(word[i]) && IsVowel(word[i - 1]))
            {
                return i + 1;
            }
        }

        return word.Length;
    }

    private static int Plural(ReadOnlySpan<char> word, int n)
    {
        var w = word[..n];
        if (w.EndsWith("sses"))
        {
            return n - 2;
        }

        if (w.EndsWith("ied") || w.EndsWith("ies"))
        {
            return n > 4 ? n - 2 : n - 1;
        }

        return w[^1] == 's' && !w.EndsWith("us") && !w.EndsWith("ss") && HasVowel(w[..^2]) ? n - 1 : n;
    }

    private static int PastAndProgressive(Span<char> word, int n, int r1)
    {
        var w = word[..n];
        foreach (var suffix in (ReadOnlySpan<string>)["eedly", "eed"])
        {
            if (w.EndsWith(suffix))
            {
                return n - suffix.Length >= r1 ? n - suffix.Length + 2 : n;
            }
        }

        foreach (var suffix in (ReadOnlySpan<string>)["ingly", "edly", "ing", "ed"])
        {
            if (w.EndsWith(suffix))
            {
                var stem = w[..^suffix.Length];
                if (!HasVowel(stem))
                {
                    return n;
                }

                if (stem.EndsWith("at") || stem.EndsWith("bl") || stem.EndsWith("iz") || (r1 >= stem.Length && EndsShort(stem)))
                {
                    word[stem.Length] = 'e';
                    return stem.Length + 1;
                }

                return stem.Length > 1 && stem[^1] == stem[^2] && stem[^1] is 'b' or 'd' or 'f' or 'g' or 'm' or 'n' or 'p' or 'r' or 't'
                    ? stem.Length - 1
                    : stem.Length;
            }
        }

        return n;
    }

    private static int Suffixes(Span<char> word, int n, int r1)
    {
        var w = word[..n];
        foreach (var (suffix, with) in Step2)
        {
            if (w.EndsWith(suffix))
            {
                var at = n - suffix.Length;
                var allowed = at >= r1 && suffix switch
                {
                    "ogi" => at > 0 && w[at - 1] == 'l',
                    "li" => at > 0 && w[at - 1] is 'c' or 'd' or 'e' or 'g' or 'h' or 'k' or 'm' or 'n' or 'r' or 't',
                    _ => true,
                };
                return allowed ? Put(word, at, with) : n;
            }
        }

        return n;
    }

    private static int MoreSuffixes(Span<char> word, int n, int r1, int r2)
    {
        var w = word[..n];
        foreach (var (suffix, with) in Step3)
        {
            if (w.EndsWith(suffix))
            {
                var at = n - suffix.Length;
                return at >= (suffix == "ative" ? r2 : r1) ? Put(word, at, with) : n;
            }
        }

        return n;
    }

    private static int Endings(ReadOnlySpan<char> word, int n, int r2)
    {
        var w = word[..n];
        foreach (var suffix in Step4)
        {
            if (w.EndsWith(suffix))
            {
                var at = n - suffix.Length;
                return at >= r2 && (suffix != "ion" || (at > 0 && w[at - 1] is 's' or 't')) ? at : n;
            }
        }

        return n;
    }

    private static int LastLetter(ReadOnlySpan<char> word, int n, int r1, int r2)
    {
        var at = n - 1;
        return word[at] switch
        {
            'e' when at >= r2 || (at >= r1 && !EndsShort(word[..at])) => at,
            'l' when at >= r2 && at > 0 && word[at - 1] == 'l' => at,
            _ => n,
        };
    }

    private static bool HasVowel(ReadOnlySpan<char> word) => word.IndexOfAny("aeiouy") >= 0;

    private static bool EndsShort(ReadOnlySpan<char> w) =>
        w.Length == 2
            ? IsVowel(w[0]) && !IsVowel(w[1])
            : w.Length > 2 && !IsVowel(w[^3]) && IsVowel(w[^2]) && !IsVowel(w[^1]) && w[^1] is not ('w' or 'x' or 'Y');

    private static int Put(Span<char> word, int at, string with)
    {
        with.CopyTo(word[at..]);
        return at + with.Length;
    }
}
