using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace AIaaS.Commands.Agents;

/// <summary>Turns YAML parts into JSON.</summary>
internal static class WorkflowTrees
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = 100 };

    /// <summary>The JSON of a part: plain values get the type that YAML gives them, everything else is text.</summary>
    public static string ToJson(YamlPart part)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, Options))
        {
            Write(writer, part);
        }

        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }

    /// <summary>All texts in a part, names of fields aside.</summary>
    public static IEnumerable<YamlText> Texts(YamlPart part) => part switch
    {
        YamlText text when !WorkflowValues.IsTyped(text) => [text],
        YamlList list => list.Items.SelectMany(Texts),
        YamlMap map => map.Entries.SelectMany(e => Texts(e.Value)),
        _ => [],
    };

    /// <summary>The part that a JSON pointer leads to, as far as it leads.</summary>
    public static YamlPart At(YamlPart part, string pointer)
    {
        foreach (var step in pointer.Split('/').Skip(1))
        {
            var name = step.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
            var next = part switch
            {
                YamlMap map => map.Find(name),
                YamlList list when int.TryParse(name, out var index) && index >= 0 && index < list.Items.Count => list.Items[index],
                _ => null,
            };
            if (next is null)
            {
                return part;
            }

            part = next;
        }

        return part;
    }

    /// <summary>A part with each of its texts replaced.</summary>
    public static YamlPart Map(YamlPart part, Func<YamlText, YamlText> replace) => part switch
    {
        YamlText text => WorkflowValues.IsTyped(text) ? text : replace(text),
        YamlList list => list with { Items = [.. list.Items.Select(i => Map(i, replace))] },
        YamlMap map => map with { Entries = [.. map.Entries.Select(e => (e.Key, Map(e.Value, replace)))] },
        _ => part,
    };

    private static void Write(Utf8JsonWriter writer, YamlPart part)
    {
        switch (part)
        {
            case YamlText text when text.Plain && WorkflowValues.JsonOf(text.Value) is { } json:
                writer.WriteRawValue(json);
                break;
            case YamlText text:
                writer.WriteStringValue(text.Value);
                break;
            case YamlList list:
                writer.WriteStartArray();
                foreach (var item in list.Items)
                {
                    Write(writer, item);
                }

                writer.WriteEndArray();
                break;
            case YamlMap map:
                writer.WriteStartObject();
                foreach (var (key, value) in map.Entries)
                {
                    writer.WritePropertyName(key.Value);
                    Write(writer, value);
                }

                writer.WriteEndObject();
                break;
        }
    }
}
