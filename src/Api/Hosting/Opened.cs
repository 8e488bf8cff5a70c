using System.Security.Cryptography;
using AIaaS.Api.Http;
using AIaaS.Domain.Tenants;
using AIaaS.EventStore;
using AIaaS.Projections;

namespace AIaaS.Api.Hosting;

/// <summary>What is opened before the program serves: both stores, and the platform's key.</summary>
internal sealed class Opened
{
    private const string KeyStream = "platform-admin";

    private IEventStore? log;
    private IReadModelStore? readModels;
    private PlatformKey? platformKey;

    public IEventStore Log => log ?? throw NotOpen();

    public IReadModelStore ReadModels => readModels ?? throw NotOpen();

    public PlatformKey PlatformKey => platformKey ?? throw NotOpen();

    /// <summary>The log's head when it was opened: what answers a question must have seen at least that.</summary>
    public LogPosition HeadAtStart { get; private set; }

    /// <summary>Opens everything. The services then own the stores and close them.</summary>
    public async Task OpenAsync(Settings settings, IServiceProvider services, CancellationToken cancellationToken)
    {
        var logging = services.GetRequiredService<ILoggerFactory>();
        var time = services.GetRequiredService<TimeProvider>();
        log = await EventStoreEngines.OpenAsync(settings.EventStore, time, logging, cancellationToken);
        services.GetRequiredService<IEventStore>();
        HeadAtStart = await log.GetHeadAsync(cancellationToken);
        readModels = await ReadModelEngines.OpenAsync(settings.ReadModels, logging, cancellationToken);
        services.GetRequiredService<IReadModelStore>();
        if (settings.EventStore.Engine == "embedded")
        {
            await CheckReadModelsAsync(settings, services.GetServices<IProjectionSubscription>(), cancellationToken);
        }

        platformKey = settings.AdminKey is { } key ? PlatformKey.Of(key) : await FirstKeyAsync(services.GetRequiredService<EventTypes>(), time, cancellationToken);
    }

    /// <summary>
    /// The read models are a witness of the log: one that reflects more than the log holds shows that the log has lost events, or is another one.
    /// Only asked of the embedded engine: the head of an EventStoreDB may go back when its newest events are deleted.
    /// </summary>
    private async Task CheckReadModelsAsync(Settings settings, IEnumerable<IProjectionSubscription> projections, CancellationToken cancellationToken)
    {
        foreach (var model in projections.Select(p => p.Model))
        {
            if (await ReadModels.GetActiveAsync(model, cancellationToken) is { } collection
                && await ReadModels.GetPositionAsync(collection, cancellationToken) is var reached && reached > HeadAtStart)
            {
                var models = settings.ReadModels.Engine == "embedded"
                    ? $"delete '{Path.Combine(settings.ReadModels.DataFolder, "read-models.db")}' (and its -wal and -shm)"
                    : $"drop the database '{settings.ReadModels.Database}' of the read models";
                throw new StartupException($"The event log in '{settings.EventStore.DataFolder}' ends at position {HeadAtStart}, but the read model '{model}' reflects it up to {reached}: the log has lost events, or is another one. "
                    + $"Restore the log's files ('eventlog.db' and 'eventlog.db-wal' together) from a backup; or, if that loss is accepted or the log was replaced on purpose, {models}: the read models are then built again from the log.");
            }
        }
    }

    private static InvalidOperationException NotOpen() => new("The stores are not open yet.");

    private async Task<PlatformKey> FirstKeyAsync(EventTypes types, TimeProvider time, CancellationToken cancellationToken)
    {
        if (await StoredKeyAsync(types, cancellationToken) is { } stored)
        {
            return stored;
        }

        var key = "aiaas_platform_" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
        var issued = new ApiKeyIssued("platform", "made at the first start", Convert.ToHexStringLower(PlatformKey.HashOf(key)), ["platform"], time.GetUtcNow());
        try
        {
            await Log.AppendAsync(KeyStream, ExpectedVersion.NoStream, [types.Write(NamedId.Of(KeyStream, issued.Hash), issued, new EventMetadata { Actor = "platform" })], cancellationToken);
        }
        catch (WrongExpectedVersionException)
        {
            // Another process on the same log started for the first time too; its key holds.
            return (await StoredKeyAsync(types, cancellationToken))!;
        }

        Console.WriteLine($"The platform's key, shown only now (Admin__ApiKey sets another one): {key}");
        return PlatformKey.Of(key);
    }

    private async Task<PlatformKey?> StoredKeyAsync(EventTypes types, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var recorded in Log.ReadStreamAsync(KeyStream, ReadDirection.Backwards, long.MaxValue, 1, cancellationToken))
            {
                return types.Read(recorded) is ApiKeyIssued issued ? PlatformKey.OfHash(issued.Hash) : null;
            }
        }
        catch (StreamNotFoundException)
        {
            return null;
        }

        return null;
    }
}
