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

    private static int Size(JsonElement value)
    {
        using var counter = new Counter();
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

    private sealed class Counter : Stream
    {
        public long Written { get; private set; }

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => Written;

        public override long Position
        {
            get => Written;
            set => throw new NotSupportedException();
        }

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => Written += count;

        public override void Write(ReadOnlySpan<byte> buffer) => Written += buffer.Length;
    }
}
