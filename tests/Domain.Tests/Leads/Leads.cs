using AIaaS.Domain;
using AIaaS.Domain.Leads;
using AIaaS.EventStore;

namespace Domain.Tests.Leads;

internal static class Some
{
    public static readonly DateTimeOffset At = new(2026, 1, 31, 9, 30, 0, TimeSpan.Zero);

    public static readonly LeadContact Contact = new("Ada", "ada@example.com", null, "Engines", "chat", null, null, null);

    public static readonly LeadFacts Good = new(Money.Usd(12_000), LeadAuthority.DecisionMaker, LeadNeed.Urgent, 10, 50);

    public static LeadCaptured Captured => new("l1", Contact, At);

    public static Lead After(params IEnumerable<object> events) => events.Aggregate(Lead.Initial, (state, e) => state.Evolve(e));
}

public sealed class Scoring_a_lead
{
    [Test]
    public void gives_all_points_for_the_best() => LeadScore.Of(Some.Good, null).Sum(r => r.Points).Should().Be(100);

    [Test]
    public void gives_none_for_nothing_known() => LeadScore.Of(new(null, LeadAuthority.Unknown, LeadNeed.Unknown, null, null), null).Sum(r => r.Points).Should().Be(0);

    [Test]
    public void says_of_each_factor_why() => LeadScore.Of(Some.Good, null).Select(r => r.Factor).Should().Equal("budget", "authority", "need", "timeline", "fit");

    [Test]
    public void qualifies_from_sixty_up() =>
        Lead.Initial.Capture(new("acme", "l1", Some.Contact, new(Money.Usd(1_000), LeadAuthority.Influencer, LeadNeed.Clear, 90, null), Some.At)).Events.OfType<LeadStatusChanged>().Single().Status.Should().Be(LeadStatus.Qualified);

    [Test]
    public void does_not_qualify_below() =>
        Lead.Initial.Capture(new("acme", "l1", Some.Contact, new(Money.Usd(999), LeadAuthority.Influencer, LeadNeed.Clear, 90, null), Some.At)).Events.OfType<LeadStatusChanged>().Should().BeEmpty();

    [Test]
    public void disqualifies_who_does_not_need_it() =>
        Some.After(Some.Captured).Qualify(new("acme", "l1", Some.Good with { Need = LeadNeed.None }, Some.At)).Events.OfType<LeadStatusChanged>().Single().Status.Should().Be(LeadStatus.Disqualified);
}

public sealed class Capturing_a_lead
{
    [TestCase("ada@", null)]
    [TestCase("a b@example.com", null)]
    [TestCase(null, "12")]
    [TestCase(null, null)]
    public void that_cannot_be_reached_is_refused(string? email, string? phone) =>
        Lead.Initial.Capture(new("acme", "l1", Some.Contact with { Email = email, Phone = phone }, null, Some.At)).Error!.Code.Should().Be("lead-invalid");

    [Test]
    public void again_changes_nothing() => Some.After(Some.Captured).Capture(new("acme", "l1", Some.Contact, Some.Good, Some.At)).Events.Should().BeEmpty();
}

public sealed class A_follow_up : Given<Lead>
{
    protected override object[] Events => [Some.Captured, new FollowUpScheduled("f1", Some.At.AddDays(1), null, Some.At)];

    [Test]
    public void is_scheduled_with_a_timer() => When(l => l.Schedule(new("acme", "l1", "f2", Some.At.AddDays(2), "call", Some.At)))
        .Then(new FollowUpScheduled("f2", Some.At.AddDays(2), "call", Some.At), new TimerScheduled("follow-up.f2", Some.At.AddDays(2)));

    [Test]
    public void in_the_past_is_refused() => When(l => l.Schedule(new("acme", "l1", "f2", Some.At, null, Some.At))).Decision.Error!.Code.Should().Be("lead-invalid");

    [Test]
    public void comes_due_once()
    {
        When(l => l.Remind(new("acme", "l1", "f1", Some.At.AddDays(1)))).Then(new FollowUpDue("f1", Some.At.AddDays(1)));
        State.Evolve(new FollowUpDue("f1", Some.At.AddDays(1))).Remind(new("acme", "l1", "f1", Some.At.AddDays(1))).Events.Should().BeEmpty();
    }

    [Test]
    public void is_called_off_with_its_timer_when_the_lead_is_disqualified() => When(l => l.Change(new("acme", "l1", LeadStatus.Disqualified, "bought elsewhere", Some.At)))
        .Then(new LeadStatusChanged(LeadStatus.Disqualified, "bought elsewhere", Some.At), new FollowUpClosed("f1", false, null, Some.At), new TimerCancelled("follow-up.f1"));

    [Test]
    public void that_is_new_cannot_be_skipped_to_a_conversion() => When(l => l.Change(new("acme", "l1", LeadStatus.Converted, null, Some.At))).ThenRefused(LeadErrors.NotPossible(LeadStatus.New, LeadStatus.Converted));
}
