using System.Collections.Frozen;
using AIaaS.Domain.Agents;

namespace AIaaS.Commands.Routing;

/// <summary>The models that need no key and no network, one for each tier.</summary>
public static class OfflineModels
{
    /// <summary>The tiers' models.</summary>
    public static FrozenDictionary<Tier, string> Tiers { get; } = new Dictionary<Tier, string>
    {
        [Tier.SLM_A] = "offline-a",
        [Tier.SLM_B] = "offline-b",
        [Tier.LLM] = "offline-l",
    }.ToFrozenDictionary();

    /// <summary>How they are reached.</summary>
    public static FrozenDictionary<string, IModelClient> Clients { get; } =
        Tiers.ToFrozenDictionary(t => t.Value, t => (IModelClient)new OfflineModel(t.Value, t.Key), StringComparer.Ordinal);

    /// <summary>
    /// Their prices: those of hosted models of the same size, so that costs, budgets and bills of an offline run look like real ones.
    /// </summary>
    public static PriceBook Prices { get; } = new("2026-01", DateTimeOffset.UnixEpoch, new Dictionary<string, ModelPrice>
    {
        ["offline-a"] = new(0.10m, 0.025m, 0.10m, 0.40m, 0.40m),
        ["offline-b"] = new(0.40m, 0.10m, 0.40m, 1.60m, 1.60m),
        ["offline-l"] = new(2.50m, 0.625m, 2.50m, 10.00m, 10.00m),
    });
}
