using AIaaS.Domain.Agents;

namespace AIaaS.Commands.Agents;

/// <summary>An edge of a drawn workflow.</summary>
/// <param name="From">The node that it leaves.</param>
/// <param name="To">The node that it leads to.</param>
/// <param name="Label">When it is taken; empty where that needs no word.</param>
internal sealed record DrawnEdge(string From, string To, string Label);

/// <summary>Where a node is drawn.</summary>
/// <param name="Node">The node.</param>
/// <param name="X">Its middle.</param>
/// <param name="Y">Its middle.</param>
/// <param name="Width">Its width.</param>
/// <param name="Height">Its height.</param>
internal sealed record PlacedNode(WorkflowNode Node, double X, double Y, double Width, double Height);

/// <summary>Where an edge is drawn: from point to point.</summary>
/// <param name="Edge">The edge.</param>
/// <param name="Points">From the node that it leaves to the node that it leads to.</param>
/// <param name="Back">Whether it leads back up.</param>
internal sealed record PlacedEdge(DrawnEdge Edge, IReadOnlyList<(double X, double Y)> Points, bool Back);

/// <summary>
/// A layered layout (Sugiyama): edges that close a cycle are turned round, layers come from the longest way from the start, long edges get a
/// bend in each layer between, crossings are reduced by barycentres, and nodes are moved towards the middle of their neighbours.
/// </summary>
internal sealed class WorkflowLayout
{
    private const double NodeHeight = 46;
    private const double LayerGap = 58;
    private const double NodeGap = 26;
    private const double BendWidth = 14;
    private const int MaxBends = 20_000;

    private readonly Dictionary<string, Cell> cells = new(StringComparer.Ordinal);
    private readonly List<Cell[]> layers = [];

    private WorkflowLayout(Workflow workflow)
    {
        Edges = [.. workflow.Nodes.SelectMany(EdgesOf).Where(e => workflow.Find(e.To) is not null)];
        foreach (var node in workflow.Nodes)
        {
            cells.TryAdd(node.Id, new(node, WidthOf(node)));
        }
    }

    /// <summary>All edges.</summary>
    public IReadOnlyList<DrawnEdge> Edges { get; }

    /// <summary>The placed nodes.</summary>
    public IReadOnlyList<PlacedNode> Nodes { get; private set; } = [];

    /// <summary>The placed edges.</summary>
    public IReadOnlyList<PlacedEdge> Placed { get; private set; } = [];

    /// <summary>The drawing's width.</summary>
    public double Width { get; private set; }

    /// <summary>The drawing's height.</summary>
    public double Height { get; private set; }

    /// <summary>Lays a workflow out.</summary>
    public static WorkflowLayout Of(Workflow workflow)
    {
        var layout = new WorkflowLayout(workflow);
        layout.Place(workflow.Start.Id);
        return layout;
    }

    /// <summary>The ways out of a node, each with the word that says when it is taken.</summary>
    public static IEnumerable<DrawnEdge> EdgesOf(WorkflowNode node)
    {
        var edges = node switch
        {
            RetrieveNode { Empty: { } empty } n => [(n.Next, "found"), (empty, "empty")],
            ModelNode { Failed: { } failed } n => [(n.Next, ""), (failed, "failed")],
            ToolNode { Failed: { } failed } n => [(n.Next, ""), (failed, "failed")],
            ConditionNode n => [(n.Then, "yes"), (n.Else, "no")],
            SwitchNode n => [.. n.Cases.Select(c => (c.Next, c.Is.Trim('"'))), (n.Default, "default")],
            ParallelNode n => n.Branches.Select(b => (b, "")),
            LoopNode { Exceeded: { } exceeded } n => [(n.Body, "each"), (n.Next, "done"), (exceeded, "exceeded")],
            LoopNode n => [(n.Body, "each"), (n.Next, "done")],
            ValidateNode n => [(n.Passed, "passed"), (n.Rejected, "rejected"), (n.Handoff, "hand-off")],
            WaitNode { Rejected: { } rejected } n => [(n.Next, "yes"), (rejected, "no"), (n.TimedOut, "timed out")],
            WaitNode n => [(n.Next, ""), (n.TimedOut, "timed out")],
            CompensateNode { Failed: { } failed } n => [(n.Next, "undone"), (failed, "failed")],
            _ => node.Targets.Select(t => (t, "")),
        };
        var all = node.Exhausted is { } exhausted ? edges.Append((exhausted, "exhausted")) : edges;

        // Two ways to one place are one line with two words.
        return all.GroupBy(e => e.Item1, StringComparer.Ordinal).Select(g => new DrawnEdge(node.Id, g.Key, Words([.. g.Select(e => e.Item2)])));
    }

    // Where a way without a word shares its line, it needs one: the line would say that the other way was taken.
    private static string Words(List<string> words) =>
        string.Join(", ", (words.Exists(w => w.Length > 0) ? words.Select(w => w.Length == 0 ? "next" : w) : words.Where(w => w.Length > 0)).Distinct());

    private void Place(string start)
    {
        var links = Acyclic(start);
        Layer(links);
        var chains = Bend(links);
        Order();
        Align();
        Height = (layers.Count * (NodeHeight + LayerGap)) - LayerGap + 40;
        var left = layers.SelectMany(l => l).Min(c => c.X - (c.Width / 2)) - 20;
        foreach (var cell in layers.SelectMany(l => l))
        {
            cell.X -= left;
        }

        Width = layers.SelectMany(l => l).Max(c => c.X + (c.Width / 2)) + 20;
        Nodes = [.. cells.Values.Select(c => new PlacedNode(c.Node!, c.X, c.Y, c.Width, NodeHeight))];
        Placed = [.. chains.Select(c => new PlacedEdge(c.Edge, Points(c), c.Back))];
    }

    /// <summary>The edges without cycles: what leads back to a node that is still being visited is turned round.</summary>
    private List<(DrawnEdge Edge, Cell Upper, Cell Lower, bool Back)> Acyclic(string start)
    {
        var bySource = Edges.ToLookup(e => e.From, StringComparer.Ordinal);
        Dictionary<string, int> state = new(StringComparer.Ordinal);
        List<(DrawnEdge, Cell, Cell, bool)> links = [];
        var open = new Stack<(string Id, IEnumerator<DrawnEdge> Edges)>();
        foreach (var root in cells.Keys.Prepend(start))
        {
            if (!state.TryAdd(root, 1))
            {
                continue;
            }

            open.Push((root, bySource[root].GetEnumerator()));
            while (open.TryPeek(out var top))
            {
                if (!top.Edges.MoveNext())
                {
                    state[top.Id] = 2;
                    open.Pop();
                    continue;
                }

                var edge = top.Edges.Current;
                if (edge.To == edge.From)
                {
                    continue;
                }

                var back = state.GetValueOrDefault(edge.To) == 1;
                links.Add((edge, cells[back ? edge.To : edge.From], cells[back ? edge.From : edge.To], back));
                if (state.TryAdd(edge.To, 1))
                {
                    open.Push((edge.To, bySource[edge.To].GetEnumerator()));
                }
            }
        }

        return links;
    }

    private void Layer(List<(DrawnEdge Edge, Cell Upper, Cell Lower, bool Back)> links)
    {
        var incoming = links.ToLookup(l => l.Lower);
        var remaining = cells.Values.ToDictionary(c => c, c => incoming[c].Count());
        var outgoing = links.ToLookup(l => l.Upper);
        var ready = new Queue<Cell>(remaining.Where(r => r.Value == 0).Select(r => r.Key));
        while (ready.TryDequeue(out var cell))
        {
            foreach (var link in outgoing[cell])
            {
                link.Lower.Layer = Math.Max(link.Lower.Layer, cell.Layer + 1);
                if (--remaining[link.Lower] == 0)
                {
                    ready.Enqueue(link.Lower);
                }
            }
        }
    }

    private List<Chain> Bend(List<(DrawnEdge Edge, Cell Upper, Cell Lower, bool Back)> links)
    {
        var all = cells.Values.ToList();
        List<Chain> chains = [];
        var bends = 0;
        foreach (var (edge, upper, lower, back) in links)
        {
            List<Cell> path = [upper];
            for (var layer = upper.Layer + 1; layer < lower.Layer && bends < MaxBends; layer++)
            {
                bends++;
                var bend = new Cell(null, BendWidth) { Layer = layer };
                all.Add(bend);
                path.Add(bend);
            }

            path.Add(lower);
            for (var i = 1; i < path.Count; i++)
            {
                path[i - 1].Down.Add(path[i]);
                path[i].Up.Add(path[i - 1]);
            }

            chains.Add(new(edge, path, back));
        }

        foreach (var group in all.GroupBy(c => c.Layer).OrderBy(g => g.Key))
        {
            var layer = group.ToArray();
            for (var i = 0; i < layer.Length; i++)
            {
                layer[i].Rank = i;
                layer[i].Y = 20 + (NodeHeight / 2) + (group.Key * (NodeHeight + LayerGap));
            }

            layers.Add(layer);
        }

        return chains;
    }

    private void Order()
    {
        var best = Crossings();
        var kept = layers.Select(l => l.ToArray()).ToList();
        for (var sweep = 0; sweep < 12 && best > 0; sweep++)
        {
            var down = sweep % 2 == 0;
            foreach (var layer in down ? layers.Skip(1) : layers.AsEnumerable().Reverse().Skip(1))
            {
                foreach (var cell in layer)
                {
                    var others = down ? cell.Up : cell.Down;
                    cell.Weight = others.Count == 0 ? cell.Rank : others.Average(o => o.Rank);
                }

                var sorted = layer.OrderBy(c => c.Weight).ThenBy(c => c.Rank).ToArray();
                sorted.CopyTo(layer, 0);
                Rank(layer);
            }

            if (Crossings() is var now && now < best)
            {
                best = now;
                kept = [.. layers.Select(l => l.ToArray())];
            }
        }

        for (var i = 0; i < layers.Count; i++)
        {
            kept[i].CopyTo(layers[i], 0);
            Rank(layers[i]);
        }
    }

    private static void Rank(Cell[] layer)
    {
        for (var i = 0; i < layer.Length; i++)
        {
            layer[i].Rank = i;
        }
    }

    private long Crossings()
    {
        long crossings = 0;
        foreach (var layer in layers)
        {
            // Inversions among the lower ends, counted with a tree of partial sums.
            var ends = layer.SelectMany(c => c.Down.Select(d => d.Rank).Order()).ToArray();
            var size = ends.Length == 0 ? 0 : ends.Max() + 2;
            var tree = new long[size + 1];
            for (var i = ends.Length - 1; i >= 0; i--)
            {
                for (var at = ends[i]; at > 0; at -= at & -at)
                {
                    crossings += tree[at];
                }

                for (var at = ends[i] + 1; at <= size; at += at & -at)
                {
                    tree[at]++;
                }
            }
        }

        return crossings;
    }

    private void Align()
    {
        foreach (var layer in layers)
        {
            var x = 0.0;
            foreach (var cell in layer)
            {
                cell.X = x + (cell.Width / 2);
                x += cell.Width + NodeGap;
            }

            foreach (var cell in layer)
            {
                cell.X -= x / 2;
            }
        }

        for (var sweep = 0; sweep < 24; sweep++)
        {
            var down = sweep % 2 == 0;
            foreach (var layer in down ? layers : layers.AsEnumerable().Reverse())
            {
                foreach (var cell in layer)
                {
                    var others = down ? cell.Up : cell.Down;
                    cell.Weight = others.Count == 0 ? cell.X : (others.Sum(o => o.X * Pull(cell, o)) / others.Sum(o => Pull(cell, o)));
                }

                Spread(layer);
            }
        }
    }

    /// <summary>Long edges are pulled straight more than nodes are pulled to them.</summary>
    private static double Pull(Cell a, Cell b) => a.Node is null && b.Node is null ? 4 : a.Node is null || b.Node is null ? 1 : 2;

    /// <summary>Each cell as near as it can be to where it wants to be, without overlap: once pushed from the left, once from the right, and the mean of both.</summary>
    private static void Spread(Cell[] layer)
    {
        var fromLeft = new double[layer.Length];
        for (var i = 0; i < layer.Length; i++)
        {
            fromLeft[i] = i == 0 ? layer[i].Weight : Math.Max(layer[i].Weight, fromLeft[i - 1] + Distance(layer[i - 1], layer[i]));
        }

        var fromRight = new double[layer.Length];
        for (var i = layer.Length - 1; i >= 0; i--)
        {
            fromRight[i] = i == layer.Length - 1 ? layer[i].Weight : Math.Min(layer[i].Weight, fromRight[i + 1] - Distance(layer[i], layer[i + 1]));
        }

        for (var i = 0; i < layer.Length; i++)
        {
            layer[i].X = (fromLeft[i] + fromRight[i]) / 2;
        }
    }

    private static double Distance(Cell left, Cell right) => ((left.Width + right.Width) / 2) + NodeGap;

    private static List<(double X, double Y)> Points(Chain chain)
    {
        List<(double X, double Y)> points = [.. chain.Path.Select(c => (c.X, c.Y))];
        points[0] = (Port(chain.Path[0], chain.Path[1], down: true, chain.Back), chain.Path[0].Y + (NodeHeight / 2));
        points[^1] = (Port(chain.Path[^1], chain.Path[^2], down: false, chain.Back), chain.Path[^1].Y - (NodeHeight / 2));
        if (chain.Back)
        {
            points.Reverse();
        }

        return points;
    }

    /// <summary>Edges leave and enter a node side by side, in the order of where they go.</summary>
    private static double Port(Cell cell, Cell other, bool down, bool back)
    {
        var others = (down ? cell.Down : cell.Up).OrderBy(c => c.X).ToList();

        // There and back between two nodes are two lines.
        var at = back ? others.LastIndexOf(other) : others.IndexOf(other);
        var span = Math.Min(cell.Width * 0.6, 22 * (others.Count - 1));
        return others.Count <= 1 ? cell.X : cell.X - (span / 2) + (span * at / (others.Count - 1));
    }

    private static double WidthOf(WorkflowNode node) =>
        Math.Clamp(WorkflowDrawing.Lines(node).Max(l => WorkflowDrawing.WidthOf(l)) + 44, 110, 330);

    private sealed class Cell(WorkflowNode? node, double width)
    {
        public WorkflowNode? Node => node;

        public double Width => width;

        public int Layer { get; set; }

        public int Rank { get; set; }

        public double Weight { get; set; }

        public double X { get; set; }

        public double Y { get; set; }

        public List<Cell> Up { get; } = [];

        public List<Cell> Down { get; } = [];
    }

    private sealed record Chain(DrawnEdge Edge, List<Cell> Path, bool Back);
}
