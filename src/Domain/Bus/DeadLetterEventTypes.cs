using System.Text.Json.Serialization;
using AIaaS.EventStore;

namespace AIaaS.Domain.Bus;

/// <summary>The event types of dead letters.</summary>
internal static class DeadLetterEventTypes
{
    private static readonly DateTimeOffset At = new(2026, 1, 31, 9, 30, 0, TimeSpan.Zero);

    public static EventTypes.Builder AddDeadLetters(this EventTypes.Builder types)
    {
        var json = DeadLetterJson.Default;
        const string body = """{"tenant":"acme","saga":"order-placement.#W1001"}""";
        return types
            .Add("deadletter.received", json.DeadLetterReceived, "deadLetter", new DeadLetterReceived("0197f3", "aiaas.execute-saga", body, "unknown-saga", "There is no saga 'order-placement.#W1001'.", 1, At))
            .Add("deadletter.fixed", json.DeadLetterFixed, "deadLetter", new DeadLetterFixed(body, "key:k7", At))
            .Add("deadletter.replayed", json.DeadLetterReplayed, "deadLetter", new DeadLetterReplayed("key:k7", At))
            .Add("deadletter.discarded", json.DeadLetterDiscarded, "deadLetter", new DeadLetterDiscarded("key:k7", At));
    }
}

/// <summary>The source-generated JSON contracts of the dead-letter events.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(DeadLetterReceived))]
[JsonSerializable(typeof(DeadLetterFixed))]
[JsonSerializable(typeof(DeadLetterReplayed))]
[JsonSerializable(typeof(DeadLetterDiscarded))]
internal sealed partial class DeadLetterJson : JsonSerializerContext;
