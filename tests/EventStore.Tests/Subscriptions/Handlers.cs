using System.Collections.Concurrent;

namespace AIaaS.EventStore.Tests.Subscriptions;

/// <summary>A handler that notes what it was given; a test says what goes wrong.</summary>
internal sealed class NotingHandler : IEventHandler
{
    public string Name { get; init; } = "notes";

    public EventFilter Filter { get; init; } = EventFilter.Streams("order-", "customer-");

    public Func<EventEnvelope, string> Key { get; init; } = envelope => envelope.Recorded.Stream;

    public Func<EventEnvelope, CancellationToken, Task> Do { get; set; } = (_, _) => Task.CompletedTask;

    /// <summary>Stream and version of each event handled to the end, in the order of completion.</summary>
    public ConcurrentQueue<(string Key, string Stream, long Version)> Handled { get; } = new();

    public int Calls => calls;

    private int calls;

    public string KeyOf(EventEnvelope envelope) => Key(envelope);

    public async Task HandleAsync(EventEnvelope envelope, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref calls);
        await Do(envelope, cancellationToken);
        Handled.Enqueue((Key(envelope), envelope.Recorded.Stream, envelope.Recorded.Version));
    }

    public IEnumerable<long> VersionsOf(string stream) => Handled.Where(h => h.Stream == stream).Select(h => h.Version);
}

internal abstract class Given_a_subscription
{
    protected static readonly EventHandlerSettings Quick = new() { FirstDelay = TimeSpan.FromMilliseconds(1), MaxAttempts = 3, CheckpointInterval = TimeSpan.FromMilliseconds(20) };

    private CancellationTokenSource stop = null!;
    private Task running = Task.CompletedTask;

    protected TestLog Log { get; private set; } = null!;

    protected NotingHandler Handler { get; set; } = null!;

    protected EventHandlerSubscription Subscription { get; private set; } = null!;

    [SetUp]
    public async Task Open()
    {
        Log = await TestLog.OpenAsync();
        Handler = new();
    }

    [TearDown]
    public async Task Close()
    {
        await StopAsync();
        await Log.DisposeAsync();
    }

    protected void Start(EventHandlerSettings? settings = null, EventTypes? types = null, TimeProvider? time = null)
    {
        stop = new();
        Subscription = new(Log.Store, types ?? Shop.Types, Handler, new CheckpointStore(Log.Store, IdSource.From(TimeProvider.System)), new ParkingLot(Log.Store), time ?? TimeProvider.System, settings ?? Quick);
        running = Subscription.RunAsync(stop.Token);
    }

    protected async Task StopAsync()
    {
        if (stop is not null)
        {
            await stop.CancelAsync();
            await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            stop.Dispose();
            stop = null!;
        }
    }

    protected async Task<LogPosition> PlaceAsync(string order, int count = 1, string type = "order.placed")
    {
        var position = LogPosition.Start;
        for (var i = 0; i < count; i++)
        {
            var @event = Shop.New(new OrderPlaced(order, i), order, $"{Interlocked.Increment(ref written)}");
            position = (await Log.Store.AppendAsync($"order-acme_{order}", ExpectedVersion.Any, [@event with { Type = type }])).Position;
        }

        return position;
    }

    private int written;

    protected async Task<SubscriptionStatus> IdleAsync(LogPosition at)
    {
        SubscriptionStatus? status = null;
        await Eventually.BeAsync(async () => (status = await Subscription.GetStatusAsync()).Position >= at && status.LagEvents == 0, $"everything up to {at} is done");
        return status!;
    }

    protected Task<IReadOnlyList<ParkedEvent>> Parked() => new ParkingLot(Log.Store).ListAsync(Handler.Name);

    protected Task<LogPosition> Checkpoint() => new CheckpointStore(Log.Store, new CountingIds()).LoadAsync(Handler.Name);
}
