using System.Buffers;
using System.Collections.Immutable;
using System.Numerics;
using System.Text.Json.Serialization;

namespace AIaaS.Domain.Audit;

/// <summary>A tree that grows at its end, as it can be kept: how many leaves, and the roots of the whole subtrees that they make.</summary>
/// <param name="Count">How many leaves it has.</param>
/// <param name="Frontier">The roots of its whole subtrees, the largest (leftmost) first: one for each 1 in the binary form of the count.</param>
/// <param name="Blocks">The roots of its blocks of equal size, from the left; without the unfinished one at the end.</param>
/// <param name="BlockSize">Leaves in a block: a power of two.</param>
public sealed record MerkleRangeState(long Count, ImmutableArray<MerkleHash> Frontier, ImmutableArray<MerkleHash> Blocks, long BlockSize);

/// <summary>The tree's blocks: what tells where two trees differ.</summary>
/// <param name="Size">Leaves in a block: a power of two; the last block may have fewer.</param>
/// <param name="Roots">The root of each block, from the left; the tree over these is the whole tree.</param>
public sealed record MerkleBlocks(long Size, ImmutableArray<MerkleHash> Roots)
{
    /// <summary>The root of the tree that has these blocks.</summary>
    [JsonIgnore]
    public MerkleHash Root => MerkleTree.Root(Roots.AsSpan());

    /// <summary>The first block that is another one; null for none.</summary>
    public int? FirstDifference(MerkleBlocks other)
    {
        ArgumentNullException.ThrowIfNull(other);
        var same = Roots.AsSpan().CommonPrefixLength(other.Roots.AsSpan());
        return same == Roots.Length && same == other.Roots.Length ? null : same;
    }

    /// <inheritdoc />
    public bool Equals(MerkleBlocks? other) => other is not null && Size == other.Size && Roots.AsSpan().SequenceEqual(other.Roots.AsSpan());

    /// <inheritdoc />
    public override int GetHashCode() => HashCode.Combine(Size, Roots.Length, Roots.IsEmpty ? default : Roots[^1]);
}

/// <summary>
/// A tree of RFC 6962 that grows at its end (a compact range): it keeps O(log n) hashes for the root, and at most some hundred roots of blocks, so that of two
/// trees that differ the place can be named. Not for use by several threads at once.
/// </summary>
public sealed class MerkleRange
{
    /// <summary>The most blocks that are kept; twice as many make blocks twice as large.</summary>
    public const int MaxBlocks = 256;

    private readonly MerkleHash[] frontier = new MerkleHash[64];
    private readonly List<MerkleHash> blocks = [];
    private int blockLevel;

    /// <summary>An empty tree.</summary>
    public MerkleRange()
    {
    }

    /// <summary>Goes on with a tree that was kept.</summary>
    /// <exception cref="ArgumentException">The state is none of a tree.</exception>
    public MerkleRange(MerkleRangeState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        if (state.Count < 0 || BitOperations.PopCount((ulong)state.Count) != state.Frontier.Length || !BitOperations.IsPow2(state.BlockSize) || state.Count / state.BlockSize != state.Blocks.Length)
        {
            throw new ArgumentException($"A tree of {state.Count} leaves does not have {state.Frontier.Length} whole subtrees and {state.Blocks.Length} blocks of {state.BlockSize}.", nameof(state));
        }

        Count = state.Count;
        blockLevel = BitOperations.Log2((ulong)state.BlockSize);
        blocks.AddRange(state.Blocks);
        var next = 0;
        for (var level = 63; level >= 0; level--)
        {
            if (((Count >> level) & 1) == 1)
            {
                frontier[level] = state.Frontier[next++];
            }
        }
    }

    /// <summary>How many leaves it has.</summary>
    public long Count { get; private set; }

    /// <summary>Its root.</summary>
    public MerkleHash Root => Count == 0 ? MerkleTree.EmptyRoot : RootBelow(64);

    /// <summary>Adds a leaf.</summary>
    public void Append(MerkleHash leaf)
    {
        var level = 0;
        for (; ((Count >> level) & 1) == 1; level++)
        {
            if (level == blockLevel)
            {
                blocks.Add(leaf);
            }

            leaf = MerkleTree.HashNode(frontier[level], leaf);
        }

        if (level == blockLevel)
        {
            blocks.Add(leaf);
        }

        frontier[level] = leaf;
        Count++;
        if (blocks.Count >= 2 * MaxBlocks)
        {
            blockLevel++;
            Halve(blocks);
        }
    }

    /// <summary>Adds leaves, as one by one; faster, since the nodes of a level are hashed several at once.</summary>
    public void Append(ReadOnlySpan<MerkleHash> leaves)
    {
        if (leaves.IsEmpty)
        {
            return;
        }

        // In the first place there is room for the whole subtree to the left of the level's first new node.
        var scratch = ArrayPool<MerkleHash>.Shared.Rent(leaves.Length + 1);
        leaves.CopyTo(scratch.AsSpan(1));
        var added = leaves.Length;
        for (var level = 0; added > 0; level++)
        {
            var nodes = scratch.AsSpan(1, added);
            if (level == blockLevel)
            {
                blocks.AddRange(nodes);
            }

            if (((Count >> level) & 1) == 1)
            {
                scratch[0] = frontier[level];
                nodes = scratch.AsSpan(0, added + 1);
            }

            if (nodes.Length % 2 == 1)
            {
                frontier[level] = nodes[^1];
            }

            added = nodes.Length / 2;
            MerkleTree.HashNodes(nodes[..(2 * added)], scratch.AsSpan(1, added));
        }

        ArrayPool<MerkleHash>.Shared.Return(scratch);
        Count += leaves.Length;
        while (blocks.Count >= 2 * MaxBlocks)
        {
            blockLevel++;
            Halve(blocks);
        }
    }

    /// <summary>What is to be kept.</summary>
    public MerkleRangeState ToState() => new(Count, [.. Frontier()], [.. blocks], 1L << blockLevel);

    /// <summary>Its blocks: at most so many.</summary>
    /// <param name="most">From 1 up.</param>
    /// <param name="atLeastSize">No block smaller than this: so that two trees can be compared; a power of two.</param>
    public MerkleBlocks ToBlocks(int most, long atLeastSize = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(most, 1);
        List<MerkleHash> whole = [.. blocks];
        var level = blockLevel;
        while ((1L << level) < atLeastSize || (Count + (1L << level) - 1) >> level > most)
        {
            Halve(whole);
            level++;
        }

        return new(1L << level, (Count & ((1L << level) - 1)) == 0 ? [.. whole] : [.. whole, RootBelow(level)]);
    }

    private static void Halve(List<MerkleHash> whole)
    {
        var pairs = whole.Count / 2;
        for (var i = 0; i < pairs; i++)
        {
            whole[i] = MerkleTree.HashNode(whole[2 * i], whole[(2 * i) + 1]);
        }

        whole.RemoveRange(pairs, whole.Count - pairs);
    }

    /// <summary>The root over the leaves that make no whole subtree of that level.</summary>
    private MerkleHash RootBelow(int level)
    {
        MerkleHash? root = null;
        for (var i = 0; i < level; i++)
        {
            if (((Count >> i) & 1) == 1)
            {
                root = root is { } right ? MerkleTree.HashNode(frontier[i], right) : frontier[i];
            }
        }

        return root ?? MerkleTree.EmptyRoot;
    }

    private List<MerkleHash> Frontier()
    {
        var roots = new List<MerkleHash>();
        for (var level = 63; level >= 0; level--)
        {
            if (((Count >> level) & 1) == 1)
            {
                roots.Add(frontier[level]);
            }
        }

        return roots;
    }
}
