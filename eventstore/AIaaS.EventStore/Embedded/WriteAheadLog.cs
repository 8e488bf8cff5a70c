using System.Buffers.Binary;

namespace AIaaS.EventStore.Embedded;

/// <summary>SQLite's write-ahead log as it lies on the disk, read before SQLite recovers it.</summary>
internal static class WriteAheadLog
{
    private const int HeaderBytes = 32;
    private const int FrameHeaderBytes = 24;

    /// <summary>The pages that the write-ahead log holds in committed transactions; none where there is none.</summary>
    /// <param name="path">The write-ahead log.</param>
    /// <param name="pageSize">The page size.</param>
    /// <param name="databasePages">The pages of the database after the last of those transactions.</param>
    internal static HashSet<uint> PagesIn(string path, int pageSize, out uint databasePages)
    {
        databasePages = 0;
        HashSet<uint> committed = [];
        if (!File.Exists(path))
        {
            return committed;
        }

        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 1);
        Span<byte> header = stackalloc byte[HeaderBytes];
        Span<byte> frame = stackalloc byte[FrameHeaderBytes];
        if (file.ReadAtLeast(header, HeaderBytes, throwOnEndOfStream: false) < HeaderBytes)
        {
            return committed;
        }

        List<uint> open = [];
        for (long at = HeaderBytes; at + FrameHeaderBytes + pageSize <= file.Length; at += FrameHeaderBytes + pageSize)
        {
            file.Position = at;
            file.ReadExactly(frame);

            // Frames of an earlier round have another salt; they end what belongs to this one.
            if (!frame[8..16].SequenceEqual(header[16..24]))
            {
                break;
            }

            open.Add(BinaryPrimitives.ReadUInt32BigEndian(frame));
            if (BinaryPrimitives.ReadUInt32BigEndian(frame[4..]) is > 0 and var pages)
            {
                databasePages = pages;
                committed.UnionWith(open);
                open.Clear();
            }
        }

        return committed;
    }
}
