using AIaaS.EventStore;
using AIaaS.Projections.Embedded;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIaaS.Projections.Tests.Store;

public sealed class Embedded_new_collection : A_new_collection<EmbeddedHarness>;

public sealed class Embedded_written_documents : Written_documents<EmbeddedHarness>;

public sealed class Embedded_collection_that_moves_on : A_collection_that_moves_on<EmbeddedHarness>;

public sealed class Embedded_deleted_document : A_deleted_document<EmbeddedHarness>;

public sealed class Embedded_filter : A_filter<EmbeddedHarness>;

public sealed class Embedded_sorting_and_paging : Sorting_and_paging<EmbeddedHarness>;

public sealed class Embedded_dropped_collection : A_dropped_collection<EmbeddedHarness>;

public sealed class Embedded_active_collection : The_active_collection<EmbeddedHarness>;

public sealed class Embedded_readers_beside_writers : Readers_beside_writers<EmbeddedHarness>;

public abstract class A_read_model_file
{
    private TemporaryFolder folder = null!;

    protected string File => Path.Combine(folder.Path, "read-models.db");

    protected string Folder => folder.Path;

    [SetUp]
    public void Make() => folder = new();

    [TearDown]
    public void Delete() => folder.Dispose();

    protected Task<IReadModelStore> Open() => ReadModelEngines.OpenAsync(new() { DataFolder = folder.Path }, NullLoggerFactory.Instance);

    protected async Task Fill()
    {
        await using var store = await Open();
        await store.EnsureAsync(new("things_v1", [], new Dictionary<string, FieldKind>()));
        await store.WriteAsync("things_v1", [.. Enumerable.Range(1, 500).Select(i => new DocumentWrite($"acme:{i}", "{\"text\":\"0123456789012345678901234567890123456789\"}"u8.ToArray(), new((ulong)i)))], new(500));
    }
}

public sealed class A_read_model_file_that_is_no_database : A_read_model_file
{
    [Test]
    public async Task is_named_with_the_way_out()
    {
        await System.IO.File.WriteAllTextAsync(File, new string('x', 10_000));
        (await FluentActions.Awaiting(Open).Should().ThrowAsync<ReadModelStoreException>()).WithMessage($"*{File}*damaged*delete this file*rebuilt from the log*");
    }

    [Test]
    public async Task leaves_the_folder_free_for_a_new_start()
    {
        await System.IO.File.WriteAllTextAsync(File, new string('x', 10_000));
        await FluentActions.Awaiting(Open).Should().ThrowAsync<ReadModelStoreException>();
        System.IO.File.Delete(File);
        await using var store = await Open();
        (await store.GetPositionAsync("things_v1")).Should().Be(LogPosition.Start);
    }
}

public sealed class A_truncated_read_model_file : A_read_model_file
{
    [TestCase(0.3)]
    [TestCase(0.7)]
    [TestCase(0.99)]
    public async Task is_named_with_the_way_out(double kept)
    {
        await Fill();
        await using (var file = System.IO.File.OpenWrite(File))
        {
            file.SetLength((long)(file.Length * kept));
        }

        (await FluentActions.Awaiting(Open).Should().ThrowAsync<ReadModelStoreException>()).WithMessage("*damaged*delete this file*");
    }
}

public sealed class A_damaged_page_of_a_read_model_file : A_read_model_file
{
    [Test]
    public async Task is_named_when_it_is_read()
    {
        await Fill();
        await using (var file = System.IO.File.OpenWrite(File))
        {
            // Behind the first pages, so that the file opens.
            file.Position = 4096 * 4;
            await file.WriteAsync(Enumerable.Repeat((byte)0xEE, (int)(file.Length - file.Position)).ToArray());
        }

        await using var store = await Open();
        (await store.Awaiting(s => s.QueryAsync("things_v1", new() { Limit = 1_000 })).Should().ThrowAsync<ReadModelStoreException>()).WithMessage("*damaged*delete this file*");
    }
}

public sealed class A_second_opener_of_a_read_model_file : A_read_model_file
{
    [Test]
    public async Task is_refused_while_the_first_has_it()
    {
        await using var first = await Open();
        (await FluentActions.Awaiting(Open).Should().ThrowAsync<ReadModelStoreException>()).WithMessage("*in use by another process*ReadModels__DataFolder*");
    }

    [Test]
    public async Task is_let_in_when_the_first_is_closed()
    {
        await (await Open()).DisposeAsync();
        await using var second = await Open();
        (await second.GetActiveAsync("x")).Should().BeNull();
    }
}

public sealed class A_full_disk_under_a_read_model_file : A_read_model_file
{
    private static readonly byte[] Large = System.Text.Encoding.UTF8.GetBytes("{\"text\":\"" + new string('x', 500_000) + "\"}");

    [Test]
    public async Task refuses_the_write_whole_and_goes_on_when_there_is_room()
    {
        await Fill();
        await using var store = (EmbeddedReadModelStore)await Open();
        await store.LimitPagesAsync(1);
        Task Write() => store.WriteAsync("things_v1", [new("acme:1", "{}"u8.ToArray(), new(600)), new("acme:large", Large, new(601))], new(601));
        (await FluentActions.Awaiting(Write).Should().ThrowAsync<ReadModelStoreException>()).WithMessage("*disk is full*Make room*");
        (await store.GetPositionAsync("things_v1")).Should().Be(new LogPosition(500));
        (await store.GetAsync("things_v1", "acme:1"))!.Position.Should().Be(new LogPosition(1));

        await store.LimitPagesAsync(1_000_000);
        await Write();
        (await store.GetPositionAsync("things_v1")).Should().Be(new LogPosition(601));
        (await store.GetAsync("things_v1", "acme:large"))!.Json.Length.Should().Be(Large.Length);
    }
}

public sealed class A_data_folder_that_cannot_be_made
{
    [Test]
    public async Task is_named_with_the_setting_that_mends_it()
    {
        using var folder = new TemporaryFolder();
        var blocked = Path.Combine(folder.Path, "file");
        await File.WriteAllTextAsync(blocked, "");
        (await FluentActions.Awaiting(() => ReadModelEngines.OpenAsync(new() { DataFolder = Path.Combine(blocked, "data") }, NullLoggerFactory.Instance))
            .Should().ThrowAsync<ReadModelStoreException>()).WithMessage("*cannot be created*ReadModels__DataFolder*");
    }
}

public sealed class An_engine_that_is_not_known
{
    [Test]
    public async Task is_refused_with_the_names_that_are() =>
        (await FluentActions.Awaiting(() => ReadModelEngines.OpenAsync(new() { Engine = "redis" }, NullLoggerFactory.Instance))
            .Should().ThrowAsync<ReadModelStoreException>()).WithMessage("*redis*'embedded' or 'mongodb'*");
}
