using System.Runtime.CompilerServices;
using System.Text.Json;
using AIaaS.Domain.Json;

namespace AIaaS.Commands.Agents;

/// <summary>Holds a model's JSON against the schema of its step.</summary>
internal static class AnswerSchemas
{
    private static readonly JsonSchemaOptions Bounds = new() { MaxErrors = 5, MaxSteps = 200_000 };

    // Compiled once for each workflow that is loaded, and let go with it.
    private static readonly ConditionalWeakTable<string, Compiled> Known = [];

    /// <summary>What is wrong; null where nothing is.</summary>
    public static string? Fault(string schema, JsonElement value)
    {
        var compiled = Known.GetValue(schema, static s => new(JsonSchema.TryCompile(s, out var c, out _, Bounds) ? c : null));
        if (compiled.Schema is null)
        {
            return "the schema of the step cannot be used";
        }

        var result = compiled.Schema.Validate(value);
        return result.Valid ? null : string.Join("; ", result.Errors);
    }

    private sealed record Compiled(JsonSchema? Schema);
}
