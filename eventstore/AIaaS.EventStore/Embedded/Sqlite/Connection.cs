using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace AIaaS.EventStore.Embedded.Sqlite;

/// <summary>One connection to a SQLite file. Used by one thread at a time.</summary>
internal sealed unsafe class Connection : IDisposable
{
    private readonly List<Statement> statements = [];
    private nint handle;
    private int* frames;

    internal Connection(string path, int flags)
    {
        fixed (byte* name = Encoding.UTF8.GetBytes(path + '\0'))
        {
            nint opened;
            var code = Native.sqlite3_open_v2(name, &opened, flags | Native.OpenNoMutex, null);
            handle = opened;
            if (code != Native.Ok)
            {
                var failure = SqliteFailure.Of(code, opened);
                _ = Native.sqlite3_close_v2(opened);
                handle = 0;
                throw failure;
            }
        }

        _ = Native.sqlite3_extended_result_codes(handle, 1);
        _ = Native.sqlite3_busy_timeout(handle, 10_000);
    }

    internal nint Handle => handle;

    internal bool InTransaction => Native.sqlite3_get_autocommit(handle) == 0;

    /// <summary>Frames in the write-ahead log after this connection's last commit; counted from <see cref="CountFrames"/> on.</summary>
    internal int Frames => *frames;

    internal int Changes => Native.sqlite3_changes(handle);

    /// <summary>A statement that lives as long as the connection.</summary>
    internal Statement Prepare(string sql)
    {
        var statement = new Statement(this, sql);
        statements.Add(statement);
        return statement;
    }

    internal void Execute(string sql)
    {
        using var statement = new Statement(this, sql);
        while (statement.Step())
        {
        }
    }

    internal long Scalar(string sql)
    {
        using var statement = new Statement(this, sql);
        return statement.Step() ? statement.Int64(0) : 0;
    }

    internal string Text(string sql)
    {
        using var statement = new Statement(this, sql);
        return statement.Step() ? statement.Text(0) : "";
    }

    internal void CountFrames()
    {
        frames = (int*)NativeMemory.AllocZeroed(sizeof(int));
        _ = Native.sqlite3_wal_hook(handle, &Committed, (nint)frames);
    }

    /// <summary>Moves the write-ahead log into the database file as far as readers allow.</summary>
    /// <returns>Frames in the write-ahead log, and how many of them are in the database file now.</returns>
    internal (int Frames, int Moved) Checkpoint(int mode)
    {
        int all, moved;
        var code = Native.sqlite3_wal_checkpoint_v2(handle, null, mode, &all, &moved);
        return code is Native.Ok or Native.Busy ? (all, moved) : throw SqliteFailure.Of(code, handle);
    }

    public void Dispose()
    {
        if (handle == 0)
        {
            return;
        }

        foreach (var statement in statements)
        {
            statement.Dispose();
        }

        _ = Native.sqlite3_close_v2(handle);
        handle = 0;
        NativeMemory.Free(frames);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Committed(nint frames, nint connection, byte* database, int count)
    {
        *(int*)frames = count;
        return Native.Ok;
    }
}
