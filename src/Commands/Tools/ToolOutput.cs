using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using AIaaS.Domain.Tools;

namespace AIaaS.Commands.Tools;

/// <summary>Makes outputs of what came back.</summary>
internal static class ToolOutput
{
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    public static JsonElement Null { get; } = Parse("null"u8);

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

    /// <summary>An answer as an output: JSON, or text that becomes a JSON string.</summary>
    public static ToolOutcome.Succeeded Read(ReadOnlySpan<byte> utf8, bool isJson)
    {
        string text;
        try
        {
            text = Strict.GetString(utf8);
        }
        catch (DecoderFallbackException)
        {
            return new(Null) { Flag = "the answer is no valid UTF-8" };
        }

        if (!isJson)
        {
            return new(JsonSerializer.SerializeToElement(text, ToolOutputJson.Default.String));
        }

        try
        {
            return new(Parse(utf8));
        }
        catch (JsonException)
        {
            return new(text.Length <= 2_000 ? JsonSerializer.SerializeToElement(text, ToolOutputJson.Default.String) : Null) { Flag = $"the answer is no JSON, or is nested deeper than {ToolContent.MaxDepth} levels" };
        }
    }

    private static JsonElement Parse(ReadOnlySpan<byte> utf8)
    {
        using var document = JsonDocument.Parse(utf8.ToArray(), new() { MaxDepth = ToolContent.MaxDepth });
        return document.RootElement.Clone();
    }
}

[JsonSerializable(typeof(JsonObject))]
[JsonSerializable(typeof(JsonElement))]
[JsonSerializable(typeof(string))]
internal sealed partial class ToolOutputJson : JsonSerializerContext;
