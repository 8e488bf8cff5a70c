using System.Buffers;
using System.Globalization;
using System.Text.Json;
using AIaaS.EventStore;

namespace AIaaS.Domain.Metering;

/// <summary>
/// Reads and writes <see cref="UsageMetered"/> without making objects of it: usage comes in by the ten thousand a second. What it writes is, byte for byte,
/// what the contract of the record writes.
/// </summary>
public static class UsageJson
{
    private static readonly JsonEncodedText SourceName = JsonEncodedText.Encode("source");
    private static readonly JsonEncodedText IdName = JsonEncodedText.Encode("id");
    private static readonly JsonEncodedText TypeName = JsonEncodedText.Encode("type");
    private static readonly JsonEncodedText SubjectName = JsonEncodedText.Encode("subject");
    private static readonly JsonEncodedText TimeName = JsonEncodedText.Encode("time");
    private static readonly JsonEncodedText DataName = JsonEncodedText.Encode("data");
    private static readonly JsonEncodedText ReadingsName = JsonEncodedText.Encode("readings");
    private static readonly JsonEncodedText AtName = JsonEncodedText.Encode("at");

    // What the writer would write just so: no white space, nothing to escape.
    private static readonly SearchValues<byte> Plain = SearchValues.Create([.. Enumerable.Range(0x21, 0x7F - 0x21).Select(b => (byte)b).Where(b => !"\\<>&'+`"u8.Contains(b))]);

    /// <summary>Writes an event; nothing usable is written where a meter refuses it.</summary>
    /// <param name="writer">The writer, without indentation, at the start of its first value.</param>
    /// <param name="source">CloudEvents source.</param>
    /// <param name="id">CloudEvents id.</param>
    /// <param name="meters">The meters of its type.</param>
    /// <param name="subject">CloudEvents subject.</param>
    /// <param name="time">When it was used, UTC.</param>
    /// <param name="data">CloudEvents data as JSON: valid UTF-8, no member twice. Empty for none.</param>
    /// <param name="at">When it came in, UTC.</param>
    /// <param name="content">Where its content stands in what is written, counted from its first byte.</param>
    public static DomainError? Write(Utf8JsonWriter writer, string source, string id, UsageType meters, string? subject, DateTimeOffset time, ReadOnlySpan<byte> data, DateTimeOffset at, out UsageContent content)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(meters);
        data = data.IsEmpty ? "null"u8 : data;
        content = default;
        try
        {
            writer.WriteStartObject();
            writer.WriteString(SourceName, source);
            writer.WriteString(IdName, id);
            var beforeType = Length(writer);
            writer.WriteString(TypeName, meters.Type);
            var beforeSubject = Length(writer);
            writer.WriteString(SubjectName, subject);
            var beforeTime = Length(writer);
            writer.WriteString(TimeName, time);
            var beforeData = Length(writer);
            writer.WritePropertyName(DataName);
            Copy(data, writer);
            content = new(Value(beforeType, TypeName)..beforeSubject, Value(beforeSubject, SubjectName)..beforeTime, Value(beforeData, DataName)..Length(writer));
            writer.WriteStartArray(ReadingsName);
            if (meters.Read(data, writer) is { } error)
            {
                return error;
            }

            writer.WriteEndArray();
            writer.WriteString(AtName, at);
            writer.WriteEndObject();
            return null;
        }
        catch (InvalidOperationException)
        {
            // The platform's answer to half a surrogate pair.
            return UsageErrors.HalfPair();
        }
    }

    /// <summary>What tells a repeated event from another one with its id: its content; and its time in ticks of UTC, 0 where it had none of its own and so has that of its arrival.</summary>
    /// <param name="record">The event as it is stored.</param>
    public static (UsageContent Content, long Time) Identify(ReadOnlySpan<byte> record)
    {
        var reader = new Utf8JsonReader(record);
        reader.Read();
        long time = 0;
        UsageContent content = default;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.ValueSpan;
            reader.Read();
            var start = (int)reader.TokenStartIndex;
            if (name.SequenceEqual("time"u8))
            {
                time = reader.GetDateTimeOffset().UtcTicks;
            }
            else if (name.SequenceEqual("at"u8) && reader.GetDateTimeOffset().UtcTicks == time)
            {
                time = 0;
            }

            reader.Skip();
            var value = start..(int)reader.BytesConsumed;
            content = name.SequenceEqual("type"u8) ? content with { Type = value }
                : name.SequenceEqual("subject"u8) ? content with { Subject = value }
                : name.SequenceEqual("data"u8) ? content with { Data = value }
                : content;
        }

        return (content, time);
    }

    private static int Length(Utf8JsonWriter writer) => (int)(writer.BytesCommitted + writer.BytesPending);

    /// <summary>Where the value of a member begins: behind a comma, the name in quotes and a colon.</summary>
    private static int Value(int before, JsonEncodedText name) => before + name.EncodedUtf8Bytes.Length + 4;

    /// <summary>Copies a JSON value as the contract of <see cref="JsonElement"/> writes it.</summary>
    private static void Copy(ReadOnlySpan<byte> json, Utf8JsonWriter writer)
    {
        if (json.IndexOfAnyExcept(Plain) < 0)
        {
            writer.WriteRawValue(json, skipInputValidation: true);
            return;
        }

        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 512 });
        while (reader.Read())
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.StartObject:
                    writer.WriteStartObject();
                    break;
                case JsonTokenType.EndObject:
                    writer.WriteEndObject();
                    break;
                case JsonTokenType.StartArray:
                    writer.WriteStartArray();
                    break;
                case JsonTokenType.EndArray:
                    writer.WriteEndArray();
                    break;
                case JsonTokenType.PropertyName when reader.ValueIsEscaped:
                    writer.WritePropertyName(reader.GetString()!);
                    break;
                case JsonTokenType.PropertyName:
                    writer.WritePropertyName(reader.ValueSpan);
                    break;
                case JsonTokenType.String when reader.ValueIsEscaped:
                    writer.WriteStringValue(reader.GetString());
                    break;
                case JsonTokenType.String:
                    writer.WriteStringValue(reader.ValueSpan);
                    break;
                case JsonTokenType.Number:
                    writer.WriteRawValue(reader.ValueSpan, skipInputValidation: true);
                    break;
                case JsonTokenType.True or JsonTokenType.False:
                    writer.WriteBooleanValue(reader.TokenType == JsonTokenType.True);
                    break;
                default:
                    writer.WriteNullValue();
                    break;
            }
        }
    }
}

/// <summary>Where the content of an event stands in its record: what a repetition under the same id has to say again.</summary>
/// <param name="Type">Its type.</param>
/// <param name="Subject">Its subject.</param>
/// <param name="Data">Its data.</param>
public readonly record struct UsageContent(Range Type, Range Subject, Range Data);

/// <summary>Looks through an event's data while it is read: doubled members, depth and size. One of them serves a whole request.</summary>
public sealed class UsageDataCheck
{
    private readonly List<ulong> names = [];
    private readonly List<int> frames = [];

    /// <summary>Goes over the value that the reader stands on, to its end; gives what is wrong with it, null when nothing is.</summary>
    public DomainError? Pass(ref Utf8JsonReader reader)
    {
        names.Clear();
        frames.Clear();
        DomainError? error = null;
        var depth = 0;
        var start = reader.TokenStartIndex;
        while (true)
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.StartObject or JsonTokenType.StartArray:
                    frames.Add(names.Count);
                    depth++;
                    error ??= depth > UsageRules.MaxDepth ? UsageErrors.TooDeep() : null;
                    break;
                case JsonTokenType.EndObject or JsonTokenType.EndArray:
                    names.RemoveRange(frames[^1], names.Count - frames[^1]);
                    frames.RemoveAt(frames.Count - 1);
                    depth--;
                    break;
                case JsonTokenType.PropertyName when error is null:
                    error = Name(ref reader);
                    break;
                default:
                    break;
            }

            if (depth == 0)
            {
                break;
            }

            reader.Read();
        }

        var length = reader.BytesConsumed - start;
        return error ?? (length > UsageRules.MaxDataBytes ? UsageErrors.TooLarge(string.Create(CultureInfo.InvariantCulture, $"have {length} bytes; at most {UsageRules.MaxDataBytes} are possible")) : null);
    }

    private DomainError? Name(ref Utf8JsonReader reader)
    {
        ulong hash;
        if (reader.ValueIsEscaped)
        {
            try
            {
                hash = Hash(System.Text.Encoding.UTF8.GetBytes(reader.GetString()!));
            }
            catch (InvalidOperationException)
            {
                return UsageErrors.HalfPair();
            }
        }
        else
        {
            hash = Hash(reader.ValueSpan);
        }

        var others = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(names)[frames[^1]..];
        if (others.Contains(hash))
        {
            return UsageErrors.MemberTwice(reader.GetString()!);
        }

        names.Add(hash);
        return others.Length >= UsageRules.MaxMembers ? UsageErrors.TooLarge($"hold an object with more than {UsageRules.MaxMembers} members") : null;
    }

    private static ulong Hash(ReadOnlySpan<byte> name)
    {
        var hash = (ulong)name.Length * 0x9E3779B97F4A7C15;
        while (name.Length >= 8)
        {
            hash = (hash ^ System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(name)) * 0xFF51AFD7ED558CCD;
            hash ^= hash >> 32;
            name = name[8..];
        }

        foreach (var b in name)
        {
            hash = (hash ^ b) * 0x100000001B3;
        }

        return hash ^ (hash >> 29);
    }
}
