using System.Globalization;
using AIaaS.Domain.Agents;
using Microsoft.Extensions.Configuration;

namespace AIaaS.Commands.Routing;

/// <summary>
/// The configuration section <c>Models</c>:
/// <c>Tiers</c> (<c>SLM_A</c>, <c>SLM_B</c>, <c>LLM</c> to a model's name; default the offline models),
/// <c>Remote</c> (a list of <see cref="OpenAiOptions"/>), and
/// <c>Prices</c> (a list of versions: <c>Version</c>, <c>EffectiveFrom</c>, and a list <c>Models</c> of <c>Name</c> with the prices of
/// <see cref="ModelPrice"/> in US dollars for a million tokens; what is left out of a model's classes is priced as its input or output).
/// </summary>
internal static class ModelOptions
{
    public static ModelCatalog Read(IConfiguration models, TimeProvider time)
    {
        List<string> faults = [];
        var tiers = OfflineModels.Tiers.ToDictionary(t => t.Key, t => t.Value);
        foreach (var tier in models.GetSection("Tiers").GetChildren())
        {
            if (Enum.TryParse<Tier>(tier.Key, out var known) && Enum.IsDefined(known) && !string.IsNullOrWhiteSpace(tier.Value))
            {
                tiers[known] = tier.Value;
            }
            else
            {
                faults.Add($"Models:Tiers:{tier.Key} is not understood. The tiers are {string.Join(", ", Enum.GetNames<Tier>())}, each with a model's name.");
            }
        }

        var clients = OfflineModels.Clients.ToDictionary(c => c.Key, c => c.Value, StringComparer.Ordinal);
        foreach (var options in models.GetSection("Remote").GetChildren().Select(s => Remote(s, faults)).OfType<OpenAiOptions>())
        {
            var before = faults.Count;
            faults.AddRange(options.Faults());
            if (faults.Count == before && !clients.TryAdd(options.Name, new ResilientModel(options.Name, new OpenAiModel(options, time), options.MaxConcurrency, time)))
            {
                faults.Add($"There are two models named '{options.Name}'.");
            }
        }

        var books = models.GetSection("Prices").GetChildren().Select(s => Book(s, faults)).OfType<PriceBook>().ToList();
        return faults.Count == 0
            ? new(tiers, clients, [OfflineModels.Prices, .. books])
            : throw new ArgumentException("The configuration section Models cannot be used. " + string.Join(" ", faults));
    }

    private static OpenAiOptions? Remote(IConfigurationSection section, List<string> faults)
    {
        try
        {
            return section.Get<OpenAiOptions>(o => o.ErrorOnUnknownConfiguration = true);
        }
        catch (InvalidOperationException e)
        {
            faults.Add($"{section.Path} is not understood: {e.Message}");
            return null;
        }
    }

    // A version takes over the offline models' prices, so that it names only what it sets.
    private static PriceBook? Book(IConfigurationSection section, List<string> faults)
    {
        var prices = OfflineModels.Prices.Models.ToDictionary(m => m, OfflineModels.Prices.Of, StringComparer.Ordinal);
        var before = faults.Count;
        var version = section["Version"];
        if (string.IsNullOrWhiteSpace(version))
        {
            faults.Add($"{section.Path} has no Version.");
        }

        if (!DateTimeOffset.TryParse(section["EffectiveFrom"], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var from))
        {
            faults.Add($"{section.Path}:EffectiveFrom must be a time such as 2026-01-01T00:00:00Z.");
        }

        foreach (var model in section.GetSection("Models").GetChildren())
        {
            var input = Price(model, "UncachedInput", null, faults);
            var output = Price(model, "Output", null, faults);
            if (string.IsNullOrWhiteSpace(model["Name"]))
            {
                faults.Add($"{model.Path} has no Name.");
            }
            else
            {
                prices[model["Name"]!] = new(input, Price(model, "CacheRead", input, faults), Price(model, "CacheWrite", input, faults), output, Price(model, "Reasoning", output, faults));
            }
        }

        return faults.Count == before ? new(version!, from, prices) : null;
    }

    private static decimal Price(IConfigurationSection model, string name, decimal? otherwise, List<string> faults)
    {
        if (model[name] is null && otherwise is { } given)
        {
            return given;
        }

        if (!decimal.TryParse(model[name], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var price))
        {
            faults.Add($"{model.Path}:{name} must be US dollars for a million tokens, such as 0.40.");
        }

        return price;
    }
}
