namespace AIaaS.Commands.Knowledge;

/// <summary>
/// Cuts an article into passages: whole lines up to <see cref="Target"/> characters, a new one at a heading where the one before is worth
/// reading by itself; a longer line is cut between sentences, a longer sentence between words. A passage stands in the article letter by letter.
/// </summary>
internal static class PassageSplitter
{
    /// <summary>The size that passages are filled up to.</summary>
    public const int Target = 700;

    private const int WorthReading = 350;

    public static IEnumerable<string> Split(string content)
    {
        var start = 0;
        var end = 0;
        foreach (var (from, to) in Pieces(content))
        {
            var isHeading = content[from] == '#';
            if (end > start && (to - start > Target || (isHeading && end - start >= WorthReading)))
            {
                yield return content[start..end].Trim();
                start = from;
            }
            else if (end == start)
            {
                start = from;
            }

            end = to;
        }

        if (end > start)
        {
            yield return content[start..end].Trim();
        }
    }

    private static IEnumerable<(int From, int To)> Pieces(string content)
    {
        for (var start = 0; start < content.Length;)
        {
            var end = content.IndexOf('\n', start);
            end = end < 0 ? content.Length : end;
            if (!content.AsSpan(start, end - start).IsWhiteSpace())
            {
                for (var from = start; from < end;)
                {
                    var to = end - from <= Target ? end : Cut(content, from, end);
                    if (!content.AsSpan(from, to - from).IsWhiteSpace())
                    {
                        yield return (from, to);
                    }

                    from = to;
                }
            }

            start = end + 1;
        }
    }

    private static int Cut(string content, int from, int end)
    {
        var limit = Math.Min(end, from + Target);
        var to = from;
        while (Sentences.EndOfSentence(content, to, limit) is var next && next < limit)
        {
            to = next;
        }

        if (to > from)
        {
            return to;
        }

        var space = content.LastIndexOf(' ', limit - 1, limit - from - 1);
        to = space > from ? space + 1 : limit;
        return to < content.Length && char.IsLowSurrogate(content[to]) ? to - 1 : to;
    }
}
