using System.Collections.Concurrent;
using AIaaS.Api.ControlPlane;
using AIaaS.EventStore;

namespace AIaaS.Api.Hosting;

/// <summary>Remembers which subscriptions have caught up once since the start.</summary>
internal sealed class StartupProgress
{
    private readonly ConcurrentDictionary<string, byte> caughtUp = new(StringComparer.Ordinal);
    private volatile bool done;

    /// <summary>What has not caught up yet, in words; null when everything has.</summary>
    public async Task<string?> MissingAsync(IOperations operations, CancellationToken cancellationToken)
    {
        if (done)
        {
            return null;
        }

        var statuses = await operations.StatusAsync(cancellationToken);
        foreach (var status in statuses.Where(s => s.State == SubscriptionState.Live || s.LagEvents == 0 && s.State == SubscriptionState.CatchingUp))
        {
            caughtUp.TryAdd(status.Name, 0);
        }

        var missing = statuses.Select(s => s.Name).Where(n => !caughtUp.ContainsKey(n)).ToArray();
        done = missing.Length == 0;
        return done ? null : "catching up: " + string.Join(", ", missing);
    }
}
