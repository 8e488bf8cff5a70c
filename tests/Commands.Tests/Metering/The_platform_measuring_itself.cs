using AIaaS.Commands.Metering;
using AIaaS.Domain;
using AIaaS.Domain.Agents;
using AIaaS.Domain.Knowledge;
using AIaaS.Domain.Metering;
using AIaaS.Domain.Tools;
using AIaaS.EventStore;
using Microsoft.Extensions.Logging.Abstractions;

namespace Commands.Tests.Metering;

public sealed class The_platform_measuring_itself
{
    private static readonly DateTimeOffset At = new(2026, 1, 31, 9, 0, 0, TimeSpan.Zero);

    private UsageWorld world = null!;

    [SetUp]
    public async Task Open() => world = await UsageWorld.OpenAsync();

    [TearDown]
    public async Task Close() => await world.DisposeAsync();

    [Test]
    public async Task counts_a_run_with_its_calls_tokens_and_cost()
    {
        await AppendAsync("agentRun-acme_r1", Run("r1", null));
        await FollowAsync();
        var readings = (await world.RecordedAsync()).SelectMany(u => u.Readings).ToLookup(r => r.Meter);
        readings["runs"].Should().ContainSingle().Which.Dimensions.Should().Equal(Dimensions(("outcome", "Answered"), ("workflow", "faq_handling")));
        readings["model_calls"].Should().ContainSingle();
        readings["tokens.uncached_input"].Single().Value.Should().Be(412);
        readings["tokens.output"].Single().Value.Should().Be(58);
        readings["tokens.cache_read"].Should().BeEmpty("there were none");
        readings["cost"].Single().Value.Should().Be(0.0002m);
        readings["cost"].Single().Dimensions.Should().Equal(Dimensions(("model", "offline-a"), ("tier", "SLM_A"), ("workflow", "faq_handling")));
        readings["tool_calls"].Single().Dimensions.Should().Equal(Dimensions(("outcome", "failed"), ("tool", "find_order"), ("workflow", "faq_handling")));
    }

    [Test]
    public async Task dates_a_call_at_its_request()
    {
        await AppendAsync("agentRun-acme_r1", Run("r1", null));
        await FollowAsync();
        (await world.RecordedAsync()).Single(u => u.Type == BuiltInMeters.ModelCall).Time.Should().Be(At.AddSeconds(1));
    }

    [Test]
    public async Task dates_a_call_at_its_request_also_where_nobody_knew_for_a_while()
    {
        var requested = new ToolCallRequested("charge/1/1", "charge", "charge", "1.0.0", System.Text.Json.JsonElement.Parse("{}"), "h", "k", true, true, null, At);
        await AppendAsync("saga-acme_s1", requested, new ToolCallUnknown("charge/1/1", "charge", "charge", "no answer", At.AddHours(1)), new ToolCallSucceeded("charge/1/1", "charge", "charge", System.Text.Json.JsonElement.Parse("{}"), 1, 1, At.AddDays(1)) { Cost = Money.Usd(1) });
        await FollowAsync();
        (await world.RecordedAsync()).Where(u => u.Type == BuiltInMeters.ToolCall).Select(u => u.Time).Should().Equal([At, At], "budgets count it in that period, too");
    }

    [Test]
    public async Task leaves_forks_out()
    {
        await AppendAsync("agentRun-acme_f1", Run("f1", new("r1", "answer", null, null, null)));
        await FollowAsync();
        (await world.RecordedAsync()).Should().BeEmpty();
    }

    [Test]
    public async Task measures_each_event_once_however_often_it_is_stopped_and_started()
    {
        for (var i = 0; i < 5; i++)
        {
            await AppendAsync($"agentRun-acme_r{i}", Run($"r{i}", null));
            // Each time a new process, which sees everything from the start again.
            world.NewUsageLog();
            await FollowAsync();
        }

        var recorded = await world.RecordedAsync();
        recorded.Should().HaveCount(15);
        recorded.SelectMany(u => u.Readings).Where(r => r.Meter == "cost").Sum(r => r.Value).Should().Be(0.001m);
    }

    [Test]
    public async Task takes_up_in_the_middle_of_a_run_what_it_is_a_run_of()
    {
        var run = Run("r1", null);
        await AppendAsync("agentRun-acme_r1", run);
        await FollowAsync(from: 2);
        (await world.RecordedAsync()).Single(u => u.Type == BuiltInMeters.ModelCall).Should().Match<UsageMetered>(u => u.Time == At.AddSeconds(1) && u.Readings[0].Dimensions!["workflow"] == "faq_handling");
    }

    [Test]
    public async Task keeps_a_tenants_stored_bytes()
    {
        await AppendAsync("article-acme_a1", new ArticleProcessed("a1", "T", "12345", Audience.Customer, "", At));
        await AppendAsync("article-acme_a2", new ArticleProcessed("a2", "T", "123", Audience.Customer, "", At));
        await AppendAsync("article-other_a1", new ArticleProcessed("a1", "T", "1234567890", Audience.Customer, "", At));
        await AppendAsync("article-acme_a1", new ArticleProcessed("a1", "T", "1", Audience.Customer, "", At));
        await AppendAsync("article-acme_a2", new ArticleRemoved("a2", At));
        await FollowAsync();
        (await world.RecordedAsync()).Select(u => u.Readings.Single().Value).Should().Equal(6, 10, 6, 2);
    }

    [Test]
    public async Task counts_requests_by_the_second_and_loses_none_at_an_orderly_stop()
    {
        using var meter = new RequestMeter(world.Usage, IdSource.From(world.Time), world.Time, NullLogger<RequestMeter>.Instance);
        await meter.StartAsync(CancellationToken.None);
        for (var i = 0; i < 30; i++)
        {
            meter.Count(UsageWorld.Tenant, "GET /v1/runs/{run}", i % 3 == 0 ? 404 : 200);
        }

        await meter.FlushAsync();
        await meter.FlushAsync();
        meter.Count(UsageWorld.Tenant, "GET /v1/runs/{run}", 200);
        await meter.StopAsync(CancellationToken.None);
        var recorded = await world.RecordedAsync();
        recorded.Should().HaveCount(3).And.OnlyContain(u => u.Source == meter.Source);
        recorded.SelectMany(u => u.Readings).GroupBy(r => r.Dimensions!["status"]).Select(g => (g.Key, g.Sum(r => r.Value))).Should().BeEquivalentTo([("200", 21m), ("404", 10m)]);
    }

    private static object[] Run(string run, ForkOrigin? fork)
    {
        var usage = new TokenUsage(412, 0, 0, 58, 0);
        return
        [
            new RunRequested(run, "c1", "m1", "?", "faq_handling", "", fork, At),
            new ModelCallRequested("answer/1/1", "answer", 1, Tier.SLM_A, "offline-a", "{}", Money.Usd(0.0009m), At.AddSeconds(1)),
            new ModelCallCompleted("answer/1/1", "answer", Tier.SLM_A, "offline-a", "{}", usage, Money.Usd(0.0002m), At.AddSeconds(2)),
            new ToolCallFailed("find/1/1", "find", "find_order", "not-found", "There is none.", false, 1, 1, At.AddSeconds(3)),
            new RunCompleted(RunOutcome.Answered, "answered", "Yes.", [], "faq_handling", Tier.SLM_A, 5, 1, usage, Money.Usd(0.0002m), 5, fork is not null, At.AddSeconds(4)),
        ];
    }

    private static IEnumerable<KeyValuePair<string, string>> Dimensions(params (string Name, string Value)[] dimensions) => dimensions.Select(d => KeyValuePair.Create(d.Name, d.Value));

    private Task AppendAsync(string stream, params object[] events)
    {
        var ids = IdSource.From(TimeProvider.System);
        return world.Store.AppendAsync(stream, ExpectedVersion.Any, [.. events.Select(e => world.Types.Write(ids.NewId(), e, new EventMetadata()))]);
    }

    /// <summary>Handles what the log holds, as the subscription does.</summary>
    private async Task FollowAsync(int from = 0)
    {
        var handler = new UsageMetering(world.NewUsageLog(), world.Store, world.Types);
        var seen = 0;
        await foreach (var recorded in world.Store.ReadAllAsync(filter: handler.Filter))
        {
            if (seen++ >= from)
            {
                await handler.HandleAsync(EventEnvelope.Read(world.Types, recorded), CancellationToken.None);
            }
        }
    }
}
