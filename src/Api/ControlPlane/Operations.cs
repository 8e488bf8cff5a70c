using AIaaS.EventStore;
using AIaaS.Projections;

namespace AIaaS.Api.ControlPlane;

/// <summary>The subscriptions of this process.</summary>
internal sealed class Operations(SubscriptionHost host) : IOperations
{
    public Task<IReadOnlyList<SubscriptionStatus>> StatusAsync(CancellationToken cancellationToken) => host.GetStatusAsync(cancellationToken);

    public async Task<int?> ReplayParkedAsync(string subscription, string? key, CancellationToken cancellationToken) =>
        host.Find(subscription) is { } found ? await found.ReplayParkedAsync(key, cancellationToken) : null;

    public async Task<bool> RebuildAsync(string name, CancellationToken cancellationToken)
    {
        if (host.Find(name) is not IProjectionSubscription projection)
        {
            return false;
        }

        await projection.RebuildAsync(cancellationToken);
        return true;
    }
}
