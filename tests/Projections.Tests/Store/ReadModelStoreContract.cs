using System.Text;
using System.Text.Json;
using AIaaS.EventStore;

namespace AIaaS.Projections.Tests.Store;

/// <summary>The contract of <see cref="IReadModelStore"/>: each fixture below runs against each engine.</summary>
public abstract class ReadModelStoreContract<THarness>
    where THarness : ReadModelStoreHarness, new()
{
    protected const string People = "people_v1";

    protected static readonly CollectionSchema Schema = new(
        People,
        [["tenant", "name"], ["tenant", "age"], ["address.city"]],
        new Dictionary<string, FieldKind>
        {
            ["tenant"] = FieldKind.Text,
            ["name"] = FieldKind.Text,
            ["age"] = FieldKind.Number,
            ["active"] = FieldKind.Boolean,
            ["address.city"] = FieldKind.Text,
        });

    private THarness harness = null!;

    protected IReadModelStore Store { get; private set; } = null!;

    [SetUp]
    public async Task Open()
    {
        harness = new();
        Store = await harness.OpenAsync();
        await Store.EnsureAsync(Schema);
        await Given();
    }

    [TearDown]
    public async Task Close()
    {
        if (Store is not null)
        {
            await Store.DisposeAsync();
        }

        await harness.DisposeAsync();
    }

    protected virtual Task Given() => Task.CompletedTask;

    protected async Task Reopen()
    {
        await Store.DisposeAsync();
        Store = await harness.OpenAsync();
    }

    protected static LogPosition At(ulong position) => new(position);

    protected static DocumentWrite Put(string id, ulong position, string json) => new(id, Encoding.UTF8.GetBytes(json), At(position));

    protected static DocumentWrite Delete(string id, ulong position) => new(id, null, At(position));

    protected Task Write(ulong position, params DocumentWrite[] writes) => Store.WriteAsync(People, writes, At(position));

    protected async Task<string?> Read(string id) =>
        await Store.GetAsync(People, id) is { } document ? Encoding.UTF8.GetString(document.Json.Span) : null;

    protected async Task<string[]> Find(params Condition[] where) => [.. (await Store.QueryAsync(People, new() { Where = where })).Documents.Select(d => d.Id)];

    protected async Task<string[]> ReadPages(DocumentQuery query)
    {
        var ids = new List<string>();
        for (var page = await Store.QueryAsync(People, query); ; page = await Store.QueryAsync(People, query with { Cursor = page.NextCursor }))
        {
            page.Documents.Count.Should().BeLessThanOrEqualTo(query.Limit);
            ids.AddRange(page.Documents.Select(d => d.Id));
            if (page.NextCursor is null)
            {
                return [.. ids];
            }
        }
    }

    protected static string Json(params (string Name, object? Value)[] members) => JsonSerializer.Serialize(members.ToDictionary(m => m.Name, m => m.Value));
}

public abstract class A_new_collection<THarness> : ReadModelStoreContract<THarness>
    where THarness : ReadModelStoreHarness, new()
{
    [Test]
    public async Task stands_before_the_first_event() => (await Store.GetPositionAsync(People)).Should().Be(LogPosition.Start);

    [Test]
    public async Task holds_nothing() => (await Store.QueryAsync(People, new())).Should().BeEquivalentTo(new DocumentPage([], null));

    [Test]
    public async Task has_no_document_of_any_id()
    {
        (await Store.GetAsync(People, "acme:1")).Should().BeNull();
        (await Store.GetManyAsync(People, ["acme:1", "acme:2"])).Should().BeEmpty();
    }

    [Test]
    public async Task may_be_created_again()
    {
        await Write(3, Put("acme:1", 3, """{"tenant":"acme"}"""));
        await Store.EnsureAsync(Schema);
        (await Read("acme:1")).Should().Be("""{"tenant":"acme"}""");
        (await Store.GetPositionAsync(People)).Should().Be(At(3));
    }

    [Test]
    public async Task can_have_new_fields_and_indexes_later()
    {
        await Write(3, Put("acme:1", 3, """{"tenant":"acme","city":"Bern"}"""));
        await Store.EnsureAsync(Schema with
        {
            Indexes = [.. Schema.Indexes, ["city"]],
            Fields = new Dictionary<string, FieldKind>(Schema.Fields) { ["city"] = FieldKind.Text },
        });
        (await Find(new Condition("city", Comparison.Equal, "Bern"))).Should().Equal("acme:1");
    }

    [Test]
    public async Task refuses_a_name_that_is_not_possible() =>
        await Store.Invoking(s => s.EnsureAsync(Schema with { Collection = "a;b" })).Should().ThrowAsync<ArgumentException>().WithMessage("*letters, digits and underscores*");

    [Test]
    public async Task refuses_an_index_on_a_field_that_is_not_declared() =>
        await Store.Invoking(s => s.EnsureAsync(Schema with { Indexes = [["nowhere"]] })).Should().ThrowAsync<ArgumentException>().WithMessage("*nowhere*");
}

public abstract class Written_documents<THarness> : ReadModelStoreContract<THarness>
    where THarness : ReadModelStoreHarness, new()
{
    protected override Task Given() => Write(
        9,
        Put("acme:1", 7, """{"tenant":"acme","name":"Zoë 🎈","n":1.50,"deep":{"list":[1,null,"x"]}}"""),
        Put("acme:2", 9, """{"tenant":"acme"}"""));

    [Test]
    public async Task come_back_as_the_same_json() =>
        JsonDocument.Parse((await Read("acme:1"))!).RootElement.GetProperty("deep").GetRawText().Should().Be("""{"list":[1,null,"x"]}""");

    [Test]
    public async Task keep_text_of_any_script() =>
        JsonDocument.Parse((await Read("acme:1"))!).RootElement.GetProperty("name").GetString().Should().Be("Zoë 🎈");

    [Test]
    public async Task carry_their_own_positions()
    {
        (await Store.GetAsync(People, "acme:1"))!.Position.Should().Be(At(7));
        (await Store.GetAsync(People, "acme:2"))!.Position.Should().Be(At(9));
    }

    [Test]
    public async Task move_the_collection_to_the_position_of_the_write() => (await Store.GetPositionAsync(People)).Should().Be(At(9));

    [Test]
    public async Task are_found_many_at_once_by_id() =>
        (await Store.GetManyAsync(People, ["acme:2", "acme:nobody", "acme:1"])).Keys.Should().BeEquivalentTo("acme:1", "acme:2");

    [Test]
    public async Task are_there_after_a_restart()
    {
        await Reopen();
        (await Read("acme:2")).Should().Be("""{"tenant":"acme"}""");
        (await Store.GetPositionAsync(People)).Should().Be(At(9));
        (await Find(new Condition("tenant", Comparison.Equal, "acme"))).Should().Equal("acme:1", "acme:2");
    }

    [Test]
    public async Task are_replaced_by_a_later_write()
    {
        await Write(12, Put("acme:2", 12, """{"tenant":"acme","age":3}"""));
        (await Read("acme:2")).Should().Be("""{"tenant":"acme","age":3}""");
        (await Store.GetAsync(People, "acme:2"))!.Position.Should().Be(At(12));
    }

    [Test]
    public async Task are_not_changed_by_an_older_write()
    {
        await Write(12, Put("acme:2", 8, """{"tenant":"acme","age":3}"""));
        (await Read("acme:2")).Should().Be("""{"tenant":"acme"}""");
        (await Store.GetAsync(People, "acme:2"))!.Position.Should().Be(At(9));
    }

    [Test]
    public async Task are_replaced_by_a_write_at_the_same_position()
    {
        await Write(9, Put("acme:2", 9, """{"tenant":"acme","age":4}"""));
        (await Read("acme:2")).Should().Be("""{"tenant":"acme","age":4}""");
    }

    [Test]
    public async Task in_a_large_number_are_written_at_once()
    {
        await Write(5_000, [.. Enumerable.Range(1, 3_000).Select(i => Put($"bulk:{i:0000}", (ulong)i + 10, """{"tenant":"bulk"}"""))]);
        (await Store.GetManyAsync(People, [.. Enumerable.Range(1, 3_000).Select(i => $"bulk:{i:0000}")])).Should().HaveCount(3_000);
    }
}

public abstract class A_collection_that_moves_on<THarness> : ReadModelStoreContract<THarness>
    where THarness : ReadModelStoreHarness, new()
{
    protected override Task Given() => Write(9);

    [Test]
    public async Task needs_no_document_for_it() => (await Store.GetPositionAsync(People)).Should().Be(At(9));

    [Test]
    public async Task never_goes_back()
    {
        await Write(4, Put("acme:1", 4, """{"tenant":"acme"}"""));
        (await Store.GetPositionAsync(People)).Should().Be(At(9));
        await Reopen();
        (await Store.GetPositionAsync(People)).Should().Be(At(9));
    }

    [Test]
    public async Task keeps_positions_beyond_32_bits()
    {
        await Write(1UL << 52, Put("acme:1", (1UL << 52) - 1, """{"tenant":"acme"}"""));
        (await Store.GetPositionAsync(People)).Should().Be(At(1UL << 52));
        (await Store.GetAsync(People, "acme:1"))!.Position.Should().Be(At((1UL << 52) - 1));
    }
}

public abstract class A_deleted_document<THarness> : ReadModelStoreContract<THarness>
    where THarness : ReadModelStoreHarness, new()
{
    protected override async Task Given()
    {
        await Write(3, Put("acme:1", 3, """{"tenant":"acme"}"""), Put("acme:2", 3, """{"tenant":"acme"}"""));
        await Write(5, Delete("acme:1", 5));
    }

    [Test]
    public async Task is_gone()
    {
        (await Read("acme:1")).Should().BeNull();
        (await Store.GetManyAsync(People, ["acme:1", "acme:2"])).Keys.Should().Equal("acme:2");
    }

    [Test]
    public async Task is_found_by_no_query()
    {
        (await Find()).Should().Equal("acme:2");
        (await Find(new Condition("name", Comparison.NotEqual, "x"))).Should().Equal("acme:2");
    }

    [Test]
    public async Task is_not_brought_back_by_an_older_write()
    {
        await Write(5, Put("acme:1", 4, """{"tenant":"acme"}"""));
        (await Read("acme:1")).Should().BeNull();
    }

    [Test]
    public async Task may_be_written_anew()
    {
        await Write(6, Put("acme:1", 6, """{"tenant":"acme","age":1}"""));
        (await Read("acme:1")).Should().Be("""{"tenant":"acme","age":1}""");
    }

    [Test]
    public async Task is_not_deleted_by_an_older_deletion()
    {
        await Write(6, Delete("acme:2", 2));
        (await Read("acme:2")).Should().NotBeNull();
    }
}

public abstract class A_filter<THarness> : ReadModelStoreContract<THarness>
    where THarness : ReadModelStoreHarness, new()
{
    protected override Task Given() => Write(
        6,
        Put("a", 1, """{"tenant":"acme","name":"Ann","age":30,"active":true,"address":{"city":"Bern"}}"""),
        Put("b", 2, """{"tenant":"acme","name":"Bob","age":41.5,"active":false,"address":{"city":"Berlin"}}"""),
        Put("c", 3, """{"tenant":"acme","name":"ann","age":7,"active":true}"""),
        Put("d", 4, """{"tenant":"other","name":"Ann","age":30}"""),
        Put("e", 5, """{"tenant":"acme","name":null,"age":null}"""),
        Put("f", 6, """{"tenant":"acme","name":"A\u007f\u0080Ω😀","age":-2}"""));

    [TestCase("tenant", Comparison.Equal, "other", "d")]
    [TestCase("name", Comparison.Equal, "Ann", "a,d")]
    [TestCase("name", Comparison.NotEqual, "Ann", "b,c,e,f")]
    [TestCase("name", Comparison.StartsWith, "A", "a,d,f")]
    [TestCase("name", Comparison.StartsWith, "An", "a,d")]
    [TestCase("name", Comparison.StartsWith, "A\u007f\u0080Ω😀", "f")]
    [TestCase("name", Comparison.StartsWith, "a%", "")]
    [TestCase("name", Comparison.StartsWith, "", "a,b,c,d,f")]
    [TestCase("name", Comparison.GreaterOrEqual, "Bob", "b,c")]
    [TestCase("name", Comparison.Less, "Ann", "")]
    [TestCase("name", Comparison.LessOrEqual, "Ann", "a,d")]
    [TestCase("address.city", Comparison.Equal, "Bern", "a")]
    [TestCase("address.city", Comparison.StartsWith, "Ber", "a,b")]
    [TestCase("address.city", Comparison.NotEqual, "Bern", "b,c,d,e,f")]
    [TestCase("age", Comparison.Equal, 30L, "a,d")]
    [TestCase("age", Comparison.Equal, 41.5, "b")]
    [TestCase("age", Comparison.Greater, 30L, "b")]
    [TestCase("age", Comparison.GreaterOrEqual, 30.0, "a,b,d")]
    [TestCase("age", Comparison.Less, 7L, "f")]
    [TestCase("age", Comparison.NotEqual, 30L, "b,c,e,f")]
    [TestCase("active", Comparison.Equal, true, "a,c")]
    [TestCase("active", Comparison.NotEqual, true, "b,d,e,f")]
    public async Task gives_those_that_fit(string field, Comparison comparison, object value, string ids) =>
        (await Find(new Condition(field, comparison, value))).Should().Equal(ids.Split(',', StringSplitOptions.RemoveEmptyEntries));

    [Test]
    public async Task of_several_conditions_needs_all() =>
        (await Find(new("tenant", Comparison.Equal, "acme"), new("age", Comparison.Greater, 0L), new("active", Comparison.Equal, true))).Should().Equal("a", "c");

    [Test]
    public async Task with_quotes_in_its_value_is_a_value_like_any_other() =>
        (await Find(new Condition("name", Comparison.Equal, "' OR 1=1 --"))).Should().BeEmpty();

    [Test]
    public async Task on_a_field_that_is_not_declared_is_refused() =>
        await Store.Invoking(s => s.QueryAsync(People, new() { Where = [new("secret", Comparison.Equal, "x")] }))
            .Should().ThrowAsync<InvalidQueryException>().WithMessage("*'secret'*address.city*");

    [Test]
    public async Task of_the_wrong_kind_is_refused() =>
        await Store.Invoking(s => s.QueryAsync(People, new() { Where = [new("age", Comparison.Equal, "x")] }))
            .Should().ThrowAsync<InvalidQueryException>().WithMessage("*Number*");
}

public abstract class Sorting_and_paging<THarness> : ReadModelStoreContract<THarness>
    where THarness : ReadModelStoreHarness, new()
{
    private static readonly object?[] Ages = [5, null, 5, 1, 9, null, 5, 2.5, 9, 1];

    // Ids in another order than ages; p1, p5: no age; p3, p9: 1; p7: 2.5; p0, p2, p6: 5; p4, p8: 9.
    private static readonly string[] ByAge = ["p1", "p5", "p3", "p9", "p7", "p0", "p2", "p6", "p4", "p8"];

    protected override Task Given() => Write(
        10,
        [.. Ages.Select((age, i) => Put($"p{i}", (ulong)i + 1, age is null && i == 1 ? Json(("tenant", "acme")) : Json(("tenant", "acme"), ("age", age), ("name", $"n{i % 3}"))))]);

    [Test]
    public async Task without_a_field_goes_by_id([Values(1, 3, 10, 50)] int limit, [Values] bool descending) =>
        (await ReadPages(new() { Limit = limit, Descending = descending }))
            .Should().Equal(Directed(Enumerable.Range(0, 10).Select(i => $"p{i}"), descending));

    [Test]
    public async Task by_a_number_puts_missing_values_first_and_equal_ones_by_id([Values(1, 2, 3, 4, 10, 50)] int limit, [Values] bool descending) =>
        (await ReadPages(new() { SortBy = "age", Limit = limit, Descending = descending })).Should().Equal(Directed(ByAge, descending));

    [Test]
    public async Task by_a_text_that_many_share_gives_each_document_once([Values(1, 2, 7)] int limit, [Values] bool descending)
    {
        string[] expected = ["p1", "p0", "p3", "p6", "p9", "p4", "p7", "p2", "p5", "p8"];
        (await ReadPages(new() { SortBy = "name", Limit = limit, Descending = descending })).Should().Equal(Directed(expected, descending));
    }

    [Test]
    public async Task keeps_to_the_filter([Values(1, 2)] int limit) =>
        (await ReadPages(new() { SortBy = "age", Limit = limit, Where = [new("age", Comparison.LessOrEqual, 5L)] })).Should().Equal("p3", "p9", "p7", "p0", "p2", "p6");

    [Test]
    public async Task by_text_goes_by_code_point()
    {
        await Write(20, Put("x1", 11, Json(("tenant", "t"), ("name", "é"))), Put("x2", 12, Json(("tenant", "t"), ("name", "Z"))), Put("x3", 13, Json(("tenant", "t"), ("name", "😀"))), Put("x4", 14, Json(("tenant", "t"), ("name", "\uFF5E"))), Put("x5", 15, Json(("tenant", "t"), ("name", "a"))));
        (await ReadPages(new() { SortBy = "name", Limit = 2, Where = [new("tenant", Comparison.Equal, "t")] })).Should().Equal("x2", "x5", "x1", "x4", "x3");
    }

    [Test]
    public async Task goes_on_where_it_was_when_documents_come_and_go_before_the_cursor()
    {
        var query = new DocumentQuery { SortBy = "age", Limit = 4 };
        var first = await Store.QueryAsync(People, query);
        await Write(30, Delete("p3", 20), Put("early", 21, Json(("tenant", "acme"), ("age", 0))));
        var second = await Store.QueryAsync(People, query with { Cursor = first.NextCursor });
        second.Documents.Select(d => d.Id).Should().Equal("p7", "p0", "p2", "p6");
    }

    [Test]
    public async Task says_when_a_page_is_the_last_one() =>
        (await Store.QueryAsync(People, new() { Limit = 10 })).NextCursor.Should().BeNull();

    [Test]
    public async Task refuses_a_cursor_of_another_query()
    {
        var page = await Store.QueryAsync(People, new() { SortBy = "age", Limit = 2 });
        await Store.Invoking(s => s.QueryAsync(People, new() { SortBy = "name", Limit = 2, Cursor = page.NextCursor }))
            .Should().ThrowAsync<InvalidQueryException>().WithMessage("*another query*");
    }

    [TestCase("")]
    [TestCase("?")]
    [TestCase("AAAA")]
    [TestCase("W10")]
    public async Task refuses_a_damaged_cursor(string cursor) =>
        await Store.Invoking(s => s.QueryAsync(People, new() { Cursor = cursor })).Should().ThrowAsync<InvalidQueryException>().WithMessage("*cursor*");

    [TestCase(0)]
    [TestCase(1_001)]
    public async Task refuses_a_page_size_outside_the_limits(int limit) =>
        await Store.Invoking(s => s.QueryAsync(People, new() { Limit = limit })).Should().ThrowAsync<InvalidQueryException>().WithMessage("*1 to 1000*");

    [Test]
    public async Task refuses_to_sort_by_a_field_that_is_not_declared() =>
        await Store.Invoking(s => s.QueryAsync(People, new() { SortBy = "secret" })).Should().ThrowAsync<InvalidQueryException>().WithMessage("*'secret'*");

    [Test]
    public async Task refuses_a_collection_that_there_is_not() =>
        await Store.Invoking(s => s.QueryAsync("nowhere", new())).Should().ThrowAsync<InvalidQueryException>().WithMessage("*'nowhere'*");

    private static IEnumerable<string> Directed(IEnumerable<string> ascending, bool descending) => descending ? ascending.Reverse() : ascending;
}

public abstract class A_dropped_collection<THarness> : ReadModelStoreContract<THarness>
    where THarness : ReadModelStoreHarness, new()
{
    protected override async Task Given()
    {
        await Write(3, Put("acme:1", 3, """{"tenant":"acme"}"""));
        await Store.DropAsync(People);
    }

    [Test]
    public async Task has_no_position() => (await Store.GetPositionAsync(People)).Should().Be(LogPosition.Start);

    [Test]
    public async Task has_no_documents() => (await Store.GetAsync(People, "acme:1")).Should().BeNull();

    [Test]
    public async Task is_refused_to_queries() =>
        await Store.Invoking(s => s.QueryAsync(People, new())).Should().ThrowAsync<InvalidQueryException>();

    [Test]
    public async Task may_be_dropped_again() => await Store.Invoking(s => s.DropAsync(People)).Should().NotThrowAsync();

    [Test]
    public async Task is_empty_when_it_is_created_anew()
    {
        await Store.EnsureAsync(Schema);
        (await Find()).Should().BeEmpty();
        await Write(1, Put("acme:1", 1, """{"tenant":"acme"}"""));
        (await Find()).Should().Equal("acme:1");
    }
}

public abstract class The_active_collection<THarness> : ReadModelStoreContract<THarness>
    where THarness : ReadModelStoreHarness, new()
{
    [Test]
    public async Task is_none_before_the_first_switch() => (await Store.GetActiveAsync("people")).Should().BeNull();

    [Test]
    public async Task is_what_was_set_last()
    {
        await Store.SetActiveAsync("people", "people_v1");
        await Store.SetActiveAsync("people", "people_v2");
        await Store.SetActiveAsync("places", "places_v1");
        (await Store.GetActiveAsync("people")).Should().Be("people_v2");
    }

    [Test]
    public async Task is_the_same_after_a_restart()
    {
        await Store.SetActiveAsync("people", "people_v2");
        await Reopen();
        (await Store.GetActiveAsync("people")).Should().Be("people_v2");
    }
}

public abstract class Readers_beside_writers<THarness> : ReadModelStoreContract<THarness>
    where THarness : ReadModelStoreHarness, new()
{
    [Test]
    public async Task see_whole_documents_and_do_not_stop_each_other()
    {
        var writing = Task.Run(async () =>
        {
            for (ulong i = 1; i <= 200; i++)
            {
                await Write(i, Put("acme:1", i, Json(("tenant", "acme"), ("age", i), ("name", new string('x', (int)i)))));
            }
        });
        var reads = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            var seen = 0;
            while (!writing.IsCompleted || seen == 0)
            {
                if (await Read("acme:1") is { } json)
                {
                    seen++;
                    var document = JsonDocument.Parse(json).RootElement;
                    document.GetProperty("name").GetString().Should().HaveLength(document.GetProperty("age").GetInt32());
                }
            }

            return seen;
        })));
        await writing;
        reads.Should().OnlyContain(seen => seen > 0);
    }
}
