using System.Collections.Immutable;
using System.Globalization;

namespace AIaaS.Domain.Budgets;

/// <summary>The settings of the cost guard (configuration section <c>CostGuard</c>).</summary>
public sealed record CostGuardOptions
{
    /// <summary>The most that the chance of any false alarm for a tenant in a night may be. Default 1 %.</summary>
    public double Alpha { get; init; } = 0.01;

    /// <summary>How many days before count as history. Default 28.</summary>
    public int HistoryDays { get; init; } = 28;

    /// <summary>How many days at most the daily total is held against. Default 400.</summary>
    public int DayHistory { get; init; } = 400;

    /// <summary>The fewest costs of the day that are tested. Default 20.</summary>
    public int LeastNow { get; init; } = 20;

    /// <summary>The fewest costs of the history that are tested. Default 60.</summary>
    public int LeastBefore { get; init; } = 60;

    /// <summary>How much dearer the mean must be to be said, as a part. Default 0.1: ten percent.</summary>
    public double LeastEffect { get; init; } = 0.1;

    /// <summary>How much dearer the day must be by it to be said, in USD. Default 0.01.</summary>
    public decimal LeastExcess { get; init; } = 0.01m;

    /// <summary>The fewest runs of each tier that a cheaper one is recommended on. Default 50.</summary>
    public int LeastRunsPerTier { get; init; } = 50;
}

/// <summary>Costs of one kind, a day's against those before.</summary>
/// <param name="Kind"><c>run</c>, <c>workflow</c> or <c>model</c>.</param>
/// <param name="Value">Which workflow or model; <c>*</c> for all.</param>
/// <param name="Before">The costs of the history.</param>
/// <param name="Now">The costs of the day.</param>
public sealed record CostSeries(string Kind, string Value, CostCounts Before, CostCounts Now);

/// <summary>A cost that has gone up.</summary>
/// <param name="Kind"><c>run</c>: a run of the tenant; <c>workflow</c>: a run of one workflow; <c>model</c>: a call of one model; <c>day</c>: all of a day.</param>
/// <param name="Value">Which workflow or model; <c>*</c> for all.</param>
/// <param name="Before">The mean cost before, in USD.</param>
/// <param name="Now">The mean cost of the day, in USD; of a day its total.</param>
/// <param name="Effect">How much dearer, as a part of before.</param>
/// <param name="Excess">What that made the day dearer, in USD.</param>
/// <param name="CountBefore">How many costs (runs, calls, days) the history has.</param>
/// <param name="CountNow">How many costs the day has.</param>
/// <param name="Test"><c>rank-sum</c> or <c>conformal-rank</c>.</param>
/// <param name="PValue">At most so often such a difference comes by chance, were nothing changed.</param>
/// <param name="Threshold">What the p-value had to stay within, among so many tests (Holm), for alpha.</param>
/// <param name="Text">In words.</param>
public sealed record CostFinding(string Kind, string Value, decimal Before, decimal Now, double Effect, decimal Excess, long CountBefore, long CountNow, string Test, double PValue, double Threshold, string Text);

/// <summary>What the tests of a tenant's night came to.</summary>
/// <param name="Tested">How many series were tested.</param>
/// <param name="NotTested">Series with too few costs, and why.</param>
/// <param name="Findings">The costs that have gone up, the dearest first.</param>
public sealed record CostVerdict(int Tested, ImmutableArray<string> NotTested, ImmutableArray<CostFinding> Findings);

/// <summary>How a rank-sum test came out.</summary>
/// <param name="Auc">The chance that a cost of the day is higher than one before (ties count half): Mann–Whitney's U over n·m. 0.5 is no difference.</param>
/// <param name="Z">U in its standard deviations, corrected for ties and continuity.</param>
/// <param name="Normal">The one-sided p-value of the normal approximation.</param>
/// <param name="Bound">A bound of the exact one-sided p-value that holds for every number of costs and every pattern of ties.</param>
public readonly record struct RankSum(double Auc, double Z, double Normal, double Bound);

/// <summary>
/// Whether costs have gone up against their own history. No distribution is assumed; that, were nothing changed, the costs of the day could as well stand anywhere
/// in the history (exchangeability) is.
/// <para>
/// Costs of runs and calls: the rank-sum test of Mann and Whitney (Ann. Math. Statist. 18, 1947), one-sided, on mid-ranks. Its normal approximation, corrected for ties
/// (Lehmann, Nonparametrics, 1975), is reported, but decides nothing: where most costs are equal (zeros) and few are dear, its tail is far too thin, and the rate of
/// false alarms would not be what is stated. What decides is a permutation test on rank sums, which holds with any ties and any tails: its p-value is found by drawing samples
/// (Besag and Clifford, Biometrika 78, 1991), see <see cref="RankSumPermutation"/>. Beside it stands Chernoff's bound for a sum drawn without replacement (Hoeffding, JASA 58, 1963, theorem 4),
/// which is never below the exact p-value: it says of a great difference how small its chance is, and decides alone where too many costs would have to be drawn. The drawing gets
/// 99 parts of 100 of the error and the bound one (<c>min(drawn / 0.99, bound / 0.01)</c>), so that both together keep what is stated.
/// </para>
/// <para>
/// The total of a day: its rank among the days before, p = (1 + days at least as dear) / (1 + days), as in conformal prediction (Vovk, Gammerman, Shafer, Algorithmic Learning in
/// a Random World, 2005). It cannot be below 1 / (1 + days), so it is tested only from 2/alpha − 1 days of history on (199 at 1 %), and then gets half of alpha.
/// </para>
/// <para>
/// All rank-sum tests of a tenant's night share alpha (or its other half) by Holm's procedure (Scand. J. Statist. 6, 1979), which holds whatever hangs together between them: the
/// chance of any false alarm in the night is at most alpha. Which series are tested, and how, depends on how many costs there are, not on how high they are. A least effect is asked
/// for on top, which only makes alarms fewer. The rate is one of a single night: over a month of nights a false alarm is the likelier the longer.
/// </para>
/// </summary>
public static class CostDrift
{
    /// <summary>Which part of the error the drawing gets; the bound gets the rest.</summary>
    private const double DrawnPart = 0.99;

    /// <summary>Tests all series of a tenant's night.</summary>
    /// <param name="series">The series.</param>
    /// <param name="daysBefore">The totals of the days before, in any order; days without costs are zeros.</param>
    /// <param name="today">The total of the day.</param>
    /// <param name="options">The settings.</param>
    /// <param name="night">What the draws are seeded by: the tenant and the day, say. It must not hang on the costs.</param>
    public static CostVerdict Judge(IReadOnlyList<CostSeries> series, IReadOnlyList<decimal> daysBefore, decimal today, CostGuardOptions options, string night)
    {
        ArgumentNullException.ThrowIfNull(series);
        ArgumentNullException.ThrowIfNull(daysBefore);
        ArgumentNullException.ThrowIfNull(options);
        List<string> notTested = [];
        List<CostSeries> enough = [];
        foreach (var one in series)
        {
            if (one.Now.N < options.LeastNow || one.Before.N < options.LeastBefore)
            {
                notTested.Add(string.Create(CultureInfo.InvariantCulture, $"{one.Kind} {one.Value}: {one.Now.N} costs of the day and {one.Before.N} before; {options.LeastNow} and {options.LeastBefore} are needed"));
                continue;
            }

            enough.Add(one);
        }

        var findings = ImmutableArray.CreateBuilder<CostFinding>();
        var (alpha, daily) = (options.Alpha, options.Alpha / 2);
        var isDayTested = daysBefore.Count + 1 >= 1 / daily;
        if (isDayTested)
        {
            alpha /= 2;
            Day(daysBefore, today, daily, options, findings);
        }
        else
        {
            notTested.Add(string.Create(CultureInfo.InvariantCulture, $"day *: {daysBefore.Count} days before; {Math.Ceiling(1 / daily) - 1} are needed"));
        }

        List<(CostSeries Series, double P)> tested = [.. enough.Select(one => (one, PValue(one.Before, one.Now, alpha / enough.Count, RankSumPermutation.Seed(night, one.Kind, one.Value))))];
        tested.Sort((a, b) => a.P.CompareTo(b.P));
        for (var i = 0; i < tested.Count; i++)
        {
            var threshold = alpha / (tested.Count - i);
            var (one, p) = tested[i];
            if (p > threshold)
            {
                break;
            }

            var (before, now) = (one.Before.Mean, one.Now.Mean);
            if (Finding(one.Kind, one.Value, before, now, (now - before) * one.Now.N, one.Before.N, one.Now.N, "rank-sum", p, threshold, options) is { } finding)
            {
                findings.Add(finding);
            }
        }

        return new(tested.Count + (isDayTested ? 1 : 0), [.. notTested], [.. findings.OrderByDescending(f => f.Excess).ThenBy(f => f.Kind, StringComparer.Ordinal).ThenBy(f => f.Value, StringComparer.Ordinal)]);
    }

    /// <summary>Whether the costs of a day tend to be higher than those before. One-sided: that they are lower gives a p-value near 1.</summary>
    public static RankSum Compare(CostCounts before, CostCounts now)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(now);
        if (before.N == 0 || now.N == 0)
        {
            return new(0.5, 0, 1, 1);
        }

        (before, now) = OnOneResolution(before, now);
        var (n, m) = ((double)now.N, (double)before.N);
        var all = n + m;
        var values = CostCounts.Together(before, now);

        // Scores: mid-ranks around 0, as parts of all costs.
        var scores = new double[values.Count];
        var weights = new double[values.Count];
        var (sum, ties, below, i) = (0.0, 0.0, 0.0, 0);
        foreach (var (b, a) in values.Values)
        {
            var count = (double)(a + b);
            scores[i] = (below + (count / 2) - (all / 2)) / all;
            weights[i] = count / all;
            sum += a * scores[i];
            ties += (count * count * count) - count;
            below += count;
            i++;
        }

        // U − nm/2 is the sum of the day's scores, times all.
        var excess = sum * all;
        var auc = Math.Clamp(0.5 + (excess / (n * m)), 0, 1);
        var variance = n * m / 12 * (all + 1 - (ties / (all * (all - 1))));
        var z = variance <= 0 ? 0 : (excess - (0.5 * Math.Sign(excess))) / Math.Sqrt(variance);
        var normal = variance <= 0 ? 1 : UpperTail(z);

        // The sum of the smaller sample is bounded: it is the nearer to one drawn with replacement.
        if (n > m)
        {
            for (var k = 0; k < scores.Length; k++)
            {
                scores[k] = -scores[k];
            }
        }

        return new(auc, z, normal, sum <= 0 ? 1 : Chernoff(scores, weights, sum, Math.Min(n, m)));
    }

    /// <summary>What decides on a series: the drawn p-value and the bound, each with its part of the error. At most 1.</summary>
    /// <param name="before">The costs before.</param>
    /// <param name="now">The costs of the day.</param>
    /// <param name="threshold">The p-value that has to be told from higher ones, above 0.</param>
    /// <param name="seed">What the draws are seeded by.</param>
    public static double PValue(CostCounts before, CostCounts now, double threshold, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(now);
        if (now.Mean <= before.Mean)
        {
            // Not dearer: nothing would be said of it, and 1 is never too small.
            return 1;
        }

        var test = Compare(before, now);
        var bound = test.Bound / (1 - DrawnPart);
        if (bound < threshold / RankSumPermutation.Enough)
        {
            // No drawing would give less.
            return bound;
        }

        (before, now) = OnOneResolution(before, now);
        return RankSumPermutation.PValue(before, now, threshold, seed) is { } drawn ? Math.Min(1, Math.Min(drawn / DrawnPart, bound)) : test.Bound;
    }

    /// <summary>The p-value of a day's total among the days before.</summary>
    public static double Conformal(IReadOnlyCollection<decimal> before, decimal today)
    {
        ArgumentNullException.ThrowIfNull(before);
        return (1.0 + before.Count(b => b >= today)) / (1 + before.Count);
    }

    /// <summary>Cut alike, and as all costs together would be: how they are divided into day and history has no part in it.</summary>
    private static (CostCounts Before, CostCounts Now) OnOneResolution(CostCounts before, CostCounts now)
    {
        var digits = before.Add(now).Digits;
        return (before.At(digits), now.At(digits));
    }

    private static void Day(IReadOnlyList<decimal> before, decimal today, double alpha, CostGuardOptions options, ImmutableArray<CostFinding>.Builder findings)
    {
        var p = Conformal(before, today);
        var mean = before.Sum() / before.Count;
        if (p <= alpha && Finding("day", "*", mean, today, today - mean, before.Count, 1, "conformal-rank", p, alpha, options) is { } finding)
        {
            findings.Add(finding);
        }
    }

    private static CostFinding? Finding(string kind, string value, decimal before, decimal now, decimal excess, long countBefore, long countNow, string test, double p, double threshold, CostGuardOptions options)
    {
        var effect = before > 0 ? (double)((now - before) / before) : now > 0 ? 1_000 : 0;
        if (effect < options.LeastEffect || excess < options.LeastExcess)
        {
            return null;
        }

        var what = kind switch
        {
            "run" => "A run",
            "workflow" => $"A run of the workflow '{value}'",
            "model" => $"A call of the model '{value}'",
            _ => "The day",
        };
        var dearer = before > 0 ? string.Create(CultureInfo.InvariantCulture, $"{effect:+0 %;-0 %}") : "which was free before";
        var text = string.Create(CultureInfo.InvariantCulture, $"{what} cost {now:0.######} USD, {before:0.######} USD before ({dearer}); that made the day {excess:0.######} USD dearer.");
        return new(kind, value, before, now, effect, excess, countBefore, countNow, test, p, threshold, text);
    }

    /// <summary>min over t ≥ 0 of exp(−t·sum) · (Σ weight·exp(t·score))^n: where its derivative is 0, found by halving.</summary>
    private static double Chernoff(double[] scores, double[] weights, double sum, double n)
    {
        var mean = sum / n;
        var (low, high) = (0.0, 1.0);
        while (Tilted(scores, weights, high).Mean < mean && high < 1e6)
        {
            (low, high) = (high, high * 2);
        }

        for (var i = 0; i < 50; i++)
        {
            var middle = (low + high) / 2;
            (low, high) = Tilted(scores, weights, middle).Mean < mean ? (middle, high) : (low, middle);
        }

        // Any t gives a bound: that the root is not exact costs next to nothing, and nothing of its validity.
        return Math.Min(1, Math.Exp(n * (Tilted(scores, weights, low).Log - (low * mean))));
    }

    private static (double Log, double Mean) Tilted(double[] scores, double[] weights, double t)
    {
        var top = double.NegativeInfinity;
        foreach (var score in scores)
        {
            top = Math.Max(top, t * score);
        }

        var (mass, moment) = (0.0, 0.0);
        for (var i = 0; i < scores.Length; i++)
        {
            var weight = weights[i] * Math.Exp((t * scores[i]) - top);
            mass += weight;
            moment += weight * scores[i];
        }

        return (top + Math.Log(mass), moment / mass);
    }

    /// <summary>The upper tail of the standard normal distribution, by the continued fraction of Abramowitz and Stegun 26.2.14 far out and the series 26.2.11 near the middle.</summary>
    private static double UpperTail(double z)
    {
        var x = Math.Abs(z);
        var density = Math.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI);
        double tail;
        if (x < 3)
        {
            var (term, sum) = (x, x);
            for (var k = 1; k < 60; k++)
            {
                term *= x * x / ((2 * k) + 1);
                sum += term;
            }

            tail = 0.5 - (density * sum);
        }
        else
        {
            var fraction = x;
            for (var k = 60; k >= 1; k--)
            {
                fraction = x + (k / fraction);
            }

            tail = density / fraction;
        }

        return z >= 0 ? tail : 1 - tail;
    }
}
