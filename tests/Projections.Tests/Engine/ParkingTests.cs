using AIaaS.Domain.Tenants;
using AIaaS.EventStore;

namespace AIaaS.Projections.Tests.Engine;

public abstract class A_failing_event : ReadModelFixture
{
    protected bool Healed { get; set; }

    protected Action OnPoison { get; set; } = () => { };

    protected ProjectionSubscription<Tally> Subscription { get; private set; } = null!;

    protected TallyProjection Projection { get; private set; } = null!;

    protected override async Task Given()
    {
        Projection = new(isPoison: name =>
        {
            if (name == "poison")
            {
                OnPoison();
            }

            return !Healed && name == "poison";
        });
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
    public async Task is_refused_while_the_read_model_is_not_kept_up()
    {
        await World.StopAsync();
        var replay = () => Subscription.ReplayParkedAsync();
        (await replay.Should().ThrowAsync<DomainException>()).Which.Error.Code.Should().Be("subscription-not-running");
    }

    [Test]
    public async Task ends_before_the_read_model_is_started_again()
    {
        var (reached, go) = (new TaskCompletionSource(), new ManualResetEventSlim());
        OnPoison = () =>
        {
            reached.TrySetResult();
            go.Wait(World.Waiting);
        };
        Healed = true;
        var replay = Task.Run(() => Subscription.ReplayParkedAsync());
        await reached.Task;
        var stopping = World.StopAsync();
        await Append("1", "c");
        (await Task.WhenAny(stopping, Task.Delay(200))).Should().NotBe(stopping, "a replay is under way");
        go.Set();
        await stopping;
        await replay.ContinueWith(_ => { }, TaskScheduler.Default);
        World.Run(Subscription);
        await World.CaughtUpAsync(Subscription);
        await Subscription.ReplayParkedAsync();
        (await Names("1")).Should().Equal("a", "poison", "b", "c");
        (await Parked()).Should().BeEmpty();
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

/// <summary>A store without transactions dies behind the documents; so does a program behind the parking.</summary>
public sealed class A_crash_while_events_park : ReadModelFixture
{
    private readonly TallyProjection projection = new(isPoison: name => name == "poison");

    private sealed class DyingStore(IReadModelStore inner) : DelegatingStore(inner)
    {
        public override async Task WriteAsync(string collection, IReadOnlyList<DocumentWrite> writes, LogPosition position, CancellationToken cancellationToken = default)
        {
            if (writes.Count > 0)
            {
                await base.WriteAsync(collection, writes, LogPosition.Start, cancellationToken);
                throw new ReadModelStoreException("died between the documents and the position");
            }

            await base.WriteAsync(collection, writes, position, cancellationToken);
        }
    }

    private async Task<ProjectionSubscription<Tally>> CrashAndGoOn()
    {
        var dying = World.Subscription(projection, new DyingStore(World.Store));
        var run = () => dying.RunAsync(default);
        await run.Should().ThrowAsync<ReadModelStoreException>();
        await World.RestartAsync();
        var subscription = World.Run(projection);
        await World.CaughtUpAsync(subscription);
        return subscription;
    }

    [Test]
    public async Task applies_none_twice_that_lay_before_an_unreadable_one()
    {
        await World.AppendAsync("tenant-acme_1shared", new TenantCreated("acme", "a", World.Start));
        await World.AppendRawAsync("tenant-acme_1shared", "tenant.created", """{"tenant":"acme"}""");
        var subscription = await CrashAndGoOn();
        await subscription.ReplayParkedAsync();
        (await World.ReadAsync(projection, "acme:shared"))!.Names.Should().Equal("a");
        (await World.Parking.ListAsync(subscription.Name)).Select(p => p.Version).Should().Equal(1);
    }

    [Test]
    public async Task holds_up_none_that_lay_before_the_parked_one()
    {
        await World.AppendAsync("tenant-acme_1", new TenantCreated("acme", "a", World.Start), new TenantCreated("acme", "poison", World.Start));
        var subscription = await CrashAndGoOn();
        (await World.ReadAsync(projection, "acme:1"))!.Names.Should().Equal("a");
        (await World.Parking.ListAsync(subscription.Name)).Select(p => p.Version).Should().Equal(1);
    }
}

/// <summary>What a replay promises for documents that several streams touch: everything once, the events of each stream in their order.</summary>
public sealed class Replaying_what_waited_behind_an_unreadable_event : ReadModelFixture
{
    private readonly Forgetful projection = new();
    private ProjectionSubscription<Tally> subscription = null!;

    private Task Append(string stream, string name) => World.AppendAsync($"tenant-acme_{stream}", new TenantCreated("acme", name, World.Start));

    protected override async Task Given()
    {
        await Append("1shared", "a1");
        projection.Unreadable = "a2";
        await Append("1shared", "a2");
        await Append("1shared", "a3");
        await Append("2shared", "b1");
        subscription = World.Run(projection);
        await World.CaughtUpAsync(subscription);
        await Append("1shared", "a4");
        await Append("2shared", "b2");
        await World.CaughtUpAsync(subscription);
    }

    private async Task<string[]> Shared() => [.. (await World.ReadAsync(projection, "acme:shared"))?.Names ?? []];

    [Test]
    public async Task gives_each_document_every_event_once_and_those_of_a_stream_in_their_order()
    {
        (await Shared()).Should().Equal("a1", "b1", "b2");
        projection.Unreadable = "";
        (await subscription.ReplayParkedAsync()).Should().Be(3);
        await Append("1shared", "a5");
        await Append("2shared", "b3");
        await World.CaughtUpAsync(subscription);
        var shared = await Shared();
        shared.Where(n => n[0] == 'a').Should().Equal("a1", "a2", "a3", "a4", "a5");
        shared.Where(n => n[0] == 'b').Should().Equal("b1", "b2", "b3");
        (await World.ReadAsync(projection, "acme:1shared"))!.Names.Should().Equal("a1", "a2", "a3", "a4", "a5");
    }

    [Test]
    public async Task brings_a_document_back_that_another_stream_deleted_meanwhile()
    {
        await Append("2shared", "delete");
        await World.CaughtUpAsync(subscription);
        (await Shared()).Should().BeEmpty();
        await World.RestartAsync();
        subscription = World.Run(projection);
        await World.CaughtUpAsync(subscription);
        projection.Unreadable = "";
        (await subscription.ReplayParkedAsync()).Should().Be(3);
        (await Shared()).Should().Equal("a2", "a3", "a4");
        await World.RestartAsync();
        (await Shared()).Should().Equal("a2", "a3", "a4");
    }

    /// <summary>Cannot say of one event which documents it touches.</summary>
    private sealed class Forgetful : Projection<Tally>
    {
        private readonly TallyProjection inner = new();

        public string Unreadable { get; set; } = "";

        public override string Name => inner.Name;

        public override int Version => 1;

        public override IReadOnlyList<string> EventTypePrefixes => inner.EventTypePrefixes;

        public override System.Text.Json.Serialization.Metadata.JsonTypeInfo<Tally> Json => inner.Json;

        public override IReadOnlyDictionary<string, FieldKind> Fields => inner.Fields;

        public override IReadOnlyList<IReadOnlyList<string>> Indexes => inner.Indexes;

        public override IEnumerable<string> KeysOf(EventEnvelope envelope) =>
            ((TenantCreated)envelope.Event).Name == Unreadable ? throw new InvalidOperationException("no key") : inner.KeysOf(envelope);

        public override Tally? Apply(string id, Tally? document, EventEnvelope envelope) => inner.Apply(id, document, envelope);
    }
}
