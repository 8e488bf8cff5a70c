using AIaaS.Projections;
using AIaaS.Projections.MongoDb;
using Microsoft.Extensions.Logging;
using MongoDB.Driver;

[assembly: ReadModelEngine("mongodb", typeof(MongoDbReadModelEngine))]

namespace AIaaS.Projections.MongoDb;

/// <summary>Read models on MongoDB through the official driver. A single server will do: no transactions, no change streams.</summary>
internal sealed class MongoDbReadModelEngine : IReadModelEngine
{
    // The driver's own limit is 30 s, which a request that reads its own writes would have to wait for.
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(5);

    /// <inheritdoc />
    public async Task<IReadModelStore> OpenAsync(ReadModelOptions options, ILoggerFactory logging, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        var settings = Settings(options.ConnectionString);
        var address = string.Join(", ", settings.Servers);
        MongoDbReadModelStore store;
        try
        {
            store = new(new MongoClient(settings), options.Database, address);
        }
        catch (Exception e) when (e is ArgumentException or MongoException)
        {
            throw new ReadModelStoreException($"'{options.Database}' cannot be a database of MongoDB: {e.Message} Correct ReadModels__Database.", e);
        }

        try
        {
            await store.PingAsync(cancellationToken);
            return store;
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }
    }

    private static MongoClientSettings Settings(string connectionString)
    {
        try
        {
            var settings = MongoClientSettings.FromConnectionString(connectionString);
            settings.ApplicationName ??= "aiaas";
            if (!connectionString.Contains("serverSelectionTimeout", StringComparison.OrdinalIgnoreCase))
            {
                settings.ServerSelectionTimeout = AnswerWithin;
            }

            if (!connectionString.Contains("connectTimeout", StringComparison.OrdinalIgnoreCase))
            {
                settings.ConnectTimeout = AnswerWithin;
            }

            return settings;
        }
        catch (Exception e) when (e is MongoConfigurationException or FormatException or ArgumentException)
        {
            // The text is not repeated: it may hold a password.
            throw new ReadModelStoreException(
                "ReadModels__ConnectionString is not a connection string of MongoDB. Write it as 'mongodb://host:27017' or 'mongodb://user:password@host:27017/?authSource=admin'.", e);
        }
    }
}
