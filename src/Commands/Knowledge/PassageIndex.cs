using System.Buffers;
using System.Runtime.InteropServices;

namespace AIaaS.Commands.Knowledge;

/// <summary>
/// An inverted index over the passages of one tenant and one audience. What it answers depends on the articles that are in it now,
/// not on the order or the number of changes that brought them. Not safe for threads: its owner locks.
/// </summary>
internal sealed class PassageIndex
{
    // A word of the title says what the whole article is about.
    private const int TitleWeight = 2;
    private const double TitleBonus = 0.6;

    // What an article says elsewhere tells what a passage of it is about.
    private const double ArticleShare = 0.15;
    private const int MinDead = 64;

    // The values of Robertson and Zaragoza for running text.
    private const double K1 = 1.2;
    private const double B = 0.75;

    private readonly Dictionary<string, Article> articles = new(StringComparer.Ordinal);
    private Dictionary<string, int> terms = new(StringComparer.Ordinal);
    private Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> lookup;
    private Dictionary<(char First, int Length), List<string>> shapes = [];
    private List<PostingList> postings = [];
    private List<Entry> entries = [];
    private int dead;

    public PassageIndex() => lookup = terms.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>Passages that can be found.</summary>
    public int Count => entries.Count - dead;

    /// <summary>Weighted terms of all passages.</summary>
    public long TotalLength { get; private set; }

    public int ArticleCount => articles.Count;

    public void Put(string article, string title, string content)
    {
        Remove(article);
        var first = entries.Count;
        var number = 0;
        foreach (var text in PassageSplitter.Split(content))
        {
            Add(new(article, title, text, number++));
        }

        if (number == 0)
        {
            Add(new(article, title, title, 0));
        }

        articles.Add(article, new(first, entries.Count - first));
    }

    public bool Remove(string article)
    {
        if (!articles.Remove(article, out var gone))
        {
            return false;
        }

        for (var slot = gone.First; slot < gone.First + gone.Passages; slot++)
        {
            var entry = entries[slot];
            foreach (var (term, _) in Weigh(entry))
            {
                CollectionsMarshal.AsSpan(postings)[term].Alive--;
            }

            TotalLength -= entry.Length;
            entries[slot] = new("", "", "", entry.Number) { IsDead = true };
            dead++;
        }

        if (dead >= MinDead && dead * 3 > entries.Count)
        {
            Compact();
        }

        return true;
    }

    /// <summary>In how many passages a term stands.</summary>
    public int Frequency(ReadOnlySpan<char> term) => lookup.TryGetValue(term, out var id) ? postings[id].Alive : 0;

    /// <summary>The most frequent term that differs from a misspelt one by a letter or two; ties by the alphabet. Null where none is near.</summary>
    public string? Nearest(string misspelt)
    {
        string? best = null;
        var most = 0;
        for (var length = misspelt.Length - 1; misspelt.Length >= Spelling.Shortest && length <= misspelt.Length + 1; length++)
        {
            if (!shapes.TryGetValue((misspelt[0], length), out var candidates))
            {
                continue;
            }

            foreach (var candidate in candidates)
            {
                if (Spelling.IsNear(misspelt, candidate) && Frequency(candidate) is var found && found > 0
                    && (found > most || (found == most && string.CompareOrdinal(candidate, best) < 0)))
                {
                    (best, most) = (candidate, found);
                }
            }
        }

        return best;
    }

    /// <summary>Adds every passage that holds one of the terms, with its BM25 score, to <paramref name="hits"/>.</summary>
    public void Find(List<WeightedTerm> query, double averageLength, int index, List<Hit> hits)
    {
        var rented = ArrayPool<double>.Shared.Rent(entries.Count);
        var scores = rented.AsSpan(0, entries.Count);
        scores.Clear();
        var all = CollectionsMarshal.AsSpan(entries);
        var lists = CollectionsMarshal.AsSpan(postings);
        var scale = K1 * B / averageLength;
        foreach (var wanted in query)
        {
            if (terms.TryGetValue(wanted.Term, out var id))
            {
                var share = wanted.Weight * (K1 + 1);
                var bonus = wanted.Weight * TitleBonus;
                foreach (var (slot, weight, isInTitle) in lists[id].Items)
                {
                    scores[slot] += (share * weight / (weight + (K1 * (1 - B)) + (scale * all[slot].Length))) + (isInTitle ? bonus : 0);
                }
            }
        }

        for (var first = 0; first < scores.Length;)
        {
            var end = first + 1;
            while (end < scores.Length && all[end].Number > 0)
            {
                end++;
            }

            if (!all[first].IsDead)
            {
                Collect(scores[first..end], first, index, hits);
            }

            first = end;
        }

        ArrayPool<double>.Shared.Return(rented);
    }

    private static void Collect(ReadOnlySpan<double> scores, int first, int index, List<Hit> hits)
    {
        double best = 0, second = 0;
        foreach (var score in scores)
        {
            (best, second) = score > best ? (score, best) : (best, Math.Max(second, score));
        }

        for (var i = 0; i < scores.Length; i++)
        {
            if (scores[i] > 0)
            {
                hits.Add(new(index, first + i, scores[i] + (ArticleShare * (scores[i] == best ? second : best))));
            }
        }
    }

    public ref readonly Entry At(int slot) => ref CollectionsMarshal.AsSpan(entries)[slot];

    private void Add(Entry entry)
    {
        var slot = entries.Count;
        foreach (var (term, (weight, isInTitle)) in Weigh(entry))
        {
            ref var list = ref CollectionsMarshal.AsSpan(postings)[term];
            list.Add(new(slot, (ushort)Math.Min(weight, ushort.MaxValue), isInTitle));
            list.Alive++;
            entry.Length += weight;
        }

        TotalLength += entry.Length;
        entries.Add(entry);
    }

    private Dictionary<int, (int Weight, bool IsInTitle)> Weigh(in Entry entry)
    {
        var counts = new Dictionary<int, (int Weight, bool IsInTitle)>();
        Weigh(entry.Title, TitleWeight, counts);
        Weigh(entry.Text, 1, counts);
        return counts;
    }

    private void Weigh(string text, int weight, Dictionary<int, (int Weight, bool IsInTitle)> counts)
    {
        Span<char> buffer = stackalloc char[TermReader.BufferSize];
        var reader = new TermReader(text, buffer);
        var phrase = new BackPhrase(inArticle: true);
        while (reader.Read())
        {
            Tally(reader.Term, weight, counts);
            if (phrase.Hear(reader.Term) is { } meant)
            {
                Tally(meant, weight, counts);
            }
        }
    }

    private void Tally(ReadOnlySpan<char> word, int weight, Dictionary<int, (int Weight, bool IsInTitle)> counts)
    {
        if (!lookup.TryGetValue(word, out var id))
        {
            id = postings.Count;
            var term = word.ToString();
            terms.Add(term, id);
            postings.Add(new());
            ref var alike = ref CollectionsMarshal.GetValueRefOrAddDefault(shapes, (term[0], term.Length), out _);
            (alike ??= []).Add(term);
        }

        ref var count = ref CollectionsMarshal.GetValueRefOrAddDefault(counts, id, out _);
        count = (count.Weight + weight, count.IsInTitle || weight == TitleWeight);
    }

    private void Compact()
    {
        var alive = entries;
        var kept = articles.OrderBy(a => a.Value.First).ToList();
        articles.Clear();
        terms = new(StringComparer.Ordinal);
        lookup = terms.GetAlternateLookup<ReadOnlySpan<char>>();
        (postings, shapes, entries, dead, TotalLength) = ([], [], new(Count), 0, 0);
        foreach (var (id, (first, passages)) in kept)
        {
            articles.Add(id, new(entries.Count, passages));
            for (var slot = first; slot < first + passages; slot++)
            {
                Add(new(id, alive[slot].Title, alive[slot].Text, alive[slot].Number));
            }
        }
    }

    internal struct Entry(string article, string title, string text, int number)
    {
        public readonly string Article = article;
        public readonly string Title = title;
        public readonly string Text = text;
        public readonly int Number = number;
        public int Length;
        public bool IsDead;
    }

    private readonly record struct Article(int First, int Passages);

    private readonly record struct Posting(int Slot, ushort Weight, bool IsInTitle);

    private struct PostingList
    {
        private Posting[]? items;
        private int count;

        public int Alive;

        public readonly ReadOnlySpan<Posting> Items => items.AsSpan(0, count);

        public void Add(Posting posting)
        {
            if (items is null || count == items.Length)
            {
                Array.Resize(ref items, count == 0 ? 1 : count < 4 ? 4 : count * 2);
            }

            items[count++] = posting;
        }
    }
}
