using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace AIaaS.Projections;

/// <summary>
/// Where a page ended: the sort value and the id of its last document, bound to the query that it belongs to.
/// Both engines use this form, so that paging is stable while documents come and go.
/// </summary>
/// <param name="Value">The sort value: a <see cref="string"/>, <see cref="long"/>, <see cref="double"/>, <see cref="bool"/>, or null where it is missing or the sort is by id.</param>
/// <param name="Id">The id of the last document.</param>
public sealed record DocumentCursor(object? Value, string Id)
{
    /// <summary>The cursor as opaque text.</summary>
    public string ToText(DocumentQuery query)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartArray();
            json.WriteStringValue(Fingerprint(query));
            json.WriteStringValue(Id);
            switch (Value)
            {
                case null: json.WriteNullValue(); break;
                case string text: json.WriteStringValue(text); break;
                case bool flag: json.WriteBooleanValue(flag); break;
                case int number: json.WriteNumberValue(number); break;
                case long number: json.WriteNumberValue(number); break;
                case double number: json.WriteNumberValue(number); break;
                default: throw new ArgumentException($"A sort value of type {Value.GetType()} has no place in a cursor.", nameof(query));
            }

            json.WriteEndArray();
        }

        return Base64Url.EncodeToString(buffer.GetBuffer().AsSpan(0, (int)buffer.Length));
    }

    /// <summary>Reads the query's cursor; null for a first page.</summary>
    /// <exception cref="InvalidQueryException">The text is no cursor, or one of another query.</exception>
    public static DocumentCursor? Of(DocumentQuery query)
    {
        if (query.Cursor is null)
        {
            return null;
        }

        try
        {
            using var json = JsonDocument.Parse(Base64Url.DecodeFromChars(query.Cursor));
            var parts = json.RootElement;
            if (parts.GetArrayLength() == 3 && parts[0].GetString() == Fingerprint(query) && parts[1].GetString() is { } id)
            {
                return new(
                    parts[2].ValueKind switch
                    {
                        JsonValueKind.String => parts[2].GetString(),
                        JsonValueKind.Number => parts[2].TryGetInt64(out var whole) ? whole : parts[2].GetDouble(),
                        JsonValueKind.True => true,
                        JsonValueKind.False => false,
                        _ => null,
                    },
                    id);
            }
        }
        catch (Exception e) when (e is FormatException or JsonException or InvalidOperationException)
        {
            throw new InvalidQueryException("The cursor is damaged. Take it unchanged from the answer before, or leave it out to begin at the first page.");
        }

        throw new InvalidQueryException("The cursor belongs to another query. Keep filter and sort order while paging, or leave the cursor out to begin at the first page.");
    }

    private static string Fingerprint(DocumentQuery query)
    {
        var text = new StringBuilder().Append(query.SortBy).Append(query.Descending ? "\u0001-" : "\u0001+");
        foreach (var condition in query.Where)
        {
            text.Append('\u0001').Append(condition.Field).Append('\u0001').Append(condition.Comparison).Append('\u0001')
                .Append(Convert.ToString(condition.Value, System.Globalization.CultureInfo.InvariantCulture));
        }

        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())).AsSpan(0, 6));
    }
}
