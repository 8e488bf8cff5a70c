using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using AIaaS.Api.Http;
using AIaaS.Domain.Metering;
using AIaaS.Domain.Pricing;

namespace AIaaS.Api.Pricing;

/// <summary>A tier of a graduated or volume price.</summary>
/// <param name="UnitAmount">For each unit.</param>
/// <param name="UpTo">The last quantity in it (inclusive); left out for the last tier, which has no end.</param>
/// <param name="FlatAmount">Once, where the tier is reached.</param>
/// <param name="From">The quantity above which it begins; may be left out. Where it is given, it must be where the tier before ends: so gaps and overlaps are seen.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record PriceTierBody(decimal UnitAmount, decimal? UpTo = null, decimal? FlatAmount = null, decimal? From = null);

/// <summary>A version of a price.</summary>
/// <param name="Meter">The meter that it prices.</param>
/// <param name="Model">How the quantity becomes an amount.</param>
/// <param name="Currency">ISO 4217.</param>
/// <param name="From">The first moment at which it holds, by the time of the usage.</param>
/// <param name="To">The first moment at which it holds no more; left out for open.</param>
/// <param name="Where">Only readings with these dimensions; left out for all.</param>
/// <param name="UnitAmount">Flat: for the period. PerUnit: for a unit. Package: for a package.</param>
/// <param name="PackageSize">Of a package: the units in it.</param>
/// <param name="Tiers">Of a graduated or volume price: its tiers, from the lowest up.</param>
/// <param name="Percent">Of a percentage: 100 for the amount itself.</param>
/// <param name="FreeAllowance">Units that cost nothing in each billing period.</param>
/// <param name="Minimum">The least that is charged for a period.</param>
/// <param name="Description">What it is for, as it stands on the invoice.</param>
/// <param name="Reason">Why it is published.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record PriceBody(
    string Meter,
    PriceModel Model,
    string Currency,
    DateTimeOffset From,
    DateTimeOffset? To = null,
    IReadOnlyDictionary<string, string>? Where = null,
    decimal? UnitAmount = null,
    decimal? PackageSize = null,
    IReadOnlyList<PriceTierBody>? Tiers = null,
    decimal? Percent = null,
    decimal? FreeAllowance = null,
    decimal? Minimum = null,
    string? Description = null,
    string? Reason = null) : IValidated
{
    public void Validate(Faults faults) => Lists.NoNulls(faults, "/tiers", Tiers);

    public PublishPrice Command(string price, DateTimeOffset at) => new(
        new(price, 0, Meter, Model, Currency, From)
        {
            To = To,
            Where = Where?.ToImmutableSortedDictionary(StringComparer.Ordinal),
            UnitAmount = UnitAmount ?? 0m,
            PackageSize = PackageSize ?? 0m,
            Tiers = [.. (Tiers ?? []).Select(t => new PriceTier(t.UpTo, t.UnitAmount, t.FlatAmount ?? 0m))],
            Percent = Percent ?? 0m,
            FreeAllowance = FreeAllowance ?? 0m,
            Minimum = Minimum,
            Description = Description ?? "",
        },
        [.. (Tiers ?? []).Select(t => t.From)],
        Reason,
        at);
}

/// <summary>A version of a price, with when it was published.</summary>
/// <param name="Price">The version.</param>
/// <param name="Reason">Why it was published; null where nobody said.</param>
/// <param name="PublishedAt">When it was published; null for what comes with the product.</param>
/// <param name="KnownFrom">From when on it is in the log: what was known at a time is what was there by then.</param>
internal sealed record PriceVersionView(Price Price, string? Reason, DateTimeOffset? PublishedAt, DateTimeOffset? KnownFrom);

/// <summary>The versions of a price.</summary>
/// <param name="Versions">From 1 up.</param>
internal sealed record PriceVersionList(IReadOnlyList<PriceVersionView> Versions);

/// <summary>A meter that a plan brings along.</summary>
/// <param name="Meter">Its name.</param>
/// <param name="EventType">The CloudEvents type whose events it counts.</param>
/// <param name="Aggregation">How its readings become one number.</param>
/// <param name="Value">JSONPath into the event's data that gives the value; left out for a count.</param>
/// <param name="Percentile">Of a percentile: which, above 0 and below 100.</param>
/// <param name="Dimensions">What readings are told apart by: names and JSONPaths.</param>
/// <param name="Schema">JSON Schema (draft 2020-12) that the event's data must fit.</param>
/// <param name="Unit">The unit of the value; of a percentage price its currency.</param>
/// <param name="Description">What it counts, for people.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record PlanMeterBody(
    string Meter,
    string EventType,
    Aggregation Aggregation,
    string? Value = null,
    decimal? Percentile = null,
    IReadOnlyDictionary<string, string>? Dimensions = null,
    JsonElement? Schema = null,
    string? Unit = null,
    string? Description = null)
{
    public MeterDefinition Definition => new(Meter, EventType, Aggregation)
    {
        Value = Value,
        Percentile = Percentile,
        Dimensions = (Dimensions ?? ImmutableSortedDictionary<string, string>.Empty).ToImmutableSortedDictionary(StringComparer.Ordinal),
        Schema = Schema is { ValueKind: not JsonValueKind.Null } schema ? schema : null,
        Unit = Unit ?? "",
        Description = Description ?? "",
    };
}

/// <summary>A version of a plan.</summary>
/// <param name="Name">For people.</param>
/// <param name="Currency">ISO 4217: what invoices are in.</param>
/// <param name="RecurringFee">For a whole billing period.</param>
/// <param name="Interval">How often an invoice is made; left out for each month.</param>
/// <param name="IntervalCount">Every so many intervals; left out for 1.</param>
/// <param name="Prices">The ids of the prices that hold in it.</param>
/// <param name="Meters">Meters that tenants on it have beside the built-in ones and their own.</param>
/// <param name="Quotas">Its limits.</param>
/// <param name="Features">What else it includes, by name.</param>
/// <param name="TrialDays">Days that nothing is charged for at the start.</param>
/// <param name="SafeModePercent">From which percentage of a spent budget on runs are made cheaper; left out for no safe mode.</param>
/// <param name="IsPrivate">true: only the platform can put tenants on it.</param>
/// <param name="Reason">Why it is published.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record PlanBody(
    string Name,
    string Currency,
    decimal? RecurringFee = null,
    BillingInterval? Interval = null,
    int? IntervalCount = null,
    IReadOnlyList<string>? Prices = null,
    IReadOnlyList<PlanMeterBody>? Meters = null,
    IReadOnlyList<QuotaLimit>? Quotas = null,
    IReadOnlyList<string>? Features = null,
    int? TrialDays = null,
    int? SafeModePercent = null,
    bool? IsPrivate = null,
    string? Reason = null) : IValidated
{
    public void Validate(Faults faults)
    {
        Lists.NoNulls(faults, "/prices", Prices);
        Lists.NoNulls(faults, "/meters", Meters);
        Lists.NoNulls(faults, "/quotas", Quotas);
        Lists.NoNulls(faults, "/features", Features);
    }

    public Plan Plan(string id) => new(id, 0, Name, Currency)
    {
        RecurringFee = RecurringFee ?? 0m,
        Interval = Interval ?? BillingInterval.Month,
        IntervalCount = IntervalCount ?? 1,
        Prices = [.. Prices ?? []],
        Meters = [.. (Meters ?? []).Select(m => m.Definition)],
        Quotas = [.. Quotas ?? []],
        Features = [.. Features ?? []],
        TrialDays = TrialDays ?? 0,
        SafeModePercent = SafeModePercent,
        IsPrivate = IsPrivate == true,
    };
}

/// <summary>A version of a plan, with when it was published.</summary>
/// <param name="Plan">The version.</param>
/// <param name="Reason">Why it was published; null where nobody said.</param>
/// <param name="PublishedAt">When it was published; null for what comes with the product.</param>
/// <param name="KnownFrom">From when on it is in the log.</param>
internal sealed record PlanVersionView(Plan Plan, string? Reason, DateTimeOffset? PublishedAt, DateTimeOffset? KnownFrom);

/// <summary>The versions of a plan.</summary>
/// <param name="Versions">From 1 up.</param>
internal sealed record PlanVersionList(IReadOnlyList<PlanVersionView> Versions);

/// <summary>An exchange rate.</summary>
/// <param name="Base">ISO 4217: what is converted.</param>
/// <param name="Quote">ISO 4217: into what.</param>
/// <param name="Rate">Units of the quote currency for one of the base currency.</param>
/// <param name="From">The first moment at which it holds; until another one does.</param>
/// <param name="Confirmed">true: it is meant although it is more than twice as far from the one before.</param>
/// <param name="Reason">Why, or where it comes from.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record ExchangeRateBody(string Base, string Quote, decimal Rate, DateTimeOffset From, bool? Confirmed = null, string? Reason = null);

/// <summary>An exchange rate, with when it was published.</summary>
/// <param name="Base">ISO 4217: what is converted.</param>
/// <param name="Quote">ISO 4217: into what.</param>
/// <param name="Rate">Units of the quote currency for one of the base currency.</param>
/// <param name="From">The first moment at which it holds.</param>
/// <param name="Reason">Why, or where it comes from; null where nobody said.</param>
/// <param name="PublishedAt">When it was published.</param>
/// <param name="KnownFrom">From when on it is in the log.</param>
internal sealed record ExchangeRateView(string Base, string Quote, decimal Rate, DateTimeOffset From, string? Reason, DateTimeOffset PublishedAt, DateTimeOffset KnownFrom);

/// <summary>Exchange rates.</summary>
/// <param name="Rates">In the order in which they were published; of several from one moment the last counts.</param>
internal sealed record ExchangeRateList(IReadOnlyList<ExchangeRateView> Rates);

/// <summary>Lists in bodies.</summary>
internal static class Lists
{
    /// <summary>Names each entry that is null.</summary>
    public static void NoNulls<T>(Faults faults, string pointer, IReadOnlyList<T>? list)
        where T : class
    {
        for (var i = 0; i < (list?.Count ?? 0); i++)
        {
            if (list![i] is null)
            {
                faults.Add($"{pointer}/{i}", "is null");
            }
        }
    }
}
