namespace AIaaS.Domain.Json;

/// <summary>The parts of a JSON Pointer (RFC 6901).</summary>
internal static class JsonPointer
{
    public static string Escape(string name) => name.Contains('~') || name.Contains('/')
        ? name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal)
        : name;

    public static string Unescape(string part) => part.Contains('~')
        ? part.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal)
        : part;
}
