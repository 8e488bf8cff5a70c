using System.Collections.Concurrent;
using AIaaS.EventStore.Embedded.Sqlite;
using Microsoft.Extensions.Logging;

namespace AIaaS.EventStore.Embedded;

/// <summary>Removes, in the background and in small transactions, the events that deletion or metadata no longer keeps.</summary>
internal sealed class Scavenger
{
    private const int Most = 500;

    private readonly LogWriter writer;
    private readonly ReaderPool readers;
    private readonly Tuning tuning;
    private readonly TimeProvider time;
    private readonly ILogger log;
    private readonly ConcurrentDictionary<string, bool> due = [];
    private readonly CancellationTokenSource stop = new();
    private Task running = Task.CompletedTask;

    internal Scavenger(LogWriter writer, ReaderPool readers, Tuning tuning, TimeProvider time, ILogger log)
    {
        this.writer = writer;
        this.readers = readers;
        this.tuning = tuning;
        this.time = time;
        this.log = log;
        writer.RetentionExceeded = stream => due.TryAdd(stream, true);
    }

    internal void Start() => running = Task.Run(() => LoopAsync(stop.Token));

    internal async Task StopAsync()
    {
        await stop.CancelAsync();
        await running;
        stop.Dispose();
    }

    /// <summary>Looks at all streams that have metadata or were deleted.</summary>
    internal async Task ScavengeAllAsync(CancellationToken cancellationToken)
    {
        long after = 0;
        while (true)
        {
            var from = after;
            var page = await readers.ReadAsync(
                r =>
                {
                    using var select = new Statement(r.Connection, """
                        SELECT id, name FROM streams
                        WHERE (max_count IS NOT NULL OR max_age IS NOT NULL OR truncate_before > 0) AND id > ?
                          AND (max_count IS NOT NULL OR max_age IS NOT NULL OR EXISTS (SELECT 1 FROM events WHERE stream = streams.id AND version < truncate_before))
                        ORDER BY id LIMIT 100
                        """);
                    select.Bind(1, from);
                    List<(long Id, string Name)> found = [];
                    while (select.Step())
                    {
                        found.Add((select.Int64(0), select.Text(1)));
                    }

                    return found;
                },
                cancellationToken);
            if (page.Count == 0)
            {
                return;
            }

            foreach (var (id, name) in page)
            {
                after = id;
                await ScavengeAsync(name, cancellationToken);
            }
        }
    }

    private async Task LoopAsync(CancellationToken cancellationToken)
    {
        for (var round = 0; !cancellationToken.IsCancellationRequested; round++)
        {
            try
            {
                // Streams that were noticed at a write come each time, all others now and then.
                if (round % 6 == 0)
                {
                    await ScavengeAllAsync(cancellationToken);
                }

                foreach (var stream in due.Keys)
                {
                    _ = due.TryRemove(stream, out _);
                    await ScavengeAsync(stream, cancellationToken);
                }
            }
            catch (EventStoreException e)
            {
                log.LogWarning(e, "The event log could not remove expired events; it is tried again");
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }

            await Task.Delay(tuning.ScavengePeriod, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ScavengeAsync(string stream, CancellationToken cancellationToken)
    {
        int removed;
        do
        {
            cancellationToken.ThrowIfCancellationRequested();
            removed = await writer.DoAsync(w => w.Scavenge(stream, Most));
        }
        while (removed == Most);
    }
}
