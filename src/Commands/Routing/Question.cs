using System.Numerics;
using AIaaS.Commands.Knowledge;

namespace AIaaS.Commands.Routing;

/// <summary>The terms of a question, each a bit, with what each is worth. Words that mean the same share a bit.</summary>
internal sealed class Question
{
    private const int MaxTerms = 60;
    private const double UnmatchedStory = 0.4;
    private const double EverywhereWorth = 0.5;

    private readonly Dictionary<string, int> terms = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> bits;
    private readonly List<(int Group, int Bit)> groups = new(8);
    private readonly List<(string Term, int Bit, int Group)> spelled = new(16);
    private readonly double[] worth = new double[MaxTerms];
    private readonly ulong story;

    public Question(string text)
    {
        bits = terms.GetAlternateLookup<ReadOnlySpan<char>>();
        Asked = FactReader.AskedIn(text);
        foreach (var (term, isGeneric, isAsked, share, _) in QuestionTerms.Read(text))
        {
            var group = EnglishWords.GroupOf(term);
            var bit = BitOf(group);
            if (bit < 0 && Count < MaxTerms)
            {
                bit = Count++;
                worth[bit] = EnglishWords.WorthOf(term, isGeneric || IsAmount(term)) * share;
                if (group >= 0)
                {
                    groups.Add((group, bit));
                }

                Specific |= isGeneric || IsAmount(term) ? 0 : 1UL << bit;
                story |= isAsked ? 0 : 1UL << bit;
                if (!isGeneric && term.Length >= Spelling.Shortest)
                {
                    spelled.Add((term, bit, group < 0 && EnglishWords.Correct(term) is { } known ? EnglishWords.GroupOf(known) : -1));
                }
            }

            if (bit >= 0)
            {
                terms.TryAdd(term, bit);
            }
        }
    }

    /// <summary>The facts that it asks for.</summary>
    public Facts Asked { get; }

    /// <summary>The bits of all terms that say what it is about.</summary>
    public ulong Specific { get; }

    /// <summary>Those of them that stand in what is asked; all where that says nothing by itself ("Is that free?").</summary>
    public ulong Core => (Specific & ~story) == 0 ? Specific : Specific & ~story;

    public int Count { get; }

    /// <summary>The bits of the terms that stand in a text, and of those that stand there but for a slip of spelling.</summary>
    public Matches In(ReadOnlySpan<char> text)
    {
        Span<char> buffer = stackalloc char[TermReader.BufferSize];
        var reader = new TermReader(text, buffer);
        var (found, near, count) = (0UL, 0UL, 0);
        var phrase = new BackPhrase(inArticle: true);
        while (reader.Read())
        {
            count++;
            if (phrase.Hear(reader.Term) is { } said && terms.TryGetValue(said, out var whole))
            {
                found |= 1UL << whole;
            }

            if (bits.TryGetValue(reader.Term, out var bit))
            {
                found |= 1UL << bit;
            }
            else
            {
                var group = EnglishWords.GroupOf(reader.Term);
                if (BitOf(group) is var same and >= 0)
                {
                    found |= 1UL << same;
                    continue;
                }

                foreach (var (term, place, meant) in spelled)
                {
                    near |= (group >= 0 && group == meant) || (term[0] == reader.Term[0] && Spelling.IsNear(term, reader.Term)) ? 1UL << place : 0;
                }
            }
        }

        return new(found, near, count);
    }

    /// <summary>What terms are worth together.</summary>
    public double Worth(ulong terms)
    {
        var sum = 0.0;
        for (; terms != 0; terms &= terms - 1)
        {
            sum += worth[BitOperations.TrailingZeroCount(terms)];
        }

        return sum;
    }

    /// <summary>What terms weigh that no passage holds: in the story around a question they are no loss.</summary>
    public double Missing(ulong terms) => Worth(terms & ~story) + (UnmatchedStory * Worth(terms & story));

    /// <summary>What all terms are worth together.</summary>
    public double Whole => Worth(All);

    public ulong All => (1UL << Count) - 1;

    /// <summary>A term that stands in many articles tells less about any of them.</summary>
    /// <param name="bit">The term.</param>
    /// <param name="share">In what share of the other articles it stands.</param>
    public void Discount(int bit, double share) => worth[bit] *= 1 - ((1 - EverywhereWorth) * share);

    private int BitOf(int group)
    {
        if (group >= 0)
        {
            foreach (var (known, bit) in groups)
            {
                if (known == group)
                {
                    return bit;
                }
            }
        }

        return -1;
    }

    // Which amount is asked for, the fact says; the words for it stand in many an answer, or in none.
    private bool IsAmount(string term) => (Asked & Facts.Amount) != 0 && term is "cost" or "price" or "fee" or "charg" or "free" or "dollar";
}

/// <summary>What of a question stands in a text.</summary>
/// <param name="Terms">The terms.</param>
/// <param name="Near">Terms that would stand there if one of both were spelled otherwise.</param>
/// <param name="Count">How many terms the text has.</param>
internal readonly record struct Matches(ulong Terms, ulong Near, int Count);
