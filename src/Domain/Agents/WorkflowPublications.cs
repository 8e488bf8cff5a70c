using System.Collections.Immutable;
using AIaaS.EventStore;

namespace AIaaS.Domain.Agents;

/// <summary>Publishes a version of a workflow.</summary>
/// <param name="Tenant">Whose it is; <c>platform</c> for those of all tenants.</param>
/// <param name="Workflow">The workflow.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record PublishWorkflow(string Tenant, Workflow Workflow, DateTimeOffset At);

/// <summary>All versions of a workflow, each kept once.</summary>
public sealed record WorkflowPublications : IState<WorkflowPublications>
{
    /// <summary>Before the first version.</summary>
    public static WorkflowPublications Initial { get; } = new();

    /// <summary>The canonical form of each version, by its hash.</summary>
    public ImmutableDictionary<string, string> Definitions { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>The versions in the order in which they were published.</summary>
    public ImmutableList<WorkflowPublished> Versions { get; init; } = [];

    /// <summary>The stream of a workflow's versions.</summary>
    public static StreamName Stream(string tenant, string workflow) => StreamName.For("workflow", tenant, workflow);

    /// <inheritdoc />
    public WorkflowPublications Evolve(object @event) => @event is WorkflowPublished e ? this with { Definitions = Definitions.SetItem(e.Hash, e.Definition), Versions = Versions.Add(e) } : this;

    /// <summary>Keeps a version once.</summary>
    public Decision Publish(PublishWorkflow command) => Definitions.ContainsKey(command.Workflow.Hash)
        ? Decision.Unchanged
        : new WorkflowPublished(command.Workflow.Name, command.Workflow.Hash, command.Workflow.Canonical, command.At);
}
