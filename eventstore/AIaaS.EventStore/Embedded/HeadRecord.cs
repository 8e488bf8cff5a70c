using System.Globalization;
using Microsoft.Extensions.Logging;

namespace AIaaS.EventStore.Embedded;

/// <summary>
/// A witness beside the log: a small file that says how far the log had come, for an open that finds it shorter. Written now and then
/// and at the end, never by an append, and only with positions that are on the disk already; so the log may be ahead of it, never behind.
/// </summary>
internal sealed class HeadRecord(string folder, Func<long> head, Tuning tuning, TimeProvider time, ILogger log)
{
    internal const string Name = "eventlog.head";

    private readonly CancellationTokenSource stop = new();
    private Task running = Task.CompletedTask;
    private long written = -1;

    internal static string PathIn(string folder) => Path.Combine(folder, Name);

    /// <summary>The recorded position; 0 where there is no record.</summary>
    internal static long Read(string folder)
    {
        var path = PathIn(folder);
        return !File.Exists(path) ? 0
            : long.TryParse(File.ReadAllText(path).TrimEnd('\n'), NumberStyles.None, CultureInfo.InvariantCulture, out var position) ? position
            : throw new EventStoreOpenException($"The file '{path}', which records how far the event log had come, is damaged. Look after the disk; if the log is known to be whole, delete this file and start again.");
    }

    internal void Start() => running = Task.Run(() => LoopAsync(stop.Token));

    /// <summary>Records the last position, behind the last append.</summary>
    internal async Task StopAsync()
    {
        await stop.CancelAsync();
        await running;
        stop.Dispose();
        Write();
    }

    private async Task LoopAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            Write();
            await Task.Delay(tuning.HeadPeriod, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Write()
    {
        var position = head();
        if (position == written)
        {
            return;
        }

        // Renamed into its place when it is on the disk: whatever happens on the way, a whole record is there.
        var path = PathIn(folder);
        var making = path + ".new";
        try
        {
            using (var file = new FileStream(making, FileMode.Create, FileAccess.Write, FileShare.None))
            {
                file.Write(System.Text.Encoding.ASCII.GetBytes(position.ToString(CultureInfo.InvariantCulture) + "\n"));
                file.Flush(flushToDisk: true);
            }

            File.Move(making, path, overwrite: true);
            written = position;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            log.LogWarning(e, "'{Path}', which records how far the event log has come, could not be written; it is tried again", path);
        }
    }
}
