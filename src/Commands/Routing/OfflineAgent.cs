using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace AIaaS.Commands.Routing;

/// <summary>
/// Chooses tools by rules. A tool that looks something up is called as soon as all that it needs is known, and the customer's words or its
/// predecessors lead to it; a tool that changes something only when the customer's own words name its deed. Inputs come from what the
/// customer wrote, and, for identifiers alone, from members of the same name in earlier results: sentences in results are not read. No call is
/// made twice. When nothing is left to do, it says what it found.
/// </summary>
internal static class OfflineAgent
{
    private const int LongestSaid = 1_500;

    // The first word of such a tool's name.
    private static readonly FrozenSet<string> Lookups = "find get list search look lookup show check calculate read fetch query track".Split(' ').ToFrozenSet(StringComparer.Ordinal);

    // Deeds in other words.
    private static readonly (string Deed, string[] Phrases)[] Deeds =
    [
        ("cancel", ["cancel", "call off", "do not want the order", "no longer need"]),
        ("return", ["return", "send back", "give back"]),
        ("exchange", ["exchange", "swap", "replace"]),
        ("modify", ["change", "modify", "update", "correct", "switch"]),
        ("refund", ["refund", "money back", "reimburse"]),
        ("charge", ["pay", "charge"]),
        ("capture", ["interested", "quote", "offer", "demo", "sales"]),
        ("open", ["complain", "complaint", "unacceptable"]),
        ("transfer", ["human", "person", "agent", "representative", "colleague"]),
    ];

    public static AgentReply Reply(JsonElement messages, JsonElement tools)
    {
        var text = "";
        var made = new HashSet<string>(StringComparer.Ordinal);
        var results = new List<(string Tool, JsonElement Input, string Content)>();
        var asked = new Dictionary<string, (string Tool, JsonElement Input)>(StringComparer.Ordinal);
        foreach (var message in messages.EnumerateArray())
        {
            var role = message.GetProperty("role").GetString();
            if (role == "user")
            {
                text = message.GetProperty("content").GetString() ?? "";
            }
            else if (role == "assistant" && message.TryGetProperty("tool_calls", out var calls) && calls.ValueKind == JsonValueKind.Array)
            {
                foreach (var call in calls.EnumerateArray())
                {
                    var function = call.GetProperty("function");
                    var input = JsonSerializer.Deserialize(function.GetProperty("arguments").GetString() ?? "{}", ModelTaskJson.Default.JsonElement);
                    asked[call.GetProperty("id").GetString()!] = (function.GetProperty("name").GetString()!, input);
                    made.Add(Key(function.GetProperty("name").GetString()!, input));
                }
            }
            else if (role == "tool" && asked.TryGetValue(message.GetProperty("tool_call_id").GetString() ?? "", out var of))
            {
                results.Add((of.Tool, of.Input, message.GetProperty("content").GetString() ?? ""));
            }
        }

        var (said, _) = OfflineExtractor.Split(text);
        var known = Known(results);
        foreach (var tool in tools.EnumerateArray().Select(t => t.GetProperty("function")).OrderBy(t => Rank(t.GetProperty("name").GetString()!)).ToArray())
        {
            var name = tool.GetProperty("name").GetString()!;
            if (!IsCalledFor(name, said, results))
            {
                continue;
            }

            foreach (var input in Inputs(name, tool.GetProperty("parameters"), said, known))
            {
                if (made.Add(Key(name, input)))
                {
                    return new(null, [new(string.Create(CultureInfo.InvariantCulture, $"call_{asked.Count + 1}"), name, input)]);
                }
            }
        }

        return new(Said(results), []);
    }

    private static int Rank(string tool) =>
        tool.StartsWith("find", StringComparison.Ordinal) ? 0 : IsLookup(tool) ? 1 : tool.StartsWith("transfer", StringComparison.Ordinal) ? 3 : 2;

    private static bool IsLookup(string tool) => Lookups.Contains(tool.Split('_', '-')[0]);

    private static bool IsCalledFor(string tool, string said, List<(string Tool, JsonElement Input, string Content)> results)
    {
        var words = tool.Split('_', '-');
        if (IsLookup(tool))
        {
            // One identity is enough.
            return !(words[0] == "find" && results.Exists(r => r.Tool.StartsWith("find", StringComparison.Ordinal) && !IsError(r.Content)))
                && (words[0] is not ("list" or "calculate") || words.Skip(1).Any(w => w.Length > 3 && OfflineExtractor.Says(said, w)) || (words[0] == "calculate" && OfflineExtractor.Says(said, "calculate")));
        }

        // One deed at a time, and none after one of its name has failed.
        if (results.Exists(r => r.Tool == tool))
        {
            return false;
        }

        var phrases = Deeds.FirstOrDefault(d => d.Deed == words[0]).Phrases ?? [words[0]];
        return phrases.Any(p => OfflineExtractor.Says(said, p)) && (words[0] is not "modify" || words.Skip(1).Any(w => w is "address" or "items" or "payment" && OfflineExtractor.Says(said, w)));
    }

    private static IEnumerable<JsonElement> Inputs(string tool, JsonElement schema, string said, Dictionary<string, List<string>> known)
    {
        var properties = schema.TryGetProperty("properties", out var p) && p.ValueKind == JsonValueKind.Object ? p : default;
        var required = schema.TryGetProperty("required", out var r) && r.ValueKind == JsonValueKind.Array ? r.EnumerateArray().Select(n => n.GetString()!).ToArray() : [];
        if (properties.ValueKind != JsonValueKind.Object || required.Length == 0)
        {
            yield return JsonSerializer.Deserialize("{}", ModelTaskJson.Default.JsonElement);
            yield break;
        }

        // A lookup of one thing is made for each thing that is named.
        if (IsLookup(tool) && required is [var only])
        {
            foreach (var value in Values(only, properties.GetProperty(only), said, known).Distinct(StringComparer.Ordinal))
            {
                yield return new JsonObject { [only] = value }.Deserialize(ModelTaskJson.Default.JsonElement);
            }

            yield break;
        }

        var input = new JsonObject();
        foreach (var property in properties.EnumerateObject())
        {
            var value = OfflineExtractor.Value(property.Name, property.Value, said, null)
                ?? (IsIdentifier(property.Name) && known.GetValueOrDefault(property.Name) is [.., var last] ? JsonValue.Create(last) : null);
            if (value is not null)
            {
                input[property.Name] = value;
            }
            else if (required.Contains(property.Name, StringComparer.Ordinal))
            {
                yield break;
            }
        }

        yield return input.Deserialize(ModelTaskJson.Default.JsonElement);
    }

    private static IEnumerable<string> Values(string name, JsonElement schema, string said, Dictionary<string, List<string>> known)
    {
        var stated = name switch
        {
            "order_id" => OfflineMentions.Orders(said),
            "email" => OfflineMentions.Emails(said),
            "item_id" => OfflineMentions.Items(said),
            _ => OfflineExtractor.Value(name, schema, said, null) is JsonValue value && value.TryGetValue<string>(out var text) ? [text] : [],
        };

        // The customer's own record belongs to every matter; of the rest only what the customer named.
        return name == "user_id" ? known.GetValueOrDefault(name) ?? [] : stated;
    }

    private static bool IsIdentifier(string name) => name == "id" || name.EndsWith("_id", StringComparison.Ordinal);

    private static Dictionary<string, List<string>> Known(List<(string Tool, JsonElement Input, string Content)> results)
    {
        var known = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        foreach (var (tool, _, content) in results)
        {
            if (IsError(content))
            {
                continue;
            }

            var json = JsonSerializer.Deserialize(content, ModelTaskJson.Default.JsonElement);
            if (json.ValueKind == JsonValueKind.String && tool.StartsWith("find_", StringComparison.Ordinal) && tool.Split("_by_")[0]["find_".Length..] is var what)
            {
                Keep(known, what, json.GetString()!);
            }
            else if (json.ValueKind == JsonValueKind.Object)
            {
                foreach (var member in json.EnumerateObject().Where(m => IsIdentifier(m.Name) && m.Value.ValueKind == JsonValueKind.String))
                {
                    Keep(known, member.Name, member.Value.GetString()!);
                }
            }
        }

        return known;
    }

    private static void Keep(Dictionary<string, List<string>> known, string name, string value)
    {
        // An identifier is a short word; a sentence in its place is none.
        if (value.Length is 0 or > 100 || value.Any(char.IsWhiteSpace))
        {
            return;
        }

        if (!known.TryGetValue(name, out var values))
        {
            known.Add(name, values = []);
        }

        values.Add(value);
    }

    private static bool IsError(string content)
    {
        try
        {
            var json = JsonSerializer.Deserialize(content, ModelTaskJson.Default.JsonElement);
            return json.ValueKind == JsonValueKind.Object && json.TryGetProperty("error", out _);
        }
        catch (JsonException)
        {
            return true;
        }
    }

    private static string Said(List<(string Tool, JsonElement Input, string Content)> results)
    {
        if (results.Count == 0)
        {
            return "I need more details to help you with this. Which order is it about, and what shall I do with it?";
        }

        var said = new StringBuilder();
        foreach (var (tool, input, content) in results.Where(r => !r.Tool.StartsWith("find", StringComparison.Ordinal)).DefaultIfEmpty(results[^1]))
        {
            var subject = input.ValueKind == JsonValueKind.Object ? string.Join(", ", input.EnumerateObject().Where(m => m.Value.ValueKind == JsonValueKind.String && IsIdentifier(m.Name)).Select(m => m.Value.GetString())) : "";
            var what = tool.Replace('_', ' ').Replace('-', ' ');
            said.Append(what).Append(subject.Length > 0 ? " " + subject : "").Append(": ").Append(Outcome(content)).Append('\n');
        }

        return said.Length > LongestSaid ? said.ToString(0, LongestSaid) : said.ToString().TrimEnd();
    }

    private static string Outcome(string content)
    {
        try
        {
            var json = JsonSerializer.Deserialize(content, ModelTaskJson.Default.JsonElement);
            return json.ValueKind switch
            {
                JsonValueKind.Object when json.TryGetProperty("error", out var error) && error.ValueKind == JsonValueKind.Object && error.TryGetProperty("code", out var code) => "not done (" + code + ")",
                JsonValueKind.Object when json.TryGetProperty("status", out var status) && status.ValueKind == JsonValueKind.String => status.GetString()!,
                JsonValueKind.String when json.GetString()!.Length <= 200 => json.GetString()!,
                _ => "done",
            };
        }
        catch (JsonException)
        {
            return "done";
        }
    }

    private static string Key(string tool, JsonElement input) => tool + " " + string.Join(',', input.ValueKind == JsonValueKind.Object ? input.EnumerateObject().OrderBy(m => m.Name, StringComparer.Ordinal).Select(m => m.Name + "=" + m.Value.GetRawText()) : []);
}
