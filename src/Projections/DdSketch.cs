using System.Collections.Immutable;

namespace AIaaS.Projections;

/// <summary>
/// Quantiles of many values in few bytes: DDSketch (Masson, Rim, Lee: "DDSketch: a fast and fully-mergeable quantile sketch with
/// relative-error guarantees", VLDB 2019). Each quantile is off by at most 1 % of its value. Sketches merge without loss: the merge
/// of two is the sketch of both their values. Values up to <see cref="Least"/> count as 0.
/// </summary>
/// <param name="Indexes">The buckets that hold values, ascending; bucket i holds (γ^(i-1), γ^i], where γ = 1.01 / 0.99.</param>
/// <param name="Counts">How many values each of them holds.</param>
/// <param name="Zeros">How many values were 0 (or below <see cref="Least"/>).</param>
public sealed record DdSketch(ImmutableArray<int> Indexes, ImmutableArray<long> Counts, long Zeros)
{
    /// <summary>The largest relative error of a quantile.</summary>
    public const double RelativeError = 0.01;

    /// <summary>What is not above this counts as 0.</summary>
    public const double Least = 1e-6;

    private const double Gamma = (1 + RelativeError) / (1 - RelativeError);

    private static readonly double LogGamma = Math.Log(Gamma);

    /// <summary>A sketch of no values.</summary>
    public static DdSketch Empty { get; } = new([], [], 0);

    /// <summary>How many values it holds.</summary>
    public long Count()
    {
        var count = Zeros;
        foreach (var bucket in Counts)
        {
            count += bucket;
        }

        return count;
    }

    /// <summary>The sketch with one more value.</summary>
    public DdSketch Add(double value)
    {
        var builder = new Builder(this);
        builder.Add(value);
        return builder.Build();
    }

    /// <summary>The sketch of the values of both.</summary>
    public DdSketch Merge(DdSketch other)
    {
        ArgumentNullException.ThrowIfNull(other);
        var builder = new Builder(this);
        builder.Add(other);
        return builder.Build();
    }

    /// <summary>The quantile q by the rank ⌊q·(n-1)⌋ of the sorted values, off by at most 1 % of its value; null where there is no value.</summary>
    /// <param name="q">0 to 1.</param>
    public double? Quantile(double q)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(q);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(q, 1);
        var count = Count();
        if (count == 0)
        {
            return null;
        }

        var rank = (long)Math.Floor(q * (count - 1));
        var seen = Zeros;
        if (rank < seen)
        {
            return 0;
        }

        for (var i = 0; i < Indexes.Length; i++)
        {
            seen += Counts[i];
            if (rank < seen)
            {
                return 2 * Math.Pow(Gamma, Indexes[i]) / (Gamma + 1);
            }
        }

        throw new InvalidOperationException($"The sketch is damaged: {Indexes.Length} buckets, {Counts.Length} counts.");
    }

    /// <inheritdoc />
    public bool Equals(DdSketch? other) => other is not null && Zeros == other.Zeros && Indexes.SequenceEqual(other.Indexes) && Counts.SequenceEqual(other.Counts);

    /// <inheritdoc />
    public override int GetHashCode() => HashCode.Combine(Zeros, Indexes.Length, Count());

    /// <summary>Gathers many values before they become a sketch.</summary>
    public sealed class Builder
    {
        private long[] counts = [];
        private int first;
        private long zeros;

        /// <summary>Begins with the values of a sketch.</summary>
        public Builder(DdSketch start) => Add(start);

        /// <summary>Adds a value.</summary>
        /// <exception cref="ArgumentOutOfRangeException">It is negative, infinite or not a number.</exception>
        public void Add(double value)
        {
            if (!double.IsFinite(value) || value < 0)
            {
                throw new ArgumentOutOfRangeException(nameof(value), value, "A sketch holds values from 0 up.");
            }

            if (value <= Least)
            {
                zeros++;
            }
            else
            {
                Slot((int)Math.Ceiling(Math.Log(value) / LogGamma))++;
            }
        }

        /// <summary>Adds the values of a sketch.</summary>
        public void Add(DdSketch sketch)
        {
            ArgumentNullException.ThrowIfNull(sketch);
            zeros += sketch.Zeros;
            if (sketch.Indexes.Length > 0)
            {
                // Both ends first, so that the array grows once.
                Slot(sketch.Indexes[0]) += 0;
                Slot(sketch.Indexes[^1]) += 0;
            }

            for (var i = 0; i < sketch.Indexes.Length; i++)
            {
                Slot(sketch.Indexes[i]) += sketch.Counts[i];
            }
        }

        /// <summary>The sketch of what was added.</summary>
        public DdSketch Build()
        {
            var used = counts.Count(c => c > 0);
            var indexes = ImmutableArray.CreateBuilder<int>(used);
            var buckets = ImmutableArray.CreateBuilder<long>(used);
            for (var i = 0; i < counts.Length; i++)
            {
                if (counts[i] > 0)
                {
                    indexes.Add(first + i);
                    buckets.Add(counts[i]);
                }
            }

            return new(indexes.MoveToImmutable(), buckets.MoveToImmutable(), zeros);
        }

        private ref long Slot(int index)
        {
            const int Room = 64;
            if (counts.Length == 0)
            {
                (first, counts) = (index - (Room / 2), new long[Room]);
            }
            else if (index < first || index >= first + counts.Length)
            {
                var from = Math.Min(first, index - (index < first ? Room : 0));
                var to = Math.Max(first + counts.Length, index + 1 + (index >= first ? Room : 0));
                var grown = new long[to - from];
                counts.CopyTo(grown, first - from);
                (first, counts) = (from, grown);
            }

            return ref counts[index - first];
        }
    }
}
