using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace AIaaS.Commands.Agents;

/// <summary>Tells a repeated request from another one under the same idempotency key.</summary>
internal static class RequestHash
{
    /// <summary>SHA-256 (hex) over the parts, each led by its length; a missing part differs from an empty one.</summary>
    public static string Of(params ReadOnlySpan<string?> parts)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> length = stackalloc byte[4];
        foreach (var part in parts)
        {
            var bytes = part is null ? [] : Encoding.UTF8.GetBytes(part);
            BinaryPrimitives.WriteInt32BigEndian(length, part is null ? -1 : bytes.Length);
            hash.AppendData(length);
            hash.AppendData(bytes);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
