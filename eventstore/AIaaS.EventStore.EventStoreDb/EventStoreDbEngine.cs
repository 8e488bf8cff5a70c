using AIaaS.EventStore;
using AIaaS.EventStore.EventStoreDb;
using Microsoft.Extensions.Logging;
using Client = EventStore.Client;

[assembly: EventStoreEngine("eventstoredb", typeof(EventStoreDbEngine))]

namespace AIaaS.EventStore.EventStoreDb;

/// <summary>The log on EventStoreDB (or KurrentDB), through the official gRPC client.</summary>
internal sealed class EventStoreDbEngine : IEventStoreEngine
{
    private static readonly TimeSpan OpenWithin = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan BetweenTries = TimeSpan.FromMilliseconds(250);

    /// <inheritdoc />
    public async Task<IEventStore> OpenAsync(EventStoreOptions options, TimeProvider time, ILoggerFactory logging, CancellationToken cancellationToken = default)
    {
        var settings = Settings(options.ConnectionString);
        var store = new EventStoreDbStore(settings, logging);
        try
        {
            await AnswersAsync(store, cancellationToken);
            return store;
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }
    }

    /// <summary>The nodes that the settings name, without user and password.</summary>
    internal static string AddressOf(Client.EventStoreClientSettings settings)
    {
        var connectivity = settings.ConnectivitySettings;
        return connectivity.Address is { } single
            ? single.GetLeftPart(UriPartial.Authority)
            : string.Join(", ", connectivity.GossipSeeds.Select(s => s.ToString()));
    }

    private static Client.EventStoreClientSettings Settings(string connectionString)
    {
        try
        {
            var settings = Client.EventStoreClientSettings.Create(connectionString);
            settings.ConnectionName ??= "aiaas";
            return settings;
        }
        catch (Exception e) when (e is Client.ConnectionStringParseException or FormatException or ArgumentException)
        {
            // The text is not repeated: it may hold a password.
            throw new EventStoreOpenException(
                $"EventStore__ConnectionString is not a connection string of EventStoreDB ({e.Message}). Write it as 'esdb://host:2113?tls=false' for a node without TLS, or 'esdb://user:password@host:2113' for one with TLS.", e);
        }
    }

    private static async Task AnswersAsync(EventStoreDbStore store, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(OpenWithin);
        Exception? last = null;
        try
        {
            while (true)
            {
                try
                {
                    await store.GetHeadAsync(limit.Token).WaitAsync(limit.Token);
                    return;
                }
                catch (EventStoreUnavailableException e) when (e.InnerException is not (Client.AccessDeniedException or Client.NotAuthenticatedException))
                {
                    last = e;
                }
                catch (EventStoreUnavailableException e)
                {
                    throw new EventStoreOpenException(e.Message, e);
                }

                await Task.Delay(BetweenTries, limit.Token);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new EventStoreOpenException(
                $"EventStoreDB at {store.Address} did not answer within {OpenWithin.TotalSeconds:0} s ({Failures.Reason(last)}). Start it, correct EventStore__ConnectionString (is TLS right? 'tls=false' is for nodes started with Insecure), or set EventStore__Engine=embedded.", last);
        }
    }
}
