namespace AIaaS.EventStore.Embedded;

/// <summary>The embedded engine's inner sizes. Not settings: they hold for every installation, and tests lower some of them.</summary>
internal sealed record Tuning
{
    /// <summary>The page size of a new file. Larger pages make batches cheaper and single commits dearer.</summary>
    internal int PageSize { get; init; } = 4096;

    /// <summary>The largest file in pages; 0 for no limit.</summary>
    internal long MaxPages { get; init; }

    /// <summary>SQLite's page cache of the writer, in KiB.</summary>
    internal int WriterCacheKiB { get; init; } = 16 * 1024;

    /// <summary>SQLite's page cache of each reader, in KiB.</summary>
    internal int ReaderCacheKiB { get; init; } = 2 * 1024;

    /// <summary>The most read connections.</summary>
    internal int Readers { get; init; } = 8;

    /// <summary>The write-ahead log is moved into the file when it has this many pages.</summary>
    internal int CheckpointPages { get; init; } = 8 * 1024;

    /// <summary>The most events of one transaction; a larger append still goes in whole.</summary>
    internal int TransactionEvents { get; init; } = 5_000;

    /// <summary>The most bytes of one transaction; a larger append still goes in whole.</summary>
    internal long TransactionBytes { get; init; } = 8 * 1024 * 1024;

    /// <summary>Newest events that live subscribers read from memory.</summary>
    internal int RecentEvents { get; init; } = 8 * 1024;

    /// <summary>The most bytes of them.</summary>
    internal long RecentBytes { get; init; } = 8 * 1024 * 1024;

    /// <summary>Streams whose heads the writer remembers, and stream names that readers remember.</summary>
    internal int KnownStreams { get; init; } = 64 * 1024;

    /// <summary>Newest event ids by which a repeated append with no specific expected version is recognised.</summary>
    internal int KnownIds { get; init; } = 32 * 1024;

    /// <summary>Events of one page of a read.</summary>
    internal int PageEvents { get; init; } = 1024;

    /// <summary>Bytes after which a page of a read ends.</summary>
    internal int PageBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>How often events beyond their stream's metadata are removed.</summary>
    internal TimeSpan ScavengePeriod { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How often the position that the log has reached is recorded beside it.</summary>
    internal TimeSpan HeadPeriod { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How often the log says that it cannot write.</summary>
    internal TimeSpan FailurePeriod { get; init; } = TimeSpan.FromSeconds(30);
}
