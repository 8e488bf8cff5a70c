using AIaaS.Domain.Tenants;
using AIaaS.EventStore;

namespace AIaaS.Projections.Tests.Engine;

public abstract class A_failing_event : ReadModelFixture
{
    protected bool Healed { get; set; }

    protected ProjectionSubscription<Tally> Subscription { get; private set; } = null!;

    protected TallyProjection Projection { get; private set; } = null!;

    protected override async Task Given()
    {
        Projection = new(isPoison: name => !Healed && name == "poison");
        await Append("1", "a", "poison", "b");
        await Append("2", "x", "y");
        Subscription = World.Run(Projection);
        await World.CaughtUpAsync(Subscription);
    }

    protected Task Append(string stream, params string[] names) =>
        World.AppendAsync($"tenant-acme_{stream}", [.. names.Select(n => new TenantCreated("acme", n, World.Start))]);

    protected async Task<string[]> Names(string id) => [.. (await World.ReadAsync(Projection, $"acme:{id}"))?.Names ?? []];

    protected async Task<ParkedEvent[]> Parked() => [.. await World.Parking.ListAsync(Subscription.Name)];
}

public sealed class An_event_that_fails_each_time : A_failing_event
{
    [Test]
    public async Task stops_its_own_document_before_itself() => (await Names("1")).Should().Equal("a");

    [Test]
    public async Task leaves_other_documents_alone() => (await Names("2")).Should().Equal("x", "y");

    [Test]
    public async Task is_parked_with_its_reason_and_those_behind_it()
    {
        var parked = await Parked();
        parked.Select(p => (p.Key, p.Version, p.Attempts)).Should().Equal(("acme:1", 1L, 3), ("acme:1", 2L, 0));
        parked[0].Reason.Should().Be("poison cannot be handled");
        parked[1].Reason.Should().Contain("earlier event");
    }

    [Test]
    public async Task parks_what_comes_later_for_its_document_too()
    {
        await Append("1", "c");
        await Append("2", "z");
        await World.CaughtUpAsync(Subscription);
        (await Names("1")).Should().Equal("a");
        (await Names("2")).Should().Equal("x", "y", "z");
        (await Parked()).Should().HaveCount(3);
        (await Subscription.GetStatusAsync()).Parked.Should().Be(3);
    }

    [Test]
    public async Task stays_parked_over_a_restart()
    {
        await World.RestartAsync();
        await Append("1", "c");
        await World.CaughtUpAsync(World.Run(Projection));
        (await Names("1")).Should().Equal("a");
        (await Parked()).Should().HaveCount(3);
    }
}

public sealed class Replaying_parked_events : A_failing_event
{
    [Test]
    public async Task handles_them_in_order_once_the_cause_is_mended()
    {
        await Append("1", "c");
        await World.CaughtUpAsync(Subscription);
        Healed = true;
        (await Subscription.ReplayParkedAsync()).Should().Be(3);
        (await Names("1")).Should().Equal("a", "poison", "b", "c");
        (await Parked()).Should().BeEmpty();
    }

    [Test]
    public async Task lets_the_document_go_on()
    {
        Healed = true;
        await Subscription.ReplayParkedAsync("acme:1");
        await Append("1", "c");
        await World.CaughtUpAsync(Subscription);
        (await Names("1")).Should().Equal("a", "poison", "b", "c");
    }

    [Test]
    public async Task of_another_key_does_nothing()
    {
        Healed = true;
        (await Subscription.ReplayParkedAsync("acme:2")).Should().Be(0);
        (await Parked()).Should().HaveCount(2);
    }

    [Test]
    public async Task that_fail_again_keeps_them_parked()
    {
        (await Subscription.ReplayParkedAsync()).Should().Be(0);
        (await Names("1")).Should().Equal("a");
        (await Parked()).Should().HaveCount(2);
    }

    [Test]
    public async Task whose_removal_was_lost_in_a_crash_changes_nothing()
    {
        var parked = await Parked();
        Healed = true;
        await Subscription.ReplayParkedAsync();
        foreach (var entry in parked)
        {
            await World.Parking.ParkAsync(entry);
        }

        (await Subscription.ReplayParkedAsync()).Should().Be(2);
        (await Names("1")).Should().Equal("a", "poison", "b");
    }
}

public sealed class An_unreadable_event : ReadModelFixture
{
    private readonly TallyProjection projection = new();
    private ProjectionSubscription<Tally> subscription = null!;

    protected override async Task Given()
    {
        await World.AppendAsync("tenant-acme_shared", new TenantCreated("acme", "a", World.Start));
        await World.AppendRawAsync("tenant-acme_1shared", "tenant.created", """{"tenant":"acme"}""");
        await World.AppendAsync("tenant-acme_1shared", new TenantCreated("acme", "behind", World.Start));
        await World.AppendAsync("tenant-acme_shared", new TenantCreated("acme", "b", World.Start));
        subscription = World.Run(projection);
        await World.CaughtUpAsync(subscription);
    }

    [Test]
    public async Task parks_with_what_follows_in_its_stream()
    {
        var parked = await World.Parking.ListAsync(subscription.Name);
        parked.Select(p => (p.Key, p.Version)).Should().Equal(("stream:tenant-acme_1shared", 0L), ("stream:tenant-acme_1shared", 1L));
    }

    [Test]
    public async Task leaves_documents_that_other_streams_touch_to_go_on() =>
        (await World.ReadAsync(projection, "acme:shared"))!.Names.Should().Contain("a").And.Contain("b");

    [Test]
    public async Task of_an_unknown_type_parks_too()
    {
        await World.AppendRawAsync("tenant-acme_9", "tenant.created.v9", "{}");
        await World.CaughtUpAsync(subscription);
        (await World.Parking.ListAsync(subscription.Name)).Should().Contain(p => p.Type == "tenant.created.v9" && p.Reason.Contains("not registered", StringComparison.Ordinal));
    }
}

public sealed class A_late_event : ReadModelFixture
{
    private readonly SwitchingKeys projection = new();
    private ProjectionSubscription<Tally> subscription = null!;

    protected override async Task Given()
    {
        await World.AppendAsync("tenant-acme_1", new TenantCreated("acme", "early", World.Start));
        await World.AppendAsync("tenant-acme_2", new TenantCreated("acme", "other", World.Start));
        subscription = World.Run(projection);
        await World.CaughtUpAsync(subscription);
        projection.Fails = false;
    }

    [Test]
    public async Task is_added_to_a_document_that_has_gone_on_meanwhile()
    {
        (await subscription.ReplayParkedAsync()).Should().Be(1);
        (await World.ReadAsync(projection, "acme:all"))!.Names.Should().Equal("other", "early");
    }

    [Test]
    public async Task is_added_once_even_if_its_removal_was_lost_in_a_crash()
    {
        var parked = await World.Parking.ListAsync(subscription.Name);
        await subscription.ReplayParkedAsync();
        await World.Parking.ParkAsync(parked[0]);
        await World.RestartAsync();
        subscription = World.Run(projection);
        await World.AppendAsync("tenant-acme_3", new TenantCreated("acme", "later", World.Start));
        await World.CaughtUpAsync(subscription);
        (await subscription.ReplayParkedAsync()).Should().Be(1);
        (await World.ReadAsync(projection, "acme:all"))!.Names.Should().Equal("other", "early", "later");
    }

    /// <summary>Cannot say at first which document the first event touches.</summary>
    private sealed class SwitchingKeys : Projection<Tally>
    {
        private readonly TallyProjection inner = new();

        public bool Fails { get; set; } = true;

        public override string Name => inner.Name;

        public override int Version => 1;

        public override IReadOnlyList<string> EventTypePrefixes => inner.EventTypePrefixes;

        public override System.Text.Json.Serialization.Metadata.JsonTypeInfo<Tally> Json => inner.Json;

        public override IReadOnlyDictionary<string, FieldKind> Fields => inner.Fields;

        public override IReadOnlyList<IReadOnlyList<string>> Indexes => inner.Indexes;

        public override IEnumerable<string> KeysOf(EventEnvelope envelope) =>
            Fails && ((TenantCreated)envelope.Event).Name == "early" ? throw new InvalidOperationException("no key") : ["acme:all"];

        public override Tally? Apply(string id, Tally? document, EventEnvelope envelope) => inner.Apply(id, document, envelope);
    }
}
