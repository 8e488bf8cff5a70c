using System.Text;
using AIaaS.EventStore;

namespace AIaaS.Projections.MongoDb.Tests;

public abstract class Guarded_writes : MongoDbTest
{
    protected const string Things = "things_v1";

    protected static readonly CollectionSchema Schema = new(Things, [["n"]], new Dictionary<string, FieldKind> { ["n"] = FieldKind.Number, ["a.b"] = FieldKind.Text, ["a_b"] = FieldKind.Text });

    protected IReadModelStore Store { get; private set; } = null!;

    protected string Database { get; } = NewDatabase();

    [SetUp]
    public async Task OpenAsync()
    {
        Store = await Open(Server.ToString(), Database);
        await Store.EnsureAsync(Schema);
    }

    [TearDown]
    public async Task CloseAsync()
    {
        if (Store is not null)
        {
            await Store.DropAsync(Things);
            await Store.DisposeAsync();
        }
    }

    protected static DocumentWrite Put(string id, ulong position, string json) => new(id, Encoding.UTF8.GetBytes(json), new(position));

    protected async Task<string?> Read(string id) =>
        await Store.GetAsync(Things, id) is { } document ? Encoding.UTF8.GetString(document.Json.Span) : null;
}

public sealed class Writers_that_race_for_one_new_document : Guarded_writes
{
    [Test]
    public async Task leave_the_newest_whoever_comes_first()
    {
        for (var round = 0; round < 20; round++)
        {
            var id = $"doc:{round}";
            await Task.WhenAll(Enumerable.Range(1, 8).Select(i => Task.Run(() => Store.WriteAsync(Things, [Put(id, (ulong)i, $"{{\"n\":{i}}}")], new((ulong)i)))));
            (await Read(id)).Should().Be("{\"n\":8}");
        }

        (await Store.GetPositionAsync(Things)).Should().Be(new LogPosition(8));
    }
}

public sealed class Several_writes_of_one_document_at_once : Guarded_writes
{
    [Test]
    public async Task leave_the_newest()
    {
        await Store.WriteAsync(Things, [Put("a", 1, """{"n":1}"""), Put("a", 3, """{"n":3}"""), Put("a", 2, """{"n":2}"""), new("b", null, new(4)), Put("b", 3, """{"n":3}""")], new(4));
        (await Read("a")).Should().Be("""{"n":3}""");
        (await Read("b")).Should().BeNull();
    }
}

public sealed class Old_writes_among_new_ones : Guarded_writes
{
    [Test]
    public async Task do_not_keep_the_new_ones_from_being_written()
    {
        await Store.WriteAsync(Things, [.. Enumerable.Range(0, 100).Select(i => Put($"d{i:000}", i % 2 == 0 ? 50UL : 1UL, """{"n":1}"""))], new(50));
        await Store.WriteAsync(Things, [.. Enumerable.Range(0, 120).Select(i => Put($"d{i:000}", 20, """{"n":2}"""))], new(60));
        var found = await Store.GetManyAsync(Things, [.. Enumerable.Range(0, 120).Select(i => $"d{i:000}")]);
        found.Should().HaveCount(120);
        found.Values.Count(d => d.Position == new LogPosition(50)).Should().Be(50);
        found.Values.Count(d => d.Position == new LogPosition(20)).Should().Be(70);
    }
}

public sealed class Json_that_a_document_database_would_change : Guarded_writes
{
    [Test]
    public async Task comes_back_byte_by_byte()
    {
        const string json = """{ "z":1.50, "a" : 100000000000000000000.000000001, "$set":{"x.y":null}, "dup":1,"dup":2, "e":1E+2, "t":"\u00e9" }""";
        await Store.WriteAsync(Things, [Put("a", 1, json)], new(1));
        (await Read("a")).Should().Be(json);
    }
}

public sealed class Fields_whose_paths_look_alike : Guarded_writes
{
    [Test]
    public async Task are_kept_apart()
    {
        await Store.WriteAsync(Things, [Put("x", 1, """{"a":{"b":"path"}}"""), Put("y", 2, """{"a_b":"name"}""")], new(2));
        (await Store.QueryAsync(Things, new() { Where = [new("a.b", Comparison.GreaterOrEqual, "")] })).Documents.Select(d => d.Id).Should().Equal("x");
        (await Store.QueryAsync(Things, new() { Where = [new("a_b", Comparison.GreaterOrEqual, "")] })).Documents.Select(d => d.Id).Should().Equal("y");
    }
}

public sealed class A_drop_that_another_process_sees : Guarded_writes
{
    [Test]
    public async Task leaves_nothing_that_could_come_back()
    {
        await Store.WriteAsync(Things, [Put("a", 9, """{"n":1}""")], new(9));
        await using var other = await Open(Server.ToString(), Database);
        await other.DropAsync(Things);
        await other.EnsureAsync(Schema);
        (await other.GetPositionAsync(Things)).Should().Be(LogPosition.Start);
        await other.WriteAsync(Things, [Put("a", 1, """{"n":2}""")], new(1));
        (await Read("a")).Should().Be("""{"n":2}""");
    }
}
