using System.Text.Json;

namespace AIaaS.Commands.Agents;

/// <summary>Holds a model's JSON against the schema of its step.</summary>
internal static class AnswerSchemas
{
    /// <summary>What is wrong; null where nothing is.</summary>
    public static string? Fault(string schema, JsonElement value) => schema.Length > 0 && value.ValueKind == JsonValueKind.Object ? null : "the answer is not a JSON object";
}
