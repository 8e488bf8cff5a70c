using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using AIaaS.EventStore;

namespace AIaaS.Commands.Agents;

/// <summary>
/// The hash chain over a run's events: SHA-256 over the value before, then the type, the data bytes and the metadata bytes without the
/// chain, each led by its length. It begins with the hash of the stream's name, so that an episode cannot be passed off as another
/// tenant's or another run's.
/// </summary>
public static class EpisodeChain
{
    /// <summary>The value before the first event.</summary>
    public static byte[] Begin(string stream) => SHA256.HashData(Encoding.UTF8.GetBytes(stream));

    /// <summary>Links an event to those before it.</summary>
    /// <param name="before">The value before.</param>
    /// <param name="type">The event's type.</param>
    /// <param name="data">The event's data bytes.</param>
    /// <param name="metadata">The event's metadata; whatever chain stands in them is replaced.</param>
    /// <returns>The next value, and the bytes of the metadata that carry it.</returns>
    public static (byte[] Value, byte[] Metadata) Seal(ReadOnlySpan<byte> before, string type, ReadOnlySpan<byte> data, EventMetadata metadata)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(before);
        Append(hash, Encoding.UTF8.GetBytes(type));
        Append(hash, data);
        Append(hash, (metadata with { Chain = null }).ToUtf8());
        var value = hash.GetHashAndReset();
        return (value, (metadata with { Chain = Convert.ToHexStringLower(value) }).ToUtf8());
    }

    private static void Append(IncrementalHash hash, ReadOnlySpan<byte> part)
    {
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, part.Length);
        hash.AppendData(length);
        hash.AppendData(part);
    }
}
