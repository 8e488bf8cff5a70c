using System.Text.Json;
using AIaaS.Domain.Json;

namespace AIaaS.Commands.Tools;

/// <summary>A tool's schema of input or output, compiled once.</summary>
internal sealed class ToolSchema(string json)
{
    private static readonly JsonSchemaOptions Bounds = new() { MaxErrors = 5, MaxSteps = 200_000, MaxSchemaLength = ToolRules.MaxSchemaLength };

    private readonly JsonSchema schema = JsonSchema.Compile(json, Bounds);

    /// <summary>What is wrong with a schema; null when nothing is.</summary>
    public static string? FaultOf(string json) => JsonSchema.TryCompile(json, out _, out var faults, Bounds) ? null : string.Join("; ", faults.Take(5));

    /// <summary>What is wrong with a value; null when nothing is.</summary>
    public string? Fault(JsonElement value)
    {
        var result = schema.Validate(value.ValueKind == JsonValueKind.Undefined ? ToolOutput.Null : value);
        return result.Valid ? null : string.Join("; ", result.Errors);
    }
}
