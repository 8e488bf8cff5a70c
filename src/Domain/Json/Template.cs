using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace AIaaS.Domain.Json;

/// <summary>A text with expressions in double braces, compiled once: <c>Hello {{ $.name }}</c>.</summary>
public sealed class Template
{
    private readonly Node node;
    private readonly ExpressionLimits limits;

    private Template(string source, Node[] parts, IReadOnlyList<ReferencedPath> paths, ExpressionLimits limits)
    {
        this.limits = limits;
        Source = source;
        Paths = paths;
        IsConstant = parts is [] or [Literal] && !source.StartsWith("{{", StringComparison.Ordinal);
        IsSingleExpression = parts.Length == 1 && !IsConstant;
        node = IsSingleExpression ? parts[0] : new TextNode(parts);
    }

    /// <summary>The template as it was written.</summary>
    public string Source { get; }

    /// <summary>The paths into the root document that it reads.</summary>
    public IReadOnlyList<ReferencedPath> Paths { get; }

    /// <summary>Whether there is no expression in it.</summary>
    public bool IsConstant { get; }

    /// <summary>Whether it is one expression in braces with nothing around it, so that its value keeps its type.</summary>
    public bool IsSingleExpression { get; }

    /// <summary>Compiles a template, or says what is wrong with it.</summary>
    public static bool TryParse(string source, [NotNullWhen(true)] out Template? template, [NotNullWhen(false)] out ExpressionFault? fault, ExpressionLimits? limits = null)
    {
        var bounds = limits ?? ExpressionLimits.Default;
        var parser = new ExpressionParser(source, bounds);
        try
        {
            template = new(source, parser.Template(), parser.Paths, bounds);
            fault = null;
            return true;
        }
        catch (ExpressionFaultException e)
        {
            template = null;
            fault = e.Fault;
            return false;
        }
    }

    /// <summary>Compiles a template that stands in code.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static Template Parse(string source, ExpressionLimits? limits = null) =>
        TryParse(source, out var template, out var fault, limits) ? template : throw new FormatException($"{source}: {fault}");

    /// <summary>The value: of one expression in braces with its type, otherwise the text.</summary>
    public ExpressionResult Evaluate(JsonElement root) => Evaluate(ExpressionValue.From(root));

    /// <summary>The value: of one expression in braces with its type, otherwise the text.</summary>
    public ExpressionResult Evaluate(ExpressionValue root) => Evaluation.Run(root, limits, node.Evaluate);

    /// <summary>The text, whatever the template is made of, or the error.</summary>
    public ExpressionResult Render(JsonElement root) => Render(ExpressionValue.From(root));

    /// <summary>The text, whatever the template is made of, or the error.</summary>
    public ExpressionResult Render(ExpressionValue root) => Evaluation.Run(root, limits, new TextNode([node]).Evaluate);

    /// <inheritdoc/>
    public override string ToString() => Source;

    internal ExpressionValue Evaluate(Evaluation evaluation) => node.Evaluate(evaluation);
}

/// <summary>What is wrong with a template within a document.</summary>
/// <param name="Pointer">Where the text stands, as a JSON Pointer.</param>
/// <param name="Fault">What is wrong with it.</param>
public sealed record JsonTemplateFault(string Pointer, ExpressionFault Fault)
{
    /// <inheritdoc/>
    public override string ToString() => $"{(Pointer.Length == 0 ? "/" : Pointer)}: {Fault}";
}

/// <summary>
/// A JSON document whose texts are templates, compiled once, for instance what a tool is called with:
/// <c>{"order_id": "{{ $.steps.find.order_id }}", "reason": "no longer needed"}</c>. A member whose value is absent is left out; an absent item becomes null.
/// </summary>
public sealed class JsonTemplate
{
    private const int DeepestTemplate = 64;

    private readonly Node node;
    private readonly ExpressionLimits limits;

    private JsonTemplate(Node node, IReadOnlyList<ReferencedPath> paths, ExpressionLimits limits)
    {
        this.node = node;
        this.limits = limits;
        Paths = paths;
    }

    /// <summary>The paths into the root document that the texts read.</summary>
    public IReadOnlyList<ReferencedPath> Paths { get; }

    /// <summary>Compiles the texts of a document, or says what is wrong with each. The document may be let go afterwards.</summary>
    public static bool TryParse(JsonElement document, [NotNullWhen(true)] out JsonTemplate? template, out IReadOnlyList<JsonTemplateFault> faults, ExpressionLimits? limits = null)
    {
        var bounds = limits ?? ExpressionLimits.Default;
        var found = new List<JsonTemplateFault>();
        var paths = new List<ReferencedPath>();
        var node = NodeOf(document, "", 0, bounds, paths, found);
        faults = found;
        template = found.Count == 0 ? new(node, paths, bounds) : null;
        return template is not null;
    }

    /// <summary>Compiles a document that stands in code.</summary>
    /// <exception cref="FormatException">A text of it is no template.</exception>
    public static JsonTemplate Parse(JsonElement document, ExpressionLimits? limits = null) =>
        TryParse(document, out var template, out var faults, limits) ? template : throw new FormatException(string.Join('\n', faults));

    /// <summary>The document with each template replaced by its value.</summary>
    public ExpressionResult Evaluate(JsonElement root) => Evaluate(ExpressionValue.From(root));

    /// <summary>The document with each template replaced by its value.</summary>
    public ExpressionResult Evaluate(ExpressionValue root) => Evaluation.Run(root, limits, node.Evaluate);

    private static Node NodeOf(JsonElement element, string pointer, int depth, ExpressionLimits limits, List<ReferencedPath> paths, List<JsonTemplateFault> faults)
    {
        if (depth > DeepestTemplate)
        {
            faults.Add(new(pointer, new(0, $"The document is more than {DeepestTemplate} levels deep", "Make it flatter.")));
            return new Literal(ExpressionValue.Null);
        }

        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                return new ObjectNode([.. element.EnumerateObject().Select(p => (p.Name, NodeOf(p.Value, $"{pointer}/{JsonPointer.Escape(p.Name)}", depth + 1, limits, paths, faults)))]);
            case JsonValueKind.Array:
                return new ArrayNode([.. element.EnumerateArray().Select((item, i) => NodeOf(item, $"{pointer}/{i}", depth + 1, limits, paths, faults))]);
            case JsonValueKind.String:
                if (!Template.TryParse(element.GetString()!, out var template, out var fault, limits))
                {
                    faults.Add(new(pointer, fault));
                    return new Literal(ExpressionValue.Null);
                }

                paths.AddRange(template.Paths);
                return template.IsConstant ? new Literal(ExpressionValue.From(template.Source)) : new TemplateNode(template);
            default:
                return new Literal(ExpressionValue.From(element.Clone()));
        }
    }

    private sealed class TemplateNode(Template template) : Node
    {
        public override ExpressionValue Evaluate(Evaluation evaluation) => template.Evaluate(evaluation);
    }
}
