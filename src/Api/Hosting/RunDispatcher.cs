using System.Collections.Concurrent;
using AIaaS.Api.Http;
using AIaaS.Domain.Agents;

namespace AIaaS.Api.Hosting;

/// <summary>
/// Executes runs on this process, apart from the requests that asked for them: a client that leaves does not end its run.
/// On shutdown it lets runs end for a while; what is left goes on from the log at the next start.
/// </summary>
internal sealed partial class RunDispatcher(Func<string, string, CancellationToken, Task<RunCompleted>> execute, Settings settings, ILogger<RunDispatcher> log) : IHostedService, IDisposable
{
    private readonly ConcurrentDictionary<(string Tenant, string Run), Task<RunCompleted>> running = new();
    private readonly CancellationTokenSource stopping = new();
    private volatile bool closed;

    /// <summary>Refuses new work while there is no room for it, before anything is recorded.</summary>
    public void RequireRoom()
    {
        if (closed)
        {
            throw Problems.Busy("This process is shutting down.", "Try again: another process, or this one after its restart, takes the request.", 5);
        }

        if (running.Count >= settings.MaxRuns)
        {
            throw Problems.Busy($"{settings.MaxRuns} runs are under way, which is the most here.", "Try again with the same Idempotency-Key.");
        }
    }

    /// <summary>Executes a run, or joins it where it is being executed already.</summary>
    public Task<RunCompleted> Execute(string tenant, string run)
    {
        if (running.TryGetValue((tenant, run), out var known))
        {
            return known;
        }

        var source = new TaskCompletionSource<RunCompleted>(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!running.TryAdd((tenant, run), source.Task))
        {
            return Execute(tenant, run);
        }

        _ = ExecuteAsync(tenant, run, source);
        return source.Task;
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        closed = true;
        var open = running.Values.ToArray();
        try
        {
            await Task.WhenAll(open).WaitAsync(TimeSpan.FromSeconds(20), cancellationToken);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            HandedOver(log, running.Count);
        }

        await stopping.CancelAsync();
    }

    public void Dispose() => stopping.Dispose();

    private async Task ExecuteAsync(string tenant, string run, TaskCompletionSource<RunCompleted> source)
    {
        try
        {
            var completed = await execute(tenant, run, stopping.Token);
            running.TryRemove((tenant, run), out _);
            source.SetResult(completed);
        }
        catch (Exception e)
        {
            running.TryRemove((tenant, run), out _);
            Interrupted(log, e, run);
            source.SetException(e);

            // Somebody may have left before the run failed; the failure is logged above.
            _ = source.Task.Exception;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} runs were under way at shutdown; they go on from the log at the next start")]
    private static partial void HandedOver(ILogger log, int count);

    [LoggerMessage(Level = LogLevel.Error, Message = "Run {Run} was interrupted; it goes on from the log")]
    private static partial void Interrupted(ILogger log, Exception exception, string run);
}
