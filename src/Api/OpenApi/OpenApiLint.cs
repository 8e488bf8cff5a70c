using System.Text.Json;
using System.Text.Json.Nodes;

namespace AIaaS.Api.OpenApi;

/// <summary>Checks that a description is complete: who reads it must be able to call every operation and to understand every answer.</summary>
internal static class OpenApiLint
{
    private static readonly string[] Methods = ["get", "put", "post", "delete", "patch", "head", "options", "trace"];

    public static async Task<int> RunAsync(string file)
    {
        var faults = Check(JsonNode.Parse(await File.ReadAllTextAsync(file))!);
        foreach (var fault in faults)
        {
            await Console.Error.WriteLineAsync($"{file}: {fault}");
        }

        return faults.Count == 0 ? 0 : 1;
    }

    /// <summary>Each fault with its place.</summary>
    public static IReadOnlyList<string> Check(JsonNode document)
    {
        var faults = new List<string>();
        var ids = new HashSet<string>(StringComparer.Ordinal);
        if (Text(document["openapi"])?.StartsWith("3.1", StringComparison.Ordinal) != true)
        {
            faults.Add("openapi: is not 3.1");
        }

        CheckReferences(document, document, "#", faults);
        foreach (var (path, item) in document["paths"] as JsonObject ?? [])
        {
            foreach (var method in Methods)
            {
                if (item?[method] is JsonObject operation)
                {
                    CheckOperation(document, path, $"{method.ToUpperInvariant()} {path}", operation, ids, faults);
                }
            }
        }

        if (ids.Count == 0)
        {
            faults.Add("paths: holds no operation");
        }

        return faults;
    }

    private static void CheckOperation(JsonNode document, string path, string place, JsonObject operation, HashSet<string> ids, List<string> faults)
    {
        if (Text(operation["operationId"]) is not { Length: > 0 } id)
        {
            faults.Add($"{place}: has no operationId");
        }
        else if (!ids.Add(id))
        {
            faults.Add($"{place}: its operationId '{id}' is used twice");
        }

        if (string.IsNullOrWhiteSpace(Text(operation["summary"])))
        {
            faults.Add($"{place}: has no summary");
        }

        if (operation["tags"] is not JsonArray { Count: > 0 })
        {
            faults.Add($"{place}: has no tag");
        }

        CheckParameters(document, path, place, operation, faults);
        CheckContents(document, $"{place}: request", operation["requestBody"]?["content"] as JsonObject, faults);
        CheckResponses(document, path, place, operation["responses"] as JsonObject ?? [], faults);
        if (path.StartsWith("/v1", StringComparison.Ordinal) && operation["security"] is not JsonArray { Count: > 0 })
        {
            faults.Add($"{place}: says nothing about security");
        }
    }

    private static void CheckParameters(JsonNode document, string path, string place, JsonObject operation, List<string> faults)
    {
        var parameters = (operation["parameters"] as JsonArray ?? []).Select(p => Resolve(document, p)).OfType<JsonObject>().ToArray();
        foreach (var segment in path.Split('/').Where(s => s.StartsWith('{')))
        {
            if (!parameters.Any(p => Text(p["in"]) == "path" && Text(p["name"]) == segment.Trim('{', '}') && p["required"]?.GetValue<bool>() == true))
            {
                faults.Add($"{place}: the path parameter {segment} is not described as required");
            }
        }

        foreach (var parameter in parameters)
        {
            var name = Text(parameter["name"]);
            if (string.IsNullOrWhiteSpace(Text(parameter["description"])))
            {
                faults.Add($"{place}: the parameter {name} has no description");
            }

            if (parameter["schema"] is null)
            {
                faults.Add($"{place}: the parameter {name} has no schema");
            }
            else if (parameter["example"] is { } example)
            {
                CheckExample(document, example, parameter["schema"], $"{place}: the example of parameter {name}", faults);
            }
        }
    }

    private static void CheckResponses(JsonNode document, string path, string place, JsonObject responses, List<string> faults)
    {
        if (!responses.Any(r => r.Key.StartsWith('2')))
        {
            faults.Add($"{place}: has no 2xx response");
        }

        if (path.StartsWith("/v1", StringComparison.Ordinal) && !responses.Any(r => r.Key.StartsWith('4')))
        {
            faults.Add($"{place}: has no 4xx response");
        }

        foreach (var (status, unresolved) in responses)
        {
            var response = Resolve(document, unresolved) as JsonObject;
            if (string.IsNullOrWhiteSpace(Text(response?["description"])))
            {
                faults.Add($"{place}: response {status} has no description");
            }

            if (status.StartsWith('2'))
            {
                CheckContents(document, $"{place}: response {status}", response?["content"] as JsonObject, faults);
            }
            else if (path.StartsWith("/v1", StringComparison.Ordinal) && response?["content"]?["application/problem+json"]?["schema"] is null)
            {
                faults.Add($"{place}: response {status} is not described as application/problem+json");
            }
        }
    }

    private static void CheckContents(JsonNode document, string place, JsonObject? contents, List<string> faults)
    {
        foreach (var (type, content) in contents ?? [])
        {
            if (content?["schema"] is not { } schema)
            {
                faults.Add($"{place}: {type} has no schema");
            }
            else if (content["example"] is not { } example)
            {
                faults.Add($"{place}: {type} has no example");
            }
            else
            {
                CheckExample(document, example, schema, $"{place}: the example", faults);
            }
        }
    }

    private static void CheckReferences(JsonNode document, JsonNode? node, string place, List<string> faults)
    {
        switch (node)
        {
            case JsonObject json:
                if (json["$ref"] is JsonValue reference && reference.GetValueKind() == JsonValueKind.String && Find(document, reference.GetValue<string>()) is null)
                {
                    faults.Add($"{place}: $ref '{reference.GetValue<string>()}' leads nowhere");
                }

                foreach (var (name, member) in json.Where(m => m.Key is not ("example" or "examples")))
                {
                    CheckReferences(document, member, $"{place}/{name}", faults);
                }

                break;
            case JsonArray array:
                for (var i = 0; i < array.Count; i++)
                {
                    CheckReferences(document, array[i], $"{place}/{i}", faults);
                }

                break;
            default:
                break;
        }
    }

    private static void CheckExample(JsonNode document, JsonNode? value, JsonNode? unresolved, string place, List<string> faults)
    {
        if (Resolve(document, unresolved) is not JsonObject schema)
        {
            return;
        }

        foreach (var word in (string[])["oneOf", "anyOf"])
        {
            if (schema[word] is JsonArray choices)
            {
                if (!choices.Any(c => Fits(document, value, c)))
                {
                    faults.Add($"{place} fits none of {word}");
                }

                return;
            }
        }

        var kind = Kind(value);
        var types = schema["type"] switch
        {
            JsonArray several => several.Select(Text).ToArray(),
            JsonValue one => [Text(one)],
            _ => [],
        };
        if (types.Length > 0 && !types.Contains(kind) && !(kind == "integer" && types.Contains("number")))
        {
            faults.Add($"{place} is {kind}, not {string.Join(" or ", types)}");
            return;
        }

        if (schema["enum"] is JsonArray values && !values.Any(v => JsonNode.DeepEquals(v, value)))
        {
            faults.Add($"{place} is {value?.ToJsonString()}, which is not one of the schema's values");
        }

        if (value is JsonArray array && schema["items"] is { } items)
        {
            for (var i = 0; i < array.Count; i++)
            {
                CheckExample(document, array[i], items, $"{place}/{i}", faults);
            }
        }

        if (value is JsonObject json)
        {
            CheckMembers(document, json, schema, place, faults);
        }
    }

    private static void CheckMembers(JsonNode document, JsonObject json, JsonObject schema, string place, List<string> faults)
    {
        foreach (var required in schema["required"] as JsonArray ?? [])
        {
            if (!json.ContainsKey(Text(required)!))
            {
                faults.Add($"{place} lacks '{Text(required)}'");
            }
        }

        var properties = schema["properties"] as JsonObject;
        foreach (var (name, member) in json)
        {
            if (properties?[name] is { } property)
            {
                CheckExample(document, member, property, $"{place}/{name}", faults);
            }
            else if (schema["additionalProperties"] is JsonObject others)
            {
                CheckExample(document, member, others, $"{place}/{name}", faults);
            }
            else if (properties is not null || schema["additionalProperties"] is JsonValue)
            {
                faults.Add($"{place} has '{name}', which the schema does not know");
            }
        }
    }

    private static bool Fits(JsonNode document, JsonNode? value, JsonNode? schema)
    {
        var faults = new List<string>();
        CheckExample(document, value, schema, "", faults);
        return faults.Count == 0;
    }

    private static JsonNode? Resolve(JsonNode document, JsonNode? node) =>
        node is JsonObject json && Text(json["$ref"]) is { } reference ? Find(document, reference) : node;

    private static JsonNode? Find(JsonNode document, string reference)
    {
        if (!reference.StartsWith("#/", StringComparison.Ordinal))
        {
            return null;
        }

        JsonNode? node = document;
        foreach (var part in reference[2..].Split('/'))
        {
            var name = Uri.UnescapeDataString(part).Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
            node = node switch
            {
                JsonObject json => json[name],
                JsonArray array when int.TryParse(name, out var index) && index < array.Count => array[index],
                _ => null,
            };
        }

        return node;
    }

    private static string Kind(JsonNode? value) => value?.GetValueKind() switch
    {
        JsonValueKind.Object => "object",
        JsonValueKind.Array => "array",
        JsonValueKind.String => "string",
        JsonValueKind.True or JsonValueKind.False => "boolean",
        JsonValueKind.Number => value.ToJsonString().AsSpan().IndexOfAny('.', 'e', 'E') < 0 ? "integer" : "number",
        _ => "null",
    };

    private static string? Text(JsonNode? node) => node is JsonValue value && value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : null;
}
