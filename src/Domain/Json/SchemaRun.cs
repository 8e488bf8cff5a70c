using System.Globalization;
using System.Runtime.CompilerServices;

namespace AIaaS.Domain.Json;

/// <summary>One validation: what it has used up of the bounds, what it found, and through which resources it came.</summary>
internal sealed class SchemaRun(JsonSchemaOptions options, bool collects, bool isDynamic, int most = int.MaxValue)
{
    private readonly int deepest = Math.Min(options.MaxDepth, 512);
    private int steps = Math.Clamp(most, 0, options.MaxSteps);

    /// <summary>Whether errors are kept; while only the answer counts they are not.</summary>
    public bool Collects { get; set; } = collects;

    /// <summary>How many steps may still be taken.</summary>
    public int Left => Math.Max(0, steps);

    public bool IsDynamic => isDynamic;

    public bool IsFull => Errors.Count >= options.MaxErrors;

    /// <summary>The bound that was exceeded; from then on nothing is looked at any more.</summary>
    public string? Exceeded { get; private set; }

    public List<JsonSchemaError> Errors { get; set; } = [];

    /// <summary>How many choices between alternatives are being explained at the moment, each within the one before.</summary>
    public int Alternatives { get; set; }

    /// <summary>The resources that were entered on the way here, the innermost first; kept where there are dynamic references.</summary>
    public DynamicScope? Scope { get; set; }

    public bool Enter(int depth)
    {
        if (Exceeded is not null)
        {
            return false;
        }

        if (--steps < 0)
        {
            Exceeded = $"takes more than {Math.Clamp(most, 0, options.MaxSteps)} steps to check. Send a smaller document, or simplify the schema: references that fan out multiply.";
        }
        else if (depth > deepest || ((depth & 15) == 15 && !RuntimeHelpers.TryEnsureSufficientExecutionStack()))
        {
            Exceeded = $"leads more than {deepest} schemas deep. Send a flatter document, or remove references that lead back to themselves from the schema.";
        }

        return Exceeded is null;
    }

    public void Pay(int count) => steps -= count;

    public void Stop(string reason) => Exceeded ??= reason;
}

internal sealed record DynamicScope(SchemaResource Resource, DynamicScope? Outer);

/// <summary>Where in the value a validation is; only kept where errors are collected.</summary>
internal sealed class InstancePath(InstancePath? parent, string? name, int index)
{
    public static string Text(InstancePath? path)
    {
        var parts = new List<string>();
        for (var at = path; at is not null; at = at.Parent)
        {
            parts.Add(at.Part);
        }

        parts.Reverse();
        return string.Concat(parts.Select(p => "/" + p));
    }

    private InstancePath? Parent => parent;

    private string Part => name is null ? index.ToString(CultureInfo.InvariantCulture) : JsonPointer.Escape(name);
}

/// <summary>Which members or items of one value a schema has looked at: what is left is unevaluated.</summary>
internal sealed class Evaluated(int count)
{
    private readonly bool[] seen = new bool[count];

    public bool this[int index] => seen[index];

    public int Count => seen.Length;

    public void Add(int index) => seen[index] = true;

    public void AddAll() => Array.Fill(seen, true);

    public void Add(Evaluated other)
    {
        for (var i = 0; i < seen.Length; i++)
        {
            seen[i] |= other.seen[i];
        }
    }
}
