using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using AIaaS.EventStore;

namespace AIaaS.Domain.Tools;

/// <summary>The event types of tool calls. They stand in the streams of runs and sagas.</summary>
internal static class ToolEventTypes
{
    private static readonly DateTimeOffset At = new(2026, 1, 31, 9, 30, 0, TimeSpan.Zero);

    public static EventTypes.Builder AddTools(this EventTypes.Builder types)
    {
        var json = ToolJson.Default;
        var input = Json("""{"order_id":"#W1001","reason":"no longer needed"}""");
        var manifest = new ToolManifest("find_customer", "1.0.0", "Finds a customer in the CRM by e-mail address.", """{"type":"object","properties":{"email":{"type":"string"}},"required":["email"]}""", """{"type":"object"}""");
        var adapter = new ToolAdapter(Http: new("GET", "https://crm.example.com/customers?email={{ $.input.email }}") { Headers = ImmutableSortedDictionary<string, string>.Empty.Add("Authorization", "Bearer ${CRM_TOKEN}") });
        return types
            .Add("tool.registered", json.ToolRegistered, "tool", new ToolRegistered(manifest, adapter, RegisteredTool.Hash(manifest, adapter), At))
            .Add("tool.deprecated", json.ToolDeprecated, "tool", new ToolDeprecated("find_customer", "1.0.0", "version 2.0.0", At))
            .Add("tool.removed", json.ToolRemoved, "tool", new ToolRemoved("find_customer", "1.0.0", At))
            .Add("tool.call.requested", json.ToolCallRequested, "agentRun", new ToolCallRequested("cancel/1/1", "cancel", "cancel_pending_order", "1.0.0", input, new('0', 64), "acme/r1/cancel/1/1/cancel_pending_order", true, true, null, At))
            .Add("tool.call.succeeded", json.ToolCallSucceeded, "agentRun", new ToolCallSucceeded("cancel/1/1", "cancel", "cancel_pending_order", Json("""{"status":"cancelled"}"""), 1, 12.5, At))
            .Add("tool.call.failed", json.ToolCallFailed, "agentRun", new ToolCallFailed("cancel/1/1", "cancel", "cancel_pending_order", "tool-error", "Non-pending order cannot be cancelled", false, 1, 3.1, At))
            .Add("tool.call.unknown", json.ToolCallUnknown, "agentRun", new ToolCallUnknown("cancel/1/1", "cancel", "cancel_pending_order", "no answer within 30,000 ms", At))
            .Add("tool.call.resolved", json.ToolCallResolved, "agentRun", new ToolCallResolved("cancel/1/1", "cancel", "cancel_pending_order", true, Json("""{"status":"cancelled"}"""), "seen in the processor's console", "k7", At))
            .Add("tool.call.compensated", json.ToolCallCompensated, "agentRun", new ToolCallCompensated("charge/1/1", "charge", "charge_payment", "refund/1/1", At))
            .Add("tool.call.refused", json.ToolCallRefused, "agentRun", new ToolCallRefused("cancel/1/1", "cancel", "cancel_pending_order", input, "not-confirmed", "The customer has not confirmed this call.", At));
    }

    private static JsonElement Json(string text) => JsonSerializer.Deserialize<JsonElement>(text);
}

/// <summary>The source-generated JSON contracts of the tool events.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(ToolManifest))]
[JsonSerializable(typeof(ToolAdapter))]
[JsonSerializable(typeof(ToolRegistered))]
[JsonSerializable(typeof(ToolDeprecated))]
[JsonSerializable(typeof(ToolRemoved))]
[JsonSerializable(typeof(ToolCallRequested))]
[JsonSerializable(typeof(ToolCallSucceeded))]
[JsonSerializable(typeof(ToolCallFailed))]
[JsonSerializable(typeof(ToolCallUnknown))]
[JsonSerializable(typeof(ToolCallResolved))]
[JsonSerializable(typeof(ToolCallCompensated))]
[JsonSerializable(typeof(ToolCallRefused))]
internal sealed partial class ToolJson : JsonSerializerContext;
