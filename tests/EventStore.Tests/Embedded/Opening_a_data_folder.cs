using System.Diagnostics;
using AIaaS.EventStore;
using AIaaS.EventStore.Embedded;
using AIaaS.EventStore.Embedded.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;

namespace EventStore.Tests.Embedded;

public sealed class Opening_a_data_folder
{
    private readonly IdSource ids = IdSource.From(TimeProvider.System);
    private TempFolder folder = null!;

    private string File => folder["eventlog.db"];

    [SetUp]
    public void MakeFolder() => folder = new();

    [TearDown]
    public void RemoveFolder() => folder.Dispose();

    [Test]
    public async Task that_is_missing_makes_it()
    {
        var path = folder["a/b"];
        await using var store = await OpenAsync(path);
        Directory.Exists(path).Should().BeTrue();
    }

    [Test]
    public async Task that_another_one_holds_names_the_folder_the_process_and_the_way_out()
    {
        await using var first = await OpenAsync();
        (await RefusedAsync()).Should().ContainAll(folder.Path, "in use", $"process {Environment.ProcessId}", "EventStore__DataFolder");
    }

    [Test]
    public async Task that_another_process_holds_is_refused_and_free_again_when_that_process_was_killed()
    {
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet") { RedirectStandardOutput = true, ArgumentList = { Path.Combine(AppContext.BaseDirectory, "CrashWriter.dll"), folder.Path, "0" } };
        using var other = Process.Start(start)!;
        try
        {
            (await other.StandardOutput.ReadLineAsync()).Should().NotBeNull();
            (await RefusedAsync()).Should().ContainAll(folder.Path, $"process {other.Id}");
        }
        finally
        {
            other.Kill();
            await other.WaitForExitAsync();
        }

        await using var store = await OpenAsync();
        (await store.GetHeadAsync()).Value.Should().BePositive();
    }

    [Test]
    public async Task that_is_a_file_says_so()
    {
        await System.IO.File.WriteAllTextAsync(folder["x"], "");
        (await RefusedAsync(folder["x"])).Should().Contain("EventStore__DataFolder");
    }

    [TestCase(0.0)]
    [TestCase(0.3)]
    [TestCase(0.9)]
    [TestCase(0.999)]
    public async Task whose_file_was_cut_short_is_refused_and_left_as_it_is(double share)
    {
        await FillAsync();
        long kept;
        await using (var file = new FileStream(File, FileMode.Open))
        {
            kept = (long)(file.Length * share);
            file.SetLength(kept);
        }

        (await RefusedAsync()).Should().ContainAll(File, "damaged", "backup", "move");
        new FileInfo(File).Length.Should().Be(kept);
    }

    [Test]
    public async Task whose_file_was_cut_short_while_its_write_ahead_log_is_there_is_refused()
    {
        await FillAsync();
        var copy = folder["copy"];
        Directory.CreateDirectory(copy);
        await using (var store = await OpenAsync())
        {
            await store.AppendAsync("a", ExpectedVersion.Any, [Event(10)]);
            System.IO.File.Copy(File, Path.Combine(copy, "eventlog.db"));
            System.IO.File.Copy(File + "-wal", Path.Combine(copy, "eventlog.db-wal"));
        }

        await using (var whole = await OpenAsync(copy))
        {
            (await whole.GetHeadAsync()).Value.Should().Be(2001);
            System.IO.File.Delete(Path.Combine(folder.Path, "eventlog.db"));
            System.IO.File.Copy(Path.Combine(copy, "eventlog.db"), File);
            await whole.AppendAsync("a", ExpectedVersion.Any, [Event(10)]);
            System.IO.File.Copy(Path.Combine(copy, "eventlog.db-wal"), File + "-wal");
        }

        await using (var file = new FileStream(File, FileMode.Open))
        {
            file.SetLength(file.Length / 2);
        }

        (await RefusedAsync()).Should().ContainAll(File, "damaged");
    }

    [Test]
    public async Task whose_file_is_something_else_is_refused()
    {
        await System.IO.File.WriteAllBytesAsync(File, Enumerable.Repeat((byte)'x', 8192).ToArray());
        (await RefusedAsync()).Should().ContainAll(File, "does not begin as a SQLite file");
    }

    [Test]
    public async Task whose_file_belongs_to_another_program_is_refused()
    {
        using (var other = new Connection(File, Native.OpenReadWrite | Native.OpenCreate))
        {
            other.Execute("CREATE TABLE t (x)");
        }

        (await RefusedAsync()).Should().ContainAll(File, "not an event log");
    }

    [Test]
    public async Task whose_file_was_written_by_a_newer_program_is_refused()
    {
        await FillAsync();
        using (var other = new Connection(File, Native.OpenReadWrite))
        {
            other.Execute("PRAGMA user_version = 99");
        }

        (await RefusedAsync()).Should().ContainAll(File, "format 99");
    }

    [Test]
    public async Task whose_file_is_gone_while_its_write_ahead_log_is_there_is_refused()
    {
        await System.IO.File.WriteAllBytesAsync(File + "-wal", new byte[100]);
        (await RefusedAsync()).Should().ContainAll(File, "missing");
        System.IO.File.Exists(File).Should().BeFalse();
    }

    [Test]
    public async Task whose_pages_are_garbage_says_at_the_read_that_the_file_is_damaged()
    {
        await FillAsync();
        await using (var file = new FileStream(File, FileMode.Open))
        {
            // From page 12 on: behind the schema and the small tables.
            file.Position = 12 * 4096;
            var garbage = new byte[file.Length - file.Position];
            new Random(1).NextBytes(garbage);
            await file.WriteAsync(garbage);
        }

        var use = async () =>
        {
            await using var store = await OpenAsync();
            await foreach (var _ in store.ReadAllAsync())
            {
            }
        };
        (await use.Should().ThrowAsync<EventStoreException>()).Which.Message.Should().ContainAll(File, "damaged", "backup");
    }

    private NewEvent Event(int bytes) => new(ids.NewId(), "filled", new byte[bytes], default, IsJson: false);

    private Task<IEventStore> OpenAsync(string? path = null) =>
        EventStoreEngines.OpenAsync(new() { DataFolder = path ?? folder.Path }, TimeProvider.System, NullLoggerFactory.Instance);

    private async Task FillAsync()
    {
        await using var store = await OpenAsync();
        for (var i = 0; i < 4; i++)
        {
            await store.AppendAsync($"s{i}", ExpectedVersion.Any, [.. Enumerable.Range(0, 500).Select(_ => Event(300))]);
        }
    }

    private async Task<string> RefusedAsync(string? path = null)
    {
        var open = () => OpenAsync(path);
        return (await open.Should().ThrowAsync<EventStoreOpenException>()).Which.Message;
    }
}
