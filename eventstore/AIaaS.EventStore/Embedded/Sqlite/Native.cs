using System.Runtime.InteropServices;

namespace AIaaS.EventStore.Embedded.Sqlite;

/// <summary>
/// SQLite's C functions. The log calls them itself, since a call through Microsoft.Data.Sqlite costs several allocations
/// per row, and the log writes and reads hundreds of thousands of rows a second.
/// </summary>
internal static unsafe partial class Native
{
    internal const int Ok = 0;
    internal const int Busy = 5;
    internal const int ReadOnly = 8;
    internal const int IoError = 10;
    internal const int Corrupt = 11;
    internal const int Full = 13;
    internal const int CannotOpen = 14;
    internal const int Constraint = 19;
    internal const int NotADatabase = 26;
    internal const int Row = 100;
    internal const int Done = 101;
    internal const int IoErrorFsync = IoError | (4 << 8);
    internal const int IoErrorDirFsync = IoError | (5 << 8);

    internal const int OpenReadOnly = 0x1;
    internal const int OpenReadWrite = 0x2;
    internal const int OpenCreate = 0x4;
    internal const int OpenNoMutex = 0x8000;
    internal const int PreparePersistent = 0x1;

    private const string Library = "e_sqlite3";

    [LibraryImport(Library)]
    internal static partial int sqlite3_open_v2(byte* filename, nint* connection, int flags, byte* vfs);

    [LibraryImport(Library)]
    internal static partial int sqlite3_close_v2(nint connection);

    [LibraryImport(Library)]
    internal static partial int sqlite3_extended_result_codes(nint connection, int on);

    [LibraryImport(Library)]
    internal static partial int sqlite3_busy_timeout(nint connection, int milliseconds);

    [LibraryImport(Library)]
    internal static partial byte* sqlite3_errmsg(nint connection);

    [LibraryImport(Library)]
    internal static partial byte* sqlite3_errstr(int code);

    [LibraryImport(Library)]
    internal static partial int sqlite3_prepare_v3(nint connection, byte* sql, int bytes, uint flags, nint* statement, byte** tail);

    [LibraryImport(Library)]
    internal static partial int sqlite3_finalize(nint statement);

    [LibraryImport(Library)]
    internal static partial int sqlite3_step(nint statement);

    [LibraryImport(Library)]
    internal static partial int sqlite3_reset(nint statement);

    [LibraryImport(Library)]
    internal static partial int sqlite3_get_autocommit(nint connection);

    [LibraryImport(Library)]
    internal static partial int sqlite3_changes(nint connection);

    [LibraryImport(Library)]
    internal static partial int sqlite3_wal_checkpoint_v2(nint connection, byte* database, int mode, int* logFrames, int* checkpointedFrames);

    [LibraryImport(Library)]
    internal static partial nint sqlite3_wal_hook(nint connection, delegate* unmanaged[Cdecl]<nint, nint, byte*, int, int> hook, nint argument);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    internal static partial int sqlite3_bind_int64(nint statement, int index, long value);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    internal static partial int sqlite3_bind_null(nint statement, int index);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    internal static partial int sqlite3_bind_blob(nint statement, int index, byte* value, int length, nint destructor);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    internal static partial int sqlite3_bind_text(nint statement, int index, byte* value, int length, nint destructor);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    internal static partial int sqlite3_column_type(nint statement, int column);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    internal static partial long sqlite3_column_int64(nint statement, int column);

    [LibraryImport(Library)]
    internal static partial byte* sqlite3_column_blob(nint statement, int column);

    [LibraryImport(Library)]
    internal static partial int sqlite3_column_bytes(nint statement, int column);
}
