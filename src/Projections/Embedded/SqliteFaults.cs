using Microsoft.Data.Sqlite;

namespace AIaaS.Projections.Embedded;

/// <summary>SQLite's error codes in words that say what to do.</summary>
internal static class SqliteFaults
{
    private const int Busy = 5;
    private const int ReadOnly = 8;
    private const int IoError = 10;
    private const int Corrupt = 11;
    private const int Full = 13;
    private const int CannotOpen = 14;
    private const int NotADatabase = 26;

    public static ReadModelStoreException Of(SqliteException fault, string path) => fault.SqliteErrorCode switch
    {
        Corrupt or NotADatabase => Damaged(path, fault),
        Full => new($"The disk is full: the read models in '{path}' cannot be written. Make room; the projections then go on by themselves.", fault),
        ReadOnly or CannotOpen => new($"The read models in '{path}' cannot be written: the file or its folder is read-only or cannot be opened. Give the process write permission on both.", fault),
        IoError => new($"The disk that holds the read models '{path}' reports an error: {fault.Message} Check that it has room and is writable and healthy.", fault),
        Busy => new($"Another process holds the read models in '{path}'. Stop it, or give this one a data folder of its own (ReadModels__DataFolder).", fault),
        _ => new($"The read models in '{path}' failed: {fault.Message}", fault),
    };

    public static ReadModelStoreException Damaged(string path, Exception? fault = null) =>
        new($"The read-model file '{path}' is damaged. It holds nothing that the log does not: stop the program, delete this file together with '{path}-wal' and '{path}-shm', and start again; it is rebuilt from the log.", fault);
}
