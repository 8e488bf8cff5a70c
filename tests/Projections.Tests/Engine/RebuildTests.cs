using AIaaS.Domain.Tenants;
using AIaaS.EventStore;

namespace AIaaS.Projections.Tests.Engine;

public abstract class A_rebuild : ReadModelFixture
{
    protected override async Task Given()
    {
        for (var i = 0; i < 30; i++)
        {
            await Append($"e{i}");
        }
    }

    protected Task<AppendResult> Append(string name) => World.AppendAsync("tenant-acme_1", new TenantCreated("acme", name, World.Start));

    protected async Task<string[]> Names() => [.. (await World.ReadAsync(new TallyProjection(), "acme:1"))?.Names ?? []];

    protected Task SwitchedTo(string collection) => World.UntilAsync(async () => await World.Store.GetActiveAsync("Tally") == collection);
}

public sealed class A_new_version_of_a_read_model : A_rebuild
{
    private readonly ManualResetEventSlim go = new(true);

    protected override async Task Given()
    {
        await base.Given();
        await World.CaughtUpAsync(World.Run(new TallyProjection()));
        await World.StopAsync();
    }

    [TearDown]
    public void Free() => go.Dispose();

    [Test]
    public async Task is_built_beside_the_old_one_and_takes_its_place()
    {
        var subscription = World.Run(new TallyProjection(version: 2, prefix: "v2-"));
        await SwitchedTo("Tally_v2");
        (await Names()).Should().HaveCount(30).And.OnlyContain(n => n.StartsWith("v2-"));
        await Append("late");
        await World.CaughtUpAsync(subscription);
        (await Names())[^1].Should().Be("v2-late");
    }

    [Test]
    public async Task leaves_queries_to_the_old_one_until_it_has_caught_up()
    {
        go.Reset();
        var subscription = World.Run(new TallyProjection(version: 2, prefix: "v2-", isPoison: _ =>
        {
            go.Wait(World.Waiting);
            return false;
        }));
        await World.UntilAsync(async () => (await subscription.GetStatusAsync()).Rebuild is { Collection: "Tally_v2" });
        (await World.Store.GetActiveAsync("Tally")).Should().Be("Tally_v1");
        (await Names()).Should().HaveCount(30).And.Contain("e0");
        go.Set();
        await SwitchedTo("Tally_v2");
    }

    [Test]
    public async Task drops_the_old_one_afterwards()
    {
        World.Run(new TallyProjection(version: 2));
        await World.UntilAsync(async () => await World.Store.GetPositionAsync("Tally_v1") == LogPosition.Start);
        (await World.Store.GetActiveAsync("Tally")).Should().Be("Tally_v2");
    }
}

public sealed class A_rebuild_of_the_same_version : A_rebuild
{
    [Test]
    public async Task builds_a_new_collection_and_switches_to_it()
    {
        var subscription = World.Run(new TallyProjection());
        await World.CaughtUpAsync(subscription);
        (await subscription.RebuildAsync()).Should().Be("Tally_v1_r2");
        await SwitchedTo("Tally_v1_r2");
        (await Names()).Should().HaveCount(30);
        (await subscription.RebuildAsync()).Should().Be("Tally_v1_r3");
        await SwitchedTo("Tally_v1_r3");
        await Append("late");
        await World.CaughtUpAsync(subscription);
        (await Names()).Should().HaveCount(31);
    }

    [Test]
    public async Task loses_and_doubles_nothing_while_events_come()
    {
        var subscription = World.Run(new TallyProjection());
        await World.CaughtUpAsync(subscription);
        var appending = Task.Run(async () =>
        {
            for (var i = 30; i < 200; i++)
            {
                await Append($"e{i}");
            }
        });
        await subscription.RebuildAsync();
        await SwitchedTo("Tally_v1_r2");
        await appending;
        await World.CaughtUpAsync(subscription);
        (await Names()).Should().Equal(Enumerable.Range(0, 200).Select(i => $"e{i}"));
    }

    [Test]
    public async Task takes_the_parked_events_along()
    {
        var isPoison = true;
        var subscription = World.Run(new TallyProjection(isPoison: name => isPoison && name == "e10"));
        await World.CaughtUpAsync(subscription);
        (await World.Parking.ListAsync(subscription.Name)).Should().HaveCount(20);
        isPoison = false;
        await subscription.RebuildAsync();
        await SwitchedTo("Tally_v1_r2");
        (await Names()).Should().HaveCount(30);
        await World.UntilAsync(async () => (await World.Parking.ListAsync(subscription.Name)).Count == 0);
    }

    [Test]
    public async Task that_was_stopped_goes_on_after_a_restart()
    {
        World.Options = World.Options with { BatchEvents = 5 };
        await World.CaughtUpAsync(World.Run(new TallyProjection()));
        using var stuck = new ManualResetEventSlim();
        await World.StopAsync();
        var folded = 0;
        var half = World.Run(new TallyProjection(isPoison: _ =>
        {
            if (Interlocked.Increment(ref folded) > 12)
            {
                stuck.Wait(World.Waiting);
            }

            return false;
        }));
        await half.RebuildAsync();
        await World.UntilAsync(async () => await World.Store.GetPositionAsync("Tally_v1_r2") > LogPosition.Start);
        var stopping = World.StopAsync();
        stuck.Set();
        await stopping;
        (await World.Store.GetActiveAsync("Tally.building")).Should().Be("Tally_v1_r2");

        await World.RestartAsync();
        var again = 0;
        World.Run(new TallyProjection(isPoison: _ =>
        {
            Interlocked.Increment(ref again);
            return false;
        }));
        await SwitchedTo("Tally_v1_r2");
        (await Names()).Should().Equal(Enumerable.Range(0, 30).Select(i => $"e{i}"));
        again.Should().BeLessThan(30, "what was built before the restart is kept");
    }
}

public sealed class A_read_model_that_is_ahead_of_its_log : A_rebuild
{
    [Test]
    public async Task is_built_anew()
    {
        await World.Store.EnsureAsync(new("Tally_v1", [], new Dictionary<string, FieldKind>()));
        await World.Store.SetActiveAsync("Tally", "Tally_v1");
        await World.Store.WriteAsync("Tally_v1", [], new(1UL << 40));
        World.Run(new TallyProjection());
        await SwitchedTo("Tally_v1_r2");
        (await Names()).Should().HaveCount(30);
    }
}

public sealed class A_store_that_fails_in_the_moment_of_the_switch : A_rebuild
{
    [Test]
    public async Task ends_the_run_so_that_its_supervisor_starts_it_again()
    {
        var store = new FailingStore(World.Store, () => Append("late"));
        var subscription = World.Subscription(new TallyProjection(), store);
        var run = Task.Run(() => subscription.RunAsync(default));
        await World.CaughtUpAsync(subscription);
        await subscription.RebuildAsync();
        var ended = () => run.WaitAsync(World.Waiting);
        await ended.Should().ThrowAsync<ReadModelStoreException>();
        await World.CaughtUpAsync(World.Run(new TallyProjection()));
        await SwitchedTo("Tally_v1_r2");
        (await Names()).Should().HaveCount(31);
    }

    /// <summary>Lets the old collection get ahead of the new one just before that has caught up, and fails the write that would bring it up.</summary>
    private sealed class FailingStore(IReadModelStore inner, Func<Task<AppendResult>> append) : DelegatingStore(inner)
    {
        private int writes;

        public override async Task WriteAsync(string collection, IReadOnlyList<DocumentWrite> documents, LogPosition position, CancellationToken cancellationToken = default)
        {
            if (collection == "Tally_v1_r2" && documents.Count > 0 && ++writes > 1)
            {
                // So long that the switch has begun and waits for this write.
                await Task.Delay(200, cancellationToken);
                throw new ReadModelStoreException("The disk is full.");
            }

            await base.WriteAsync(collection, documents, position, cancellationToken);
            if (collection == "Tally_v1_r2" && writes == 1)
            {
                var late = (await append()).Position;
                await World.UntilAsync(async () => await GetPositionAsync("Tally_v1") >= late);
                writes = 1;
            }
        }
    }
}
