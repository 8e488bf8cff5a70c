using System.Globalization;
using System.Text;
using System.Text.Json;

namespace AIaaS.Domain.Audit;

/// <summary>A tree that grows leaf by leaf is the tree over all its leaves.</summary>
public sealed class Growing_a_tree
{
    private static readonly MerkleHash[] Leaves = [.. Enumerable.Range(0, 1_300).Select(i => MerkleTree.HashLeaf(Encoding.UTF8.GetBytes("leaf " + i.ToString(CultureInfo.InvariantCulture))))];

    [Test]
    public void gives_the_root_of_the_whole_at_each_size()
    {
        var range = new MerkleRange();
        range.Root.Should().Be(MerkleTree.EmptyRoot);
        for (var i = 0; i < Leaves.Length; i++)
        {
            range.Append(Leaves[i]);
            if (i < 70 || i % 97 == 0)
            {
                range.Root.Should().Be(MerkleTree.Root(Leaves.AsSpan(0, i + 1)), $"of {i + 1} leaves");
            }
        }
    }

    [Test]
    public void is_the_same_tree_when_leaves_are_added_many_at_once([Values(1, 2, 3, 7, 8, 64, 100, 511, 513, 1_300)] int atOnce, [Values(0, 1, 5, 510, 600)] int before)
    {
        var (range, oneByOne) = (Of(before), Of(before));
        for (var i = before; i < Leaves.Length; i += atOnce)
        {
            var leaves = Leaves.AsSpan(i, Math.Min(atOnce, Leaves.Length - i));
            range.Append(leaves);
            foreach (var leaf in leaves)
            {
                oneByOne.Append(leaf);
            }

            range.Append([]);
            JsonSerializer.Serialize(range.ToState()).Should().Be(JsonSerializer.Serialize(oneByOne.ToState()), $"of {range.Count} leaves");
        }

        range.Root.Should().Be(MerkleTree.Root(Leaves));
    }

    [Test]
    public void goes_on_after_it_was_kept_as_json([Values(0, 1, 2, 3, 7, 64, 511, 512, 513, 1_023, 1_300)] int kept)
    {
        var range = Of(kept);
        var again = new MerkleRange(JsonSerializer.Deserialize<MerkleRangeState>(JsonSerializer.Serialize(range.ToState()))!);
        foreach (var leaf in Leaves.AsSpan(kept))
        {
            again.Append(leaf);
        }

        again.Root.Should().Be(MerkleTree.Root(Leaves));
        again.ToBlocks(64).Should().Be(Of(Leaves.Length).ToBlocks(64));
    }

    [Test]
    public void keeps_blocks_whose_tree_is_the_whole([Values(0, 1, 2, 3, 5, 63, 64, 65, 512, 1_000, 1_024, 1_299)] int count, [Values(1, 2, 3, 64, 256, 1_000)] int most)
    {
        var blocks = Of(count).ToBlocks(most);
        blocks.Root.Should().Be(MerkleTree.Root(Leaves.AsSpan(0, count)));
        blocks.Roots.Length.Should().BeLessThanOrEqualTo(most);
        for (var i = 0; i < blocks.Roots.Length; i++)
        {
            var from = (int)(i * blocks.Size);
            blocks.Roots[i].Should().Be(MerkleTree.Root(Leaves.AsSpan(from, (int)Math.Min(blocks.Size, count - from))));
        }
    }

    [Test]
    public void tells_the_block_in_which_a_leaf_was_changed([Values(0, 1, 500, 1_299)] int changed)
    {
        var other = new MerkleRange();
        for (var i = 0; i < Leaves.Length; i++)
        {
            other.Append(i == changed ? MerkleTree.HashLeaf("changed"u8) : Leaves[i]);
        }

        var blocks = Of(Leaves.Length).ToBlocks(256);
        blocks.FirstDifference(other.ToBlocks(256)).Should().Be((int)(changed / blocks.Size));
        blocks.FirstDifference(Of(Leaves.Length).ToBlocks(256)).Should().BeNull();
    }

    [Test]
    public void proves_each_leaf_and_each_beginning()
    {
        foreach (var size in new[] { 1, 2, 3, 5, 8, 13, 100 })
        {
            var leaves = Leaves.AsSpan(0, size).ToArray();
            var root = MerkleTree.Root(leaves);
            for (var i = 0; i < size; i++)
            {
                var proof = MerkleTree.InclusionProof(leaves, i);
                MerkleTree.IsIncluded((ulong)i, (ulong)size, leaves[i], proof, root).Should().BeTrue();
                MerkleTree.IsIncluded((ulong)i, (ulong)size, MerkleTree.HashLeaf("another"u8), proof, root).Should().BeFalse();
                byte[][] consistency = [.. MerkleTree.ConsistencyProof(leaves, i + 1).Select(h => h.ToArray())];
                MerkleTree.IsConsistent((ulong)i + 1, (ulong)size, MerkleTree.Root(leaves.AsSpan(0, i + 1)).ToArray(), root.ToArray(), consistency).Should().BeTrue();
                MerkleTree.IsConsistent((ulong)i + 1, (ulong)size, MerkleTree.HashLeaf("another"u8).ToArray(), root.ToArray(), consistency).Should().BeFalse();
            }
        }
    }

    [Test]
    public void hashes_long_leaves_as_short_ones([Values(0, 1, 1_022, 1_023, 1_024, 100_000)] int length)
    {
        var data = new byte[length];
        new Random(7).NextBytes(data);
        MerkleTree.HashLeaf(data).ToArray().Should().Equal(System.Security.Cryptography.SHA256.HashData([0, .. data]));
    }

    [Test]
    public void reads_its_hashes_back_from_text()
    {
        MerkleHash.TryParse(Leaves[0].ToString(), out var hash).Should().BeTrue();
        hash.Should().Be(Leaves[0]);
        MerkleHash.TryParse("00", out _).Should().BeFalse();
        MerkleHash.TryParse(new('x', 64), out _).Should().BeFalse();
        FluentActions.Invoking(() => JsonSerializer.Deserialize<MerkleHash>("\"00\"")).Should().Throw<JsonException>();
    }

    private static MerkleRange Of(int count)
    {
        var range = new MerkleRange();
        foreach (var leaf in Leaves.AsSpan(0, count))
        {
            range.Append(leaf);
        }

        return range;
    }
}
