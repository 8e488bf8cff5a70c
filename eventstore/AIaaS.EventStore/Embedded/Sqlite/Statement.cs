using System.Text;

namespace AIaaS.EventStore.Embedded.Sqlite;

/// <summary>A prepared statement. Bind, step, reset; nothing is allocated.</summary>
internal sealed unsafe class Statement : IDisposable
{
    private const nint Copy = -1;
    private const nint NoCopy = 0;
    private static readonly byte[] Nothing = [0];

    private readonly nint connection;
    private nint handle;

    internal Statement(Connection connection, string sql)
    {
        this.connection = connection.Handle;
        fixed (byte* text = Encoding.UTF8.GetBytes(sql + '\0'))
        {
            nint prepared;
            var code = Native.sqlite3_prepare_v3(this.connection, text, -1, Native.PreparePersistent, &prepared, null);
            handle = code == Native.Ok ? prepared : throw SqliteFailure.Of(code, this.connection);
        }
    }

    internal Statement Bind(int index, long value)
    {
        _ = Native.sqlite3_bind_int64(handle, index, value);
        return this;
    }

    internal Statement Bind(int index, long? value)
    {
        _ = value is { } some ? Native.sqlite3_bind_int64(handle, index, some) : Native.sqlite3_bind_null(handle, index);
        return this;
    }

    internal Statement Bind(int index, string value)
    {
        var most = Encoding.UTF8.GetMaxByteCount(value.Length);
        var bytes = most <= 1024 ? stackalloc byte[most] : new byte[most];
        var length = Encoding.UTF8.GetBytes(value, bytes);
        fixed (byte* start = bytes)
        {
            _ = Native.sqlite3_bind_text(handle, index, start, length, Copy);
        }

        return this;
    }

    /// <summary>Binds bytes without copying them: they must stay where they are until the statement has been stepped.</summary>
    internal void BindPinned(int index, byte* start, int length)
    {
        fixed (byte* nothing = Nothing)
        {
            // A null pointer would bind NULL instead of an empty value; SQLite does not read through the pointer of an empty one.
            _ = Native.sqlite3_bind_blob(handle, index, length == 0 ? nothing : start, length, NoCopy);
        }
    }

    /// <summary>Whether there is a row.</summary>
    internal bool Step() => Native.sqlite3_step(handle) switch
    {
        Native.Row => true,
        Native.Done => false,
        var code => throw Fail(code),
    };

    /// <summary>Runs a statement that gives no rows, and makes it ready for the next time.</summary>
    internal void Run()
    {
        var code = Native.sqlite3_step(handle);
        if (code is not (Native.Done or Native.Row))
        {
            throw Fail(code);
        }

        _ = Native.sqlite3_reset(handle);
    }

    internal void Reset() => _ = Native.sqlite3_reset(handle);

    internal long Int64(int column) => Native.sqlite3_column_int64(handle, column);

    internal long? Int64OrNull(int column) => Native.sqlite3_column_type(handle, column) == 5 ? null : Native.sqlite3_column_int64(handle, column);

    /// <summary>The column's bytes; valid until the next step or reset.</summary>
    internal ReadOnlySpan<byte> Bytes(int column)
    {
        var start = Native.sqlite3_column_blob(handle, column);
        return start == null ? default : new ReadOnlySpan<byte>(start, Native.sqlite3_column_bytes(handle, column));
    }

    internal string Text(int column) => Encoding.UTF8.GetString(Bytes(column));

    public void Dispose()
    {
        if (handle != 0)
        {
            _ = Native.sqlite3_finalize(handle);
            handle = 0;
        }
    }

    private SqliteFailure Fail(int code)
    {
        var failure = SqliteFailure.Of(code, connection);
        _ = Native.sqlite3_reset(handle);
        return failure;
    }
}
