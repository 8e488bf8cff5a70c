using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace AIaaS.Domain.Budgets;

/// <summary>
/// Costs as counts by value: how often each amount came. Exact up to <see cref="MaxValues"/> different amounts; with more of them, all are cut (never rounded up) to three
/// significant digits, then to two, then to one. Cutting keeps the order of amounts, so that tests on ranks stay valid, and cutting twice is the same as cutting once, so
/// that any order of adding gives the same counts. Number and total stay exact.
/// </summary>
public sealed record CostCounts
{
    /// <summary>The most different amounts.</summary>
    public const int MaxValues = 1_000;

    /// <summary>No costs.</summary>
    public static CostCounts Empty { get; } = new();

    /// <summary>Significant digits that are kept of an amount; 0 for all of them.</summary>
    public int Digits { get; init; }

    /// <summary>How often each amount came, by amount.</summary>
    public ImmutableSortedDictionary<decimal, long> Values { get; init; } = ImmutableSortedDictionary<decimal, long>.Empty;

    /// <summary>How many costs there are.</summary>
    public long N { get; init; }

    /// <summary>All of them together, exact.</summary>
    public decimal Total { get; init; }

    /// <summary>The mean; 0 where there is none.</summary>
    [JsonIgnore]
    public decimal Mean => N == 0 ? 0 : Total / N;

    /// <summary>The amount that at least a part of the costs does not exceed, 0 to 1; 0 where there is none.</summary>
    public decimal Quantile(double part)
    {
        var rank = (long)Math.Ceiling(Math.Clamp(part, 0, 1) * N);
        var seen = 0L;
        var last = 0m;
        foreach (var (value, count) in Values)
        {
            (seen, last) = (seen + count, value);
            if (seen >= rank)
            {
                break;
            }
        }

        return last;
    }

    /// <summary>Both together.</summary>
    public CostCounts Add(CostCounts other)
    {
        var builder = new Builder(this);
        builder.Add(other);
        return builder.Build();
    }

    /// <summary>Of each amount, in their order, how often it came in the one and in the other. Both on one resolution: cut amounts are comparable only with amounts that are cut alike.</summary>
    internal static SortedDictionary<decimal, (long First, long Second)> Together(CostCounts first, CostCounts second)
    {
        var values = new SortedDictionary<decimal, (long First, long Second)>();
        foreach (var (value, count) in first.Values)
        {
            values[value] = (count, 0);
        }

        foreach (var (value, count) in second.Values)
        {
            values[value] = (values.GetValueOrDefault(value).First, count);
        }

        return values;
    }

    /// <summary>The same with so many significant digits.</summary>
    public CostCounts At(int digits) => Coarser(Digits, digits) == Digits ? this : Cut(Coarser(Digits, digits));

    /// <summary>The coarser of two resolutions.</summary>
    public static int Coarser(int a, int b) => a == 0 ? b : b == 0 ? a : Math.Min(a, b);

    /// <summary>An amount cut to its first significant digits.</summary>
    internal static decimal Cut(decimal value, int digits)
    {
        if (value == 0 || digits == 0)
        {
            return value;
        }

        // The power of ten is found with decimals alone: logarithms are not exact at its edges.
        var size = Math.Abs(value);
        var unit = 1m;
        for (var i = 0; size >= unit * 10m && i < 27; i++)
        {
            unit *= 10m;
        }

        for (var i = 0; size < unit && i < 27; i++)
        {
            unit /= 10m;
        }

        for (var i = 1; i < digits && unit > 0.000000000000000000000001m; i++)
        {
            unit /= 10m;
        }

        return decimal.Truncate(value / unit) * unit;
    }

    private CostCounts Cut(int digits)
    {
        var builder = new Builder(new() { Digits = digits });
        builder.Add(this);
        return builder.Build();
    }

    /// <summary>Gathers many costs before they become counts.</summary>
    public sealed class Builder
    {
        private Dictionary<decimal, long> values;
        private int digits;
        private long n;
        private decimal total;

        /// <summary>Begins with what there is.</summary>
        public Builder(CostCounts start)
        {
            ArgumentNullException.ThrowIfNull(start);
            values = new(start.Values);
            (digits, n, total) = (start.Digits, start.N, start.Total);
        }

        /// <summary>Adds a cost.</summary>
        public void Add(decimal cost)
        {
            Count(Cut(cost, digits), 1);
            n++;
            total += cost;
        }

        /// <summary>Adds costs.</summary>
        public void Add(CostCounts other)
        {
            ArgumentNullException.ThrowIfNull(other);
            if (Coarser(digits, other.Digits) is var coarser && coarser != digits)
            {
                Cut(coarser);
            }

            foreach (var (value, count) in other.Values)
            {
                Count(CostCounts.Cut(value, digits), count);
            }

            n += other.N;
            total += other.Total;
        }

        /// <summary>The counts of what was added.</summary>
        public CostCounts Build() => new() { Digits = digits, Values = values.ToImmutableSortedDictionary(), N = n, Total = total };

        private static decimal Cut(decimal value, int digits) => CostCounts.Cut(value, digits);

        private void Count(decimal value, long count)
        {
            values[value] = values.GetValueOrDefault(value) + count;
            while (values.Count > MaxValues && digits != 1)
            {
                Cut(digits == 0 ? 3 : digits - 1);
            }
        }

        private void Cut(int to)
        {
            digits = to;
            var cut = new Dictionary<decimal, long>();
            foreach (var (value, count) in values)
            {
                var key = CostCounts.Cut(value, to);
                cut[key] = cut.GetValueOrDefault(key) + count;
            }

            values = cut;
        }
    }
}
