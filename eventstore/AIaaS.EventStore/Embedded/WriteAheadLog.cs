using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace AIaaS.EventStore.Embedded;

/// <summary>SQLite's write-ahead log as it lies on the disk, read before SQLite recovers it: what SQLite would take for committed.</summary>
internal sealed class WriteAheadLog
{
    private const int HeaderBytes = 32;
    private const int FrameHeaderBytes = 24;
    private const uint Magic = 0x377F0682;
    private const int IndexBytes = 100;
    private const int IndexHeaderBytes = 48;
    private const uint IndexVersion = 3007000;

    private readonly byte[] salt = new byte[8];

    private WriteAheadLog()
    {
    }

    /// <summary>The pages in committed transactions.</summary>
    internal HashSet<uint> Pages { get; } = [];

    /// <summary>The pages of the database after the last of those transactions.</summary>
    internal uint DatabasePages { get; private set; }

    /// <summary>The frames up to the end of the last committed transaction.</summary>
    internal uint Frames { get; private set; }

    /// <summary>Reads the write-ahead log of a database; empty where there is none, or none that SQLite would accept.</summary>
    internal static WriteAheadLog Read(string database, int pageSize)
    {
        var read = new WriteAheadLog();
        var path = database + "-wal";
        if (File.Exists(path))
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 64 * 1024);
            read.Fill(file, pageSize);
        }

        return read;
    }

    /// <summary>
    /// How many committed frames the write-ahead log lacks. A process that is killed leaves SQLite's index of the write-ahead log behind
    /// ("-shm"), and a transaction stands in it only after its fsync. So a write that a crash tore is not missed; a file that was cut is.
    /// </summary>
    internal uint LostFrames(string database)
    {
        var path = database + "-shm";
        if (!File.Exists(path))
        {
            return 0;
        }

        Span<byte> index = stackalloc byte[IndexBytes];
        using (var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 1))
        {
            if (file.ReadAtLeast(index, IndexBytes, throwOnEndOfStream: false) < IndexBytes)
            {
                return 0;
            }
        }

        // The header stands there twice: unequal ones were being written, and say nothing.
        var header = index[..IndexHeaderBytes];
        if (!header.SequenceEqual(index.Slice(IndexHeaderBytes, IndexHeaderBytes)) || Native(header, 0) != IndexVersion || header[12] == 0)
        {
            return 0;
        }

        var committed = Native(header, 16);
        var moved = Native(index, 96);
        var isOfThisLog = header.Slice(32, 8).SequenceEqual(salt);
        var isGone = salt.AsSpan().IndexOfAnyExcept((byte)0) < 0;
        return (isOfThisLog || (isGone && moved < committed)) && Frames < committed ? committed - Frames : 0;
    }

    private static uint Native(ReadOnlySpan<byte> bytes, int at) => MemoryMarshal.Read<uint>(bytes[at..]);

    private void Fill(FileStream file, int pageSize)
    {
        var header = new byte[HeaderBytes];
        if (file.ReadAtLeast(header, HeaderBytes, throwOnEndOfStream: false) < HeaderBytes)
        {
            return;
        }

        var magic = BinaryPrimitives.ReadUInt32BigEndian(header);
        var bigEndian = (magic & 1) != 0;
        (uint, uint) sum = (0, 0);
        Add(ref sum, header.AsSpan(0, 24), bigEndian);
        if ((magic & ~1u) != Magic || BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(8)) != pageSize || !Holds(sum, header.AsSpan(24)))
        {
            return;
        }

        header.AsSpan(16, 8).CopyTo(salt);
        List<uint> open = [];
        var frame = new byte[FrameHeaderBytes + pageSize];
        for (uint number = 1; file.ReadAtLeast(frame, frame.Length, throwOnEndOfStream: false) == frame.Length; number++)
        {
            // Frames of an earlier round have another salt, and a torn one another sum; they end what belongs to this round.
            Add(ref sum, frame.AsSpan(0, 8), bigEndian);
            Add(ref sum, frame.AsSpan(FrameHeaderBytes), bigEndian);
            if (!frame.AsSpan(8, 8).SequenceEqual(salt) || !Holds(sum, frame.AsSpan(16)))
            {
                return;
            }

            open.Add(BinaryPrimitives.ReadUInt32BigEndian(frame));
            if (BinaryPrimitives.ReadUInt32BigEndian(frame.AsSpan(4)) is > 0 and var pages)
            {
                DatabasePages = pages;
                Frames = number;
                Pages.UnionWith(open);
                open.Clear();
            }
        }
    }

    private static bool Holds((uint First, uint Second) sum, ReadOnlySpan<byte> stored) =>
        BinaryPrimitives.ReadUInt32BigEndian(stored) == sum.First && BinaryPrimitives.ReadUInt32BigEndian(stored[4..]) == sum.Second;

    /// <summary>SQLite's running checksum. Its words have the byte order that the file's magic number names.</summary>
    private static void Add(ref (uint First, uint Second) sum, ReadOnlySpan<byte> bytes, bool bigEndian)
    {
        var words = MemoryMarshal.Cast<byte, uint>(bytes);
        var swap = bigEndian == BitConverter.IsLittleEndian;
        var (first, second) = sum;
        for (var i = 0; i + 1 < words.Length; i += 2)
        {
            first += (swap ? BinaryPrimitives.ReverseEndianness(words[i]) : words[i]) + second;
            second += (swap ? BinaryPrimitives.ReverseEndianness(words[i + 1]) : words[i + 1]) + first;
        }

        sum = (first, second);
    }
}
