using AIaaS.Domain.Tenants;
using AIaaS.EventStore;
using FsCheck;
using FsCheck.Fluent;

namespace AIaaS.Projections.Tests.Engine;

/// <summary>Events that cannot be handled or read, replays before and after the cause is mended, and a store that dies: at the end nothing is lost, doubled or swapped.</summary>
public sealed class Any_parking_replays_and_crashes
{
    private const int Streams = 3;

    [Test]
    public void give_each_document_every_event_once_and_those_of_a_stream_in_order()
    {
        var cases =
            from streams in Gen.Choose(0, Streams - 1).ListOf(14)
            from kinds in Gen.Frequency((6, Gen.Constant('e')), (1, Gen.Constant('p')), (1, Gen.Constant('u'))).ListOf(14)
            from seed in Gen.Choose(0, int.MaxValue - 1)
            from batch in Gen.Choose(1, 10)
            from crashes in Gen.Choose(0, 8)
            from hotBytes in Gen.Elements(0, 1_000_000)
            select (Events: streams.Zip(kinds).ToArray(), seed, batch, crashes, hotBytes);
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(Soak.Count(25, full: 500)),
            Prop.ForAll(cases.ToArbitrary(), c => HoldsAsync(c.Events, c.seed, c.batch, c.crashes, c.hotBytes)));
    }

    private static async Task<bool> HoldsAsync((int Stream, char Kind)[] events, int seed, int batch, int crashes, int hotBytes)
    {
        await using var world = await World.OpenAsync();
        world.Options = world.Options with { BatchEvents = batch, HotBytes = hotBytes };
        var random = new Random(seed);
        var store = new DyingStore(world.Store, random, crashes);
        var projection = new Mendable();
        var half = random.Next(events.Length + 1);
        await AppendAsync(world, events, 0, half);
        await LiveAsync(world, projection, store, random);
        await AppendAsync(world, events, half, events.Length);
        await LiveAsync(world, projection, store, random);
        projection.IsMended = true;
        for (var round = 0; (await world.Parking.ListAsync("projection-Tally")).Count > 0; round++)
        {
            round.Should().BeLessThan(50, "what is mended can be replayed");
            await LiveAsync(world, projection, store, random, replays: true);
        }

        await LiveAsync(world, projection, store, random);
        for (var stream = 0; stream < Streams; stream++)
        {
            var names = Names(events, stream);
            (await ReadAsync(world, projection, $"acme:{stream}shared")).Should().Equal(names);
            (await ReadAsync(world, projection, "acme:shared")).Where(n => n.StartsWith($"{stream}", StringComparison.Ordinal)).Should().Equal(names);
        }

        return true;
    }

    private static string[] Names((int Stream, char Kind)[] events, int stream) =>
        [.. events.Select((e, i) => (e.Stream, Name: $"{e.Stream}{e.Kind}{i}")).Where(e => e.Stream == stream).Select(e => e.Name)];

    private static async Task AppendAsync(World world, (int Stream, char Kind)[] events, int from, int to)
    {
        for (var i = from; i < to; i++)
        {
            await world.AppendAsync($"tenant-acme_{events[i].Stream}shared", new TenantCreated("acme", $"{events[i].Stream}{events[i].Kind}{i}", World.Start));
        }
    }

    private static async Task<string[]> ReadAsync(World world, Mendable projection, string id) => [.. (await world.ReadAsync(projection, id))?.Names ?? []];

    /// <summary>Runs, and starts again after each death, until it has caught up; replays at times.</summary>
    private static async Task LiveAsync(World world, Mendable projection, IReadModelStore store, Random random, bool replays = false)
    {
        for (var done = false; !done;)
        {
            var subscription = world.Subscription(projection, store);
            using var stop = new CancellationTokenSource();
            var run = Task.Run(() => subscription.RunAsync(stop.Token));
            var caughtUp = Task.Run(async () => await subscription.WaitForAsync(await world.Log.GetHeadAsync(), World.Waiting));
            done = await Task.WhenAny(run, caughtUp) == caughtUp && await caughtUp;
            if (done && (replays || random.Next(2) == 0))
            {
                try
                {
                    await subscription.ReplayParkedAsync();
                }
                catch (Exception e) when (e is ReadModelStoreException or DomainException)
                {
                    done = false;
                }
            }

            await stop.CancelAsync();
            await run.ContinueWith(_ => { }, TaskScheduler.Default);
        }
    }

    private sealed class DyingStore(IReadModelStore inner, Random random, int deaths) : DelegatingStore(inner)
    {
        private int left = deaths;

        public override async Task WriteAsync(string collection, IReadOnlyList<DocumentWrite> writes, LogPosition position, CancellationToken cancellationToken = default)
        {
            if (left == 0 || writes.Count == 0 || random.Next(2) == 0)
            {
                await base.WriteAsync(collection, writes, position, cancellationToken);
                return;
            }

            left--;
            await base.WriteAsync(collection, [.. writes.Take(random.Next(writes.Count + 1))], LogPosition.Start, cancellationToken);
            throw new ReadModelStoreException("died in the midst of a write");
        }
    }

    /// <summary>Fails at events named p, and cannot say of those named u which documents they touch, until it is mended.</summary>
    private sealed class Mendable : Projection<Tally>
    {
        private readonly TallyProjection inner = new();

        public bool IsMended { get; set; }

        public override string Name => inner.Name;

        public override int Version => 1;

        public override IReadOnlyList<string> EventTypePrefixes => inner.EventTypePrefixes;

        public override System.Text.Json.Serialization.Metadata.JsonTypeInfo<Tally> Json => inner.Json;

        public override IReadOnlyDictionary<string, FieldKind> Fields => inner.Fields;

        public override IReadOnlyList<IReadOnlyList<string>> Indexes => inner.Indexes;

        public override IEnumerable<string> KeysOf(EventEnvelope envelope) => Is('u', envelope) ? throw new InvalidOperationException("no key") : inner.KeysOf(envelope);

        public override Tally? Apply(string id, Tally? document, EventEnvelope envelope) =>
            Is('p', envelope) ? throw new InvalidOperationException("poison") : inner.Apply(id, document, envelope);

        private bool Is(char kind, EventEnvelope envelope) => !IsMended && ((TenantCreated)envelope.Event).Name[1] == kind;
    }
}
