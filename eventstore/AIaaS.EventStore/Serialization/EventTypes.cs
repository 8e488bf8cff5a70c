using System.Collections.Frozen;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;

namespace AIaaS.EventStore;

/// <summary>An event that cannot be turned into an object: its type is not registered, or its data are not of the type's form. Such an event parks; it is never skipped.</summary>
public sealed class UnreadableEventException(string message, Exception? inner = null) : EventStoreException(message, inner);

/// <summary>One registered event type.</summary>
/// <param name="Name">The business's words, dotted: <c>agent.run.started</c>; a later incompatible form ends in <c>.v2</c>.</param>
/// <param name="Clr">The record.</param>
/// <param name="Json">Its source-generated contract.</param>
/// <param name="Category">The category of the streams it is written to.</param>
/// <param name="Example">An instance for the catalogue.</param>
public sealed record EventType(string Name, Type Clr, JsonTypeInfo Json, string Category, object Example)
{
    /// <summary>The version of the form, as the name says it: 2 for a name that ends in <c>.v2</c>, 1 for one without such an end.</summary>
    public int Schema { get; } = Name.LastIndexOf(".v", StringComparison.Ordinal) is var at and >= 0
        && int.TryParse(Name.AsSpan(at + 2), NumberStyles.None, CultureInfo.InvariantCulture, out var version) ? version : 1;

    /// <summary>The contract for reading: as <see cref="Json"/>, but what may be null may also be missing, since null is left out on writing.</summary>
    internal JsonTypeInfo Reading { get; init; } = Json;
}

/// <summary>
/// The event types of a program, registered explicitly one by one; an instance, never a global. Old forms are brought up by upcasters,
/// one step at a time, on the JSON.
/// </summary>
public sealed class EventTypes
{
    private readonly FrozenDictionary<string, EventType> byName;
    private readonly FrozenDictionary<Type, EventType> byClr;
    private readonly FrozenDictionary<string, (string To, Func<JsonObject, JsonObject> Change)> upcasters;

    private EventTypes(Builder builder)
    {
        byName = builder.Types.ToFrozenDictionary(t => t.Name, StringComparer.Ordinal);
        byClr = builder.Types.ToFrozenDictionary(t => t.Clr);
        upcasters = builder.Upcasters.ToFrozenDictionary(StringComparer.Ordinal);
    }

    /// <summary>All registered types, by name.</summary>
    public IEnumerable<EventType> All => byName.Values.OrderBy(t => t.Name, StringComparer.Ordinal);

    /// <summary>The type of an event object.</summary>
    /// <exception cref="InvalidOperationException">It was not registered.</exception>
    public EventType Of(object @event) => byClr.TryGetValue(@event.GetType(), out var type)
        ? type
        : throw new InvalidOperationException($"{@event.GetType()} is not registered as an event type. Register it in the EventTypes of its capability.");

    /// <summary>All names under which events of a record lie in the log: its own, and those of older forms that are brought up to it.</summary>
    /// <exception cref="InvalidOperationException">The record was not registered.</exception>
    public IReadOnlyList<string> NamesOf(Type clr)
    {
        var own = byClr.TryGetValue(clr, out var type)
            ? type.Name
            : throw new InvalidOperationException($"{clr} is not registered as an event type. Register it in the EventTypes of its capability.");
        return [own, .. upcasters.Keys.Where(old => EndOf(old) == own).Order(StringComparer.Ordinal)];
    }

    /// <summary>Whether a recorded type can be read, directly or through upcasters.</summary>
    public bool Knows(string name) => byName.ContainsKey(name) || upcasters.ContainsKey(name);

    /// <summary>Reads a recorded event: once, however many of its readers hold the same record, as those do that follow the end of the log.</summary>
    /// <exception cref="UnreadableEventException">The type is unknown or the data are not of its form.</exception>
    public object Read(RecordedEvent recorded)
    {
        ArgumentNullException.ThrowIfNull(recorded);
        return recorded.ReadBy(this);
    }

    /// <summary>Reads an event's data.</summary>
    /// <exception cref="UnreadableEventException">The type is unknown or the data are not of its form.</exception>
    public object Read(string type, ReadOnlySpan<byte> data)
    {
        try
        {
            if (byName.TryGetValue(type, out var known))
            {
                return JsonSerializer.Deserialize(data, known.Reading)
                    ?? throw new UnreadableEventException($"The data of an event of type '{type}' are null.");
            }

            if (!upcasters.ContainsKey(type))
            {
                throw new UnreadableEventException($"The event type '{type}' is not registered in this version of the program.");
            }

            var json = JsonNode.Parse(data) as JsonObject ?? throw new UnreadableEventException($"The data of an event of type '{type}' are not a JSON object.");
            var name = type;
            while (upcasters.TryGetValue(name, out var step))
            {
                json = step.Change(json);
                name = step.To;
            }

            return json.Deserialize(byName[name].Reading)
                ?? throw new UnreadableEventException($"The data of an event of type '{type}' are null after upcasting to '{name}'.");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException or ArgumentException)
        {
            throw new UnreadableEventException($"The data of an event of type '{type}' cannot be read: {JsonFault.Of(e)}", e);
        }
    }

    /// <summary>Writes an event for the log.</summary>
    public NewEvent Write(Guid id, object @event, EventMetadata metadata)
    {
        var type = Of(@event);
        return new(id, type.Name, JsonSerializer.SerializeToUtf8Bytes(@event, type.Json), metadata.ToUtf8());
    }

    /// <summary>Writes an event for the log, with metadata that are UTF-8 JSON already: one writing of them serves all events of a command.</summary>
    public NewEvent Write(Guid id, object @event, ReadOnlyMemory<byte> metadata)
    {
        var type = Of(@event);
        return new(id, type.Name, JsonSerializer.SerializeToUtf8Bytes(@event, type.Json), metadata);
    }

    private string EndOf(string name)
    {
        while (upcasters.TryGetValue(name, out var step))
        {
            name = step.To;
        }

        return name;
    }

    /// <summary>Collects registrations.</summary>
    public sealed class Builder
    {
        private readonly Dictionary<JsonSerializerOptions, JsonSerializerOptions> reading = [];

        internal List<EventType> Types { get; } = [];

        internal Dictionary<string, (string To, Func<JsonObject, JsonObject> Change)> Upcasters { get; } = new(StringComparer.Ordinal);

        /// <summary>Registers a type under its name.</summary>
        /// <exception cref="ArgumentException">Name or type is registered already, or the name cannot be an event type.</exception>
        public Builder Add<T>(string name, JsonTypeInfo<T> json, string category, T example)
            where T : class
        {
            if (EventStoreLimits.NameFault(name) is { } fault)
            {
                throw new ArgumentException($"'{name}' cannot be an event type: {fault}.", nameof(name));
            }

            if (Types.Any(t => t.Name == name || t.Clr == typeof(T)) || Upcasters.ContainsKey(name))
            {
                throw new ArgumentException($"The event type '{name}' or its record {typeof(T)} is registered already.", nameof(name));
            }

            Types.Add(new(name, typeof(T), json, category, example) { Reading = Reading(json) });
            return this;
        }

        private JsonTypeInfo Reading(JsonTypeInfo json)
        {
            if (!reading.TryGetValue(json.Options, out var options))
            {
                var resolver = json.Options.TypeInfoResolver ?? throw new ArgumentException($"The JSON contract of {json.Type} has no resolver. Take it from a source-generated context.", nameof(json));
                options = new(json.Options) { TypeInfoResolver = resolver.WithAddedModifier(LetNullableBeMissing) };
                reading.Add(json.Options, options);
            }

            return options.GetTypeInfo(json.Type);
        }

        private static void LetNullableBeMissing(JsonTypeInfo type)
        {
            foreach (var property in type.Properties)
            {
                if (property is { IsRequired: true, AssociatedParameter.IsNullable: true })
                {
                    property.IsRequired = false;
                }
            }
        }

        /// <summary>Brings events recorded as <paramref name="from"/> to the form of <paramref name="to"/>.</summary>
        public Builder Upcast(string from, string to, Func<JsonObject, JsonObject> change)
        {
            if (Types.Any(t => t.Name == from) || !Upcasters.TryAdd(from, (to, change)))
            {
                throw new ArgumentException($"'{from}' is registered already.", nameof(from));
            }

            return this;
        }

        /// <summary>Checks that each upcaster ends at a registered type, and closes the registration.</summary>
        /// <exception cref="InvalidOperationException">An upcaster leads nowhere or in a circle.</exception>
        public EventTypes Build()
        {
            foreach (var start in Upcasters.Keys)
            {
                var name = start;
                for (var steps = 0; Upcasters.TryGetValue(name, out var step); steps++)
                {
                    name = steps <= Upcasters.Count ? step.To : throw new InvalidOperationException($"The upcasters from '{start}' go in a circle.");
                }

                if (Types.All(t => t.Name != name))
                {
                    throw new InvalidOperationException($"The upcasters from '{start}' end at '{name}', which is not registered.");
                }
            }

            return new(this);
        }
    }
}
