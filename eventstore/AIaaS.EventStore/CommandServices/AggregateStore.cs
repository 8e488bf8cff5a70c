using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIaaS.EventStore;

/// <summary>Loads the state of a stream.</summary>
public sealed class AggregateStore(IEventStore log, EventTypes types, ILogger<AggregateStore>? logger = null)
{
    private readonly ILogger logger = logger ?? NullLogger<AggregateStore>.Instance;

    /// <summary>The fold of a stream's events: from the newest snapshot on where the policy gives one, else from the first event.</summary>
    /// <exception cref="UnreadableEventException">An event of the stream cannot be read.</exception>
    public async Task<Loaded<TState>> LoadAsync<TState>(string stream, SnapshotPolicy<TState>? snapshots = null, CancellationToken cancellationToken = default)
        where TState : IState<TState>
    {
        var session = new StreamSession<TState>(log, types, snapshots, logger, stream);
        await session.LoadAsync(null, useSnapshot: true, cancellationToken);
        return new(session.State, session.Version, session.Position);
    }
}
