using System.Text.Json;
using System.Text.Json.Nodes;

namespace AIaaS.Commands.Tools;

/// <summary>Outputs that stand for something else than what a tool should return.</summary>
internal static class ToolOutput
{
    public static JsonElement Null { get; } = JsonSerializer.Deserialize<JsonElement>("null");

    /// <summary>The work was done, but what came back is not what the tool's schema says: <c>{"$code": …, "$reason": …, "$raw": …}</c>.</summary>
    public static JsonElement Flagged(string code, string reason, JsonElement? raw)
    {
        var flagged = new JsonObject { ["$code"] = code, ["$reason"] = reason.Length <= 1_000 ? reason : reason[..1_000] + "…" };
        if (raw is { } value)
        {
            flagged["$raw"] = JsonNode.Parse(value.GetRawText());
        }

        return JsonSerializer.SerializeToElement(flagged, ToolOutputJson.Default.JsonObject);
    }
}

[System.Text.Json.Serialization.JsonSerializable(typeof(JsonObject))]
internal sealed partial class ToolOutputJson : System.Text.Json.Serialization.JsonSerializerContext;
