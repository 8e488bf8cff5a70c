using System.Collections.Immutable;
using System.Text.Json.Serialization;
using AIaaS.Api.Http;
using AIaaS.Api.OpenApi;
using AIaaS.Commands.Pricing;
using AIaaS.Commands.Routing;
using AIaaS.Domain.Pricing;
using Microsoft.AspNetCore.Http.HttpResults;

namespace AIaaS.Api.Pricing;

/// <summary>What a model's tokens cost, in US dollars for a million.</summary>
/// <param name="UncachedInput">Input tokens not served from a cache.</param>
/// <param name="Output">Visible output tokens.</param>
/// <param name="CacheRead">Input tokens served from a cache; left out for the price of input.</param>
/// <param name="CacheWrite">Input tokens written to a cache; left out for the price of input.</param>
/// <param name="Reasoning">Output tokens spent on reasoning; left out for the price of output.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record ModelPriceBody(decimal UncachedInput, decimal Output, decimal? CacheRead = null, decimal? CacheWrite = null, decimal? Reasoning = null);

/// <summary>Another version of the model prices.</summary>
/// <param name="From">Runs that start then or later pin it.</param>
/// <param name="Models">The prices of the models that change, by name.</param>
/// <param name="Reason">Why.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record ModelPricesBody(DateTimeOffset From, IReadOnlyDictionary<string, ModelPriceBody> Models, string? Reason = null) : IValidated
{
    public void Validate(Faults faults)
    {
        foreach (var (model, _) in Models.Where(m => m.Value is null))
        {
            faults.Add("/models/" + model, "is null");
        }
    }
}

/// <summary>A version of the model prices.</summary>
/// <param name="Version">Its name, which runs pin.</param>
/// <param name="From">Runs that start then or later pin it, until another one holds from later on.</param>
/// <param name="Models">US dollars for a million tokens of each class, by model.</param>
internal sealed record ModelPricesView(string Version, DateTimeOffset From, IReadOnlyDictionary<string, ModelTokenPrices> Models)
{
    public static ModelPricesView Of(PriceBook book) => new(book.Version, book.EffectiveFrom, book.Models.ToImmutableSortedDictionary(m => m, m => Of(book.Of(m)), StringComparer.Ordinal));

    private static ModelTokenPrices Of(ModelPrice price) => new(price.UncachedInput, price.CacheRead, price.CacheWrite, price.Output, price.Reasoning);
}

/// <summary>The versions of the model prices.</summary>
/// <param name="Versions">In the order of the time from which they hold.</param>
/// <param name="Current">The name of the one that runs pin now.</param>
internal sealed record ModelPricesList(IReadOnlyList<ModelPricesView> Versions, string Current);

/// <summary>What models cost.</summary>
internal static class ModelPriceEndpoints
{
    private const string ViewExample = """{ "version": "published-1", "from": "2026-02-01T00:00:00+00:00", "models": { "offline-a": { "uncachedInput": 0.1, "cacheRead": 0.025, "cacheWrite": 0.1, "output": 0.4, "reasoning": 0.4 } } }""";

    public static void Map(RouteGroupBuilder v1)
    {
        var prices = v1.MapGroup("/model-prices").WithTags("Prices");
        prices.MapGet("", List)
            .Describe("listModelPrices", "List model prices", "The versions of what the tokens of models cost: those of the configuration, and those that were published. The cost of a run is by the version that it pinned when it started.")
            .ForTenantsAndPlatform(Scopes.BillingRead)
            .Example(response: $$"""{ "versions": [ {{ViewExample}} ], "current": "published-1" }""");
        prices.MapPost("", PublishAsync)
            .Describe("publishModelPrices", "Publish model prices", "Another version, from a moment on. Models that are not named keep their prices. Runs that have started keep the version that they pinned. The same again changes nothing.")
            .ForPlatform().Idempotent()
            .Example("""{ "from": "2026-02-01T00:00:00Z", "models": { "offline-a": { "uncachedInput": 0.1, "cacheRead": 0.025, "output": 0.4 } }, "reason": "prices of 2026" }""", ViewExample);
    }

    private static Ok<ModelPricesList> List(ModelCatalog models, TimeProvider time) =>
        TypedResults.Ok(new ModelPricesList([.. models.Books.Select(ModelPricesView.Of)], models.PricesAt(time.GetUtcNow()).Version));

    private static async Task<Ok<ModelPricesView>> PublishAsync(JsonBody<ModelPricesBody> body, Caller caller, ModelPriceService prices, HttpContext context)
    {
        var models = body.Value.Models.ToImmutableSortedDictionary(m => m.Key, m => new ModelTokenPrices(m.Value.UncachedInput, m.Value.CacheRead ?? m.Value.UncachedInput, m.Value.CacheWrite ?? m.Value.UncachedInput, m.Value.Output, m.Value.Reasoning ?? m.Value.Output), StringComparer.Ordinal);
        var result = await prices.PublishAsync(body.Value.From, models, body.Value.Reason, new("", caller.Actor, "platform:" + IdempotencyKey.Require(context), Correlation.Of(context)), CancellationToken.None);
        Freshness.Answer(context, result.Position);
        var published = result.State.All[^1];
        return TypedResults.Ok(new ModelPricesView(published.Version, published.From, published.Models));
    }
}
