using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using AIaaS.Domain.Tenants;
using AIaaS.EventStore;
using FsCheck;
using FsCheck.Fluent;

namespace AIaaS.Projections.Tests.Engine;

public sealed class Any_batches_crashes_and_interleavings
{
    private const int Streams = 4;

    [Test]
    public void give_the_same_documents()
    {
        var cases =
            from counts in Gen.Choose(0, 12).ListOf(Streams)
            from seed in Gen.Choose(0, int.MaxValue - 1)
            from batch in Gen.Choose(1, 20)
            from crashes in Gen.Choose(0, 6)
            from hotBytes in Gen.Elements(0, 200, 1_000_000)
            select (Counts: counts.ToArray(), seed, batch, crashes, hotBytes);
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(Soak.Count(40, full: 500)),
            Prop.ForAll(cases.ToArbitrary(), c => HoldsAsync(c.Counts, c.seed, c.batch, c.crashes, c.hotBytes)));
    }

    private static async Task<bool> HoldsAsync(int[] counts, int seed, int batch, int crashes, int hotBytes)
    {
        await using var world = await World.OpenAsync();
        world.Options = world.Options with { BatchEvents = batch, HotBytes = hotBytes };
        var random = new Random(seed);
        var left = counts.SelectMany((count, stream) => Enumerable.Repeat(stream, count)).ToArray();
        random.Shuffle(left);
        var next = new int[Streams];
        var expected = new Dictionary<int, List<string>>();
        foreach (var stream in left)
        {
            var name = next[stream]++ == 5 ? "delete" : $"e{next[stream]}";
            await world.AppendAsync($"tenant-acme_{stream}", new TenantCreated("acme", name, World.Start));
            var names = expected.TryGetValue(stream, out var known) ? known : expected[stream] = [];
            if (name == "delete")
            {
                expected.Remove(stream);
            }
            else
            {
                names.Add(name);
            }
        }

        var store = new CrashingStore(world.Store, random, crashes);
        for (var done = false; !done;)
        {
            // A new subscription, as a restarted program has; only the store remembers.
            var subscription = world.Subscription(new TallyProjection(), store);
            using var stop = new CancellationTokenSource();
            var run = Task.Run(() => subscription.RunAsync(stop.Token));
            var caughtUp = Task.Run(async () => await subscription.WaitForAsync(await world.Log.GetHeadAsync(), World.Waiting));
            done = await Task.WhenAny(run, caughtUp) == caughtUp && await caughtUp;
            await stop.CancelAsync();
            await run.ContinueWith(_ => { }, TaskScheduler.Default);
        }

        var actual = left.Length == 0 ? [] : (await world.AllAsync("Tally")).ToDictionary(d => d.Key, d => JsonSerializer.Deserialize(d.Value, TallyJson.Default.Tally)!.Names.ToArray());
        actual.Should().BeEquivalentTo(expected.ToDictionary(e => $"acme:{e.Key}", e => e.Value.ToArray()), o => o.WithStrictOrdering());
        return true;
    }

    /// <summary>Dies before a write, after it, or between the documents and the position, as a store without transactions does.</summary>
    private sealed class CrashingStore(IReadModelStore inner, Random random, int crashes) : DelegatingStore(inner)
    {
        public override async Task WriteAsync(string collection, IReadOnlyList<DocumentWrite> writes, LogPosition position, CancellationToken cancellationToken = default)
        {
            var crash = crashes > 0 && random.Next(2) == 0 ? crashes-- : 0;
            switch (crash % 4)
            {
                case 1:
                    throw new ReadModelStoreException("died before the write");
                case 2:
                    await base.WriteAsync(collection, [.. writes.Take(random.Next(writes.Count + 1))], LogPosition.Start, cancellationToken);
                    throw new ReadModelStoreException("died between the documents");
                case 3:
                    await base.WriteAsync(collection, writes, LogPosition.Start, cancellationToken);
                    throw new ReadModelStoreException("died before the position");
                default:
                    await base.WriteAsync(collection, writes, position, cancellationToken);
                    break;
            }
        }
    }
}
