using AIaaS.Domain.Audit;

namespace AIaaS.Domain.Billing;

/// <summary>
/// Looks into the block of a line's tree in which the events of an export first differ from those of the invoice, and says which event it is where that can be
/// known: one that was added, two neighbours that changed places, or the only one of its block. Not for several threads at once.
/// </summary>
public sealed class BlockSearch
{
    private readonly int slot;
    private readonly int block;
    private readonly UsagePart said;
    private readonly long seen;
    private readonly int differ;
    private readonly List<(MerkleHash Leaf, long Sequence)> leaves = [];
    private long passed;
    private long lastSequence = -1;
    private long before = -1;

    internal BlockSearch(int line, int slot, int block, UsagePart said, long seen, int differ)
    {
        Line = line;
        (this.slot, this.block, this.said, this.seen, this.differ) = (slot, block, said, seen, differ);
    }

    /// <summary>The number of the line.</summary>
    public int Line { get; }

    private long Start => block * said.BlockSize;

    /// <summary>Takes the same events in again, in the same order.</summary>
    public void Add(UsageReadings batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        foreach (var match in batch.Matches)
        {
            if (match.Slot != slot || batch.Sequence(match.Event) == lastSequence)
            {
                continue;
            }

            lastSequence = batch.Sequence(match.Event);
            if (passed >= Start && passed <= Start + said.BlockSize)
            {
                leaves.Add((batch.Leaf(match.Event), lastSequence));
            }
            else if (passed < Start)
            {
                before = lastSequence;
            }

            passed++;
        }
    }

    /// <summary>What can be said.</summary>
    /// <param name="name">Names an event by its number, for people.</param>
    public string Conclude(Func<long, string> name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var stated = (int)Math.Min(said.BlockSize, said.Events - Start);
        if (stated <= 0)
        {
            return $"what was added begins with {name(leaves[0].Sequence)}";
        }

        var root = said.Blocks[block];
        if (seen == said.Events + 1 && leaves.Count > stated && Added(root, stated) is { } added)
        {
            return $"{name(added)} was added";
        }

        if (seen < said.Events)
        {
            return leaves.Count == 0 ? $"what is missing lies at the end, behind {name(before)}"
                : said.BlockSize == 1 ? $"what is missing lies right before {name(leaves[0].Sequence)}"
                : $"the first that is missing lies {Between(name)}";
        }

        if (seen == said.Events && said.BlockSize == 1)
        {
            return $"{name(leaves[0].Sequence)} was changed, or does not stand where it stood";
        }

        return seen == said.Events && differ == 1 && Swapped(root, stated) is var (left, right) ? $"{name(left)} and {name(right)} changed places"
            : $"the first difference lies {Between(name)}";
    }

    private string Between(Func<long, string> name) => leaves.Count == 0 ? $"behind {name(before)}" : $"from {name(leaves[0].Sequence)} to {name(leaves[Math.Min(leaves.Count, (int)said.BlockSize) - 1].Sequence)}";

    /// <summary>The event without which the block is the invoice's.</summary>
    private long? Added(MerkleHash root, int count)
    {
        Dictionary<(int, int), MerkleHash> kept = [], moved = [];
        for (var without = 0; without <= count; without++)
        {
            if (Without(0, count, without, kept, moved) == root)
            {
                return leaves[without].Sequence;
            }
        }

        return null;
    }

    private MerkleHash Without(int from, int to, int without, Dictionary<(int, int), MerkleHash> kept, Dictionary<(int, int), MerkleHash> moved)
    {
        if (to <= without)
        {
            return Known(from, to, 0, kept);
        }

        if (from >= without)
        {
            return Known(from, to, 1, moved);
        }

        var middle = from + Split(to - from);
        return MerkleTree.HashNode(Without(from, middle, without, kept, moved), Without(middle, to, without, kept, moved));
    }

    /// <summary>The neighbours of which the block is the invoice's when they change places.</summary>
    private (long Left, long Right)? Swapped(MerkleHash root, int count)
    {
        Dictionary<(int, int), MerkleHash> known = [];
        for (var i = 0; i + 1 < Math.Min(count, leaves.Count); i++)
        {
            if (With(0, count, i, known) == root)
            {
                return (leaves[i].Sequence, leaves[i + 1].Sequence);
            }
        }

        return null;
    }

    private MerkleHash With(int from, int to, int swapped, Dictionary<(int, int), MerkleHash> known)
    {
        if (to <= swapped || from > swapped + 1)
        {
            return Known(from, to, 0, known);
        }

        if (to - from == 1)
        {
            return leaves[from == swapped ? swapped + 1 : swapped].Leaf;
        }

        var middle = from + Split(to - from);
        return MerkleTree.HashNode(With(from, middle, swapped, known), With(middle, to, swapped, known));
    }

    private MerkleHash Known(int from, int to, int shift, Dictionary<(int, int), MerkleHash> known)
    {
        if (to - from == 1)
        {
            return leaves[from + shift].Leaf;
        }

        if (!known.TryGetValue((from, to), out var hash))
        {
            var middle = from + Split(to - from);
            known.Add((from, to), hash = MerkleTree.HashNode(Known(from, middle, shift, known), Known(middle, to, shift, known)));
        }

        return hash;
    }

    private static int Split(int leaves) => 1 << System.Numerics.BitOperations.Log2((uint)(leaves - 1));
}
