using AIaaS.Domain.Handoffs;

namespace Domain.Tests.Handoffs;

internal static class Some
{
    public static readonly DateTimeOffset At = new(2026, 1, 31, 9, 30, 0, TimeSpan.Zero);

    public static HandoffRequested Requested => new("h1", "c1", "r1", null, "asked-for-person", "general", HandoffPriority.Normal, "Wants a person.", At);
}

public sealed class A_handoff_in_its_queue : Given<Handoff>
{
    protected override object[] Events => [Some.Requested];

    [Test]
    public void is_claimed() => When(h => h.Claim(new("acme", "h1", "bo", Some.At))).Then(new HandoffClaimed("bo", Some.At));

    [Test]
    public void is_not_asked_for_twice() => When(h => h.Ask(new("acme", Some.Requested with { Summary = "other words" }))).ThenNothing();

    [Test]
    public void is_not_answered_before_somebody_has_it() => When(h => h.Answer(new("acme", "h1", "m1", "bo", "Hello", Some.At))).ThenRefused(HandoffErrors.NotClaimed());
}

public sealed class A_handoff_that_somebody_has : Given<Handoff>
{
    protected override object[] Events => [Some.Requested, new HandoffClaimed("bo", Some.At)];

    [Test]
    public void is_refused_to_others() => When(h => h.Claim(new("acme", "h1", "cy", Some.At))).ThenRefused(HandoffErrors.Claimed("bo"));

    [Test]
    public void is_theirs_still_when_they_claim_it_again() => When(h => h.Claim(new("acme", "h1", "bo", Some.At))).ThenNothing();

    [Test]
    public void is_answered_by_them_alone()
    {
        When(h => h.Answer(new("acme", "h1", "m1", "bo", "Hello", Some.At))).Then(new HandoffAnswered("m1", "bo", "Hello", Some.At));
        When(h => h.Answer(new("acme", "h1", "m1", "cy", "Hello", Some.At))).ThenRefused(HandoffErrors.Claimed("bo"));
    }

    [Test]
    public void goes_back_to_the_agent() => When(h => h.Return(new("acme", "h1", "bo", null, Some.At))).Then(new HandoffReturned("bo", null, Some.At));

    [Test]
    public void is_closed_by_them_alone() => When(h => h.Close(new("acme", "h1", "cy", null, Some.At))).ThenRefused(HandoffErrors.Claimed("bo"));
}
