using System.Collections.Frozen;
using System.Diagnostics;
using System.Text;
using System.Text.Json;
using AIaaS.Domain.Json;
using AIaaS.EventStore;

namespace AIaaS.Domain.Metering;

/// <summary>The meters that count a tenant's usage, compiled once: built-in ones, those of its plan, and its own. Immutable and safe for any number of threads.</summary>
public sealed class MeterSet
{
    private static readonly Lazy<MeterSet> OnlyBuiltIn = new(() => new([]));

    private readonly FrozenDictionary<string, UsageType> types;

    /// <summary>Compiles meters beside the built-in ones. Of two of one name the first holds.</summary>
    public MeterSet(IEnumerable<MeterDefinition> meters)
    {
        types = meters.DistinctBy(m => m.Meter, StringComparer.Ordinal).Where(m => BuiltInMeters.Find(m.Meter) is null).Concat(BuiltInMeters.All)
            .GroupBy(m => m.EventType, StringComparer.Ordinal)
            .ToFrozenDictionary(g => g.Key, g => new UsageType(g.Key, [.. g.OrderBy(m => m.Meter, StringComparer.Ordinal)]), StringComparer.Ordinal);
    }

    /// <summary>Only the built-in ones.</summary>
    public static MeterSet BuiltIn => OnlyBuiltIn.Value;

    /// <summary>The meters of an event type; null where none counts it.</summary>
    public UsageType? Find(string type) => types.GetValueOrDefault(type);
}

/// <summary>The meters of one event type: reads an event's data in one pass.</summary>
public sealed class UsageType
{
    private readonly Meter[] meters;
    private readonly Node root;
    private readonly JsonPath?[] slow;
    private readonly int slots;
    private readonly bool needsDocument;

    internal UsageType(string type, MeterDefinition[] definitions)
    {
        Type = type;
        var paths = new List<string>();
        meters = [.. definitions.Select(d => new Meter(d, Slot))];
        root = new Node();
        slow = new JsonPath?[paths.Count];
        slots = paths.Count;
        for (var i = 0; i < paths.Count; i++)
        {
            if (SimpleNames(paths[i]) is { } names)
            {
                root.Add(names, i);
            }
            else
            {
                slow[i] = JsonPath.TryParse(paths[i], out var path, out var fault) ? path : throw new FormatException($"{paths[i]}: {fault}");
            }
        }

        root.Close();
        needsDocument = slow.Any(s => s is not null) || meters.Any(m => m.Schema is not null);

        int Slot(string path)
        {
            if (paths.IndexOf(path) is var known and >= 0)
            {
                return known;
            }

            paths.Add(path);
            return paths.Count - 1;
        }
    }

    /// <summary>The CloudEvents type.</summary>
    public string Type { get; }

    /// <summary>Writes the readings of an event's data, the meters in the order of their names; or says why the event is refused.</summary>
    internal DomainError? Read(ReadOnlySpan<byte> data, Utf8JsonWriter readings)
    {
        Span<Found> found = stackalloc Found[slots];
        found.Clear();
        if (root.HasChildren && data[0] == '{')
        {
            var reader = new Utf8JsonReader(data, new JsonReaderOptions { MaxDepth = 512 });
            reader.Read();
            Walk(ref reader, root, found);
        }

        if (!needsDocument)
        {
            return Write(data, found, readings, []);
        }

        // All schemas and paths of the type together, in step with the data: whoever declares them does not decide how long a batch of small events keeps everybody waiting.
        var steps = UsageRules.FreeSteps + (UsageRules.StepsPerByte * data.Length);
        var parser = new Utf8JsonReader(data, new JsonReaderOptions { MaxDepth = 512 });
        using var document = JsonDocument.ParseValue(ref parser);
        return Check(document.RootElement, ref steps) ?? Follow(document.RootElement, ref steps, out var followed) ?? Write(data, found, readings, followed);
    }

    /// <summary>The names of a path that only goes down by members; null for another one. Names with quotes or other signs are left to the full language.</summary>
    private static string[]? SimpleNames(string path)
    {
        if (!path.StartsWith("$.", StringComparison.Ordinal))
        {
            return null;
        }

        var names = path[2..].Split('.');
        return names.All(n => n.Length > 0 && !char.IsAsciiDigit(n[0]) && n.All(c => char.IsAsciiLetterOrDigit(c) || c == '_')) ? names : null;
    }

    private static void Walk(ref Utf8JsonReader reader, Node node, scoped Span<Found> found)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var child = reader.ValueIsEscaped ? node.Find(Encoding.UTF8.GetBytes(reader.GetString()!)) : node.Find(reader.ValueSpan);
            reader.Read();
            if (child is null)
            {
                reader.Skip();
                continue;
            }

            if (child.Slot >= 0)
            {
                var isText = reader.TokenType == JsonTokenType.String;
                found[child.Slot] = new(reader.TokenType, (int)reader.TokenStartIndex + (isText ? 1 : 0), reader.ValueSpan.Length, isText && reader.ValueIsEscaped);
            }

            if (reader.TokenType == JsonTokenType.StartObject && child.HasChildren)
            {
                Walk(ref reader, child, found);
            }
            else
            {
                reader.Skip();
            }
        }
    }

    private DomainError? Check(JsonElement data, ref int steps)
    {
        foreach (var meter in meters)
        {
            var most = steps;
            if (meter.Schema is { } schema && !schema.IsValid(data, ref steps))
            {
                var faults = schema.Explain(data, most).Errors.Take(10).Select(e => e.ToString()).ToArray();
                return UsageErrors.Schema(meter.Name, faults.Length > 0 ? faults : ["they cannot be validated"]);
            }
        }

        return null;
    }

    /// <summary>Follows the paths that need the full language, each once.</summary>
    private DomainError? Follow(JsonElement data, ref int steps, out Followed[] followed)
    {
        followed = new Followed[slots];
        for (var slot = 0; slot < slots; slot++)
        {
            if (slow[slot] is not { } path)
            {
                continue;
            }

            var result = path.Select(data, ref steps);
            if (result.Error is { } fault)
            {
                return UsageErrors.Path(path.Source, fault);
            }

            var nodes = result.Value.Items.Take(2).ToArray();
            followed[slot] = nodes.Length == 1 ? new(nodes[0].ToJson(), 1) : new(default, nodes.Length == 0 ? 0 : result.Value.Count);
        }

        return null;
    }

    private DomainError? Write(ReadOnlySpan<byte> data, Span<Found> found, Utf8JsonWriter readings, Followed[] followed)
    {
        foreach (var meter in meters)
        {
            if (meter.Write(this, data, found, readings, followed) is { } error)
            {
                return error;
            }
        }

        return null;
    }

    /// <summary>Where a path has led: a token of the data.</summary>
    private readonly record struct Found(JsonTokenType Kind, int Start, int Length, bool IsEscaped);

    /// <summary>What a path of the full language has led to: the node, where it is one.</summary>
    private readonly record struct Followed(JsonElement Node, int Count);

    /// <summary>What a path has led to, wherever it was found.</summary>
    private readonly ref struct Selected
    {
        public JsonTokenType Kind { get; init; }

        /// <summary>A number as it is written, or a text without its escapes.</summary>
        public ReadOnlySpan<byte> Utf8 { get; init; }

        /// <summary>Of a path that leads to several values: how many.</summary>
        public int Several { get; init; }

        public bool IsNothing => Several == 0 && Kind is JsonTokenType.None or JsonTokenType.Null;

        public string Name => Several > 0 ? $"{Several} values" : Kind switch
        {
            JsonTokenType.StartObject => "an object",
            JsonTokenType.StartArray => "an array",
            JsonTokenType.String => $"the text '{Shown}'",
            JsonTokenType.Number => Shown,
            JsonTokenType.True => "true",
            JsonTokenType.False => "false",
            _ => "nothing",
        };

        private string Shown => Encoding.UTF8.GetString(Utf8[..Math.Min(Utf8.Length, 40)]) + (Utf8.Length > 40 ? "…" : "");
    }

    private Selected Select(int slot, ReadOnlySpan<byte> data, Span<Found> found, Followed[] followed)
    {
        if (slow[slot] is null)
        {
            var (kind, start, length, isEscaped) = found[slot];
            var token = data.Slice(start, length);
            return new() { Kind = kind, Utf8 = isEscaped ? Unescape(token) : token };
        }

        return followed[slot] switch
        {
            { Count: 0 } => default,
            { Count: 1, Node: var node } => node switch
            {
                { ValueKind: JsonValueKind.String } text => new() { Kind = JsonTokenType.String, Utf8 = Encoding.UTF8.GetBytes(text.GetString()!) },
                { ValueKind: JsonValueKind.Number } number => new() { Kind = JsonTokenType.Number, Utf8 = Encoding.UTF8.GetBytes(number.GetRawText()) },
                { ValueKind: JsonValueKind.True } => new() { Kind = JsonTokenType.True },
                { ValueKind: JsonValueKind.False } => new() { Kind = JsonTokenType.False },
                { ValueKind: JsonValueKind.Object } => new() { Kind = JsonTokenType.StartObject },
                { ValueKind: JsonValueKind.Array } => new() { Kind = JsonTokenType.StartArray },
                _ => new() { Kind = JsonTokenType.Null },
            },
            { Count: var several } => new() { Several = several },
        };
    }

    private static byte[] Unescape(ReadOnlySpan<byte> token)
    {
        var quoted = new byte[token.Length + 2];
        quoted[0] = quoted[^1] = (byte)'"';
        token.CopyTo(quoted.AsSpan(1));
        var reader = new Utf8JsonReader(quoted);
        reader.Read();
        return Encoding.UTF8.GetBytes(reader.GetString()!);
    }

    /// <summary>The members that paths go down by.</summary>
    private sealed class Node
    {
        private readonly Dictionary<string, Node> byName = new(StringComparer.Ordinal);
        private NameTable names = new([]);
        private Node[] children = [];

        public int Slot { get; private set; } = -1;

        public bool HasChildren => children.Length > 0;

        public Node? Find(ReadOnlySpan<byte> name) => names.Find(name) is var at and >= 0 ? children[at] : null;

        public void Add(ReadOnlySpan<string> path, int slot)
        {
            if (path.IsEmpty)
            {
                Slot = slot;
                return;
            }

            if (!byName.TryGetValue(path[0], out var child))
            {
                byName.Add(path[0], child = new());
            }

            child.Add(path[1..], slot);
        }

        public void Close()
        {
            string[] all = [.. byName.Keys];
            names = new(all);
            children = [.. all.Select(n => byName[n])];
            foreach (var child in children)
            {
                child.Close();
            }
        }
    }

    private sealed class Meter
    {
        private static readonly JsonEncodedText MeterName = JsonEncodedText.Encode("meter");
        private static readonly JsonEncodedText ValueName = JsonEncodedText.Encode("value");
        private static readonly JsonEncodedText AggregationName = JsonEncodedText.Encode("aggregation");
        private static readonly JsonEncodedText ItemName = JsonEncodedText.Encode("item");
        private static readonly JsonEncodedText DimensionsName = JsonEncodedText.Encode("dimensions");

        private readonly JsonEncodedText name;
        private readonly JsonEncodedText? aggregation;
        private readonly MeterDefinition definition;
        private readonly (string Name, JsonEncodedText Encoded, string Path, int Slot)[] dimensions;
        private readonly int value;
        private readonly bool isOptional;

        public Meter(MeterDefinition definition, Func<string, int> slot)
        {
            this.definition = definition;
            name = JsonEncodedText.Encode(definition.Meter);
            aggregation = definition.Aggregation is Aggregation.Sum or Aggregation.Count ? null : JsonEncodedText.Encode(definition.Aggregation.ToString());
            value = definition.Value is { } path ? slot(path) : -1;
            dimensions = [.. definition.Dimensions.OrderBy(d => d.Key, StringComparer.Ordinal).Select(d => (d.Key, JsonEncodedText.Encode(d.Key), d.Value, slot(d.Value)))];
            isOptional = definition.EventType.StartsWith(BuiltInMeters.Reserved, StringComparison.Ordinal);
            Schema = definition.Schema is { } schema ? JsonSchema.Compile(schema) : null;
        }

        public string Name => definition.Meter;

        public JsonSchema? Schema { get; }

        public DomainError? Write(UsageType type, ReadOnlySpan<byte> data, Span<Found> found, Utf8JsonWriter writer, Followed[] followed)
        {
            var number = 1m;
            Selected read = default;
            if (value >= 0)
            {
                read = type.Select(value, data, found, followed);
                if (isOptional && read.IsNothing)
                {
                    return null;
                }

                var fault = read.IsNothing ? "it is missing"
                    : definition.Aggregation == Aggregation.UniqueCount ? TextFault(read)
                    : read.Kind != JsonTokenType.Number ? $"it is {read.Name}; a number is needed"
                    : UsageNumber.TryRead(read.Utf8, out number);
                if (fault is not null)
                {
                    return UsageErrors.Value(Name, definition.Value!, fault);
                }
            }

            writer.WriteStartObject();
            writer.WriteString(MeterName, name);
            writer.WriteNumber(ValueName, number);
            if (aggregation is { } kind)
            {
                writer.WriteString(AggregationName, kind);
            }

            if (definition.Aggregation == Aggregation.UniqueCount)
            {
                WriteText(writer, ItemName, read);
            }

            var hasDimensions = false;
            foreach (var dimension in dimensions)
            {
                var selected = type.Select(dimension.Slot, data, found, followed);
                if (selected.IsNothing)
                {
                    continue;
                }

                if (TextFault(selected) is { } fault)
                {
                    return UsageErrors.Value(Name, $"the dimension '{dimension.Name}' at {dimension.Path}", fault);
                }

                if (!hasDimensions)
                {
                    writer.WriteStartObject(DimensionsName);
                    hasDimensions = true;
                }

                WriteText(writer, dimension.Encoded, selected);
            }

            if (hasDimensions)
            {
                writer.WriteEndObject();
            }

            writer.WriteEndObject();
            return null;
        }

        private static string? TextFault(Selected selected) => selected.Kind switch
        {
            _ when selected.Several > 0 => $"it is {selected.Name}; one is needed",
            JsonTokenType.String or JsonTokenType.Number when selected.Utf8.Length is 0 or > UsageRules.MaxTextBytes => $"it has {selected.Utf8.Length} bytes",
            JsonTokenType.String or JsonTokenType.Number or JsonTokenType.True or JsonTokenType.False => null,
            _ => $"it is {selected.Name}",
        };

        private static void WriteText(Utf8JsonWriter writer, JsonEncodedText property, Selected selected)
        {
            switch (selected.Kind)
            {
                case JsonTokenType.String:
                    writer.WriteString(property, selected.Utf8);
                    break;
                case JsonTokenType.Number:
                    writer.WriteString(property, UsageNumber.Text(selected.Utf8));
                    break;
                case JsonTokenType.True:
                    writer.WriteString(property, "true"u8);
                    break;
                case JsonTokenType.False:
                    writer.WriteString(property, "false"u8);
                    break;
                default:
                    throw new UnreachableException($"A {selected.Kind} is no text.");
            }
        }
    }
}
