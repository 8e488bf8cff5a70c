using System.Text.Json;
using AIaaS.Domain.Json;

namespace AIaaS.Domain.Audit;

/// <summary>The public proofs of RFC 6962 trees, good and tampered with.</summary>
public sealed class Merkle_vectors
{
    private static readonly string? Root = SharedData.Find("merkle");

    private static IEnumerable<TestCaseData> Cases(string kind)
    {
        if (Root is null)
        {
            yield return new TestCaseData("").SetName($"{kind}: needs ../shared/data/merkle");
            yield break;
        }

        foreach (var file in Directory.EnumerateFiles(Path.Combine(Root, kind), "*.json", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            yield return new TestCaseData(file).SetName(Path.GetRelativePath(Root, file).Replace('\\', '/'));
        }
    }

    private static IEnumerable<TestCaseData> Inclusions() => Cases("inclusion");

    private static IEnumerable<TestCaseData> Consistencies() => Cases("consistency");

    private static IEnumerable<TestCaseData> Subtree_inclusions() => Cases("subtreeinclusion");

    private static IEnumerable<TestCaseData> Subtree_consistencies() => Cases("subtreeconsistency");

    [TestCaseSource(nameof(Inclusions))]
    public void say_whether_a_leaf_is_in_a_tree(string file) =>
        Check(file, v => MerkleTree.IsIncluded(Number(v, "leafIdx"), Number(v, "treeSize"), Bytes(v, "leafHash"), Proof(v), Bytes(v, "root")));

    [TestCaseSource(nameof(Consistencies))]
    public void say_whether_one_tree_begins_with_another(string file) =>
        Check(file, v => MerkleTree.IsConsistent(Number(v, "size1"), Number(v, "size2"), Bytes(v, "root1"), Bytes(v, "root2"), Proof(v)));

    [TestCaseSource(nameof(Subtree_inclusions))]
    public void say_whether_a_leaf_is_in_a_part_of_a_tree(string file) =>
        Check(file, v => MerkleTree.IsIncluded(Number(v, "leafIdx"), Number(v, "start"), Number(v, "end"), Bytes(v, "leafHash"), Proof(v), Bytes(v, "root")));

    [TestCaseSource(nameof(Subtree_consistencies))]
    public void say_whether_a_part_is_in_a_tree(string file) =>
        Check(file, v => MerkleTree.IsConsistent(Number(v, "start"), Number(v, "end"), Number(v, "size"), Bytes(v, "root1"), Bytes(v, "root2"), Proof(v)));

    [Test]
    public void are_there_as_a_whole()
    {
        if (Root is null)
        {
            Assert.Ignore("../shared/data/merkle is not there.");
        }

        Directory.EnumerateFiles(Root!, "*.json", SearchOption.AllDirectories).Should().HaveCountGreaterThan(500);
    }

    private static void Check(string file, Func<JsonElement, bool> holds)
    {
        if (file.Length == 0)
        {
            Assert.Ignore("../shared/data/merkle is not there.");
        }

        using var vector = JsonDocument.Parse(File.ReadAllBytes(file));
        holds(vector.RootElement).Should().Be(!vector.RootElement.GetProperty("wantErr").GetBoolean(), vector.RootElement.GetProperty("desc").GetString());
    }

    private static ulong Number(JsonElement vector, string name) => vector.GetProperty(name).GetUInt64();

    private static byte[] Bytes(JsonElement vector, string name) => vector.GetProperty(name) is { ValueKind: JsonValueKind.String } text ? text.GetBytesFromBase64() : [];

    private static byte[][] Proof(JsonElement vector) =>
        vector.GetProperty("proof") is { ValueKind: JsonValueKind.Array } proof ? [.. proof.EnumerateArray().Select(p => p.ValueKind == JsonValueKind.String ? p.GetBytesFromBase64() : [])] : [];
}
