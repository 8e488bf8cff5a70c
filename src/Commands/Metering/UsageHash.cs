using System.IO.Hashing;
using AIaaS.Domain.Metering;

namespace AIaaS.Commands.Metering;

/// <summary>
/// A hash of what an event says: XXH3 (https://github.com/Cyan4973/xxHash) over its parts, each seeded by the one before. It is never stored, and keeps a tenant's mistakes apart,
/// not its enemies: only the tenant itself sends under its ids.
/// </summary>
internal static class UsageHash
{
    public static ulong Of(UsageContent content, ReadOnlySpan<byte> record)
    {
        var type = XxHash3.HashToUInt64(record[content.Type]);
        var subject = XxHash3.HashToUInt64(record[content.Subject], (long)type);
        return XxHash3.HashToUInt64(record[content.Data], (long)subject);
    }
}
