using System.Text.Json;
using System.Text.Unicode;

namespace AIaaS.EventStore;

/// <summary>The limits that every engine enforces alike, before anything is written.</summary>
public static class EventStoreLimits
{
    /// <summary>The largest event, data and metadata together: 1 MiB (EventStoreDB's default for one append).</summary>
    public const int MaxEventBytes = 1024 * 1024;

    /// <summary>The most events in one append.</summary>
    public const int MaxBatchEvents = 5_000;

    /// <summary>The most bytes in one append, data and metadata of all its events together: 1 MiB less room for names, so that EventStoreDB takes it too.</summary>
    public const int MaxBatchBytes = MaxEventBytes;

    /// <summary>The longest stream name or event type, in characters.</summary>
    public const int MaxNameLength = 200;

    /// <summary>Refuses an append that is outside the limits.</summary>
    /// <exception cref="InvalidAppendException">It names every fault: the event's index, the limit, and the actual value.</exception>
    public static void Check(string stream, IReadOnlyList<NewEvent> events)
    {
        ArgumentNullException.ThrowIfNull(events);
        List<string>? faults = null;
        void Fault(string text) => (faults ??= []).Add(text);
        if (NameFault(stream) is { } streamFault)
        {
            Fault($"stream name: {streamFault}");
        }

        if (events.Count == 0)
        {
            Fault("there is nothing to append; give at least one event");
        }

        if (events.Count > MaxBatchEvents)
        {
            Fault($"{events.Count} events in one append; at most {MaxBatchEvents} are possible, so split them");
        }

        long total = 0;
        string? type = null;
        ReadOnlyMemory<byte> metadata = default;
        for (var i = 0; i < events.Count; i++)
        {
            var @event = events[i];
            // The events of one append mostly share type and metadata: what was looked at for the one before is not looked at again.
            if (!ReferenceEquals(@event.Type, type))
            {
                if (NameFault(@event.Type) is { } typeFault)
                {
                    Fault($"event {i}: type: {typeFault}");
                }
                else
                {
                    type = @event.Type;
                }
            }

            if (@event.Id == Guid.Empty)
            {
                Fault($"event {i}: its id is empty; give each event an id of its own");
            }

            var size = (long)@event.Data.Length + @event.Metadata.Length;
            total += size;
            if (size > MaxEventBytes)
            {
                Fault($"event {i}: {size} bytes; an event has at most {MaxEventBytes}, so store large content elsewhere and refer to it");
            }

            if (!@event.Metadata.Equals(metadata))
            {
                if (IsJsonObjectOrEmpty(@event.Metadata.Span))
                {
                    metadata = @event.Metadata;
                }
                else
                {
                    Fault($"event {i}: the metadata is not a JSON object in UTF-8");
                }
            }
        }

        if (total > MaxBatchBytes && events.Count > 1)
        {
            Fault($"{total} bytes in one append; at most {MaxBatchBytes} are possible, so split them");
        }

        if (faults is not null)
        {
            throw new InvalidAppendException(stream, faults);
        }
    }

    /// <summary>What is wrong with a stream name or event type; null when nothing is.</summary>
    public static string? NameFault(string? name)
    {
        if (string.IsNullOrEmpty(name))
        {
            return "it is empty";
        }

        if (name.Length > MaxNameLength)
        {
            return $"it has {name.Length} characters; at most {MaxNameLength} are possible";
        }

        if (name[0] == '$')
        {
            return "it begins with '$', which is kept for the log's own streams";
        }

        foreach (var c in name)
        {
            if (char.IsWhiteSpace(c) || char.IsControl(c) || char.IsSurrogate(c))
            {
                return $"it contains the character U+{(int)c:X4}; white space, control characters and characters beyond the basic plane are not possible";
            }
        }

        return null;
    }

    private static bool IsJsonObjectOrEmpty(ReadOnlySpan<byte> utf8)
    {
        if (utf8.IsEmpty)
        {
            return true;
        }

        // The reader does not look into texts.
        if (!Utf8.IsValid(utf8))
        {
            return false;
        }

        try
        {
            var reader = new Utf8JsonReader(utf8);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                return false;
            }

            while (reader.Read())
            {
            }

            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
