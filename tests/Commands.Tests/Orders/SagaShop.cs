using System.Text.Json;
using AIaaS.Commands.Bus;
using AIaaS.Commands.Payments;
using AIaaS.Commands.Sagas;
using AIaaS.Commands.Tools;
using AIaaS.Domain;
using AIaaS.Domain.Orders;
using AIaaS.Domain.Payments;
using AIaaS.Domain.Sagas;
using AIaaS.Domain.Tools;
using AIaaS.EventStore;
using Commands.Tests.Tools;

namespace Commands.Tests.Orders;

/// <summary>A small shop with its sagas and the sandbox processor on one log. A test takes the sagas on by hand, so that nothing happens behind its back.</summary>
internal sealed class SagaShop : IAsyncDisposable
{
    public const string Tenant = ShopWorld.Tenant;

    private readonly SagaTelemetry telemetry = new();
    private readonly ToolWorld tools;
    private readonly SagaStarter starter;
    private readonly SagaWorker worker;
    private int calls;

    private SagaShop(ShopWorld shop)
    {
        Shop = shop;
        var ids = IdSource.From(TimeProvider.System);
        var options = new PaymentOptions();
        Payments = new(shop.Log, shop.Types, ids, [new SandboxProcessor(shop.Log, shop.Types, TimeProvider.System, options)], options, TimeProvider.System);
        ITool[] all =
        [
            .. shop.Tools.Values,
            new RequestPaymentTool(Payments, PaymentOperation.Charge),
            new RefundPaymentTool(Payments),
            new FindOrderPaymentTool(shop.Log, shop.Types),
        ];
        tools = new(shop.Log, TimeProvider.System, all);
        var catalog = new SagaCatalog(ShippedSagas.All);
        starter = new(shop.Log, shop.Types, catalog, TimeProvider.System);
        worker = new(shop.Log, shop.Types, catalog, tools.Registry, tools.Executor, new WorkerHeartbeat(shop.Log, shop.Types, ids, TimeProvider.System), ids, TimeProvider.System, telemetry);
        Sagas = new(shop.Log, shop.Types, ids);
    }

    public ShopWorld Shop { get; }

    public PaymentService Payments { get; }

    public SagaService Sagas { get; }

    public ToolResolution Resolution => tools.Resolution;

    /// <summary>A shop whose Ann has, beside her card and her gift card, one that is declined and one that never answers.</summary>
    public static async Task<SagaShop> OpenAsync()
    {
        var shop = await ShopWorld.OpenAsync();
        var methods = string.Concat(new[] { "card_2", "pm_card_visa_chargeDeclined", "sandbox_timeout_before_charge" }.Select(m => $$"""
            "{{m}}": { "source": "credit_card", "id": "{{m}}", "brand": "visa", "last_four": "1234" },
            """));
        await shop.Importer.ImportAsync(Tenant, SmallShop.Bytes(SmallShop.Json.Replace("\"gift_1\": {", methods + "\"gift_1\": {", StringComparison.Ordinal)), ShopWorld.Context, stock: 5);
        return new(shop);
    }

    public async Task<JsonElement> DoAsync(string tool, object input) => (await CallAsync(tool, input)) switch
    {
        ToolOutcome.Succeeded done => done.Output,
        var other => throw new AssertionException($"{tool}: {other}"),
    };

    public async Task<ToolOutcome> CallAsync(string tool, object input) => await Shop.CallAsync(tool, JsonSerializer.SerializeToElement(input), $"{Tenant}/{tool}/{++calls}");

    /// <summary>Places an order and takes its saga on; gives the order's id.</summary>
    public async Task<string> PlaceAsync(string method, params string[] items)
    {
        var placed = await DoAsync("place_order", new { user_id = "ann_1", items = items.GroupBy(i => i).Select(g => new { item_id = g.Key, quantity = g.Count() }), payment_method_id = method });
        await RunSagasAsync();
        return placed.GetProperty("order_id").GetString()!;
    }

    /// <summary>Starts what the log asks for and takes every saga on, until nothing more happens. Waits between two tries are over at once.</summary>
    public async Task RunSagasAsync()
    {
        for (var before = -1L; before != (before = await Shop.EventsAsync());)
        {
            await Shop.FollowUpAsync();
            await foreach (var recorded in ReadAsync(starter.Filter))
            {
                await starter.HandleAsync(EventEnvelope.Read(Shop.Types, recorded), default);
            }

            await foreach (var recorded in ReadAsync(EventFilter.Types("saga.started")))
            {
                var saga = new StreamName(recorded.Stream).Id;
                await worker.ExecuteAsync(Tenant, saga);
                while ((await SagaAsync(saga)) is { EndedAt: null, Timer: { Timer: Saga.RetryTimer } timer })
                {
                    await AppendAsync(saga, new TimerElapsed(timer.Timer, NamedId.Of("any"), timer.Due));
                    await worker.ExecuteAsync(Tenant, saga);
                }
            }
        }
    }

    public async Task<Saga> SagaAsync(string saga)
    {
        var state = Saga.Initial;
        await foreach (var recorded in Shop.Log.ReadStreamOrEmptyAsync(Saga.Stream(Tenant, saga)))
        {
            state = state.Evolve(Shop.Types.Read(recorded.Type, recorded.Data.Span));
        }

        return state;
    }

    public Task<Saga> SagaAsync(string name, string order) => SagaAsync(SagaStarter.IdOf(name, order));

    public Task ResumeAsync(string name, string order, bool undone) =>
        Sagas.HandleAsync(new ResumeSaga(Tenant, SagaStarter.IdOf(name, order), undone, "seen to", "bo", DateTimeOffset.UnixEpoch), new CommandContext(Tenant, "bo"));

    public Task<Order> OrderAsync(string order) => Shop.Orders.FindAsync(Tenant, order);

    public async Task<decimal> GiftCardAsync() => (await Shop.Customers.FindAsync(Tenant, "ann_1")).Method("gift_1")!.Balance!.Value.Amount;

    /// <summary>How many of a bottle the shop has, and how many of them are reserved.</summary>
    public async Task<(int Stock, int Reserved)> StockAsync(string item)
    {
        var product = await Shop.Products.FindAsync(Tenant, item[0] == '1' ? "100" : "200");
        return (product.Find(item)!.Stock, product.Reserved.GetValueOrDefault(item));
    }

    /// <summary>What the processor has taken and not given back, by payment method.</summary>
    public async Task<Dictionary<string, decimal>> TakenAsync()
    {
        var taken = new Dictionary<string, decimal>(StringComparer.Ordinal);
        await foreach (var recorded in ReadAsync(EventFilter.Types("payment.requested")))
        {
            var payment = (await Payments.FindAsync(Tenant, new StreamName(recorded.Stream).Id))!.State;
            taken[payment.Request!.Method] = taken.GetValueOrDefault(payment.Request.Method) + payment.Captured - payment.Refunded;
        }

        return taken;
    }

    public async ValueTask DisposeAsync()
    {
        await tools.DisposeAsync();
        telemetry.Dispose();
        await Shop.DisposeAsync();
    }

    private async Task AppendAsync(string saga, DomainEvent @event) =>
        await Shop.Log.AppendAsync(Saga.Stream(Tenant, saga), ExpectedVersion.Any, [Shop.Types.Write(IdSource.From(TimeProvider.System).NewId(), @event, new EventMetadata { Tenant = Tenant })]);

    private async IAsyncEnumerable<RecordedEvent> ReadAsync(EventFilter filter)
    {
        List<RecordedEvent> events = [];
        await foreach (var recorded in Shop.Log.ReadAllAsync(filter: filter))
        {
            events.Add(recorded);
        }

        foreach (var recorded in events)
        {
            yield return recorded;
        }
    }
}
