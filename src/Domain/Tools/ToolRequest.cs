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

        var size = (3 * sizeof(int)) + Encoding.UTF8.GetByteCount(tool) + Encoding.UTF8.GetByteCount(version) + content.WrittenCount;
        var parts = size <= 1_024 ? stackalloc byte[size] : new byte[size];
        var rest = Append(Append(parts, tool), version);
        BinaryPrimitives.WriteInt32BigEndian(rest, content.WrittenCount);
        content.WrittenSpan.CopyTo(rest[sizeof(int)..]);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(parts, hash);
        return Convert.ToHexStringLower(hash);
    }

    /// <summary>The idempotency key <c>{tenant}/{run or saga}/{call}/{tool}</c>: no time in it, so that a retry matches itself.</summary>
    public static string Key(string tenant, string caller, string call, string tool) => string.Concat(tenant, "/", caller, "/") + string.Concat(call, "/", tool);

    /// <summary>Puts a text, led by its length, at the beginning of a span; what is behind it is the rest.</summary>
    private static Span<byte> Append(Span<byte> parts, string part)
    {
        var length = Encoding.UTF8.GetBytes(part, parts[sizeof(int)..]);
        BinaryPrimitives.WriteInt32BigEndian(parts, length);
        return parts[(sizeof(int) + length)..];
    }

    private static void Write(Utf8JsonWriter writer, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                writer.WriteStartObject();
                if (value.GetPropertyCount() > 0)
                {
                    foreach (var member in value.EnumerateObject().OrderBy(m => m.Name, StringComparer.Ordinal))
                    {
                        writer.WritePropertyName(member.Name);
                        Write(writer, member.Value);
                    }
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
