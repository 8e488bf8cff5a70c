namespace AIaaS.EventStore;

/// <summary>The tasks of a subscription live and end together.</summary>
public static class SubscriptionTasks
{
    /// <summary>
    /// Starts tasks and waits until one of them ends: the others are then stopped and waited for, and the failure of the first one is thrown.
    /// </summary>
    /// <param name="start">Starts them; the token it gets is cancelled when one has ended, too.</param>
    /// <param name="failed">Is told why, where they did not end because they were asked to.</param>
    /// <param name="cancellationToken">Ends them all.</param>
    public static async Task RunAsync(Func<CancellationToken, Task[]> start, Action<string> failed, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(start);
        ArgumentNullException.ThrowIfNull(failed);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var tasks = start(stop.Token);
        try
        {
            await await Task.WhenAny(tasks);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            failed(e.Message);
            throw;
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll(tasks).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
