using System.Text.Json;
using System.Text.Json.Serialization;

namespace AIaaS.EventStore;

/// <summary>The streams that the platform keeps for itself beside the product's. What follows the log never gets their events.</summary>
public static class PlatformStreams
{
    /// <summary>Snapshots of states.</summary>
    public const string Snapshot = "snapshot-";

    /// <summary>Checkpoints of subscriptions.</summary>
    public const string Checkpoint = "checkpoint-";

    /// <summary>Parked events of subscriptions.</summary>
    public const string Parked = "parked-";

    /// <summary>Timers of sagas.</summary>
    public const string Timers = "timers-";

    /// <summary>Whether a stream is one of them.</summary>
    public static bool Contains(string stream) =>
        stream.StartsWith(Snapshot, StringComparison.Ordinal)
        || stream.StartsWith(Checkpoint, StringComparison.Ordinal)
        || stream.StartsWith(Parked, StringComparison.Ordinal)
        || stream.StartsWith(Timers, StringComparison.Ordinal);
}

/// <summary>The event types of the platform's own streams.</summary>
public static class PlatformEventTypes
{
    internal const string SnapshotTaken = "stream.snapshot.taken";
    internal const string CheckpointStored = "subscription.checkpoint.stored";
    internal const string EventParked = "subscription.event.parked";
    internal const string ParkedEventReplayed = "subscription.event.replayed";

    /// <summary>Registers them, for the catalogue and for readers of these streams.</summary>
    public static EventTypes.Builder Register(EventTypes.Builder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var json = PlatformJson.Default;
        using var state = JsonDocument.Parse("{}");
        return builder
            .Add(SnapshotTaken, json.SnapshotTaken, "snapshot", new SnapshotTaken("order-acme_o1", "Order", 1, 199, NamedId.Of("example"), [], state.RootElement.Clone()))
            .Add(CheckpointStored, json.CheckpointStored, "checkpoint", new CheckpointStored(new(1042)))
            .Add(EventParked, json.EventParked, "parked", new EventParked(new("order-mails", "order-acme_o1", new(1042), NamedId.Of("example"), "order-acme_o1", 3, "order.placed", "TimeoutException: The mail server did not answer.", 6, new(2026, 1, 31, 9, 30, 0, TimeSpan.Zero))))
            .Add(ParkedEventReplayed, json.ParkedEventReplayed, "parked", new ParkedEventReplayed("order-acme_o1", NamedId.Of("example")));
    }
}

/// <summary>The source-generated JSON contracts of the platform's events.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(SnapshotTaken))]
[JsonSerializable(typeof(CheckpointStored))]
[JsonSerializable(typeof(EventParked))]
[JsonSerializable(typeof(ParkedEventReplayed))]
internal sealed partial class PlatformJson : JsonSerializerContext;
