using System.Collections.Immutable;
using System.Text.Json.Serialization;
using AIaaS.Domain.Metering;

namespace AIaaS.Domain.Pricing;

/// <summary>The stretch of time that a quota counts over, in UTC; calendar ones begin with their unit.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<QuotaWindow>))]
public enum QuotaWindow
{
    /// <summary>At any one moment: storage, concurrent runs.</summary>
    Moment,

    /// <summary>A minute.</summary>
    Minute,

    /// <summary>An hour.</summary>
    Hour,

    /// <summary>A calendar day.</summary>
    Day,

    /// <summary>A calendar month.</summary>
    Month,
}

/// <summary>What a quota limits.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<QuotaResource>))]
public enum QuotaResource
{
    /// <summary>API requests.</summary>
    Requests,

    /// <summary>Tokens of all classes.</summary>
    Tokens,

    /// <summary>Runs.</summary>
    Runs,

    /// <summary>Stored bytes, now.</summary>
    StorageBytes,

    /// <summary>Runs under way, now.</summary>
    ConcurrentRuns,
}

/// <summary>The most of something in a stretch of time.</summary>
/// <param name="Resource">Of what.</param>
/// <param name="Window">In which stretch.</param>
/// <param name="Limit">How much, from 0 up.</param>
public sealed record QuotaLimit(QuotaResource Resource, QuotaWindow Window, long Limit);

/// <summary>How often an invoice is made.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<BillingInterval>))]
public enum BillingInterval
{
    /// <summary>Every so many days.</summary>
    Day,

    /// <summary>Every so many weeks.</summary>
    Week,

    /// <summary>Every so many months, on the day of the anchor; on the last one of a month that is shorter.</summary>
    Month,

    /// <summary>Every so many years.</summary>
    Year,
}

/// <summary>A version of what is sold: a set of prices with limits and features. A version never changes; tenants stay on theirs until they are moved.</summary>
/// <param name="Id">The plan's id: a lower-case slug.</param>
/// <param name="Version">From 1.</param>
/// <param name="Name">For people.</param>
/// <param name="Currency">ISO 4217: what invoices are in. Prices in other currencies are converted by the rate of the period's end.</param>
public sealed record Plan(string Id, int Version, string Name, string Currency)
{
    /// <summary>For a whole billing period, in the plan's currency; charged to the second for a part of one.</summary>
    public decimal RecurringFee { get; init; }

    /// <summary>How often an invoice is made.</summary>
    public BillingInterval Interval { get; init; } = BillingInterval.Month;

    /// <summary>Every so many intervals, 1 to 366.</summary>
    public int IntervalCount { get; init; } = 1;

    /// <summary>The ids of the prices that hold in it.</summary>
    public ImmutableArray<string> Prices { get; init; } = [];

    /// <summary>Meters that tenants on it have beside the built-in ones and their own.</summary>
    public ImmutableArray<MeterDefinition> Meters { get; init; } = [];

    /// <summary>Its limits.</summary>
    public ImmutableArray<QuotaLimit> Quotas { get; init; } = [];

    /// <summary>What else it includes, by name: <c>priority_support</c>.</summary>
    public ImmutableArray<string> Features { get; init; } = [];

    /// <summary>Days that nothing is charged for at the start; 0 for none.</summary>
    public int TrialDays { get; init; }

    /// <summary>Whether only the platform can put tenants on it; otherwise they can choose it themselves.</summary>
    public bool IsPrivate { get; init; }

    /// <summary>Of the safe mode: from which percentage of a spent budget on runs are made cheaper; null where the plan has none.</summary>
    public int? SafeModePercent { get; init; }
}
