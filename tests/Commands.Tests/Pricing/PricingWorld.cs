using AIaaS.Commands.Billing;
using AIaaS.Commands.Pricing;
using AIaaS.Domain;
using AIaaS.Domain.Pricing;
using AIaaS.EventStore;
using Commands.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace Commands.Tests.Pricing;

/// <summary>Prices, plans and subscriptions on a log of their own, with what follows it running.</summary>
internal sealed class PricingWorld : IAsyncDisposable
{
    private readonly TemporaryLog log;
    private readonly ServiceProvider services;
    private readonly CancellationTokenSource stop = new();
    private readonly List<Task> following = [];
    private int keys;

    private PricingWorld(TemporaryLog log)
    {
        this.log = log;
        services = new ServiceCollection()
            .AddSingleton(log.Store)
            .AddSingleton(DomainEventTypes.Create())
            .AddSingleton<TimeProvider>(Time)
            .AddSingleton(IdSource.From(Time))
            .AddSingleton<IParkingLot>(new ParkingLot(log.Store))
            .AddSingleton<ICheckpointStore>(s => new CheckpointStore(log.Store, s.GetRequiredService<IdSource>()))
            .AddPricing()
            .AddSubscriptions()
            .BuildServiceProvider();
    }

    public ManualTime Time { get; } = new();

    public IEventStore Log => log.Store;

    public PriceCatalog Catalog => services.GetRequiredService<PriceCatalog>();

    public PricingService Pricing => services.GetRequiredService<PricingService>();

    public SubscriptionService Subscriptions => services.GetRequiredService<SubscriptionService>();

    public TenantPlans Plans => services.GetRequiredService<TenantPlans>();

    public static async Task<PricingWorld> OpenAsync()
    {
        var world = new PricingWorld(await TemporaryLog.OpenAsync());
        world.Follow(world.Catalog);
        world.Follow(world.services.GetRequiredService<SubscriptionCatalog>());
        return world;
    }

    public CommandContext As(string tenant = "platform") => new(tenant, "test", $"k{keys++}");

    public Price PerUnit(string id, decimal amount) => new(id, 0, "tokens.output", PriceModel.PerUnit, "USD", Time.GetUtcNow()) { UnitAmount = amount };

    public async Task<LogPosition> PublishAsync(Price price) => (await Pricing.PublishAsync(new PublishPrice(price, null, null, Time.GetUtcNow()), As())).Position;

    public async Task PublishAsync(Plan plan) => await Pricing.PublishAsync(plan, null, Time.GetUtcNow(), As());

    /// <summary>Lets the timers and what they set off run.</summary>
    public void FollowTimers()
    {
        foreach (var subscription in services.GetServices<ISubscription>().OfType<EventHandlerSubscription>())
        {
            Follow(subscription);
        }

        Follow(new TimerService(Log, services.GetRequiredService<IdSource>(), services.GetRequiredService<IParkingLot>(), Time));
    }

    /// <summary>The types of a tenant's subscription events, up to the first one of a type.</summary>
    public async Task<List<string>> UntilAsync(string tenant, string type)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        List<string> types = [];
        await foreach (var message in Log.SubscribeToStreamAsync(AIaaS.Domain.Billing.Subscription.Stream(tenant), cancellationToken: patience.Token))
        {
            if (message.Event is { } recorded)
            {
                types.Add(recorded.Type);
                if (recorded.Type == type)
                {
                    break;
                }
            }
        }

        return types;
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        foreach (var task in following)
        {
            await task.ContinueWith(_ => { }, TaskScheduler.Default);
        }

        await services.DisposeAsync();
        await log.DisposeAsync();
        stop.Dispose();
    }

    private void Follow(ISubscription subscription) => following.Add(Task.Run(() => subscription.RunAsync(stop.Token)));
}
