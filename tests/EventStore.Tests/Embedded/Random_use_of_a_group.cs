using AIaaS;
using AIaaS.EventStore;
using AIaaS.EventStore.Embedded;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.Extensions.Logging.Abstractions;

namespace EventStore.Tests.Embedded;

/// <summary>Members come, answer in any way or not at all, and leave; the log is closed in between: no event is lost, and none comes again that was acknowledged.</summary>
public sealed class Random_use_of_a_group
{
    private const int MaxRetries = 2;

    [Test]
    public void loses_no_event_and_delivers_none_that_is_done()
    {
        var cases = Gen.Choose(0, int.MaxValue - 1).SelectMany(seed => Gen.Choose(1, 25).Select(rounds => (seed, rounds)));
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(Soak.Count(25, full: 500)), Prop.ForAll(cases.ToArbitrary(), c => HoldsAsync(new Random(c.seed), c.rounds)));
    }

    [Test]
    public async Task that_is_deleted_while_it_is_looked_at_leaves_nothing_to_the_next_one_of_its_name()
    {
        using var folder = new TempFolder();
        var store = Open(folder);
        try
        {
            await store.AppendAsync("s", ExpectedVersion.NoStream, [new(IdSource.From(TimeProvider.System).NewId(), "t", default, default, IsJson: false)]);
            for (var i = 0; i < 300; i++)
            {
                await store.ConsumerGroups.CreateAsync("s", $"g{i}", new());
                var delete = Task.Run(() => store.ConsumerGroups.DeleteAsync("s", $"g{i}"));
                var looks = Enumerable.Range(0, 3).Select(_ => Task.Run(() => store.ConsumerGroups.GetAsync("s", $"g{i}"))).ToArray();
                await delete;
                await ((Task)Task.WhenAll(looks)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                var look = () => store.ConsumerGroups.GetAsync("s", $"g{i}");
                await look.Should().ThrowAsync<ConsumerGroupException>();
            }
        }
        finally
        {
            await store.DisposeAsync();
        }
    }

    private static async Task<bool> HoldsAsync(Random random, int rounds)
    {
        using var folder = new TempFolder();
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var ids = IdSource.From(TimeProvider.System);
        var store = Open(folder);
        HashSet<long> done = [];
        try
        {
            await store.ConsumerGroups.CreateAsync("s", "g", new() { MaxRetries = MaxRetries });
            long written = 0;
            for (var round = 0; round < rounds; round++)
            {
                if (random.Next(3) == 0 || written == 0)
                {
                    var events = Enumerable.Range(0, random.Next(1, 12)).Select(_ => new NewEvent(ids.NewId(), "t", default, default, IsJson: false)).ToArray();
                    written = (await store.AppendAsync("s", ExpectedVersion.Any, events)).Version + 1;
                }

                var info = await store.ConsumerGroups.GetAsync("s", "g");
                if (info.LastAcknowledged < written - 1)
                {
                    await ConsumeAsync(store, random, done, random.Next(1, 8), deadline.Token);
                }

                if (random.Next(6) == 0)
                {
                    await store.ConsumerGroups.ReplayParkedAsync("s", "g");
                }

                if (random.Next(4) == 0)
                {
                    await store.DisposeAsync();
                    store = Open(folder);
                }
            }

            // What is left is acknowledged.
            while ((await store.ConsumerGroups.GetAsync("s", "g")) is var left && (left.LastAcknowledged < written - 1 || left.Parked > 0))
            {
                await store.ConsumerGroups.ReplayParkedAsync("s", "g");
                await ConsumeAsync(store, null, done, 1, deadline.Token);
            }

            await ConsumeRestAsync(store, done, written, deadline.Token);
            done.Order().Should().Equal(Enumerable.Range(0, (int)written).Select(v => (long)v));
            return true;
        }
        finally
        {
            await store.DisposeAsync();
        }
    }

    /// <summary>Events that were parked and replayed lie behind the line and can still wait.</summary>
    private static async Task ConsumeRestAsync(IEventStore store, HashSet<long> done, long written, CancellationToken cancellationToken)
    {
        while (done.Count < written)
        {
            await ConsumeAsync(store, null, done, 1, cancellationToken);
        }
    }

    private static async Task ConsumeAsync(IEventStore store, Random? random, HashSet<long> done, int count, CancellationToken cancellationToken)
    {
        var taken = 0;
        using var idle = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (random is not null)
        {
            // There can be fewer than wanted.
            idle.CancelAfter(50);
        }

        try
        {
            await foreach (var delivery in store.ConsumerGroups.ConsumeAsync("s", "g", random?.Next(1, 6) ?? 3, idle.Token))
            {
                var version = delivery.Event.Version;
                done.Should().NotContain(version, "it was acknowledged");
                switch (random?.Next(6) ?? 0)
                {
                    case 0 or 1 or 2:
                        await delivery.AcknowledgeAsync(cancellationToken);
                        done.Add(version).Should().BeTrue();
                        break;
                    case 3:
                        await delivery.RetryAsync("later", cancellationToken);
                        break;
                    case 4:
                        await delivery.ParkAsync("no", cancellationToken);
                        break;
                    default:
                        break;
                }

                if (++taken == count)
                {
                    return;
                }
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return;
        }
    }

    private static EmbeddedEventStore Open(TempFolder folder) => EmbeddedEventStore.Open(folder.Path, new Tuning(), TimeProvider.System, NullLoggerFactory.Instance);
}
