using System.Collections.Immutable;
using AIaaS.EventStore;

namespace AIaaS.Domain.Agents;

/// <summary>Changes a tenant's own workflows. What it does was compiled from the state at a revision, and holds for that revision only.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Revision">The revision that it was compiled from.</param>
/// <param name="Puts">What was written: the document, and under their new versions the sources of workflows that are linked anew.</param>
/// <param name="Removed">What was removed; null for nothing.</param>
/// <param name="Activated">The versions that become active, the named one first.</param>
public sealed record ChangeWorkflows(string Tenant, int Revision, ImmutableArray<WorkflowSourcePut> Puts, WorkflowSourceRemoved? Removed, ImmutableArray<WorkflowActivated> Activated);

/// <summary>A tenant's own workflows, fragments and overlays as they were written, and the versions that are active.</summary>
public sealed record WorkflowSources : IState<WorkflowSources>
{
    /// <summary>The most documents of a tenant.</summary>
    public const int MaxDocuments = 200;

    /// <summary>How many activations of a workflow are remembered for rolling back.</summary>
    public const int MaxHistory = 100;

    /// <summary>The category of the streams.</summary>
    public const string Category = "workflowSources";

    /// <summary>The kind of a workflow's source.</summary>
    public const string WorkflowKind = "workflow";

    /// <summary>The kind of a fragment's source.</summary>
    public const string FragmentKind = "fragment";

    /// <summary>The kind of an overlay's source.</summary>
    public const string OverlayKind = "overlay";

    /// <summary>Before the first one.</summary>
    public static WorkflowSources Initial { get; } = new();

    /// <summary>How many events there are.</summary>
    public int Revision { get; init; }

    /// <summary>Fragments and overlays, and of workflows the source of the active version, by kind and name. A workflow that is not here runs as shipped.</summary>
    public ImmutableSortedDictionary<(string Kind, string Name), WorkflowSourcePut> Documents { get; init; } = ImmutableSortedDictionary<(string Kind, string Name), WorkflowSourcePut>.Empty;

    /// <summary>What was put for each version of a workflow, by name and version.</summary>
    public ImmutableDictionary<(string Name, string Version), WorkflowSourcePut> Versions { get; init; } = ImmutableDictionary<(string Name, string Version), WorkflowSourcePut>.Empty;

    /// <summary>The activations of each workflow, oldest first.</summary>
    public ImmutableDictionary<string, ImmutableList<WorkflowActivated>> Activations { get; init; } = ImmutableDictionary<string, ImmutableList<WorkflowActivated>>.Empty;

    /// <summary>The stream of a tenant.</summary>
    public static StreamName Stream(string tenant) => StreamName.For(Category, tenant, "main");

    /// <summary>The active version of a workflow; null where the shipped one runs.</summary>
    public string? Active(string workflow) => Activations.GetValueOrDefault(workflow)?[^1].Version;

    /// <inheritdoc />
    public WorkflowSources Evolve(object @event) => @event switch
    {
        WorkflowSourcePut { Version: { } version } e => this with { Revision = Revision + 1, Versions = Versions.SetItem((e.Name, version), e) },
        WorkflowSourcePut e => this with { Revision = Revision + 1, Documents = Documents.SetItem((e.Kind, e.Name), e) },
        WorkflowSourceRemoved e => this with { Revision = Revision + 1, Documents = Documents.Remove((e.Kind, e.Name)) },
        WorkflowActivated e => Activate(e),
        _ => this,
    };

    /// <summary>Changes what there is, where nobody else has changed it meanwhile.</summary>
    public Decision Change(ChangeWorkflows command)
    {
        if (command.Revision != Revision)
        {
            return WorkflowErrors.ChangedMeanwhile();
        }

        var events = ImmutableArray.CreateBuilder<DomainEvent>();
        foreach (var put in command.Puts)
        {
            var known = put.Version is null ? Documents.GetValueOrDefault((put.Kind, put.Name)) : Versions.GetValueOrDefault((put.Name, put.Version));
            if (known?.Source != put.Source)
            {
                events.Add(put);
            }

            if (known is null && Documents.Count >= MaxDocuments && !Documents.ContainsKey((put.Kind, put.Name)))
            {
                return WorkflowErrors.TooMany(MaxDocuments);
            }
        }

        if (command.Removed is { } removed)
        {
            if (!Documents.ContainsKey((removed.Kind, removed.Name)))
            {
                return WorkflowErrors.UnknownDocument(removed.Kind, removed.Name);
            }

            events.Add(removed);
        }

        foreach (var activated in command.Activated)
        {
            if (Active(activated.Workflow) != activated.Version)
            {
                events.Add(activated);
            }
        }

        return Decision.Of(events.ToImmutable());
    }

    private WorkflowSources Activate(WorkflowActivated e)
    {
        var history = Activations.GetValueOrDefault(e.Workflow, []).Add(e);
        return this with
        {
            Revision = Revision + 1,
            Activations = Activations.SetItem(e.Workflow, history.Count > MaxHistory ? history.RemoveAt(0) : history),

            // A version that the tenant put no source for comes from the shipped source.
            Documents = Versions.TryGetValue((e.Workflow, e.Version), out var put) ? Documents.SetItem((WorkflowKind, e.Workflow), put) : Documents.Remove((WorkflowKind, e.Workflow)),
        };
    }
}
