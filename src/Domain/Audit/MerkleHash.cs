using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace AIaaS.Domain.Audit;

/// <summary>A SHA-256 value: of a leaf, a node, or a whole tree. In JSON and in texts: 64 lower-case hexadecimal digits.</summary>
[JsonConverter(typeof(MerkleHashJson))]
[StructLayout(LayoutKind.Sequential)]
public readonly record struct MerkleHash
{
    /// <summary>How many bytes it has.</summary>
    public const int Size = 32;

    private readonly ulong a;
    private readonly ulong b;
    private readonly ulong c;
    private readonly ulong d;

    /// <summary>Takes 32 bytes.</summary>
    /// <exception cref="ArgumentException">There are more or fewer.</exception>
    public MerkleHash(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Size)
        {
            throw new ArgumentException($"A hash has {Size} bytes, not {bytes.Length}.", nameof(bytes));
        }

        (a, b, c, d) = (MemoryMarshal.Read<ulong>(bytes), MemoryMarshal.Read<ulong>(bytes[8..]), MemoryMarshal.Read<ulong>(bytes[16..]), MemoryMarshal.Read<ulong>(bytes[24..]));
    }

    /// <summary>Reads 64 hexadecimal digits.</summary>
    public static bool TryParse(string? text, out MerkleHash hash)
    {
        Span<byte> bytes = stackalloc byte[Size];
        if (text is { Length: 2 * Size } && Convert.FromHexString(text, bytes, out _, out _) is System.Buffers.OperationStatus.Done)
        {
            hash = new(bytes);
            return true;
        }

        hash = default;
        return false;
    }

    /// <summary>Writes the 32 bytes.</summary>
    public void CopyTo(Span<byte> into)
    {
        MemoryMarshal.Write(into, in a);
        MemoryMarshal.Write(into[8..], in b);
        MemoryMarshal.Write(into[16..], in c);
        MemoryMarshal.Write(into[24..], in d);
    }

    /// <summary>The 32 bytes.</summary>
    public byte[] ToArray()
    {
        var bytes = new byte[Size];
        CopyTo(bytes);
        return bytes;
    }

    /// <inheritdoc />
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Size];
        CopyTo(bytes);
        return Convert.ToHexStringLower(bytes);
    }
}

/// <summary>A hash as text.</summary>
public sealed class MerkleHashJson : JsonConverter<MerkleHash>
{
    /// <inheritdoc />
    public override MerkleHash Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && MerkleHash.TryParse(reader.GetString(), out var hash) ? hash : throw new JsonException("A hash is a text of 64 hexadecimal digits.");

    /// <inheritdoc />
    public override void Write(Utf8JsonWriter writer, MerkleHash value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteStringValue(value.ToString());
    }
}
