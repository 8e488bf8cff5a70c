using System.Text;

namespace AIaaS.Domain.Budgets;

/// <summary>
/// The p-value of a one-sided test on ranks by drawing: how often a sample of the day's size, drawn from all costs together without putting back, is at least as high. Were nothing
/// changed, the day itself is one more such sample, so that the p-value is within any u at most with chance u, for every number of costs and every pattern of ties
/// (Dwass, Ann. Math. Statist. 28, 1957). Drawing ends early once that many samples were as high that nothing can come of it (Besag and Clifford, Biometrika 78, 1991, "Sequential Monte
/// Carlo p-values"), which keeps this property.
/// <para>
/// How high a sample is: the higher one of two rank sums, each in its standard deviations. The first ranks all costs; it also sees that fewer of them are free. The second ranks those that
/// are not free among themselves: how many of the sample are free is chance that would drown what paid ones tell. That the higher one counts is so for each sample alike, and so costs nothing of
/// the validity. Ranks are whole numbers, twice the mid-ranks around 0: no sum is ever rounded.
/// </para>
/// <para>The draws come from a generator of its own (SplitMix64: Steele, Lea, Flood, OOPSLA 2014), so that a seed gives the same p-value for ever; the seed must not hang on the costs.</para>
/// </summary>
public static class RankSumPermutation
{
    /// <summary>After so many samples as high as the day no more are drawn.</summary>
    public const int Enough = 20;

    /// <summary>The most costs, of the day and before together, that are drawn from.</summary>
    public const long MostCosts = 2_000_000;

    /// <summary>The most draws of single costs for one p-value.</summary>
    public const long MostDraws = 20_000_000;

    /// <summary>The p-value; null where so many costs would have to be drawn that it is not tried. Whether it is tried depends on how many costs there are, not on how high they are.</summary>
    /// <param name="before">The costs before, on the same resolution as those of the day.</param>
    /// <param name="now">The costs of the day.</param>
    /// <param name="threshold">The p-value that has to be told from higher ones, above 0.</param>
    /// <param name="seed">The seed.</param>
    public static double? PValue(CostCounts before, CostCounts now, double threshold, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(now);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(threshold);
        var all = before.N + now.N;
        var size = Math.Min(before.N, now.N);
        var samples = Math.Ceiling(Enough / threshold);
        if (all > MostCosts || samples * size > MostDraws)
        {
            return null;
        }

        var (scores, observed) = Scores(before, now, (int)all);
        var (ofAll, ofPaid) = (1 / Length(scores, s => s.All), 1 / Length(scores, s => s.Paid));
        var height = Height(observed.All, observed.Paid);
        var random = new SplitMix64(seed);
        var asHigh = 0;
        for (var sample = 1L; sample < (long)samples; sample++)
        {
            // The first places of a shuffle; the array stays shuffled, which makes the next sample no less even.
            var (sum, paid) = (0L, 0L);
            for (var i = 0; i < (int)size; i++)
            {
                var other = i + random.Below((uint)(scores.Length - i));
                (scores[i], scores[other]) = (scores[other], scores[i]);
                sum += scores[i].All;
                paid += scores[i].Paid;
            }

            if (Height(sum, paid) >= height && ++asHigh == Enough)
            {
                return (double)Enough / sample;
            }
        }

        return (asHigh + 1) / samples;

        double Height(long sum, long paid) => Math.Max(sum * ofAll, paid * ofPaid);
    }

    /// <summary>A seed of words, the same for ever (FNV-1a, 64 bits).</summary>
    public static ulong Seed(params ReadOnlySpan<string> words)
    {
        var hash = 14_695_981_039_346_656_037UL;
        foreach (var word in words)
        {
            foreach (var one in Encoding.UTF8.GetBytes(word))
            {
                hash = (hash ^ one) * 1_099_511_628_211UL;
            }

            // A byte that no text has: that "a", "bc" is another seed than "ab", "c".
            hash = (hash ^ 0xff) * 1_099_511_628_211UL;
        }

        return hash;
    }

    /// <summary>The scores of all costs, and the sums of the smaller sample's. Where that is the history, they are turned round: it is low when the day is high.</summary>
    private static (Score[] Scores, (long All, long Paid) Observed) Scores(CostCounts before, CostCounts now, int all)
    {
        var sign = now.N <= before.N ? 1 : -1;
        var scores = new Score[all];
        var (filled, free) = (0, 0);
        var (sum, paid) = (0L, 0L);
        foreach (var (value, (b, n)) in CostCounts.Together(before, now))
        {
            var count = (int)(b + n);
            free += value <= 0 ? count : 0;
            var score = (2 * filled) + count - all;
            var one = new Score(sign * score, value <= 0 ? 0 : sign * (score - free));
            Array.Fill(scores, one, filled, count);
            var observed = sign > 0 ? n : b;
            (sum, paid) = (sum + (one.All * observed), paid + (one.Paid * observed));
            filled += count;
        }

        return (scores, (sum, paid));
    }

    /// <summary>What a sum of scores is measured by: its standard deviation, but for what is the same for all scores. Where all are equal, no sum is above 0.</summary>
    private static double Length(Score[] scores, Func<Score, int> part)
    {
        var squares = 0.0;
        foreach (var score in scores)
        {
            squares += (double)part(score) * part(score);
        }

        return squares > 0 ? Math.Sqrt(squares) : 1;
    }

    /// <summary>Twice the mid-ranks around 0.</summary>
    /// <param name="All">Among all costs.</param>
    /// <param name="Paid">Among those that are not free; 0 for one that is.</param>
    private readonly record struct Score(int All, int Paid);

    private struct SplitMix64(ulong seed)
    {
        private ulong state = seed;

        /// <summary>A whole number below a limit. A limit of millions makes one of them likelier than another by less than 1 in 10^12.</summary>
        public int Below(uint limit)
        {
            var z = state += 0x9e3779b97f4a7c15UL;
            z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9UL;
            z = (z ^ (z >> 27)) * 0x94d049bb133111ebUL;
            return (int)Math.BigMul(z ^ (z >> 31), limit, out _);
        }
    }
}
