using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using AIaaS.Domain.Agents;
using AIaaS.EventStore;

namespace AIaaS.Commands.Agents;

/// <summary>The path that a run took through its workflow.</summary>
/// <param name="Visits">How often each node was done.</param>
/// <param name="Ways">How often each way from a node to another was taken.</param>
/// <param name="Current">Nodes that the run stands at.</param>
public sealed record RunPath(ImmutableDictionary<string, int> Visits, ImmutableDictionary<(string From, string To), int> Ways, ImmutableHashSet<string> Current)
{
    /// <summary>The path in a run's events.</summary>
    public static RunPath Of(IEnumerable<DomainEvent> events)
    {
        Dictionary<string, int> visits = new(StringComparer.Ordinal);
        Dictionary<(string, string), int> ways = [];
        var current = new HashSet<string>(StringComparer.Ordinal);
        foreach (var @event in events)
        {
            switch (@event)
            {
                case StepCompleted e:
                    visits[e.Step] = visits.GetValueOrDefault(e.Step) + 1;
                    current.Remove(e.Step);
                    foreach (var next in e.Branches is { } branches ? branches : e.Next is null ? [] : [e.Next])
                    {
                        ways[(e.Step, next)] = ways.GetValueOrDefault((e.Step, next)) + 1;
                        current.Add(next);
                    }

                    break;
                case RunCompleted:
                    current.Clear();
                    break;
            }
        }

        return new(visits.ToImmutableDictionary(StringComparer.Ordinal), ways.ToImmutableDictionary(), [.. current]);
    }
}

/// <summary>Draws workflows as SVG and as Mermaid text. All texts are escaped: a label can hold no markup.</summary>
public static class WorkflowDrawing
{
    private const int MaxLabel = 36;

    private const string Style =
        """
        text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;text-anchor:middle}
        .id{font-size:13px;font-weight:600;fill:#1b2733}.what{font-size:10.5px;fill:#52606d}.label{font-size:10.5px;fill:#3e4c59;paint-order:stroke;stroke:#fff;stroke-width:4px}
        .node{stroke:#7b8794;stroke-width:1.2;fill:#f5f7fa}.start,.end{fill:#e3f9e5}.model{fill:#e6f0ff}.tool,.compensate{fill:#fff3d6}.retrieve{fill:#e0f7fa}
        .condition,.switch,.validate{fill:#f3e8ff}.wait{fill:#fdf2f8}.handoff{fill:#ffe3e3}.parallel,.join,.loop{fill:#e4e7eb}.workflow{fill:#eef2ff}
        .edge{fill:none;stroke:#9aa5b1;stroke-width:1.3}.back{stroke-dasharray:5 3}.dim{opacity:.38}
        .taken{stroke:#0b69d4;stroke-width:2.6}.now{stroke:#d9480f;stroke-width:3}.count{font-size:10.5px;font-weight:700;fill:#fff}.badge{fill:#0b69d4}
        """;

    /// <summary>The workflow as SVG.</summary>
    /// <param name="workflow">The workflow.</param>
    /// <param name="path">The path of a run, which is highlighted; null for none.</param>
    public static string ToSvg(Workflow workflow, RunPath? path = null)
    {
        var layout = WorkflowLayout.Of(workflow);
        var svg = new StringBuilder();
        svg.Append(Text($"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{layout.Width:0}\" height=\"{layout.Height:0}\" viewBox=\"0 0 {layout.Width:0} {layout.Height:0}\" role=\"img\">\n"))
            .Append("<title>").Append(Escape(workflow.Name)).Append("</title><desc>").Append(Escape(workflow.Description)).Append("</desc>\n<style>").Append(Style).Append("</style>\n")
            .Append("<defs>").Append(Arrow("a", "#9aa5b1")).Append(Arrow("t", "#0b69d4")).Append("</defs>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n");

        // The ways that were taken are drawn last, so that they lie on top.
        foreach (var edge in layout.Placed.OrderBy(e => Taken(path, e.Edge) > 0))
        {
            DrawEdge(svg, edge, path);
        }

        foreach (var edges in layout.Placed.GroupBy(e => e.Edge.From, StringComparer.Ordinal))
        {
            foreach (var (ordinal, edge) in edges.OrderBy(e => e.Points[0].X).Index())
            {
                DrawLabel(svg, edge, path, ordinal);
            }
        }

        foreach (var node in layout.Nodes)
        {
            DrawNode(svg, node, path);
        }

        return svg.Append("</svg>\n").ToString();
    }

    /// <summary>The workflow as a Mermaid flow chart.</summary>
    /// <param name="workflow">The workflow.</param>
    /// <param name="path">The path of a run, which is highlighted; null for none.</param>
    public static string ToMermaid(Workflow workflow, RunPath? path = null)
    {
        var names = workflow.Nodes.Select((n, i) => (n.Id, Name: Text($"n{i}"))).ToDictionary(n => n.Id, n => n.Name, StringComparer.Ordinal);
        var chart = new StringBuilder("flowchart TD\n");
        foreach (var node in workflow.Nodes)
        {
            var (open, close) = node switch
            {
                StartNode or EndNode => ("([", "])"),
                ConditionNode or SwitchNode => ("{", "}"),
                ValidateNode => ("{{", "}}"),
                ToolNode or CompensateNode => ("[[", "]]"),
                RetrieveNode => ("[(", ")]"),
                HandoffNode => ("[/", "\\]"),
                WaitNode => (">", "]"),
                ParallelNode or JoinNode => ("[/", "/]"),
                LoopNode => ("{{", "}}"),
                _ => ("[", "]"),
            };
            var visits = path?.Visits.GetValueOrDefault(node.Id) ?? 0;
            var lines = Lines(node).Append(visits > 1 ? Text($"{visits} visits") : "").Where(l => l.Length > 0);
            chart.Append("  ").Append(names[node.Id]).Append(open).Append('"').AppendJoin("<br/>", lines.Select(Quote)).Append('"').Append(close).Append('\n');
        }

        var number = 0;
        List<int> taken = [];
        foreach (var edge in workflow.Nodes.SelectMany(WorkflowLayout.EdgesOf).Where(e => names.ContainsKey(e.To)))
        {
            var count = Taken(path, edge);
            if (count > 0)
            {
                taken.Add(number);
            }

            number++;
            var label = Label(edge, count);
            chart.Append("  ").Append(names[edge.From]).Append(" -->").Append(label.Length == 0 ? "" : $"|\"{Quote(label)}\"|").Append(' ').Append(names[edge.To]).Append('\n');
        }

        if (path is not null)
        {
            chart.Append("  classDef taken stroke:#0b69d4,stroke-width:3px\n  classDef now stroke:#d9480f,stroke-width:3px\n");
            foreach (var (style, ids) in new[] { ("taken", path.Visits.Keys), ("now", (IEnumerable<string>)path.Current) })
            {
                var known = ids.Where(names.ContainsKey).Select(i => names[i]).Order(StringComparer.Ordinal).ToList();
                if (known.Count > 0)
                {
                    chart.Append("  class ").AppendJoin(',', known).Append(' ').Append(style).Append('\n');
                }
            }

            if (taken.Count > 0)
            {
                chart.Append("  linkStyle ").AppendJoin(',', taken).Append(" stroke:#0b69d4,stroke-width:3px\n");
            }
        }

        return chart.ToString();
    }

    /// <summary>What stands in a node: its name, and what it does.</summary>
    internal static string[] Lines(WorkflowNode node) =>
    [
        Cut(node.Id),
        Cut(node switch
        {
            ModelNode n => Text($"{n.Task.ToString().ToLowerInvariant()} · {n.Tier}"),
            ToolNode n => n.Tool,
            ConditionNode n => n.If,
            SwitchNode n => n.On,
            LoopNode n => Text($"{n.Over ?? n.While} · at most {n.Most}"),
            ValidateNode n => string.Join(", ", n.Gates.Select(g => g.Kind switch { GateKind.JsonSchema => "schema", GateKind.Factuality => "factuality", GateKind.ScoreThreshold => "score", _ => "critic" })),
            WaitNode n => Text($"wait for {n.For.ToString().ToLowerInvariant()} · {Duration(n.TimeoutMs)}"),
            HandoffNode n => n.Reason,
            SubWorkflowNode n => n.Workflow,
            EndNode n => n.Outcome == RunOutcome.Answered ? "answered" : "handed off",
            _ => node.Type,
        }),
    ];

    internal static double WidthOf(string text)
    {
        var width = 0.0;
        foreach (var rune in text.EnumerateRunes())
        {
            width += rune.Value > 0x2E7F ? 13.5 : 7.1;
        }

        return width;
    }

    private static string Duration(long milliseconds) => milliseconds switch
    {
        >= 86_400_000 when milliseconds % 86_400_000 == 0 => Text($"{milliseconds / 86_400_000} d"),
        >= 3_600_000 when milliseconds % 3_600_000 == 0 => Text($"{milliseconds / 3_600_000} h"),
        >= 60_000 when milliseconds % 60_000 == 0 => Text($"{milliseconds / 60_000} min"),
        >= 1_000 when milliseconds % 1_000 == 0 => Text($"{milliseconds / 1_000} s"),
        _ => Text($"{milliseconds} ms"),
    };

    private static void DrawNode(StringBuilder svg, PlacedNode placed, RunPath? path)
    {
        var (node, x, y, w, h) = placed;
        var visits = path?.Visits.GetValueOrDefault(node.Id) ?? 0;
        var now = path?.Current.Contains(node.Id) ?? false;
        var style = $"node {node.Type}{(visits > 0 ? " taken" : "")}{(now ? " now" : "")}";
        var (l, r, t, b) = (x - (w / 2), x + (w / 2), y - (h / 2), y + (h / 2));
        svg.Append(path is not null && visits == 0 && !now ? "<g class=\"dim\">" : "<g>").Append("<title>").Append(Escape(node.Id)).Append("</title>");
        switch (node)
        {
            case ConditionNode or SwitchNode:
                Polygon(svg, style, (l, y), (l + 16, t), (r - 16, t), (r, y), (r - 16, b), (l + 16, b));
                break;
            case ValidateNode:
                Polygon(svg, style, (l, t), (r, t), (r, y + 8), (x, b + 6), (l, y + 8));
                break;
            case RetrieveNode:
                Polygon(svg, style, (l + 14, t), (r, t), (r - 14, b), (l, b));
                break;
            case HandoffNode:
                Polygon(svg, style, (l + 12, t), (r - 12, t), (r, t + 12), (r, b - 12), (r - 12, b), (l + 12, b), (l, b - 12), (l, t + 12));
                break;
            case WaitNode:
                Polygon(svg, style, (l, t), (r - 14, t), (r, t + 14), (r, b), (l, b));
                break;
            case LoopNode:
                Polygon(svg, style, (l + 14, t), (r - 14, t), (r, y), (r - 14, b), (l + 14, b), (l, y));
                break;
            case SubWorkflowNode:
                Box(svg, style, l, t, w, h, 4);
                Box(svg, style, l + 4, t + 4, w - 8, h - 8, 2);
                break;
            case ToolNode or CompensateNode:
                Box(svg, style, l, t, w, h, 2);
                svg.Append(Text($"<path class=\"edge\" d=\"M{l + 8:0.#} {t:0.#}V{b:0.#}M{r - 8:0.#} {t:0.#}V{b:0.#}\"/>"));
                break;
            case ParallelNode or JoinNode:
                Box(svg, style, l, t, w, h, 0);
                break;
            default:
                Box(svg, style, l, t, w, h, node is StartNode or EndNode ? h / 2 : 8);
                break;
        }

        var lines = Lines(node);
        svg.Append(Text($"<text class=\"id\" x=\"{x:0.#}\" y=\"{y - 2:0.#}\">{Escape(lines[0])}</text>"));
        svg.Append(Text($"<text class=\"what\" x=\"{x:0.#}\" y=\"{y + 13:0.#}\">{Escape(lines[1])}</text>"));
        if (visits > 1)
        {
            svg.Append(Text($"<rect class=\"badge\" x=\"{r - 16:0.#}\" y=\"{t - 8:0.#}\" width=\"28\" height=\"16\" rx=\"8\"/><text class=\"count\" x=\"{r - 2:0.#}\" y=\"{t + 4:0.#}\">{visits}×</text>"));
        }

        svg.Append("</g>\n");
    }

    private static void DrawEdge(StringBuilder svg, PlacedEdge placed, RunPath? path)
    {
        var taken = Taken(path, placed.Edge) > 0;
        var points = placed.Points;
        var d = new StringBuilder(Text($"M{points[0].X:0.#} {points[0].Y:0.#}"));
        for (var i = 1; i < points.Count; i++)
        {
            var (from, to) = (points[i - 1], points[i]);
            var middle = (from.Y + to.Y) / 2;
            d.Append(Math.Abs(from.X - to.X) < 0.5 ? Text($"V{to.Y:0.#}") : Text($"C{from.X:0.#} {middle:0.#} {to.X:0.#} {middle:0.#} {to.X:0.#} {to.Y:0.#}"));
        }

        svg.Append(Text($"<path class=\"edge{(placed.Back ? " back" : "")}{(taken ? " taken" : path is null ? "" : " dim")}\" d=\"{d}\" marker-end=\"url(#{(taken ? 't' : 'a')})\"/>\n"));
    }

    private static void DrawLabel(StringBuilder svg, PlacedEdge placed, RunPath? path, int ordinal)
    {
        var count = Taken(path, placed.Edge);
        var label = Cut(Label(placed.Edge, count));
        if (label.Length == 0)
        {
            return;
        }

        // Down the first part: near the node that it speaks of, where edges have come apart; neighbours at different heights.
        var (from, to) = (placed.Points[0], placed.Points[1]);
        var at = ordinal % 2 == 0 ? 0.36 : 0.56;
        var ease = at * at * (3 - (2 * at));
        svg.Append(Text($"<text class=\"label{(path is not null && count == 0 ? " dim" : "")}\" x=\"{from.X + ((to.X - from.X) * ease):0.#}\" y=\"{from.Y + ((to.Y - from.Y) * at) + 3:0.#}\">{Escape(label)}</text>\n"));
    }

    private static string Label(DrawnEdge edge, int count) => count > 1 ? Text($"{edge.Label} {count}×").TrimStart() : edge.Label;

    private static int Taken(RunPath? path, DrawnEdge edge) => path?.Ways.GetValueOrDefault((edge.From, edge.To)) ?? 0;

    private static void Polygon(StringBuilder svg, string style, params ReadOnlySpan<(double X, double Y)> points)
    {
        svg.Append("<polygon class=\"").Append(style).Append("\" points=\"");
        foreach (var (x, y) in points)
        {
            svg.Append(Text($"{x:0.#},{y:0.#} "));
        }

        svg.Append("\"/>");
    }

    private static void Box(StringBuilder svg, string style, double x, double y, double w, double h, double radius) =>
        svg.Append(Text($"<rect class=\"{style}\" x=\"{x:0.#}\" y=\"{y:0.#}\" width=\"{w:0.#}\" height=\"{h:0.#}\" rx=\"{radius:0.#}\"/>"));

    private static string Arrow(string id, string color) =>
        $"<marker id=\"{id}\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" fill=\"{color}\"/></marker>";

    private static string Cut(string text)
    {
        var line = string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        if (line.Length <= MaxLabel)
        {
            return line;
        }

        var at = char.IsHighSurrogate(line[MaxLabel - 2]) ? MaxLabel - 2 : MaxLabel - 1;
        return line[..at] + "…";
    }

    /// <summary>Text that is only text in SVG, whatever it holds.</summary>
    private static string Escape(string text)
    {
        var escaped = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            switch (rune.Value)
            {
                case '<':
                    escaped.Append("&lt;");
                    break;
                case '>':
                    escaped.Append("&gt;");
                    break;
                case '&':
                    escaped.Append("&amp;");
                    break;
                case '"':
                    escaped.Append("&quot;");
                    break;
                case '\'':
                    escaped.Append("&#39;");
                    break;
                case < 0x20 or 0x7F or 0xFFFE or 0xFFFF:
                    escaped.Append(' ');
                    break;
                default:
                    escaped.Append(rune);
                    break;
            }
        }

        return escaped.ToString();
    }

    /// <summary>Text that is only text inside Mermaid's quotes.</summary>
    private static string Quote(string text)
    {
        var quoted = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            // What could end the quotes, or be read as HTML or Markdown, becomes an entity.
            quoted.Append(rune.Value is '"' or '<' or '>' or '&' or '#' or '`' or '\\' or '*' or ';' or '[' or ']' or '{' or '}' || rune.Value < 0x20 ? Text($"#{rune.Value};") : rune.ToString());
        }

        return quoted.ToString();
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
