using AIaaS.EventStore;
using AIaaS.EventStore.Embedded;
using Microsoft.Extensions.Logging;

[assembly: EventStoreEngine("embedded", typeof(EmbeddedEventStoreEngine))]

namespace AIaaS.EventStore.Embedded;

/// <summary>Opens the log in one SQLite file of the data folder. Needs no set-up.</summary>
public sealed class EmbeddedEventStoreEngine : IEventStoreEngine
{
    /// <inheritdoc />
    public Task<IEventStore> OpenAsync(EventStoreOptions options, TimeProvider time, ILoggerFactory logging, CancellationToken cancellationToken = default) =>
        Task.Run<IEventStore>(() => EmbeddedEventStore.Open(options.DataFolder, new Tuning(), time, logging), cancellationToken);
}
