using System.Collections.Frozen;
using AIaaS.Commands.Knowledge;

namespace AIaaS.Commands.Routing;

/// <summary>The terms of a question, each a bit, with what each is worth. Words that mean the same share a bit where that is asked for.</summary>
internal sealed class Question
{
    private const int MaxTerms = 60;
    private const double GenericWorth = 0.35;
    private const double CommonWorth = 0.5;

    private static readonly FrozenSet<string> Generic = Stems(
        "help need want know tell question problem issue happen work use make way thing mean long much many time new still already possible able sure " +
        "give take go going come see look find try trying say said ask show understand let think wonder currently now today yet even really soon something anything " +
        "someone anyone everything keep put well good right wrong correct different same information info detail explain possible available actually allow come back receive expect").ToFrozenSet(StringComparer.Ordinal);

    private static readonly FrozenDictionary<string, string> Synonyms = Groups(
        "refund reimburse reimbursement",
        "delivery deliver ship shipping shipment arrive arrival",
        "parcel package",
        "fee charge cost price",
        "cancel terminate close",
        "stolen steal theft",
        "lost lose missing",
        "broken damaged faulty defective",
        "purchase buy bought",
        "pay payment paid",
        "phone telephone mobile",
        "change update edit modify",
        "passcode password pin",
        "begin start",
        "fix repair",
        "send sent mail",
        "exchange swap",
        "voucher coupon",
        "decline declined reject rejected refused",
        "transfer wire",
        "limit maximum cap",
        "age old",
        "freeze lock block",
        "verify verification identity",
        "atm withdrawal withdraw",
        "wait waiting pending",
        "app application");

    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> bits;
    private readonly double[] worth;

    public Question(string text, bool withSynonyms)
    {
        var terms = new Dictionary<string, int>(StringComparer.Ordinal);
        bits = terms.GetAlternateLookup<ReadOnlySpan<char>>();
        var worths = new List<double>();
        Span<char> buffer = stackalloc char[TermReader.BufferSize];
        var reader = new TermReader(text, buffer);
        while (reader.Read() && worths.Count < MaxTerms)
        {
            if (bits.ContainsKey(reader.Term))
            {
                continue;
            }

            var term = reader.Term.ToString();
            if (withSynonyms && Synonyms.TryGetValue(term, out var group))
            {
                if (!terms.TryGetValue(group, out var bit))
                {
                    bit = worths.Count;
                    worths.Add(1);
                    terms.Add(group, bit);
                }

                terms.TryAdd(term, bit);
                Specific |= 1UL << bit;
                continue;
            }

            if (!Generic.Contains(term))
            {
                Specific |= 1UL << worths.Count;
            }

            terms.Add(term, worths.Count);
            worths.Add(Generic.Contains(term) ? GenericWorth : 1);
        }

        WithSynonyms = withSynonyms;
        worth = [.. worths];
    }

    public bool WithSynonyms { get; }

    /// <summary>The bits of all terms that say what it is about.</summary>
    public ulong Specific { get; }

    public int Count => worth.Length;

    /// <summary>The bits of the terms that stand in a text.</summary>
    public ulong In(ReadOnlySpan<char> text)
    {
        Span<char> buffer = stackalloc char[TermReader.BufferSize];
        var reader = new TermReader(text, buffer);
        var found = 0UL;
        while (reader.Read())
        {
            if (bits.TryGetValue(reader.Term, out var bit))
            {
                found |= 1UL << bit;
            }
            else if (WithSynonyms && SynonymLookup.TryGetValue(reader.Term, out var group) && bits.TryGetValue(group, out bit))
            {
                found |= 1UL << bit;
            }
        }

        return found;
    }

    /// <summary>What terms are worth together.</summary>
    public double Worth(ulong terms)
    {
        var sum = 0.0;
        for (; terms != 0; terms &= terms - 1)
        {
            sum += worth[System.Numerics.BitOperations.TrailingZeroCount(terms)];
        }

        return sum;
    }

    /// <summary>What all terms are worth together.</summary>
    public double Whole => worth.Sum();

    /// <summary>A term that stands in every passage tells little about any of them.</summary>
    public void Discount(ulong terms)
    {
        for (; terms != 0; terms &= terms - 1)
        {
            worth[System.Numerics.BitOperations.TrailingZeroCount(terms)] *= CommonWorth;
        }
    }

    private static FrozenDictionary<string, string>.AlternateLookup<ReadOnlySpan<char>> SynonymLookup => Synonyms.GetAlternateLookup<ReadOnlySpan<char>>();

    private static FrozenDictionary<string, string> Groups(params string[] groups)
    {
        var all = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var group in groups)
        {
            // Upper case keeps the name of a group apart from every term.
            var name = group.ToUpperInvariant();
            foreach (var stem in Stems(group))
            {
                all.TryAdd(stem, name);
            }
        }

        return all.ToFrozenDictionary(StringComparer.Ordinal);
    }

    private static List<string> Stems(string words)
    {
        var stems = new List<string>();
        Span<char> buffer = stackalloc char[TermReader.BufferSize];
        var reader = new TermReader(words, buffer);
        while (reader.Read())
        {
            stems.Add(reader.Term.ToString());
        }

        return stems;
    }
}
