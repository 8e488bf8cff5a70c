using AIaaS.Domain.Json;
using Json = AIaaS.Domain.Json.JsonSchema;

namespace AIaaS.Commands.Agents;

/// <summary>Checks the expressions, templates and schemas in a workflow's source, and puts their faults at the right place of the file.</summary>
internal static class WorkflowExpressions
{
    private static readonly string[] Roots = ["input", "steps", "vars", "loop", "run"];

    /// <summary>All expressions and templates of a node.</summary>
    public static IEnumerable<(YamlText Text, bool Template)> In(WorkflowFields fields)
    {
        foreach (var spec in fields.Specs)
        {
            if (fields.Part(spec.Name) is { } part && spec.Kind is FieldKind.Expression or FieldKind.Template or FieldKind.JsonTemplate)
            {
                foreach (var text in WorkflowTrees.Texts(part))
                {
                    yield return (text, spec.Kind != FieldKind.Expression);
                }
            }
        }
    }

    /// <summary>The paths that an expression or template reads.</summary>
    public static IReadOnlyList<ReferencedPath> Paths(string text, bool template) =>
        template ? (Template.TryParse(text, out var parsed, out _) ? parsed.Paths : [])
        : Expression.TryParse(text, out var expression, out _) ? expression.Paths : [];

    /// <summary>Names what is wrong with an expression.</summary>
    public static void CheckExpression(WorkflowSource source, YamlText text)
    {
        if (Expression.TryParse(text.Value, out var expression, out var fault))
        {
            CheckRoots(source, text, expression.Paths);
        }
        else
        {
            source.Fault(text, fault.Position, Sentence(fault.Message), fault.Hint);
        }
    }

    /// <summary>Names what is wrong with a template.</summary>
    public static void CheckTemplate(WorkflowSource source, YamlText text)
    {
        if (Template.TryParse(text.Value, out var template, out var fault))
        {
            CheckRoots(source, text, template.Paths);
        }
        else
        {
            source.Fault(text, fault.Position, Sentence(fault.Message), fault.Hint);
        }
    }

    /// <summary>Names what is wrong with a JSON Schema.</summary>
    public static void CheckSchema(WorkflowSource source, YamlPart part, string json)
    {
        if (!Json.TryCompile(json, out _, out var faults))
        {
            foreach (var fault in faults.Take(20))
            {
                var at = WorkflowTrees.At(part, Uri.UnescapeDataString(fault.Location[(fault.Location.IndexOf('#', StringComparison.Ordinal) + 1)..]));
                source.Fault(at, $"This is no JSON Schema: {fault.Message}.", fault.Hint);
            }
        }
    }

    // The hint is read right behind it.
    private static string Sentence(string text) => text.Length > 0 && text[^1] is not ('.' or '!' or '?') ? text + "." : text;

    /// <summary>The run's state has few members; what begins with another name is never there.</summary>
    private static void CheckRoots(WorkflowSource source, YamlText text, IReadOnlyList<ReferencedPath> paths)
    {
        foreach (var path in paths)
        {
            if (path.Names is [var first, ..] && !Roots.Contains(first))
            {
                source.Fault(text, path.Position, $"The state of a run has no '$.{WorkflowSource.Cut(first)}'.", WorkflowSource.Suggest(first, Roots));
            }
        }
    }
}
