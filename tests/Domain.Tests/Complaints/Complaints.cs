using System.Collections.Immutable;
using AIaaS.Domain;
using AIaaS.Domain.Complaints;
using AIaaS.EventStore;

namespace Domain.Tests.Complaints;

internal static class Some
{
    public static readonly DateTimeOffset At = new(2026, 1, 31, 9, 30, 0, TimeSpan.Zero);

    public static OpenComplaint Open(ComplaintCategory category = ComplaintCategory.Delivery) => new("acme", "x1", category, "It came torn.", "c1", null, null, null, 0, ComplaintDeadlines.Initial, At);

    public static Complaint Opened => Complaint.Initial.Open(Open()).Events.Aggregate(Complaint.Initial, (state, e) => state.Evolve(e));

    public static EscalateComplaint Overdue(DateTimeOffset due) => new("acme", "x1", null, due, ComplaintDeadlines.Initial, due);
}

public sealed class The_severity_of_a_complaint
{
    [TestCase(ComplaintCategory.Safety, 0, 0, ComplaintSeverity.Critical)]
    [TestCase(ComplaintCategory.Billing, 0, 0, ComplaintSeverity.High)]
    [TestCase(ComplaintCategory.Delivery, 0, 0, ComplaintSeverity.Medium)]
    [TestCase(ComplaintCategory.Service, 0, 0, ComplaintSeverity.Low)]
    [TestCase(ComplaintCategory.Service, 499.99, 1, ComplaintSeverity.Low)]
    [TestCase(ComplaintCategory.Service, 500, 0, ComplaintSeverity.Medium)]
    [TestCase(ComplaintCategory.Service, 500, 2, ComplaintSeverity.High)]
    [TestCase(ComplaintCategory.Safety, 500, 2, ComplaintSeverity.Critical)]
    public void follows_category_money_and_history(ComplaintCategory category, decimal atStake, int earlier, ComplaintSeverity expected) =>
        ComplaintRule.Severity(category, atStake == 0 ? null : Money.Usd(atStake), earlier).Severity.Should().Be(expected);
}

public sealed class A_complaint
{
    [Test]
    public void gets_the_deadline_of_its_severity_and_a_timer() =>
        Complaint.Initial.Open(Some.Open()).Events.OfType<TimerScheduled>().Single().Should().Be(new TimerScheduled("deadline", Some.At.AddHours(72)));

    [Test]
    public void is_passed_up_when_its_deadline_passes_with_half_the_time() =>
        Some.Opened.Escalate(Some.Overdue(Some.At.AddHours(72))).Events.Should().Equal(
            new ComplaintEscalated(1, true, "The deadline has passed.", Some.At.AddHours(108), Some.At.AddHours(72)),
            new TimerScheduled("deadline", Some.At.AddHours(108)));

    [Test]
    public void ignores_a_timer_of_an_earlier_deadline() => Some.Opened.Escalate(Some.Overdue(Some.At.AddHours(1))).Events.Should().BeEmpty();

    [Test]
    public void that_is_resolved_ignores_its_timer() =>
        Some.Opened.Evolve(new ComplaintResolved("done", false, Some.At)).Escalate(Some.Overdue(Some.At.AddHours(72))).Events.Should().BeEmpty();

    [Test]
    public void goes_no_further_up_than_the_last_level()
    {
        var state = Some.Opened;
        for (var i = 0; i < Complaint.MaxLevel; i++)
        {
            state = state.Escalate(Some.Overdue(state.Deadline!.Value)).Events.Aggregate(state, (s, e) => s.Evolve(e));
        }

        state.Level.Should().Be(3);
        state.Deadline.Should().BeNull();
        state.Escalate(new("acme", "x1", "again", null, ComplaintDeadlines.Initial, Some.At)).Error.Should().Be(ComplaintErrors.AtTheTop("x1"));
    }

    [Test]
    public void takes_the_tenants_own_deadlines() =>
        Complaint.Initial.Open(Some.Open() with { Deadlines = ComplaintDeadlines.Initial with { Hours = ComplaintDeadlines.Initial.Hours.SetItem(ComplaintSeverity.Medium, 30) } })
            .Events.OfType<ComplaintOpened>().Single().Deadline.Should().Be(Some.At.AddHours(30));
}

public sealed class Deadlines_of_a_tenant
{
    [TestCase(0, 24, 72, 120)]
    [TestCase(4, 2, 72, 120)]
    [TestCase(4, 24, double.NaN, 120)]
    [TestCase(4, 24, 72, 5_000)]
    public void that_make_no_sense_are_refused(double critical, double high, double medium, double low) =>
        ComplaintDeadlines.Initial.Set(new("acme", ImmutableSortedDictionary<ComplaintSeverity, double>.Empty
            .Add(ComplaintSeverity.Critical, critical).Add(ComplaintSeverity.High, high).Add(ComplaintSeverity.Medium, medium).Add(ComplaintSeverity.Low, low), Some.At)).Error!.Code.Should().Be("complaint-invalid");
}
