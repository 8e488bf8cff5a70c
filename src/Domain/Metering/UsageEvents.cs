using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using AIaaS.EventStore;

namespace AIaaS.Domain.Metering;

/// <summary>What one meter read off one event.</summary>
/// <param name="Meter">The meter.</param>
/// <param name="Value">The value; 1 of a count and of a unique count.</param>
public sealed record MeterReading(string Meter, decimal Value)
{
    /// <summary>How the meter's readings become one number; null where they add up: sums and counts. It stands here so that a fold of usage needs no meters.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Aggregation? Aggregation { get; init; }

    /// <summary>Of a unique count: what the event names; null for the others.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Item { get; init; }

    /// <summary>The dimensions' values by name; null where there are none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ImmutableSortedDictionary<string, string>? Dimensions { get; init; }
}

/// <summary>
/// Type <c>usage.metered</c> in <c>usage-{tenant}_log</c>: something was used. All usage of a tenant lies in this one stream, each event once; its
/// version there is its number in every proof. What the meters read is recorded with it, so that everything that follows is a fold.
/// </summary>
/// <param name="Source">CloudEvents source: who reports it. Unique together with <paramref name="Id"/>.</param>
/// <param name="Id">CloudEvents id.</param>
/// <param name="Type">CloudEvents type: which meters count it.</param>
/// <param name="Subject">CloudEvents subject: whom or what it is about; null where nobody said.</param>
/// <param name="Time">When it was used (business time), UTC: decides the billing period.</param>
/// <param name="Data">CloudEvents data, as it came.</param>
/// <param name="Readings">What the meters read, in the order of their names.</param>
/// <param name="At">When it was taken in, UTC.</param>
[JsonConverter(typeof(UsageMeteredConverter))]
public sealed record UsageMetered(string Source, string Id, string Type, string? Subject, DateTimeOffset Time, JsonElement Data, ImmutableArray<MeterReading> Readings, DateTimeOffset At) : DomainEvent
{
    /// <summary>The event type.</summary>
    public const string TypeName = "usage.metered";

    /// <summary>What the stream of a tenant's usage is named, up to the tenant.</summary>
    public const string Category = "usage";

    /// <summary>The stream of a tenant's usage.</summary>
    public static StreamName Stream(string tenant) => StreamName.For(Category, tenant, "log");
}
