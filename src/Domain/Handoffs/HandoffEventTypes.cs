using System.Text.Json.Serialization;
using AIaaS.EventStore;

namespace AIaaS.Domain.Handoffs;

/// <summary>The event types of hand-offs.</summary>
internal static class HandoffEventTypes
{
    private static readonly DateTimeOffset At = new(2026, 1, 31, 9, 30, 0, TimeSpan.Zero);

    public static EventTypes.Builder AddHandoffs(this EventTypes.Builder types)
    {
        var json = HandoffJson.Default;
        return types
            .Add("handoff.requested", json.HandoffRequested, "handoff", new HandoffRequested("h1", "c1", "r1", "c-4711", "asked-for-person", "general", HandoffPriority.Normal, "Wants a refund to another card.", At))
            .Add("handoff.claimed", json.HandoffClaimed, "handoff", new HandoffClaimed("key:k7", At))
            .Add("handoff.answered", json.HandoffAnswered, "handoff", new HandoffAnswered("m2", "key:k7", "We refund it to your new card.", At))
            .Add("handoff.returned", json.HandoffReturned, "handoff", new HandoffReturned("key:k7", null, At))
            .Add("handoff.closed", json.HandoffClosed, "handoff", new HandoffClosed("key:k7", "Refunded by hand", At));
    }
}

/// <summary>The source-generated JSON contracts of the hand-off events.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(HandoffRequested))]
[JsonSerializable(typeof(HandoffClaimed))]
[JsonSerializable(typeof(HandoffAnswered))]
[JsonSerializable(typeof(HandoffReturned))]
[JsonSerializable(typeof(HandoffClosed))]
internal sealed partial class HandoffJson : JsonSerializerContext;
