using System.Globalization;

namespace AIaaS.Commands.Agents;

/// <summary>
/// Puts the nodes of fragments where a workflow uses them. It works on the source, so that every fault behind it is found at its own
/// place: in the fragment, or at the value that a parameter was given.
/// </summary>
internal sealed class WorkflowFragments(WorkflowSource source, IReadOnlyDictionary<string, YamlMap> fragments)
{
    private const int MaxDepth = 5;
    private const int MaxParts = 50_000;
    private const int MaxText = 60_000;
    private int parts;
    private int nodes;

    /// <summary>The nodes of a list, those of fragments among them; null, with faults, where it cannot be done.</summary>
    public List<YamlMap>? Expand(YamlList list)
    {
        var before = source.Count;
        var expanded = Expand(list, [], "");
        return source.Count == before ? expanded.Nodes : null;
    }

    private (List<YamlMap> Nodes, Dictionary<string, string> Entries) Expand(YamlList list, List<string> path, string prefix)
    {
        List<YamlMap> all = [];
        Dictionary<string, string> entries = new(StringComparer.Ordinal);
        foreach (var item in list.Items)
        {
            if (item is not YamlMap node)
            {
                source.Fault(item, "Here a node is expected: fields with values.", "Begin with '- id: …'.");
                continue;
            }

            if (++nodes > WorkflowSyntax.MaxLinkedNodes)
            {
                source.Fault(item, $"With its fragments the workflow has more than {WorkflowSyntax.MaxLinkedNodes.ToString(CultureInfo.InvariantCulture)} nodes.", "Split it.");
                return (all, entries);
            }

            if (node.Find("type") is YamlText { Value: "use" })
            {
                Use(node, all, entries, path, prefix);
            }
            else
            {
                if (node.Find("id") is YamlText id && id.Value.Length > 0 && !WorkflowSyntax.IsName(id.Value))
                {
                    source.Fault(id, $"'{WorkflowSource.Cut(id.Value)}' cannot be a node's id.", "Use lower-case letters, digits and '_', beginning with a letter.");
                }

                all.Add(node);
            }
        }

        // Who leads to a 'use' leads to the first node of the fragment.
        return (entries.Count == 0 ? all : [.. all.Select(n => MapNodeNames(n, t => entries.GetValueOrDefault(t.Value) is { } entry ? Renamed(t, entry) : t))], entries);
    }

    private void Use(YamlMap node, List<YamlMap> all, Dictionary<string, string> entries, List<string> path, string prefix)
    {
        if (source.Fields(node, "a node of type 'use'", WorkflowSyntax.Find("use")!.AllFields) is not { } fields || fields.TextPart("fragment") is not { } name || fields.TextPart("id") is not { } id)
        {
            return;
        }

        if (!fragments.TryGetValue(name.Value, out var fragment))
        {
            source.Fault(name, $"There is no fragment '{WorkflowSource.Cut(name.Value)}'.", WorkflowSource.Suggest(name.Value, [.. fragments.Keys.Order(StringComparer.Ordinal)]));
            return;
        }

        if (path.Contains(name.Value))
        {
            source.Fault(name, $"Fragments use each other in a circle: {string.Join(" → ", path[path.IndexOf(name.Value)..])} → {name.Value}.", "Take one of the uses out; what shall repeat needs a loop.");
            return;
        }

        if (path.Count == MaxDepth)
        {
            source.Fault(name, $"Fragments are used inside one another more than {MaxDepth.ToString(CultureInfo.InvariantCulture)} deep.", "Make it flatter.");
            return;
        }

        if (ReadFragment(source, fragment) is not { } read || Arguments(fields, read) is not { } arguments || Exits(fields, read) is not { } exits)
        {
            return;
        }

        // The fragment's own steps get their full names before the parameters are put in: an argument speaks of the steps outside.
        var own = read.Nodes.Items.OfType<YamlMap>().Select(n => (n.Find("id") as YamlText)?.Value).OfType<string>().ToHashSet(StringComparer.Ordinal);
        var full = $"{prefix}{id.Value}.";
        var named = read.Nodes with { Items = [.. read.Nodes.Items.Select(n => n is YamlMap m ? MapExpressions(m, step => own.Contains(step.Split('.')[0]) ? full + step : null) : n)] };
        if (Substitute(named, arguments) is not YamlList body)
        {
            return;
        }

        var (inner, _) = Expand(body, [.. path, name.Value], full);
        var locals = inner.Select(n => (n.Find("id") as YamlText)?.Value).OfType<string>().ToHashSet(StringComparer.Ordinal);
        if (inner.Count == 0)
        {
            return;
        }

        // The first node of the source may itself be a 'use', whose first node comes first in turn.
        entries[id.Value] = $"{id.Value}.{(inner[0].Find("id") as YamlText)?.Value}";
        foreach (var part in inner)
        {
            var mapped = MapNodeNames(part, target =>
            {
                if (locals.Contains(target.Value))
                {
                    return Renamed(target, $"{id.Value}.{target.Value}");
                }

                if (exits.TryGetValue(target.Value, out var exit))
                {
                    return exit;
                }

                source.Fault(target, $"'{WorkflowSource.Cut(target.Value)}' is neither a node nor an exit of the fragment '{name.Value}'.", WorkflowSource.Suggest(target.Value, [.. locals, .. exits.Keys]));
                return target;
            });
            all.Add(mapped with { Entries = [.. mapped.Entries.Select(e => e.Key.Value == "id" && e.Value is YamlText inside ? (e.Key, Renamed(inside, $"{id.Value}.{inside.Value}")) : e)] });
        }
    }

    /// <summary>What a fragment's source says; null, with faults, where it says nothing that can be used.</summary>
    public static (string Name, string Description, Dictionary<string, YamlPart?> Parameters, Dictionary<string, string> Words, List<string> Exits, YamlList Nodes)? ReadFragment(WorkflowSource source, YamlMap map)
    {
        var before = source.Count;
        if (source.Fields(map, "a fragment", WorkflowSyntax.Fragment) is not { } fields)
        {
            return null;
        }

        var name = fields.Required("fragment");
        var description = fields.Text("description") ?? "";
        Dictionary<string, YamlPart?> parameters = new(StringComparer.Ordinal);
        Dictionary<string, string> words = new(StringComparer.Ordinal);
        if (fields.Part("parameters") is { } declared)
        {
            foreach (var (key, value) in Entries(source, declared, "parameters", 50))
            {
                CheckName(source, key, "a parameter's name");
                var parameter = source.Fields(value, "a parameter", WorkflowSyntax.Parameter);
                parameters[key.Value] = parameter?.Part("default");
                words[key.Value] = parameter?.Text("description") ?? "";
            }
        }

        var exits = Names(source, fields, "exits").Select(e => e.Value).ToList();
        var list = fields.List("nodes");
        foreach (var node in list?.Items.OfType<YamlMap>() ?? [])
        {
            if (node.Find("id") is YamlText id && exits.Contains(id.Value))
            {
                source.Fault(id, $"'{id.Value}' is the name of an exit, too.", "Give the node or the exit another name.");
            }

            if (node.Find("type") is YamlText { Value: "start" or "end" } type)
            {
                source.Fault(type, $"A fragment has no node of type '{type.Value}'.", "It is entered at its first node, and left by leading to one of its exits.");
            }
        }

        return source.Count == before && list is not null ? (name, description, parameters, words, exits, list) : null;
    }

    /// <summary>A list of names, each once.</summary>
    public static List<YamlText> Names(WorkflowSource source, WorkflowFields fields, string field)
    {
        List<YamlText> names = [];
        foreach (var item in fields.List(field)?.Items ?? [])
        {
            if (item is not YamlText name || !WorkflowSyntax.IsName(name.Value) || name.Value.Length > WorkflowSyntax.MaxNameLength)
            {
                source.Fault(item, $"In '{field}' a name is expected{WorkflowSource.Shown(item)}.", "Use lower-case letters, digits and '_', beginning with a letter.");
            }
            else if (names.Any(n => n.Value == name.Value))
            {
                source.Fault(name, $"'{name.Value}' stands in '{field}' twice.", "Keep one of them.");
            }
            else
            {
                names.Add(name);
            }
        }

        return names;
    }

    /// <summary>The entries of a field that holds names with values.</summary>
    public static IReadOnlyList<(YamlText Key, YamlPart Value)> Entries(WorkflowSource source, YamlPart part, string what, int most)
    {
        switch (part)
        {
            case YamlMap map when map.Entries.Count <= most:
                return map.Entries;
            case YamlMap map:
                source.Fault(part, $"'{what}' has {map.Entries.Count.ToString(CultureInfo.InvariantCulture)} entries; at most {most.ToString(CultureInfo.InvariantCulture)} are possible.", "Split it.");
                return [];
            default:
                source.Fault(part, $"'{what}' must be names with values.", "Write 'name: value', one to a line.");
                return [];
        }
    }

    private static void CheckName(WorkflowSource source, YamlText name, string what)
    {
        if (!WorkflowSyntax.IsName(name.Value) || name.Value.Length > WorkflowSyntax.MaxNameLength)
        {
            source.Fault(name, $"'{WorkflowSource.Cut(name.Value)}' cannot be {what}.", "Use lower-case letters, digits and '_', beginning with a letter.");
        }
    }

    private Dictionary<string, YamlPart>? Arguments(WorkflowFields use, (string Name, string Description, Dictionary<string, YamlPart?> Parameters, Dictionary<string, string> Words, List<string> Exits, YamlList Nodes) fragment)
    {
        var before = source.Count;
        Dictionary<string, YamlPart> arguments = new(StringComparer.Ordinal);
        if (use.Part("with") is { } with)
        {
            foreach (var (key, value) in Entries(source, with, "with", 50))
            {
                if (!fragment.Parameters.ContainsKey(key.Value))
                {
                    source.Fault(key, $"The fragment '{fragment.Name}' has no parameter '{WorkflowSource.Cut(key.Value)}'.", WorkflowSource.Suggest(key.Value, fragment.Parameters.Keys));
                }
                else
                {
                    arguments[key.Value] = value;
                }
            }
        }

        foreach (var (name, fallback) in fragment.Parameters)
        {
            if (!arguments.ContainsKey(name))
            {
                if (fallback is null)
                {
                    source.Fault(use.Map, $"The fragment '{fragment.Name}' needs a value for '{name}'.", $"Add '{name}:' under 'with'. {fragment.Words[name]}");
                }
                else
                {
                    arguments[name] = fallback;
                }
            }
        }

        return source.Count == before ? arguments : null;
    }

    private Dictionary<string, YamlText>? Exits(WorkflowFields use, (string Name, string Description, Dictionary<string, YamlPart?> Parameters, Dictionary<string, string> Words, List<string> Exits, YamlList Nodes) fragment)
    {
        var before = source.Count;
        Dictionary<string, YamlText> exits = new(StringComparer.Ordinal);
        foreach (var (key, value) in use.Part("exits") is { } part ? Entries(source, part, "exits", 20) : [])
        {
            if (!fragment.Exits.Contains(key.Value))
            {
                source.Fault(key, $"The fragment '{fragment.Name}' has no exit '{WorkflowSource.Cut(key.Value)}'.", WorkflowSource.Suggest(key.Value, fragment.Exits));
            }
            else if (value is not YamlText { Value.Length: > 0 } target)
            {
                source.Fault(value, $"The exit '{key.Value}' must lead to a node.", "Give the node's id.");
            }
            else
            {
                exits[key.Value] = target;
            }
        }

        foreach (var exit in fragment.Exits.Where(e => use.Has("exits") && use.Part("exits") is YamlMap map && map.Find(e) is null))
        {
            use.Fault("exits", $"It is not said where the exit '{exit}' of the fragment '{fragment.Name}' leads.", $"Add '{exit}: …' under 'exits'.");
        }

        return source.Count == before ? exits : null;
    }

    private YamlPart? Substitute(YamlPart part, Dictionary<string, YamlPart> arguments)
    {
        if (parts > MaxParts)
        {
            return null;
        }

        parts++;
        switch (part)
        {
            case YamlText text when text.Value.Contains("${", StringComparison.Ordinal):
                return Substitute(text, arguments);
            case YamlText:
                return part;
            case YamlList list:
                var items = list.Items.Select(i => Substitute(i, arguments)).ToList();
                return items.Contains(null) ? null : list with { Items = items! };
            case YamlMap map:
                List<(YamlText, YamlPart)> entries = [];
                foreach (var (key, value) in map.Entries)
                {
                    if (Substitute(value, arguments) is not { } substituted)
                    {
                        return null;
                    }

                    entries.Add((key, substituted));
                }

                return map with { Entries = entries };
            default:
                return part;
        }
    }

    private YamlPart? Substitute(YamlText text, Dictionary<string, YamlPart> arguments)
    {
        var built = new System.Text.StringBuilder();
        var at = 0;
        while (text.Value.IndexOf("${", at, StringComparison.Ordinal) is var from and >= 0)
        {
            var to = text.Value.IndexOf('}', from);
            var name = to < 0 ? text.Value[(from + 2)..] : text.Value[(from + 2)..to];
            if (!arguments.TryGetValue(name, out var argument))
            {
                source.Fault(text, from, $"The fragment has no parameter '{WorkflowSource.Cut(name)}'.", WorkflowSource.Suggest(name, arguments.Keys));
                return null;
            }

            if (from == 0 && to == text.Value.Length - 1)
            {
                return Counted(argument);
            }

            if (argument is not YamlText given)
            {
                source.Fault(argument, $"'{name}' stands inside a text, so it must be a text.", "Give a text.");
                return null;
            }

            built.Append(text.Value, at, from - at).Append(given.Value);
            at = to + 1;
            if (built.Length > MaxText)
            {
                source.Fault(text, $"With its parameters the text has more than {MaxText.ToString(CultureInfo.InvariantCulture)} characters.", "Make it shorter.");
                return null;
            }
        }

        built.Append(text.Value, at, text.Value.Length - at);
        return text with { Value = built.ToString(), Plain = false, Composed = true };
    }

    /// <summary>Arguments may hold arguments of arguments: what they come to is bounded.</summary>
    private YamlPart? Counted(YamlPart argument)
    {
        var open = new Stack<YamlPart>([argument]);
        while (open.TryPop(out var part))
        {
            parts += 1 + (part is YamlText { Value.Length: var length } ? length / 100 : 0);
            if (parts > MaxParts)
            {
                source.Fault(argument, $"With its parameters the workflow has more than {MaxParts.ToString(CultureInfo.InvariantCulture)} parts.", "Make the values smaller.");
                return null;
            }

            foreach (var inner in part switch { YamlList list => list.Items, YamlMap map => map.Entries.Select(e => e.Value), _ => [] })
            {
                open.Push(inner);
            }
        }

        return argument;
    }

    private static YamlText Renamed(YamlText text, string value) => text with { Value = value, Plain = false, Composed = true };

    private static YamlMap MapNodeNames(YamlMap node, Func<YamlText, YamlText> map)
    {
        var specs = node.Find("type") is YamlText type && WorkflowSyntax.Find(type.Value) is { } spec ? spec.AllFields : [];
        return node with
        {
            Entries =
            [
                .. node.Entries.Select(e => (e.Key, (specs.FirstOrDefault(s => s.Name == e.Key.Value)?.Kind, e.Value) switch
                {
                    (FieldKind.Target or FieldKind.NodeName, YamlText text) => map(text),
                    (FieldKind.Targets, YamlList list) => list with { Items = [.. list.Items.Select(i => i is YamlText text ? map(text) : i)] },
                    (FieldKind.Cases, YamlList list) => list with { Items = [.. list.Items.Select(i => i is YamlMap c ? MapCase(c, map) : i)] },
                    _ => e.Value,
                })),
            ],
        };
    }

    private static YamlMap MapCase(YamlMap @case, Func<YamlText, YamlText> map) =>
        @case with { Entries = [.. @case.Entries.Select(e => (e.Key, e.Key.Value == "next" && e.Value is YamlText next ? map(next) : e.Value))] };

    private static YamlMap MapExpressions(YamlMap node, Func<string, string?> name)
    {
        var specs = node.Find("type") is YamlText type && WorkflowSyntax.Find(type.Value) is { } spec ? spec.AllFields : [];
        YamlText Rename(YamlText text, bool template)
        {
            var renamed = WorkflowReferences.Rename(text.Value, template, name);
            return ReferenceEquals(renamed, text.Value) ? text : text with { Value = renamed, Composed = true };
        }

        return node with
        {
            Entries =
            [
                .. node.Entries.Select(e => (e.Key, (specs.FirstOrDefault(s => s.Name == e.Key.Value)?.Kind, e.Value) switch
                {
                    (FieldKind.Expression, YamlText text) => Rename(text, false),
                    (FieldKind.Template, YamlText text) => Rename(text, true),
                    (FieldKind.JsonTemplate, var tree) => WorkflowTrees.Map(tree, t => Rename(t, true)),
                    (FieldKind.Values, var tree) => WorkflowTrees.Map(tree, t => Rename(t, t.Value.Contains("{{", StringComparison.Ordinal))),
                    _ => e.Value,
                })),
            ],
        };
    }
}
