using System.Runtime.InteropServices;

namespace AIaaS.EventStore.Embedded.Sqlite;

/// <summary>An error code of SQLite.</summary>
internal sealed class SqliteFailure(int code, string message) : Exception($"SQLite error {code}: {message}")
{
    /// <summary>The extended code.</summary>
    internal int Code => code;

    /// <summary>The code's class.</summary>
    internal int Primary => code & 0xFF;

    internal bool IsDamage => Primary is Native.Corrupt or Native.NotADatabase;

    /// <summary>The write did not happen: no space, or no right to write.</summary>
    internal bool IsNoWrite => Primary is Native.Full or Native.ReadOnly or Native.CannotOpen
        || (Primary is Native.IoError && code is not (Native.IoErrorFsync or Native.IoErrorDirFsync));

    internal static unsafe SqliteFailure Of(int code, nint connection) => new(
        code,
        Marshal.PtrToStringUTF8((nint)(connection == 0 ? Native.sqlite3_errstr(code) : Native.sqlite3_errmsg(connection))) ?? "unknown");
}
