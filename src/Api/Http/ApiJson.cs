using System.Text.Json.Serialization;
using AIaaS.Api.Audit;
using AIaaS.Api.ControlPlane;

namespace AIaaS.Api.Http;

/// <summary>The source-generated JSON contracts of requests and answers: camel case; members without a value are written as null.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    NumberHandling = JsonNumberHandling.Strict,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(Problem))]
[JsonSerializable(typeof(StreamPage))]
[JsonSerializable(typeof(SubscriptionList))]
[JsonSerializable(typeof(ParkedEventList))]
[JsonSerializable(typeof(ReplayParkedBody))]
[JsonSerializable(typeof(ParkedEventsReplayed))]
[JsonSerializable(typeof(RebuildStarted))]
[JsonSerializable(typeof(HealthReport))]
internal sealed partial class ApiJson : JsonSerializerContext
{
    /// <summary>How requests are read.</summary>
    public static ApiJson Strict => field ??= new(new(Default.Options!)
    {
        AllowDuplicateProperties = false,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        MaxDepth = JsonReading.MaxDepth,
    });
}
