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

    /// <summary>Heartbeats of workers.</summary>
    public const string Worker = "worker-";

    /// <summary>Whether a stream is one of them.</summary>
    public static bool Contains(string stream) =>
        stream.StartsWith(Snapshot, StringComparison.Ordinal)
        || stream.StartsWith(Checkpoint, StringComparison.Ordinal)
        || stream.StartsWith(Parked, StringComparison.Ordinal)
        || stream.StartsWith(Timers, StringComparison.Ordinal)
        || stream.StartsWith(Worker, StringComparison.Ordinal);
}

/// <summary>The event types of the platform's own streams.</summary>
public static class PlatformEventTypes
{
    internal const string SnapshotTaken = "stream.snapshot.taken";
    internal const string CheckpointStored = "subscription.checkpoint.stored";
    internal const string EventParked = "subscription.event.parked";
    internal const string ParkedEventReplayed = "subscription.event.replayed";
    internal const string TimerScheduled = "timer.scheduled";
    internal const string TimerCancelled = "timer.cancelled";
    internal const string TimerElapsed = "timer.elapsed";
    internal const string TimersStored = "timers.open.stored";
    internal const string SagaEventSeen = "saga.event.seen";
    internal const string SagaEffectDone = "saga.effect.done";

    /// <summary>The type of <see cref="EventStore.WorkerBeat"/>.</summary>
    public const string WorkerBeat = "worker.beat";

    /// <summary>The type of <see cref="EventStore.WorkerStopped"/>.</summary>
    public const string WorkerStopped = "worker.stopped";

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
            .Add(ParkedEventReplayed, json.ParkedEventReplayed, "parked", new ParkedEventReplayed("order-acme_o1", NamedId.Of("example")))
            .Add(TimerScheduled, json.TimerScheduled, "saga", new TimerScheduled("payment-deadline", new(2026, 1, 31, 10, 0, 0, TimeSpan.Zero)))
            .Add(TimerCancelled, json.TimerCancelled, "saga", new TimerCancelled("payment-deadline"))
            .Add(TimerElapsed, json.TimerElapsed, "saga", new TimerElapsed("payment-deadline", NamedId.Of("example"), new(2026, 1, 31, 10, 0, 0, TimeSpan.Zero)))
            .Add(TimersStored, json.TimersStored, "timers", new TimersStored(new(1042), [new("saga-acme_payment.o1", "payment-deadline", NamedId.Of("example"), 2, new(1040), new(2026, 1, 31, 10, 0, 0, TimeSpan.Zero))]))
            .Add(SagaEventSeen, json.SagaEventSeen, "saga", new SagaEventSeen(NamedId.Of("example")))
            .Add(SagaEffectDone, json.SagaEffectDone, "saga", new SagaEffectDone(NamedId.Of("example"), "take-payment", null))
            .Add(WorkerBeat, json.WorkerBeat, "worker", new WorkerBeat("0197f3", new(2026, 1, 31, 9, 30, 0, TimeSpan.Zero)))
            .Add(WorkerStopped, json.WorkerStopped, "worker", new WorkerStopped("0197f3", new(2026, 1, 31, 9, 30, 0, TimeSpan.Zero)));
    }
}

/// <summary>The source-generated JSON contracts of the platform's events.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(SnapshotTaken))]
[JsonSerializable(typeof(CheckpointStored))]
[JsonSerializable(typeof(EventParked))]
[JsonSerializable(typeof(ParkedEventReplayed))]
[JsonSerializable(typeof(TimerScheduled))]
[JsonSerializable(typeof(TimerCancelled))]
[JsonSerializable(typeof(TimerElapsed))]
[JsonSerializable(typeof(TimersStored))]
[JsonSerializable(typeof(SagaEventSeen))]
[JsonSerializable(typeof(SagaEffectDone))]
[JsonSerializable(typeof(WorkerBeat))]
[JsonSerializable(typeof(WorkerStopped))]
internal sealed partial class PlatformJson : JsonSerializerContext;
