using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using AIaaS.Domain.Agents;

namespace AIaaS.Commands.Agents;

/// <summary>What a document of the workflow language is.</summary>
public enum WorkflowDocumentKind
{
    /// <summary>A workflow.</summary>
    Workflow,

    /// <summary>Nodes that workflows use.</summary>
    Fragment,

    /// <summary>Changes to a workflow.</summary>
    Overlay,
}

/// <summary>A document of the workflow language, parsed.</summary>
/// <param name="File">Where it comes from.</param>
/// <param name="Yaml">Its text.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Name">The name of the workflow or fragment; of an overlay the workflow that it changes.</param>
/// <param name="Root">Its parts; null where it cannot be read.</param>
/// <param name="Faults">What is wrong with it by itself.</param>
internal sealed record WorkflowDocument(string File, string Yaml, WorkflowDocumentKind Kind, string Name, YamlMap? Root, ImmutableArray<WorkflowFault> Faults)
{
    /// <summary>Reads a document.</summary>
    public static WorkflowDocument Read(string file, string yaml)
    {
        var source = new WorkflowSource();
        var root = new WorkflowYaml(source.Fault).Read(file, yaml);
        if (root is not null and not YamlMap)
        {
            source.Fault(root, "Here the workflow is expected: fields with values.", $"Known fields: {string.Join(", ", WorkflowSyntax.Workflow.Select(f => f.Name))}.");
        }

        var map = root as YamlMap;
        var (kind, field) = map?.Find("overlay") is { } overlay ? (WorkflowDocumentKind.Overlay, overlay)
            : map?.Find("fragment") is { } fragment ? (WorkflowDocumentKind.Fragment, fragment)
            : (WorkflowDocumentKind.Workflow, map?.Find("workflow"));
        if (map is not null && kind == WorkflowDocumentKind.Fragment)
        {
            WorkflowFragments.ReadFragment(source, map);
        }
        else if (map is not null && kind == WorkflowDocumentKind.Overlay)
        {
            WorkflowOverlays.Read(source, map);
        }

        return new(file, yaml, kind, (field as YamlText)?.Value ?? "", source.Count == 0 ? map : null, source.Faults);
    }
}

/// <summary>What came of compiling one workflow.</summary>
/// <param name="Document">Its own source.</param>
/// <param name="Linked">The workflow with everything that it uses; null where there are faults.</param>
/// <param name="Faults">Of its source, its overlays, and the fragments as it uses them.</param>
/// <param name="Files">All files that it was put together from.</param>
internal sealed record CompiledWorkflow(WorkflowDocument Document, Workflow? Linked, ImmutableArray<WorkflowFault> Faults, ImmutableHashSet<string> Files);

/// <summary>Compiles the workflows of a set of documents, for one tenant in one environment: overlays, then fragments, then sub-workflows.</summary>
internal sealed class WorkflowCompiler
{
    private const int MaxDepth = 10;

    // A version is one event; the event has to fit into the log.
    private const int MaxDefinitionBytes = 900_000;

    private readonly Dictionary<string, WorkflowDocument> workflows = new(StringComparer.Ordinal);
    private readonly Dictionary<string, WorkflowDocument> fragments = new(StringComparer.Ordinal);
    private readonly Dictionary<string, YamlMap> fragmentMaps = new(StringComparer.Ordinal);
    private readonly List<(WorkflowDocument Document, WorkflowOverlay Overlay)> overlays = [];
    private readonly Dictionary<string, CompiledWorkflow> compiled = new(StringComparer.Ordinal);

    /// <summary>Takes documents; of two workflows or fragments of one name the later one holds. Overlays apply in their order, those of an environment first.</summary>
    public WorkflowCompiler(IEnumerable<WorkflowDocument> documents, string? tenant, string? environment)
    {
        List<(WorkflowDocument Document, WorkflowOverlay Overlay)> found = [];
        foreach (var document in documents)
        {
            switch (document.Kind)
            {
                case WorkflowDocumentKind.Workflow:
                    workflows[document.Name] = document;
                    break;
                case WorkflowDocumentKind.Fragment:
                    fragments[document.Name] = document;
                    break;
                case WorkflowDocumentKind.Overlay when document.Root is { } root && WorkflowOverlays.Read(new(), root) is { } overlay
                    && (overlay.Tenant is null || overlay.Tenant == tenant) && (overlay.Environment is null || overlay.Environment == environment):
                    found.Add((document, overlay));
                    break;
            }
        }

        overlays.AddRange(found.Where(o => o.Overlay.Tenant is null).Concat(found.Where(o => o.Overlay.Tenant is not null)));
        foreach (var fragment in fragments.Values)
        {
            if (fragment.Root is { } root)
            {
                fragmentMaps[fragment.Name] = root;
            }
        }
    }

    /// <summary>The names of all workflows.</summary>
    public IReadOnlyCollection<string> Names => workflows.Keys;

    /// <summary>Compiles one; null where there is none of that name.</summary>
    public CompiledWorkflow? Compile(string name) => workflows.ContainsKey(name) ? Compile(name, []) : null;

    /// <summary>Compiles all.</summary>
    public IReadOnlyList<CompiledWorkflow> CompileAll() => [.. workflows.Keys.Order(StringComparer.Ordinal).Select(n => Compile(n, []))];

    private CompiledWorkflow Compile(string name, ImmutableList<string> path)
    {
        if (compiled.TryGetValue(name, out var known))
        {
            return known;
        }

        var document = workflows[name];
        var source = new WorkflowSource();
        var files = ImmutableHashSet.CreateBuilder<string>(StringComparer.Ordinal);
        files.Add(document.File);
        var linked = document.Root is null ? null : Link(document, source, files, path.Add(name));
        return compiled[name] = new(document, source.Count == 0 && document.Faults.IsEmpty ? linked : null, [.. document.Faults, .. source.Faults], files.ToImmutable());
    }

    private Workflow? Link(WorkflowDocument document, WorkflowSource source, ImmutableHashSet<string>.Builder files, ImmutableList<string> path)
    {
        var root = document.Root!;
        foreach (var (overlay, change) in overlays.Where(o => o.Overlay.Workflow == document.Name))
        {
            files.Add(overlay.File);
            root = WorkflowOverlays.Apply(source, root, change.Map);
        }

        foreach (var fragment in UsedFragments(root))
        {
            files.Add(fragment.File);
        }

        if (source.Count > 0)
        {
            return null;
        }

        var reader = new WorkflowReader(source, fragmentMaps);
        if (reader.Read(root) is not { } read)
        {
            foreach (var (node, fields) in reader.Nodes)
            {
                if (node is SubWorkflowNode { Workflow: { Length: > 0 } name } && !workflows.ContainsKey(name))
                {
                    Unknown(name, fields, path);
                }
            }

            return null;
        }

        List<WorkflowNode> nodes = [];
        foreach (var (node, fields) in read.Nodes)
        {
            if (node is not SubWorkflowNode sub)
            {
                nodes.Add(node);
            }
            else if (Other(sub, fields, source, path) is { } other)
            {
                files.UnionWith(compiled[sub.Workflow].Files);
                nodes.AddRange(WorkflowLinker.Embed(sub, other));
            }

            if (nodes.Count > WorkflowSyntax.MaxLinkedNodes)
            {
                fields.Fault("id", $"With the workflows that it runs the workflow has more than {WorkflowSyntax.MaxLinkedNodes.ToString(CultureInfo.InvariantCulture)} nodes.", "Let it run fewer of them, or make them smaller.");
                return null;
            }
        }

        if (source.Count > 0)
        {
            return null;
        }

        var workflow = read.Workflow with { Nodes = WorkflowLinker.Order(nodes, read.Workflow.Start) };
        if (JsonEncodedText.Encode(workflow.Canonical).EncodedUtf8Bytes.Length is var size && size > MaxDefinitionBytes)
        {
            source.Fault(root, $"With everything that it uses the workflow has {size.ToString(CultureInfo.InvariantCulture)} bytes; at most {MaxDefinitionBytes.ToString(CultureInfo.InvariantCulture)} are possible.", "Make prompts and schemas shorter, or split the workflow.");
        }

        return workflow;
    }

    private Workflow? Other(SubWorkflowNode node, WorkflowFields fields, WorkflowSource source, ImmutableList<string> path)
    {
        if (path.IndexOf(node.Workflow) is var at and >= 0)
        {
            fields.Fault("workflow", $"Workflows run each other in a circle: {string.Join(" → ", path.Skip(at))} → {node.Workflow}.", "Take one of them out; what shall repeat needs a loop.");
            return null;
        }

        if (!workflows.ContainsKey(node.Workflow))
        {
            Unknown(node.Workflow, fields, path);
            return null;
        }

        if (path.Count >= MaxDepth)
        {
            fields.Fault("workflow", $"Workflows run one another more than {MaxDepth.ToString(CultureInfo.InvariantCulture)} deep.", "Make it flatter.");
            return null;
        }

        var other = Compile(node.Workflow, path);
        if (other.Linked is null)
        {
            fields.Fault("workflow", $"The workflow '{node.Workflow}' has faults of its own.", $"Mend {other.Document.File} first.");
        }

        return other.Linked;
    }

    private void Unknown(string name, WorkflowFields fields, ImmutableList<string> path) =>
        fields.Fault("workflow", $"There is no workflow '{WorkflowSource.Cut(name)}'.", WorkflowSource.Suggest(name, [.. workflows.Keys.Where(k => k != path[^1]).Order(StringComparer.Ordinal)]));

    private IEnumerable<WorkflowDocument> UsedFragments(YamlMap root)
    {
        var used = new HashSet<string>(StringComparer.Ordinal);
        var open = new Stack<YamlMap>([root]);
        while (open.TryPop(out var map))
        {
            foreach (var node in (map.Find("nodes") as YamlList)?.Items.OfType<YamlMap>() ?? [])
            {
                if (node.Find("type") is YamlText { Value: "use" } && node.Find("fragment") is YamlText name && fragments.TryGetValue(name.Value, out var fragment) && used.Add(name.Value))
                {
                    yield return fragment;
                    if (fragment.Root is { } inner)
                    {
                        open.Push(inner);
                    }
                }
            }
        }
    }
}
