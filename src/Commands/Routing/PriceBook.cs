using System.Collections.Frozen;
using AIaaS.Domain;
using AIaaS.Domain.Agents;

namespace AIaaS.Commands.Routing;

/// <summary>What a model's tokens cost, in US dollars for a million of each class.</summary>
/// <param name="UncachedInput">Input tokens not served from a cache.</param>
/// <param name="CacheRead">Input tokens served from a cache.</param>
/// <param name="CacheWrite">Input tokens written to a cache.</param>
/// <param name="Output">Visible output tokens.</param>
/// <param name="Reasoning">Output tokens spent on reasoning.</param>
public sealed record ModelPrice(decimal UncachedInput, decimal CacheRead, decimal CacheWrite, decimal Output, decimal Reasoning);

/// <summary>One version of the prices of all models. A version never changes; another price is another version.</summary>
public sealed class PriceBook
{
    private const decimal Unit = 1_000_000m;
    private readonly FrozenDictionary<string, ModelPrice> prices;

    /// <summary>Makes a version.</summary>
    /// <param name="version">Its name, which runs pin and bills name.</param>
    /// <param name="effectiveFrom">The time from which it holds.</param>
    /// <param name="prices">The price of each model.</param>
    /// <exception cref="ArgumentException">A price is below zero, or the version has no name.</exception>
    public PriceBook(string version, DateTimeOffset effectiveFrom, IReadOnlyDictionary<string, ModelPrice> prices)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(version);
        foreach (var (model, p) in prices)
        {
            if (p.UncachedInput < 0 || p.CacheRead < 0 || p.CacheWrite < 0 || p.Output < 0 || p.Reasoning < 0)
            {
                throw new ArgumentException($"A price of the model '{model}' in version '{version}' is below zero.", nameof(prices));
            }
        }

        Version = version;
        EffectiveFrom = effectiveFrom;
        this.prices = prices.ToFrozenDictionary(StringComparer.Ordinal);
    }

    /// <summary>The version's name.</summary>
    public string Version { get; }

    /// <summary>The time from which it holds.</summary>
    public DateTimeOffset EffectiveFrom { get; }

    /// <summary>The models that it prices, in the order of their names.</summary>
    public IEnumerable<string> Models => prices.Keys.Order(StringComparer.Ordinal);

    /// <summary>Whether it prices this model.</summary>
    public bool Knows(string model) => prices.ContainsKey(model);

    /// <summary>The model's price.</summary>
    /// <exception cref="KeyNotFoundException">This version does not price the model.</exception>
    public ModelPrice Of(string model) => prices.TryGetValue(model, out var price)
        ? price
        : throw new KeyNotFoundException($"Version '{Version}' of the price book has no price for the model '{model}'. Add it under Models:Prices.");

    /// <summary>What these tokens cost: exact, nothing is rounded.</summary>
    /// <exception cref="KeyNotFoundException">This version does not price the model.</exception>
    public Money Cost(string model, TokenUsage usage)
    {
        var price = Of(model);
        return Money.Usd(
            ((usage.UncachedInput * price.UncachedInput)
            + (usage.CacheRead * price.CacheRead)
            + (usage.CacheWrite * price.CacheWrite)
            + (usage.Output * price.Output)
            + (usage.Reasoning * price.Reasoning)) / Unit);
    }

    /// <summary>The most that a call can cost, whichever classes its tokens turn out to be of.</summary>
    /// <param name="model">The model.</param>
    /// <param name="mostInputTokens">The most input tokens: <see cref="IModelClient.MostInputTokens"/>.</param>
    /// <param name="maxOutputTokens">The request's limit on output tokens.</param>
    /// <exception cref="KeyNotFoundException">This version does not price the model.</exception>
    public Money WorstCase(string model, long mostInputTokens, long maxOutputTokens)
    {
        var price = Of(model);
        return Money.Usd(
            ((mostInputTokens * Math.Max(price.UncachedInput, Math.Max(price.CacheRead, price.CacheWrite)))
            + (maxOutputTokens * Math.Max(price.Output, price.Reasoning))) / Unit);
    }
}
