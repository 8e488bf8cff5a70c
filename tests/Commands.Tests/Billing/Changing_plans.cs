using AIaaS.Domain.Billing;
using AIaaS.Domain.Metering;
using AIaaS.Domain.Pricing;
using AIaaS.EventStore;
using Commands.Tests.Pricing;

namespace Commands.Tests.Billing;

public sealed class Changing_plans
{
    private PricingWorld world = null!;

    [SetUp]
    public async Task Open()
    {
        world = await PricingWorld.OpenAsync();
        await world.PublishAsync(new Plan("team", 0, "Team", "USD") { RecurringFee = 28m, TrialDays = 14, Meters = [new("seats", "shop.seat", Aggregation.Count)] });
        await world.PublishAsync(new Plan("small", 0, "Small", "USD") { RecurringFee = 14m });
    }

    [TearDown]
    public async Task Close() => await world.DisposeAsync();

    [Test]
    public async Task takes_effect_once_when_the_time_has_come()
    {
        await world.Subscriptions.StartAsync("acme", "team", null, null, null, null, world.As("acme"));
        await world.Subscriptions.ChangeAsync("acme", "small", null, ChangeTiming.PeriodEnd, null, world.As("acme"));
        world.Time.Advance(TimeSpan.FromDays(40));
        world.FollowTimers();
        var types = await world.UntilAsync("acme", "tenant.plan.changed");
        types.Count(t => t == "tenant.plan.trial-ended").Should().Be(1);
        var state = await world.Subscriptions.OfAsync("acme");
        (state.Current.Plan, state.Current.From).Should().Be(("small", new DateTimeOffset(2026, 2, 28, 9, 30, 0, TimeSpan.Zero)));
    }

    [Test]
    public async Task ends_a_subscription_when_the_time_has_come()
    {
        await world.Subscriptions.StartAsync("acme", "team", null, 0, null, null, world.As("acme"));
        await world.Subscriptions.CancelAsync("acme", ChangeTiming.PeriodEnd, "closing", world.As("acme"));
        world.Time.Advance(TimeSpan.FromDays(40));
        world.FollowTimers();
        await world.UntilAsync("acme", "tenant.plan.cancelled");
        (await world.Subscriptions.OfAsync("acme")).IsStarted.Should().BeFalse();
    }

    [Test]
    public async Task is_known_to_whoever_asks_for_the_plan()
    {
        world.Plans.Of("acme").Id.Should().Be("pay-as-you-go");
        await world.Subscriptions.StartAsync("acme", "team", null, null, null, null, world.As("acme"));
        world.Plans.Of("acme").Meters.Select(m => m.Meter).Should().Equal("seats");
        world.Plans.At("acme", world.Time.GetUtcNow().AddDays(-1)).Id.Should().Be("pay-as-you-go");
    }

    [Test]
    public async Task is_previewed_without_changing_anything()
    {
        await world.Subscriptions.StartAsync("acme", "team", null, 0, null, null, world.As("acme"));
        world.Time.Advance(TimeSpan.FromDays(14));
        var head = await world.Log.GetHeadAsync();
        var preview = await world.Subscriptions.PreviewAsync("acme", "small", ChangeTiming.AtOnce);
        preview.Before.Select(p => p.Total).Should().Equal(28m, 28m);
        preview.After.Select(p => p.Total).Should().Equal(21m, 14m);
        preview.After[0].Lines.Select(l => l.Text).Should().Equal("28 × 1,209,600 of 2,419,200 seconds", "14 × 1,209,600 of 2,419,200 seconds");
        (await world.Log.GetHeadAsync()).Should().Be(head);
    }

    [Test]
    public async Task to_a_plan_that_is_not_there_is_refused() =>
        (await FluentActions.Awaiting(() => world.Subscriptions.ChangeAsync("acme", "nothing", null, ChangeTiming.AtOnce, null, world.As("acme"))).Should().ThrowAsync<DomainException>()).Which.Error.Should().Be(PricingErrors.UnknownPlan("nothing", null));

    [Test]
    public async Task to_a_private_plan_is_the_platforms_to_do()
    {
        await world.PublishAsync(new Plan("partners", 0, "Partners", "USD") { IsPrivate = true });
        (await FluentActions.Awaiting(() => world.Subscriptions.ChooseAsync("acme", "partners", ChangeTiming.AtOnce, null, world.As("acme"))).Should().ThrowAsync<DomainException>()).Which.Error.Should().Be(PricingErrors.UnknownPlan("partners", null));
        (await world.Subscriptions.ChangeAsync("acme", "partners", null, ChangeTiming.AtOnce, null, world.As("acme"))).State.Current.Plan.Should().Be("partners");
    }

    [Test]
    public async Task twice_under_one_key_happens_once()
    {
        var context = world.As("acme");
        await world.Subscriptions.StartAsync("acme", "team", null, null, null, null, context);
        (await world.Subscriptions.StartAsync("acme", "team", null, null, null, null, context)).Repeated.Should().BeTrue();
    }
}
