using System.Buffers;
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
    public static (byte[] Value, byte[] Metadata) Seal(ReadOnlySpan<byte> before, string type, ReadOnlySpan<byte> data, EventMetadata metadata) =>
        Seal(before, type, data, (metadata with { Chain = null }).ToUtf8());

    /// <summary>The same, with the bytes of metadata that carry no chain.</summary>
    internal static (byte[] Value, byte[] Metadata) Seal(ReadOnlySpan<byte> before, string type, ReadOnlySpan<byte> data, ReadOnlySpan<byte> metadata)
    {
        var named = Encoding.UTF8.GetByteCount(type);
        var length = before.Length + 12 + named + data.Length + metadata.Length;
        var buffer = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            before.CopyTo(buffer);
            var at = before.Length;
            BinaryPrimitives.WriteInt32BigEndian(buffer.AsSpan(at), named);
            Encoding.UTF8.GetBytes(type, buffer.AsSpan(at + 4));
            at += 4 + named;
            at += Append(buffer.AsSpan(at), data);
            at += Append(buffer.AsSpan(at), metadata);
            var value = SHA256.HashData(buffer.AsSpan(0, at));
            return (value, Carry(metadata, value));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>The chain is the last member of the metadata: it is put in before the closing brace.</summary>
    private static byte[] Carry(ReadOnlySpan<byte> metadata, ReadOnlySpan<byte> value)
    {
        var lead = ",\"chain\":\""u8;
        var linked = new byte[metadata.Length + lead.Length + (2 * value.Length) + 1];
        metadata[..^1].CopyTo(linked);
        var at = metadata.Length - 1;
        lead.CopyTo(linked.AsSpan(at));
        at += lead.Length;
        Convert.TryToHexStringLower(value, linked.AsSpan(at), out var written);
        at += written;
        linked[at] = (byte)'"';
        linked[at + 1] = (byte)'}';
        return linked;
    }

    private static int Append(Span<byte> to, ReadOnlySpan<byte> part)
    {
        BinaryPrimitives.WriteInt32BigEndian(to, part.Length);
        part.CopyTo(to[4..]);
        return 4 + part.Length;
    }
}
