using AIaaS.Domain.Sagas;
using AIaaS.EventStore;
using Microsoft.Extensions.Logging;

namespace AIaaS.Commands.Bus;

/// <summary>Tries work of one queue until it is done or hopeless. Work that waits for its next try keeps no other work from being done.</summary>
internal sealed partial class WorkAttempts(string queue, int concurrency, BusOptions options, TimeProvider time, BusTelemetry telemetry, ILogger logger, CancellationToken stopping) : IDisposable
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);

    private readonly SemaphoreSlim slots = new(concurrency);

    public async Task DoAsync<TWork>(TWork work, IWorkHandler<TWork> handler, Guid message, CancellationToken cancellationToken)
        where TWork : class, IWork
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, stopping);
        for (var attempt = 1; ; attempt++)
        {
            TimeSpan delay;
            await slots.WaitAsync(either.Token);
            try
            {
                await handler.HandleAsync(work, either.Token);
                return;
            }
            catch (Exception e) when (!either.IsCancellationRequested)
            {
                if (IsDefinite(e) || attempt > options.Retries.Count)
                {
                    throw new WorkFailedException(attempt, e);
                }

                delay = DelayBefore(attempt, message);
                telemetry.Retried(queue);
                Failed(logger, queue, work.Tenant, attempt, delay, e);
            }
            finally
            {
                slots.Release();
            }

            await Task.Delay(delay, time, either.Token);
        }
    }

    public void Dispose() => slots.Dispose();

    /// <summary>A refusal by the rules of the domain: the same question gets the same answer.</summary>
    private static bool IsDefinite(Exception e) => e is DomainException { Error.Status: not (409 or 429 or 503) };

    private TimeSpan DelayBefore(int retry, Guid message)
    {
        var delay = options.Retries[retry - 1] * SagaRules.Jitter(message.ToString("N"), retry);
        return delay < Longest ? delay : Longest;
    }

    [LoggerMessage(LogLevel.Warning, "Work of queue {Queue} for tenant {Tenant} failed at try {Attempt}; the next one comes in {Delay}.")]
    private static partial void Failed(ILogger logger, string queue, string tenant, int attempt, TimeSpan delay, Exception error);
}

/// <summary>Work that failed for good.</summary>
internal sealed class WorkFailedException(int attempts, Exception cause) : Exception(cause.Message, cause)
{
    public int Attempts => attempts;
}
