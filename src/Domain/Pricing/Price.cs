using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace AIaaS.Domain.Pricing;

/// <summary>How a quantity becomes an amount.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<PriceModel>))]
public enum PriceModel
{
    /// <summary>One amount for the period, however much is used; nothing where nothing is.</summary>
    Flat,

    /// <summary>An amount for each unit.</summary>
    PerUnit,

    /// <summary>An amount for each package of so many units that is begun.</summary>
    Package,

    /// <summary>Each unit at the amount of the tier that it falls into.</summary>
    Graduated,

    /// <summary>All units at the amount of the tier that the whole quantity falls into.</summary>
    Volume,

    /// <summary>A percentage of the quantity, which is an amount of money in the price's currency.</summary>
    Percentage,
}

/// <summary>A part of the quantities of a graduated or volume price.</summary>
/// <param name="UpTo">The last quantity in it (inclusive); null for the last tier, which has no end.</param>
/// <param name="UnitAmount">For each unit.</param>
/// <param name="FlatAmount">Once, where the tier is reached.</param>
public sealed record PriceTier(decimal? UpTo, decimal UnitAmount, decimal FlatAmount = 0);

/// <summary>
/// What the use that a meter counts costs from one moment to another. A version never changes: a new price, or a corrected one, is another version of the same id.
/// Of several versions that hold at one moment the highest counts.
/// </summary>
/// <param name="Id">The price's id, which plans name.</param>
/// <param name="Version">From 1.</param>
/// <param name="Meter">The meter that it prices.</param>
/// <param name="Model">How the quantity becomes an amount.</param>
/// <param name="Currency">ISO 4217.</param>
/// <param name="From">The first moment at which it holds, by the time of the usage.</param>
public sealed record Price(string Id, int Version, string Meter, PriceModel Model, string Currency, DateTimeOffset From)
{
    /// <summary>The first moment at which it holds no more; null for open.</summary>
    public DateTimeOffset? To { get; init; }

    /// <summary>Only readings with these dimensions; null for all.</summary>
    public ImmutableSortedDictionary<string, string>? Where { get; init; }

    /// <summary>Flat: for the period. PerUnit: for a unit. Package: for a package. 0 for the others.</summary>
    public decimal UnitAmount { get; init; }

    /// <summary>Of a package: the units in it; else 0.</summary>
    public decimal PackageSize { get; init; }

    /// <summary>Of a graduated or volume price: its tiers, from the lowest up, without gaps; else empty.</summary>
    public ImmutableArray<PriceTier> Tiers { get; init; } = [];

    /// <summary>Of a percentage: 100 for the amount itself; else 0.</summary>
    public decimal Percent { get; init; }

    /// <summary>Units that cost nothing in each billing period, taken off before anything else.</summary>
    public decimal FreeAllowance { get; init; }

    /// <summary>The least that is charged for a period in which the plan held; null for none.</summary>
    public decimal? Minimum { get; init; }

    /// <summary>What it is for, as it stands on the invoice.</summary>
    public string Description { get; init; } = "";
}
