using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace AIaaS.Domain.Json;

/// <summary>How a schema is compiled and how much a validation may do.</summary>
public sealed record JsonSchemaOptions
{
    /// <summary>The options where none are given.</summary>
    public static JsonSchemaOptions Default { get; } = new();

    /// <summary>The URI that relative references are resolved against where the schema has no $id.</summary>
    public string? BaseUri { get; init; }

    /// <summary>Other schemas that references may lead to, as JSON text by absolute URI. Nothing is fetched: the standard's meta-schema is known, anything else must be here.</summary>
    public IReadOnlyDictionary<string, string> Documents { get; init; } = new Dictionary<string, string>();

    /// <summary>How many errors a result holds at most.</summary>
    public int MaxErrors { get; init; } = 50;

    /// <summary>How many schemas may be applied, and values compared, in one validation.</summary>
    public int MaxSteps { get; init; } = 1_000_000;

    /// <summary>How deeply schemas may be applied within each other in one validation; at most 512.</summary>
    public int MaxDepth { get; init; } = 512;

    /// <summary>How many characters a schema document may have.</summary>
    public int MaxSchemaLength { get; init; } = 1_048_576;
}

/// <summary>What a value does not meet.</summary>
/// <param name="InstanceLocation">Where in the value, as a JSON Pointer; empty for the value itself.</param>
/// <param name="SchemaLocation">Which keyword of the schema, as a URI with a JSON Pointer.</param>
/// <param name="Keyword">The keyword; <c>false</c> for a schema that allows nothing, <c>limit</c> for an exceeded bound.</param>
/// <param name="Message">What is wrong and how to mend it.</param>
public sealed record JsonSchemaError(string InstanceLocation, string SchemaLocation, string Keyword, string Message)
{
    /// <inheritdoc/>
    public override string ToString() => $"{(InstanceLocation.Length == 0 ? "the value" : InstanceLocation)}: {Message}";
}

/// <summary>What a validation found.</summary>
/// <param name="Errors">What is wrong, up to the options' bound; none where the value is valid.</param>
public sealed record JsonSchemaResult(IReadOnlyList<JsonSchemaError> Errors)
{
    internal static JsonSchemaResult Passed { get; } = new([]);

    /// <summary>Whether the value meets the schema.</summary>
    public bool Valid => Errors.Count == 0;

    /// <inheritdoc/>
    public override string ToString() => Valid ? "valid" : string.Join('\n', Errors);
}

/// <summary>What is wrong with a schema.</summary>
/// <param name="Location">Where, as a URI with a JSON Pointer.</param>
/// <param name="Message">What is wrong.</param>
/// <param name="Hint">How to mend it.</param>
public sealed record JsonSchemaFault(string Location, string Message, string Hint)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Location}: {Message}. {Hint}";
}

/// <summary>A schema is none.</summary>
public sealed class JsonSchemaException(IReadOnlyList<JsonSchemaFault> faults) : FormatException(string.Join('\n', faults))
{
    /// <summary>All that is wrong with it.</summary>
    public IReadOnlyList<JsonSchemaFault> Faults { get; } = faults;
}

/// <summary>
/// A JSON Schema of draft 2020-12, compiled once: all keywords of the core, applicator, unevaluated and validation vocabularies; format and content are annotations.
/// It is immutable and safe for any number of threads.
/// </summary>
public sealed class JsonSchema
{
    private readonly SchemaNode root;
    private readonly JsonSchemaOptions options;
    private readonly bool isDynamic;

    internal JsonSchema(SchemaNode root, JsonSchemaOptions options, bool isDynamic)
    {
        this.root = root;
        this.options = options;
        this.isDynamic = isDynamic;
    }

    /// <summary>Compiles a schema.</summary>
    /// <exception cref="JsonSchemaException">It is none; the exception says where and why.</exception>
    public static JsonSchema Compile(string json, JsonSchemaOptions? options = null) =>
        TryCompile(json, out var schema, out var faults, options) ? schema : throw new JsonSchemaException(faults);

    /// <summary>Compiles a schema that is parsed already.</summary>
    /// <exception cref="JsonSchemaException">It is none; the exception says where and why.</exception>
    public static JsonSchema Compile(JsonElement json, JsonSchemaOptions? options = null) => Compile(json.GetRawText(), options);

    /// <summary>Compiles a schema, or says all that is wrong with it.</summary>
    public static bool TryCompile(string json, [NotNullWhen(true)] out JsonSchema? schema, out IReadOnlyList<JsonSchemaFault> faults, JsonSchemaOptions? options = null)
    {
        var compiler = new SchemaCompiler(options ?? JsonSchemaOptions.Default);
        schema = compiler.Compile(json);
        faults = compiler.Faults;
        return schema is not null;
    }

    /// <summary>Whether the value meets the schema; false where a bound is exceeded.</summary>
    /// <exception cref="ArgumentException">The element is none: it was never set.</exception>
    public bool IsValid(JsonElement value)
    {
        var steps = options.MaxSteps;
        return IsValid(value, ref steps);
    }

    /// <summary>As above, with so many steps at most; those that were taken are taken off.</summary>
    /// <exception cref="ArgumentException">The element is none: it was never set.</exception>
    public bool IsValid(JsonElement value, ref int steps)
    {
        if (value.ValueKind is JsonValueKind.Undefined)
        {
            throw new ArgumentException("The element is undefined. Pass an element of a parsed document; JSON null is one.", nameof(value));
        }

        var run = new SchemaRun(options, collects: false, isDynamic, steps);
        try
        {
            return root.Validate(value, run, null, null, 0) && run.Exceeded is null;
        }
        catch (InvalidOperationException)
        {
            // The platform's answer to a text with half a surrogate pair.
            return false;
        }
        finally
        {
            steps = Math.Min(steps, run.Left);
        }
    }

    /// <summary>Validates the value and says all that is wrong with it.</summary>
    public JsonSchemaResult Validate(JsonElement value) => IsValid(value) ? JsonSchemaResult.Passed : Explain(value, options.MaxSteps);

    /// <summary>Says all that is wrong with a value that does not meet the schema, with so many steps at most.</summary>
    public JsonSchemaResult Explain(JsonElement value, int steps)
    {
        var run = new SchemaRun(options, collects: true, isDynamic, steps);
        try
        {
            root.Validate(value, run, null, null, 0);
        }
        catch (InvalidOperationException)
        {
            run.Errors.Add(new("", root.Location, "limit", "holds a text with half a surrogate pair (\\uD800 to \\uDFFF on its own), which is no valid Unicode. Remove it."));
        }

        if (run.Exceeded is { } exceeded)
        {
            run.Errors.Add(new("", root.Location, "limit", exceeded));
        }

        return new([.. run.Errors.Take(Math.Max(1, options.MaxErrors))]);
    }
}
