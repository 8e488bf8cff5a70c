using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace AIaaS.Domain.Json;

/// <summary>One evaluation: the document, the current node of a filter, and what has been used up of the bounds.</summary>
internal sealed class Evaluation(ExpressionValue root, ExpressionLimits limits)
{
    private readonly int deepest = Math.Min(limits.MaxDocumentDepth, 512);
    private Dictionary<(string Pattern, bool Whole), Regex?>? patterns;
    private long steps;
    private long output;

    public ExpressionValue Root => root;

    public long Steps => steps;

    public ExpressionValue Current { get; set; }

    /// <summary>Runs what evaluates, and turns a bound that was exceeded into a result.</summary>
    public static ExpressionResult Run(ExpressionValue root, ExpressionLimits limits, Func<Evaluation, ExpressionValue> evaluate)
    {
        try
        {
            var value = evaluate(new(root, limits));
            if (value.Kind is ExpressionValueKind.String && value.MayHoldSurrogate)
            {
                value = ExpressionValue.From(value.ToText());
            }

            return new(value, null);
        }
        catch (ExpressionLimitException e)
        {
            return new(ExpressionValue.Absent, e.Message);
        }
        catch (InvalidOperationException)
        {
            return new(ExpressionValue.Absent, "The document holds a text with half a surrogate pair (\\uD800 to \\uDFFF on its own), which is no valid Unicode. Remove it from the document.");
        }
    }

    public void Step(int count = 1)
    {
        steps += count;
        if (steps > limits.MaxSteps)
        {
            throw new ExpressionLimitException($"The evaluation took more than {limits.MaxSteps} steps. Search a smaller part of the document, or filter earlier in the path.");
        }
    }

    public void Produce(long characters)
    {
        output += characters;
        if (output > limits.MaxOutput)
        {
            throw new ExpressionLimitException($"The evaluation made more than {limits.MaxOutput} characters. Pick the members that are needed instead of whole documents.");
        }
    }

    /// <summary>Pays for reading a value as a whole.</summary>
    public void Read(ExpressionValue value) => Step(1 + (int)(value.Weight / 256));

    public string Made(string text)
    {
        Produce(text.Length);
        return text;
    }

    public void Descend(int depth)
    {
        if (depth > deepest || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw new ExpressionLimitException($"The document is more than {deepest} levels deep. Search or compare a part of it.");
        }
    }

    /// <summary>The expression for a pattern that came with the data; null where it is none.</summary>
    public Regex? Pattern(string pattern, bool whole)
    {
        patterns ??= [];
        if (!patterns.TryGetValue((pattern, whole), out var regex))
        {
            Step(500);
            regex = Patterns.Compile(pattern, PatternDialect.IRegexp, whole, out _);
            patterns.Add((pattern, whole), regex);
        }

        return regex;
    }

    public bool IsMatch(Regex regex, string text)
    {
        Step(1 + (text.Length / 16));
        try
        {
            return regex.IsMatch(text);
        }
        catch (RegexMatchTimeoutException)
        {
            throw new ExpressionLimitException($"The pattern took longer than {Patterns.Timeout.TotalMilliseconds:0} ms. Simplify it.");
        }
    }

    public bool AreEqual(ExpressionValue left, ExpressionValue right, int depth = 0)
    {
        Step();
        if (left.Kind != right.Kind)
        {
            return false;
        }

        if (left.Kind is ExpressionValueKind.String or ExpressionValueKind.Number)
        {
            Read(left);
            Read(right);
        }

        switch (left.Kind)
        {
            case ExpressionValueKind.Number:
                return left.ExactNumber().Equals(right.ExactNumber());
            case ExpressionValueKind.String:
                return left.ToText() == right.ToText();
            case ExpressionValueKind.Boolean:
                return left.IsTrue == right.IsTrue;
            case ExpressionValueKind.Array:
                Descend(depth);
                return left.Count == right.Count && left.Items.Zip(right.Items).All(p => AreEqual(p.First, p.Second, depth + 1));
            case ExpressionValueKind.Object:
                Descend(depth);
                Step(left.Count + (int)Math.Min((long)left.Count * right.Breadth / 32, int.MaxValue / 2));
                return left.Count == right.Count && left.Members.All(m => right.Member(m.Key) is { Kind: not ExpressionValueKind.Absent } other && AreEqual(m.Value, other, depth + 1));
            default:
                return true;
        }
    }

    /// <summary>Less than zero, zero or more; null where the two have no order.</summary>
    public int? Compare(ExpressionValue left, ExpressionValue right)
    {
        Read(left);
        Read(right);
        return (left.Kind, right.Kind) switch
        {
            (ExpressionValueKind.Number, ExpressionValueKind.Number) => left.ExactNumber().CompareTo(right.ExactNumber()),
            (ExpressionValueKind.String, ExpressionValueKind.String) => CompareCodePoints(left.ToText(), right.ToText()),
            _ => null,
        };
    }

    // The order of UTF-16 units differs from that of code points only where one side has a surrogate and the other a unit above them.
    private static int CompareCodePoints(string left, string right)
    {
        var length = Math.Min(left.Length, right.Length);
        for (var i = 0; i < length; i++)
        {
            if (left[i] != right[i])
            {
                return (char.IsSurrogate(left[i]), char.IsSurrogate(right[i])) switch
                {
                    (true, false) => right[i] > '\uDFFF' ? 1 : left[i].CompareTo(right[i]),
                    (false, true) => left[i] > '\uDFFF' ? -1 : left[i].CompareTo(right[i]),
                    _ => left[i].CompareTo(right[i]),
                };
            }
        }

        return left.Length.CompareTo(right.Length);
    }
}

/// <summary>An evaluation exceeded a bound. It never leaves this folder: <see cref="Evaluation.Run"/> makes a result of it.</summary>
internal sealed class ExpressionLimitException(string message) : Exception(message);
