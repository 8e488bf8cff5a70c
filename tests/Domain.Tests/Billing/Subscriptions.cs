using System.Collections.Immutable;
using AIaaS.Domain;
using AIaaS.Domain.Billing;
using AIaaS.Domain.Pricing;
using AIaaS.EventStore;
using FsCheck;
using FsCheck.Fluent;

namespace Domain.Tests.Billing;

public sealed class A_tenant_without_a_subscription : Given<Subscription>
{
    protected override object[] Events => [];

    [Test]
    public void pays_as_it_goes() => State.PlanSegments(State.Periods.At(Some.At)).Should().Equal(new PlanSegment(Some.Utc(2026, 1, 1), Some.Utc(2026, 2, 1), "pay-as-you-go", 1, false, 2_678_400, 2_678_400));

    [Test]
    public void is_put_on_a_plan_with_its_trial() => When(s => s.Start(new("acme", Some.Plan("team") with { TrialDays = 14 }, null, null, "ordered", Some.At.AddMilliseconds(300)))).Then(
        new PlanStarted("team", 1, Some.At, Some.At.AddDays(14), Some.Cycle(Some.At), "ordered", Some.At.AddMilliseconds(300)),
        new TimerScheduled("trial-end", Some.At.AddDays(14)));

    [Test]
    public void is_put_on_a_plan_with_its_time_zone_and_anchor()
    {
        var settings = new BillingSettings { TimeZone = "Europe/Berlin", Anchor = Some.Utc(2026, 2, 1, 5) };
        When(s => s.Start(new("acme", Some.Plan("team"), null, settings, null, Some.At))).Then(
            new BillingConfigured(settings, null, Some.At),
            new PlanStarted("team", 1, Some.At, null, new(Some.At, settings.Anchor.Value, "Europe/Berlin", BillingInterval.Month, 1, "USD"), null, Some.At));
    }

    [Test]
    public void begin_periods_with_whole_seconds_also_where_the_anchor_has_a_part_of_one()
    {
        var settings = new BillingSettings { Anchor = Some.Utc(2026, 2, 1, 5).AddMilliseconds(700) };
        var started = Subscription.Initial.Start(new("acme", Some.Plan("team"), null, settings, null, Some.At)).Events.OfType<PlanStarted>().Single();
        started.Cycle.Anchor.Should().Be(Some.Utc(2026, 2, 1, 5));
        Some.After(started).Configure(new("acme", settings with { Anchor = Some.Utc(2026, 2, 3).AddTicks(1) }, Some.At.AddDays(1))).Events.OfType<BillingConfigured>().Single().Cycle!.Anchor.Should().Be(Some.Utc(2026, 2, 3));
    }

    [Test]
    public void names_all_that_is_wrong_with_its_settings() => When(s => s.Start(new("acme", Some.Plan("team"), 400, new()
    {
        TimeZone = "Mars/Olympus",
        Taxes = [new("", 120m)],
        TaxExemption = "reverse charge",
        Discounts = [new(10m, Money.Usd(1m), Some.At, Some.At, "")],
        Email = "nobody",
        PaymentMethod = "5555 5555 5555 4444",
        GraceHours = -1,
        DueDays = 999,
    }, null, Some.At))).Decision.Error!.Message.Should().ContainAll(
        "no time zone 'Mars/Olympus'", "is 120 %", "give one of both", "either a percentage or an amount", "a discount ends at", "a discount needs a reason", "no form that mail can go to", "is a card number", "'graceHours' is -1", "'dueDays' is 999", "'trialDays' is 400");

    [Test]
    public void has_nothing_to_cancel() => When(s => s.Cancel(new("acme", ChangeTiming.AtOnce, null, Some.At))).ThenRefused(PlanErrors.NotStarted());

    [Test]
    public void starts_by_changing_to_a_plan() => When(s => s.ChangeTo(new("acme", Some.Plan("team"), BuiltInPricing.PayAsYouGo, ChangeTiming.AtOnce, [], null, Some.At)))
        .Then(new PlanStarted("team", 1, Some.At, null, Some.Cycle(Some.At), null, Some.At));

    [Test]
    public void can_choose_its_time_zone_from_the_next_period_on()
    {
        var settings = new BillingSettings { TimeZone = "Europe/Berlin" };
        When(s => s.Configure(new("acme", settings, Some.At))).Then(
            new BillingConfigured(settings, new(Some.Utc(2026, 2, 1), Some.Utc(1999, 12, 31, 23), "Europe/Berlin", BillingInterval.Month, 1, "USD"), Some.At));
        var after = Some.After(new BillingConfigured(settings, new(Some.Utc(2026, 2, 1), Some.Utc(1999, 12, 31, 23), "Europe/Berlin", BillingInterval.Month, 1, "USD"), Some.At));
        var period = after.Periods.At(Some.Utc(2026, 2, 5));
        (period.From, period.To).Should().Be((Some.Utc(2026, 2, 1), Some.Utc(2026, 2, 28, 23)));
    }
}

public sealed class A_subscription : Given<Subscription>
{
    private static readonly DateTimeOffset Mid = Some.Utc(2026, 2, 14, 9, 30);

    private static readonly DateTimeOffset End = Some.Utc(2026, 2, 28, 9, 30);

    private static readonly Plan Team = Some.Plan("team") with { Quotas = [new(QuotaResource.StorageBytes, QuotaWindow.Moment, 1_000), new(QuotaResource.Runs, QuotaWindow.Month, 500)] };

    private static readonly Plan Small = Some.Plan("small", 10m) with { Quotas = [new(QuotaResource.StorageBytes, QuotaWindow.Moment, 100), new(QuotaResource.Runs, QuotaWindow.Month, 50)] };

    private static readonly UsageFigure Stored = new(QuotaResource.StorageBytes, QuotaWindow.Moment, 150);

    private static readonly UsageFigure Ran = new(QuotaResource.Runs, QuotaWindow.Month, 60);

    protected override object[] Events => [new PlanStarted("team", 1, Some.At, null, Some.Cycle(Some.At), null, Some.At)];

    [Test]
    public void changes_at_once() => When(s => s.ChangeTo(Change(Some.Plan("business"), ChangeTiming.AtOnce))).Then(new PlanChanged("business", 1, Mid, null, "grows", Mid));

    [Test]
    public void changes_at_the_end_of_the_period() => When(s => s.ChangeTo(Change(Some.Plan("business"), ChangeTiming.PeriodEnd))).Then(
        new PlanChangeScheduled("business", 1, End, null, "grows", Mid), new TimerScheduled("plan-change", End));

    [Test]
    public void changes_to_another_interval_with_a_new_cycle() => When(s => s.ChangeTo(Change(Some.Plan("business") with { Interval = BillingInterval.Year }, ChangeTiming.AtOnce)))
        .Then(new PlanChanged("business", 1, Mid, new(Mid, Mid, "UTC", BillingInterval.Year, 1, "USD"), "grows", Mid));

    [Test]
    public void that_changes_to_what_it_is_on_changes_nothing() => When(s => s.ChangeTo(Change(Team, ChangeTiming.AtOnce))).ThenNothing();

    [Test]
    public void does_not_change_to_what_its_usage_does_not_fit() => When(s => s.ChangeTo(Change(Small, ChangeTiming.AtOnce, Stored, Ran)))
        .ThenRefused(PlanErrors.DoesNotFit(Small, ["StorageBytes now are 150, and it allows 100", "Runs in this month are 60, and it allows 50"]));

    [Test]
    public void at_the_periods_end_is_held_to_what_does_not_end_with_it() => When(s => s.ChangeTo(Change(Small, ChangeTiming.PeriodEnd, Stored, Ran)))
        .ThenRefused(PlanErrors.DoesNotFit(Small, ["StorageBytes now are 150, and it allows 100"]));

    [Test]
    public void changes_to_a_smaller_plan_that_fits() => When(s => s.ChangeTo(Change(Small, ChangeTiming.AtOnce, Stored with { Used = 100 }, Ran with { Used = 50 }))).Then(new PlanChanged("small", 1, Mid, null, "grows", Mid));

    [Test]
    public void is_cancelled_at_once_and_its_period_ends()
    {
        When(s => s.Cancel(new("acme", ChangeTiming.AtOnce, "closing", Mid))).Then(new PlanCancelled(Mid, "closing", Mid));
        var after = State.Evolve(new PlanCancelled(Mid, "closing", Mid));
        after.Periods.At(Mid.AddSeconds(-1)).To.Should().Be(Mid);
        (after.Periods.At(Mid).From, after.Periods.At(Mid).To).Should().Be((Mid, Some.Utc(2026, 3, 1)));
        after.PlanAt(Mid).Plan.Should().Be("pay-as-you-go");
    }

    [Test]
    public void is_cancelled_at_the_end_of_the_period() => When(s => s.Cancel(new("acme", ChangeTiming.PeriodEnd, null, Mid))).Then(new PlanCancellationScheduled(End, null, Mid), new TimerScheduled("plan-cancel", End));

    [Test]
    public void is_not_started_again() => When(s => s.Start(new("acme", Some.Plan("business"), null, null, null, Mid))).ThenRefused(PlanErrors.Exists(State.Current));

    [Test]
    public void has_nothing_to_resume() => When(s => s.Resume(new("acme", Team, Mid))).ThenNothing();

    [Test]
    public void does_not_take_a_discount_in_another_currency() => When(s => s.Configure(new("acme", new() { Discounts = [new(null, new(5m, "EUR"), Mid, null, "sorry")] }, Mid))).Decision.Error!.Message.Should().Contain("a discount is in 'EUR' and invoices are in USD");

    [Test]
    public void takes_another_time_zone_from_the_next_period_on() => When(s => s.Configure(new("acme", new() { TimeZone = "Asia/Tokyo" }, Mid)))
        .Then(new BillingConfigured(new() { TimeZone = "Asia/Tokyo" }, Some.Cycle(Some.At, "Asia/Tokyo") with { From = End }, Mid));

    private static ChangePlan Change(Plan target, ChangeTiming timing, params ImmutableArray<UsageFigure> usage) => new("acme", target, Team, timing, usage, "grows", Mid);
}

public sealed class A_scheduled_change : Given<Subscription>
{
    private static readonly DateTimeOffset End = Some.Utc(2026, 2, 28, 9, 30);

    protected override object[] Events =>
    [
        new PlanStarted("team", 1, Some.At, null, Some.Cycle(Some.At), null, Some.At),
        new PlanChangeScheduled("small", 2, End, null, "shrinks", Some.At.AddDays(3)),
        new TimerScheduled("plan-change", End),
    ];

    [Test]
    public void takes_effect_when_its_time_has_come() => When(s => s.RecordDue(new("acme", End))).Then(new PlanChanged("small", 2, End, null, "shrinks", End));

    [Test]
    public void takes_no_effect_before() => When(s => s.RecordDue(new("acme", End.AddTicks(-1)))).ThenNothing();

    [Test]
    public void counts_before_its_timer_has_elapsed() => State.PlanSegments(State.Periods.At(End)).Select(s => s.Plan).Should().Equal("small");

    [Test]
    public void gives_way_to_another() => When(s => s.ChangeTo(new("acme", Some.Plan("tiny"), Some.Plan("team"), ChangeTiming.PeriodEnd, [], null, Some.At.AddDays(4)))).Then(
        new PlanChangeScheduled("tiny", 1, End, null, null, Some.At.AddDays(4)), new TimerScheduled("plan-change", End));

    [Test]
    public void is_withdrawn_by_changing_to_what_the_tenant_is_on() => When(s => s.ChangeTo(new("acme", Some.Plan("team"), Some.Plan("team"), ChangeTiming.AtOnce, [], null, Some.At.AddDays(4)))).Then(
        new PlanChangeWithdrawn(Some.At.AddDays(4)), new TimerCancelled("plan-change"));

    [Test]
    public void is_withdrawn_by_a_cancellation() => When(s => s.Cancel(new("acme", ChangeTiming.PeriodEnd, null, Some.At.AddDays(4)))).Then(
        new PlanChangeWithdrawn(Some.At.AddDays(4)), new TimerCancelled("plan-change"), new PlanCancellationScheduled(End, null, Some.At.AddDays(4)), new TimerScheduled("plan-cancel", End));

    [Test]
    public void that_a_command_comes_upon_before_its_timer_is_recorded_first() => When(s => s.ChangeTo(new("acme", Some.Plan("team"), Some.Plan("small", version: 2), ChangeTiming.AtOnce, [], null, End.AddHours(1)))).Then(
        new PlanChanged("small", 2, End, null, "shrinks", End), new PlanChanged("team", 1, End.AddHours(1), null, null, End.AddHours(1)));
}

public sealed class A_scheduled_cancellation : Given<Subscription>
{
    private static readonly DateTimeOffset End = Some.Utc(2026, 2, 28, 9, 30);

    protected override object[] Events => [new PlanStarted("team", 1, Some.At, null, Some.Cycle(Some.At), null, Some.At), new PlanCancellationScheduled(End, null, Some.At.AddDays(3))];

    [Test]
    public void is_taken_back() => When(s => s.Resume(new("acme", null, Some.At.AddDays(4)))).Then(new PlanResumed(Some.At.AddDays(4)), new TimerCancelled("plan-cancel"));

    [Test]
    public void stands_against_a_change() => When(s => s.ChangeTo(new("acme", Some.Plan("small"), Some.Plan("team"), ChangeTiming.AtOnce, [], null, Some.At.AddDays(4)))).ThenRefused(PlanErrors.CancellationScheduled(End));

    [Test]
    public void takes_effect_when_its_time_has_come() => When(s => s.RecordDue(new("acme", End.AddHours(1)))).Then(new PlanCancelled(End, null, End));

    [Test]
    public void that_has_taken_effect_is_resumed_as_a_new_start_without_a_trial() =>
        When(s => s.Resume(new("acme", Some.Plan("team") with { TrialDays = 14 }, End.AddDays(2)))).Then(
            new PlanCancelled(End, null, End), new PlanStarted("team", 1, End.AddDays(2), null, Some.Cycle(End.AddDays(2)), null, End.AddDays(2)));
}

public sealed class A_trial : Given<Subscription>
{
    private static readonly DateTimeOffset Until = Some.At.AddDays(14);

    protected override object[] Events => [new PlanStarted("team", 1, Some.At, Until, Some.Cycle(Some.At), null, Some.At), new TimerScheduled("trial-end", Until)];

    [Test]
    public void ends_once()
    {
        When(s => s.RecordDue(new("acme", Until))).Then(new TrialEnded("team", 1, Until));
        State.Evolve(new TrialEnded("team", 1, Until)).RecordDue(new("acme", Until)).Events.Should().BeEmpty();
    }

    [Test]
    public void is_free_and_shown()
    {
        var period = State.Periods.At(Some.At);
        var lines = Proration.Lines(period, State.PlanSegments(period), (id, version) => Some.Plan(id, 31m, version));
        lines.Select(l => (l.Segment.IsTrial, l.Amount.Amount)).Should().Equal((true, 0m), (false, 15.5m));
        lines[0].Text.Should().Be("31, free in the trial");
        lines[1].Text.Should().Be("31 × 1,209,600 of 2,419,200 seconds");
    }

    [Test]
    public void goes_on_in_the_plan_that_it_changes_to()
    {
        var after = State.Evolve(new PlanChanged("business", 1, Some.At.AddDays(7), null, null, Some.At.AddDays(7)));
        after.PlanSegments(after.Periods.At(Some.At)).Select(s => (s.Plan, s.IsTrial)).Should().Equal(("team", true), ("business", true), ("business", false));
    }

    [Test]
    public void is_given_once() =>
        State.Evolve(new PlanCancelled(Until, null, Until)).Start(new("acme", Some.Plan("team") with { TrialDays = 14 }, null, null, null, Until.AddDays(1))).Events.OfType<PlanStarted>().Single().TrialUntil.Should().BeNull();
}

public sealed class A_recurring_fee
{
    [Test]
    public void of_a_plan_that_was_left_and_come_back_to_adds_up()
    {
        var state = Some.After(
            new PlanStarted("team", 1, Some.Utc(2026, 2, 1), null, Some.Cycle(Some.Utc(2026, 2, 1)), null, Some.At),
            new PlanChanged("small", 1, Some.Utc(2026, 2, 10, 3, 4, 5), null, null, Some.At),
            new PlanChanged("team", 1, Some.Utc(2026, 2, 20, 6, 7, 8), null, null, Some.At));
        var period = state.Periods.At(Some.Utc(2026, 2, 1));
        Proration.Lines(period, state.PlanSegments(period), (id, version) => Some.Plan(id, 99.99m, version)).Sum(l => l.Amount.Amount).Should().Be(99.99m);
    }

    [Test]
    public void of_a_period_that_was_cut_short_is_charged_for_its_part()
    {
        var state = Some.After(new PlanStarted("team", 1, Some.Utc(2026, 2, 1), null, Some.Cycle(Some.Utc(2026, 2, 1)), null, Some.At), new PlanCancelled(Some.Utc(2026, 2, 15), null, Some.At));
        var period = state.Periods.At(Some.Utc(2026, 2, 1));
        Proration.Lines(period, state.PlanSegments(period), (id, version) => Some.Plan(id, 28m, version)).Single().Amount.Should().Be(Money.Usd(14m));
    }

    [Test]
    public void adds_up_however_often_the_plan_changes() => Prop.ForAll(
        (from cents in Gen.Choose(0, 1_000_000)
         from cuts in Gen.Choose(1, 28 * 86_400 - 1).ListOf()
         select (Fee: cents / 100m, Cuts: cuts.Distinct().Order().ToList())).ToArbitrary(),
        c =>
        {
            var start = Some.Utc(2026, 2, 1);
            var state = Some.After([
                new PlanStarted("p", 1, start, null, Some.Cycle(start), null, start),
                .. c.Cuts.Select((cut, i) => new PlanChanged(i % 2 == 0 ? "q" : "p", 1, start.AddSeconds(cut), null, null, start)),
            ]);
            var period = state.Periods.At(start);
            var segments = state.PlanSegments(period);
            var lines = Proration.Lines(period, segments, (id, version) => Some.Plan(id, c.Fee, version));
            return segments[0].From == period.From && segments[^1].To == period.To
                && segments.Zip(segments.Skip(1)).All(p => p.First.To == p.Second.From)
                && segments.Sum(s => s.Seconds) == period.WholeSeconds
                && lines.Sum(l => l.Amount.Amount) == c.Fee
                && lines.All(l => Math.Abs(l.Amount.Amount - (c.Fee * l.Segment.Share)) < 0.01m);
        }).QuickCheckThrowOnFailure();
}
