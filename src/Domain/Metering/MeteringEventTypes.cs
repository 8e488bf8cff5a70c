using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using AIaaS.EventStore;

namespace AIaaS.Domain.Metering;

/// <summary>The event types of metering.</summary>
internal static class MeteringEventTypes
{
    private static readonly DateTimeOffset At = new(2026, 1, 31, 9, 30, 0, TimeSpan.Zero);

    public static EventTypes.Builder AddMetering(this EventTypes.Builder types)
    {
        var json = MeteringJson.Default;
        using var data = JsonDocument.Parse("""{ "bytes": 1048576, "region": "eu" }""");
        var dimensions = ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);
        return types
            .Add("meter.declared", json.MeterDeclared, "meters", new MeterDeclared(new("uploaded_bytes", "com.example.upload", Aggregation.Sum) { Value = "$.bytes", Dimensions = dimensions.Add("region", "$.region"), Unit = "bytes" }, 1, At))
            .Add("meter.retired", json.MeterRetired, "meters", new MeterRetired("uploaded_bytes", At))
            .Add(UsageMetered.TypeName, json.UsageMetered, UsageMetered.Category, new UsageMetered("/shop/uploads", "u1", "com.example.upload", "customer-7", At, data.RootElement.Clone(), [new("uploaded_bytes", 1_048_576m) { Dimensions = dimensions.Add("region", "eu") }], At));
    }
}

/// <summary>The source-generated JSON contracts of metering.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(MeterDeclared))]
[JsonSerializable(typeof(MeterRetired))]
[JsonSerializable(typeof(UsageMetered))]
[JsonSerializable(typeof(MeterDefinition))]
[JsonSerializable(typeof(MeterAggregate))]
public sealed partial class MeteringJson : JsonSerializerContext;
