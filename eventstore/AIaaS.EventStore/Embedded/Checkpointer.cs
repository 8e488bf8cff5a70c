using AIaaS.EventStore.Embedded.Sqlite;
using Microsoft.Extensions.Logging;

namespace AIaaS.EventStore.Embedded;

/// <summary>
/// Moves the write-ahead log into the file beside the writer. When that is done, the writer moves the little that it wrote meanwhile
/// and begins the write-ahead log anew, so that it does not grow without end.
/// </summary>
internal sealed class Checkpointer
{
    private readonly LogFile file;
    private readonly Tuning tuning;
    private readonly ILogger log;
    private Task running = Task.CompletedTask;
    private volatile bool finish;

    internal Checkpointer(LogFile file, LogWriter writer, Tuning tuning, ILogger log)
    {
        this.file = file;
        this.tuning = tuning;
        this.log = log;
        writer.CheckpointDue = Due;
    }

    internal Task StopAsync() => running;

    private bool Due(int frames)
    {
        if (finish)
        {
            finish = false;
            return true;
        }

        if (frames > tuning.CheckpointPages && running.IsCompleted)
        {
            running = Task.Run(Move);
        }

        return false;
    }

    private void Move()
    {
        try
        {
            using var connection = file.Writer();
            _ = connection.Checkpoint(0);
            finish = true;
        }
        catch (SqliteFailure e)
        {
            log.LogWarning(e, "The event log's write-ahead log could not be moved into its file; it is tried again");
        }
    }
}
