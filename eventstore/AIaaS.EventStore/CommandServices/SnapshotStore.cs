using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace AIaaS.EventStore;

/// <summary>Type <c>stream.snapshot.taken</c>, the only event of <c>snapshot-{…}</c>: the state of another stream at one version.</summary>
/// <param name="Stream">The stream whose state it is.</param>
/// <param name="State">The state's name.</param>
/// <param name="Schema">The version of the state's form.</param>
/// <param name="Version">The version of the last event in it.</param>
/// <param name="EventId">The id of that event: tells whether the stream still holds it.</param>
/// <param name="Recent">The first 8 bytes of the ids of the last events up to it, oldest first.</param>
/// <param name="Data">The state.</param>
public sealed record SnapshotTaken(string Stream, string State, int Schema, long Version, Guid EventId, byte[] Recent, JsonElement Data) : DomainEvent;

/// <summary>Snapshots of states, each the newest event of a stream of its own that keeps one.</summary>
internal static partial class SnapshotStore
{
    public static string StreamOf(string stream, string state)
    {
        var name = new StreamName(stream);
        var text = name.Tenant.Length == 0
            ? $"{PlatformStreams.Snapshot}{state}.{stream}"
            : $"{PlatformStreams.Snapshot}{name.Tenant}_{state}.{name.Category}.{name.Id}";
        return text.Length <= EventStoreLimits.MaxNameLength ? text : $"{PlatformStreams.Snapshot}{name.Tenant}_{NamedId.Of("snapshot", state, stream):N}";
    }

    public static long Fingerprint(Guid id)
    {
        Span<byte> bytes = stackalloc byte[16];
        MemoryMarshal.Write(bytes, in id);
        // UUIDv7 ids of one moment share their first half.
        return BinaryPrimitives.ReadInt64LittleEndian(bytes) ^ BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]);
    }

    /// <summary>The newest usable snapshot; null where there is none, or one that is broken or of another form.</summary>
    public static async Task<(SnapshotTaken Snapshot, TState State)?> FindAsync<TState>(IEventStore log, SnapshotPolicy<TState> policy, string stream, ILogger logger, CancellationToken cancellationToken)
        where TState : IState<TState>
    {
        try
        {
            await foreach (var recorded in log.ReadStreamOrEmptyAsync(StreamOf(stream, policy.Name), ReadDirection.Backwards, long.MaxValue, 1, cancellationToken))
            {
                if (JsonSerializer.Deserialize(recorded.Data.Span, PlatformJson.Default.SnapshotTaken) is { } taken
                    && taken.Stream == stream && taken.State == policy.Name && taken.Schema == policy.Schema && taken.Recent.Length % 8 == 0
                    && taken.Data.Deserialize(policy.Json) is { } state)
                {
                    return (taken, state);
                }
            }
        }
        catch (Exception e) when (e is JsonException or NotSupportedException or StreamTombstonedException or InvalidOperationException or FormatException or ArgumentException)
        {
            SnapshotIgnored(logger, stream, e);
        }

        return null;
    }

    /// <summary>Stores a snapshot. A failure is logged and otherwise without effect: a snapshot only saves time.</summary>
    public static async Task SaveAsync<TState>(IEventStore log, SnapshotPolicy<TState> policy, string stream, TState state, long version, Guid eventId, ReadOnlyMemory<long> recent, ILogger logger, CancellationToken cancellationToken)
        where TState : IState<TState>
    {
        try
        {
            var name = StreamOf(stream, policy.Name);
            var taken = new SnapshotTaken(stream, policy.Name, policy.Schema, version, eventId, MemoryMarshal.AsBytes(recent.Span).ToArray(), JsonSerializer.SerializeToElement(state, policy.Json));
            var id = NamedId.Of("snapshot", name, eventId.ToString("N"), policy.Schema.ToString(System.Globalization.CultureInfo.InvariantCulture));
            var data = JsonSerializer.SerializeToUtf8Bytes(taken, PlatformJson.Default.SnapshotTaken);
            if (data.Length > EventStoreLimits.MaxEventBytes)
            {
                SnapshotTooLarge(logger, stream, data.Length, EventStoreLimits.MaxEventBytes);
                return;
            }

            var result = await log.AppendAsync(name, ExpectedVersion.Any, [new(id, PlatformEventTypes.SnapshotTaken, data, default)], cancellationToken);
            // The second one too: the process may have ended between the first one and its metadata.
            if (result.Version <= 1)
            {
                await log.SetStreamMetadataAsync(name, new(MaxCount: 1), cancellationToken);
            }
        }
        catch (Exception e) when (e is EventStoreException or JsonException or NotSupportedException)
        {
            SnapshotNotStored(logger, stream, e);
        }
    }

    [LoggerMessage(LogLevel.Warning, "The snapshot of {Stream} cannot be read and is ignored; the whole stream is folded.")]
    private static partial void SnapshotIgnored(ILogger logger, string stream, Exception error);

    [LoggerMessage(LogLevel.Warning, "The snapshot of {Stream} could not be stored; loads stay correct but read more events.")]
    private static partial void SnapshotNotStored(ILogger logger, string stream, Exception error);

    [LoggerMessage(LogLevel.Warning, "The snapshot of {Stream} has {Bytes} bytes, an event at most {Limit}; it is not stored. Loads stay correct but read more events.")]
    private static partial void SnapshotTooLarge(ILogger logger, string stream, int bytes, int limit);
}
