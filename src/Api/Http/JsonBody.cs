using System.Buffers;
using System.Reflection;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Text.Unicode;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.Net.Http.Headers;

namespace AIaaS.Api.Http;

/// <summary>A body that can name its own faults.</summary>
internal interface IValidated
{
    void Validate(Faults faults);
}

/// <summary>A body that may name the tenant; only the caller's own is taken.</summary>
internal interface INamesTenant
{
    string? Tenant { get; }
}

/// <summary>
/// A JSON body, read strictly: UTF-8 only, bounded in size and depth, no unknown or doubled members, nothing behind the value.
/// All faults of form and content are reported together.
/// </summary>
/// <typeparam name="T">The body's type, registered in <see cref="ApiJson"/>.</typeparam>
/// <param name="Value">The body.</param>
/// <param name="Hash">SHA-256 (hex) of method, path and body: tells a repetition from another request under the same idempotency key.</param>
internal sealed record JsonBody<T>(T Value, string Hash) : IBindableFromHttpContext<JsonBody<T>>, IEndpointParameterMetadataProvider, IHashedRequest
    where T : class
{
    private static readonly JsonTypeInfo<T> Json = (JsonTypeInfo<T>)ApiJson.Strict.GetTypeInfo(typeof(T))!;

    public static async ValueTask<JsonBody<T>?> BindAsync(HttpContext context, ParameterInfo parameter)
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<NeedsIdempotencyKey>() is not null)
        {
            IdempotencyKey.Require(context);
        }

        var (buffer, length) = await RequestBytes.ReadAsync(context);
        try
        {
            var utf8 = buffer.AsSpan(0, length);
            var value = JsonReading.Read(utf8, Json);
            if (value is INamesTenant { Tenant: { } named } && Caller.Find(context) is { } caller && named != caller.Tenant)
            {
                throw new ProblemException(403, "tenant-mismatch", "The body names another tenant than the API key.", "Leave 'tenant' out: it is taken from the key.");
            }

            if (value is IValidated validated)
            {
                var faults = new Faults();
                validated.Validate(faults);
                faults.ThrowIfAny();
            }

            return new(value, RequestBytes.Hash(context.Request, utf8));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    public static void PopulateMetadata(ParameterInfo parameter, EndpointBuilder builder) =>
        builder.Metadata.Add(new AcceptsMetadata(["application/json"], typeof(T), isOptional: false));
}

/// <summary>Reads request bodies whole, within the endpoint's limit.</summary>
internal static class RequestBytes
{
    public const int DefaultLimit = 1024 * 1024;

    /// <summary>The body in a pooled array that the caller gives back, and its length.</summary>
    public static async ValueTask<(byte[] Buffer, int Length)> ReadAsync(HttpContext context)
    {
        CheckHeaders(context.Request);
        var limit = (int)(context.GetEndpoint()?.Metadata.GetMetadata<IRequestSizeLimitMetadata>()?.MaxRequestBodySize ?? DefaultLimit);
        var announced = context.Request.ContentLength;
        if (announced > limit)
        {
            throw ProblemWriter.TooLarge(limit);
        }

        var buffer = ArrayPool<byte>.Shared.Rent((int)(announced ?? 4096) + 1);
        var length = 0;
        try
        {
            while (true)
            {
                var read = await context.Request.Body.ReadAsync(buffer.AsMemory(length), context.RequestAborted);
                if (read == 0)
                {
                    return (buffer, length);
                }

                length += read;
                if (length > limit)
                {
                    throw ProblemWriter.TooLarge(limit);
                }

                if (length == buffer.Length)
                {
                    var larger = ArrayPool<byte>.Shared.Rent(Math.Min(length * 2, limit + 1));
                    buffer.AsSpan(0, length).CopyTo(larger);
                    ArrayPool<byte>.Shared.Return(buffer);
                    buffer = larger;
                }
            }
        }
        catch
        {
            ArrayPool<byte>.Shared.Return(buffer);
            throw;
        }
    }

    /// <summary>SHA-256 (hex) of method, path and body.</summary>
    public static string Hash(HttpRequest request, ReadOnlySpan<byte> body)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(System.Text.Encoding.UTF8.GetBytes($"{request.Method} {request.Path.Value}\n"));
        hash.AppendData(body);
        Span<byte> digest = stackalloc byte[32];
        hash.GetHashAndReset(digest);
        return Convert.ToHexStringLower(digest);
    }

    private static void CheckHeaders(HttpRequest request)
    {
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out var type)
            || !(type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase) || type.Suffix.Equals("json", StringComparison.OrdinalIgnoreCase)))
        {
            throw new ProblemException(415, "unsupported-media-type", request.ContentType is null ? "The request has no Content-Type." : "The body's media type is not JSON.", "Send 'Content-Type: application/json' with a body in UTF-8.");
        }

        if (type.Charset.HasValue && !type.Charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase) && !type.Charset.Equals("\"utf-8\"", StringComparison.OrdinalIgnoreCase))
        {
            throw new ProblemException(415, "unsupported-media-type", "The body's charset is not UTF-8.", "Encode the body in UTF-8 and leave the charset out.");
        }

        if (request.Headers.ContentEncoding is [{ Length: > 0 } encoding, ..] && !encoding.Equals("identity", StringComparison.OrdinalIgnoreCase))
        {
            throw new ProblemException(415, "unsupported-media-type", "Compressed bodies are not taken.", "Send the body without Content-Encoding.");
        }
    }
}

/// <summary>Strict reading of JSON.</summary>
internal static class JsonReading
{
    public const int MaxDepth = 32;

    public static T Read<T>(ReadOnlySpan<byte> utf8, JsonTypeInfo<T> type)
        where T : class
    {
        if (utf8.IsEmpty)
        {
            throw Malformed("The body is empty.", "Send a JSON object.");
        }

        if (!Utf8.IsValid(utf8))
        {
            throw Malformed("The body is not valid UTF-8.", "Encode it in UTF-8.");
        }

        if (utf8.StartsWith("\uFEFF"u8))
        {
            utf8 = utf8[3..];
        }

        try
        {
            return JsonSerializer.Deserialize(utf8, type) ?? throw Problems.Invalid([new("", "is null; a JSON object is needed")]);
        }
        catch (JsonException e)
        {
            throw Explain(utf8, type, e);
        }
        catch (InvalidOperationException)
        {
            throw HalfPair();
        }
    }

    private static ProblemException Explain(ReadOnlySpan<byte> utf8, JsonTypeInfo type, JsonException first)
    {
        try
        {
            using var document = JsonDocument.Parse(utf8.ToArray(), new() { MaxDepth = MaxDepth });
            var faults = new Faults();
            JsonForm.Check(document.RootElement, type, "", faults);
            return faults.Found.Count > 0
                ? Problems.Invalid(faults.Found)
                : Problems.Invalid([new(Pointer(first.Path), "has a value that is not possible here")]);
        }
        catch (InvalidOperationException)
        {
            return HalfPair();
        }
        catch (JsonException e)
        {
            return e.Message.Contains("maximum configured depth", StringComparison.Ordinal)
                ? Malformed($"The body is nested deeper than {MaxDepth} levels.", "Send it flatter.")
                : Malformed($"The body is not JSON: line {(e.LineNumber ?? 0) + 1}, byte {(e.BytePositionInLine ?? 0) + 1}.", "Check quotes, commas and brackets; nothing may follow the value.");
        }
    }

    /// <summary>The reader throws this for text that no UTF-8 can hold, in names of members as well as in values.</summary>
    private static ProblemException HalfPair() => Malformed("The body holds text with half of a surrogate pair, such as \\ud83d without its second half.", "Write such characters in UTF-8, or as both halves.");

    private static ProblemException Malformed(string detail, string hint) => new(400, "malformed-json", detail, hint);

    private static string Pointer(string? path) => string.IsNullOrEmpty(path) ? "" : path.TrimStart('$').Replace("[", "/", StringComparison.Ordinal).Replace("]", "", StringComparison.Ordinal).Replace('.', '/');
}

/// <summary>Compares JSON with the form that a type asks for and names every difference; only used once reading has failed.</summary>
internal static class JsonForm
{
    public static void Check(JsonElement element, JsonTypeInfo type, string pointer, Faults faults)
    {
        switch (type.Kind)
        {
            case JsonTypeInfoKind.Object when Nullable.GetUnderlyingType(type.Type) is null:
                CheckObject(element, type, pointer, faults);
                break;
            case JsonTypeInfoKind.Enumerable when element.ValueKind == JsonValueKind.Array:
                var index = 0;
                foreach (var item in element.EnumerateArray())
                {
                    Check(item, type.Options.GetTypeInfo(type.ElementType!), $"{pointer}/{index++}", faults);
                }

                break;
            case JsonTypeInfoKind.Enumerable:
                faults.Add(pointer, $"is {Name(element)}; an array is needed");
                break;
            case JsonTypeInfoKind.Dictionary when element.ValueKind != JsonValueKind.Object:
                faults.Add(pointer, $"is {Name(element)}; an object is needed");
                break;
            default:
                CheckValue(element, type, pointer, faults);
                break;
        }
    }

    private static void CheckObject(JsonElement element, JsonTypeInfo type, string pointer, Faults faults)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            faults.Add(pointer, $"is {Name(element)}; an object is needed");
            return;
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var member in element.EnumerateObject())
        {
            var place = $"{pointer}/{member.Name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal)}";
            if (!seen.Add(member.Name))
            {
                faults.Add(place, "is there twice; give it once");
            }
            else if (type.Properties.FirstOrDefault(p => p.Name == member.Name) is not { } property)
            {
                faults.Add(place, $"is not known here; known are: {string.Join(", ", type.Properties.Select(p => p.Name))}");
            }
            else if (member.Value.ValueKind == JsonValueKind.Null)
            {
                if (!property.IsSetNullable)
                {
                    faults.Add(place, "is null; a value is needed");
                }
            }
            else
            {
                Check(member.Value, type.Options.GetTypeInfo(property.PropertyType), place, faults);
            }
        }

        foreach (var missing in type.Properties.Where(p => p.IsRequired && !seen.Contains(p.Name)))
        {
            faults.Add($"{pointer}/{missing.Name}", "is missing");
        }
    }

    private static void CheckValue(JsonElement element, JsonTypeInfo type, string pointer, Faults faults)
    {
        try
        {
            element.Deserialize(type);
        }
        catch (JsonException)
        {
            var plain = Nullable.GetUnderlyingType(type.Type) ?? type.Type;
            faults.Add(pointer, plain switch
            {
                { IsEnum: true } => $"is not possible; one of {string.Join(", ", NamesOf(plain))} is needed",
                _ when plain == typeof(string) && element.ValueKind == JsonValueKind.String => "holds half of a surrogate pair, such as \\ud83d without its second half; write the character in UTF-8 or as both halves",
                _ when plain == typeof(string) => $"is {Name(element)}; text is needed",
                _ when plain == typeof(bool) => $"is {Name(element)}; true or false is needed",
                _ when plain == typeof(DateTimeOffset) => "is not a time; RFC 3339 is needed, for example 2026-01-31T09:30:00Z",
                _ when (plain.IsPrimitive || plain == typeof(decimal)) && element.ValueKind != JsonValueKind.Number => $"is {Name(element)}; a number is needed",
                _ when plain == typeof(decimal) || plain == typeof(double) || plain == typeof(float) => "is out of range; a smaller number is needed",
                _ when plain.IsPrimitive => "is no whole number, or out of range; a whole number is needed",
                _ => "has a value that is not possible here",
            });
        }
    }

    /// <summary>The values of an enumeration as the schema names them.</summary>
    private static IEnumerable<string> NamesOf(Type type) => type.GetFields(System.Reflection.BindingFlags.Public | System.Reflection.BindingFlags.Static)
        .Select(f => f.GetCustomAttributes(typeof(System.Text.Json.Serialization.JsonStringEnumMemberNameAttribute), false) is [System.Text.Json.Serialization.JsonStringEnumMemberNameAttribute named] ? named.Name : f.Name);

    private static string Name(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        JsonValueKind.String => "text",
        JsonValueKind.Number => "a number",
        JsonValueKind.Null => "null",
        JsonValueKind.True or JsonValueKind.False => "true or false",
        _ => "nothing",
    };
}
