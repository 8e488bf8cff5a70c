using AIaaS.EventStore;

namespace AIaaS.Api.ControlPlane;

/// <summary>The subscriptions of this process.</summary>
internal sealed class Operations(SubscriptionHost host) : IOperations
{
    public Task<IReadOnlyList<SubscriptionStatus>> StatusAsync(CancellationToken cancellationToken) => host.GetStatusAsync(cancellationToken);

    public async Task<int?> ReplayParkedAsync(string subscription, string? key, CancellationToken cancellationToken) =>
        host.Find(subscription) is { } found ? await found.ReplayParkedAsync(key, cancellationToken) : null;

    public Task<bool> RebuildAsync(string name, CancellationToken cancellationToken) => Task.FromResult(false);
}
