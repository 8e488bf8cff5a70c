using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace AIaaS.Domain.Metering;

/// <summary>How the readings of a meter become one number.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Aggregation>))]
public enum Aggregation
{
    /// <summary>The sum of the values.</summary>
    Sum,

    /// <summary>How many events there are.</summary>
    Count,

    /// <summary>How many different items the values name.</summary>
    UniqueCount,

    /// <summary>The largest value.</summary>
    Max,

    /// <summary>The value of the newest event, by the event's own time; of several at one time the largest, so that the order of arrival does not matter.</summary>
    Latest,

    /// <summary>The value that so many percent of the values do not exceed (nearest rank), exactly.</summary>
    Percentile,
}

/// <summary>What is counted of events of one type.</summary>
/// <param name="Meter">The meter's name: lower-case letters, digits, <c>_</c>, <c>.</c>; unique among a tenant's meters.</param>
/// <param name="EventType">The CloudEvents type whose events it counts.</param>
/// <param name="Aggregation">How readings become one number.</param>
public sealed record MeterDefinition(string Meter, string EventType, Aggregation Aggregation)
{
    /// <summary>JSONPath (RFC 9535) into the event's data that gives the value: a number, or of a unique count a text or a number. Null for a count.</summary>
    public string? Value { get; init; }

    /// <summary>Of a percentile: which, above 0 and below 100; null for the others.</summary>
    public decimal? Percentile { get; init; }

    /// <summary>What the readings can be told apart by: a name and the JSONPath that gives its value. A path that finds nothing gives no dimension.</summary>
    public ImmutableSortedDictionary<string, string> Dimensions { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>JSON Schema (draft 2020-12) that the event's data must fit; null for none.</summary>
    public JsonElement? Schema { get; init; }

    /// <summary>The unit of the value, for people: <c>tokens</c>, <c>bytes</c>, <c>USD</c>.</summary>
    public string Unit { get; init; } = "";

    /// <summary>What it counts, for people.</summary>
    public string Description { get; init; } = "";
}
