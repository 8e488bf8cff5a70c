using AIaaS.Domain;
using AIaaS.Domain.Budgets;
using AIaaS.EventStore;

namespace Domain.Tests.Budgets;

public abstract class SafeModeSituation : Given<SafeMode>
{
    protected static readonly SafeModeEntered Entered = new("daily", Some.Day.Name, BudgetScope.Workflow, "faq", Money.Usd(9), Money.Usd(10), 90, "pro", 2, Some.Day.To, Some.At);

    protected static WeighSafeMode Spent(decimal settled, decimal limit = 10, int? percent = 90, DateTimeOffset? at = null, int day = 0)
    {
        var span = BudgetCalendar.Of(BudgetInterval.Day, "UTC", Some.At.AddDays(day));
        return new("acme", "daily", span.Name, BudgetScope.Workflow, "faq", Money.Usd(settled), Money.Usd(limit), span.From, span.To, new("pro", 2, percent), at ?? Some.At.AddDays(day));
    }
}

public sealed class A_budget_that_runs_low : SafeModeSituation
{
    protected override object[] Events => [];

    [Test]
    public void enters_the_safe_mode_at_the_plans_percentage() => When(m => m.Weigh(Spent(9))).Then(Entered, new TimerScheduled("daily", Some.Day.To));

    [Test]
    public void changes_nothing_below_it() => When(m => m.Weigh(Spent(8.999999m))).ThenNothing();

    [Test]
    public void changes_nothing_where_the_plan_has_no_safe_mode() => When(m => m.Weigh(Spent(10, percent: null))).ThenNothing();

    [Test]
    public void changes_nothing_after_its_period() => When(m => m.Weigh(Spent(10, at: Some.Day.To))).ThenNothing();
}

public sealed class A_safe_mode : SafeModeSituation
{
    protected override object[] Events => [Entered];

    [Test]
    public void is_entered_once() => When(m => m.Weigh(Spent(9.5m))).ThenNothing();

    [Test]
    public void is_left_when_the_limit_is_raised() => When(m => m.Weigh(Spent(9, limit: 20))).Then(new SafeModeLeft("daily", Some.Day.Name, SafeModeEnd.LimitRaised, Money.Usd(9), Money.Usd(20), Some.At), new TimerCancelled("daily"));

    [Test]
    public void is_left_when_the_plan_has_none() => When(m => m.Weigh(Spent(9, percent: null))).Decision.Events.OfType<SafeModeLeft>().Single().Reason.Should().Be(SafeModeEnd.PlanChanged);

    [Test]
    public void is_left_when_the_period_turns_and_not_before()
    {
        When(m => m.Leave(new("acme", "daily", SafeModeEnd.PeriodTurned, Some.At))).ThenNothing();
        When(m => m.Leave(new("acme", "daily", SafeModeEnd.PeriodTurned, Some.Day.To))).Then(new SafeModeLeft("daily", Some.Day.Name, SafeModeEnd.PeriodTurned, Money.Usd(9), Money.Usd(10), Some.Day.To));
    }

    [Test]
    public void moves_to_the_next_period_when_that_runs_low_before_the_timer() =>
        When(m => m.Weigh(Spent(10, day: 1))).Decision.Events.Select(e => e.GetType()).Should().Equal(typeof(SafeModeLeft), typeof(SafeModeEntered), typeof(TimerScheduled));

    [Test]
    public void is_untouched_by_what_comes_late_of_an_earlier_period() => When(m => m.Weigh(Spent(1, day: -1))).ThenNothing();

    [Test]
    public void covers_the_runs_that_its_budget_limits_until_the_period_ends()
    {
        State.Covers("faq", null, null, Some.At).Should().BeTrue();
        State.Covers("orders", null, null, Some.At).Should().BeFalse();
        State.Covers("faq", null, null, Some.Day.To).Should().BeFalse("no run of the next period is made cheaper, however late the timer is");
    }
}
