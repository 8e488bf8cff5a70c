using System.Text.Json;
using AIaaS.Commands.Budgets;
using AIaaS.Domain;
using AIaaS.Domain.Agents;
using AIaaS.Domain.Budgets;
using AIaaS.Domain.Tools;
using AIaaS.EventStore;
using static Commands.Tests.Budgets.BudgetWorld;

namespace Commands.Tests.Budgets;

/// <summary>Reservations on the real ledger and the real log.</summary>
public sealed class The_ledger
{
    private BudgetWorld world = null!;

    [SetUp]
    public async Task Open() => world = await OpenAsync();

    [TearDown]
    public ValueTask Close() => world.DisposeAsync();

    [Test]
    public async Task reserves_settles_and_gives_the_rest_back()
    {
        await using var here = world.Process(settles: false);
        await here.Service.DefineAsync("acme", "all", Terms(10), false, As());
        var verdict = await here.Ledger.ReserveAsync(Wish(6));
        verdict.Holds!.Value.Should().ContainSingle().Which.Budget.Should().Be("all");
        (await here.Ledger.ReserveAsync(Wish(5, "r2"))).Refused!.Code.Should().Be("budget-exhausted");
        await here.Ledger.SettleAsync("acme", verdict.Holds.Value[0], Money.Usd(2), TimeProvider.System.GetUtcNow());
        (await here.Ledger.ReserveAsync(Wish(8, "r3"))).Refused.Should().BeNull();
        var state = await world.FoldAsync("all");
        (state.Settled, state.Reserved, state.Available).Should().Be((Money.Usd(2), Money.Usd(8), Money.Usd(0)));
    }

    [Test]
    public async Task costs_nothing_where_no_budget_applies()
    {
        await using var here = world.Process(settles: false);
        await here.Service.DefineAsync("acme", "other", Terms(10, scope: BudgetScope.Workflow, of: "other"), false, As());
        var head = await world.Log.GetHeadAsync();
        var asked = here.Ledger.ReserveAsync(Wish(6, workflow: "faq"));
        asked.IsCompletedSuccessfully.Should().BeTrue();
        (await asked).Holds.Should().BeNull();
        (await world.Log.GetHeadAsync()).Should().Be(head);
    }

    [Test]
    public async Task reserves_at_every_budget_that_applies_and_gives_back_where_one_refuses()
    {
        await using var here = world.Process(settles: false);
        await here.Service.DefineAsync("acme", "a-all", Terms(100), false, As());
        await here.Service.DefineAsync("acme", "b-key", Terms(100, scope: BudgetScope.Key, of: "k1"), false, As());
        await here.Service.DefineAsync("acme", "c-flow", Terms(5, scope: BudgetScope.Workflow, of: "faq"), false, As());
        await here.Service.DefineAsync("acme", "d-customer", Terms(100, scope: BudgetScope.Customer, of: "ada"), false, As());
        (await here.Ledger.ReserveAsync(Wish(4, key: "k1", workflow: "faq", customer: "ada"))).Holds!.Value.Select(h => h.Budget).Should().Equal("a-all", "b-key", "c-flow", "d-customer");
        (await here.Ledger.ReserveAsync(Wish(4, "r2", key: "k2", workflow: "tracking"))).Holds!.Value.Select(h => h.Budget).Should().Equal("a-all");
        var refused = await here.Ledger.ReserveAsync(Wish(4, "r3", key: "k1", workflow: "faq", customer: "ada"));
        refused.RefusedBy!.Budget.Should().Be("c-flow");
        refused.Available.Should().Be(Money.Usd(1));
        (await world.FoldAsync("a-all")).Reserved.Should().Be(Money.Usd(8));
        (await world.FoldAsync("b-key")).Reserved.Should().Be(Money.Usd(4));
        (await world.FoldAsync("d-customer")).Reserved.Should().Be(Money.Usd(4));
        (await world.PeriodsAsync("c-flow")).Select(e => e.Event).OfType<BudgetExhausted>().Should().ContainSingle();
    }

    [Test]
    public async Task is_exact_when_hundreds_reserve_at_once_in_two_processes()
    {
        await using var here = world.Process(settles: false);
        await using var there = world.Process(settles: false);
        var defined = await here.Service.DefineAsync("acme", "all", Terms(100), false, As());
        (await there.Catalog.WaitForAsync(defined.Position, TimeSpan.FromSeconds(20))).Should().BeTrue();
        var verdicts = await Task.WhenAll(Enumerable.Range(0, 600).Select(i => Task.Run(async () => await (i % 2 == 0 ? here : there).Ledger.ReserveAsync(Wish(1, $"r{i}")))));
        verdicts.Count(v => v.Refused is null).Should().Be(100);
        (await world.FoldAsync("all")).Available.Should().Be(Money.Usd(0));
    }

    [Test]
    public async Task writes_many_reservations_in_few_appends()
    {
        await using var here = world.Process(settles: false);
        await here.Service.DefineAsync("acme", "all", Terms(1_000), false, As());
        await Task.WhenAll(Enumerable.Range(0, 500).Select(i => here.Ledger.ReserveAsync(Wish(1, $"r{i}")).AsTask()));
        (await world.PeriodsAsync("all")).Select(e => e.Event).OfType<BudgetReserved>().Should().HaveCount(500);
    }

    [Test]
    public async Task strikes_a_balance_now_and_then_and_goes_on_from_it()
    {
        await using (var here = world.Process(settles: false))
        {
            await here.Service.DefineAsync("acme", "all", Terms(1_000), false, As());
            for (var round = 0; round < 6; round++)
            {
                var verdicts = await Task.WhenAll(Enumerable.Range(0, 200).Select(i => here.Ledger.ReserveAsync(Wish(0.5m, $"r{round}.{i}")).AsTask()));
                await Task.WhenAll(verdicts.Skip(round).Select(v => here.Ledger.SettleAsync("acme", v.Holds!.Value[0], Money.Usd(0.25m), TimeProvider.System.GetUtcNow())));
            }
        }

        var events = (await world.PeriodsAsync("all")).Select(e => e.Event).ToList();
        events.OfType<BudgetBalanced>().Should().NotBeEmpty();
        var whole = events.Where(e => e is not BudgetBalanced).Aggregate(BudgetPeriod.Initial, (s, e) => s.Evolve(e));
        await using var again = world.Process(settles: false);
        await again.Catalog.Ready;
        var loaded = await again.Ledger.CurrentAsync("acme", Terms(1_000), "all");
        (loaded.Settled, loaded.Reserved, loaded.Open.Count).Should().Be((whole.Settled, whole.Reserved, whole.Open.Count));
        whole.Open.Should().HaveCount(15);
    }

    [Test]
    public async Task holds_a_limit_that_was_changed_in_the_other_process_at_once()
    {
        await using var here = world.Process(settles: false);
        await using var there = world.Process(settles: false);
        var defined = await here.Service.DefineAsync("acme", "all", Terms(100), false, As());
        (await there.Catalog.WaitForAsync(defined.Position, TimeSpan.FromSeconds(20))).Should().BeTrue();
        (await there.Ledger.ReserveAsync(Wish(10))).Refused.Should().BeNull();
        await here.Service.DefineAsync("acme", "all", Terms(15), false, As());
        (await there.Ledger.ReserveAsync(Wish(10, "r2"))).Available.Should().Be(Money.Usd(5));
    }

    [Test]
    public async Task takes_a_limit_below_what_is_spent_only_when_it_is_meant()
    {
        await using var here = world.Process(settles: false);
        await here.Service.DefineAsync("acme", "all", Terms(100), false, As());
        await here.Ledger.ReserveAsync(Wish(60));
        var lower = () => here.Service.DefineAsync("acme", "all", Terms(50), false, As());
        (await lower.Should().ThrowAsync<DomainException>()).Which.Error.Code.Should().Be("budget-below-spent");
        var changed = await here.Service.DefineAsync("acme", "all", Terms(50), true, As());
        changed.Period.Available.Should().Be(Money.Usd(-10));
        (await here.Ledger.ReserveAsync(Wish(0.01m, "r2"))).Refused.Should().NotBeNull();
    }

    [Test]
    public async Task takes_the_same_terms_and_higher_limits_of_a_budget_that_is_exceeded()
    {
        await using var here = world.Process(settles: false);
        await here.Service.DefineAsync("acme", "all", Terms(50, hard: false), false, As());
        await here.Ledger.ReserveAsync(Wish(60));
        (await here.Service.DefineAsync("acme", "all", Terms(50, hard: false), false, As())).Changed.Should().BeFalse("it says just that already");
        (await here.Service.DefineAsync("acme", "all", Terms(55, hard: false, alerts: [50]), false, As())).Period.Available.Should().Be(Money.Usd(-5));
        var harder = () => here.Service.DefineAsync("acme", "all", Terms(58), false, As());
        (await harder.Should().ThrowAsync<DomainException>("what only alerted would now refuse every call")).Which.Error.Code.Should().Be("budget-below-spent");
    }

    [Test]
    public async Task alerts_once_for_each_threshold_however_many_settle_at_once()
    {
        await using var here = world.Process(settles: false);
        await here.Service.DefineAsync("acme", "all", Terms(100, alerts: [50, 80, 100]), false, As());
        var verdicts = await Task.WhenAll(Enumerable.Range(0, 100).Select(i => here.Ledger.ReserveAsync(Wish(1, $"r{i}")).AsTask()));
        await Task.WhenAll(verdicts.Concat(verdicts).Select(v => here.Ledger.SettleAsync("acme", v.Holds!.Value[0], Money.Usd(1), TimeProvider.System.GetUtcNow())));
        (await world.PeriodsAsync("all")).Select(e => e.Event).OfType<BudgetThresholdReached>().Select(t => t.Percent).Should().Equal(50, 80, 100);
        (await world.FoldAsync("all")).Settled.Should().Be(Money.Usd(100));
    }

    [Test]
    public async Task begins_anew_with_the_next_period_and_settles_in_the_one_before()
    {
        var time = new AIaaS.EventStore.Tests.ManualTimeProvider(new(2026, 3, 1, 23, 59, 0, TimeSpan.Zero));
        await using var here = world.Process(time, settles: false);
        await here.Service.DefineAsync("acme", "daily", Terms(10, interval: BudgetInterval.Day), false, As());
        var evening = await here.Ledger.ReserveAsync(Wish(10, at: time.GetUtcNow()));
        time.Advance(TimeSpan.FromMinutes(2));
        (await here.Ledger.ReserveAsync(Wish(10, "r2", at: time.GetUtcNow()))).Holds!.Value[0].Period.Should().Be("2026-03-02");
        await here.Ledger.SettleAsync("acme", evening.Holds!.Value[0], Money.Usd(7), time.GetUtcNow());
        var settled = (await world.PeriodsAsync("daily")).Single(e => e.Event is BudgetSettled);
        settled.Period.Should().Be("2026-03-01");
    }
}

/// <summary>What becomes of reservations whose callers stop, stall or come back late.</summary>
public sealed class A_reservation_that_was_left_behind
{
    private static readonly DateTimeOffset At = TimeProvider.System.GetUtcNow();
    private BudgetWorld world = null!;
    private BudgetParts here = null!;

    private static RunRequested Asked => new("r1", "", "", "?", "faq", new('0', 64), null, At);

    private static RunResumed Resumed => new("w2", At);

    private static ModelCallRequested Request(BudgetVerdict verdict) => new("answer/1/1", "answer", 1, Tier.SLM_A, "m", "{}", Money.Usd(1), At) { Reserved = verdict.Holds };

    private static ModelCallCompleted Answered(decimal cost) => new("answer/1/1", "answer", Tier.SLM_A, "m", "{}", new(1, 0, 0, 1, 0), Money.Usd(cost), At);

    [SetUp]
    public async Task Open()
    {
        world = await OpenAsync();
        here = world.Process();
        await here.Service.DefineAsync("acme", "all", Terms(10), false, As());
        await world.WriteAsync("agentRun-acme_r1", -1, Asked);
    }

    [TearDown]
    public async Task Close()
    {
        await here.DisposeAsync();
        await world.DisposeAsync();
    }

    private ValueTask<BudgetVerdict> ReserveAsync(long version = 0) => here.Ledger.ReserveAsync(Wish(1, version: version) with { Until = At });

    private Task UntilClosedAsync() => UntilAsync(async () => (await world.FoldAsync("all")).Open.IsEmpty, "no reservation is open");

    private async Task<T> LastAsync<T>() => (await world.PeriodsAsync("all")).Select(e => e.Event).OfType<T>().Last();

    [Test]
    public async Task is_settled_by_the_outcome_of_its_call()
    {
        var verdict = await ReserveAsync();
        await world.WriteAsync("agentRun-acme_r1", 0, Request(verdict), Answered(0.25m));
        await UntilClosedAsync();
        (await LastAsync<BudgetSettled>()).Amount.Should().Be(Money.Usd(0.25m));
    }

    [Test]
    public async Task is_released_where_the_outcome_is_unknown_since_that_is_not_billed()
    {
        var verdict = await ReserveAsync();
        await world.WriteAsync("agentRun-acme_r1", 0, Request(verdict), new ModelCallFailed("answer/1/1", "answer", "timed out", true, true, At));
        await UntilClosedAsync();
        (await LastAsync<BudgetReleased>()).Reason.Should().Be("unknown");
    }

    [Test]
    public async Task stays_while_its_run_stands_where_it_stood_for_its_worker_may_only_be_slow()
    {
        await ReserveAsync();
        var seen = await world.WriteAsync("agentRun-acme_r2", -1, Asked with { Run = "r2" }, new RunCompleted(RunOutcome.Cut, "x", "", [], "faq", null, 0, 0, default, Money.Usd(0), 0, false, At));
        await UntilAsync(() => Task.FromResult(here.Settlement.Position >= seen.Position), "the settlement has followed");
        (await world.FoldAsync("all")).Open.Should().HaveCount(1, "the deadline alone proves nothing");
    }

    [Test]
    public async Task is_released_once_its_run_has_moved_on_without_it_and_a_late_worker_cannot_call_under_it()
    {
        var late = await ReserveAsync();
        await world.WriteAsync("agentRun-acme_r1", 0, Resumed);
        await UntilClosedAsync();
        (await LastAsync<BudgetReleased>()).Reason.Should().Be("not-made");
        var append = () => world.WriteAsync("agentRun-acme_r1", 0, Request(late));
        await append.Should().ThrowAsync<WrongExpectedVersionException>("the request can only stand right behind the version that was reserved at");
    }

    [Test]
    public async Task stays_while_its_call_is_out_whatever_the_clock_says()
    {
        var verdict = await ReserveAsync();
        var seen = await world.WriteAsync("agentRun-acme_r1", 0, Request(verdict));
        await UntilAsync(() => Task.FromResult(here.Settlement.Position >= seen.Position || here.Settlement.Open == 1), "the settlement has followed");
        (await world.FoldAsync("all")).Open.Should().HaveCount(1);
        await world.WriteAsync("agentRun-acme_r1", 1, Answered(0.5m));
        await UntilClosedAsync();
        (await LastAsync<BudgetSettled>()).Amount.Should().Be(Money.Usd(0.5m));
    }

    [Test]
    public async Task is_released_when_its_run_ends_with_the_call_open()
    {
        var verdict = await ReserveAsync();
        await world.WriteAsync("agentRun-acme_r1", 0, Request(verdict), new RunCompleted(RunOutcome.Failed, "workflow-unavailable", "", [], "faq", null, 0, 0, default, Money.Usd(0), 0, false, At));
        await UntilClosedAsync();
        (await LastAsync<BudgetReleased>()).Reason.Should().Be("caller-ended");
    }

    [Test]
    public async Task beside_the_one_that_was_used_is_not_taken_for_it()
    {
        await ReserveAsync();
        await world.WriteAsync("agentRun-acme_r1", 0, Resumed);
        var used = await ReserveAsync(1);
        await world.WriteAsync("agentRun-acme_r1", 1, Request(used), Answered(0.75m));
        await ReserveAsync(0);
        await UntilClosedAsync();
        var state = await world.FoldAsync("all");
        state.Settled.Should().Be(Money.Usd(0.75m), "the call is counted once, however many reserved for it");
    }

    [Test]
    public async Task of_a_call_that_failed_is_not_taken_for_that_of_the_same_call_asked_for_again()
    {
        // The settlement is a little behind: both are open when it comes to look.
        await here.DisposeAsync();
        here = world.Process(settles: false);
        var first = new ToolCallRequested("call/1/1", "call", "courier", "1.0.0", JsonElement.Parse("{}"), "h", "k", true, true, null, At) { Price = Money.Usd(1) };
        await world.WriteAsync("toolCall-acme_c1", -1, first);
        await here.Ledger.ReserveAsync(Wished(first, 0));
        var again = first with { At = At.AddSeconds(1) };
        await world.WriteAsync("toolCall-acme_c1", 0, new ToolCallFailed("call/1/1", "call", "courier", "busy", "busy", true, 1, 1, At), again);
        await here.Ledger.ReserveAsync(Wished(again, 2));
        (await here.Ledger.ReserveAsync(Wished(again, 2))).Refused.Should().BeNull("a repetition is the same reservation");
        (await world.FoldAsync("all")).Open.Should().HaveCount(2);
        await here.DisposeAsync();
        here = world.Process();
        await UntilAsync(async () => (await world.FoldAsync("all")).Open.Count == 1, "what the first one held is free");
        await world.WriteAsync("toolCall-acme_c1", 2, new ToolCallSucceeded("call/1/1", "call", "courier", JsonElement.Parse("{}"), 1, 1, At) { Cost = Money.Usd(1) });
        await UntilClosedAsync();
        (await world.FoldAsync("all")).Settled.Should().Be(Money.Usd(1));

        static BudgetWish Wished(ToolCallRequested request, long version) =>
            new(new("acme"), request.Price!.Value, "toolCall-acme_c1", version, request.Call, request.At, request.At.AddMinutes(5)) { IsRequested = true };
    }

    [Test]
    public async Task of_a_call_that_nobody_knows_of_is_not_taken_for_that_of_the_same_call_made_again()
    {
        await here.DisposeAsync();
        here = world.Process(settles: false);
        var requested = new ToolCallRequested("charge/1/1", "charge", "charge", "1.0.0", JsonElement.Parse("{}"), "h", "k", true, true, null, At) { Price = Money.Usd(1) };
        await world.WriteAsync("saga-acme_s1", -1, requested);
        await here.Ledger.ReserveAsync(Wished(0, 0));
        await world.WriteAsync("saga-acme_s1", 0, new ToolCallUnknown("charge/1/1", "charge", "charge", "no answer", At));
        await here.Ledger.ReserveAsync(Wished(1, 1));
        await here.DisposeAsync();
        here = world.Process();
        await UntilAsync(async () => (await world.FoldAsync("all")).Open.Count == 1, "what the first one held is free");
        await world.WriteAsync("saga-acme_s1", 1, new ToolCallSucceeded("charge/1/1", "charge", "charge", JsonElement.Parse("{}"), 1, 1, At) { Cost = Money.Usd(1) });
        await UntilClosedAsync();
        (await world.FoldAsync("all")).Settled.Should().Be(Money.Usd(1), "that is what usage says, too");

        BudgetWish Wished(long version, int repetition) =>
            new(new("acme"), requested.Price!.Value, "saga-acme_s1", version, requested.Call, requested.At, requested.At.AddMinutes(5)) { IsRequested = true, Repetition = repetition };
    }

    [Test]
    public async Task by_a_process_that_is_gone_is_found_by_the_next_one()
    {
        var verdict = await here.Ledger.ReserveAsync(Wish(1));
        await here.DisposeAsync();
        await world.WriteAsync("agentRun-acme_r1", 0, Request(verdict), Answered(0.5m));
        here = world.Process();
        await UntilClosedAsync();
        (await world.FoldAsync("all")).Settled.Should().Be(Money.Usd(0.5m));
    }
}
