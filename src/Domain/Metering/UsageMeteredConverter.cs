using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace AIaaS.Domain.Metering;

/// <summary>
/// The JSON of <see cref="UsageMetered"/>, in the form that the general contract of the record would give and with its refusals: no member may be unknown, and
/// none missing except the subject, as nullable members of all events may. Usage is most of a log and is read by each of its followers, and the general reader takes several times as long.
/// </summary>
internal sealed class UsageMeteredConverter : JsonConverter<UsageMetered>
{
    private const int Needed = 0xFF & ~8;

    private static readonly RecentTexts Texts = new();
    private static readonly RecentDimensions DimensionSets = new();

    /// <inheritdoc />
    public override UsageMetered Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        Expect(ref reader, JsonTokenType.StartObject);
        string? source = null, id = null, type = null, subject = null;
        DateTimeOffset time = default, at = default;
        JsonElement data = default;
        ImmutableArray<MeterReading> readings = default;
        var found = 0;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("source"u8))
            {
                (source, found) = (Text(ref reader), found | 1);
            }
            else if (reader.ValueTextEquals("id"u8))
            {
                reader.Read();
                (id, found) = (reader.GetString(), found | 2);
            }
            else if (reader.ValueTextEquals("type"u8))
            {
                (type, found) = (Text(ref reader), found | 4);
            }
            else if (reader.ValueTextEquals("subject"u8))
            {
                (subject, found) = (Text(ref reader), found | 8);
            }
            else if (reader.ValueTextEquals("time"u8))
            {
                reader.Read();
                (time, found) = (reader.GetDateTimeOffset(), found | 16);
            }
            else if (reader.ValueTextEquals("data"u8))
            {
                reader.Read();
                (data, found) = (JsonElement.ParseValue(ref reader), found | 32);
            }
            else if (reader.ValueTextEquals("readings"u8))
            {
                (readings, found) = (Readings(ref reader), found | 64);
            }
            else if (reader.ValueTextEquals("at"u8))
            {
                reader.Read();
                (at, found) = (reader.GetDateTimeOffset(), found | 128);
            }
            else
            {
                throw Unknown(ref reader);
            }
        }

        return (found & Needed) == Needed ? new(source!, id!, type!, subject, time, data, readings, at) : throw new JsonException("The event lacks a member: source, id, type, time, data, readings and at are needed.");
    }

    /// <inheritdoc />
    public override void Write(Utf8JsonWriter writer, UsageMetered value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        writer.WriteString("source"u8, value.Source);
        writer.WriteString("id"u8, value.Id);
        writer.WriteString("type"u8, value.Type);
        writer.WriteString("subject"u8, value.Subject);
        writer.WriteString("time"u8, value.Time);
        writer.WritePropertyName("data"u8);
        value.Data.WriteTo(writer);
        writer.WriteStartArray("readings"u8);
        foreach (var reading in value.Readings)
        {
            Write(writer, reading);
        }

        writer.WriteEndArray();
        writer.WriteString("at"u8, value.At);
        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, MeterReading reading)
    {
        writer.WriteStartObject();
        writer.WriteString("meter"u8, reading.Meter);
        writer.WriteNumber("value"u8, reading.Value);
        if (reading.Aggregation is { } aggregation)
        {
            writer.WriteString("aggregation"u8, aggregation.ToString());
        }

        if (reading.Item is { } item)
        {
            writer.WriteString("item"u8, item);
        }

        if (reading.Dimensions is { } dimensions)
        {
            writer.WriteStartObject("dimensions"u8);
            foreach (var (name, text) in dimensions)
            {
                writer.WriteString(name, text);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    private static ImmutableArray<MeterReading> Readings(ref Utf8JsonReader reader)
    {
        reader.Read();
        Expect(ref reader, JsonTokenType.StartArray);
        MeterReading? first = null;
        ImmutableArray<MeterReading>.Builder? all = null;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            var reading = Reading(ref reader);
            if (all is not null)
            {
                all.Add(reading);
            }
            else if (first is null)
            {
                first = reading;
            }
            else
            {
                all = ImmutableArray.CreateBuilder<MeterReading>();
                all.Add(first);
                all.Add(reading);
            }
        }

        return all is not null ? all.DrainToImmutable() : first is null ? [] : [first];
    }

    private static MeterReading Reading(ref Utf8JsonReader reader)
    {
        Expect(ref reader, JsonTokenType.StartObject);
        string? meter = null, item = null;
        decimal value = 0;
        var (hasMeter, hasValue) = (false, false);
        Aggregation? aggregation = null;
        ImmutableSortedDictionary<string, string>? dimensions = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("meter"u8))
            {
                (meter, hasMeter) = (Text(ref reader), true);
            }
            else if (reader.ValueTextEquals("value"u8))
            {
                reader.Read();
                (value, hasValue) = (reader.GetDecimal(), true);
            }
            else if (reader.ValueTextEquals("aggregation"u8))
            {
                aggregation = Text(ref reader) is not { } name ? null
                    : Enum.TryParse<Aggregation>(name, out var known) && known.ToString() == name ? known
                    : throw new JsonException($"'{name}' is no aggregation.");
            }
            else if (reader.ValueTextEquals("item"u8))
            {
                reader.Read();
                item = reader.GetString();
            }
            else if (reader.ValueTextEquals("dimensions"u8))
            {
                reader.Read();
                dimensions = reader.TokenType == JsonTokenType.Null ? null : DimensionSets.Read(ref reader);
            }
            else
            {
                throw Unknown(ref reader);
            }
        }

        return hasMeter && hasValue ? new(meter!, value) { Aggregation = aggregation, Item = item, Dimensions = dimensions } : throw new JsonException("The reading lacks a member: meter and value are needed.");
    }

    private static string? Text(ref Utf8JsonReader reader)
    {
        reader.Read();
        return Texts.Read(ref reader);
    }

    private static void Expect(ref Utf8JsonReader reader, JsonTokenType token)
    {
        if (reader.TokenType != token)
        {
            throw new JsonException(string.Create(CultureInfo.InvariantCulture, $"{reader.TokenType} stands where {token} is needed."));
        }
    }

    private static JsonException Unknown(ref Utf8JsonReader reader) => new($"The member '{reader.GetString()}' is not known.");

    private static int Place(ReadOnlySpan<byte> bytes, int places)
    {
        var hash = new HashCode();
        hash.AddBytes(bytes);
        return (int)((uint)hash.ToHashCode() % (uint)places);
    }

    /// <summary>Texts that were just read: most of usage says the same again.</summary>
    private sealed class RecentTexts
    {
        private const int MaxBytes = 64;

        private readonly Entry?[] entries = new Entry?[512];

        public string? Read(ref Utf8JsonReader reader)
        {
            if (reader.TokenType != JsonTokenType.String || reader.ValueIsEscaped || reader.ValueSpan.Length is 0 or > MaxBytes)
            {
                return reader.GetString();
            }

            var bytes = reader.ValueSpan;
            ref var place = ref entries[Place(bytes, entries.Length)];
            if (place is { } known && bytes.SequenceEqual(known.Bytes))
            {
                return known.Text;
            }

            var text = reader.GetString()!;
            place = new(bytes.ToArray(), text);
            return text;
        }

        private sealed record Entry(byte[] Bytes, string Text);
    }

    /// <summary>Sets of dimensions that were just read: their names and values, each ended by a zero, which no JSON holds as it is.</summary>
    private sealed class RecentDimensions
    {
        private const int MaxBytes = 512;

        private readonly Entry?[] entries = new Entry?[512];

        public ImmutableSortedDictionary<string, string> Read(ref Utf8JsonReader reader)
        {
            Expect(ref reader, JsonTokenType.StartObject);
            var start = reader;
            Span<byte> key = stackalloc byte[MaxBytes];
            var length = 0;
            while (reader.Read() && reader.TokenType is JsonTokenType.PropertyName or JsonTokenType.String)
            {
                var text = reader.ValueSpan;
                if (reader.ValueIsEscaped || length + text.Length >= MaxBytes)
                {
                    reader = start;
                    return Parse(ref reader);
                }

                text.CopyTo(key[length..]);
                length += text.Length;
                key[length++] = 0;
            }

            ref var place = ref entries[Place(key[..length], entries.Length)];
            if (place is { } known && reader.TokenType == JsonTokenType.EndObject && key[..length].SequenceEqual(known.Key))
            {
                return known.Dimensions;
            }

            reader = start;
            var dimensions = Parse(ref reader);
            place = new(key[..length].ToArray(), dimensions);
            return dimensions;
        }

        private static ImmutableSortedDictionary<string, string> Parse(ref Utf8JsonReader reader)
        {
            var dimensions = ImmutableSortedDictionary.CreateBuilder<string, string>();
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var name = reader.GetString()!;
                reader.Read();
                dimensions[name] = reader.GetString()!;
            }

            return dimensions.ToImmutable();
        }

        private sealed record Entry(byte[] Key, ImmutableSortedDictionary<string, string> Dimensions);
    }
}
