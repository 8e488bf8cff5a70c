using System.Collections.Immutable;
using System.Globalization;

namespace AIaaS.Commands.Agents;

/// <summary>Collects the faults of everything that is compiled together.</summary>
internal sealed class WorkflowSource
{
    private readonly List<WorkflowFault> faults = [];
    private readonly HashSet<WorkflowFault> seen = [];

    /// <summary>How many faults there are so far.</summary>
    public int Count => faults.Count;

    /// <summary>The faults, file by file, in the order of the source.</summary>
    public ImmutableArray<WorkflowFault> Faults => [.. faults.OrderBy(f => f.File, StringComparer.Ordinal).ThenBy(f => f.Line).ThenBy(f => f.Column)];

    public void Fault(string file, int line, int column, string message, string hint)
    {
        var fault = new WorkflowFault(file, line, column, message, hint);
        if (seen.Add(fault))
        {
            faults.Add(fault);
        }
    }

    public void Fault(YamlPart part, string message, string hint) => Fault(part.File.Name, part.Line, part.Column, message, hint);

    /// <summary>A fault at a place inside a text.</summary>
    public void Fault(YamlText text, int offset, string message, string hint)
    {
        var (line, column) = text.PlaceOf(offset);
        Fault(text.File.Name, line, column, message, hint);
    }

    /// <summary>The fields of a part; null, with a fault, where it has none.</summary>
    public WorkflowFields? Fields(YamlPart part, string what, ImmutableArray<FieldSpec> specs)
    {
        string[] known = [.. specs.Select(s => s.Name)];
        if (part is not YamlMap map)
        {
            Fault(part, $"Here {what} is expected: fields with values.", $"Known fields: {string.Join(", ", known)}.");
            return null;
        }

        foreach (var (key, _) in map.Entries)
        {
            if (!known.Contains(key.Value))
            {
                Fault(key, $"There is no field '{Cut(key.Value)}' in {what}.", Suggest(key.Value, known));
            }
        }

        foreach (var spec in specs)
        {
            if (spec.Required && map.Find(spec.Name) is null)
            {
                Fault(part, $"The field '{spec.Name}' is missing in {what}.", $"Add '{spec.Name}:'. {spec.Description}");
            }
        }

        return new(this, map, specs);
    }

    public static string Cut(string text) => text.Length > 60 ? text[..60] + "…" : text;

    public static string Shown(YamlPart part) => part is YamlText text ? $", not '{Cut(text.Value)}'" : "";

    /// <summary>A hint that names what was probably meant.</summary>
    public static string Suggest(string given, IReadOnlyCollection<string> known)
    {
        var near = known.Select(k => (Name: k, Distance: Distance(given, k))).OrderBy(k => k.Distance).FirstOrDefault();
        var all = known.Count == 0 ? "There is none." : $"Possible: {string.Join(", ", known.Take(40))}{(known.Count > 40 ? ", …" : "")}.";
        return near.Name is not null && near.Distance <= Math.Max(2, given.Length / 3) ? $"Did you mean '{near.Name}'? {all}" : all;
    }

    private static int Distance(string a, string b)
    {
        if (a.Length > 200 || b.Length > 200)
        {
            return int.MaxValue;
        }

        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var cost = char.ToLowerInvariant(a[i - 1]) == char.ToLowerInvariant(b[j - 1]) ? 0 : 1;
                (diagonal, row[j]) = (row[j], Math.Min(Math.Min(row[j] + 1, row[j - 1] + 1), diagonal + cost));
            }
        }

        return row[^1];
    }
}

/// <summary>The fields of one part, read by their specification.</summary>
internal sealed class WorkflowFields(WorkflowSource source, YamlMap map, ImmutableArray<FieldSpec> specs)
{
    public YamlMap Map => map;

    public WorkflowSource Source => source;

    public ImmutableArray<FieldSpec> Specs => specs;

    public YamlPart? Part(string name) => map.Find(name);

    public bool Has(string name) => Part(name) is not null;

    /// <summary>A fault of a field, at its value where it is there.</summary>
    public void Fault(string name, string message, string hint) => source.Fault(Part(name) ?? map, message, hint);

    /// <summary>The fields whose values name nodes, with those values.</summary>
    public IEnumerable<(FieldSpec Spec, YamlText Text)> NodeNames()
    {
        foreach (var spec in specs)
        {
            switch (spec.Kind, Part(spec.Name))
            {
                case (FieldKind.Target or FieldKind.NodeName, YamlText text):
                    yield return (spec, text);
                    break;
                case (FieldKind.Targets, YamlList list):
                    foreach (var item in list.Items.OfType<YamlText>())
                    {
                        yield return (spec, item);
                    }

                    break;
                case (FieldKind.Cases, YamlList list):
                    foreach (var item in list.Items.OfType<YamlMap>())
                    {
                        if (item.Find("next") is YamlText next)
                        {
                            yield return (WorkflowSyntax.Case[1], next);
                        }
                    }

                    break;
            }
        }
    }

    /// <summary>A text of the field's length; null where it is not there or, with a fault, is none.</summary>
    public string? Text(string name) => TextPart(name)?.Value;

    /// <summary>The text with its place.</summary>
    public YamlText? TextPart(string name) => Part(name) is { } part ? source.Text(part, Spec(name)) : null;

    /// <summary>A text that must be there; empty, with a fault, where it is not.</summary>
    public string Required(string name) => Text(name) ?? "";

    public int? Integer(string name)
    {
        if (Part(name) is not { } part)
        {
            return null;
        }

        var spec = Spec(name);
        if (part is YamlText { Plain: true } text && int.TryParse(text.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= spec.Least && value <= spec.Most)
        {
            return value;
        }

        source.Fault(part, $"'{name}' must be a whole number from {Number(spec.Least)} to {Number(spec.Most)}{WorkflowSource.Shown(part)}.", "Write it without quotes.");
        return null;
    }

    public decimal? Decimal(string name) => Part(name) is { } part ? source.Decimal(part, name, Spec(name).Least, Spec(name).Most) : null;

    public YamlList? List(string name)
    {
        if (Part(name) is not { } part)
        {
            return null;
        }

        var spec = Spec(name);
        if (part is not YamlList list || list.Items.Count < spec.Least)
        {
            source.Fault(part, $"'{name}' must be a list with at least {(spec.Least == 1 ? "one item" : $"{Number(spec.Least)} items")}.", "Begin each item with '- '.");
            return null;
        }

        if (list.Items.Count > spec.Most)
        {
            source.Fault(part, $"'{name}' has {list.Items.Count.ToString(CultureInfo.InvariantCulture)} items; at most {Number(spec.Most)} are possible.", "Split it.");
            return null;
        }

        return list;
    }

    public T Choice<T>(string name, params (string Name, T Value)[] choices)
    {
        var part = Part(name);
        var given = part is null ? Spec(name).Default : (part as YamlText)?.Value;
        foreach (var choice in choices)
        {
            if (choice.Name == given)
            {
                return choice.Value;
            }
        }

        if (part is not null)
        {
            source.Fault(part, $"'{name}' cannot be '{WorkflowSource.Cut(given ?? "a list")}'.", WorkflowSource.Suggest(given ?? "", [.. choices.Select(c => c.Name)]));
        }

        return choices[0].Value;
    }

    /// <summary>A length of time, in milliseconds.</summary>
    public long Duration(string name)
    {
        if (Part(name) is not { } part)
        {
            return 1;
        }

        var spec = Spec(name);
        if (part is YamlText { Value.Length: >= 2 and <= 12 } text)
        {
            var (digits, unit) = text.Value switch
            {
                [.. var number, 'm', 's'] => (number, 1L),
                [.. var number, 's'] => (number, 1_000L),
                [.. var number, 'm'] => (number, 60_000L),
                [.. var number, 'h'] => (number, 3_600_000L),
                [.. var number, 'd'] => (number, 86_400_000L),
                _ => ("", 0L),
            };
            if (unit > 0 && long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count >= 1 && count <= spec.Most / unit)
            {
                return count * unit;
            }
        }

        source.Fault(part, $"'{name}' must be a length of time from 1ms to 30d{WorkflowSource.Shown(part)}.", "Write a whole number and a unit: 500ms, 30s, 15m, 4h, 2d.");
        return 1;
    }

    public FieldSpec Spec(string name) => specs.First(s => s.Name == name);

    private static string Number(decimal value) => value.ToString(CultureInfo.InvariantCulture);
}

/// <summary>Reads single values.</summary>
internal static class WorkflowValues
{
    /// <summary>Whether YAML gives a plain value a type of its own: nothing, true or false, a number.</summary>
    public static bool IsTyped(YamlText text) => text.Plain && JsonOf(text.Value) is not null;

    /// <summary>The JSON of a plain value that is no text; null for a text.</summary>
    public static string? JsonOf(string plain) => plain switch
    {
        "" or "~" or "null" or "Null" or "NULL" => "null",
        "true" or "True" or "TRUE" => "true",
        "false" or "False" or "FALSE" => "false",
        _ => IsNumber(plain) ? plain : null,
    };

    /// <summary>A text as its field wants it; null, with a fault, for anything else.</summary>
    public static YamlText? Text(this WorkflowSource source, YamlPart part, FieldSpec spec)
    {
        if (part is not YamlText text || text.Value.Length == 0 || text.Value.Length > spec.Most)
        {
            source.Fault(part, $"'{spec.Name}' must be a text of 1 to {spec.Most.ToString(CultureInfo.InvariantCulture)} characters{(part is YamlText { Value.Length: > 0 } given ? $", not of {given.Value.Length.ToString(CultureInfo.InvariantCulture)}" : "")}.", "Give one.");
            return null;
        }

        if (IsTyped(text))
        {
            source.Fault(text, $"'{spec.Name}' must be a text, and YAML reads {Known(text.Value)} as something else.", $"Put it in quotes: \"{text.Value}\".");
            return null;
        }

        foreach (var c in text.Value)
        {
            if (char.IsControl(c) && c is not ('\n' or '\t'))
            {
                source.Fault(text, $"'{spec.Name}' contains the control character U+{(int)c:X4}.", "Remove it.");
                return null;
            }
        }

        if (HalfCharacter(text.Value))
        {
            source.Fault(text, $"'{spec.Name}' contains half a character (a lone surrogate).", "Write the whole character.");
            return null;
        }

        var wrong = spec.Kind switch
        {
            FieldKind.Name when !WorkflowSyntax.IsName(text.Value) => "Use lower-case letters, digits and '_', beginning with a letter.",
            FieldKind.Code when !IsCode(text.Value) => "Use lower-case letters, digits and '-', beginning with a letter.",
            FieldKind.ToolName when !text.Value.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '_' or '.' or '-') => "Use lower-case letters, digits, '_', '.' and '-'.",
            FieldKind.Version when !IsVersion(text.Value) => "Write three numbers, as in 1.0.0.",
            _ => null,
        };
        if (wrong is not null)
        {
            source.Fault(text, $"'{Known(text.Value)}' cannot be {(spec.Name is "id" ? "a node's id" : spec.Name is "workflow" or "overlay" ? "a workflow's name" : $"the value of '{spec.Name}'")}.", wrong);
            return null;
        }

        return text;
    }

    public static decimal? Decimal(this WorkflowSource source, YamlPart part, string name, decimal least, decimal most)
    {
        if (part is YamlText { Plain: true } text
            && decimal.TryParse(text.Value, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            && value >= least && value <= most)
        {
            // Without trailing zeros, so that 0.8 and 0.80 are the same content.
            return value / 1.000000000000000000000000000000m;
        }

        source.Fault(part, $"'{name}' must be a number from {least.ToString(CultureInfo.InvariantCulture)} to {most.ToString(CultureInfo.InvariantCulture)}{WorkflowSource.Shown(part)}.", "Write it without quotes, with a point.");
        return null;
    }

    private static string Known(string text) => WorkflowSource.Cut(text);

    private static bool IsCode(string text) => char.IsAsciiLetterLower(text[0]) && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-');

    private static bool IsVersion(string text) => text.Split('.') is [var a, var b, var c] && new[] { a, b, c }.All(n => n.Length is >= 1 and <= 9 && n.All(char.IsAsciiDigit));

    private static bool HalfCharacter(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
            {
                i++;
            }
            else if (char.IsSurrogate(text[i]))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsNumber(string text)
    {
        if (text.Length > 40 || !(text[0] == '-' || char.IsAsciiDigit(text[0])))
        {
            return false;
        }

        try
        {
            using var document = System.Text.Json.JsonDocument.Parse(text);
            return document.RootElement.ValueKind == System.Text.Json.JsonValueKind.Number;
        }
        catch (System.Text.Json.JsonException)
        {
            return false;
        }
    }
}
