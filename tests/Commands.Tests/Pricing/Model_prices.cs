using System.Collections.Immutable;
using AIaaS.Commands.Pricing;
using AIaaS.Commands.Routing;
using AIaaS.Domain;
using AIaaS.Domain.Agents;
using AIaaS.Domain.Pricing;
using AIaaS.EventStore;
using Commands.Tests.Agents;

namespace Commands.Tests.Pricing;

public sealed class Model_prices
{
    private RunWorld world = null!;
    private ModelPriceService prices = null!;

    [SetUp]
    public async Task Open()
    {
        world = await RunWorld.OpenAsync();
        prices = Service(world.Models);
    }

    [TearDown]
    public async Task Close() => await world.DisposeAsync();

    [Test]
    public async Task that_are_published_are_pinned_by_runs_that_start_then_and_replay_bit_exact()
    {
        var (first, before) = await world.AskAsync("How many days do I have to return an item?");
        await PublishAsync(DateTimeOffset.UnixEpoch.AddYears(40), 10m);
        var (second, after) = await world.AskAsync("How many days do I have to return an item?");
        (await PinOfAsync(first.Run)).Should().Be("2026-01");
        (await PinOfAsync(second.Run)).Should().Be("published-1");
        after.Cost.Amount.Should().BeGreaterThan(before.Cost.Amount);
        await world.ReplaysAsync(first.Run);
        await world.ReplaysAsync(second.Run);
    }

    [Test]
    public async Task of_the_future_wait_for_it()
    {
        await PublishAsync(new(2090, 1, 1, 0, 0, 0, TimeSpan.Zero), 10m);
        world.Models.PricesAt(TimeProvider.System.GetUtcNow()).Version.Should().Be("2026-01");
        world.Models.PricesAt(new(2091, 1, 1, 0, 0, 0, TimeSpan.Zero)).Version.Should().Be("published-1");
    }

    [Test]
    public async Task that_name_some_models_leave_the_others_as_they_are()
    {
        await PublishAsync(DateTimeOffset.UnixEpoch.AddYears(40), 10m);
        var book = world.Models.Prices("published-1")!;
        book.Of("offline-a").Output.Should().Be(10m);
        book.Of("offline-l").Should().Be(OfflineModels.Prices.Of("offline-l"));
    }

    [Test]
    public async Task are_learned_by_another_process_when_a_run_has_pinned_them()
    {
        await PublishAsync(DateTimeOffset.UnixEpoch.AddYears(40), 10m);
        var elsewhere = ModelCatalog.Offline();
        _ = Service(elsewhere);
        elsewhere.Prices("published-1").Should().BeNull();
        await elsewhere.LearnAsync("published-1");
        elsewhere.Prices("published-1")!.Of("offline-a").Output.Should().Be(10m);
    }

    [Test]
    public async Task that_are_the_same_are_published_once()
    {
        await PublishAsync(DateTimeOffset.UnixEpoch.AddYears(40), 10m);
        (await PublishAsync(DateTimeOffset.UnixEpoch.AddYears(40), 10.00m)).Events.Should().BeEmpty();
    }

    [Test]
    public async Task that_cannot_be_are_refused_with_all_that_is_wrong()
    {
        var wrong = ImmutableSortedDictionary.Create<string, ModelTokenPrices>(StringComparer.Ordinal).Add("gpt-x", new(-1m, 0m, 0m, decimal.MaxValue, 0m));
        (await FluentActions.Awaiting(() => prices.PublishAsync(new(1990, 1, 1, 0, 0, 0, TimeSpan.Zero), wrong, null, new("platform", "test"))).Should().ThrowAsync<DomainException>())
            .Which.Error.Message.Should().ContainAll("there is no model 'gpt-x'; known are offline-a", "'uncachedInput' of the model 'gpt-x' is -1", "'output' of the model 'gpt-x' is 79,228", "'from' is 1990");
    }

    private async Task<string> PinOfAsync(string run) => (await world.RunEventsAsync(run)).OfType<RunStarted>().Single().Pins.PriceBook;

    private Task<CommandResult<ModelPriceVersions>> PublishAsync(DateTimeOffset from, decimal output) => prices.PublishAsync(
        from,
        ImmutableSortedDictionary.Create<string, ModelTokenPrices>(StringComparer.Ordinal).Add("offline-a", new(1m, 1m, 1m, output, output)),
        null,
        new("platform", "test"));

    private ModelPriceService Service(ModelCatalog models)
    {
        var ids = IdSource.From(TimeProvider.System);
        return new(world.Log, world.Types, ids, models, new(world.Log, world.Types, world.Parking, TimeProvider.System, models), TimeProvider.System);
    }
}
