namespace AIaaS.Commands.Knowledge;

/// <summary>A term of a message.</summary>
/// <param name="Text">The term.</param>
/// <param name="IsGeneric">Whether it says little by itself.</param>
/// <param name="IsAsked">Whether it stands in what is asked, not in the story around.</param>
/// <param name="Share">What it counts: less in the story than in what is asked.</param>
/// <param name="Count">How often the message says it.</param>
internal readonly record struct QuestionTerm(string Text, bool IsGeneric, bool IsAsked, double Share, int Count);

/// <summary>
/// The terms of a customer's message. Where a sentence of it asks something, the others only tell how it came to it. Phrases whose meaning
/// their words alone do not show ("send it back") add the word that articles use.
/// </summary>
internal static class QuestionTerms
{
    private const int MaxTerms = 300;

    // "Is it covered?" points to the story; "How do I pay?" does not.
    private const double StoryShare = 0.6;
    private const double NeededStoryShare = 0.9;

    private static readonly string[] NotThere = ["not here", "not arrived", "n't arrived", "nt arrived", "never arrived", "never came", "n't come", "not come", "n't received", "not received", "still waiting"];

    public static List<QuestionTerm> Read(string message)
    {
        var terms = new List<QuestionTerm>(24);
        var asks = message.Contains('?', StringComparison.Ordinal);
        var needsStory = false;
        for (var start = 0; start < message.Length && terms.Count < MaxTerms;)
        {
            var end = EndOfSentence(message, start);
            var sentence = message.AsSpan(start, end - start);
            var isAsked = !asks || sentence.TrimEnd().EndsWith('?') || Asks(sentence);
            needsStory |= isAsked && PointsBack(sentence);
            Read(sentence, isAsked, terms);
            start = end;
        }

        var about = 0;
        foreach (var term in terms)
        {
            about += term.IsAsked && !term.IsGeneric ? 1 : 0;
        }

        var share = needsStory || about < 2 ? NeededStoryShare : StoryShare;
        for (var i = 0; i < terms.Count; i++)
        {
            terms[i] = terms[i].IsAsked ? terms[i] : terms[i] with { Share = share };
        }

        return terms;
    }

    private static int EndOfSentence(string text, int start)
    {
        for (var i = start; i < text.Length; i++)
        {
            if (text[i] is '\n' or '?' or '!' || (text[i] == '.' && (i + 1 == text.Length || char.IsWhiteSpace(text[i + 1]))))
            {
                while (i + 1 < text.Length && text[i + 1] is '?' or '!' or '.')
                {
                    i++;
                }

                return i + 1;
            }
        }

        return text.Length;
    }

    // Many leave the question mark out.
    private static bool Asks(ReadOnlySpan<char> sentence)
    {
        sentence = sentence.TrimStart();
        var space = sentence.IndexOf(' ');
        var word = space < 0 ? sentence : sentence[..space];
        return word.Equals("how", StringComparison.OrdinalIgnoreCase) || word.Equals("what", StringComparison.OrdinalIgnoreCase) || word.Equals("can", StringComparison.OrdinalIgnoreCase)
            || word.Equals("where", StringComparison.OrdinalIgnoreCase) || word.Equals("when", StringComparison.OrdinalIgnoreCase) || word.Equals("why", StringComparison.OrdinalIgnoreCase)
            || word.Equals("do", StringComparison.OrdinalIgnoreCase) || word.Equals("is", StringComparison.OrdinalIgnoreCase) || word.Equals("which", StringComparison.OrdinalIgnoreCase);
    }

    private static bool PointsBack(ReadOnlySpan<char> sentence)
    {
        foreach (var range in sentence.SplitAny(" ,.?!'"))
        {
            if (sentence[range] is "it" or "this" or "that" or "them" or "they" or "these" or "those")
            {
                return true;
            }
        }

        return false;
    }

    private static void Read(ReadOnlySpan<char> sentence, bool isAsked, List<QuestionTerm> terms)
    {
        Span<char> buffer = stackalloc char[TermReader.BufferSize];
        var reader = new TermReader(sentence, buffer);
        var first = terms.Count;
        var phrase = new BackPhrase(inArticle: false);
        while (reader.Read() && terms.Count < MaxTerms)
        {
            Add(terms, reader.Term, isAsked);
            if (phrase.Hear(reader.Term) is { } meant)
            {
                // The phrase says it all, so its words do not count by themselves.
                for (var i = first; i < terms.Count; i++)
                {
                    terms[i] = terms[i].Text is "send" or "sent" or "bring" or "ship" or "money" ? terms[i] with { IsGeneric = true } : terms[i];
                }

                Add(terms, meant, isAsked);
            }
        }

        if (sentence.Contains("sold out", StringComparison.OrdinalIgnoreCase))
        {
            for (var i = first; i < terms.Count; i++)
            {
                terms[i] = terms[i].Text is "sold" ? terms[i] with { IsGeneric = true } : terms[i];
            }

            Add(terms, "stock", isAsked);
        }

        foreach (var words in NotThere)
        {
            if (sentence.Contains(words, StringComparison.OrdinalIgnoreCase))
            {
                Add(terms, "late", isAsked);
                break;
            }
        }
    }

    private static void Add(List<QuestionTerm> terms, ReadOnlySpan<char> term, bool isAsked)
    {
        for (var i = 0; i < terms.Count; i++)
        {
            if (term.SequenceEqual(terms[i].Text))
            {
                terms[i] = terms[i] with { IsAsked = terms[i].IsAsked || isAsked, Count = terms[i].Count + 1 };
                return;
            }
        }

        terms.Add(new(term.ToString(), EnglishWords.IsGeneric(term), isAsked, 1, 1));
    }
}
