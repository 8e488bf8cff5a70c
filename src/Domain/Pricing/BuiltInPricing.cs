using AIaaS.Domain.Metering;

namespace AIaaS.Domain.Pricing;

/// <summary>What is there without set-up: a tenant without a subscription pays what its calls cost, by calendar months in UTC, in US dollars.</summary>
public static class BuiltInPricing
{
    /// <summary>The price of the plan <see cref="PayAsYouGo"/>: the cost itself.</summary>
    public static Price CostPassThrough { get; } = new("cost-pass-through", 1, BuiltInMeters.Cost, PriceModel.Percentage, "USD", DateTimeOffset.UnixEpoch) { Percent = 100m, Description = "Model and tool calls at cost" };

    /// <summary>The plan of a tenant that has no subscription.</summary>
    public static Plan PayAsYouGo { get; } = new("pay-as-you-go", 1, "Pay as you go", "USD") { Prices = [CostPassThrough.Id] };

    /// <summary>Whether an id of a price or a plan comes with the product.</summary>
    public static bool Owns(string? id) => id == CostPassThrough.Id || id == PayAsYouGo.Id;
}
