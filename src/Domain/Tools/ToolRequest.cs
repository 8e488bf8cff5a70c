using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace AIaaS.Domain.Tools;

/// <summary>What tells one call of a tool from another, on our side and on the far side.</summary>
public static class ToolRequest
{
    /// <summary>SHA-256 (hex) over tool, version and input, each led by its length; objects count with their members in ordinal order.</summary>
    public static string Hash(string tool, string version, JsonElement input)
    {
        var content = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(content))
        {
            Write(writer, input);
        }

        var parts = new ArrayBufferWriter<byte>(content.WrittenCount + (3 * (tool.Length + version.Length)) + 12);
        Append(parts, tool);
        Append(parts, version);
        Append(parts, content.WrittenSpan);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(parts.WrittenSpan, hash);
        return Convert.ToHexStringLower(hash);
    }

    /// <summary>The idempotency key <c>{tenant}/{run or saga}/{call}/{tool}</c>: no time in it, so that a retry matches itself.</summary>
    public static string Key(string tenant, string caller, string call, string tool) => string.Concat(tenant, "/", caller, "/") + string.Concat(call, "/", tool);

    private static void Append(ArrayBufferWriter<byte> parts, string part)
    {
        BinaryPrimitives.WriteInt32BigEndian(parts.GetSpan(4), Encoding.UTF8.GetByteCount(part));
        parts.Advance(4);
        parts.Advance(Encoding.UTF8.GetBytes(part, parts.GetSpan(Encoding.UTF8.GetMaxByteCount(part.Length))));
    }

    private static void Append(ArrayBufferWriter<byte> parts, ReadOnlySpan<byte> part)
    {
        BinaryPrimitives.WriteInt32BigEndian(parts.GetSpan(4), part.Length);
        parts.Advance(4);
        parts.Write(part);
    }

    private static void Write(Utf8JsonWriter writer, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (var member in value.EnumerateObject().OrderBy(m => m.Name, StringComparer.Ordinal))
                {
                    writer.WritePropertyName(member.Name);
                    Write(writer, member.Value);
                }

                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var item in value.EnumerateArray())
                {
                    Write(writer, item);
                }

                writer.WriteEndArray();
                break;
            case JsonValueKind.Undefined:
                writer.WriteNullValue();
                break;
            case JsonValueKind.String:
            case JsonValueKind.Number:
            case JsonValueKind.True:
            case JsonValueKind.False:
            case JsonValueKind.Null:
                value.WriteTo(writer);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(value), value.ValueKind, "This is no JSON value.");
        }
    }
}
