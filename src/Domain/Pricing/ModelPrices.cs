using System.Collections.Immutable;
using AIaaS.Domain.Tenants;
using AIaaS.EventStore;

namespace AIaaS.Domain.Pricing;

/// <summary>What a model's tokens cost, in US dollars for a million of each class.</summary>
/// <param name="UncachedInput">Input tokens not served from a cache.</param>
/// <param name="CacheRead">Input tokens served from a cache.</param>
/// <param name="CacheWrite">Input tokens written to a cache.</param>
/// <param name="Output">Visible output tokens.</param>
/// <param name="Reasoning">Output tokens spent on reasoning.</param>
public sealed record ModelTokenPrices(decimal UncachedInput, decimal CacheRead, decimal CacheWrite, decimal Output, decimal Reasoning);

/// <summary>
/// Type <c>model-prices.published</c> in <c>modelPrices-platform_book</c>: another version of what the tokens of all models cost. Runs pin a version when they
/// start, and cost by it to their end and in each replay.
/// </summary>
/// <param name="Version">The version's name: <c>published-1</c>, and so on.</param>
/// <param name="From">Runs that start then or later pin it, until another one holds from later on.</param>
/// <param name="Models">The prices of all models, by name.</param>
/// <param name="Reason">Why; null where nobody said.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record ModelPricesPublished(string Version, DateTimeOffset From, ImmutableSortedDictionary<string, ModelTokenPrices> Models, string? Reason, DateTimeOffset At) : DomainEvent
{
    /// <summary>The stream of all versions.</summary>
    public static StreamName Stream { get; } = StreamName.For("modelPrices", Tenant.Platform, "book");
}

/// <summary>Publishes what the tokens of models cost.</summary>
/// <param name="From">From when on.</param>
/// <param name="Models">The prices of the models that change.</param>
/// <param name="Others">The prices of all models that the platform has, as they are from then on without this.</param>
/// <param name="Reason">Why; null where nobody said.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record PublishModelPrices(DateTimeOffset From, ImmutableSortedDictionary<string, ModelTokenPrices> Models, ImmutableSortedDictionary<string, ModelTokenPrices> Others, string? Reason, DateTimeOffset At);

/// <summary>The versions of the model prices that were published.</summary>
public sealed record ModelPriceVersions : IState<ModelPriceVersions>
{
    /// <summary>Before one is published.</summary>
    public static ModelPriceVersions Initial { get; } = new();

    /// <summary>The versions, in the order in which they were published.</summary>
    public ImmutableList<ModelPricesPublished> All { get; init; } = [];

    /// <inheritdoc />
    public ModelPriceVersions Evolve(object @event) => @event is ModelPricesPublished e ? this with { All = All.Add(e) } : this;

    /// <summary>Publishes the next version; it takes over the prices of the models that it does not name. What changes nothing is not published.</summary>
    public Decision Publish(PublishModelPrices command)
    {
        ArgumentNullException.ThrowIfNull(command);
        List<string> faults = [];
        Publishing.AddReason(faults, command.Reason);
        if (command.Models.IsEmpty)
        {
            faults.Add("it names no model");
        }

        if (command.From.Year is < 2000 or > 2099)
        {
            faults.Add($"'from' is {Words.Of(command.From)}; a time from 2000 to 2099 is needed");
        }

        foreach (var (model, prices) in command.Models)
        {
            if (!command.Others.ContainsKey(model))
            {
                faults.Add($"there is no model '{PricingErrors.Shown(model)}'; known are {string.Join(", ", command.Others.Keys)}");
            }

            foreach (var (name, amount) in (ReadOnlySpan<(string, decimal)>)[("uncachedInput", prices.UncachedInput), ("cacheRead", prices.CacheRead), ("cacheWrite", prices.CacheWrite), ("output", prices.Output), ("reasoning", prices.Reasoning)])
            {
                if (amount is < 0m or > 1_000_000m || Words.Normal(amount).Scale > 9)
                {
                    faults.Add($"'{name}' of the model '{PricingErrors.Shown(model)}' is {Words.Of(amount)}; 0 to 1,000,000 US dollars for a million tokens, with at most 9 decimals, are possible");
                }
            }
        }

        if (faults.Count > 0)
        {
            return PricingErrors.InvalidModelPrices(faults);
        }

        var models = command.Others.SetItems(command.Models.Select(m => KeyValuePair.Create(m.Key, Normal(m.Value))));
        return All.Count > 0 && All[^1].From == command.From && All[^1].Models.SequenceEqual(models)
            ? Decision.Unchanged
            : new ModelPricesPublished($"published-{All.Count + 1}", command.From.ToUniversalTime(), models, command.Reason, command.At);
    }

    private static ModelTokenPrices Normal(ModelTokenPrices prices) =>
        new(Words.Normal(prices.UncachedInput), Words.Normal(prices.CacheRead), Words.Normal(prices.CacheWrite), Words.Normal(prices.Output), Words.Normal(prices.Reasoning));
}
