using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace AIaaS.Commands.Routing;

/// <summary>
/// Takes the values of a JSON Schema out of what a customer wrote. What a property holds is told by its name, its <c>pattern</c>, <c>enum</c>
/// or <c>oneOf</c> (a <c>const</c>, and in <c>description</c> phrases that mean it, with semicolons between), and its <c>format</c>. A value that the customer did not state
/// is left out. Behind a last line <c>---</c> a text may carry JSON of records (an order, a product): articles that the customer names by their
/// words are looked up there, and nothing else in it is read.
/// </summary>
internal static class OfflineExtractor
{
    private const int LongestText = 2_000;
    private const int LongestPattern = 200;
    private const string Separator = "\n---\n";

    public static JsonObject Extract(string input, JsonElement schema)
    {
        var (text, records) = Split(input);
        var found = new JsonObject();
        if (schema.ValueKind == JsonValueKind.Object && schema.TryGetProperty("properties", out var properties) && properties.ValueKind == JsonValueKind.Object)
        {
            foreach (var property in properties.EnumerateObject())
            {
                if (Value(property.Name, property.Value, text, records) is { } value)
                {
                    found[property.Name] = value;
                }
                else if (Allows(property.Value, "null"))
                {
                    found[property.Name] = null;
                }
            }
        }

        return found;
    }

    /// <summary>The customer's words, and the records behind them.</summary>
    internal static (string Text, JsonElement? Records) Split(string input)
    {
        var at = input.LastIndexOf(Separator, StringComparison.Ordinal);
        if (at >= 0)
        {
            try
            {
                return (input[..at], JsonSerializer.Deserialize(input.AsSpan(at + Separator.Length), ModelTaskJson.Default.JsonElement));
            }
            catch (JsonException)
            {
                // What is not JSON belongs to the text.
            }
        }

        return (input, null);
    }

    /// <summary>The value of one property, or null where the text does not state it.</summary>
    internal static JsonNode? Value(string name, JsonElement schema, string text, JsonElement? records)
    {
        if (schema.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        if (schema.TryGetProperty("oneOf", out var choices) && choices.ValueKind == JsonValueKind.Array)
        {
            return Choice(choices, text);
        }

        if (schema.TryGetProperty("enum", out var values) && values.ValueKind == JsonValueKind.Array)
        {
            return Member(values, text);
        }

        if (Allows(schema, "array"))
        {
            var items = schema.TryGetProperty("items", out var item) ? item : default;
            var all = Many(name, item, text, records).Distinct(StringComparer.Ordinal).ToArray();
            return all.Length > 0 ? new JsonArray([.. all.Select(v => items.ValueKind == JsonValueKind.Object && Allows(items, "object") ? null : (JsonNode)v)]) : null;
        }

        if (Allows(schema, "boolean"))
        {
            return Channels.Consent.Read(text, text) is { } yes ? JsonValue.Create(yes) : null;
        }

        if (Allows(schema, "number") || Allows(schema, "integer"))
        {
            return NumberOf(name, text, Allows(schema, "integer") && !Allows(schema, "number"));
        }

        return TextOf(name, schema, text, records) is { Length: > 0 } value ? JsonValue.Create(value) : null;
    }

    private static JsonValue? NumberOf(string name, string text, bool whole)
    {
        var amounts = name.Contains("amount", StringComparison.Ordinal) || name.Contains("price", StringComparison.Ordinal) || name.Contains("budget", StringComparison.Ordinal) || name.Contains("value", StringComparison.Ordinal);
        foreach (var number in OfflineMentions.Amounts(text).Concat(amounts ? [] : OfflineMentions.Numbers(text)))
        {
            if (!whole || number == Math.Truncate(number))
            {
                return whole ? JsonValue.Create((long)number) : JsonValue.Create(number);
            }
        }

        return null;
    }

    private static IEnumerable<string> Many(string name, JsonElement item, string text, JsonElement? records) =>
        name.Contains("new_item", StringComparison.Ordinal) ? OfflineGoods.Wanted(text, records)
        : name.Contains("item", StringComparison.Ordinal) ? OfflineGoods.Named(text, records)
        : name.Contains("order", StringComparison.Ordinal) ? OfflineMentions.Orders(text)
        : item.ValueKind == JsonValueKind.Object && item.TryGetProperty("enum", out var values) && values.ValueKind == JsonValueKind.Array
            ? values.EnumerateArray().Where(v => v.ValueKind == JsonValueKind.String && Says(text, v.GetString()!)).Select(v => v.GetString()!)
        : item.ValueKind == JsonValueKind.Object && TextOf(name, item, text, records) is { Length: > 0 } one ? [one]
        : [];

    private static string? TextOf(string name, JsonElement schema, string text, JsonElement? records)
    {
        if (schema.TryGetProperty("pattern", out var pattern) && pattern.ValueKind == JsonValueKind.String)
        {
            return ByPattern(pattern.GetString()!, text) ?? (name.Contains("order", StringComparison.Ordinal) ? Last(OfflineMentions.Orders(text)) : null);
        }

        if (schema.TryGetProperty("format", out var format) && format.ValueKind == JsonValueKind.String && format.GetString() is "email" or "date")
        {
            return format.GetString() == "email" ? Last(OfflineMentions.Emails(text)) : Last(OfflineMentions.Dates(text));
        }

        return name switch
        {
            "order_id" or "order" or "order_number" => Last(OfflineMentions.Orders(text)),
            "email" or "email_address" or "e_mail" => Last(OfflineMentions.Emails(text)),
            "item_id" => OfflineGoods.Named(text, records).LastOrDefault(),
            "new_item_id" => OfflineGoods.Wanted(text, records).LastOrDefault(),
            "product_id" => OfflineGoods.ProductOf(text, records) ?? Last(OfflineMentions.Items(text)),
            "payment_method_id" or "payment_method" => OfflineGoods.PaymentMethod(text, records),
            "payment" or "payment_id" or "charge" or "tracking_id" or "lead" or "complaint" => Last(OfflineMentions.Uuids(text)),
            "first_name" => OfflineMentions.Person(text)?.First,
            "last_name" => OfflineMentions.Person(text)?.Last,
            "name" or "full_name" or "contact_name" or "customer_name" => OfflineMentions.Person(text) is var (first, last) ? first + " " + last : null,
            "company" or "organisation" or "organization" => OfflineMentions.Company(text),
            "phone" or "phone_number" or "telephone" => Last(OfflineMentions.Phones(text)),
            "zip" or "zip_code" or "postcode" => OfflineMentions.Address(text)?.Zip ?? Last(OfflineMentions.Zips(text)),
            "address1" or "street" => OfflineMentions.Address(text)?.Street,
            "address2" => OfflineMentions.Address(text)?.Unit,
            "city" => OfflineMentions.Address(text)?.City,
            "state" => OfflineMentions.Address(text)?.State,
            "country" => OfflineMentions.Address(text)?.Country,
            "currency" => Last(OfflineMentions.Currencies(text)),
            "date" or "due" or "deadline" => Last(OfflineMentions.Dates(text)),
            "text" or "summary" or "message" or "description" or "details" or "need" or "interest" or "problem" or "question" or "issue" => Short(text),
            _ => null,
        };
    }

    private static JsonNode? Choice(JsonElement choices, string text)
    {
        foreach (var choice in choices.EnumerateArray())
        {
            if (choice.ValueKind == JsonValueKind.Object && choice.TryGetProperty("const", out var value) && value.ValueKind == JsonValueKind.String
                && (Says(text, value.GetString()!) || (choice.TryGetProperty("description", out var phrases) && phrases.ValueKind == JsonValueKind.String && phrases.GetString()!.Split(';').Any(p => Says(text, p)))))
            {
                return JsonValue.Create(value.GetString());
            }
        }

        return null;
    }

    private static JsonNode? Member(JsonElement values, string text)
    {
        foreach (var value in values.EnumerateArray())
        {
            if (value.ValueKind == JsonValueKind.String && Says(text, value.GetString()!))
            {
                return JsonValue.Create(value.GetString());
            }
        }

        return null;
    }

    /// <summary>Whether the words of a phrase stand in a text one after another, in whatever form of theirs.</summary>
    internal static bool Says(string text, string phrase)
    {
        var words = OfflineWords.Read(phrase.Replace('_', ' '));
        return words.Count > 0 && IndexOf(OfflineWords.Read(text), words) >= 0;
    }

    internal static int IndexOf(List<string> words, List<string> phrase)
    {
        for (var i = 0; i + phrase.Count <= words.Count; i++)
        {
            var same = 0;
            while (same < phrase.Count && words[i + same] == phrase[same])
            {
                same++;
            }

            if (same == phrase.Count)
            {
                return i;
            }
        }

        return -1;
    }

    private static string? ByPattern(string pattern, string text)
    {
        if (pattern.Length > LongestPattern)
        {
            return null;
        }

        try
        {
            var regex = new Regex(pattern.TrimStart('^').TrimEnd('$'), RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
            var last = regex.Matches(text).LastOrDefault(m => m.Length > 0);
            return last?.Value;
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            // A pattern that cannot run in linear time finds nothing; the value counts as not stated.
            return null;
        }
    }

    private static bool Allows(JsonElement schema, string type) =>
        schema.ValueKind == JsonValueKind.Object && schema.TryGetProperty("type", out var given)
        && (given.ValueKind == JsonValueKind.String ? given.GetString() == type : given.ValueKind == JsonValueKind.Array && given.EnumerateArray().Any(t => t.ValueKind == JsonValueKind.String && t.GetString() == type));

    // Who names a thing again corrects what was said before.
    private static string? Last(IEnumerable<string> found) => found.LastOrDefault();

    private static string Short(string text) => text.Length <= LongestText ? text.Trim() : text[..(char.IsHighSurrogate(text[LongestText - 1]) ? LongestText - 1 : LongestText)].Trim();
}
