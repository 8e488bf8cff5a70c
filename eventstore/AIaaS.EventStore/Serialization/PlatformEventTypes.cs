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

    /// <summary>Registers them, for the catalogue and for readers of these streams.</summary>
    public static EventTypes.Builder Register(EventTypes.Builder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        using var state = JsonDocument.Parse("{}");
        return builder
            .Add(SnapshotTaken, PlatformJson.Default.SnapshotTaken, "snapshot", new SnapshotTaken("order-acme_o1", "Order", 1, 199, NamedId.Of("example"), [], state.RootElement.Clone()));
    }
}

/// <summary>The source-generated JSON contracts of the platform's events.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(SnapshotTaken))]
internal sealed partial class PlatformJson : JsonSerializerContext;
