using Microsoft.Extensions.Logging.Abstractions;

namespace AIaaS.EventStore.Tests.ProcessManagers;

/// <summary>Runs the payment sagas of a log: each takes a payment (a command on another stream) and has a deadline that is over already.</summary>
internal static class SagaWorker
{
    public const string Verb = "saga-worker";

    public static async Task RunAsync(string folder)
    {
        await using var log = await OpenAsync(folder);
        using var host = await StartAsync(log);
        await Console.Out.WriteLineAsync("ready");
        await Task.Delay(Timeout.Infinite);
    }

    public static Task<IEventStore> OpenAsync(string folder) => EventStoreEngines.OpenAsync(new() { DataFolder = folder }, TimeProvider.System, NullLoggerFactory.Instance);

    public static async Task<SubscriptionHost> StartAsync(IEventStore log)
    {
        var ids = IdSource.From(TimeProvider.System);
        var payments = new BudgetService(log);
        var saga = new PaymentSaga(log, DateTimeOffset.UnixEpoch, (e, context, ct) => payments.HandleAsync(new Grant("acme", e.Order, e.Total), context, ct));
        var subscription = new EventHandlerSubscription(log, Shop.Types, saga, new CheckpointStore(log, ids), new ParkingLot(log), TimeProvider.System, new() { CheckpointInterval = TimeSpan.FromMilliseconds(50) });
        var host = new SubscriptionHost([subscription, new TimerService(log, ids, new ParkingLot(log), TimeProvider.System, new() { StoreEvery = 50 })], TimeProvider.System);
        await host.StartAsync(CancellationToken.None);
        return host;
    }
}
