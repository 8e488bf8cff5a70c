using System.Collections.Immutable;
using System.Runtime.InteropServices;
using AIaaS.Domain.Audit;
using AIaaS.Domain.Metering;
using AIaaS.Domain.Pricing;
using AIaaS.EventStore;

namespace AIaaS.Domain.Billing;

/// <summary>What was used for one line.</summary>
/// <param name="Slot">The line.</param>
/// <param name="Quantity">What the meter gives.</param>
/// <param name="Aggregation">How the readings became it.</param>
/// <param name="Events">How many events.</param>
/// <param name="First">The number in the log of the first one; -1 for none.</param>
/// <param name="Last">The number in the log of the last one; -1 for none.</param>
/// <param name="Root">The root of the tree (RFC 6962) over them in the order of the log.</param>
/// <param name="Blocks">The tree's blocks.</param>
public sealed record LineTotals(LineSlot Slot, decimal Quantity, Aggregation Aggregation, long Events, long First, long Last, MerkleHash Root, MerkleBlocks Blocks);

/// <summary>What was used in a period.</summary>
/// <param name="FromVersion">The first version of the usage stream that was looked at; all before are older than the period.</param>
/// <param name="ThroughVersion">The last one; -1 for none.</param>
/// <param name="Events">Events of the period.</param>
/// <param name="Unpriced">Those of them that belong to no line.</param>
/// <param name="Lines">The lines, in the order of the slots.</param>
public sealed record UsageTotals(long FromVersion, long ThroughVersion, long Events, long Unpriced, ImmutableArray<LineTotals> Lines)
{
    /// <summary>No usage at all.</summary>
    public static UsageTotals None(ImmutableArray<LineSlot> slots) => new UsageTally(slots.Length).ToTotals(slots, 0, -1);
}

/// <summary>Adds up what is read of usage, line by line, in the order of the log. Not for several threads at once.</summary>
public sealed class UsageTally
{
    /// <summary>The most blocks of all lines of an invoice together, and of one line: a hash each.</summary>
    private const int AllBlocks = 2_048;

    private readonly Line[] lines;

    /// <summary>Begins with nothing.</summary>
    /// <param name="slots">How many lines there are.</param>
    public UsageTally(int slots)
    {
        lines = new Line[slots];
        for (var i = 0; i < slots; i++)
        {
            lines[i] = new();
        }
    }

    /// <summary>Events of the period.</summary>
    public long Events { get; private set; }

    /// <summary>Those of them that belong to no line.</summary>
    public long Unpriced { get; private set; }

    /// <summary>Events of the period that came after its invoice was made; they are in no line.</summary>
    public long Late { get; private set; }

    /// <summary>The most blocks that a line of an invoice shows where there are so many lines.</summary>
    public static int BlocksOf(int lines) => Math.Clamp(AllBlocks / Math.Max(lines, 1), 4, MerkleRange.MaxBlocks);

    /// <summary>Takes what was read in.</summary>
    /// <exception cref="OverflowException">A sum is beyond what can be held exactly.</exception>
    public void Add(UsageReadings batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        foreach (ref readonly var match in batch.MatchSpan)
        {
            lines[match.Slot].Add(match, batch.Sequence(match.Event), batch.Leaf(match.Event));
        }

        foreach (var line in lines)
        {
            line.Grow();
        }

        Events += batch.Inside;
        Unpriced += batch.Unpriced;
        Late += batch.Late;
    }

    /// <summary>How many events a line has.</summary>
    public long CountOf(int slot) => lines[slot].Count;

    /// <summary>The blocks of a line's tree, each of that size.</summary>
    public MerkleBlocks BlocksOf(int slot, long size) => lines[slot].BlocksOf(size);

    /// <summary>What it comes to.</summary>
    /// <param name="slots">The lines.</param>
    /// <param name="fromVersion">The first version of the usage stream that was looked at.</param>
    /// <param name="throughVersion">The last one.</param>
    /// <exception cref="DomainException">A quantity is beyond what decimals hold.</exception>
    public UsageTotals ToTotals(ImmutableArray<LineSlot> slots, long fromVersion, long throughVersion)
    {
        var blocks = BlocksOf(slots.Length);
        return new(fromVersion, throughVersion, Events, Unpriced, [.. lines.Select((line, i) => line.ToTotals(slots[i], blocks))]);
    }

    private sealed class Line
    {
        private readonly MerkleRange tree = new();
        private readonly List<MerkleHash> leaves = [];
        private MeterAggregate? aggregate;
        private long first = -1;
        private long last = -1;

        public void Add(in UsageMatch match, long sequence, MerkleHash leaf)
        {
            (aggregate ??= new(match.Aggregation)).Add(match.Value, match.Item, match.Ticks, sequence);
            // An event with two readings of one meter is one leaf.
            if (sequence != last)
            {
                leaves.Add(leaf);
            }

            first = first < 0 ? sequence : first;
            last = sequence;
        }

        /// <summary>Takes the leaves of a batch into the tree, all at once.</summary>
        public void Grow()
        {
            tree.Append(CollectionsMarshal.AsSpan(leaves));
            leaves.Clear();
        }

        public long Count => tree.Count;

        public MerkleBlocks BlocksOf(long size) => tree.ToBlocks(int.MaxValue, size);

        public LineTotals ToTotals(LineSlot slot, int blocks)
        {
            try
            {
                return new(slot, aggregate?.Value(slot.Percentile ?? 95m) ?? 0m, aggregate?.Aggregation ?? Aggregation.Sum, tree.Count, first, last, tree.Root, tree.ToBlocks(blocks));
            }
            catch (OverflowException)
            {
                throw new DomainException(PricingErrors.TooLarge($"The usage of '{slot.Price.Meter}' by the price '{slot.Price.Id}'"));
            }
        }
    }
}
