using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using AIaaS.Commands.Billing;
using AIaaS.Commands.Metering;
using AIaaS.Commands.Pricing;
using AIaaS.Commands.Tenants;
using AIaaS.Domain;
using AIaaS.Domain.Billing;
using AIaaS.Domain.Metering;
using AIaaS.Domain.Pricing;
using AIaaS.Domain.Tenants;
using AIaaS.EventStore;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIaaS.Benchmarks;

/// <summary>
/// A month of a tenant with 1,000,000 usage events: its invoice from nothing (read, added up, hashed, written), a preview of it while usage comes in, and its
/// verification from the export. Six events of ten are a call, three an upload in one of two regions with a price each, and one is a model's answer, which is in
/// four lines.
/// </summary>
internal sealed class InvoiceMillion : IBenchmark
{
    private const string Tenant = "acme";
    private const int Events = 1_000_000;
    private const int Previews = 300;

    private static readonly DateTimeOffset January = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public IReadOnlyList<Measure> Measures { get; } =
    [
        new("invoice.million", "s", Better.Lower, new(Value: 6), "SHA-256 over the same bytes, one event after the other, one thread"),
        new("invoice.preview.p99", "ms", Better.Lower, new(Value: 60)),
        new("invoice.verify", "s", Better.Lower, new(Value: 4), "SHA-256 over the same bytes, one event after the other, one thread"),
    ];

    public async Task<IReadOnlyDictionary<string, Sample>> RunAsync(BenchmarkContext context, CancellationToken cancellationToken)
    {
        var types = DomainEventTypes.Create();
        await using var log = await EventStoreEngines.OpenAsync(new() { DataFolder = context.NewFolder("log") }, context.Time, NullLoggerFactory.Instance, cancellationToken);
        await FillAsync(log, types, cancellationToken);
        var usage = Path.Combine(context.Folder, "usage.jsonl");
        var floor = await ExportAsync(log, usage, cancellationToken);

        var prices = new PriceCatalog(log, types, new ParkingLot(log), TimeProvider.System);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var following = Task.Run(() => prices.RunAsync(stop.Token), CancellationToken.None);
        await prices.WaitForAsync(await log.GetHeadAsync(cancellationToken), TimeSpan.FromMinutes(2), cancellationToken);
        var desk = Desk(log, types, prices);
        var started = Stopwatch.GetTimestamp();
        var closed = await desk.CloseAsync(Tenant, January, new(Tenant, "bench"), cancellationToken);
        var million = Stopwatch.GetElapsedTime(started).TotalSeconds;
        var invoice = closed.Invoice ?? throw new InvalidOperationException("There is no invoice.");
        if (invoice.Generated!.Draft.Events != Events)
        {
            throw new InvalidOperationException($"The invoice holds {invoice.Generated.Draft.Events} events.");
        }

        var preview = await PreviewAsync(desk, log, types, cancellationToken);

        var statement = JsonSerializer.SerializeToUtf8Bytes(InvoiceStatement.Of(invoice), InvoiceJson.Default.InvoiceStatement);
        started = Stopwatch.GetTimestamp();
        var found = await InvoiceVerifier.VerifyAsync(JsonSerializer.Deserialize(statement, InvoiceJson.Default.InvoiceStatement)!, () => File.OpenRead(usage), cancellationToken: cancellationToken);
        var verify = Stopwatch.GetElapsedTime(started).TotalSeconds;
        if (!found.Differences.IsEmpty || found.Events != Events)
        {
            throw new InvalidOperationException($"The verification found: {string.Join("; ", found.Differences)}");
        }

        await stop.CancelAsync();
        await following.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        return new Dictionary<string, Sample>
        {
            ["invoice.million"] = new(million, floor),
            ["invoice.preview.p99"] = new(preview),
            ["invoice.verify"] = new(verify, floor),
        };
    }

    private static BillingDesk Desk(IEventStore log, EventTypes types, PriceCatalog prices)
    {
        var time = new AfterTheMonth();
        var ids = IdSource.From(TimeProvider.System);
        var options = new BillingOptions();
        return new(log, types, new(log, types, prices), new MeterRegistry(log, types, time), new UsageFold(log, time), new TenantService(log, types, ids, time), new InvoiceService(log, types, ids), new InvoiceNumbers(log, types, options), new BillingCalendarService(log, types, ids), options, time);
    }

    private static async Task<double> PreviewAsync(BillingDesk desk, IEventStore log, EventTypes types, CancellationToken cancellationToken)
    {
        var latencies = new double[Previews];
        for (var i = 0; i < Previews; i++)
        {
            await AppendAsync(log, types, Events + (i * 20), 20, cancellationToken);
            var started = Stopwatch.GetTimestamp();
            var preview = await desk.PreviewAsync(Tenant, January, cancellationToken);
            _ = JsonSerializer.SerializeToUtf8Bytes(preview, InvoiceJson.Default.InvoiceStatement);
            latencies[i] = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        }

        return Figures.Percentile(latencies, 0.99);
    }

    private static async Task FillAsync(IEventStore log, EventTypes types, CancellationToken cancellationToken)
    {
        ImmutableArray<Price> prices =
        [
            Of("calls", "calls", 0.0004m),
            Of("uploads-eu", "uploaded_bytes", 0.00000001m) with { Where = ImmutableSortedDictionary<string, string>.Empty.Add("region", "eu") },
            Of("uploads-us", "uploaded_bytes", 0.00000002m) with { Where = ImmutableSortedDictionary<string, string>.Empty.Add("region", "us") },
            Of("input", "tokens.uncached_input", 0.000002m),
            new("output", 1, "tokens.output", PriceModel.Graduated, "USD", January) { Tiers = [new(1_000_000m, 0.00002m), new(null, 0.00001m)] },
            Of("model-calls", "model_calls", 0.0001m),
            new("cost", 1, "cost", PriceModel.Percentage, "USD", January) { Percent = 110m },
        ];
        foreach (var price in prices)
        {
            await WriteAsync(log, types, PricePublished.Stream(price.Id), new PricePublished(price, null, January), cancellationToken);
        }

        await WriteAsync(log, types, AIaaS.Domain.Tenants.Tenant.Stream(Tenant), new TenantCreated(Tenant, "Acme", January), cancellationToken);
        await WriteAsync(log, types, PlanPublished.Stream("team"), new PlanPublished(new("team", 1, "Team", "USD") { RecurringFee = 49m, Prices = [.. prices.Select(p => p.Id)] }, null, January), cancellationToken);
        await WriteAsync(log, types, Subscription.Stream(Tenant), new PlanStarted("team", 1, January, null, BillingCycle.Default(January), null, January), cancellationToken);
        for (var from = 0; from < Events; from += 2_000)
        {
            await AppendAsync(log, types, from, 2_000, cancellationToken);
        }
    }

    private static Task AppendAsync(IEventStore log, EventTypes types, int from, int count, CancellationToken cancellationToken) =>
        log.AppendAsync(UsageMetered.Stream(Tenant), ExpectedVersion.Any, [.. Enumerable.Range(from, count).Select(i => types.Write(NamedId.Of("bench", i.ToString(CultureInfo.InvariantCulture)), Used(i), ReadOnlyMemory<byte>.Empty))], cancellationToken);

    private static Task WriteAsync(IEventStore log, EventTypes types, string stream, object @event, CancellationToken cancellationToken) =>
        log.AppendAsync(stream, ExpectedVersion.Any, [types.Write(NamedId.Of("bench", stream), @event, ReadOnlyMemory<byte>.Empty)], cancellationToken);

    private static Price Of(string id, string meter, decimal amount) => new(id, 1, meter, PriceModel.PerUnit, "USD", January) { UnitAmount = amount };

    private static UsageMetered Used(int i)
    {
        var time = January.AddSeconds(i * 2.6);
        var id = string.Create(CultureInfo.InvariantCulture, $"event-{i:0000000000}");
        return (i % 10) switch
        {
            < 6 => new("/shop/api", id, "com.example.call", "customer-" + (i % 997), time, Data(new { route = "/orders", status = 200 }), [new("calls", 1m) { Dimensions = Dimensions(("route", "/orders")) }], time),
            < 9 => new("/shop/uploads", id, "com.example.upload", "customer-" + (i % 997), time, Data(new { bytes = i * 7L, region = i % 2 == 0 ? "eu" : "us" }), [new("uploaded_bytes", i * 7L) { Dimensions = Dimensions(("region", i % 2 == 0 ? "eu" : "us")) }], time),
            _ => new(
                "aiaas/runs",
                id,
                "aiaas.model.call",
                null,
                time,
                Data(new { model = "small", tier = "SLM_A", workflow = "faq_handling", uncachedInput = 412, output = 58, cost = 0.00042m }),
                [
                    new("cost", 0.00042m) { Dimensions = Dimensions(("model", "small"), ("workflow", "faq_handling")) },
                    new("model_calls", 1m) { Dimensions = Dimensions(("model", "small"), ("workflow", "faq_handling")) },
                    new("tokens.output", 58m) { Dimensions = Dimensions(("model", "small"), ("workflow", "faq_handling")) },
                    new("tokens.uncached_input", 412m) { Dimensions = Dimensions(("model", "small"), ("workflow", "faq_handling")) },
                ],
                time),
        };
    }

    private static JsonElement Data<T>(T value) => JsonSerializer.SerializeToElement(value);

    private static ImmutableSortedDictionary<string, string> Dimensions(params (string Name, string Value)[] dimensions) => dimensions.ToImmutableSortedDictionary(d => d.Name, d => d.Value, StringComparer.Ordinal);

    /// <summary>Writes the usage to a file.</summary>
    /// <returns>How long SHA-256 over its events takes, in seconds.</returns>
    private static async Task<double> ExportAsync(IEventStore log, string file, CancellationToken cancellationToken)
    {
        var all = new List<byte[]>(Events);
        await using (var stream = new BufferedStream(File.Create(file), 1024 * 1024))
        {
            await foreach (var recorded in log.ReadStreamAsync(UsageMetered.Stream(Tenant), cancellationToken: cancellationToken))
            {
                byte[] leaf = [0, .. recorded.Data.Span];
                all.Add(leaf);
                await stream.WriteAsync(recorded.Data, cancellationToken);
                stream.WriteByte((byte)'\n');
            }
        }

        var hash = new byte[32];
        var started = Stopwatch.GetTimestamp();
        foreach (var leaf in all)
        {
            SHA256.HashData(leaf, hash);
        }

        return Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private sealed class AfterTheMonth : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => January.AddMonths(1).AddHours(2);
    }
}
