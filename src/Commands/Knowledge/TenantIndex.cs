using System.Collections.Immutable;
using AIaaS.Domain.Agents;
using AIaaS.Domain.Knowledge;

namespace AIaaS.Commands.Knowledge;

/// <summary>
/// The articles of one tenant, customers' and staff's in indexes apart, so that a customer's search cannot come near the staff's.
/// Searches run side by side; a change waits for them.
/// </summary>
internal sealed class TenantIndex : IDisposable
{
    private const int MaxPassagesOfOneArticle = 2;
    private const int MaxCorrections = 4;

    // Said more often a word counts for more, each time by less.
    private const double K3 = 8;
    private const double SynonymShare = 0.5;
    private const double CorrectionShare = 0.7;

    private readonly ReaderWriterLockSlim gate = new();
    private readonly PassageIndex customer = new();
    private readonly PassageIndex staff = new();

    public int Articles
    {
        get
        {
            gate.EnterReadLock();
            try
            {
                return customer.ArticleCount + staff.ArticleCount;
            }
            finally
            {
                gate.ExitReadLock();
            }
        }
    }

    public void Put(ArticleProcessed article)
    {
        gate.EnterWriteLock();
        try
        {
            (article.Audience == Audience.Customer ? staff : customer).Remove(article.Article);
            (article.Audience == Audience.Customer ? customer : staff).Put(article.Article, article.Title, article.Content);
        }
        finally
        {
            gate.ExitWriteLock();
        }
    }

    public void Remove(string article)
    {
        gate.EnterWriteLock();
        try
        {
            customer.Remove(article);
            staff.Remove(article);
        }
        finally
        {
            gate.ExitWriteLock();
        }
    }

    public ImmutableArray<Passage> Search(string query, Audience audience, int top)
    {
        gate.EnterReadLock();
        try
        {
            return audience == Audience.Customer ? Search([customer], query, top) : Search([customer, staff], query, top);
        }
        finally
        {
            gate.ExitReadLock();
        }
    }

    public void Dispose() => gate.Dispose();

    private static ImmutableArray<Passage> Search(ReadOnlySpan<PassageIndex> indexes, string query, int top)
    {
        var passages = 0;
        var length = 0L;
        foreach (var index in indexes)
        {
            passages += index.Count;
            length += index.TotalLength;
        }

        if (passages == 0)
        {
            return [];
        }

        var terms = TermsOf(indexes, query, passages);
        var average = Math.Max(1, (double)length / passages);
        var hits = new List<Hit>(256);
        for (var i = 0; i < indexes.Length; i++)
        {
            indexes[i].Find(terms, average, i, hits);
        }

        var found = ImmutableArray.CreateBuilder<Passage>(Math.Min(top, hits.Count));
        while (found.Count < top && Best(indexes, hits) is { } best)
        {
            ref readonly var entry = ref indexes[best.Index].At(best.Slot);
            found.Add(new(entry.Article, entry.Title, entry.Text, Math.Round(best.Score, 6)));
            var article = entry.Article;
            if (found.Count(p => p.Article == article) == MaxPassagesOfOneArticle)
            {
                Drop(indexes, hits, article);
            }
        }

        return found.DrainToImmutable();
    }

    // What the message asks counts most, the story around it less; words that mean the same find passages too, but not before the words themselves.
    private static List<WeightedTerm> TermsOf(ReadOnlySpan<PassageIndex> indexes, string query, int passages)
    {
        var read = QuestionTerms.Read(query);
        var terms = new List<WeightedTerm>(read.Count * 2);
        var corrections = 0;
        foreach (var (text, isGeneric, _, said, count) in read)
        {
            var share = EnglishWords.WorthOf(text, isGeneric) * said * (K3 + 1) * count / (K3 + count);
            var group = EnglishWords.GroupOf(text);
            if (!Add(indexes, text, share, passages, terms) && group < 0 && corrections++ < MaxCorrections)
            {
                var known = EnglishWords.Correct(text);
                group = known is null ? -1 : EnglishWords.GroupOf(known);
                if (Nearest(indexes, text) is { } near)
                {
                    Add(indexes, near, share * CorrectionShare, passages, terms);
                }
            }

            if (group >= 0)
            {
                foreach (var alike in EnglishWords.MembersOf(group))
                {
                    if (alike != text)
                    {
                        Add(indexes, alike, share * SynonymShare, passages, terms);
                    }
                }
            }
        }

        return terms;
    }

    private static bool Add(ReadOnlySpan<PassageIndex> indexes, string term, double share, int passages, List<WeightedTerm> terms)
    {
        var frequency = 0;
        foreach (var index in indexes)
        {
            frequency += index.Frequency(term);
        }

        if (frequency == 0)
        {
            return false;
        }

        var weight = share * Math.Log(1 + ((passages - frequency + 0.5) / (frequency + 0.5)));
        for (var i = 0; i < terms.Count; i++)
        {
            if (terms[i].Term == term)
            {
                terms[i] = terms[i] with { Weight = Math.Max(terms[i].Weight, weight) };
                return true;
            }
        }

        terms.Add(new(term, weight));
        return true;
    }

    private static string? Nearest(ReadOnlySpan<PassageIndex> indexes, string misspelt)
    {
        string? best = null;
        var most = 0;
        foreach (var index in indexes)
        {
            if (index.Nearest(misspelt) is { } near && index.Frequency(near) > most)
            {
                (best, most) = (near, index.Frequency(near));
            }
        }

        return best;
    }

    // Takes the best hit out; ties by article, then by the passage's place in it.
    private static Hit? Best(ReadOnlySpan<PassageIndex> indexes, List<Hit> hits)
    {
        var best = -1;
        for (var i = 0; i < hits.Count; i++)
        {
            if (best < 0 || hits[i].Score > hits[best].Score || (hits[i].Score == hits[best].Score && Before(indexes, hits[i], hits[best])))
            {
                best = i;
            }
        }

        if (best < 0)
        {
            return null;
        }

        var hit = hits[best];
        hits[best] = hits[^1];
        hits.RemoveAt(hits.Count - 1);
        return hit;
    }

    private static bool Before(ReadOnlySpan<PassageIndex> indexes, Hit a, Hit b)
    {
        ref readonly var first = ref indexes[a.Index].At(a.Slot);
        ref readonly var second = ref indexes[b.Index].At(b.Slot);
        var order = string.CompareOrdinal(first.Article, second.Article);
        return order < 0 || (order == 0 && first.Number < second.Number);
    }

    private static void Drop(ReadOnlySpan<PassageIndex> indexes, List<Hit> hits, string article)
    {
        for (var i = hits.Count - 1; i >= 0; i--)
        {
            if (indexes[hits[i].Index].At(hits[i].Slot).Article == article)
            {
                hits[i] = hits[^1];
                hits.RemoveAt(hits.Count - 1);
            }
        }
    }
}

/// <summary>A term of a query and what it is worth: the rarer, the more.</summary>
internal readonly record struct WeightedTerm(string Term, double Weight);

/// <summary>A passage that a query found.</summary>
internal readonly record struct Hit(int Index, int Slot, double Score);
