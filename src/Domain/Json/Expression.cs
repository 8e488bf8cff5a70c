using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace AIaaS.Domain.Json;

/// <summary>
/// An expression over a JSON document, compiled once: JSONPath (RFC 9535), comparisons, boolean logic, arithmetic and functions.
/// It is immutable and safe for any number of threads. Evaluating it never throws: a value of the wrong type gives null or false, and a bound that is exceeded gives an error as a result.
/// </summary>
public sealed class Expression
{
    private readonly Node node;
    private readonly ExpressionLimits limits;

    private Expression(string source, Node node, IReadOnlyList<ReferencedPath> paths, ExpressionLimits limits)
    {
        this.node = node;
        this.limits = limits;
        Source = source;
        Paths = paths;
    }

    /// <summary>The functions of the language.</summary>
    public static IEnumerable<ExpressionFunction> Functions => ExpressionFunctions.All.Values;

    /// <summary>The expression as it was written.</summary>
    public string Source { get; }

    /// <summary>The paths into the root document that it reads, those within filters included.</summary>
    public IReadOnlyList<ReferencedPath> Paths { get; }

    /// <summary>Compiles an expression, or says what is wrong with it.</summary>
    public static bool TryParse(string source, [NotNullWhen(true)] out Expression? expression, [NotNullWhen(false)] out ExpressionFault? fault, ExpressionLimits? limits = null)
    {
        var bounds = limits ?? ExpressionLimits.Default;
        var parser = new ExpressionParser(source, bounds);
        try
        {
            expression = new(source, parser.Expression(), parser.Paths, bounds);
            fault = null;
            return true;
        }
        catch (ExpressionFaultException e)
        {
            expression = null;
            fault = e.Fault;
            return false;
        }
    }

    /// <summary>Compiles an expression that stands in code.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static Expression Parse(string source, ExpressionLimits? limits = null) =>
        TryParse(source, out var expression, out var fault, limits) ? expression : throw new FormatException($"{source}: {fault}");

    /// <summary>The expression's value on a document. A view of the document lives as long as the document.</summary>
    public ExpressionResult Evaluate(JsonElement root) => Evaluate(ExpressionValue.From(root));

    /// <summary>The expression's value on a document that may be put together from several.</summary>
    public ExpressionResult Evaluate(ExpressionValue root) => Evaluation.Run(root, limits, node.Evaluate);

    /// <summary>Whether the expression's value counts as true; false where a bound is exceeded.</summary>
    public bool IsTrue(JsonElement root) => Evaluate(root).IsTrue;

    /// <summary>Whether the expression's value counts as true; false where a bound is exceeded.</summary>
    public bool IsTrue(ExpressionValue root) => Evaluate(root).IsTrue;

    /// <inheritdoc/>
    public override string ToString() => Source;
}

/// <summary>A query of RFC 9535 and nothing else, for where the standard's language is asked for.</summary>
public sealed class JsonPath
{
    private readonly PathNode path;
    private readonly ExpressionLimits limits;

    private JsonPath(string source, PathNode path, ExpressionLimits limits)
    {
        this.path = path;
        this.limits = limits;
        Source = source;
    }

    /// <summary>The query as it was written.</summary>
    public string Source { get; }

    /// <summary>Compiles a query, or says what is wrong with it.</summary>
    public static bool TryParse(string source, [NotNullWhen(true)] out JsonPath? query, [NotNullWhen(false)] out ExpressionFault? fault, ExpressionLimits? limits = null)
    {
        var bounds = limits ?? ExpressionLimits.Default;
        try
        {
            query = new(source, new ExpressionParser(source, bounds).Query(), bounds);
            fault = null;
            return true;
        }
        catch (ExpressionFaultException e)
        {
            query = null;
            fault = e.Fault;
            return false;
        }
    }

    /// <summary>The array of the nodes that the query selects.</summary>
    public ExpressionResult Select(JsonElement root) => Evaluation.Run(ExpressionValue.From(root), limits, e => ExpressionValue.Array(path.Nodes(e)));

    /// <summary>As above, with so many steps at most; those that were taken are taken off.</summary>
    public ExpressionResult Select(JsonElement root, ref int steps)
    {
        Evaluation? made = null;
        var result = Evaluation.Run(ExpressionValue.From(root), limits with { MaxSteps = Math.Clamp(steps, 0, limits.MaxSteps) }, e => ExpressionValue.Array(path.Nodes(made = e)));
        steps = (int)Math.Max(0, steps - (made?.Steps ?? 0));
        return result;
    }

    /// <inheritdoc/>
    public override string ToString() => Source;
}
