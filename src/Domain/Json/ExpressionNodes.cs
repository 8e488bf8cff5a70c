using System.Globalization;

namespace AIaaS.Domain.Json;

/// <summary>A part of a compiled expression. It holds no state of an evaluation.</summary>
internal abstract class Node
{
    public abstract ExpressionValue Evaluate(Evaluation evaluation);

    public bool IsTrue(Evaluation evaluation) => Evaluate(evaluation).IsTrue;
}

internal sealed class Literal(ExpressionValue value) : Node
{
    public ExpressionValue Value => value;

    public override ExpressionValue Evaluate(Evaluation evaluation) => value;
}

/// <summary>Where a path begins.</summary>
internal sealed class Start(bool isRoot) : Node
{
    public override ExpressionValue Evaluate(Evaluation evaluation) => isRoot ? evaluation.Root : evaluation.Current;
}

/// <summary>A JSONPath query, or a path that begins at the value of another expression.</summary>
internal sealed class PathNode(Node start, Segment[] segments) : Node
{
    public bool IsSingular { get; } = segments.All(s => s.IsSingular);

    /// <summary>The node's value where the path leads to one node at most, otherwise the array of all nodes.</summary>
    public override ExpressionValue Evaluate(Evaluation evaluation)
    {
        if (!IsSingular)
        {
            return ExpressionValue.Array(Nodes(evaluation));
        }

        var value = start.Evaluate(evaluation);
        foreach (var segment in segments)
        {
            evaluation.Step(1 + (value.Breadth / 32));
            value = segment.Single(value);
            if (value.Kind is ExpressionValueKind.Absent)
            {
                break;
            }
        }

        return value;
    }

    public IReadOnlyList<ExpressionValue> Nodes(Evaluation evaluation)
    {
        var first = start.Evaluate(evaluation);
        List<ExpressionValue> nodes = first.Kind is ExpressionValueKind.Absent ? [] : [first];
        foreach (var segment in segments)
        {
            var next = new List<ExpressionValue>();
            foreach (var node in nodes)
            {
                segment.Select(node, next, evaluation);
            }

            nodes = next;
        }

        return nodes;
    }
}

internal sealed class Segment(Selector[] selectors, bool isDescendant)
{
    public bool IsSingular => !isDescendant && selectors is [NameSelector or IndexSelector];

    /// <summary>The name that the segment goes to and to no other; null where there is none.</summary>
    public string? Name => isDescendant || selectors is not [NameSelector name] ? null : name.Name;

    public ExpressionValue Single(ExpressionValue node) => selectors[0] is NameSelector name ? node.Member(name.Name) : node.Item(((IndexSelector)selectors[0]).Index);

    public void Select(ExpressionValue node, List<ExpressionValue> into, Evaluation evaluation)
    {
        if (isDescendant)
        {
            Visit(node, into, evaluation, 0);
            return;
        }

        foreach (var selector in selectors)
        {
            evaluation.Step(1 + (node.Breadth / 32));
            selector.Select(node, into, evaluation);
        }
    }

    private void Visit(ExpressionValue node, List<ExpressionValue> into, Evaluation evaluation, int depth)
    {
        evaluation.Descend(depth);
        foreach (var selector in selectors)
        {
            evaluation.Step(1 + (node.Breadth / 32));
            selector.Select(node, into, evaluation);
        }

        foreach (var child in Selector.Children(node))
        {
            evaluation.Step();
            if (child.Kind is ExpressionValueKind.Array or ExpressionValueKind.Object)
            {
                Visit(child, into, evaluation, depth + 1);
            }
        }
    }
}

internal abstract class Selector
{
    public abstract void Select(ExpressionValue node, List<ExpressionValue> into, Evaluation evaluation);

    public static IEnumerable<ExpressionValue> Children(ExpressionValue node) =>
        node.Kind is ExpressionValueKind.Object ? node.Members.Select(m => m.Value) : node.Items;
}

internal sealed class NameSelector(string name) : Selector
{
    public string Name => name;

    public override void Select(ExpressionValue node, List<ExpressionValue> into, Evaluation evaluation)
    {
        if (node.Member(name) is { Kind: not ExpressionValueKind.Absent } value)
        {
            into.Add(value);
        }
    }
}

internal sealed class IndexSelector(long index) : Selector
{
    public long Index => index;

    public override void Select(ExpressionValue node, List<ExpressionValue> into, Evaluation evaluation)
    {
        if (node.Item(index) is { Kind: not ExpressionValueKind.Absent } value)
        {
            into.Add(value);
        }
    }
}

internal sealed class WildcardSelector : Selector
{
    public override void Select(ExpressionValue node, List<ExpressionValue> into, Evaluation evaluation)
    {
        foreach (var child in Children(node))
        {
            evaluation.Step();
            into.Add(child);
        }
    }
}

/// <summary>As RFC 9535, section 2.3.4, has it.</summary>
internal sealed class SliceSelector(long? start, long? end, long step) : Selector
{
    public override void Select(ExpressionValue node, List<ExpressionValue> into, Evaluation evaluation)
    {
        if (node.Kind is not ExpressionValueKind.Array || step == 0)
        {
            return;
        }

        // An item of a parsed document is found by passing those before it, so they are listed once.
        var items = node.Items.ToArray();
        long length = items.Length;
        var from = Normal(start ?? (step > 0 ? 0 : length - 1), length);
        var to = Normal(end ?? (step > 0 ? length : -length - 1), length);
        if (step > 0)
        {
            var (lower, upper) = (Math.Clamp(from, 0, length), Math.Clamp(to, 0, length));
            for (var i = lower; i < upper; i += step)
            {
                evaluation.Step();
                into.Add(items[i]);
            }
        }
        else
        {
            var (upper, lower) = (Math.Clamp(from, -1, length - 1), Math.Clamp(to, -1, length - 1));
            for (var i = upper; i > lower; i += step)
            {
                evaluation.Step();
                into.Add(items[i]);
            }
        }
    }

    private static long Normal(long index, long length) => index >= 0 ? index : length + index;
}

internal sealed class FilterSelector(Node condition) : Selector
{
    public override void Select(ExpressionValue node, List<ExpressionValue> into, Evaluation evaluation)
    {
        var outer = evaluation.Current;
        foreach (var child in Children(node))
        {
            evaluation.Step();
            evaluation.Current = child;
            if (condition.IsTrue(evaluation))
            {
                into.Add(child);
            }
        }

        evaluation.Current = outer;
    }
}

/// <summary>Whether a path leads to a node, whatever its value is.</summary>
internal sealed class Exists(PathNode path) : Node
{
    public override ExpressionValue Evaluate(Evaluation evaluation) =>
        ExpressionValue.From(path.IsSingular ? path.Evaluate(evaluation).Kind is not ExpressionValueKind.Absent : path.Nodes(evaluation).Count > 0);
}

/// <summary>How many nodes a path leads to.</summary>
internal sealed class NodeCount(PathNode path) : Node
{
    public override ExpressionValue Evaluate(Evaluation evaluation) => ExpressionValue.From((decimal)path.Nodes(evaluation).Count);
}

/// <summary>The value of the one node that a path leads to.</summary>
internal sealed class NodeValue(PathNode path) : Node
{
    public override ExpressionValue Evaluate(Evaluation evaluation) => path.Nodes(evaluation) is [var only] ? only : ExpressionValue.Absent;
}

/// <summary>and, or: a chain is one node, so that a long one is not a deep one.</summary>
internal sealed class Logical(Node[] operands, bool isAnd) : Node
{
    public override ExpressionValue Evaluate(Evaluation evaluation)
    {
        evaluation.Step();
        foreach (var operand in operands)
        {
            if (operand.IsTrue(evaluation) != isAnd)
            {
                return ExpressionValue.From(!isAnd);
            }
        }

        return ExpressionValue.From(isAnd);
    }
}

internal sealed class Not(Node operand) : Node
{
    public override ExpressionValue Evaluate(Evaluation evaluation) => ExpressionValue.From(!operand.IsTrue(evaluation));
}

/// <summary>A comparison. In a filter absent and null differ, as RFC 9535 has it.</summary>
internal sealed class Comparison(Node left, string sign, Node right, bool isInFilter) : Node
{
    public override ExpressionValue Evaluate(Evaluation evaluation)
    {
        var (a, b) = (left.Evaluate(evaluation), right.Evaluate(evaluation));
        return ExpressionValue.From(sign switch
        {
            "==" => AreEqual(a, b),
            "!=" => !AreEqual(a, b),
            "<" => evaluation.Compare(a, b) < 0,
            ">" => evaluation.Compare(a, b) > 0,
            "<=" => evaluation.Compare(a, b) is { } order ? order <= 0 : AreEqual(a, b),
            ">=" => evaluation.Compare(a, b) is { } order ? order >= 0 : AreEqual(a, b),
            _ => ExpressionFunctions.IsIn(a, b, evaluation),
        });

        bool AreEqual(ExpressionValue x, ExpressionValue y) => isInFilter || !x.IsNothing || !y.IsNothing ? evaluation.AreEqual(x, y) : true;
    }
}

/// <summary>Operators of one rank, from left to right: a chain is one node, so that a long one is not a deep one.</summary>
internal sealed class Arithmetic(Node first, (char Sign, Node Operand)[] rest) : Node
{
    public override ExpressionValue Evaluate(Evaluation evaluation)
    {
        var value = first.Evaluate(evaluation);
        foreach (var (sign, operand) in rest)
        {
            evaluation.Step();
            value = Apply(value, sign, operand.Evaluate(evaluation), evaluation);
        }

        return value;
    }

    private static ExpressionValue Apply(ExpressionValue left, char sign, ExpressionValue right, Evaluation evaluation)
    {
        if (sign == '+' && left.TryGetString(out var text) && right.TryGetString(out var more))
        {
            evaluation.Produce(text.Length + more.Length);
            return ExpressionValue.From(text + more);
        }

        if (!left.TryGetDecimal(out var a) || !right.TryGetDecimal(out var b) || (b == 0 && sign is '/' or '%'))
        {
            return ExpressionValue.Null;
        }

        try
        {
            return ExpressionValue.From(sign switch { '+' => a + b, '-' => a - b, '*' => a * b, '/' => a / b, _ => a % b });
        }
        catch (OverflowException)
        {
            return ExpressionValue.Null;
        }
    }
}

internal sealed class Negation(Node operand) : Node
{
    public override ExpressionValue Evaluate(Evaluation evaluation) =>
        operand.Evaluate(evaluation).TryGetDecimal(out var value) ? ExpressionValue.From(-value) : ExpressionValue.Null;
}

internal sealed class ArrayNode(Node[] items) : Node
{
    public override ExpressionValue Evaluate(Evaluation evaluation)
    {
        var values = new ExpressionValue[items.Length];
        for (var i = 0; i < items.Length; i++)
        {
            evaluation.Step();
            values[i] = items[i].Evaluate(evaluation);
            evaluation.Produce(values[i].Size);
        }

        return ExpressionValue.Array(values);
    }
}

internal sealed class ObjectNode((string Name, Node Value)[] members) : Node
{
    public override ExpressionValue Evaluate(Evaluation evaluation)
    {
        var values = new KeyValuePair<string, ExpressionValue>[members.Length];
        for (var i = 0; i < members.Length; i++)
        {
            evaluation.Step();
            var value = members[i].Value.Evaluate(evaluation);
            evaluation.Produce(members[i].Name.Length + value.Size);
            values[i] = new(members[i].Name, value);
        }

        return ExpressionValue.Object(values);
    }
}

/// <summary>if(condition, then, else): only the part that is taken is evaluated.</summary>
internal sealed class If(Node condition, Node then, Node otherwise) : Node
{
    public override ExpressionValue Evaluate(Evaluation evaluation)
    {
        evaluation.Step();
        return (condition.IsTrue(evaluation) ? then : otherwise).Evaluate(evaluation);
    }
}

/// <summary>The first argument that is neither absent nor null.</summary>
internal sealed class Coalesce(Node[] arguments) : Node
{
    public override ExpressionValue Evaluate(Evaluation evaluation)
    {
        foreach (var argument in arguments)
        {
            evaluation.Step();
            if (argument.Evaluate(evaluation) is { IsNothing: false } value)
            {
                return value;
            }
        }

        return ExpressionValue.Null;
    }
}

internal sealed class Call(Func<Evaluation, ExpressionValue[], ExpressionValue> function, Node[] arguments) : Node
{
    public override ExpressionValue Evaluate(Evaluation evaluation)
    {
        var values = new ExpressionValue[arguments.Length];
        for (var i = 0; i < arguments.Length; i++)
        {
            values[i] = arguments[i].Evaluate(evaluation);
            evaluation.Read(values[i]);
        }

        return function(evaluation, values);
    }
}

/// <summary>match, search, matches with a pattern that stands in the expression, compiled with it.</summary>
internal sealed class Match(Node text, System.Text.RegularExpressions.Regex pattern) : Node
{
    public override ExpressionValue Evaluate(Evaluation evaluation) =>
        ExpressionValue.From(text.Evaluate(evaluation).TryGetString(out var value) && evaluation.IsMatch(pattern, value));
}

/// <summary>A text with expressions in it.</summary>
internal sealed class TextNode(Node[] parts) : Node
{
    public override ExpressionValue Evaluate(Evaluation evaluation)
    {
        var text = new System.Text.StringBuilder();
        foreach (var part in parts)
        {
            evaluation.Step();
            var value = part.Evaluate(evaluation);
            evaluation.Produce(value.Size);
            text.Append(CultureInfo.InvariantCulture, $"{value.ToText()}");
        }

        return ExpressionValue.From(text.ToString());
    }
}
