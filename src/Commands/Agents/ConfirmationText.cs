using System.Text.Json;

namespace AIaaS.Commands.Agents;

/// <summary>
/// What a customer is asked before a call is made. A yes is a yes to that call, so the question must say it: where the workflow's words leave
/// out a value of the call's input, the tool and the whole input are written behind them.
/// </summary>
internal static class ConfirmationText
{
    private const int MaxValue = 200;
    private const int MaxSummary = 2_000;

    /// <summary>The question.</summary>
    /// <param name="prompt">The workflow's words; null for none.</param>
    /// <param name="tool">The tool.</param>
    /// <param name="input">What it would be called with.</param>
    /// <param name="customer">The customer who is asked: their own id need not be said to them. Null where nobody has proved who they are.</param>
    public static string Of(string? prompt, string tool, JsonElement input, string? customer)
    {
        List<(string Path, string Value)> values = [.. Values("", input)];
        if (prompt is not null && values.Count > 0 && values.TrueForAll(v => v.Value == customer || Holds(prompt, v.Value)))
        {
            return prompt;
        }

        var said = values.Count == 0 ? tool : $"{tool}: {string.Join(", ", values.Select(v => $"{v.Path} = {Cut(v.Value, MaxValue)}"))}";
        var summary = $"What will be done: {Cut(said, MaxSummary)}.";
        return string.IsNullOrWhiteSpace(prompt) ? summary : $"{prompt}\n\n{summary}";
    }

    /// <summary>What is said in an input, each value with its path; nothing of what is not there, empty or switched off.</summary>
    private static IEnumerable<(string Path, string Value)> Values(string path, JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                return element.EnumerateObject().SelectMany(m => Values(path.Length == 0 ? m.Name : $"{path}.{m.Name}", m.Value));
            case JsonValueKind.Array:
                return element.EnumerateArray().SelectMany(i => Values(path, i));
            case JsonValueKind.String:
                return string.IsNullOrWhiteSpace(element.GetString()) ? [] : [(path, element.GetString()!)];
            case JsonValueKind.Number or JsonValueKind.True:
                return [(path, element.GetRawText())];
            default:
                return [];
        }
    }

    /// <summary>Whether a text holds a value as words of its own, whatever the white space and the case.</summary>
    private static bool Holds(string text, string value)
    {
        var (whole, part) = (Spaced(text), Spaced(value));
        for (var at = 0; (at = whole.IndexOf(part, at, StringComparison.OrdinalIgnoreCase)) >= 0; at++)
        {
            var end = at + part.Length;
            if ((at == 0 || !IsWord(whole[at - 1]) || !IsWord(part[0])) && (end == whole.Length || !IsWord(whole[end]) || !IsWord(part[^1])))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsWord(char c) => char.IsLetterOrDigit(c) || c == '_';

    private static string Spaced(string text) => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    private static string Cut(string text, int most) =>
        text.Length <= most ? text : text[..(char.IsHighSurrogate(text[most - 2]) ? most - 2 : most - 1)] + "…";
}
