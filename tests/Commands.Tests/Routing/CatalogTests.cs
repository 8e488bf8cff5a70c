using AIaaS.Commands.Routing;
using AIaaS.Domain;
using AIaaS.Domain.Agents;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Commands.Tests.Routing;

public sealed class A_price_book
{
    private static readonly PriceBook Book = new("v1", DateTimeOffset.UnixEpoch, new Dictionary<string, ModelPrice> { ["m"] = new(1, 0.1m, 1.25m, 4, 5) });

    [Test]
    public void prices_each_class_of_tokens_exactly() =>
        Book.Cost("m", new(1_000, 2_000, 400, 30, 7)).Should().Be(Money.Usd(0.001m + 0.0002m + 0.0005m + 0.00012m + 0.000035m));

    [Test]
    public void takes_the_dearest_classes_as_the_worst_case() => Book.WorstCase("m", 1_000, 100).Should().Be(Money.Usd(0.00125m + 0.0005m));

    [Test]
    public void names_a_model_that_it_does_not_know() => Book.Invoking(b => b.Cost("x", default)).Should().Throw<KeyNotFoundException>().WithMessage("*'v1'*'x'*");

    [Test]
    public void refuses_a_price_below_zero() =>
        FluentActions.Invoking(() => new PriceBook("v", default, new Dictionary<string, ModelPrice> { ["m"] = new(-1, 0, 0, 0, 0) })).Should().Throw<ArgumentException>();
}

public sealed class The_model_catalogue
{
    private static ModelCatalog Read(params (string Key, string Value)[] settings)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(settings.Select(s => KeyValuePair.Create("Models:" + s.Key, (string?)s.Value))).Build();
        using var services = new ServiceCollection().AddModels(configuration).BuildServiceProvider();
        return services.GetRequiredService<ModelCatalog>();
    }

    [Test]
    public void maps_the_tiers_to_the_offline_models_by_default()
    {
        Read().Tiers.Should().Equal(ModelCatalog.Offline().Tiers);
        Read().ModelOf(Tier.SLM_B).Should().Be("offline-b");
    }

    [Test]
    public void takes_a_remote_model_with_its_price_from_configuration()
    {
        var catalog = Read(
            ("Tiers:LLM", "gpt-x"), ("Remote:0:Name", "gpt-x"), ("Remote:0:ApiKey", "k"), ("Remote:0:BaseUrl", "http://127.0.0.1:9/v1"), ("Remote:0:Timeout", "00:00:02"),
            ("Prices:0:Version", "2026-02"), ("Prices:0:EffectiveFrom", "2026-02-01T00:00:00Z"),
            ("Prices:0:Models:0:Name", "gpt-x"), ("Prices:0:Models:0:UncachedInput", "2"), ("Prices:0:Models:0:CacheRead", "0.5"), ("Prices:0:Models:0:Output", "8"));
        catalog.ModelOf(Tier.LLM).Should().Be("gpt-x");
        catalog.Find("gpt-x").Should().BeOfType<ResilientModel>();
        catalog.Prices("2026-02")!.Of("gpt-x").Should().Be(new ModelPrice(2, 0.5m, 2, 8, 8));
    }

    [Test]
    public void gives_the_prices_that_hold_at_a_time()
    {
        var catalog = Read(("Prices:0:Version", "2026-02"), ("Prices:0:EffectiveFrom", "2026-02-01T00:00:00Z"));
        catalog.PricesAt(new(2026, 1, 31, 23, 59, 59, TimeSpan.Zero)).Version.Should().Be("2026-01");
        catalog.PricesAt(new(2026, 2, 1, 0, 0, 0, TimeSpan.Zero)).Version.Should().Be("2026-02");
        catalog.Invoking(c => c.PricesAt(DateTimeOffset.MinValue)).Should().Throw<InvalidOperationException>();
    }

    [TestCase("Tiers:XL", "offline-a", "Models:Tiers:XL")]
    [TestCase("Tiers:7", "offline-a", "Models:Tiers:7")]
    [TestCase("Tiers:LLM", "gpt-x", "'gpt-x', which is not known")]
    [TestCase("Remote:0:Name", "gpt-x", "no ApiKey")]
    [TestCase("Remote:0:Timeout", "soon", "Models:Remote:0")]
    [TestCase("Remote:0:Naem", "gpt-x", "Models:Remote:0")]
    [TestCase("Prices:0:Version", "v2", "EffectiveFrom")]
    public void names_what_is_wrong_in_the_configuration(string key, string value, string fault) =>
        FluentActions.Invoking(() => Read((key, value))).Should().Throw<ArgumentException>().WithMessage($"*{fault}*");

    [Test]
    public void wants_a_price_for_each_model() =>
        FluentActions.Invoking(() => Read(("Remote:0:Name", "gpt-x"), ("Remote:0:ApiKey", "secret-key"))).Should().Throw<ArgumentException>()
            .Where(e => e.Message.Contains("'gpt-x' has no price", StringComparison.Ordinal) && !e.Message.Contains("secret-key", StringComparison.Ordinal));

    [Test]
    public void knows_no_model_that_nobody_configured() => ModelCatalog.Offline().Find("gpt-x").Should().BeNull();
}
