using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;

namespace AIaaS.EventStore;

/// <summary>Type <c>subscription.event.parked</c>, stream <c>parked-{subscription}</c>: an event was set aside.</summary>
/// <param name="Parked">The event and why.</param>
public sealed record EventParked(ParkedEvent Parked) : DomainEvent;

/// <summary>Type <c>subscription.event.replayed</c>, stream <c>parked-{subscription}</c>: a parked event was handled after all.</summary>
/// <param name="Key">The key that it was parked under.</param>
/// <param name="EventId">The event.</param>
public sealed record ParkedEventReplayed(string Key, Guid EventId) : DomainEvent;

/// <summary>Parked events in the log itself: one stream a subscription, and what is parked now is its fold.</summary>
public sealed class ParkingLot(IEventStore log) : IParkingLot
{
    private const int MaxTries = 10;

    private readonly ConcurrentDictionary<string, Lot> lots = new(StringComparer.Ordinal);

    /// <inheritdoc />
    public Task ParkAsync(ParkedEvent parked, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(parked);
        return ChangeAsync(
            parked.Subscription,
            lot => lot.Open.ContainsKey((parked.Key, parked.EventId)),
            PlatformEventTypes.EventParked,
            parked,
            JsonSerializer.SerializeToUtf8Bytes(new(parked), PlatformJson.Default.EventParked),
            cancellationToken);
    }

    /// <inheritdoc />
    public Task RemoveAsync(ParkedEvent parked, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(parked);
        return ChangeAsync(
            parked.Subscription,
            lot => !lot.Open.ContainsKey((parked.Key, parked.EventId)),
            PlatformEventTypes.ParkedEventReplayed,
            parked,
            JsonSerializer.SerializeToUtf8Bytes(new(parked.Key, parked.EventId), PlatformJson.Default.ParkedEventReplayed),
            cancellationToken);
    }

    /// <inheritdoc />
    public async Task<IReadOnlyList<ParkedEvent>> ListAsync(string subscription, CancellationToken cancellationToken = default)
    {
        var lot = lots.GetOrAdd(subscription, static name => new(name));
        await lot.Gate.WaitAsync(cancellationToken);
        try
        {
            await lot.ReadOnAsync(log, cancellationToken);
            return [.. lot.Open.Values.OrderBy(p => p.Position).ThenBy(p => p.Key, StringComparer.Ordinal)];
        }
        finally
        {
            lot.Gate.Release();
        }
    }

    private async Task ChangeAsync(string subscription, Func<Lot, bool> isSoAlready, string type, ParkedEvent parked, byte[] data, CancellationToken cancellationToken)
    {
        var lot = lots.GetOrAdd(subscription, static name => new(name));
        await lot.Gate.WaitAsync(cancellationToken);
        try
        {
            for (var tries = 1; ; tries++)
            {
                if (!lot.Loaded || tries > 1)
                {
                    await lot.ReadOnAsync(log, cancellationToken);
                }

                if (isSoAlready(lot))
                {
                    return;
                }

                var id = NamedId.Of(type, lot.Stream, parked.Key, parked.EventId.ToString("N"), lot.Version.ToString(CultureInfo.InvariantCulture));
                try
                {
                    var result = await log.AppendAsync(lot.Stream, ExpectedVersion.Exact(lot.Version), [new(id, type, data, default)], cancellationToken);
                    lot.Apply(type, data, result.Version);
                    return;
                }
                catch (WrongExpectedVersionException) when (tries < MaxTries)
                {
                    lot.Forget();
                }
            }
        }
        finally
        {
            lot.Gate.Release();
        }
    }

    private sealed class Lot(string subscription)
    {
        public string Stream { get; } = PlatformStreams.Parked + subscription;

        public SemaphoreSlim Gate { get; } = new(1);

        public Dictionary<(string Key, Guid EventId), ParkedEvent> Open { get; } = [];

        public long Version { get; private set; } = -1;

        public bool Loaded { get; private set; }

        public async Task ReadOnAsync(IEventStore log, CancellationToken cancellationToken)
        {
            try
            {
                await foreach (var recorded in log.ReadStreamAsync(Stream, ReadDirection.Forwards, Version + 1, long.MaxValue, cancellationToken))
                {
                    Apply(recorded.Type, recorded.Data.Span, recorded.Version);
                }
            }
            catch (StreamNotFoundException)
            {
                Forget();
            }

            Loaded = true;
        }

        public void Apply(string type, ReadOnlySpan<byte> data, long version)
        {
            try
            {
                if (type == PlatformEventTypes.EventParked && JsonSerializer.Deserialize(data, PlatformJson.Default.EventParked) is { Parked: { } parked })
                {
                    Open[(parked.Key, parked.EventId)] = parked;
                }
                else if (type == PlatformEventTypes.ParkedEventReplayed && JsonSerializer.Deserialize(data, PlatformJson.Default.ParkedEventReplayed) is { } replayed)
                {
                    Open.Remove((replayed.Key, replayed.EventId));
                }
            }
            catch (JsonException e)
            {
                throw new UnreadableEventException($"Event {version} of stream '{Stream}' cannot be read, so what is parked is not known: {e.Message}", e);
            }

            Version = version;
        }

        public void Forget()
        {
            Open.Clear();
            Version = -1;
            Loaded = false;
        }
    }
}
