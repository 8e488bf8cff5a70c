using System.Collections.Immutable;
using System.Text.Json.Serialization;
using AIaaS.EventStore;

namespace AIaaS.Domain.Pricing;

/// <summary>The event types of prices, plans and exchange rates.</summary>
internal static class PricingEventTypes
{
    private static readonly DateTimeOffset At = new(2026, 1, 31, 9, 30, 0, TimeSpan.Zero);

    public static EventTypes.Builder AddPricing(this EventTypes.Builder types)
    {
        var json = PricingJson.Default;
        var price = new Price("output-tokens", 1, "tokens.output", PriceModel.Graduated, "USD", new(2026, 2, 1, 0, 0, 0, TimeSpan.Zero))
        {
            Tiers = [new(1_000_000m, 0.000002m), new(null, 0.0000015m)],
            FreeAllowance = 10_000m,
            Description = "Output tokens",
        };
        var plan = new Plan("team", 1, "Team", "USD")
        {
            RecurringFee = 49m,
            Prices = ["output-tokens"],
            Quotas = [new(QuotaResource.Runs, QuotaWindow.Month, 10_000)],
            Features = ["priority_support"],
            TrialDays = 14,
            SafeModePercent = 90,
        };
        return types
            .Add("price.published", json.PricePublished, "price", new PricePublished(price, "prices of 2026", At))
            .Add("plan.published", json.PlanPublished, "plan", new PlanPublished(plan, "plans of 2026", At))
            .Add("exchange-rate.published", json.ExchangeRatePublished, "exchangeRate", new ExchangeRatePublished("EUR", "USD", 1.0842m, new(2026, 1, 31, 0, 0, 0, TimeSpan.Zero), "reference rate of the ECB", At))
            .Add("model-prices.published", json.ModelPricesPublished, "modelPrices", new ModelPricesPublished("published-1", new(2026, 2, 1, 0, 0, 0, TimeSpan.Zero), ImmutableSortedDictionary.Create<string, ModelTokenPrices>(StringComparer.Ordinal).Add("offline-a", new(0.1m, 0.025m, 0.1m, 0.4m, 0.4m)), "prices of 2026", At));
    }
}

/// <summary>The source-generated JSON contracts of the pricing events.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(PricePublished))]
[JsonSerializable(typeof(PlanPublished))]
[JsonSerializable(typeof(ExchangeRatePublished))]
[JsonSerializable(typeof(ModelPricesPublished))]
internal sealed partial class PricingJson : JsonSerializerContext;
