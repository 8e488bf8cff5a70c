using System.Diagnostics;
using AIaaS.EventStore;
using AIaaS.EventStore.Embedded;
using Microsoft.Extensions.Logging.Abstractions;

namespace EventStore.Tests.Embedded;

public sealed class A_log_that_lost_events
{
    private readonly IdSource ids = IdSource.From(TimeProvider.System);
    private TempFolder folder = null!;

    private string Log => folder["eventlog.db"];

    private string WriteAhead => folder["eventlog.db-wal"];

    private string Index => folder["eventlog.db-shm"];

    private string Record => folder["eventlog.head"];

    [SetUp]
    public void MakeFolder() => folder = new();

    [TearDown]
    public void RemoveFolder() => folder.Dispose();

    [TestCase(0.9)]
    [TestCase(0.5)]
    [TestCase(0.0)]
    [TestCase(null)]
    public async Task because_its_write_ahead_log_was_cut_or_deleted_after_a_kill_is_refused_until_the_loss_is_accepted(double? share)
    {
        await WriteAndKillAsync();
        Cut(share);
        var (log, index) = (await File.ReadAllBytesAsync(Log), await File.ReadAllBytesAsync(Index));
        for (var attempt = 0; attempt < 2; attempt++)
        {
            (await RefusedAsync()).Should().ContainAll(Log, "eventlog.db-wal", "lost its newest events", "backup", "eventlog.db-shm");
            (await File.ReadAllBytesAsync(Log)).Should().Equal(log);
            (await File.ReadAllBytesAsync(Index)).Should().Equal(index);
            File.Exists(WriteAhead).Should().Be(share is not null);
        }

        File.Delete(Index);
        File.Delete(Record);
        await using var store = await OpenAsync();
        await store.AppendAsync("a", ExpectedVersion.Any, [Event()]);
    }

    [Test]
    public async Task because_its_write_ahead_log_was_overwritten_in_the_middle_after_a_kill_is_refused()
    {
        await WriteAndKillAsync();
        await using (var file = new FileStream(WriteAhead, FileMode.Open))
        {
            file.Position = CommittedBytes() / 2;
            await file.WriteAsync("garbage"u8.ToArray());
        }

        (await RefusedAsync()).Should().ContainAll(Log, "eventlog.db-wal", "lost its newest events");
    }

    [Test]
    public async Task is_not_what_a_torn_write_behind_the_last_commit_means()
    {
        var acknowledged = await WriteAndKillAsync();
        await using (var file = new FileStream(WriteAhead, FileMode.Open))
        {
            // A frame that begins like the others, with their salt, and was never finished.
            var frame = new byte[24 + 4096];
            file.Position = 32;
            await file.ReadExactlyAsync(frame);
            frame[100] ^= 1;
            file.Position = 32 + ((file.Length - 32) / frame.Length * frame.Length);
            await file.WriteAsync(frame);
            await file.WriteAsync(frame.AsMemory(0, 1000));
        }

        await using var store = await OpenAsync();
        (await store.GetHeadAsync()).Value.Should().BeGreaterThanOrEqualTo(acknowledged);
    }

    [Test]
    public async Task because_its_file_was_replaced_by_an_older_one_is_refused_until_the_loss_is_accepted()
    {
        await AppendAsync(3);
        File.Copy(Log, folder["older.db"]);
        await AppendAsync(4);
        File.Move(folder["older.db"], Log, overwrite: true);
        (await RefusedAsync()).Should().ContainAll(Log, "position 3", "position 7", "eventlog.head", "backup");
        (await RefusedAsync()).Should().Contain("position 7");

        File.Delete(Record);
        await using var store = await OpenAsync();
        (await store.GetHeadAsync()).Value.Should().Be(3);
    }

    [Test]
    public async Task because_its_file_is_gone_is_refused_until_an_empty_log_is_accepted()
    {
        await AppendAsync(3);
        File.Delete(Log);
        (await RefusedAsync()).Should().ContainAll(Log, "missing", "position 3", "eventlog.head", "backup");
        File.Exists(Log).Should().BeFalse();

        File.Delete(Record);
        await using var store = await OpenAsync();
        (await store.GetHeadAsync()).Value.Should().Be(0);
    }

    [Test]
    public async Task is_noticed_without_the_index_too_up_to_what_was_recorded_while_it_ran()
    {
        await using (var store = EmbeddedEventStore.Open(folder.Path, new() { HeadPeriod = TimeSpan.FromMilliseconds(20) }, TimeProvider.System, NullLoggerFactory.Instance))
        {
            await store.AppendAsync("a", ExpectedVersion.Any, [Event(), Event()]);
            await Eventually(() => Task.FromResult(File.Exists(Record) && File.ReadAllText(Record) == "2\n"));
            Directory.CreateDirectory(folder["power-cut"]);
            File.Copy(Log, folder["power-cut/eventlog.db"]);
            File.Copy(Record, folder["power-cut/eventlog.head"]);
        }

        (await RefusedAsync(folder["power-cut"])).Should().ContainAll("position 0", "position 2");
    }

    [Test]
    public async Task is_not_what_events_that_were_removed_at_its_end_mean()
    {
        await using (var store = EmbeddedEventStore.Open(folder.Path, new(), TimeProvider.System, NullLoggerFactory.Instance))
        {
            await store.AppendAsync("a", ExpectedVersion.Any, [Event()]);
            await store.AppendAsync("b", ExpectedVersion.Any, [Event(), Event()]);
            await store.DeleteStreamAsync("b", ExpectedVersion.Any);
            await store.Scavenger.ScavengeAllAsync(default);
        }

        await using var again = await OpenAsync();
        (await again.GetHeadAsync()).Value.Should().Be(3);
    }

    [Test]
    public async Task says_so_when_its_record_cannot_be_read()
    {
        await AppendAsync(1);
        await File.WriteAllTextAsync(Record, "many");
        (await RefusedAsync()).Should().ContainAll(Record, "delete this file");
    }

    [Test]
    public async Task is_not_what_a_clean_close_leaves_behind_all_kinds_of_use()
    {
        await using (var store = EmbeddedEventStore.Open(folder.Path, new() { CheckpointPages = 10 }, TimeProvider.System, NullLoggerFactory.Instance))
        {
            using var stop = new CancellationTokenSource();
            var live = new TaskCompletionSource();
            var following = Task.Run(async () =>
            {
                await foreach (var message in store.SubscribeToAllAsync(cancellationToken: stop.Token))
                {
                    live.TrySetResult();
                }
            });
            for (var i = 0; i < 50; i++)
            {
                await store.AppendAsync($"s{i % 5}", ExpectedVersion.Any, [Event(), Event()]);
                var missing = async () => await store.ReadStreamAsync($"missing-{i}").ToListAsync();
                await missing.Should().ThrowAsync<StreamNotFoundException>();
            }

            await live.Task;
            await store.ConsumerGroups.CreateAsync("s0", "g", new());
            (await store.ReadAllAsync().ToListAsync()).Should().HaveCount(100);
            await store.DisposeAsync();
            var end = async () => await following;
            await end.Should().ThrowAsync<EventStoreException>();
        }

        Directory.GetFiles(folder.Path).Select(Path.GetFileName).Should().BeEquivalentTo("eventlog.db", "eventlog.head", "eventlog.lock", "eventlog.owner");
        (await File.ReadAllTextAsync(Record)).Should().Be("100\n");
    }

    /// <summary>Where the last commit ends that SQLite's index shows; behind it may lie one that the kill met before its end.</summary>
    private long CommittedBytes() => 32 + (BitConverter.ToUInt32(File.ReadAllBytes(Index), 16) * (24L + 4096));

    /// <summary>Keeps a share of what was committed.</summary>
    private void Cut(double? share)
    {
        if (share is { } kept)
        {
            var committed = CommittedBytes();
            using var file = new FileStream(WriteAhead, FileMode.Open);
            file.SetLength((long)(committed * kept));
        }
        else
        {
            File.Delete(WriteAhead);
        }
    }

    private static async Task Eventually(Func<Task<bool>> condition)
    {
        var since = Stopwatch.StartNew();
        while (!await condition())
        {
            since.Elapsed.Should().BeLessThan(TimeSpan.FromSeconds(20));
            await Task.Delay(10);
        }
    }

    private NewEvent Event() => new(ids.NewId(), "written", new byte[300], default, IsJson: false);

    private async Task AppendAsync(int events)
    {
        await using var store = await OpenAsync();
        await store.AppendAsync("a", ExpectedVersion.Any, [.. Enumerable.Range(0, events).Select(_ => Event())]);
    }

    /// <summary>Lets another process append, and kills it.</summary>
    /// <returns>The last position that it was told.</returns>
    private async Task<ulong> WriteAndKillAsync()
    {
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet") { RedirectStandardOutput = true, ArgumentList = { Path.Combine(AppContext.BaseDirectory, "CrashWriter.dll"), folder.Path, "0" } };
        using var writer = Process.Start(start)!;
        ulong last = 0;
        try
        {
            for (var lines = 0; lines < 200; lines++)
            {
                last = Math.Max(last, ulong.Parse((await writer.StandardOutput.ReadLineAsync())!.Split(' ')[3], System.Globalization.CultureInfo.InvariantCulture));
            }
        }
        finally
        {
            writer.Kill();
            await writer.WaitForExitAsync();
        }

        return last;
    }

    private Task<IEventStore> OpenAsync(string? path = null) =>
        EventStoreEngines.OpenAsync(new() { DataFolder = path ?? folder.Path }, TimeProvider.System, NullLoggerFactory.Instance);

    private async Task<string> RefusedAsync(string? path = null)
    {
        var open = () => OpenAsync(path);
        return (await open.Should().ThrowAsync<EventStoreOpenException>()).Which.Message;
    }
}
