using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace AIaaS.Commands.Agents;

/// <summary>A YAML file: where its parts come from.</summary>
internal sealed record YamlFile(string Name, string Text);

/// <summary>A part of a YAML document, with its place.</summary>
internal abstract record YamlPart(YamlFile File, int Line, int Column);

/// <summary>A plain value.</summary>
/// <param name="Value">The text, as YAML reads it.</param>
/// <param name="Plain">Whether it stands without quotes.</param>
/// <param name="Index">Where it begins in the file's text.</param>
/// <param name="File">The file.</param>
/// <param name="Line">From 1.</param>
/// <param name="Column">From 1.</param>
internal sealed record YamlText(string Value, bool Plain, int Index, YamlFile File, int Line, int Column) : YamlPart(File, Line, Column)
{
    /// <summary>Whether the value was put together from others, so that places inside it are not places in the file.</summary>
    public bool Composed { get; init; }

    /// <summary>The line and column in the file of a place in the value.</summary>
    public (int Line, int Column) PlaceOf(int offset)
    {
        var text = File.Text;
        var at = Math.Min(Index, text.Length);
        if (Composed || offset < 0 || at >= text.Length)
        {
            return (Line, Column);
        }

        var quote = Plain ? '\0' : text[at];
        if (quote is '|' or '>')
        {
            while (at < text.Length && text[at] != '\n')
            {
                at++;
            }
        }
        else if (quote is '"' or '\'')
        {
            at++;
        }

        // The value and its source are walked side by side: they differ in folded white space, indentation and escapes only.
        var read = 0;
        while (read < offset && read < Value.Length && at < text.Length)
        {
            var (wanted, there) = (Value[read], text[at]);
            if (quote == '"' && there == '\\')
            {
                at += at + 1 < text.Length ? text[at + 1] switch { 'x' => 4, 'u' => 6, 'U' => 10, _ => 2 } : 1;
                read++;
            }
            else if (quote == '\'' && there == '\'' && wanted == '\'')
            {
                (at, read) = (at + 2, read + 1);
            }
            else if (wanted == there)
            {
                (at, read) = (at + 1, read + 1);
            }
            else if (char.IsWhiteSpace(there))
            {
                at++;
            }
            else
            {
                read++;
            }
        }

        while (at < text.Length && offset < Value.Length && !char.IsWhiteSpace(Value[offset]) && char.IsWhiteSpace(text[at]))
        {
            at++;
        }

        var (line, column) = (1, 1);
        for (var i = 0; i < at && i < text.Length; i++)
        {
            (line, column) = text[i] == '\n' ? (line + 1, 1) : (line, column + 1);
        }

        return (line, column);
    }
}

/// <summary>A list.</summary>
internal sealed record YamlList(List<YamlPart> Items, YamlFile File, int Line, int Column) : YamlPart(File, Line, Column);

/// <summary>Names with values.</summary>
internal sealed record YamlMap(List<(YamlText Key, YamlPart Value)> Entries, YamlFile File, int Line, int Column) : YamlPart(File, Line, Column)
{
    /// <summary>The value of a field; null where there is none.</summary>
    public YamlPart? Find(string name)
    {
        foreach (var (key, value) in Entries)
        {
            if (key.Value == name)
            {
                return value;
            }
        }

        return null;
    }
}

/// <summary>Reads YAML into parts that know their place. Anchors, aliases and tags are refused: they allow documents that grow without bound when they are read.</summary>
internal sealed class WorkflowYaml(Action<string, int, int, string, string> report)
{
    public const int MaxLength = 128 * 1024;
    private const int MaxDepth = 30;
    private const int MaxParts = 20_000;
    private YamlFile file = new("", "");
    private int parts;

    public YamlPart? Read(string name, string text)
    {
        file = new(name, text);
        if (text.Length > MaxLength)
        {
            Fault(1, 1, $"The workflow has {text.Length.ToString(CultureInfo.InvariantCulture)} characters; at most {MaxLength} are possible.", "Split it, or move long texts into articles.");
            return null;
        }

        var parser = new Parser(new Scanner(new StringReader(text), skipComments: true));
        try
        {
            parser.Consume<StreamStart>();
            if (parser.Accept<StreamEnd>(out _))
            {
                Fault(1, 1, "The file is empty.", "Begin with 'workflow: <name>'.");
                return null;
            }

            parser.Consume<DocumentStart>();
            var root = ReadPart(parser, 0);
            parser.Consume<DocumentEnd>();
            if (root is not null && parser.Accept<DocumentStart>(out var second))
            {
                Fault((int)second.Start.Line, (int)second.Start.Column, "The file holds more than one document.", "Keep one workflow to a file.");
            }

            return root;
        }
        catch (YamlException e)
        {
            // Of what it cannot scan the scanner names the whole text up to the fault: the fault is where that ends.
            var at = e.End.Index > e.Start.Index ? e.End : e.Start;
            Fault((int)at.Line, (int)at.Column, $"This is not YAML: {e.Message.TrimEnd('.')}.", "Check the indentation, quotes and colons around here; tabs cannot indent.");
            return null;
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or IndexOutOfRangeException)
        {
            // The scanner's own way to give up, without a place: the fault lies behind what was read last.
            var at = parser.Current?.End ?? Mark.Empty;
            Fault((int)at.Line, (int)at.Column, "This is not YAML: from here on it cannot be read.", "Check that each bracket, brace and quote is closed, and the indentation, around here.");
            return null;
        }
    }

    private YamlPart? ReadPart(IParser parser, int depth)
    {
        if (parser.Current is not ParsingEvent at)
        {
            return null;
        }

        var (line, column) = ((int)at.Start.Line, (int)at.Start.Column);
        if (depth > MaxDepth)
        {
            Fault(line, column, $"The document is nested deeper than {MaxDepth} levels.", "Make it flatter.");
            return null;
        }

        if (++parts > MaxParts)
        {
            Fault(line, column, $"The document has more than {MaxParts} parts.", "Split the workflow.");
            return null;
        }

        if (at is AnchorAlias)
        {
            Fault(line, column, "Aliases (*name) are not possible here.", "Write the value out.");
            return null;
        }

        if (at is NodeEvent node && (!node.Anchor.IsEmpty || !node.Tag.IsEmpty))
        {
            Fault(line, column, node.Anchor.IsEmpty ? $"Tags ({node.Tag}) are not possible here." : $"Anchors (&{node.Anchor}) are not possible here.", "Leave it out and write the value itself.");
            return null;
        }

        switch (at)
        {
            case Scalar scalar:
                parser.MoveNext();
                return new YamlText(scalar.Value, scalar.Style == ScalarStyle.Plain, (int)scalar.Start.Index, file, line, column);
            case SequenceStart:
                return ReadList(parser, depth, line, column);
            case MappingStart:
                return ReadMap(parser, depth, line, column);
            default:
                Fault(line, column, "A value is expected here.", "Give one.");
                return null;
        }
    }

    private YamlList? ReadList(IParser parser, int depth, int line, int column)
    {
        parser.MoveNext();
        var list = new YamlList([], file, line, column);
        while (!parser.TryConsume<SequenceEnd>(out _))
        {
            if (ReadPart(parser, depth + 1) is not { } item)
            {
                return null;
            }

            list.Items.Add(item);
        }

        return list;
    }

    private YamlMap? ReadMap(IParser parser, int depth, int line, int column)
    {
        parser.MoveNext();
        var map = new YamlMap([], file, line, column);
        var seen = new Dictionary<string, YamlText>(StringComparer.Ordinal);
        while (!parser.TryConsume<MappingEnd>(out _))
        {
            if (ReadPart(parser, depth + 1) is not { } key)
            {
                return null;
            }

            if (key is not YamlText name)
            {
                Fault(key.Line, key.Column, "A field's name must be a plain word.", "Write 'name: value'.");
                return null;
            }

            if (ReadPart(parser, depth + 1) is not { } value)
            {
                return null;
            }

            if (!seen.TryAdd(name.Value, name))
            {
                Fault(name.Line, name.Column, $"The field '{name.Value}' stands here twice; the first one is in line {seen[name.Value].Line.ToString(CultureInfo.InvariantCulture)}.", "Keep one of them.");
                continue;
            }

            map.Entries.Add((name, value));
        }

        return map;
    }

    private void Fault(int line, int column, string message, string hint) => report(file.Name, Math.Max(line, 1), Math.Max(column, 1), message, hint);
}
