namespace AIaaS.EventStore;

/// <summary>Waits on a clock that can be driven by hand.</summary>
internal static class Waiting
{
    /// <summary>Waits for a signal, at most so long by the given clock.</summary>
    public static async Task WaitOrDelayAsync(this SemaphoreSlim signal, TimeSpan atMost, TimeProvider time, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var delay = Task.Delay(atMost, time, either.Token);
        var signalled = signal.WaitAsync(either.Token);
        await Task.WhenAny(delay, signalled);
        await either.CancelAsync();
        await Task.WhenAll(delay, signalled).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();
    }
}
