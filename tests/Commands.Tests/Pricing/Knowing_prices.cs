using AIaaS.Commands.Pricing;
using AIaaS.Domain;
using AIaaS.Domain.Pricing;
using AIaaS.EventStore;

namespace Commands.Tests.Pricing;

public sealed class Knowing_prices
{
    private PricingWorld world = null!;

    [SetUp]
    public async Task Open() => world = await PricingWorld.OpenAsync();

    [TearDown]
    public async Task Close() => await world.DisposeAsync();

    [Test]
    public async Task as_they_were_known_at_a_position()
    {
        var first = await world.PublishAsync(world.PerUnit("tokens", 1m));
        var second = await world.PublishAsync(world.PerUnit("tokens", 2m));
        (await world.Catalog.AsOfAsync(LogPosition.Start)).PriceAt("tokens", world.Time.GetUtcNow()).Should().BeNull();
        (await world.Catalog.AsOfAsync(first)).PriceAt("tokens", world.Time.GetUtcNow())!.UnitAmount.Should().Be(1m);
        (await world.Catalog.AsOfAsync(second)).PriceAt("tokens", world.Time.GetUtcNow())!.UnitAmount.Should().Be(2m);
    }

    [Test]
    public async Task as_they_were_known_at_a_time()
    {
        await world.PublishAsync(world.PerUnit("tokens", 1m));
        var known = world.Catalog.Publications.Last().Recorded;
        await world.PublishAsync(world.PerUnit("tokens", 2m));
        var corrected = world.Catalog.Publications.Last().Recorded;
        world.Catalog.Find("tokens", world.Time.GetUtcNow(), known.AddTicks(-1)).Should().BeNull();
        world.Catalog.Find("tokens", world.Time.GetUtcNow(), corrected)!.UnitAmount.Should().Be(2m);
        world.Catalog.Find("tokens", world.Time.GetUtcNow())!.Version.Should().Be(2);
    }

    [Test]
    public async Task is_the_same_after_a_restart()
    {
        await world.PublishAsync(world.PerUnit("tokens", 1m));
        await world.PublishAsync(new Plan("team", 0, "Team", "USD") { Prices = ["tokens"] });
        await world.Pricing.PublishAsync(new PublishExchangeRate("EUR", "USD", 1.08m, world.Time.GetUtcNow(), false, null, world.Time.GetUtcNow()), world.As());
        var again = new PriceCatalog(world.Log, DomainEventTypes.Create(), new ParkingLot(world.Log), world.Time);
        using var stop = new CancellationTokenSource();
        var following = Task.Run(() => again.RunAsync(stop.Token));
        (await again.AsOfAsync(await world.Log.GetHeadAsync())).Should().BeEquivalentTo(world.Catalog.Current);
        await stop.CancelAsync();
        await following.ContinueWith(_ => { }, TaskScheduler.Default);
    }

    [Test]
    public async Task that_another_process_published_a_moment_ago_is_enough_for_a_plan()
    {
        var behind = new PriceCatalog(world.Log, DomainEventTypes.Create(), new ParkingLot(world.Log), world.Time);
        await world.PublishAsync(world.PerUnit("tokens", 1m));
        behind.Current.Prices.Should().NotContainKey("tokens");
        (await behind.ForAsync(["tokens"], "USD")).Prices.Should().ContainKey("tokens");
    }

    [Test]
    public async Task goes_on_for_the_others_when_one_cannot_be_read()
    {
        await world.Log.AppendAsync(PricePublished.Stream("broken"), ExpectedVersion.NoStream, [new(NamedId.Of("broken"), "price.published", """{ "price": 5 }"""u8.ToArray(), default)]);
        await world.PublishAsync(world.PerUnit("tokens", 1m));
        world.Catalog.Current.Prices.Keys.Should().Equal("cost-pass-through", "tokens");
        var status = await world.Catalog.GetStatusAsync();
        status.Parked.Should().Be(1);
        (await world.Catalog.ReplayParkedAsync()).Should().Be(0);
    }

    [Test]
    public async Task repeated_commands_publish_once()
    {
        var price = world.PerUnit("tokens", 1m);
        var command = new PublishPrice(price, null, null, world.Time.GetUtcNow());
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => world.Pricing.PublishAsync(command, new("platform", "test"))));
        world.Catalog.Current.Prices["tokens"].Should().ContainSingle();
    }
}
