using AIaaS.EventStore;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIaaS.Projections.Tests.Store;

/// <summary>A store of one engine for one test, and what it takes to open it again.</summary>
public abstract class ReadModelStoreHarness : IAsyncDisposable
{
    /// <summary>Opens the store; a second call after disposing it opens the same data again.</summary>
    public abstract Task<IReadModelStore> OpenAsync();

    public abstract ValueTask DisposeAsync();
}

public sealed class EmbeddedHarness : ReadModelStoreHarness
{
    private readonly TemporaryFolder folder = new();

    public override Task<IReadModelStore> OpenAsync() =>
        ReadModelEngines.OpenAsync(new() { DataFolder = folder.Path }, NullLoggerFactory.Instance);

    public override ValueTask DisposeAsync()
    {
        folder.Dispose();
        return ValueTask.CompletedTask;
    }
}

/// <summary>MongoDB at the address that AIAAS_TEST_MONGODB names, in a database of its own for each test.</summary>
public sealed class MongoDbHarness : ReadModelStoreHarness
{
    private readonly string database = "aiaas_test_" + IdSource.From(TimeProvider.System).NewId().ToString("N");

    public override Task<IReadModelStore> OpenAsync()
    {
        var address = Environment.GetEnvironmentVariable("AIAAS_TEST_MONGODB");
        if (string.IsNullOrEmpty(address))
        {
            Assert.Ignore("AIAAS_TEST_MONGODB is not set: the contract of the read-model store was not run against MongoDB. Set it to a connection string, for example mongodb://localhost:27017.");
        }

        if (ReadModelEngines.Find("mongodb") is null)
        {
            Assert.Ignore("AIAAS_TEST_MONGODB is set, but this build holds no MongoDB driver: the package feed does not carry it.");
        }

        return ReadModelEngines.OpenAsync(new() { Engine = "mongodb", ConnectionString = address, Database = database }, NullLoggerFactory.Instance);
    }

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
