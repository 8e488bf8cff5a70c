using System.Collections.Concurrent;
using System.Text.Json;
using AIaaS.Domain.Json;

namespace AIaaS.Domain.Agents;

/// <summary>The expressions and templates of a workflow, each compiled when it is first needed.</summary>
internal sealed class WorkflowCode
{
    private readonly ConcurrentDictionary<string, Expression?> expressions = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Template?> templates = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Document?> documents = new(StringComparer.Ordinal);

    /// <summary>An expression; null where the text is none.</summary>
    public Expression? Expression(string source) => expressions.GetOrAdd(source, static s => AIaaS.Domain.Json.Expression.TryParse(s, out var e, out _) ? e : null);

    /// <summary>A template; null where the text is none.</summary>
    public Template? Template(string source) => templates.GetOrAdd(source, static s => AIaaS.Domain.Json.Template.TryParse(s, out var t, out _) ? t : null);

    /// <summary>JSON whose texts are templates; null where the text is none.</summary>
    public Document? Json(string source) => documents.GetOrAdd(source, static s => Document.Of(s));

    /// <summary>JSON whose texts are templates, with its value where that is the same for every state.</summary>
    /// <param name="Template">The template.</param>
    /// <param name="Constant">Its value; null where it depends on the state.</param>
    internal sealed record Document(JsonTemplate Template, JsonElement? Constant)
    {
        public static Document? Of(string source)
        {
            try
            {
                if (!JsonTemplate.TryParse(JsonSerializer.Deserialize<JsonElement>(source), out var template, out _))
                {
                    return null;
                }

                return template.Paths.Count == 0 && template.Evaluate(ExpressionValue.Absent) is { Error: null } constant ? new(template, constant.Value.ToJson()) : new(template, null);
            }
            catch (JsonException)
            {
                return null;
            }
        }
    }
}
