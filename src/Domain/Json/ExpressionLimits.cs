namespace AIaaS.Domain.Json;

/// <summary>How much an expression may be and do.</summary>
public sealed record ExpressionLimits
{
    /// <summary>The limits where none are given.</summary>
    public static ExpressionLimits Default { get; } = new();

    /// <summary>How many characters an expression, or a template with the expressions in it, may have.</summary>
    public int MaxSourceLength { get; init; } = 16_384;

    /// <summary>How deeply parentheses, calls, filters, arrays and objects may be nested; at most 128.</summary>
    public int MaxNesting { get; init; } = 48;

    /// <summary>How many steps an evaluation may take: about one for each operator, function, and value looked at.</summary>
    public int MaxSteps { get; init; } = 200_000;

    /// <summary>How many characters an evaluation may make.</summary>
    public int MaxOutput { get; init; } = 1_048_576;

    /// <summary>How deep the documents may be that are searched or compared; at most 512.</summary>
    public int MaxDocumentDepth { get; init; } = 512;
}

/// <summary>Why an expression is none.</summary>
/// <param name="Position">Where in the source, counted in characters from 0.</param>
/// <param name="Message">What is wrong.</param>
/// <param name="Hint">How to mend it.</param>
public sealed record ExpressionFault(int Position, string Message, string Hint)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Message} (at character {Position + 1}). {Hint}";
}

/// <summary>A path into the root document that an expression reads.</summary>
/// <param name="Text">The path as it is written.</param>
/// <param name="Position">Where in the source it begins.</param>
/// <param name="Names">The names that it goes through from the root, as far as they are fixed: <c>$.steps.find.orders[0].id</c> has steps, find, orders.</param>
public sealed record ReferencedPath(string Text, int Position, IReadOnlyList<string> Names);

/// <summary>What an evaluation gave: a value, or the bound that it ran into.</summary>
/// <param name="Value">The value; absent where there is an error.</param>
/// <param name="Error">Which bound was exceeded and what to do; null where the evaluation ended.</param>
public readonly record struct ExpressionResult(ExpressionValue Value, string? Error)
{
    /// <summary>Whether the evaluation ended and its value counts as true.</summary>
    public bool IsTrue => Error is null && Value.IsTrue;
}
