using Microsoft.Extensions.Logging;

namespace AIaaS.EventStore.EventStoreDb;

/// <summary>How long to wait before a lost subscription is resumed: not at all after progress, then longer each time.</summary>
internal sealed class Retry(ILogger log, string what)
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(2);
    private int failures;

    /// <summary>How often it failed since it last went on.</summary>
    public int Failures => failures;

    /// <summary>It goes on: the next failure is the first again.</summary>
    public void Reset() => failures = 0;

    /// <summary>Waits until the next try.</summary>
    public async Task WaitAsync(Exception? failure, CancellationToken cancellationToken)
    {
        if (++failures == 2)
        {
            log.LogWarning(failure, "The subscription to {Stream} was lost and is being resumed", what);
        }

        if (failures > 1)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(Math.Min(Longest.TotalMilliseconds, First.TotalMilliseconds * Math.Pow(2, Math.Min(failures, 10)))), cancellationToken);
        }
    }
}
