namespace AIaaS.Commands.Knowledge;

/// <summary>A sentence of a text: where it lies, without the mark of a list item before it.</summary>
/// <param name="Start">Its first character.</param>
/// <param name="Length">Its length.</param>
/// <param name="IsHeading">Whether it is a heading of Markdown.</param>
internal readonly record struct Sentence(int Start, int Length, bool IsHeading)
{
    public int End => Start + Length;

    public ReadOnlySpan<char> Of(string text) => text.AsSpan(Start, Length);
}

/// <summary>Cuts plain text or Markdown into sentences: a heading, a list item or a table's row is one, prose is cut at its full stops.</summary>
internal static class Sentences
{
    public static void Split(string text, List<Sentence> into)
    {
        for (var start = 0; start < text.Length;)
        {
            var end = text.IndexOf('\n', start);
            end = end < 0 ? text.Length : end;
            Line(text, start, end, into);
            start = end + 1;
        }
    }

    /// <summary>Where the sentence that begins at <paramref name="from"/> ends, no further than <paramref name="end"/>.</summary>
    public static int EndOfSentence(ReadOnlySpan<char> text, int from, int end)
    {
        for (var i = from; i < end - 2; i++)
        {
            if (text[i] is '.' or '!' or '?' && char.IsWhiteSpace(text[i + 1]) && StartsSentence(text[i + 2]) && !IsAbbreviation(text, from, i))
            {
                return i + 1;
            }

            if (text[i] is '。' or '！' or '？')
            {
                return i + 1;
            }
        }

        return end;
    }

    private static void Line(string text, int start, int end, List<Sentence> into)
    {
        Trim(text, ref start, ref end);
        if (start == end)
        {
            return;
        }

        if (text[start] == '#')
        {
            while (start < end && text[start] is '#' or ' ')
            {
                start++;
            }

            if (start < end)
            {
                into.Add(new(start, end - start, true));
            }

            return;
        }

        start = BehindListMark(text, start, end);
        if (start < end && text[start] == '|')
        {
            if (text.AsSpan(start, end - start).IndexOfAnyExcept("|-: ") >= 0)
            {
                into.Add(new(start, end - start, false));
            }
            else if (into.Count > 0 && text[into[^1].Start] == '|')
            {
                // The row above the rule names the columns.
                into[^1] = into[^1] with { IsHeading = true };
            }

            return;
        }

        while (start < end)
        {
            var stop = EndOfSentence(text, start, end);
            var (first, last) = (start, stop);
            Trim(text, ref first, ref last);
            if (first < last)
            {
                into.Add(new(first, last - first, false));
            }

            start = stop;
        }
    }

    private static int BehindListMark(string text, int start, int end)
    {
        var i = start;
        if (text[i] is '-' or '*' or '•' or '+')
        {
            i++;
        }
        else
        {
            while (i < end && char.IsAsciiDigit(text[i]) && i - start < 3)
            {
                i++;
            }

            if (i == start || i == end || text[i] is not ('.' or ')'))
            {
                return start;
            }

            i++;
        }

        if (i >= end || text[i] != ' ')
        {
            return start;
        }

        while (i < end && text[i] == ' ')
        {
            i++;
        }

        return i;
    }

    private static bool StartsSentence(char c) => char.IsUpper(c) || char.IsAsciiDigit(c) || c is '"' or '“' or '(' or '\'' or '*' or '$';

    private static bool IsAbbreviation(ReadOnlySpan<char> text, int from, int dot)
    {
        var start = dot;
        while (start > from && (char.IsLetter(text[start - 1]) || text[start - 1] == '.'))
        {
            start--;
        }

        return text[start..dot] is "e.g" or "i.e" or "etc" or "vs" or "Mr" or "Mrs" or "Ms" or "Dr" or "No" or "approx" or "incl"
            || (text[dot] == '.' && dot - start == 1 && char.IsUpper(text[start]) && text[start] != 'I');
    }

    private static void Trim(ReadOnlySpan<char> text, ref int start, ref int end)
    {
        while (start < end && char.IsWhiteSpace(text[start]))
        {
            start++;
        }

        while (end > start && char.IsWhiteSpace(text[end - 1]))
        {
            end--;
        }
    }
}
