using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using AIaaS.Api.Http;
using AIaaS.Api.OpenApi;
using AIaaS.Commands.Metering;
using AIaaS.Domain.Metering;
using AIaaS.EventStore;
using Microsoft.AspNetCore.Http.HttpResults;

namespace AIaaS.Api.Metering;

/// <summary>A meter.</summary>
/// <param name="EventType">The CloudEvents type whose events it counts.</param>
/// <param name="Aggregation">How its readings become one number.</param>
/// <param name="Value">JSONPath into the event's data that gives the value; null for a count.</param>
/// <param name="Percentile">Of a percentile: which, above 0 and below 100.</param>
/// <param name="Dimensions">What readings are told apart by: names and JSONPaths.</param>
/// <param name="Schema">JSON Schema (draft 2020-12) that the event's data must fit.</param>
/// <param name="Unit">The unit of the value, for people.</param>
/// <param name="Description">What it counts, for people.</param>
/// <param name="Tenant">May name the caller's own tenant; better left out.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record MeterBody(
    string EventType,
    Aggregation Aggregation,
    string? Value = null,
    decimal? Percentile = null,
    IReadOnlyDictionary<string, string>? Dimensions = null,
    JsonElement? Schema = null,
    string? Unit = null,
    string? Description = null,
    string? Tenant = null) : INamesTenant;

/// <summary>A meter as it stands.</summary>
/// <param name="Meter">Its name.</param>
/// <param name="Origin">platform, plan or tenant.</param>
/// <param name="EventTypes">The CloudEvents types whose events it counts.</param>
/// <param name="Aggregation">How its readings become one number.</param>
/// <param name="Value">JSONPath of the value; null for a count.</param>
/// <param name="Percentile">Of a percentile: which.</param>
/// <param name="Dimensions">Names and JSONPaths of the dimensions.</param>
/// <param name="Schema">JSON Schema of the event's data; null for none.</param>
/// <param name="Unit">The unit of the value.</param>
/// <param name="Description">What it counts.</param>
/// <param name="Version">Of a tenant's own meter: from 1, one more with each change; 0 for others.</param>
/// <param name="Retired">Whether it counts no longer.</param>
internal sealed record MeterView(string Meter, string Origin, IReadOnlyList<string> EventTypes, Aggregation Aggregation, string? Value, decimal? Percentile, IReadOnlyDictionary<string, string> Dimensions, JsonElement? Schema, string Unit, string Description, int Version, bool Retired);

/// <summary>A tenant's meters.</summary>
/// <param name="Meters">The platform's, those of the plan, and the tenant's own, by name.</param>
internal sealed record MeterList(IReadOnlyList<MeterView> Meters);

/// <summary>What is counted.</summary>
internal static class MeterEndpoints
{
    private const string BodyExample = """{ "eventType": "com.example.upload", "aggregation": "Sum", "value": "$.bytes", "dimensions": { "region": "$.region" }, "schema": { "type": "object", "required": [ "bytes" ] }, "unit": "bytes", "description": "Uploaded bytes" }""";

    private const string ViewExample = """{ "meter": "uploaded_bytes", "origin": "tenant", "eventTypes": [ "com.example.upload" ], "aggregation": "Sum", "value": "$.bytes", "percentile": null, "dimensions": { "region": "$.region" }, "schema": { "type": "object", "required": [ "bytes" ] }, "unit": "bytes", "description": "Uploaded bytes", "version": 1, "retired": false }""";

    public static void Map(RouteGroupBuilder v1)
    {
        var meters = v1.MapGroup("/meters").WithTags("Usage");
        meters.MapGet("", ListAsync)
            .Describe("listMeters", "List meters", "The platform's own, those of the plan, and the tenant's; retired ones too.")
            .ForTenants(Scopes.MetersRead)
            .Example(response: $$"""{ "meters": [ {{ViewExample}} ] }""");
        meters.MapGet("/{meter}", GetAsync)
            .Describe("getMeter", "Get a meter", "What it counts.")
            .ForTenants(Scopes.MetersRead)
            .Example(response: ViewExample);
        meters.MapPut("/{meter}", PutAsync)
            .Describe("declareMeter", "Declare a meter", "It counts what comes after this; what was read before stays as it was read. The same again changes nothing. How a meter aggregates cannot be changed.")
            .ForTenants(Scopes.MetersWrite)
            .Problem(409)
            .Example(BodyExample, ViewExample);
        meters.MapDelete("/{meter}", DeleteAsync)
            .Describe("retireMeter", "Retire a meter", "It counts no longer. What it counted can still be asked for.")
            .ForTenants(Scopes.MetersWrite)
            .Problem(409);
    }

    private static async Task<Ok<MeterList>> ListAsync(Caller caller, MeterRegistry meters, CancellationToken cancellationToken) =>
        TypedResults.Ok(new MeterList(await AllAsync(caller.Tenant, meters, cancellationToken)));

    private static async Task<Ok<MeterView>> GetAsync(string meter, Caller caller, MeterRegistry meters, CancellationToken cancellationToken) =>
        TypedResults.Ok((await AllAsync(caller.Tenant, meters, cancellationToken)).FirstOrDefault(m => m.Meter == meter) ?? throw new DomainException(MeterErrors.NotFound(meter)));

    private static async Task<Ok<MeterView>> PutAsync(string meter, JsonBody<MeterBody> body, Caller caller, MeterService meters, TimeProvider time, HttpContext context, CancellationToken cancellationToken)
    {
        var b = body.Value;
        var definition = new MeterDefinition(meter, b.EventType, b.Aggregation)
        {
            Value = b.Value,
            Percentile = b.Percentile,
            Dimensions = (b.Dimensions ?? ImmutableDictionary<string, string>.Empty).ToImmutableSortedDictionary(StringComparer.Ordinal),
            Schema = b.Schema is { ValueKind: not JsonValueKind.Null } schema ? schema : null,
            Unit = b.Unit ?? "",
            Description = b.Description ?? "",
        };
        var result = await meters.DeclareAsync(new(caller.Tenant, definition, time.GetUtcNow()), new(caller.Tenant, caller.Actor, null, Correlation.Of(context)), cancellationToken);
        Freshness.Answer(context, result.Position);
        return TypedResults.Ok(View(result.State.Meters[meter]));
    }

    private static async Task<NoContent> DeleteAsync(string meter, Caller caller, MeterService meters, TimeProvider time, HttpContext context, CancellationToken cancellationToken)
    {
        var result = await meters.RetireAsync(new(caller.Tenant, meter, time.GetUtcNow()), new(caller.Tenant, caller.Actor, null, Correlation.Of(context)), cancellationToken);
        Freshness.Answer(context, result.Position);
        return TypedResults.NoContent();
    }

    private static async Task<IReadOnlyList<MeterView>> AllAsync(string tenant, MeterRegistry meters, CancellationToken cancellationToken)
    {
        var (own, ofPlan) = await meters.DefinitionsAsync(tenant, cancellationToken);
        return
        [
            .. BuiltInMeters.All.GroupBy(m => m.Meter, StringComparer.Ordinal).Select(g => View(g.First(), "platform", [.. g.Select(m => m.EventType)], 0, false))
                .Concat(ofPlan.Select(m => View(m, "plan", [m.EventType], 0, false)))
                .Concat(own.Meters.Values.Select(View))
                .DistinctBy(m => m.Meter, StringComparer.Ordinal)
                .OrderBy(m => m.Meter, StringComparer.Ordinal),
        ];
    }

    /// <summary>The meter of that name: built-in, the plan's, or the tenant's own, also when it is retired; null where there is none.</summary>
    internal static MeterDefinition? Find(MeterCatalog own, IReadOnlyList<MeterDefinition> ofPlan, string name) =>
        BuiltInMeters.Find(name) ?? ofPlan.FirstOrDefault(m => m.Meter == name) ?? own.Find(name);

    private static MeterView View(DeclaredMeter meter) => View(meter.Definition, "tenant", [meter.Definition.EventType], meter.Version, meter.IsRetired);

    private static MeterView View(MeterDefinition m, string origin, IReadOnlyList<string> types, int version, bool isRetired) =>
        new(m.Meter, origin, types, m.Aggregation, m.Value, m.Percentile, m.Dimensions, m.Schema, m.Unit, m.Description, version, isRetired);
}
