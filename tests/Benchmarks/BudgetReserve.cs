using System.Diagnostics;
using AIaaS.Commands.Budgets;
using AIaaS.Domain;
using AIaaS.Domain.Budgets;
using AIaaS.EventStore;

namespace AIaaS.Benchmarks;

/// <summary>
/// What a budget adds to a call: the durable reservation that the call waits for, and handing its settlement over, which nobody waits for. And how many reservations
/// one budget takes when hundreds of callers want money at once, each of them settled again. The floor of the first: one durable append of one event to the same log.
/// </summary>
internal sealed class BudgetReserve : IBenchmark
{
    private const int Calls = 2_000;
    private const int Callers = 512;
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Measured = TimeSpan.FromSeconds(4);

    public IReadOnlyList<Measure> Measures { get; } =
    [
        new("budget.reserve.p50", "ms", Better.Lower, new(1), "p50 of one durable append of one event"),
        new("budget.reserve.p99", "ms", Better.Lower, new(6), "p99 of one durable append of one event"),
        new("budget.parallel", "reservations/s", Better.Higher, new(8_000), "one after the other: one durable append a reservation"),
    ];

    public async Task<IReadOnlyDictionary<string, Sample>> RunAsync(BenchmarkContext context, CancellationToken cancellationToken)
    {
        await using var log = await LogBench.OpenAsync(context.NewFolder("budgets"));
        var types = DomainEventTypes.Create();
        var ids = IdSource.From(TimeProvider.System);
        var catalog = new BudgetCatalog(log, types, new ParkingLot(log), TimeProvider.System);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var following = catalog.RunAsync(stop.Token);
        var ledger = new BudgetLedger(log, types, ids, TimeProvider.System, catalog);
        var service = new BudgetService(log, types, ids, ledger, TimeProvider.System);
        await service.DefineAsync("acme", "all", new("All", BudgetScope.Tenant, null, BudgetInterval.Year, "UTC", true, Money.Usd(1_000_000), [50, 80, 100]), false, new("acme", "bench"), cancellationToken);

        var floor = new double[Calls];
        for (var i = -200; i < Calls; i++)
        {
            var since = Stopwatch.GetTimestamp();
            await log.AppendAsync("bench-acme_floor", ExpectedVersion.Any, [LogBench.NewEvent(ids)], cancellationToken);
            floor[Math.Max(i, 0)] = Stopwatch.GetElapsedTime(since).TotalMilliseconds;
        }

        var times = new double[Calls];
        for (var i = -200; i < Calls; i++)
        {
            var since = Stopwatch.GetTimestamp();
            var verdict = await ledger.ReserveAsync(Wish(i), cancellationToken);
            var settled = ledger.SettleAsync("acme", verdict.Holds!.Value[0], Money.Usd(0.0002m), TimeProvider.System.GetUtcNow());
            times[Math.Max(i, 0)] = Stopwatch.GetElapsedTime(since).TotalMilliseconds;

            // The call itself, and with it the settlement, is over before the next one begins.
            await settled;
        }

        var rate = await RateAsync(ledger, cancellationToken);
        await stop.CancelAsync();
        await following.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var (p50, p99) = (Figures.Percentile(floor, 0.5), Figures.Percentile(floor, 0.99));
        return new Dictionary<string, Sample>
        {
            ["budget.reserve.p50"] = new(Figures.Percentile(times, 0.5), p50),
            ["budget.reserve.p99"] = new(Figures.Percentile(times, 0.99), p99),
            ["budget.parallel"] = new(rate, 1_000 / p50),
        };
    }

    private static BudgetWish Wish(int number) =>
        new(new("acme", "k7", "faq_handling", null), Money.Usd(0.0009m), $"agentRun-acme_{number:x32}", 1, "answer/1/1", TimeProvider.System.GetUtcNow(), TimeProvider.System.GetUtcNow().AddMinutes(1), "0197f3a2c4d87b6e9a10f2b3c4d5e6f7");

    private static async Task<double> RateAsync(BudgetLedger ledger, CancellationToken cancellationToken)
    {
        var number = 0;
        var reserved = 0;
        var settled = new Task[Callers];
        var since = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, Callers).Select(caller => Task.Run(
            async () =>
            {
                while (Stopwatch.GetElapsedTime(since) < WarmUp + Measured)
                {
                    var verdict = await ledger.ReserveAsync(Wish(Interlocked.Increment(ref number)), cancellationToken);
                    if (Stopwatch.GetElapsedTime(since) is var elapsed && elapsed >= WarmUp && elapsed < WarmUp + Measured)
                    {
                        Interlocked.Increment(ref reserved);
                    }

                    settled[caller] = ledger.SettleAsync("acme", verdict.Holds!.Value[0], Money.Usd(0.0002m), TimeProvider.System.GetUtcNow());
                }
            },
            cancellationToken)));
        await Task.WhenAll(settled);
        return reserved / Measured.TotalSeconds;
    }
}
