using System.Security.Cryptography;

namespace AIaaS.Domain.Audit;

/// <summary>Hashes that are made several at once are the same as those that are made one by one.</summary>
public sealed class Hashing_several_at_once
{
    private static readonly byte[] Bytes = [.. Enumerable.Range(0, 3_000).Select(i => (byte)((i * 7919) >> 3))];

    [Test]
    public void gives_the_hash_of_each_leaf_whatever_its_length()
    {
        var leaves = new MerkleLeaves();
        for (var length = 0; length < Bytes.Length; length++)
        {
            // Eight of a length fill the lanes; each is another one.
            for (var i = 0; i < 8 && i <= Bytes.Length - length; i++)
            {
                leaves.Add(Bytes.AsSpan(i, Math.Min(length, Bytes.Length - i)));
            }
        }

        var place = 0;
        for (var length = 0; length < Bytes.Length; length++)
        {
            for (var i = 0; i < 8 && i <= Bytes.Length - length; i++)
            {
                byte[] leaf = [0, .. Bytes.AsSpan(i, Math.Min(length, Bytes.Length - i))];
                if (leaves[place++] != new MerkleHash(SHA256.HashData(leaf)))
                {
                    Assert.Fail($"The hash of a leaf of {leaf.Length - 1} bytes is another one.");
                }
            }
        }

        leaves.Count.Should().Be(place);
    }

    [Test]
    public void gives_each_leaf_in_its_place_where_lengths_are_mixed_and_lanes_are_left_over([Range(0, 40)] int count)
    {
        var leaves = new MerkleLeaves();
        // What was hashed before is not to be seen.
        leaves.Add(Bytes.AsSpan(0, 90));
        leaves.Add(Bytes.AsSpan(0, 91));
        leaves.Clear();
        for (var i = 0; i < count; i++)
        {
            if (i % 5 == 4)
            {
                leaves.AddNone();
            }
            else
            {
                leaves.Add(Bytes.AsSpan(i, Length(i)));
            }
        }

        leaves.Finish();
        leaves.Count.Should().Be(count);
        for (var i = 0; i < count; i++)
        {
            leaves[i].Should().Be(i % 5 == 4 ? default : MerkleTree.HashLeaf(Bytes.AsSpan(i, Length(i))), $"leaf {i}");
        }

        static int Length(int i) => (i * 67) % 400;
    }

    [Test]
    public void gives_the_hash_of_each_node_also_where_the_children_stand([Range(0, 35)] int count, [Values(0, 1)] int behind)
    {
        MerkleHash[] children = [.. Enumerable.Range(0, 2 * count).Select(i => MerkleTree.HashLeaf(Bytes.AsSpan(i, 5)))];
        MerkleHash[] expected = [.. Enumerable.Range(0, count).Select(i => Node(children[2 * i], children[(2 * i) + 1]))];
        MerkleHash[] row = [.. children, default];
        MerkleTree.HashNodes(row.AsSpan(0, 2 * count), row.AsSpan(behind, count));
        row.AsSpan(behind, count).ToArray().Should().Equal(expected);
    }

    [Test]
    public void refuses_children_that_are_not_two_for_each_node() =>
        FluentActions.Invoking(() => MerkleTree.HashNodes(new MerkleHash[3], new MerkleHash[2])).Should().Throw<ArgumentException>();

    private static MerkleHash Node(MerkleHash left, MerkleHash right) => new(SHA256.HashData([1, .. left.ToArray(), .. right.ToArray()]));
}
