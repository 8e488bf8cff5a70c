using System.Runtime.InteropServices;

namespace AIaaS.Domain.Audit;

/// <summary>The hashes of many leaves: leaves of similar length are hashed several at once. Not for use by several threads at once.</summary>
public sealed class MerkleLeaves
{
    /// <summary>Leaves with more blocks are hashed one by one: there the hash costs more than the call.</summary>
    private const int MaxBlocks = 32;

    private readonly List<MerkleHash> hashes = [];
    private readonly Waiting?[] byBlocks = new Waiting?[MaxBlocks + 1];
    private int waiting;

    /// <summary>How many leaves there are.</summary>
    public int Count => hashes.Count;

    /// <summary>The hash of a leaf; the default one in a place without a leaf.</summary>
    /// <param name="index">From 0 up to the count.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such place.</exception>
    public MerkleHash this[int index]
    {
        get
        {
            Finish();
            return hashes[index];
        }
    }

    /// <summary>Adds a leaf that holds these bytes.</summary>
    public void Add(ReadOnlySpan<byte> data)
    {
        var blocks = Sha256Lanes.BlocksOf(data.Length + 1);
        if (!Sha256Lanes.IsSupported || blocks > MaxBlocks)
        {
            hashes.Add(MerkleTree.HashLeaf(data));
            return;
        }

        var alike = byBlocks[blocks] ??= new(blocks);
        var message = alike.Message(alike.Count);
        message[0] = 0;
        data.CopyTo(message[1..]);
        Sha256Lanes.Pad(message, data.Length + 1);
        alike.Lengths[alike.Count] = data.Length;
        alike.Places[alike.Count++] = hashes.Count;
        hashes.Add(default);
        waiting++;
        if (alike.Count == Sha256Lanes.Lanes)
        {
            Hash(alike);
        }
    }

    /// <summary>Adds a place without a leaf.</summary>
    public void AddNone() => hashes.Add(default);

    /// <summary>Hashes what still waits for leaves of its length, so that reading has nothing left to do.</summary>
    public void Finish()
    {
        if (waiting == 0)
        {
            return;
        }

        foreach (var alike in byBlocks)
        {
            if (alike is { Count: > 0 })
            {
                Hash(alike);
            }
        }
    }

    /// <summary>Empties it.</summary>
    public void Clear()
    {
        hashes.Clear();
        waiting = 0;
        foreach (var alike in byBlocks)
        {
            alike?.Count = 0;
        }
    }

    private void Hash(Waiting alike)
    {
        var into = CollectionsMarshal.AsSpan(hashes);
        if (alike.Count == 1)
        {
            into[alike.Places[0]] = MerkleTree.HashLeaf(alike.Message(0).Slice(1, alike.Lengths[0]));
        }
        else
        {
            // Lanes without a leaf hash what was in them before; nobody asks for it.
            Span<MerkleHash> found = stackalloc MerkleHash[Sha256Lanes.Lanes];
            Sha256Lanes.Hash(alike.Messages, alike.Blocks, found);
            for (var i = 0; i < alike.Count; i++)
            {
                into[alike.Places[i]] = found[i];
            }
        }

        waiting -= alike.Count;
        alike.Count = 0;
    }

    /// <summary>Leaves with the same number of blocks, until there are enough of them.</summary>
    private sealed class Waiting(int blocks)
    {
        public int Blocks => blocks;

        public byte[] Messages { get; } = new byte[Sha256Lanes.Lanes * blocks * Sha256Lanes.BlockBytes];

        public int[] Lengths { get; } = new int[Sha256Lanes.Lanes];

        public int[] Places { get; } = new int[Sha256Lanes.Lanes];

        public int Count { get; set; }

        public Span<byte> Message(int index) => Messages.AsSpan(index * blocks * Sha256Lanes.BlockBytes, blocks * Sha256Lanes.BlockBytes);
    }
}
