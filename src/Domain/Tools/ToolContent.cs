using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace AIaaS.Domain.Tools;

/// <summary>What of a tool's input and output can be kept in an event: bounded in size and depth, and text in every place.</summary>
public static class ToolContent
{
    /// <summary>The most bytes of an input or output, as JSON.</summary>
    public const int MaxBytes = 256 * 1024;

    /// <summary>The deepest nesting; an event around it is still read with the log's limit.</summary>
    public const int MaxDepth = 32;

    /// <summary>What is wrong with a value; null when nothing is.</summary>
    public static string? Fault(JsonElement value) => value.ValueKind == JsonValueKind.Undefined ? null : Fault(value, 1) ?? (Size(value) is > MaxBytes and var size ? $"it has {size} bytes; at most {MaxBytes} are possible" : null);

    /// <summary>
    /// How many bytes the log will hold of it. Writing makes at most six of each byte, an escape: where even so many would fit, the bytes as they came are counted,
    /// and nothing is written.
    /// </summary>
    private static int Size(JsonElement value)
    {
        if (JsonMarshal.GetRawUtf8Value(value).Length is <= MaxBytes / 6 and var raw)
        {
            return raw;
        }

        var counter = new Counter();
        using (var writer = new Utf8JsonWriter(counter))
        {
            value.WriteTo(writer);
        }

        return (int)Math.Min(counter.Written, int.MaxValue);
    }

    private static string? Fault(JsonElement value, int depth)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object or JsonValueKind.Array when depth > MaxDepth:
                return $"it is nested deeper than {MaxDepth} levels";
            case JsonValueKind.Object:
                HashSet<string>? names = null;
                foreach (var member in value.EnumerateObject())
                {
                    if (!IsText(member, out var name))
                    {
                        return "the name of a member holds half of a surrogate pair, which is not text";
                    }

                    if (!(names ??= new(StringComparer.Ordinal)).Add(name))
                    {
                        return $"the member '{(name.Length <= 50 ? name : name[..50] + "…")}' is there twice";
                    }

                    if (Fault(member.Value, depth + 1) is { } fault)
                    {
                        return fault;
                    }
                }

                return null;
            case JsonValueKind.Array:
                foreach (var item in value.EnumerateArray())
                {
                    if (Fault(item, depth + 1) is { } fault)
                    {
                        return fault;
                    }
                }

                return null;
            default:
                return value.ValueKind == JsonValueKind.String && !IsText(value) ? "it holds half of a surrogate pair, which is not text" : null;
        }
    }

    private static bool IsText(JsonElement value)
    {
        try
        {
            return value.GetString() is not null;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private static bool IsText(JsonProperty member, out string name)
    {
        try
        {
            name = member.Name;
            return true;
        }
        catch (InvalidOperationException)
        {
            name = "";
            return false;
        }
    }

    /// <summary>Counts what is written and keeps none of it.</summary>
    private sealed class Counter : IBufferWriter<byte>
    {
        private byte[] scratch = new byte[4_096];

        public long Written { get; private set; }

        public void Advance(int count) => Written += count;

        public Memory<byte> GetMemory(int sizeHint = 0) => scratch.Length >= sizeHint ? scratch : scratch = new byte[sizeHint];

        public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;
    }
}
