using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace AIaaS.Commands.Agents;

/// <summary>
/// The hash chain over a run's events: SHA-256 over the value before, the type led by its length, and the data bytes. It begins with the
/// hash of the stream's name, so that an episode cannot be passed off as another tenant's or another run's.
/// </summary>
public static class EpisodeChain
{
    /// <summary>The value before the first event.</summary>
    public static byte[] Begin(string stream) => SHA256.HashData(Encoding.UTF8.GetBytes(stream));

    /// <summary>The value of the next event.</summary>
    public static byte[] Next(ReadOnlySpan<byte> before, string type, ReadOnlySpan<byte> data)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(before);
        Span<byte> head = stackalloc byte[4 + Encoding.UTF8.GetMaxByteCount(Math.Min(type.Length, 256))];
        var length = Encoding.UTF8.GetBytes(type.AsSpan(0, Math.Min(type.Length, 256)), head[4..]);
        BinaryPrimitives.WriteInt32BigEndian(head, length);
        hash.AppendData(head[..(4 + length)]);
        hash.AppendData(data);
        return hash.GetHashAndReset();
    }

    /// <summary>A value as it stands in the metadata.</summary>
    public static string Text(ReadOnlySpan<byte> value) => Convert.ToHexStringLower(value);
}
