using Microsoft.Extensions.Logging.Abstractions;

namespace AIaaS.EventStore.Tests;

/// <summary>The embedded log in a folder of its own, which can be closed and opened again.</summary>
internal sealed class TestLog : IAsyncDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("aiaas-kernel-").FullName;

    public IEventStore Store { get; private set; } = null!;

    public static async Task<TestLog> OpenAsync()
    {
        var log = new TestLog();
        await log.ReopenAsync();
        return log;
    }

    public async Task ReopenAsync()
    {
        if (Store is not null)
        {
            await Store.DisposeAsync();
        }

        Store = await EventStoreEngines.OpenAsync(new() { DataFolder = folder }, TimeProvider.System, NullLoggerFactory.Instance);
    }

    public async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    public async Task<List<RecordedEvent>> ReadAsync(string stream)
    {
        List<RecordedEvent> events = [];
        try
        {
            await foreach (var each in Store.ReadStreamAsync(stream))
            {
                events.Add(each);
            }
        }
        catch (StreamNotFoundException)
        {
            return events;
        }

        return events;
    }
}

/// <summary>Waits for a condition with a deadline.</summary>
internal static class Eventually
{
    public static async Task BeAsync(Func<Task<bool>> condition, string what, int seconds = 20)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
        while (!await condition())
        {
            if (deadline.IsCancellationRequested)
            {
                Assert.Fail($"After {seconds} s still not so: {what}.");
            }

            await Task.Delay(5);
        }
    }

    public static Task BeAsync(Func<bool> condition, string what, int seconds = 20) => BeAsync(() => Task.FromResult(condition()), what, seconds);
}

/// <summary>Ids that a test can predict: 1, 2, 3…</summary>
internal sealed class CountingIds(int start = 0) : IdSource
{
    private int last = start;

    public override Guid NewId() => NamedId.Of("test", Interlocked.Increment(ref last).ToString());
}
