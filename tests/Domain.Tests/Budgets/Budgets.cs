using System.Collections.Immutable;
using AIaaS.Domain;
using AIaaS.Domain.Budgets;
using AIaaS.EventStore;

namespace Domain.Tests.Budgets;

internal static class Some
{
    public static readonly DateTimeOffset At = new(2026, 3, 1, 9, 30, 0, TimeSpan.Zero);

    public static readonly BudgetTerms Terms = new("Daily", BudgetScope.Tenant, null, BudgetInterval.Day, "UTC", true, Money.Usd(10), [50, 80, 100]);

    public static BudgetSpan Day => BudgetCalendar.Of(BudgetInterval.Day, "UTC", At);

    public static BudgetGranted Granted(decimal limit = 10, bool hard = true, int version = 1) => new("daily", Day.Name, version, Day.From, Day.To, Money.Usd(limit), hard, [50, 80, 100], At);

    public static ReserveBudget Ask(string reservation, decimal amount) => new(reservation, Money.Usd(amount), "agentRun-acme_r1", 3, "answer/1/1", At.AddMinutes(1), At);

    public static BudgetReserved Reserved(string reservation, decimal amount) => new(reservation, Money.Usd(amount), "agentRun-acme_r1", 3, "answer/1/1", At.AddMinutes(1), At);

    public static SettleBudget Cost(string reservation, decimal amount) => new(reservation, Money.Usd(amount), At);
}

public sealed class Reserving_more_than_is_available : Given<BudgetPeriod>
{
    protected override object[] Events => [Some.Granted(), Some.Reserved("r1", 8)];

    [Test]
    public void is_refused_with_what_is_left() => When(p => p.Reserve(Some.Ask("r2", 3))).ThenRefused(BudgetErrors.Exhausted("daily", "2026-03-01", Money.Usd(3), Money.Usd(2)));

    [Test]
    public void leaves_the_first_reservation_alone() => State.Open.Should().ContainKey("r1");

    [Test]
    public void is_possible_to_the_last_cent() => When(p => p.Reserve(Some.Ask("r2", 2))).Then(Some.Reserved("r2", 2));

    [Test]
    public void again_for_the_same_call_changes_nothing() => When(p => p.Reserve(Some.Ask("r1", 8))).ThenNothing();

    [Test]
    public void is_noted_once() => State.Evolve(State.Exhaust(Money.Usd(3), Some.At).Events.Single()).Exhaust(Money.Usd(3), Some.At).Events.Should().BeEmpty();

    [Test]
    public void is_noted_again_after_the_budget_was_changed() =>
        State.Evolve(State.Exhaust(Money.Usd(3), Some.At).Events.Single()).Evolve(Some.Granted(11, version: 2)).Exhaust(Money.Usd(4), Some.At).Events.Should().ContainSingle();
}

public sealed class A_soft_budget : Given<BudgetPeriod>
{
    protected override object[] Events => [Some.Granted(hard: false), Some.Reserved("r1", 8)];

    [Test]
    public void never_refuses() => When(p => p.Reserve(Some.Ask("r2", 300))).Then(Some.Reserved("r2", 300));

    [Test]
    public void still_alerts() => When(p => p.Settle(Some.Cost("r1", 8))).Decision.Events.OfType<BudgetThresholdReached>().Select(t => t.Percent).Should().Equal(50, 80);
}

public sealed class Settling_a_reservation : Given<BudgetPeriod>
{
    protected override object[] Events => [Some.Granted(), Some.Reserved("r1", 6), Some.Reserved("r2", 2)];

    [Test]
    public void spends_the_cost_and_frees_the_rest() => When(p => p.Settle(Some.Cost("r1", 4))).Then(new BudgetSettled("r1", Money.Usd(4), Money.Usd(2), Some.At));

    [Test]
    public void makes_the_rest_available()
    {
        var settled = State.Evolve(new BudgetSettled("r1", Money.Usd(4), Money.Usd(2), Some.At));
        (settled.Settled, settled.Reserved, settled.Available).Should().Be((Money.Usd(4), Money.Usd(2), Money.Usd(4)));
    }

    [Test]
    public void twice_changes_nothing() => State.Evolve(new BudgetSettled("r1", Money.Usd(4), Money.Usd(2), Some.At)).Settle(Some.Cost("r1", 4)).Events.Should().BeEmpty();

    [Test]
    public void that_was_released_changes_nothing() => State.Evolve(new BudgetReleased("r1", Money.Usd(6), "unknown", Some.At)).Settle(Some.Cost("r1", 4)).Events.Should().BeEmpty();

    [Test]
    public void releases_twice_no_more() => State.Evolve(new BudgetReleased("r1", Money.Usd(6), "unknown", Some.At)).Release(new("r1", "unknown", Some.At)).Events.Should().BeEmpty();

    [Test]
    public void says_what_was_above_the_worst_case() => When(p => p.Settle(Some.Cost("r2", 3))).Decision.Events[0].Should().Be(new BudgetSettled("r2", Money.Usd(3), Money.Usd(-1), Some.At));

    [TestCase(-1, "USD")]
    [TestCase(1, "EUR")]
    public void with_an_amount_that_cannot_be_is_refused(decimal amount, string currency) => When(p => p.Settle(new("r1", new(amount, currency), Some.At))).Decision.Error!.Code.Should().Be("amount-invalid");
}

public sealed class A_threshold : Given<BudgetPeriod>
{
    protected override object[] Events => [Some.Granted(), Some.Reserved("r1", 6), new BudgetSettled("r1", Money.Usd(6), Money.Usd(0), Some.At), new BudgetThresholdReached(50, Money.Usd(6), Money.Usd(10), Some.At), Some.Reserved("r2", 3)];

    [Test]
    public void is_reached_once() => When(p => p.Settle(Some.Cost("r2", 1))).Then(new BudgetSettled("r2", Money.Usd(1), Money.Usd(2), Some.At));

    [Test]
    public void is_reached_at_exactly_its_part() => When(p => p.Settle(Some.Cost("r2", 2))).Then(new BudgetSettled("r2", Money.Usd(2), Money.Usd(1), Some.At), new BudgetThresholdReached(80, Money.Usd(8), Money.Usd(10), Some.At));

    [Test]
    public void is_reached_by_lowering_the_limit() =>
        When(p => p.Grant(new("daily", 2, Some.Terms with { Limit = Money.Usd(6) }, Some.Day, Some.At))).Then(Some.Granted(6, version: 2) with { Alerts = Some.Terms.Alerts }, new BudgetThresholdReached(80, Money.Usd(6), Money.Usd(6), Some.At), new BudgetThresholdReached(100, Money.Usd(6), Money.Usd(6), Some.At));

    [Test]
    public void can_be_reached_again_under_a_higher_limit()
    {
        var raised = State.Evolve(Some.Granted(100, version: 2));
        raised.Reached.Should().BeEmpty();
        raised.Evolve(Some.Reserved("r3", 80)).Settle(Some.Cost("r3", 44)).Events.OfType<BudgetThresholdReached>().Select(t => t.Percent).Should().Equal(50);
    }
}

public sealed class Granting_a_period : Given<BudgetPeriod>
{
    protected override object[] Events => [Some.Granted(version: 3), Some.Reserved("r1", 8)];

    [TestCase(3)]
    [TestCase(2)]
    public void by_a_version_that_is_not_newer_changes_nothing(int version) => When(p => p.Grant(new("daily", version, Some.Terms with { Limit = Money.Usd(99) }, Some.Day, Some.At))).ThenNothing();

    [Test]
    public void lower_than_what_is_promised_leaves_less_than_nothing_and_refuses_all()
    {
        var lowered = State.Evolve(Some.Granted(5, version: 4));
        lowered.Available.Should().Be(Money.Usd(-3));
        lowered.Reserve(Some.Ask("r2", 0.01m)).Error!.Code.Should().Be("budget-exhausted");
        lowered.Settle(Some.Cost("r1", 8)).Events.OfType<BudgetSettled>().Should().ContainSingle("what was promised is kept");
    }
}

public sealed class A_balance : Given<BudgetPeriod>
{
    protected override object[] Events => [Some.Granted(), Some.Reserved("r1", 6), new BudgetSettled("r1", Money.Usd(5.5m), Money.Usd(0.5m), Some.At), new BudgetThresholdReached(50, Money.Usd(5.5m), Money.Usd(10), Some.At), Some.Reserved("r2", 2), Some.Reserved("r3", 0.25m)];

    [Test]
    public void is_the_fold_of_all_before_it()
    {
        var struck = BudgetPeriod.Initial.Evolve(State.Balance(Some.At));
        (struck.Settled, struck.Reserved, struck.Available, struck.IsExhausted).Should().Be((State.Settled, State.Reserved, State.Available, State.IsExhausted));
        struck.Open.Should().BeEquivalentTo(State.Open);
        struck.Reached.Should().Equal(State.Reached);
    }

    [Test]
    public void changes_nothing() => State.Evolve(State.Balance(Some.At)).Available.Should().Be(State.Available);
}

public sealed class Defining_a_budget
{
    private static Decision Define(BudgetTerms terms) => Budget.Initial.Define(new("acme", "daily", terms, "key:k7", Some.At));

    [Test]
    public void makes_its_first_version() => Define(Some.Terms).Events.Should().Equal(new BudgetDefined("daily", 1, Some.Terms, "key:k7", Some.At));

    [Test]
    public void again_just_so_changes_nothing() => Budget.Initial.Evolve(Define(Some.Terms).Events[0]).Define(new("acme", "daily", Some.Terms with { Alerts = [50, 80, 100] }, "key:k8", Some.At)).Events.Should().BeEmpty();

    [Test]
    public void with_another_limit_makes_another_version() =>
        Budget.Initial.Evolve(Define(Some.Terms).Events[0]).Define(new("acme", "daily", Some.Terms with { Limit = Money.Usd(5) }, "key:k8", Some.At)).Events.OfType<BudgetDefined>().Single().Version.Should().Be(2);

    [Test]
    public void for_somebody_else_is_refused_also_after_it_was_removed()
    {
        var removed = Budget.Initial.Evolve(Define(Some.Terms).Events[0]).Evolve(new BudgetRemoved("daily", "key:k7", Some.At));
        removed.Define(new("acme", "daily", Some.Terms with { Interval = BudgetInterval.Week }, "key:k8", Some.At)).Error!.Code.Should().Be("budget-fixed");
        removed.Define(new("acme", "daily", Some.Terms, "key:k8", Some.At)).Events.OfType<BudgetDefined>().Single().Version.Should().Be(2);
    }

    [Test]
    public void says_all_that_is_wrong_at_once()
    {
        var error = Define(new("", BudgetScope.Workflow, null, BudgetInterval.Day, "Europe/Atlantis", true, new(-1, "EUR"), [80, 50])).Error!;
        error.Code.Should().Be("budget-invalid");
        error.Message.Should().ContainAll("name", "'of' must name the workflow", "Europe/Atlantis", "EUR", "rising");
    }

    [TestCase(0)]
    [TestCase(-5)]
    [TestCase(1_000_000_001)]
    [TestCase(0.0000000001)]
    public void with_an_absurd_limit_is_refused(double limit) => Define(Some.Terms with { Limit = Money.Usd((decimal)limit) }).Error!.Message.Should().Contain("limit");
}

public sealed class The_periods_of_a_budget
{
    private static BudgetSpan Of(BudgetInterval interval, string zone, string at) => BudgetCalendar.Of(interval, zone, DateTimeOffset.Parse(at, System.Globalization.CultureInfo.InvariantCulture));

    [TestCase(BudgetInterval.Day, "UTC", "2026-03-01T00:00:00Z", "2026-03-01")]
    [TestCase(BudgetInterval.Day, "America/New_York", "2026-03-01T04:59:59Z", "2026-02-28")]
    [TestCase(BudgetInterval.Day, "Asia/Tokyo", "2026-02-28T15:00:00Z", "2026-03-01")]
    [TestCase(BudgetInterval.Week, "UTC", "2026-03-01T12:00:00Z", "2026-W09")]
    [TestCase(BudgetInterval.Week, "UTC", "2027-01-01T12:00:00Z", "2026-W53")]
    [TestCase(BudgetInterval.Month, "UTC", "2026-02-28T23:59:59Z", "2026-02")]
    [TestCase(BudgetInterval.Year, "Pacific/Kiritimati", "2025-12-31T10:00:00Z", "2026")]
    public void are_named_after_the_calendar_there(BudgetInterval interval, string zone, string at, string name) => Of(interval, zone, at).Name.Should().Be(name);

    [TestCase("2026-03-29T12:00:00Z", 23, TestName = "a day of 23 hours")]
    [TestCase("2026-10-25T12:00:00Z", 25, TestName = "a day of 25 hours")]
    public void follow_the_clocks(string at, int hours)
    {
        var span = Of(BudgetInterval.Day, "Europe/Berlin", at);
        (span.To - span.From).Should().Be(TimeSpan.FromHours(hours));
    }

    [Test]
    public void begin_where_the_clocks_jump_over_midnight()
    {
        // In Beirut, 29 March 2026 has no midnight: the clocks go from 00:00 to 01:00.
        var span = Of(BudgetInterval.Day, "Asia/Beirut", "2026-03-29T12:00:00Z");
        span.From.Should().Be(new DateTimeOffset(2026, 3, 28, 22, 0, 0, TimeSpan.Zero));
        (span.To - span.From).Should().Be(TimeSpan.FromHours(23));
    }

    [Test]
    public void leave_no_gap_and_do_not_overlap()
    {
        foreach (var zone in (string[])["UTC", "Europe/Berlin", "Asia/Beirut", "America/Sao_Paulo", "America/Havana", "Australia/Lord_Howe", "Pacific/Apia"])
        {
            foreach (var interval in Enum.GetValues<BudgetInterval>())
            {
                var span = BudgetCalendar.Of(interval, zone, new(2010, 1, 1, 0, 0, 0, TimeSpan.Zero));
                while (span.To < new DateTimeOffset(2012, 6, 1, 0, 0, 0, TimeSpan.Zero))
                {
                    BudgetCalendar.Of(interval, zone, span.From).Should().Be(span);
                    BudgetCalendar.Of(interval, zone, span.To.AddTicks(-1)).Should().Be(span);
                    var next = BudgetCalendar.Of(interval, zone, span.To);
                    next.From.Should().Be(span.To);
                    span = next;
                }
            }
        }
    }
}
