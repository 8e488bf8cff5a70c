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
        return types
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
[JsonSerializable(typeof(ToolCallRequested))]
[JsonSerializable(typeof(ToolCallSucceeded))]
[JsonSerializable(typeof(ToolCallFailed))]
[JsonSerializable(typeof(ToolCallUnknown))]
[JsonSerializable(typeof(ToolCallResolved))]
[JsonSerializable(typeof(ToolCallCompensated))]
[JsonSerializable(typeof(ToolCallRefused))]
internal sealed partial class ToolJson : JsonSerializerContext;
