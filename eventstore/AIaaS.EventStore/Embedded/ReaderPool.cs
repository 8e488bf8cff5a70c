using System.Collections.Concurrent;
using AIaaS.EventStore.Embedded.Sqlite;

namespace AIaaS.EventStore.Embedded;

/// <summary>Read connections, at most so many, opened as they are needed.</summary>
internal sealed class ReaderPool(LogFile file, Tuning tuning)
{
    private readonly SemaphoreSlim free = new(tuning.Readers);
    private readonly ConcurrentBag<LogReader> idle = [];
    private readonly Names streams = new(tuning.KnownStreams);
    private readonly Names types = new(4096);
    private volatile bool closed;

    /// <summary>Reads on the thread pool: the file may be slow, and the caller's thread may be needed elsewhere.</summary>
    internal async Task<T> ReadAsync<T>(Func<LogReader, T> read, CancellationToken cancellationToken)
    {
        await free.WaitAsync(cancellationToken);
        try
        {
            return await Task.Run(() => Read(read), cancellationToken);
        }
        finally
        {
            free.Release();
        }
    }

    /// <summary>Reads on the caller's thread: for what is short.</summary>
    internal async ValueTask<T> ReadHereAsync<T>(Func<LogReader, T> read, CancellationToken cancellationToken)
    {
        await free.WaitAsync(cancellationToken);
        try
        {
            return Read(read);
        }
        finally
        {
            free.Release();
        }
    }

    internal async Task CloseAsync()
    {
        closed = true;
        for (var i = 0; i < tuning.Readers; i++)
        {
            await free.WaitAsync();
        }

        while (idle.TryTake(out var reader))
        {
            reader.Dispose();
        }

        free.Release(tuning.Readers);
    }

    private T Read<T>(Func<LogReader, T> read)
    {
        if (closed)
        {
            throw LogWriter.Closed();
        }

        LogReader? reader = null;
        try
        {
            reader = idle.TryTake(out var taken) ? taken : new(file, tuning, streams, types);
            return read(reader);
        }
        catch (SqliteFailure f)
        {
            reader?.Dispose();
            reader = null;
            throw f.IsDamage ? LogWriter.Damaged(file.Path, f) : new EventStoreUnavailableException($"The event log '{file.Path}' could not be read: {f.Message}. Read again; if that does not help, look at its disk.", f);
        }
        finally
        {
            // Also after a refusal, such as that there is no such stream.
            if (reader is not null)
            {
                idle.Add(reader);
            }
        }
    }
}
