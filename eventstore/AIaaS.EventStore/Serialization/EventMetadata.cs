using System.Text.Json;
using System.Text.Json.Serialization;

namespace AIaaS.EventStore;

/// <summary>What stands beside each event of the product. The two <c>$</c> names are EventStoreDB's, so that its own projections work.</summary>
public sealed record EventMetadata
{
    /// <summary>Groups everything that one outside request caused.</summary>
    [JsonPropertyName("$correlationId")]
    public string? CorrelationId { get; init; }

    /// <summary>The event or command that caused this event.</summary>
    [JsonPropertyName("$causationId")]
    public string? CausationId { get; init; }

    /// <summary>The tenant; the same as in the stream's name.</summary>
    [JsonPropertyName("tenant")]
    public string? Tenant { get; init; }

    /// <summary>Who did it: an API key's id, a user, or a part of the platform.</summary>
    [JsonPropertyName("actor")]
    public string? Actor { get; init; }

    /// <summary>W3C trace context.</summary>
    [JsonPropertyName("traceparent")]
    public string? TraceParent { get; init; }

    /// <summary>Where it was recorded.</summary>
    [JsonPropertyName("region")]
    public string? Region { get; init; }

    /// <summary>The version of the event type's schema, from 1.</summary>
    [JsonPropertyName("schema")]
    public int Schema { get; init; } = 1;

    /// <summary>
    /// Runs only: SHA-256 in hex over the previous event's value, the type, the data bytes, and these metadata without it. It lets a replay name the first
    /// event of an episode that was changed, dropped or added.
    /// </summary>
    [JsonPropertyName("chain")]
    public string? Chain { get; init; }

    /// <summary>The metadata as UTF-8 JSON.</summary>
    public byte[] ToUtf8() => JsonSerializer.SerializeToUtf8Bytes(this, EventMetadataJson.Default.EventMetadata);

    /// <summary>Reads metadata; empty bytes read as one with nothing set.</summary>
    /// <exception cref="UnreadableEventException">They are not a JSON object of this form.</exception>
    public static EventMetadata Read(ReadOnlySpan<byte> utf8)
    {
        try
        {
            return utf8.IsEmpty ? new() : JsonSerializer.Deserialize(utf8, EventMetadataJson.Default.EventMetadata) ?? new();
        }
        catch (JsonException e)
        {
            throw new UnreadableEventException($"The metadata cannot be read: {JsonFault.Of(e)}", e);
        }
    }
}

[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(EventMetadata))]
internal sealed partial class EventMetadataJson : JsonSerializerContext;
