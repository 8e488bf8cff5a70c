using System.Text.Json.Serialization;

namespace AIaaS.Api.Http;

/// <summary>An error as the API answers it: RFC 9457 problem details.</summary>
/// <param name="Type">A stable URI that names the kind of problem: <c>urn:aiaas:problem:{code}</c>.</param>
/// <param name="Title">The kind of problem in words; the same for each of its kind.</param>
/// <param name="Status">The HTTP status.</param>
/// <param name="Detail">What was wrong this time.</param>
/// <param name="Hint">How to mend it.</param>
/// <param name="Instance">The path that was asked for.</param>
/// <param name="CorrelationId">Finds the request in logs and events.</param>
/// <param name="Errors">Each fault by itself; only where there are several places to mend.</param>
internal sealed record Problem(
    string Type,
    string Title,
    int Status,
    string Detail,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Hint = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Instance = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? CorrelationId = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<Fault>? Errors = null)
{
    /// <summary>What each type begins with.</summary>
    public const string TypePrefix = "urn:aiaas:problem:";

    /// <summary>The media type.</summary>
    public const string MediaType = "application/problem+json";
}

/// <summary>One fault of a request.</summary>
/// <param name="Pointer">Where: a JSON pointer (RFC 6901) into the body, or <c>?name</c> for a query parameter.</param>
/// <param name="Detail">What is wrong there and what is possible.</param>
/// <param name="Hint">How to mend it; where that is not said in the detail.</param>
/// <param name="File">Of a fault inside a source text: which source.</param>
/// <param name="Line">Of a fault inside a source text: its line, from 1.</param>
/// <param name="Column">Of a fault inside a source text: its column, from 1.</param>
internal sealed record Fault(
    string Pointer,
    string Detail,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Hint = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? File = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? Line = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? Column = null);

/// <summary>A refusal on its way to the client.</summary>
internal sealed class ProblemException(int status, string code, string detail, string? hint = null, IReadOnlyList<Fault>? errors = null, int? retryAfter = null)
    : Exception(detail)
{
    public int Status => status;

    public string Code => code;

    public string? Hint => hint;

    public IReadOnlyList<Fault>? Errors => errors;

    /// <summary>Seconds after which to try again; null for never.</summary>
    public int? RetryAfter => retryAfter;
}

/// <summary>The refusals that more than one endpoint gives.</summary>
internal static class Problems
{
    public static ProblemException NotFound(string what, string id) =>
        new(404, "not-found", $"There is no {what} '{id}'.", "Check the id. Ids of other tenants are not found either.");

    public static ProblemException InvalidParameter(params IReadOnlyList<Fault> faults) =>
        new(400, "invalid-parameter", faults.Count == 1 ? $"{faults[0].Pointer}: {faults[0].Detail}" : $"{faults.Count} query parameters cannot be used.", "See 'errors' for each of them.", faults);

    public static ProblemException Invalid(IReadOnlyList<Fault> faults) =>
        new(422, "validation-failed", faults.Count == 1 ? $"{faults[0].Pointer}: {faults[0].Detail}" : $"The body has {faults.Count} faults.", "See 'errors': each names its place by a JSON pointer.", faults);

    public static ProblemException Busy(string detail, string hint, int retryAfter = 1) =>
        new(503, "temporary-reduced-capacity", detail, hint, retryAfter: retryAfter);

    public static ProblemException MissingScope(string scope) =>
        new(403, "missing-scope", $"This API key does not allow '{scope}'.", $"Use a key that was issued with the scope '{scope}' or '*'.");

    /// <summary>The title of a kind of problem: its code in words.</summary>
    public static string Title(string code) => code.Length == 0 ? "Problem" : char.ToUpperInvariant(code[0]) + code[1..].Replace('-', ' ');
}

/// <summary>Collects the faults of a body, so that all are reported at once.</summary>
internal sealed class Faults
{
    private readonly List<Fault> found = [];

    public IReadOnlyList<Fault> Found => found;

    public void Add(string pointer, string detail) => found.Add(new(pointer, detail));

    /// <summary>Text with a length between two bounds and without control characters other than line breaks and tabs.</summary>
    public void Text(string pointer, string? value, int min, int max)
    {
        if (value is null)
        {
            if (min > 0)
            {
                Add(pointer, $"is missing; {min} to {max} characters are needed");
            }

            return;
        }

        if (value.Length < min || value.Length > max || (min > 0 && string.IsNullOrWhiteSpace(value)))
        {
            Add(pointer, string.IsNullOrWhiteSpace(value) ? $"is blank; {min} to {max} characters are needed" : $"has {value.Length} characters; {min} to {max} are possible");
        }

        foreach (var c in value)
        {
            if (char.IsControl(c) && c is not ('\n' or '\r' or '\t'))
            {
                Add(pointer, $"contains the control character U+{(int)c:X4}; remove it");
                break;
            }
        }
    }

    /// <summary>An id: letters, digits, <c>.</c>, <c>_</c>, <c>-</c>.</summary>
    public void Id(string pointer, string? value, int max = 100)
    {
        if (!Ids.IsValid(value, max))
        {
            Add(pointer, $"is not an id: 1 to {max} of the letters a to z and A to Z, digits, '.', '_' and '-' are possible");
        }
    }

    public void ThrowIfAny()
    {
        if (found.Count > 0)
        {
            throw Problems.Invalid(found);
        }
    }
}

/// <summary>The form of ids in paths and bodies.</summary>
internal static class Ids
{
    public static bool IsValid(string? value, int max = 100)
    {
        if (string.IsNullOrEmpty(value) || value.Length > max)
        {
            return false;
        }

        foreach (var c in value)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('.' or '_' or '-'))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>An id from the path; one that cannot be an id is one that does not exist.</summary>
    public static string Require(string what, string value, int max = 100) =>
        IsValid(value, max) ? value : throw Problems.NotFound(what, value.Length > 100 ? value[..100] + "…" : value);
}
