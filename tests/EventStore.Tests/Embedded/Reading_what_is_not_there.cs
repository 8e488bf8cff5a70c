using AIaaS.EventStore;
using AIaaS.EventStore.Embedded;
using Microsoft.Extensions.Logging.Abstractions;

namespace EventStore.Tests.Embedded;

public sealed class Reading_what_is_not_there
{
    [Test]
    public async Task opens_no_connection_that_stays_open()
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Ignore("Open files are counted in /proc, which only Linux has.");
        }

        using var folder = new TempFolder();
        await using var store = EmbeddedEventStore.Open(folder.Path, new Tuning(), TimeProvider.System, NullLoggerFactory.Instance);
        for (var i = 0; i < 100; i++)
        {
            var read = async () => await store.ReadStreamAsync($"nothing-{i}").GetAsyncEnumerator().MoveNextAsync();
            await read.Should().ThrowAsync<StreamNotFoundException>();
        }

        var file = Path.Combine(Path.GetFullPath(folder.Path), "eventlog.db");
        Directory.EnumerateFiles("/proc/self/fd").Count(f => new FileInfo(f).LinkTarget == file).Should().BeLessThan(20);
    }
}
