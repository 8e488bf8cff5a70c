using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using AIaaS.Api.Http;
using AIaaS.Commands.Metering;
using AIaaS.Domain.Metering;
using AIaaS.EventStore;
using Microsoft.Net.Http.Headers;

namespace AIaaS.Api.Metering;

/// <summary>
/// Reads CloudEvents 1.0 as HTTP brings them: structured, batched, and binary (https://github.com/cloudevents/spec). What is wrong with one event refuses
/// that event; only what cannot be read as JSON at all refuses the request.
/// </summary>
internal sealed class CloudEvents(UsageBatch batch)
{
    public const string Structured = "application/cloudevents+json";

    public const string Batched = "application/cloudevents-batch+json";

    public const int MaxEvents = 10_000;

    private const string HeaderPrefix = "ce-";

    private static readonly JsonReaderOptions Options = new() { MaxDepth = 512 };

    private readonly UsageDataCheck check = new();
    private readonly List<int> notNumbers = [];
    private int nextNotNumber;
    private readonly Known sources = new();
    private readonly Known types = new();

    /// <summary>Whether the request may hold several events.</summary>
    public bool IsBatch { get; private set; }

    /// <summary>Takes the request's events into the batch, whichever mode they come in.</summary>
    public void Read(HttpRequest request, ReadOnlySpan<byte> body)
    {
        if (!Utf8.IsValid(body))
        {
            throw new ProblemException(400, "malformed-json", "The body is not valid UTF-8.", "Encode it in UTF-8.");
        }

        body = body.StartsWith("\uFEFF"u8) ? body[3..] : body;
        body = Numbers(body);
        var type = MediaTypeHeaderValue.TryParse(request.ContentType, out var parsed) ? parsed.MediaType.Value : null;
        IsBatch = string.Equals(type, Batched, StringComparison.OrdinalIgnoreCase);
        try
        {
            if (IsBatch)
            {
                ReadBatch(body);
            }
            else if (string.Equals(type, Structured, StringComparison.OrdinalIgnoreCase))
            {
                ReadOne(body);
            }
            else
            {
                ReadBinary(request.Headers, body);
            }
        }
        catch (JsonException e)
        {
            throw e.Message.Contains("maximum configured depth", StringComparison.Ordinal)
                ? new ProblemException(400, "malformed-json", $"The body is nested deeper than {Options.MaxDepth} levels.", "Send it flatter.")
                : new ProblemException(400, "malformed-json", $"The body is not JSON: line {(e.LineNumber ?? 0) + 1}, byte {(e.BytePositionInLine ?? 0) + 1}. Nothing of it was recorded.", "Check quotes, commas and brackets; nothing may follow the value.");
        }
    }

    /// <summary>
    /// Lenient writers write NaN and Infinity where a number stands; JSON has neither. Each is read as a 0 of the same length, and its place is kept: the event that holds it is
    /// refused, and the others stand.
    /// </summary>
    private ReadOnlySpan<byte> Numbers(ReadOnlySpan<byte> body)
    {
        if (body.IndexOf("NaN"u8) < 0 && body.IndexOf("Infinity"u8) < 0)
        {
            return body;
        }

        var copy = body.ToArray();
        var inText = false;
        for (var i = 0; i < copy.Length; i++)
        {
            var length = inText ? 0 : copy.AsSpan(i).StartsWith("NaN"u8) ? 3 : copy.AsSpan(i).StartsWith("Infinity"u8) ? 8 : 0;
            if (length > 0)
            {
                notNumbers.Add(i);
                copy[i] = (byte)'0';
                copy.AsSpan(i + 1, length - 1).Fill((byte)' ');
                i += length - 1;
            }
            else if (copy[i] == '"')
            {
                inText = !inText;
            }
            else if (inText && copy[i] == '\\')
            {
                i++;
            }
        }

        return copy;
    }

    /// <summary>Whether a stretch of the body held what is no number. Stretches are asked for in their order.</summary>
    private bool HoldsNotNumber(int from, int to)
    {
        while (nextNotNumber < notNumbers.Count && notNumbers[nextNotNumber] < from)
        {
            nextNotNumber++;
        }

        return nextNotNumber < notNumbers.Count && notNumbers[nextNotNumber] < to;
    }

    private void ReadBatch(ReadOnlySpan<byte> body)
    {
        var reader = new Utf8JsonReader(body, Options);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            throw new ProblemException(422, "not-a-batch", "The body is not an array.", $"Send an array of events, or one event as {Structured}.");
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (batch.Count == MaxEvents)
            {
                throw new ProblemException(422, "too-many-events", $"The batch has more than {MaxEvents} events. Nothing of it was recorded.", "Send them in several requests.");
            }

            ReadEvent(ref reader, body);
        }

        reader.Read();
    }

    private void ReadOne(ReadOnlySpan<byte> body)
    {
        var reader = new Utf8JsonReader(body, Options);
        reader.Read();
        ReadEvent(ref reader, body);
        reader.Read();
    }

    private void ReadEvent(ref Utf8JsonReader reader, ReadOnlySpan<byte> body)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            batch.Refuse(null, null, new("not-an-event", "An event is a JSON object.", "See CloudEvents 1.0, JSON format."));
            reader.Skip();
            return;
        }

        var start = (int)reader.TokenStartIndex;
        var found = new Found();
        HashSet<string>? extensions = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var attribute = AttributeOf(ref reader);
            if (attribute == Attribute.Extension)
            {
                ReadExtension(ref reader, ref found, extensions ??= new(StringComparer.Ordinal));
            }
            else if (!found.Take(attribute))
            {
                found.Error ??= UsageErrors.MemberTwice(reader.GetString()!);
                reader.Read();
                reader.Skip();
            }
            else
            {
                reader.Read();
                ReadAttribute(ref reader, attribute, ref found);
            }
        }

        found.Error ??= HoldsNotNumber(start, (int)reader.BytesConsumed) ? UsageErrors.NotANumber() : null;
        Add(ref found, found.DataLength == 0 ? [] : body.Slice(found.DataStart, found.DataLength));
    }

    private static Attribute AttributeOf(ref Utf8JsonReader reader) =>
        reader.ValueTextEquals("id"u8) ? Attribute.Id
        : reader.ValueTextEquals("source"u8) ? Attribute.Source
        : reader.ValueTextEquals("type"u8) ? Attribute.Type
        : reader.ValueTextEquals("specversion"u8) ? Attribute.SpecVersion
        : reader.ValueTextEquals("time"u8) ? Attribute.Time
        : reader.ValueTextEquals("data"u8) ? Attribute.Data
        : reader.ValueTextEquals("subject"u8) ? Attribute.Subject
        : reader.ValueTextEquals("datacontenttype"u8) ? Attribute.DataContentType
        : reader.ValueTextEquals("dataschema"u8) ? Attribute.DataSchema
        : reader.ValueTextEquals("data_base64"u8) ? Attribute.DataBase64
        : Attribute.Extension;

    private void ReadAttribute(ref Utf8JsonReader reader, Attribute attribute, ref Found found)
    {
        if (attribute == Attribute.Data)
        {
            found.DataStart = (int)reader.TokenStartIndex;
            var fault = check.Pass(ref reader);
            found.Error ??= fault;
            found.DataLength = (int)reader.BytesConsumed - found.DataStart;
            return;
        }

        if (reader.TokenType == JsonTokenType.Null)
        {
            return;
        }

        if (reader.TokenType != JsonTokenType.String)
        {
            found.Error ??= UsageErrors.Attribute(NameOf(attribute), "is not text");
            reader.Skip();
            return;
        }

        try
        {
            switch (attribute)
            {
                case Attribute.Id:
                    found.Id = reader.GetString();
                    break;
                case Attribute.Source:
                    found.Source = sources.Text(ref reader);
                    break;
                case Attribute.Type:
                    found.Type = types.Text(ref reader);
                    break;
                case Attribute.Time:
                    found.Time = Time(ref reader);
                    found.Error ??= found.Time is null ? NotATime() : null;
                    break;
                case Attribute.SpecVersion when reader.ValueTextEquals("1.0"u8):
                    found.SpecVersion = "1.0";
                    break;
                default:
                    Set(attribute, reader.GetString()!, ref found);
                    break;
            }
        }
        catch (InvalidOperationException)
        {
            found.Error ??= UsageErrors.HalfPair();
        }
    }

    private void ReadExtension(ref Utf8JsonReader reader, ref Found found, HashSet<string> extensions)
    {
        string? name = null;
        try
        {
            name = reader.GetString()!;
        }
        catch (InvalidOperationException)
        {
            found.Error ??= UsageErrors.HalfPair();
        }

        reader.Read();
        if (name is not null)
        {
            found.Error ??= !IsAttributeName(name) ? UsageErrors.Attribute(name.Length <= 60 ? name : name[..60] + "…", "is none: names of attributes have lower-case letters and digits")
                : !extensions.Add(name) ? UsageErrors.MemberTwice(name)
                : reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray ? UsageErrors.Attribute(name, "is an object or an array; text, a number, true or false is needed")
                : name == "tenant" && !(reader.TokenType == JsonTokenType.String && reader.ValueTextEquals(batch.Tenant)) ? OtherTenant()
                : null;
        }

        reader.Skip();
    }

    private void ReadBinary(IHeaderDictionary headers, ReadOnlySpan<byte> body)
    {
        var found = new Found();
        var isEvent = false;
        foreach (var (name, values) in headers)
        {
            if (!name.StartsWith(HeaderPrefix, StringComparison.OrdinalIgnoreCase))
            {
                continue;
            }

            isEvent = true;
            var attribute = name[HeaderPrefix.Length..].ToLowerInvariant();
            if (values.Count > 1)
            {
                found.Error ??= UsageErrors.MemberTwice(name);
                continue;
            }

            var value = Uri.UnescapeDataString(values.ToString());
            switch (attribute)
            {
                case "id":
                    found.Id = value;
                    break;
                case "source":
                    found.Source = value;
                    break;
                case "type":
                    found.Type = value;
                    break;
                case "time":
                    var quoted = new Utf8JsonReader(Encoding.UTF8.GetBytes(JsonSerializer.Serialize(value, ApiJson.Plain.String)));
                    quoted.Read();
                    found.Time = Time(ref quoted);
                    found.Error ??= found.Time is null ? NotATime() : null;
                    break;
                case "specversion":
                    Set(Attribute.SpecVersion, value, ref found);
                    break;
                case "subject":
                    found.Subject = value;
                    break;
                case "dataschema":
                    break;
                case "datacontenttype":
                    found.Error ??= UsageErrors.Attribute("datacontenttype", "is a header of its own in binary mode: Content-Type");
                    break;
                default:
                    found.Error ??= !IsAttributeName(attribute) ? UsageErrors.Attribute(attribute, "is none: names of attributes have lower-case letters and digits")
                        : attribute == "tenant" && value != batch.Tenant ? OtherTenant()
                        : null;
                    break;
            }
        }

        if (!isEvent)
        {
            throw new ProblemException(415, "unsupported-media-type", "The request holds no CloudEvent.", $"Send one event as {Structured}, several as {Batched}, or data as application/json with the attributes in headers: ce-specversion, ce-id, ce-source, ce-type.");
        }

        if (!body.IsEmpty)
        {
            var reader = new Utf8JsonReader(body, Options);
            reader.Read();
            var start = (int)reader.TokenStartIndex;
            var fault = check.Pass(ref reader);
            found.Error ??= fault ?? (HoldsNotNumber(start, (int)reader.BytesConsumed) ? UsageErrors.NotANumber() : null);
            body = body[start..(int)reader.BytesConsumed];
            reader.Read();
        }

        Add(ref found, body);
    }

    private void Add(ref Found found, ReadOnlySpan<byte> data)
    {
        var error = found.Error;
        if (found.Id is null || found.Source is null || found.Type is null || found.SpecVersion is null)
        {
            error ??= UsageErrors.Missing(
                new[] { (found.Id, "id"), (found.Source, "source"), (found.SpecVersion, "specversion"), (found.Type, "type") }.Where(a => a.Item1 is null).Select(a => a.Item2));
        }

        if (error is not null)
        {
            batch.Refuse(found.Source, found.Id, error);
        }
        else
        {
            batch.Add(found.Source!, found.Id!, found.Type!, found.Subject, found.Time, data);
        }
    }

    private static void Set(Attribute attribute, string value, ref Found found)
    {
        switch (attribute)
        {
            case Attribute.SpecVersion:
                found.SpecVersion = value;
                found.Error ??= value == "1.0" ? null : UsageErrors.SpecVersion(value);
                break;
            case Attribute.Subject:
                found.Subject = value;
                break;
            case Attribute.DataContentType:
                found.Error ??= MediaTypeHeaderValue.TryParse(value, out var type) && (type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase) || type.Suffix.Equals("json", StringComparison.OrdinalIgnoreCase))
                    ? null
                    : UsageErrors.Attribute("datacontenttype", "is no JSON; usage is read from JSON only");
                break;
            case Attribute.DataBase64:
                found.Error ??= UsageErrors.Attribute("data_base64", "holds binary data; usage is read from JSON only");
                break;
            default:
                break;
        }
    }

    private static DateTimeOffset? Time(ref Utf8JsonReader reader)
    {
        if (!reader.TryGetDateTimeOffset(out var time))
        {
            return null;
        }

        // RFC 3339 has an offset; without one nobody knows when it was.
        var text = reader.ValueIsEscaped ? Encoding.UTF8.GetBytes(reader.GetString()!) : reader.ValueSpan;
        return text.Length > 19 && (text[^1] == 'Z' || (text[^6] is (byte)'+' or (byte)'-' && text[^3] == ':')) ? time : null;
    }

    private static DomainError NotATime() => UsageErrors.Attribute("time", "is not a time of RFC 3339 with its offset, for example 2026-01-31T09:30:00Z");

    private static DomainError OtherTenant() => UsageErrors.Attribute("tenant", "names another tenant than the API key; leave it out");

    private static bool IsAttributeName(string name) => name.Length is > 0 and <= 100 && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c));

    private static string NameOf(Attribute attribute) => attribute == Attribute.DataBase64 ? "data_base64" : attribute.ToString().ToLowerInvariant();

    private enum Attribute
    {
        Id,
        Source,
        Type,
        SpecVersion,
        Time,
        Data,
        Subject,
        DataContentType,
        DataSchema,
        DataBase64,
        Extension,
    }

    private struct Found
    {
        private int taken;

        public string? Id;
        public string? Source;
        public string? Type;
        public string? SpecVersion;
        public string? Subject;
        public DateTimeOffset? Time;
        public int DataStart;
        public int DataLength;
        public DomainError? Error;

        public bool Take(Attribute attribute)
        {
            var bit = 1 << (int)attribute;
            var isNew = (taken & bit) == 0;
            taken |= bit;
            return isNew;
        }
    }

    /// <summary>The text that came last: events of one batch mostly share source and type.</summary>
    private sealed class Known
    {
        private byte[] utf8 = [];
        private string text = "";

        public string Text(ref Utf8JsonReader reader)
        {
            if (reader.ValueIsEscaped)
            {
                return reader.GetString()!;
            }

            if (!reader.ValueSpan.SequenceEqual(utf8))
            {
                (utf8, text) = (reader.ValueSpan.ToArray(), reader.GetString()!);
            }

            return text;
        }
    }
}
