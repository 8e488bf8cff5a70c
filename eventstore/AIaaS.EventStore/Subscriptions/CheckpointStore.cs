using System.Text.Json;

namespace AIaaS.EventStore;

/// <summary>Where subscriptions keep how far they are.</summary>
public interface ICheckpointStore
{
    /// <summary>The last position stored; the log's start for none.</summary>
    Task<LogPosition> LoadAsync(string subscription, CancellationToken cancellationToken = default);

    /// <summary>Stores a position: everything up to it is done.</summary>
    Task StoreAsync(string subscription, LogPosition position, CancellationToken cancellationToken = default);
}

/// <summary>Type <c>subscription.checkpoint.stored</c>, stream <c>checkpoint-{subscription}</c>, which keeps one event.</summary>
/// <param name="Position">Everything up to here is done.</param>
public sealed record CheckpointStored(LogPosition Position) : DomainEvent;

/// <summary>Checkpoints in the log itself.</summary>
public sealed class CheckpointStore(IEventStore log, IdSource ids) : ICheckpointStore
{
    /// <inheritdoc />
    public async Task<LogPosition> LoadAsync(string subscription, CancellationToken cancellationToken = default)
    {
        try
        {
            await foreach (var recorded in log.ReadStreamOrEmptyAsync(PlatformStreams.Checkpoint + subscription, ReadDirection.Backwards, long.MaxValue, 1, cancellationToken))
            {
                return JsonSerializer.Deserialize(recorded.Data.Span, PlatformJson.Default.CheckpointStored)?.Position ?? LogPosition.Start;
            }
        }
        catch (JsonException e)
        {
            throw new UnreadableEventException($"The checkpoint of subscription '{subscription}' cannot be read: {e.Message} Delete stream '{PlatformStreams.Checkpoint + subscription}' to have it start from the beginning of the log.", e);
        }

        return LogPosition.Start;
    }

    /// <inheritdoc />
    public async Task StoreAsync(string subscription, LogPosition position, CancellationToken cancellationToken = default)
    {
        var stream = PlatformStreams.Checkpoint + subscription;
        var data = JsonSerializer.SerializeToUtf8Bytes(new(position), PlatformJson.Default.CheckpointStored);
        var result = await log.AppendAsync(stream, ExpectedVersion.Any, [new(ids.NewId(), PlatformEventTypes.CheckpointStored, data, default)], cancellationToken);
        // The second one too: the process may have ended between the first one and its metadata.
        if (result.Version <= 1)
        {
            await log.SetStreamMetadataAsync(stream, new(MaxCount: 1), cancellationToken);
        }
    }
}
