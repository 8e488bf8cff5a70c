using System.Collections.Immutable;
using AIaaS.Commands.Budgets;
using AIaaS.Commands.Metering;
using AIaaS.Domain.Agents;
using AIaaS.Domain.Budgets;
using AIaaS.Domain.Metering;
using AIaaS.Domain.Pricing;
using AIaaS.EventStore;
using static Commands.Tests.Budgets.BudgetWorld;

namespace Commands.Tests.Budgets;

/// <summary>A tenant that is held to the quotas of its plan.</summary>
public sealed class A_tenant_with_quotas
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 10, TimeSpan.Zero);

    private readonly Plans plans = new();
    private readonly AIaaS.EventStore.Tests.ManualTimeProvider time = new(Noon);
    private BudgetWorld world = null!;
    private Gate here = null!;

    [SetUp]
    public async Task Open()
    {
        world = await OpenAsync();
        here = new(world, plans, time);
    }

    [TearDown]
    public async Task Close()
    {
        await here.DisposeAsync();
        await world.DisposeAsync();
    }

    [Test]
    public async Task may_ask_so_often_in_a_minute_and_again_in_the_next_one()
    {
        plans.Of("acme", new QuotaLimit(QuotaResource.Requests, QuotaWindow.Minute, 3));
        for (var i = 0; i < 3; i++)
        {
            (await here.Quotas.EnterAsync("acme")).Should().NotBeNull();
        }

        var more = async () => await here.Quotas.EnterAsync("acme");
        var refused = (await more.Should().ThrowAsync<QuotaExceededException>()).Which;
        refused.Error.Code.Should().Be("quota-exceeded");
        refused.Error.Message.Should().Be("3 of 3 requests in the minute are used.");
        refused.RetryAfter.Should().Be(TimeSpan.FromSeconds(50));
        time.Advance(TimeSpan.FromSeconds(50));
        (await here.Quotas.EnterAsync("acme")).Should().NotBeNull();
    }

    [Test]
    public async Task without_any_is_not_counted()
    {
        (await here.Quotas.EnterAsync("other")).Should().BeNull();
        (await here.Quotas.AdmitRunAsync("other", isFork: false)).Should().BeNull();
        (await here.Quotas.StatusAsync("other")).Should().BeEmpty();
    }

    [Test]
    public async Task lets_exactly_so_many_in_however_many_ask_at_once()
    {
        plans.Of("acme", new QuotaLimit(QuotaResource.Requests, QuotaWindow.Day, 50));
        var entered = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => Task.Run(async () =>
        {
            try
            {
                return await here.Quotas.EnterAsync("acme") is not null;
            }
            catch (QuotaExceededException)
            {
                return false;
            }
        })));
        entered.Count(e => e).Should().Be(50);
    }

    [Test]
    public async Task has_only_so_many_runs_under_way_at_once()
    {
        plans.Of("acme", new QuotaLimit(QuotaResource.ConcurrentRuns, QuotaWindow.Moment, 2));
        using var one = await here.Quotas.AdmitRunAsync("acme", isFork: false);
        one!.Begun((await world.WriteAsync("agentRun-acme_r1", -1, Requested("r1"))).Position);
        using var two = await here.Quotas.AdmitRunAsync("acme", isFork: true);
        two!.Begun((await world.WriteAsync("agentRun-acme_r2", -1, Requested("r2"))).Position);
        var third = async () => await here.Quotas.AdmitRunAsync("acme", isFork: false);
        await third.Should().ThrowAsync<QuotaExceededException>();
        await world.WriteAsync("agentRun-acme_r1", 0, new RunWaiting("ask", 1, WaitKind.Message, null, null, null, null, null, Noon.AddHours(1), Noon));
        using var three = await here.Quotas.AdmitRunAsync("acme", isFork: false);
        three!.Begun((await world.WriteAsync("agentRun-acme_r3", -1, Requested("r3"))).Position);
        await world.WriteAsync("agentRun-acme_r2", 0, Completed);
        using var four = await here.Quotas.AdmitRunAsync("acme", isFork: false);
        four.Should().NotBeNull("a run that waits for somebody is not under way, and one has ended");
    }

    [Test]
    public async Task gets_its_place_back_where_nothing_came_of_a_run()
    {
        plans.Of("acme", new QuotaLimit(QuotaResource.ConcurrentRuns, QuotaWindow.Moment, 1));
        (await here.Quotas.AdmitRunAsync("acme", isFork: false))!.Dispose();
        (await here.Quotas.AdmitRunAsync("acme", isFork: false))!.Dispose();
    }

    [Test]
    public async Task has_the_runs_of_the_day_counted_once_each_also_by_the_next_process()
    {
        plans.Of("acme", new QuotaLimit(QuotaResource.Runs, QuotaWindow.Day, 3));
        for (var i = 0; i < 2; i++)
        {
            using var ticket = await here.Quotas.AdmitRunAsync("acme", isFork: false);
            ticket!.Begun((await world.WriteAsync($"agentRun-acme_r{i}", -1, Requested($"r{i}"))).Position);
        }

        await UntilUsedAsync(QuotaResource.Runs, 2);
        await world.WriteAsync("agentRun-acme_r0", 0, Completed);
        await MeterAsync("aiaas.run", """{"workflow":"faq","outcome":"Answered"}""");
        await here.DisposeAsync();
        here = new(world, plans, time);
        await UntilUsedAsync(QuotaResource.Runs, 2);
    }

    [Test]
    public async Task begins_no_run_when_its_tokens_are_used_up()
    {
        plans.Of("acme", new QuotaLimit(QuotaResource.Tokens, QuotaWindow.Hour, 1_000));
        (await here.Quotas.AdmitRunAsync("acme", isFork: false))!.Dispose();
        await MeterAsync("aiaas.model.call", """{"call":"a/1/1","model":"m","tier":"SLM_A","cost":0.1,"uncachedInput":900,"output":100}""");
        await UntilUsedAsync(QuotaResource.Tokens, 1_000);
        var run = async () => await here.Quotas.AdmitRunAsync("acme", isFork: false);
        await run.Should().ThrowAsync<QuotaExceededException>();
    }

    [Test]
    public async Task stores_no_more_than_it_may()
    {
        plans.Of("acme", new QuotaLimit(QuotaResource.StorageBytes, QuotaWindow.Moment, 1_000));
        await here.Quotas.StoreAsync("acme");
        await MeterAsync("aiaas.storage", """{"bytes":1000}""");
        await UntilUsedAsync(QuotaResource.StorageBytes, 1_000);
        var store = async () => await here.Quotas.StoreAsync("acme");
        await store.Should().ThrowAsync<QuotaExceededException>();
    }

    [Test]
    public async Task is_told_once_at_eighty_and_once_at_a_hundred_percent()
    {
        plans.Of("acme", new QuotaLimit(QuotaResource.Requests, QuotaWindow.Hour, 10));
        for (var i = 0; i < 14; i++)
        {
            try
            {
                await here.Quotas.EnterAsync("acme");
            }
            catch (QuotaExceededException)
            {
                i.Should().BeGreaterThanOrEqualTo(10);
            }
        }

        await UntilAsync(async () => (await NoticesAsync()).Count == 2, "both are noted");
        (await NoticesAsync()).Select(n => n.Percent).Should().BeEquivalentTo([80, 100]);
    }

    [Test]
    public async Task can_be_given_more_for_a_while_and_then_no_longer()
    {
        plans.Of("acme", new QuotaLimit(QuotaResource.Requests, QuotaWindow.Day, 1));
        await here.Quotas.EnterAsync("acme");
        var overrides = new QuotaOverrideService(world.Log, world.Types, IdSource.From(TimeProvider.System));
        await overrides.HandleAsync(new GrantQuotaOverride("acme", "o1", QuotaResource.Requests, QuotaWindow.Day, 3, Noon.AddHours(1), "platform", "a launch", Noon), new("acme", "platform"));
        await UntilAsync(async () => (await here.Quotas.StatusAsync("acme"))[0] is { Limit.Limit: 3, Override.Author: "platform" }, "the override holds");
        await here.Quotas.EnterAsync("acme");
        time.Advance(TimeSpan.FromHours(1));
        var more = async () => await here.Quotas.EnterAsync("acme");
        await more.Should().ThrowAsync<QuotaExceededException>("the override's time is up");
    }

    [TestCase(QuotaResource.StorageBytes, QuotaWindow.Day, 1, 1, "a launch", "Moment")]
    [TestCase(QuotaResource.Requests, QuotaWindow.Moment, 1, 1, "a launch", "Moment")]
    [TestCase(QuotaResource.Requests, QuotaWindow.Day, -1, 1, "a launch", "0 or more")]
    [TestCase(QuotaResource.Requests, QuotaWindow.Day, 1, -1, "a launch", "ahead")]
    [TestCase(QuotaResource.Requests, QuotaWindow.Day, 1, 9_000, "a launch", "366 days")]
    [TestCase(QuotaResource.Requests, QuotaWindow.Day, 1, 1, " ", "reason")]
    public void cannot_be_given_what_makes_no_sense(QuotaResource resource, QuotaWindow window, long limit, int hours, string reason, string said) =>
        QuotaOverrides.Initial.Grant(new("acme", "o1", resource, window, limit, Noon.AddHours(hours), "platform", reason, Noon)).Error!.Message.Should().Contain(said);

    [Test]
    public async Task has_what_it_used_before_its_plan_had_quotas_counted_once()
    {
        await here.Quotas.EnterAsync("acme");
        await world.WriteAsync("agentRun-acme_r0", -1, Requested("r0"));
        await MeterAsync("aiaas.model.call", """{"call":"a/1/1","model":"m","tier":"SLM_A","cost":0.1,"uncachedInput":900,"output":100}""");
        var head = await world.Log.GetHeadAsync();
        await UntilAsync(() => Task.FromResult(here.Quotas.Position >= head), "the log is followed so far");
        plans.Of("acme", new(QuotaResource.Tokens, QuotaWindow.Day, 5_000), new(QuotaResource.Runs, QuotaWindow.Day, 5));
        (await here.Quotas.StatusAsync("acme")).Select(s => s.Used).Should().Equal(1_000, 1);
        await MeterAsync("aiaas.model.call", """{"call":"a/1/2","model":"m","tier":"SLM_A","cost":0.1,"uncachedInput":10}""");
        await UntilUsedAsync(QuotaResource.Tokens, 1_010);
    }

    [Test]
    public async Task is_told_nothing_of_a_limit_that_it_is_far_from_however_high_that_is()
    {
        plans.Of("acme", new(QuotaResource.Requests, QuotaWindow.Day, long.MaxValue), new(QuotaResource.Requests, QuotaWindow.Hour, 1));
        await here.Quotas.EnterAsync("acme");
        await UntilAsync(async () => (await NoticesAsync()).Count >= 2, "the hour is used up");
        (await NoticesAsync()).Select(n => n.Window).Should().AllBeEquivalentTo(QuotaWindow.Hour);
    }

    private static RunRequested Requested(string run) => new(run, "", "", "?", "faq", new('0', 64), null, Noon);

    private static RunCompleted Completed => new(RunOutcome.Answered, "answered", "", [], "faq", null, 0, 0, default, AIaaS.Domain.Money.Usd(0), 0, false, Noon);

    private Task MeterAsync(string type, string data) =>
        new UsageLog(world.Log, new MeterRegistry(world.Log, world.Types, time), time).RecordAsync("acme", [new PlatformUsage("aiaas/test", IdSource.From(TimeProvider.System).NewId().ToString("N"), type, null, Noon, System.Text.Encoding.UTF8.GetBytes(data))], new EventMetadata { Tenant = "acme" });

    private Task UntilUsedAsync(QuotaResource resource, long used) =>
        UntilAsync(async () => (await here.Quotas.StatusAsync("acme")).Single(s => s.Limit.Resource == resource).Used == used, $"{used} are counted");

    private async Task<List<QuotaReached>> NoticesAsync()
    {
        List<QuotaReached> notices = [];
        await foreach (var e in world.Log.ReadAllAsync(filter: EventFilter.Streams("quota-acme_")))
        {
            notices.Add((QuotaReached)world.Types.Read(e.Type, e.Data.Span));
        }

        return notices;
    }

    private sealed class Plans : IQuotaSource
    {
        private readonly Dictionary<string, ImmutableArray<QuotaLimit>> limits = [];

        public void Of(string tenant, params ImmutableArray<QuotaLimit> of) => limits[tenant] = of;

        public ImmutableArray<QuotaLimit> LimitsOf(string tenant) => limits.GetValueOrDefault(tenant, []);
    }

    private sealed class Gate : IAsyncDisposable
    {
        private readonly CancellationTokenSource stop = new();
        private readonly Task following;

        public Gate(BudgetWorld world, IQuotaSource plans, TimeProvider time)
        {
            var ids = IdSource.From(TimeProvider.System);
            Quotas = new(world.Log, world.Types, plans, new(world.Log, world.Types, ids), new CheckpointStore(world.Log, ids), time);
            following = Quotas.RunAsync(stop.Token);
        }

        public QuotaGate Quotas { get; }

        public async ValueTask DisposeAsync()
        {
            await stop.CancelAsync();
            await following.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            stop.Dispose();
        }
    }
}
