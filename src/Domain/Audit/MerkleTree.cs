using System.Buffers;
using System.Collections.Immutable;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace AIaaS.Domain.Audit;

/// <summary>
/// Merkle trees as RFC 6962 has them (RFC 9162, section 2.1): a leaf's hash is SHA-256(0x00 || data), a node's SHA-256(0x01 || left || right), and a tree of n
/// leaves splits at the largest power of two below n. Whoever knows the root can check that a leaf is in the tree, or that one tree begins with another.
/// </summary>
public static class MerkleTree
{
    private const int OnStack = 1_024;

    /// <summary>From so many hashes on it is faster to make them at once, though some lanes may have nothing to do.</summary>
    private const int AtOnceFrom = 2;

    /// <summary>The root of a tree without leaves: SHA-256 of nothing.</summary>
    public static MerkleHash EmptyRoot { get; } = new(SHA256.HashData([]));

    /// <summary>The hash of a leaf that holds these bytes.</summary>
    public static MerkleHash HashLeaf(ReadOnlySpan<byte> data)
    {
        Span<byte> hash = stackalloc byte[MerkleHash.Size];
        if (data.Length < OnStack)
        {
            Span<byte> small = stackalloc byte[OnStack];
            small[0] = 0;
            data.CopyTo(small[1..]);
            SHA256.HashData(small[..(data.Length + 1)], hash);
            return new(hash);
        }

        var large = ArrayPool<byte>.Shared.Rent(data.Length + 1);
        large[0] = 0;
        data.CopyTo(large.AsSpan(1));
        SHA256.HashData(large.AsSpan(0, data.Length + 1), hash);
        ArrayPool<byte>.Shared.Return(large);
        return new(hash);
    }

    /// <summary>The hash of a node with these children.</summary>
    public static MerkleHash HashNode(in MerkleHash left, in MerkleHash right)
    {
        Span<byte> bytes = stackalloc byte[1 + (2 * MerkleHash.Size)];
        bytes[0] = 1;
        left.CopyTo(bytes[1..]);
        right.CopyTo(bytes[(1 + MerkleHash.Size)..]);
        Span<byte> hash = stackalloc byte[MerkleHash.Size];
        SHA256.HashData(bytes, hash);
        return new(hash);
    }

    /// <summary>The hashes of the nodes over these children: of the first and second, the third and fourth, and so on.</summary>
    /// <param name="children">Two for each node.</param>
    /// <param name="parents">Takes the nodes; it may be where the children begin, or one behind it.</param>
    /// <exception cref="ArgumentException">There are not two children for each node.</exception>
    public static void HashNodes(ReadOnlySpan<MerkleHash> children, Span<MerkleHash> parents)
    {
        if (children.Length != 2 * parents.Length)
        {
            throw new ArgumentException($"{parents.Length} nodes do not have {children.Length} children.", nameof(children));
        }

        const int bytes = 1 + (2 * MerkleHash.Size);
        const int padded = 2 * Sha256Lanes.BlockBytes;
        var done = 0;
        if (Sha256Lanes.IsSupported && parents.Length >= AtOnceFrom)
        {
            Span<byte> messages = stackalloc byte[Sha256Lanes.Lanes * padded];
            Span<MerkleHash> hashes = stackalloc MerkleHash[Sha256Lanes.Lanes];
            for (var lane = 0; lane < Sha256Lanes.Lanes; lane++)
            {
                messages[lane * padded] = 1;
                Sha256Lanes.Pad(messages.Slice(lane * padded, padded), bytes);
            }

            while (parents.Length - done >= AtOnceFrom)
            {
                var count = Math.Min(Sha256Lanes.Lanes, parents.Length - done);
                for (var lane = 0; lane < count; lane++)
                {
                    MemoryMarshal.AsBytes(children.Slice(2 * (done + lane), 2)).CopyTo(messages[((lane * padded) + 1)..]);
                }

                Sha256Lanes.Hash(messages, 2, hashes);
                hashes[..count].CopyTo(parents[done..]);
                done += count;
            }
        }

        for (; done < parents.Length; done++)
        {
            parents[done] = HashNode(children[2 * done], children[(2 * done) + 1]);
        }
    }

    /// <summary>The root of the tree over these leaf hashes.</summary>
    public static MerkleHash Root(ReadOnlySpan<MerkleHash> leaves) => leaves.Length switch
    {
        0 => EmptyRoot,
        1 => leaves[0],
        _ => HashNode(Root(leaves[..Split(leaves.Length)]), Root(leaves[Split(leaves.Length)..])),
    };

    /// <summary>The hashes that lead from a leaf to the root, the lowest first.</summary>
    public static ImmutableArray<MerkleHash> InclusionProof(ReadOnlySpan<MerkleHash> leaves, int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, leaves.Length);
        var proof = ImmutableArray.CreateBuilder<MerkleHash>();
        AddPath(leaves, index, proof);
        return proof.ToImmutable();
    }

    /// <summary>The hashes that show that the tree over the first so many leaves is the beginning of the tree over all.</summary>
    public static ImmutableArray<MerkleHash> ConsistencyProof(ReadOnlySpan<MerkleHash> leaves, int first)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(first);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(first, leaves.Length);
        var proof = ImmutableArray.CreateBuilder<MerkleHash>();
        AddSubproof(leaves, first, true, proof);
        return proof.ToImmutable();
    }

    /// <summary>Whether a leaf is at that place of the tree with this size and root.</summary>
    public static bool IsIncluded(ulong index, ulong size, ReadOnlySpan<byte> leaf, IReadOnlyList<byte[]> proof, ReadOnlySpan<byte> root)
    {
        ArgumentNullException.ThrowIfNull(proof);
        if (index >= size || leaf.Length != MerkleHash.Size || root.Length != MerkleHash.Size)
        {
            return false;
        }

        // Up to where the paths of this leaf and the last one part, a hash stands on either side; from there on only on the left.
        var inner = 64 - BitOperations.LeadingZeroCount(index ^ (size - 1));
        var border = BitOperations.PopCount(inner == 64 ? 0 : index >> inner);
        if (proof.Count != inner + border)
        {
            return false;
        }

        var hash = new MerkleHash(leaf);
        for (var i = 0; i < proof.Count; i++)
        {
            if (proof[i].Length != MerkleHash.Size)
            {
                return false;
            }

            var other = new MerkleHash(proof[i]);
            hash = i < inner && ((index >> i) & 1) == 0 ? HashNode(hash, other) : HashNode(other, hash);
        }

        return hash == new MerkleHash(root);
    }

    /// <summary>Whether a leaf is at that place of the tree with this size and root.</summary>
    public static bool IsIncluded(ulong index, ulong size, MerkleHash leaf, ImmutableArray<MerkleHash> proof, MerkleHash root) =>
        IsIncluded(index, size, leaf.ToArray(), [.. proof.Select(h => h.ToArray())], root.ToArray());

    /// <summary>Whether a leaf is at that place of the part of a tree that begins at one leaf and ends before another.</summary>
    public static bool IsIncluded(ulong index, ulong start, ulong end, ReadOnlySpan<byte> leaf, IReadOnlyList<byte[]> proof, ReadOnlySpan<byte> root) =>
        IsSubtree(start, end) && start < end && index >= start && index < end && IsIncluded(index - start, end - start, leaf, proof, root);

    /// <summary>Whether the tree of the first size and root is the beginning of the tree of the second.</summary>
    public static bool IsConsistent(ulong first, ulong second, ReadOnlySpan<byte> firstRoot, ReadOnlySpan<byte> secondRoot, IReadOnlyList<byte[]> proof) =>
        first > 0 && IsConsistent(0, first, second, firstRoot, secondRoot, proof);

    /// <summary>Whether the part that begins at one leaf and ends before another, with a root of its own, is in the tree of that size and root.</summary>
    public static bool IsConsistent(ulong start, ulong end, ulong size, ReadOnlySpan<byte> partRoot, ReadOnlySpan<byte> root, IReadOnlyList<byte[]> proof)
    {
        ArgumentNullException.ThrowIfNull(proof);
        if (start == end)
        {
            return end <= size && proof.Count == 0 && partRoot.SequenceEqual(EmptyRoot.ToArray());
        }

        if (!IsSubtree(start, end) || end > size)
        {
            return false;
        }

        var (from, part, whole) = (start, end - 1, size - 1);
        while (part == whole ? from != part : from != part && (part & 1) == 1)
        {
            (from, part, whole) = (from >> 1, part >> 1, whole >> 1);
        }

        var next = 0;
        byte[] inPart, inWhole;
        if (from == part)
        {
            inPart = inWhole = partRoot.ToArray();
        }
        else if (proof.Count == 0)
        {
            return false;
        }
        else
        {
            inPart = inWhole = proof[next++];
        }

        for (; next < proof.Count; next++)
        {
            if (whole == 0 || proof[next].Length != MerkleHash.Size || inPart.Length != MerkleHash.Size || inWhole.Length != MerkleHash.Size)
            {
                return false;
            }

            var other = new MerkleHash(proof[next]);
            if ((part & 1) == 1 || part == whole)
            {
                if (from < part)
                {
                    inPart = HashNode(other, new(inPart)).ToArray();
                }

                inWhole = HashNode(other, new(inWhole)).ToArray();
                while ((part & 1) == 0 && part != 0)
                {
                    (from, part, whole) = (from >> 1, part >> 1, whole >> 1);
                }
            }
            else
            {
                inWhole = HashNode(new(inWhole), other).ToArray();
            }

            (from, part, whole) = (from >> 1, part >> 1, whole >> 1);
        }

        return whole == 0 && partRoot.SequenceEqual(inPart) && root.SequenceEqual(inWhole);
    }

    /// <summary>Whether a part of a tree is one that has a root of its own there: it begins at a multiple of the power of two that holds it.</summary>
    private static bool IsSubtree(ulong start, ulong end)
    {
        if (start > end)
        {
            return false;
        }

        var length = end - start;
        var holds = length <= 1 ? 1UL : length > 1UL << 63 ? 0 : BitOperations.RoundUpToPowerOf2(length);
        return holds == 0 ? start == 0 : (start & (holds - 1)) == 0;
    }

    /// <summary>The largest power of two below a number of leaves.</summary>
    private static int Split(int leaves) => 1 << BitOperations.Log2((uint)(leaves - 1));

    private static void AddPath(ReadOnlySpan<MerkleHash> leaves, int index, ImmutableArray<MerkleHash>.Builder proof)
    {
        if (leaves.Length == 1)
        {
            return;
        }

        var split = Split(leaves.Length);
        if (index < split)
        {
            AddPath(leaves[..split], index, proof);
            proof.Add(Root(leaves[split..]));
        }
        else
        {
            AddPath(leaves[split..], index - split, proof);
            proof.Add(Root(leaves[..split]));
        }
    }

    private static void AddSubproof(ReadOnlySpan<MerkleHash> leaves, int first, bool isWhole, ImmutableArray<MerkleHash>.Builder proof)
    {
        if (first == leaves.Length)
        {
            if (!isWhole)
            {
                proof.Add(Root(leaves));
            }

            return;
        }

        var split = Split(leaves.Length);
        if (first <= split)
        {
            AddSubproof(leaves[..split], first, isWhole, proof);
            proof.Add(Root(leaves[split..]));
        }
        else
        {
            AddSubproof(leaves[split..], first - split, false, proof);
            proof.Add(Root(leaves[..split]));
        }
    }
}
