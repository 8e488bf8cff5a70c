using AIaaS.Domain.Tenants;
using AIaaS.EventStore;

namespace AIaaS.Projections.Tests.Engine;

public sealed class Waiting_for_a_position : ReadModelFixture
{
    private ProjectionSubscription<Tally> subscription = null!;

    protected override async Task Given()
    {
        subscription = World.Run(new TallyProjection());
        await World.CaughtUpAsync(subscription);
    }

    [Test]
    public async Task ends_when_the_write_can_be_read()
    {
        for (var i = 0; i < 50; i++)
        {
            var written = await World.AppendAsync("tenant-acme_1", new TenantCreated("acme", $"e{i}", World.Start));
            (await subscription.WaitForAsync(written.Position, World.Waiting)).Should().BeTrue();
            (await World.ReadAsync(new TallyProjection(), "acme:1"))!.Count.Should().Be(i + 1);
        }
    }

    [Test]
    public async Task ends_when_only_events_of_other_kinds_came()
    {
        var written = await World.AppendAsync("agentRun-acme_1", World.Requested("1"));
        (await subscription.WaitForAsync(written.Position, World.Waiting)).Should().BeTrue();
    }

    [Test]
    public async Task gives_up_after_its_time() =>
        (await subscription.WaitForAsync(new((await World.Log.GetHeadAsync()).Value + 1_000_000), TimeSpan.FromMilliseconds(30))).Should().BeFalse();

    [Test]
    public async Task ends_at_once_for_what_is_there() =>
        (await subscription.WaitForAsync(LogPosition.Start, TimeSpan.Zero)).Should().BeTrue();

    [Test]
    public async Task is_false_while_the_model_stands_still()
    {
        await World.StopAsync();
        var written = await World.AppendAsync("tenant-acme_1", new TenantCreated("acme", "x", World.Start));
        (await subscription.WaitForAsync(written.Position, TimeSpan.FromMilliseconds(30))).Should().BeFalse();
    }
}

public sealed class The_status_of_a_read_model : ReadModelFixture
{
    [Test]
    public async Task says_where_it_is_and_what_lies_before_it()
    {
        var subscription = World.Subscription(new TallyProjection());
        await World.AppendAsync("tenant-acme_1", new TenantCreated("acme", "x", World.Start), new TenantCreated("acme", "y", World.Start));
        var before = await subscription.GetStatusAsync();
        before.State.Should().Be(SubscriptionState.Stopped);
        before.LagEvents.Should().Be(2);

        World.Run(subscription);
        await World.CaughtUpAsync(subscription);
        await World.UntilAsync(async () => (await subscription.GetStatusAsync()).State is SubscriptionState.Live);
        var after = await subscription.GetStatusAsync();
        after.LagEvents.Should().Be(0);
        after.LagSeconds.Should().Be(0);
        after.Position.Should().BeGreaterThanOrEqualTo(await World.Log.GetHeadAsync());
    }
}
