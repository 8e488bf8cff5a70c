using AIaaS.EventStore;

namespace AIaaS.Domain.Pricing;

/// <summary>What prices, plans, exchange rates and their arithmetic refuse.</summary>
public static class PricingErrors
{
    /// <summary>A price cannot be published; all faults at once.</summary>
    public static DomainError InvalidPrice(string price, IReadOnlyList<string> faults) => new("price-invalid", $"The price '{Shown(price)}' cannot be published: {string.Join("; ", faults)}.", "Correct what is named and send it again.");

    /// <summary>A plan cannot be published; all faults at once.</summary>
    public static DomainError InvalidPlan(string plan, IReadOnlyList<string> faults) => new("plan-invalid", $"The plan '{Shown(plan)}' cannot be published: {string.Join("; ", faults)}.", "Correct what is named and send it again.");

    /// <summary>An exchange rate cannot be published; all faults at once.</summary>
    public static DomainError InvalidRate(string @base, string quote, IReadOnlyList<string> faults) => new("exchange-rate-invalid", $"The exchange rate from '{Shown(@base)}' to '{Shown(quote)}' cannot be published: {string.Join("; ", faults)}.", "Correct what is named and send it again.");

    /// <summary>Model prices cannot be published; all faults at once.</summary>
    public static DomainError InvalidModelPrices(IReadOnlyList<string> faults) => new("model-prices-invalid", $"The model prices cannot be published: {string.Join("; ", faults)}.", "Correct what is named and send it again.");

    /// <summary>The id belongs to the product.</summary>
    public static DomainError BuiltIn(string id) => new("pricing-built-in", $"'{id}' comes with the product and does not change.", "Publish one under another id.", 409);

    /// <summary>There is no such price.</summary>
    public static DomainError UnknownPrice(string price) => new("price-not-found", $"There is no price '{Shown(price)}'.", "List the prices to see their ids, or publish it first.", 404);

    /// <summary>There is no such plan, or no such version of it.</summary>
    public static DomainError UnknownPlan(string plan, int? version) => new("plan-not-found", version is { } number ? $"There is no version {number} of a plan '{Shown(plan)}'." : $"There is no plan '{Shown(plan)}'.", "List the plans to see their ids and versions, or publish it first.", 404);

    /// <summary>No exchange rate holds then.</summary>
    public static DomainError MissingRate(string @base, string quote, DateTimeOffset at) => new("exchange-rate-missing", $"No exchange rate from {Shown(@base)} to {Shown(quote)} holds at {at.ToUniversalTime():yyyy-MM-dd HH:mm:ss}Z.", $"Publish one for {Shown(@base)} and {Shown(quote)} that holds from then or earlier.", 409);

    /// <summary>An amount is beyond what can be calculated exactly.</summary>
    public static DomainError TooLarge(string what) => new("amount-too-large", $"{what} is more than can be calculated exactly.", "Check the quantity and the price; amounts have at most 28 digits.");

    /// <summary>A quantity is below zero.</summary>
    public static DomainError NegativeQuantity(string price, decimal quantity) => new("quantity-negative", $"The quantity {Words.Of(quantity)} of the price '{Shown(price)}' is below zero.", "Take back usage by a credit note, not by negative usage.");

    internal static string Shown(string? text) => text is null ? "" : text.Length <= 60 ? text : text[..60] + "…";
}
