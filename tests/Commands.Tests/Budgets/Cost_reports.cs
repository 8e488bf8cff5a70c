using System.Collections.Immutable;
using System.Diagnostics.Metrics;
using System.Text.Json;
using AIaaS.Commands.Budgets;
using AIaaS.Domain;
using AIaaS.Domain.Agents;
using AIaaS.Domain.Budgets;
using AIaaS.Domain.Metering;
using AIaaS.EventStore;
using AIaaS.Projections;
using AIaaS.Projections.Budgets;
using Commands.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Commands.Tests.Budgets;

/// <summary>The nightly reports. It is half past nine on 31 January 2026.</summary>
public sealed class The_nightly_cost_reports
{
    private static readonly DateTimeOffset Yesterday = new(2026, 1, 30, 0, 0, 0, TimeSpan.Zero);

    private readonly List<Process> processes = [];
    private BudgetWorld world = null!;
    private ManualTime time = null!;
    private int count;

    [SetUp]
    public async Task Open()
    {
        world = await BudgetWorld.OpenAsync();
        time = new();
    }

    [TearDown]
    public async Task Close()
    {
        foreach (var process in processes)
        {
            await process.DisposeAsync();
        }

        processes.Clear();
        await world.DisposeAsync();
    }

    [Test]
    public async Task are_made_for_each_tenant_with_costs_of_the_day_before_and_hold_its_own_figures()
    {
        await RunsAsync("acme", Yesterday.AddDays(-2), "faq", 70, 0.010m);
        await RunsAsync("acme", Yesterday, "faq", 40, 0.030m);
        await CallAsync("acme", Yesterday.AddDays(-2), 0.7m);
        await CallAsync("acme", Yesterday, 1.2m);
        await RunsAsync("other", Yesterday, "faq", 40, 5m);
        await CallAsync("other", Yesterday, 200m);
        var process = await StartAsync();
        (await process.Job.RunOnceAsync()).Should().Be(3, "acme had costs on two days, the other tenant on one");

        var report = (await ReportAsync(process, "acme", Yesterday))!;
        // Before: 0.7 on one of two days. A run cost 0.01 and now 0.03: 200 % and 40 times 0.02 dearer.
        (report.Total, report.Usual, report.HistoryDays, report.Tested).Should().Be((1.2m, 0.35m, 2, 2));
        report.Findings.Select(f => (f.Kind, f.Value, f.Before, f.Now, f.Effect, f.Excess, f.CountBefore, f.CountNow)).Should().Equal(
            ("run", "*", 0.01m, 0.03m, 2.0, 0.8m, 70L, 40L),
            ("workflow", "faq", 0.01m, 0.03m, 2.0, 0.8m, 70L, 40L));
        report.Drivers.Should().Equal(new CostDriver("workflow", "faq", 1.2m, 1, 40), new CostDriver("model", "small", 1.2m, 1, 1));
        report.At.Should().Be(time.GetUtcNow());
        var others = (await ReportAsync(process, "other", Yesterday))!;
        (others.Total, others.Usual, others.Findings.Length).Should().Be((200m, 0m, 0), "it has no history, and that of acme is none of its");
        (await ReportAsync(process, "acme", Yesterday.AddDays(-1))).Should().BeNull("that day cost nothing");
    }

    [Test]
    public async Task are_made_once_also_over_restarts_and_by_several_processes_and_stay_as_they_are()
    {
        await RunsAsync("acme", Yesterday, "faq", 3, 0.01m);
        var process = await StartAsync();
        (await process.Job.RunOnceAsync()).Should().Be(1);
        (await process.Job.RunOnceAsync()).Should().Be(0, "it is the same day still");
        var first = await ReportAsync(process, "acme", Yesterday);
        await RunsAsync("acme", Yesterday, "faq", 3, 7m);
        time.Advance(TimeSpan.FromMinutes(1));
        var restarted = await StartAsync();
        (await restarted.Job.RunOnceAsync()).Should().Be(0);
        (await ReportAsync(restarted, "acme", Yesterday)).Should().BeEquivalentTo(first);
        (await world.Log.ReadStreamOrEmptyAsync(CostReport.Stream("acme", "2026-01-30")).CountAsync()).Should().Be(1);
    }

    [Test]
    public async Task come_ten_minutes_after_midnight_and_those_that_a_program_that_was_down_left_out_with_them()
    {
        await RunsAsync("acme", Yesterday.AddDays(1), "faq", 1, 0.01m);
        await RunsAsync("acme", Yesterday.AddDays(-6), "faq", 1, 0.01m);
        await RunsAsync("acme", Yesterday.AddDays(-7), "faq", 1, 0.01m);
        var process = await StartAsync();
        (await process.Job.RunOnceAsync()).Should().Be(1, "seven days are looked back on, today is not over");
        (await ReportAsync(process, "acme", Yesterday.AddDays(-6))).Should().NotBeNull();
        time.Advance(Yesterday.AddDays(2) + CostReportJob.After - TimeSpan.FromTicks(1) - time.GetUtcNow());
        (await process.Job.RunOnceAsync()).Should().Be(0, "what belongs to the day may still come in");
        (await FluentActions.Invoking(() => process.Reporter.MakeAsync("acme", Yesterday.AddDays(1), new("acme", "key:k1"))).Should().ThrowAsync<DomainException>("who asks does not get a report without it either"))
            .Which.Error.Code.Should().Be("day-not-over");
        time.Advance(TimeSpan.FromTicks(1));
        (await process.Job.RunOnceAsync()).Should().Be(1);
        (await ReportAsync(process, "acme", Yesterday.AddDays(1))).Should().NotBeNull();
    }

    [Test]
    public async Task are_refused_for_a_day_that_is_not_over()
    {
        var process = await StartAsync();
        var refused = await FluentActions.Invoking(() => process.Reporter.MakeAsync("acme", Yesterday.AddDays(1), new("acme", "key:k1"))).Should().ThrowAsync<DomainException>();
        refused.Which.Error.Code.Should().Be("day-not-over");
    }

    [Test]
    public async Task warn_of_a_budget_that_runs_out_at_its_pace()
    {
        await RunsAsync("acme", Yesterday, "faq", 1, 0.01m);
        var process = await StartAsync();
        await process.Budgets.Service.DefineAsync("acme", "monthly", BudgetWorld.Terms(40, hard: false, interval: BudgetInterval.Month), false, BudgetWorld.As());
        var verdict = await process.Budgets.Ledger.ReserveAsync(BudgetWorld.Wish(39m, at: time.GetUtcNow()));
        foreach (var hold in verdict.Holds!.Value)
        {
            await process.Budgets.Ledger.SettleAsync("acme", hold, Money.Usd(39m), time.GetUtcNow());
        }

        var report = (await process.Reporter.MakeAsync("acme", Yesterday, new("acme", "key:k1"))).State.Made!;
        // 39 in 30 days and 9.5 hours is 1.283 a day: 1 is left, which is 0.779 days; the month has 0.604.
        report.Recommendations.Should().NotContain(r => r.Code == "budget-runs-out");
        (await process.Budgets.Ledger.ReserveAsync(BudgetWorld.Wish(0.5m, call: "b", at: time.GetUtcNow()))).Holds!.Value.Should().ContainSingle();
        foreach (var hold in (await process.Budgets.Ledger.ReserveAsync(BudgetWorld.Wish(0.5m, call: "b", at: time.GetUtcNow()))).Holds!.Value)
        {
            await process.Budgets.Ledger.SettleAsync("acme", hold, Money.Usd(0.5m), time.GetUtcNow());
        }

        await RunsAsync("acme", Yesterday.AddDays(-1), "faq", 1, 0.01m);
        var later = (await process.Reporter.MakeAsync("acme", Yesterday.AddDays(-1), new("acme", "key:k1"))).State.Made!;
        var recommendation = later.Recommendations.Single(r => r.Code == "budget-runs-out");
        // 39.5 in 30.3958 days is 1.29952 a day: 0.5 is left, which is 0.385 days.
        recommendation.Figures["daysLeft"].Should().Be(0.385m);
        recommendation.Text.Should().Contain("will be spent by 2026-01-31 18:44 UTC");
    }

    [Test]
    public async Task count_their_alarms_once()
    {
        await RunsAsync("acme", Yesterday.AddDays(-2), "faq", 70, 0.010m);
        await RunsAsync("acme", Yesterday, "faq", 40, 0.030m);
        var process = await StartAsync();
        List<(string Instrument, long Value, string Tags)> counted = [];
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Meter.Name == CostTelemetry.Name)
            {
                l.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => counted.Add((instrument.Name, value, string.Join(' ', tags.ToArray().Select(t => $"{t.Key}={t.Value}")))));
        listener.Start();
        await process.Job.RunOnceAsync();
        await process.Reporter.MakeAsync("acme", Yesterday, new("acme", "key:k1"));
        counted.Should().BeEquivalentTo(new[]
        {
            ("cost_reports_total", 1L, "tenant_id=acme"),
            ("cost_reports_total", 1L, "tenant_id=acme"),
            ("cost_alarms_total", 1L, "tenant_id=acme kind=run value=*"),
            ("cost_alarms_total", 1L, "tenant_id=acme kind=workflow value=faq"),
        });
    }

    private async Task<Process> StartAsync()
    {
        var process = new Process(world, time);
        processes.Add(process);
        await process.OpenAsync();
        return process;
    }

    private static async Task<CostReportMade?> ReportAsync(Process process, string tenant, DateTimeOffset day) =>
        (await process.Service.LoadAsync(CostReport.Stream(tenant, day.ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture)))).State.Made;

    private async Task RunsAsync(string tenant, DateTimeOffset day, string workflow, int runs, decimal each)
    {
        for (var i = 0; i < runs; i++)
        {
            await AppendAsync($"agentRun-{tenant}_{++count}", new RunCompleted(RunOutcome.Answered, "answered", "Yes.", [], workflow, Tier.SLM_A, 5, 1, new(10, 0, 0, 5, 0), Money.Usd(each), 5, false, day.AddMinutes(i)));
        }
    }

    private Task CallAsync(string tenant, DateTimeOffset day, decimal cost) =>
        AppendAsync(UsageMetered.Stream(tenant), new UsageMetered("/aiaas", "c" + ++count, BuiltInMeters.Reserved + "call", null, day, JsonSerializer.SerializeToElement(new { call = "a/1/1" }), [new MeterReading(BuiltInMeters.Cost, cost) { Dimensions = ImmutableSortedDictionary<string, string>.Empty.Add("model", "small") }], day));

    private Task AppendAsync(string stream, DomainEvent @event) =>
        world.Log.AppendAsync(stream, ExpectedVersion.Any, [world.Types.Write(IdSource.From(TimeProvider.System).NewId(), @event, new EventMetadata { Tenant = new StreamName(stream).Tenant })]);

    /// <summary>A process of its own on the same log, with read models that it builds anew.</summary>
    private sealed class Process(BudgetWorld world, TimeProvider time) : IAsyncDisposable
    {
        private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("aiaas-costs-");
        private readonly CancellationTokenSource stop = new();
        private readonly CostTelemetry telemetry = new();
        private ServiceProvider services = null!;
        private Task[] following = [];

        public BudgetParts Budgets { get; } = world.Process(time, settles: false);

        public CostReportService Service { get; } = new(world.Log, world.Types, IdSource.From(TimeProvider.System));

        public CostReporter Reporter { get; private set; } = null!;

        public CostReportJob Job { get; private set; } = null!;

        public async Task OpenAsync()
        {
            var store = await ReadModelEngines.OpenAsync(new() { DataFolder = folder.FullName }, NullLoggerFactory.Instance);
            services = new ServiceCollection()
                .AddLogging()
                .AddSingleton(world.Log)
                .AddSingleton(world.Types)
                .AddSingleton<IParkingLot>(new ParkingLot(world.Log))
                .AddSingleton(store)
                .AddSingleton(TimeProvider.System)
                .AddSingleton(new ProjectionOptions())
                .AddProjection<CostHistoryProjection, CostDay>()
                .BuildServiceProvider();
            following = [.. services.GetServices<ISubscription>().Select(s => s.RunAsync(stop.Token))];
            var history = services.GetRequiredService<ReadModel<CostDay>>();
            Reporter = new(Service, history, Budgets.Ledger, world.Log, time, telemetry: telemetry);
            Job = new(Reporter, Service, history, time, NullLogger<CostReportJob>.Instance);
            (await history.WaitForAsync(await world.Log.GetHeadAsync(), TimeSpan.FromSeconds(20))).Should().BeTrue();
        }

        public async ValueTask DisposeAsync()
        {
            await stop.CancelAsync();
            foreach (var task in following)
            {
                await task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            Job.Dispose();
            telemetry.Dispose();
            await services.DisposeAsync();
            await Budgets.DisposeAsync();
            stop.Dispose();
            folder.Delete(recursive: true);
        }
    }
}
