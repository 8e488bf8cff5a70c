using System.Diagnostics;
using AIaaS.EventStore;
using AIaaS.EventStore.Embedded;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace EventStore.Tests.Embedded;

public sealed class A_full_disk
{
    private readonly IdSource ids = IdSource.From(TimeProvider.System);
    private TempFolder folder = null!;

    [SetUp]
    public void MakeFolder() => folder = new();

    [TearDown]
    public void RemoveFolder() => folder.Dispose();

    [Test]
    public async Task fails_the_append_keeps_reads_alive_and_loses_nothing_acknowledged()
    {
        var tuning = new Tuning { MaxPages = 60 };
        long written;
        await using (var store = EmbeddedEventStore.Open(folder.Path, tuning, TimeProvider.System, NullLoggerFactory.Instance))
        {
            written = await FillAsync(store);
            (await CountAsync(store)).Should().Be(written);
            (await store.AppendAsync("s", ExpectedVersion.Exact(written - 1), [Event(10)])).Version.Should().Be(written, "a small one still has room in the last page");
        }

        await using var opened = EmbeddedEventStore.Open(folder.Path, new Tuning(), TimeProvider.System, NullLoggerFactory.Instance);
        (await CountAsync(opened)).Should().Be(written + 1);
        (await opened.AppendAsync("s", ExpectedVersion.Exact(written), [Event(10_000)])).Version.Should().Be(written + 1);
    }

    [Test]
    public async Task is_logged_now_and_then_and_not_at_each_append()
    {
        using var log = new CountingLog();
        await using var store = EmbeddedEventStore.Open(folder.Path, new Tuning { MaxPages = 60 }, TimeProvider.System, log);
        var written = await FillAsync(store);
        for (var i = 0; i < 50; i++)
        {
            var append = () => store.AppendAsync("s", ExpectedVersion.Exact(written - 1), [Event(100_000)]);
            await append.Should().ThrowAsync<EventStoreReadOnlyException>();
        }

        log.Errors.Should().Be(1);
    }

    [Test]
    public async Task of_a_real_file_system_fails_appends_until_there_is_space_again()
    {
        if (!OperatingSystem.IsLinux() || Environment.UserName != "root" || !await RunAsync("mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder.Path))
        {
            Assert.Ignore("Mounting a small file system needs root on Linux.");
        }

        try
        {
            await File.WriteAllBytesAsync(folder["ballast"], new byte[1024 * 1024]);
            await using var store = await EventStoreEngines.OpenAsync(new() { DataFolder = folder.Path }, TimeProvider.System, NullLoggerFactory.Instance);
            var written = await FillAsync(store);
            (await CountAsync(store)).Should().Be(written);
            File.Delete(folder["ballast"]);
            (await store.AppendAsync("s", ExpectedVersion.Exact(written - 1), [Event(10_000)])).Version.Should().Be(written);
            (await CountAsync(store)).Should().Be(written + 1);
        }
        finally
        {
            _ = await RunAsync("umount", folder.Path);
        }
    }

    [Test]
    public async Task that_is_read_only_is_refused_at_the_start_with_the_folder_named()
    {
        if (!OperatingSystem.IsLinux() || Environment.UserName != "root" || !await RunAsync("mount", "-t", "tmpfs", "-o", "size=4m,ro", "tmpfs", folder.Path))
        {
            Assert.Ignore("Mounting a read-only file system needs root on Linux.");
        }

        try
        {
            var open = () => EventStoreEngines.OpenAsync(new() { DataFolder = folder.Path }, TimeProvider.System, NullLoggerFactory.Instance);
            (await open.Should().ThrowAsync<EventStoreOpenException>()).Which.Message.Should().ContainAll(folder.Path, "EventStore__DataFolder");
        }
        finally
        {
            _ = await RunAsync("umount", folder.Path);
        }
    }

    private static async Task<bool> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        await process.WaitForExitAsync();
        return process.ExitCode == 0;
    }

    private static async Task<long> CountAsync(IEventStore store)
    {
        long count = 0;
        await foreach (var @event in store.ReadStreamAsync("s"))
        {
            @event.Version.Should().Be(count++);
        }

        return count;
    }

    private async Task<long> FillAsync(IEventStore store)
    {
        for (long version = -1; version < 10_000; version++)
        {
            try
            {
                _ = await store.AppendAsync("s", ExpectedVersion.Exact(version), [Event(10_000)]);
            }
            catch (EventStoreReadOnlyException e)
            {
                e.Message.Should().ContainAll("eventlog.db", "Free space");
                return version + 1;
            }
        }

        throw new AssertionException("The disk did not fill up.");
    }

    private NewEvent Event(int bytes) => new(ids.NewId(), "filled", new byte[bytes], default, IsJson: false);

    private sealed class CountingLog : ILoggerFactory, ILogger
    {
        private int errors;

        public int Errors => errors;

        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider)
        {
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel >= LogLevel.Error)
            {
                Interlocked.Increment(ref errors);
            }
        }

        public void Dispose()
        {
        }
    }
}
