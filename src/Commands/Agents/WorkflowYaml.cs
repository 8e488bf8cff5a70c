using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace AIaaS.Commands.Agents;

/// <summary>A part of a YAML document, with its place.</summary>
internal abstract record YamlPart(int Line, int Column);

/// <summary>A plain value.</summary>
internal sealed record YamlText(string Value, bool Plain, int Line, int Column) : YamlPart(Line, Column);

/// <summary>A list.</summary>
internal sealed record YamlList(List<YamlPart> Items, int Line, int Column) : YamlPart(Line, Column);

/// <summary>Names with values.</summary>
internal sealed record YamlMap(List<(YamlText Key, YamlPart Value)> Entries, int Line, int Column) : YamlPart(Line, Column);

/// <summary>Reads YAML into parts that know their place. Anchors, aliases and tags are refused: they allow documents that grow without bound when they are read.</summary>
internal sealed class WorkflowYaml(Action<int, int, string, string> fault)
{
    public const int MaxLength = 64 * 1024;
    private const int MaxDepth = 10;
    private const int MaxParts = 5_000;
    private int parts;

    public YamlPart? Read(string text)
    {
        if (text.Length > MaxLength)
        {
            fault(1, 1, $"The workflow has {text.Length.ToString(CultureInfo.InvariantCulture)} characters; at most {MaxLength} are possible.", "Split it, or move long texts into articles.");
            return null;
        }

        try
        {
            var parser = new Parser(new Scanner(new StringReader(text), skipComments: true));
            parser.Consume<StreamStart>();
            if (parser.Accept<StreamEnd>(out _))
            {
                fault(1, 1, "The file is empty.", "Begin with 'workflow: <name>'.");
                return null;
            }

            parser.Consume<DocumentStart>();
            var root = ReadPart(parser, 0);
            parser.Consume<DocumentEnd>();
            if (root is not null && parser.Accept<DocumentStart>(out var second))
            {
                fault((int)second.Start.Line, (int)second.Start.Column, "The file holds more than one document.", "Keep one workflow to a file.");
            }

            return root;
        }
        catch (YamlException e)
        {
            fault((int)e.Start.Line, (int)e.Start.Column, $"This is not YAML: {e.Message}.", "Check the indentation, quotes and colons around here.");
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
            fault(line, column, $"The document is nested deeper than {MaxDepth} levels.", "Make it flatter.");
            return null;
        }

        if (++parts > MaxParts)
        {
            fault(line, column, $"The document has more than {MaxParts} parts.", "Split the workflow.");
            return null;
        }

        if (at is AnchorAlias)
        {
            fault(line, column, "Aliases (*name) are not possible here.", "Write the value out.");
            return null;
        }

        if (at is NodeEvent node && (!node.Anchor.IsEmpty || !node.Tag.IsEmpty))
        {
            fault(line, column, node.Anchor.IsEmpty ? $"Tags ({node.Tag}) are not possible here." : $"Anchors (&{node.Anchor}) are not possible here.", "Leave it out and write the value itself.");
            return null;
        }

        switch (at)
        {
            case Scalar scalar:
                parser.MoveNext();
                return new YamlText(scalar.Value, scalar.Style == ScalarStyle.Plain, line, column);
            case SequenceStart:
                return ReadList(parser, depth, line, column);
            case MappingStart:
                return ReadMap(parser, depth, line, column);
            default:
                fault(line, column, "A value is expected here.", "Give one.");
                return null;
        }
    }

    private YamlList? ReadList(IParser parser, int depth, int line, int column)
    {
        parser.MoveNext();
        var list = new YamlList([], line, column);
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
        var map = new YamlMap([], line, column);
        var seen = new Dictionary<string, YamlText>(StringComparer.Ordinal);
        while (!parser.TryConsume<MappingEnd>(out _))
        {
            if (ReadPart(parser, depth + 1) is not { } key)
            {
                return null;
            }

            if (key is not YamlText name)
            {
                fault(key.Line, key.Column, "A field's name must be a plain word.", "Write 'name: value'.");
                return null;
            }

            if (ReadPart(parser, depth + 1) is not { } value)
            {
                return null;
            }

            if (!seen.TryAdd(name.Value, name))
            {
                fault(name.Line, name.Column, $"The field '{name.Value}' stands here twice; the first one is in line {seen[name.Value].Line.ToString(CultureInfo.InvariantCulture)}.", "Keep one of them.");
                continue;
            }

            map.Entries.Add((name, value));
        }

        return map;
    }
}
