using System.Security.Cryptography;
using System.Text;

namespace AIaaS.EventStore;

/// <summary>Where new ids come from. Passed in wherever ids are made, so that a replay draws the same ones.</summary>
public abstract class IdSource
{
    /// <summary>A new UUIDv7 (RFC 9562): ordered by time of creation.</summary>
    public abstract Guid NewId();

    /// <summary>Ids from the clock and the system's random source.</summary>
    public static IdSource From(TimeProvider time) => new Clock(time);

    private sealed class Clock(TimeProvider time) : IdSource
    {
#pragma warning disable RS0030 // The one place that ids come from.
        public override Guid NewId() => Guid.CreateVersion7(time.GetUtcNow());
#pragma warning restore RS0030
    }
}

/// <summary>Ids that are a function of a name, so that a retry makes the same ones.</summary>
public static class NamedId
{
    /// <summary>UUIDv8 (RFC 9562, section 5.8): the first 122 free bits of SHA-256 over the parts, each led by its length.</summary>
    public static Guid Of(params ReadOnlySpan<string> parts)
    {
        var size = 0;
        foreach (var part in parts)
        {
            size += sizeof(int) + Encoding.UTF8.GetByteCount(part);
        }

        Span<byte> bytes = size <= 1_024 ? stackalloc byte[size] : new byte[size];
        var rest = bytes;
        foreach (var part in parts)
        {
            var length = Encoding.UTF8.GetBytes(part, rest[sizeof(int)..]);
            System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(rest, length);
            rest = rest[(sizeof(int) + length)..];
        }

        Span<byte> digest = stackalloc byte[32];
        SHA256.HashData(bytes, digest);
        digest[6] = (byte)((digest[6] & 0x0F) | 0x80);
        digest[8] = (byte)((digest[8] & 0x3F) | 0x80);
        return new(digest[..16], bigEndian: true);
    }
}
