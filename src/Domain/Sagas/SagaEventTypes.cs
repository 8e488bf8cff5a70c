using System.Text.Json;
using System.Text.Json.Serialization;
using AIaaS.EventStore;

namespace AIaaS.Domain.Sagas;

/// <summary>The event types of sagas; their tool calls and timers have types of their own.</summary>
internal static class SagaEventTypes
{
    private static readonly DateTimeOffset At = new(2026, 1, 31, 9, 30, 0, TimeSpan.Zero);

    public static EventTypes.Builder AddSagas(this EventTypes.Builder types)
    {
        var json = SagaJson.Default;
        return types
            .Add("saga.started", json.SagaStarted, "saga", new SagaStarted("order-placement", "1", NamedId.Of("example"), JsonElement.Parse("""{"order_id":"#W1001"}"""), At))
            .Add("saga.claimed", json.SagaClaimed, "saga", new SagaClaimed("0197f3", At))
            .Add("saga.step.skipped", json.SagaStepSkipped, "saga", new SagaStepSkipped("debit-gift-card", "condition", At))
            .Add("saga.compensating", json.SagaCompensating, "saga", new SagaCompensating("charge", "card-declined", "The card was declined.", At))
            .Add("saga.parked", json.SagaParked, "saga", new SagaParked("charge", "circuit-open", "The payment processor did not answer.", At))
            .Add("saga.resumed", json.SagaResumed, "saga", new SagaResumed("k7", "refunded in the processor's console", true, At))
            .Add("saga.completed", json.SagaCompleted, "saga", new SagaCompleted(At))
            .Add("saga.compensated", json.SagaCompensated, "saga", new SagaCompensated(At));
    }
}

/// <summary>The source-generated JSON contracts of the saga events.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(SagaStarted))]
[JsonSerializable(typeof(SagaClaimed))]
[JsonSerializable(typeof(SagaStepSkipped))]
[JsonSerializable(typeof(SagaCompensating))]
[JsonSerializable(typeof(SagaParked))]
[JsonSerializable(typeof(SagaResumed))]
[JsonSerializable(typeof(SagaCompleted))]
[JsonSerializable(typeof(SagaCompensated))]
internal sealed partial class SagaJson : JsonSerializerContext;
