using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using AIaaS.Domain;
using AIaaS.EventStore;

namespace AIaaS.Api.Cli;

/// <summary>
/// The catalogue of event types as Markdown: type, version, streams, fields with their kinds, an example. It is made of the
/// registration and of the records' documentation alone, so the same program always writes the same bytes.
/// </summary>
internal static class EventCatalog
{
    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly NullabilityInfoContext Nullability = new();

    /// <summary>Writes the catalogue to a file.</summary>
    public static async Task<int> WriteAsync(string file, CancellationToken cancellationToken = default)
    {
        if (Path.GetDirectoryName(Path.GetFullPath(file)) is { } folder)
        {
            Directory.CreateDirectory(folder);
        }

        await File.WriteAllTextAsync(file, Render(), cancellationToken);
        return 0;
    }

    /// <summary>The catalogue's text.</summary>
    public static string Render()
    {
        var registered = DomainEventTypes.Create().All.ToArray();
        var product = registered.Where(t => t.Clr.Assembly == typeof(DomainEventTypes).Assembly).ToArray();
        var platform = registered.Except(product).ToArray();
        var docs = XmlDocs.Of([.. registered.Select(t => t.Clr.Assembly).Distinct()]);
        var parts = new SortedDictionary<string, Type>(StringComparer.Ordinal);

        var text = new StringBuilder();
        text.Append("# Event types\n\nWritten by `make catalog` from the registration of the event types; do not edit it by hand.\n\n");
        text.Append("Events are JSON. Beside the data each one carries metadata: ");
        text.Append(string.Join(", ", MetadataNames().Select(n => $"`{n}`")));
        text.Append(". A field marked *optional* is `null` where it has no value. An incompatible change is a new type that ends in `.v2`, with an upcaster from the old one.\n");

        Overview(text, "Of the product", product, t => $"`{t.Category}-{{tenant}}_{{id}}`");
        Overview(text, "Of the platform's own streams", platform, t => $"`{t.Category}-{{…}}`");
        foreach (var type in product.Concat(platform))
        {
            Section(text, type, docs, parts);
        }

        Parts(text, docs, parts);
        return text.ToString();
    }

    private static void Overview(StringBuilder text, string title, IEnumerable<EventType> types, Func<EventType, string> streams)
    {
        text.Append(CultureInfo.InvariantCulture, $"\n## {title}\n\n| Type | Version | Streams |\n|---|---|---|\n");
        foreach (var type in types)
        {
            text.Append(CultureInfo.InvariantCulture, $"| [`{type.Name}`](#{Anchor(type.Name)}) | {VersionOf(type.Name)} | {streams(type)} |\n");
        }
    }

    private static void Section(StringBuilder text, EventType type, XmlDocs docs, SortedDictionary<string, Type> parts)
    {
        text.Append(CultureInfo.InvariantCulture, $"\n## {type.Name}\n\n{docs.Summary(type.Clr)}\n\n");
        Fields(text, type.Clr, docs, parts);
        var example = JsonNode.Parse(JsonSerializer.Serialize(type.Example, type.Json))!.ToJsonString(Readable).ReplaceLineEndings("\n");
        text.Append(CultureInfo.InvariantCulture, $"\n```json\n{example}\n```\n");
    }

    private static void Parts(StringBuilder text, XmlDocs docs, SortedDictionary<string, Type> parts)
    {
        text.Append("\n## Parts of events\n");
        var written = new HashSet<string>(StringComparer.Ordinal);

        // Describing a part may name further ones.
        while (parts.FirstOrDefault(p => !written.Contains(p.Key)) is { Value: { } part, Key: var name })
        {
            written.Add(name);
            text.Append(CultureInfo.InvariantCulture, $"\n### {name}\n\n{docs.Summary(part)}\n\n");
            Fields(text, part, docs, parts);
        }
    }

    private static void Fields(StringBuilder text, Type type, XmlDocs docs, SortedDictionary<string, Type> parts)
    {
        text.Append("| Field | Kind | Meaning |\n|---|---|---|\n");
        foreach (var parameter in PrimaryParameters(type))
        {
            var name = JsonNamingPolicy.CamelCase.ConvertName(parameter.Name!);
            var optional = Nullable.GetUnderlyingType(parameter.ParameterType) is not null || Nullability.Create(parameter).ReadState is NullabilityState.Nullable;
            text.Append(CultureInfo.InvariantCulture, $"| `{name}` | {Kind(parameter.ParameterType, parts)}{(optional ? ", optional" : "")} | {docs.Parameter(type, parameter.Name!)} |\n");
        }
    }

    private static ParameterInfo[] PrimaryParameters(Type type) => type
        .GetConstructors(BindingFlags.Instance | BindingFlags.Public)
        .Select(c => c.GetParameters())
        .OrderByDescending(p => p.Length)
        .FirstOrDefault() ?? [];

    private static string Kind(Type type, SortedDictionary<string, Type> parts)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type.IsEnum)
        {
            return string.Join(" or ", Enum.GetNames(type).Select(n => $"`{n}`"));
        }

        if (type == typeof(string))
        {
            return "text";
        }

        if (type == typeof(bool))
        {
            return "true or false";
        }

        if (type == typeof(int) || type == typeof(long) || type == typeof(ulong))
        {
            return "whole number";
        }

        if (type == typeof(double) || type == typeof(decimal))
        {
            return "number";
        }

        if (type == typeof(DateTimeOffset))
        {
            return "time, RFC 3339";
        }

        if (type == typeof(Guid))
        {
            return "UUID";
        }

        if (type == typeof(TimeSpan))
        {
            return "duration";
        }

        if (type == typeof(JsonElement) || type == typeof(JsonNode) || type == typeof(JsonObject))
        {
            return "JSON";
        }

        if (type.IsGenericType && typeof(IEnumerable).IsAssignableFrom(type))
        {
            return type.GetGenericArguments() is [_, var value]
                ? $"object of {Kind(value, parts)} by name"
                : $"list of {Kind(type.GetGenericArguments()[0], parts)}";
        }

        parts[type.Name] = type;
        return $"[{type.Name}](#{Anchor(type.Name)})";
    }

    private static IEnumerable<string> MetadataNames() => typeof(EventMetadata)
        .GetProperties()
        .Select(p => p.GetCustomAttribute<System.Text.Json.Serialization.JsonPropertyNameAttribute>()?.Name)
        .OfType<string>();

    private static string VersionOf(string type) =>
        type.LastIndexOf(".v", StringComparison.Ordinal) is var at and > 0 && int.TryParse(type.AsSpan(at + 2), CultureInfo.InvariantCulture, out var version)
            ? version.ToString(CultureInfo.InvariantCulture)
            : "1";

    // As GitHub makes anchors of headings.
    private static string Anchor(string heading) => new([.. heading.ToLowerInvariant().Where(c => char.IsLetterOrDigit(c) || c is '-' or '_')]);
}
