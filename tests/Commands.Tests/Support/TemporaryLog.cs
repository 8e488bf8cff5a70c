using AIaaS.EventStore;
using Microsoft.Extensions.Logging.Abstractions;

namespace Commands.Tests.Support;

/// <summary>The embedded log in a folder of its own, deleted at the end.</summary>
internal sealed class TemporaryLog : IAsyncDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("aiaas-commands-").FullName;

    public IEventStore Store { get; private set; } = null!;

    public static async Task<TemporaryLog> OpenAsync(TimeProvider? time = null)
    {
        var log = new TemporaryLog();
        log.Store = await EventStoreEngines.OpenAsync(new EventStoreOptions { DataFolder = log.folder }, time ?? TimeProvider.System, NullLoggerFactory.Instance);
        return log;
    }

    public async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }
}
