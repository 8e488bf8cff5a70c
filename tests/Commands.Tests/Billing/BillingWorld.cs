using System.Collections.Immutable;
using System.Text.Json;
using AIaaS.Commands.Billing;
using AIaaS.Commands.Metering;
using AIaaS.Commands.Payments;
using AIaaS.Commands.Tenants;
using AIaaS.Domain;
using AIaaS.Domain.Billing;
using AIaaS.Domain.Metering;
using AIaaS.Domain.Pricing;
using AIaaS.EventStore;
using Commands.Tests.Support;

namespace Commands.Tests.Billing;

/// <summary>A tenant of 10 January 2026 with usage, on an embedded log; it is 31 January, 9:30, until the clock is moved.</summary>
internal sealed class BillingWorld : IAsyncDisposable
{
    public const string Tenant = "acme";

    public static readonly DateTimeOffset February = new(2026, 2, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly EventTypes Types = DomainEventTypes.Create();

    private readonly TemporaryLog log;
    private LogPosition next = LogPosition.Start;
    private int used;

    private BillingWorld(TemporaryLog log, IEventStore store)
    {
        this.log = log;
        Store = store;
        var ids = IdSource.From(Time);
        var payments = new PaymentOptions();
        Payments = new(store, Types, ids, [new SandboxProcessor(store, Types, Time, payments)], payments, Time);
        Invoices = new(store, Types, ids);
        Calendar = new(store, Types, ids);
        Usage = new(store, Time);
        Numbers = new(store, Types, Options);
        Desk = new(store, Types, new(store, Types), new(store, Types, Time), Usage, new(store, Types, ids, Time), Invoices, Numbers, Calendar, Options, Time);
        Collector = new(store, Types, Invoices, Payments, Time);
        Proofs = new(Usage);
        Handlers = [new InvoiceIssuer(Desk), new InvoicePayments(store, Types, Invoices, Collector, Options), new InvoiceReconciler(Invoices, Payments, Time), new BillingClock(Desk, Calendar, Time)];
    }

    public ManualTime Time { get; } = new();

    public BillingOptions Options { get; } = new();

    public IEventStore Store { get; }

    public PaymentService Payments { get; }

    public InvoiceService Invoices { get; }

    public BillingCalendarService Calendar { get; }

    public UsageFold Usage { get; }

    public InvoiceNumbers Numbers { get; }

    public BillingDesk Desk { get; }

    public InvoiceCollector Collector { get; }

    public InvoiceProofs Proofs { get; }

    public IReadOnlyList<IEventHandler> Handlers { get; }

    public static CommandContext Context => new(Tenant, "key:k1");

    public static async Task<BillingWorld> OpenAsync()
    {
        var log = await TemporaryLog.OpenAsync();
        var world = new BillingWorld(log, log.Store);
        await world.WriteAsync(AIaaS.Domain.Tenants.Tenant.Stream(Tenant), new AIaaS.Domain.Tenants.TenantCreated(Tenant, "Acme Outdoor", new(2026, 1, 10, 12, 0, 0, TimeSpan.Zero)));
        return world;
    }

    /// <summary>The same log, as another process sees it.</summary>
    public BillingWorld Again(IEventStore? store = null)
    {
        var again = new BillingWorld(log, store ?? Store);
        again.Time.Advance(Time.GetUtcNow() - again.Time.GetUtcNow());
        return again;
    }

    public async Task WriteAsync(string stream, params object[] events) =>
        await Store.AppendAsync(stream, ExpectedVersion.Any, [.. events.Select(e => Types.Write(IdSource.From(TimeProvider.System).NewId(), e, new EventMetadata { Tenant = new StreamName(stream).Tenant }))]);

    /// <summary>Puts the tenant on a plan with a fee of 49 and a price for calls, billed by calendar months.</summary>
    public async Task SubscribeAsync(BillingSettings? settings = null)
    {
        var from = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        await WriteAsync(PricePublished.Stream("calls"), new PricePublished(new("calls", 1, "calls", PriceModel.PerUnit, "USD", from.AddYears(-1)) { UnitAmount = 0.01m, Description = "Calls" }, null, from));
        await WriteAsync(PlanPublished.Stream("team"), new PlanPublished(new("team", 1, "Team", "USD") { RecurringFee = 49m, Prices = ["calls"] }, null, from));
        await WriteAsync(Subscription.Stream(Tenant), new PlanStarted("team", 1, from, null, BillingCycle.Default(from), null, from));
        if (settings is not null)
        {
            await WriteAsync(Subscription.Stream(Tenant), new BillingConfigured(settings, null, from));
        }
    }

    /// <summary>Usage, as the log of usage has it.</summary>
    public Task UseAsync(string meter, decimal value, DateTimeOffset time, int times = 1) => UseAsync(Enumerable.Range(0, times).Select(i => (meter, value, time.AddSeconds(i))));

    public async Task UseAsync(IEnumerable<(string Meter, decimal Value, DateTimeOffset Time)> usage)
    {
        foreach (var chunk in usage.Chunk(1_000))
        {
            await WriteAsync(
                UsageMetered.Stream(Tenant),
                [.. chunk.Select(u => new UsageMetered("/tests", $"e{++used}", "com.example.used", null, u.Time, JsonSerializer.SerializeToElement(new { used }), [new(u.Meter, u.Value)], u.Time.AddSeconds(1)))]);
        }
    }

    /// <summary>The exact bytes of the usage log, a line each.</summary>
    public async Task<List<byte[]>> ExportAsync()
    {
        List<byte[]> lines = [];
        await foreach (var recorded in Store.ReadStreamOrEmptyAsync(UsageMetered.Stream(Tenant)))
        {
            lines.Add(recorded.Data.ToArray());
        }

        return lines;
    }

    public async Task<Invoice> InvoiceAsync(string invoice) => (await Invoices.GetAsync(Tenant, invoice)).State;

    /// <summary>Lets all that follows from the log happen, and each timer whose time has come elapse.</summary>
    public async Task SettleAsync()
    {
        while (true)
        {
            var isQuiet = true;
            var from = next;
            List<RecordedEvent> fresh = [];
            await foreach (var recorded in Store.ReadAllAsync(ReadDirection.Forwards, from))
            {
                fresh.Add(recorded);
            }

            foreach (var recorded in fresh)
            {
                next = new(recorded.Position.Value + 1);
                isQuiet = false;
                foreach (var handler in Handlers.Where(h => h.Filter.Matches(recorded.Stream, recorded.Type)))
                {
                    await handler.HandleAsync(EventEnvelope.Read(Types, recorded), default);
                }
            }

            if (isQuiet && !await ElapseAsync())
            {
                return;
            }
        }
    }

    public async ValueTask DisposeAsync() => await log.DisposeAsync();

    private async Task<bool> ElapseAsync()
    {
        Dictionary<(string, string), (Guid Id, DateTimeOffset Due)> open = [];
        await foreach (var recorded in Store.ReadAllAsync(ReadDirection.Forwards, LogPosition.Start, EventFilter.Types("timer.")))
        {
            switch (Types.Read(recorded.Type, recorded.Data.Span))
            {
                case TimerScheduled e:
                    open[(recorded.Stream, e.Timer)] = (recorded.Id, e.Due);
                    break;
                case TimerCancelled e:
                    open.Remove((recorded.Stream, e.Timer));
                    break;
                case TimerElapsed e when open.TryGetValue((recorded.Stream, e.Timer), out var known) && known.Id == e.Scheduled:
                    open.Remove((recorded.Stream, e.Timer));
                    break;
                default:
                    break;
            }
        }

        var due = open.Where(t => t.Value.Due <= Time.GetUtcNow()).OrderBy(t => t.Value.Due).ToList();
        if (due.Count == 0)
        {
            return false;
        }

        var ((stream, timer), first) = due[0];
        await WriteAsync(stream, new TimerElapsed(timer, first.Id, first.Due));
        return true;
    }
}

/// <summary>A log that fails at some of the appends, before or after they are done: as when the process ends there.</summary>
internal sealed class DyingLog(IEventStore inner, Random random, double chance) : IEventStore
{
    public IConsumerGroups ConsumerGroups => inner.ConsumerGroups;

    public async Task<AppendResult> AppendAsync(string stream, ExpectedVersion expected, IReadOnlyList<NewEvent> events, CancellationToken cancellationToken = default)
    {
        bool before, after;
        lock (random)
        {
            (before, after) = (random.NextDouble() < chance, random.NextDouble() < chance);
        }

        if (before)
        {
            throw new KilledException();
        }

        var result = await inner.AppendAsync(stream, expected, events, cancellationToken);
        return after ? throw new KilledException() : result;
    }

    public IAsyncEnumerable<RecordedEvent> ReadStreamAsync(string stream, ReadDirection direction = ReadDirection.Forwards, long from = 0, long maxCount = long.MaxValue, CancellationToken cancellationToken = default) => inner.ReadStreamAsync(stream, direction, from, maxCount, cancellationToken);

    public IAsyncEnumerable<RecordedEvent> ReadAllAsync(ReadDirection direction = ReadDirection.Forwards, LogPosition from = default, EventFilter? filter = null, long maxCount = long.MaxValue, CancellationToken cancellationToken = default) => inner.ReadAllAsync(direction, from, filter, maxCount, cancellationToken);

    public Task<LogPosition> GetHeadAsync(CancellationToken cancellationToken = default) => inner.GetHeadAsync(cancellationToken);

    public Task<StreamMetadata> GetStreamMetadataAsync(string stream, CancellationToken cancellationToken = default) => inner.GetStreamMetadataAsync(stream, cancellationToken);

    public Task SetStreamMetadataAsync(string stream, StreamMetadata metadata, CancellationToken cancellationToken = default) => inner.SetStreamMetadataAsync(stream, metadata, cancellationToken);

    public Task DeleteStreamAsync(string stream, ExpectedVersion expected, CancellationToken cancellationToken = default) => inner.DeleteStreamAsync(stream, expected, cancellationToken);

    public Task TombstoneStreamAsync(string stream, ExpectedVersion expected, CancellationToken cancellationToken = default) => inner.TombstoneStreamAsync(stream, expected, cancellationToken);

    public IAsyncEnumerable<SubscriptionMessage> SubscribeToStreamAsync(string stream, long after = -1, CancellationToken cancellationToken = default) => inner.SubscribeToStreamAsync(stream, after, cancellationToken);

    public IAsyncEnumerable<SubscriptionMessage> SubscribeToAllAsync(LogPosition after = default, EventFilter? filter = null, CancellationToken cancellationToken = default) => inner.SubscribeToAllAsync(after, filter, cancellationToken);

    public ValueTask DisposeAsync() => default;
}

/// <summary>The process ended here.</summary>
internal sealed class KilledException : Exception;
