using FsCheck;
using FsCheck.Fluent;

namespace AIaaS.EventStore.Tests.CommandServices;

internal abstract class Given_snapshots
{
    protected static readonly CommandContext Acme = new("acme", "key-1");

    protected static readonly SnapshotPolicy<Budget> EveryFive = new(5, 1, ShopJson.Default.Budget);

    protected TestLog Log { get; private set; } = null!;

    [SetUp]
    public async Task Open() => Log = await TestLog.OpenAsync();

    [TearDown]
    public async Task Close() => await Log.DisposeAsync();

    protected BudgetService Service(SnapshotPolicy<Budget>? policy) => new(Log.Store, policy: policy);

    protected async Task<CommandResult<Budget>> Grant(SnapshotPolicy<Budget>? policy, int times, string keys = "k")
    {
        CommandResult<Budget>? last = null;
        for (var i = 0; i < times; i++)
        {
            last = await Service(policy).HandleAsync(new Grant("acme", "2026-03", i), Acme with { IdempotencyKey = $"{keys}{i}" });
        }

        return last!;
    }

    protected Task<List<RecordedEvent>> Stored() => Log.ReadAsync("snapshot-acme_Budget.budget.2026-03");

    protected Task<Loaded<Budget>> Load(SnapshotPolicy<Budget>? policy) => Service(policy).LoadAsync("budget-acme_2026-03");
}

internal sealed class A_long_stream : Given_snapshots
{
    [Test]
    public async Task gets_a_snapshot_every_so_many_events_and_keeps_one()
    {
        await Grant(EveryFive, 4);
        (await Stored()).Should().BeEmpty();
        await Grant(EveryFive, 23, "more");
        var stored = await Stored();
        stored.Should().ContainSingle();
        System.Text.Json.JsonSerializer.Deserialize(stored[0].Data.Span, PlatformJson.Default.SnapshotTaken)!.Version.Should().Be(24);
    }

    [Test]
    public async Task reads_only_what_came_after_its_snapshot()
    {
        await Grant(EveryFive, 12);
        // An unreadable event in the part that the snapshot covers would stop a full fold.
        await Log.Store.SetStreamMetadataAsync("budget-acme_2026-03", new(MaxCount: 3));
        (await Load(EveryFive)).State.Limit.Should().Be(66);
        (await Load(null)).State.Limit.Should().Be(9 + 10 + 11);
    }

    [Test]
    public async Task loads_the_same_with_and_without()
    {
        await Grant(EveryFive, 13);
        var with = await Load(EveryFive);
        var without = await Load(null);
        with.Version.Should().Be(without.Version);
        with.Position.Should().Be(without.Position);
        with.State.Text.Should().Be(without.State.Text);
    }

    [TestCase(0, TestName = "recognises_a_repeated_command_far_back_by_its_look_back")]
    [TestCase(7, TestName = "recognises_a_repeated_command_by_the_ids_in_the_snapshot")]
    [TestCase(11, TestName = "recognises_a_repeated_command_after_the_snapshot")]
    public async Task recognises_a_repeated_command(int which)
    {
        var policy = EveryFive with { RecentEvents = 4 };
        await Grant(policy, 12);
        var again = await Service(policy).HandleAsync(new Grant("acme", "2026-03", which), Acme with { IdempotencyKey = $"k{which}" });
        again.Repeated.Should().BeTrue();
        again.Version.Should().Be(which);
        again.State.Limit.Should().Be(Enumerable.Range(0, which + 1).Sum());
        (await Load(null)).Version.Should().Be(11);
    }
}

internal sealed class A_snapshot_that_does_not_fit : Given_snapshots
{
    [Test]
    public async Task is_ignored_when_the_state_has_another_schema()
    {
        await Grant(EveryFive, 12);
        await Spoil(taken => taken with { Data = System.Text.Json.JsonDocument.Parse("""{"limit":1000000}""").RootElement });
        (await Load(EveryFive)).State.Limit.Should().BeGreaterThan(1_000_000, "the spoilt one is in use as long as it fits");
        (await Load(EveryFive with { Schema = 2 })).State.Limit.Should().Be(66);
    }

    [Test]
    public async Task is_ignored_when_it_is_broken()
    {
        await Grant(EveryFive, 12);
        await Log.Store.AppendAsync((await Stored())[0].Stream, ExpectedVersion.Any, [new(NamedId.Of("x"), "stream.snapshot.taken", "{\"str"u8.ToArray(), default)]);
        (await Load(EveryFive)).State.Limit.Should().Be(66);
        await Grant(EveryFive, 1, "on");
        (await Load(EveryFive)).Version.Should().Be(12);
    }

    [Test]
    public async Task is_ignored_when_its_state_cannot_be_read()
    {
        await Grant(EveryFive, 12);
        await Spoil(taken => taken with { Data = System.Text.Json.JsonDocument.Parse("""{"limit":"many"}""").RootElement });
        (await Load(EveryFive)).State.Limit.Should().Be(66);
    }

    [Test]
    public async Task is_ignored_when_the_stream_was_deleted_and_begun_anew()
    {
        await Grant(EveryFive, 12);
        await Log.Store.DeleteStreamAsync("budget-acme_2026-03", ExpectedVersion.Any);
        (await Load(EveryFive)).State.Limit.Should().Be(0);
        await Service(EveryFive).HandleAsync(new Grant("acme", "2026-03", 7), Acme);
        (await Load(EveryFive)).State.Limit.Should().Be(7);
    }

    private async Task Spoil(Func<SnapshotTaken, SnapshotTaken> change)
    {
        var recorded = (await Stored())[0];
        var taken = System.Text.Json.JsonSerializer.Deserialize(recorded.Data.Span, PlatformJson.Default.SnapshotTaken)!;
        await Log.Store.AppendAsync(recorded.Stream, ExpectedVersion.Any, [new(NamedId.Of("spoilt"), "stream.snapshot.taken", System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(change(taken), PlatformJson.Default.SnapshotTaken), default)]);
    }
}

internal sealed class Snapshot_and_tail
{
    private enum Kind
    {
        Grant,
        Reserve,
        Release,
    }

    [Test]
    public async Task are_the_full_fold_for_any_sequence_and_any_snapshot_points()
    {
        await using var log = await TestLog.OpenAsync();
        var step = from kind in Gen.Elements(Kind.Grant, Kind.Reserve, Kind.Release)
                   from number in Gen.Choose(0, 5)
                   from amount in Gen.Choose(0, 9)
                   select (kind, number, amount);
        var cases = from steps in Gen.ListOf(step)
                    from every in Gen.Choose(1, 7)
                    from recent in Gen.Choose(1, 10)
                    select (steps: steps.ToArray(), every, recent);
        var samples = 0;
        Prop.ForAll(cases.ToArbitrary(), sample => HoldsAsync(log, sample.steps, sample.every, sample.recent, ++samples))
            .Check(Config.QuickThrowOnFailure.WithMaxTest(Soak.Count(60, full: 1_000)));
        samples.Should().BeGreaterThanOrEqualTo(60);
    }

    private static async Task<bool> HoldsAsync(TestLog log, (Kind Kind, int Number, int Amount)[] steps, int every, int recent, int sample)
    {
        var period = $"p{sample}";
        var context = new CommandContext("acme", "key-1");
        var policy = new SnapshotPolicy<Budget>(every, 1, ShopJson.Default.Budget) { RecentEvents = recent, LookBack = 1_000 };
        var service = new BudgetService(log.Store, policy: policy);
        List<(string Key, object Command, long Version)> done = [];
        foreach (var (kind, number, amount) in steps)
        {
            var key = $"k{done.Count}";
            object command = kind switch
            {
                Kind.Grant => new Grant("acme", period, amount),
                Kind.Reserve => new Reserve("acme", period, $"r{number}", amount),
                Kind.Release => new Release("acme", period, $"r{number}"),
                _ => throw new ArgumentOutOfRangeException(nameof(steps)),
            };
            try
            {
                var result = await SendAsync(service, command, context with { IdempotencyKey = key });
                if (result.Events.Length > 0)
                {
                    done.Add((key, command, result.Version));
                }
            }
            catch (DomainException e) when (e.Error.Code == "budget-exhausted")
            {
                done.Add((key, command, -2));
            }
        }

        var fast = await service.LoadAsync(Budget.Stream("acme", period));
        var full = await new AggregateStore(log.Store, Shop.Types).LoadAsync<Budget>(Budget.Stream("acme", period));
        var same = fast.State.Text == full.State.Text && fast.Version == full.Version && fast.Position == full.Position;
        foreach (var (key, command, version) in done.Where(d => d.Version >= 0))
        {
            var again = await SendAsync(service, command, context with { IdempotencyKey = key });
            same &= again.Repeated && again.Version == version;
        }

        return same;
    }

    private static Task<CommandResult<Budget>> SendAsync(BudgetService service, object command, CommandContext context) => command switch
    {
        Grant grant => service.HandleAsync(grant, context),
        Reserve reserve => service.HandleAsync(reserve, context),
        Release release => service.HandleAsync(release, context),
        _ => throw new ArgumentOutOfRangeException(nameof(command)),
    };
}
