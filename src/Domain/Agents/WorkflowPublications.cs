using System.Collections.Immutable;
using AIaaS.Domain.Tenants;
using AIaaS.EventStore;

namespace AIaaS.Domain.Agents;

/// <summary>Publishes a workflow.</summary>
/// <param name="Workflow">The workflow.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record PublishWorkflow(Workflow Workflow, DateTimeOffset At);

/// <summary>All versions of a workflow that ever ran here, each kept once.</summary>
public sealed record WorkflowPublications : IState<WorkflowPublications>
{
    /// <summary>Before the first version.</summary>
    public static WorkflowPublications Initial { get; } = new();

    /// <summary>The canonical form of each version, by its hash.</summary>
    public ImmutableDictionary<string, string> Definitions { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>The stream of a workflow's versions.</summary>
    public static StreamName Stream(string workflow) => StreamName.For("workflow", Tenant.Platform, workflow);

    /// <inheritdoc />
    public WorkflowPublications Evolve(object @event) => @event is WorkflowPublished e ? this with { Definitions = Definitions.SetItem(e.Hash, e.Definition) } : this;

    /// <summary>Keeps a version once.</summary>
    public Decision Publish(PublishWorkflow command) => Definitions.ContainsKey(command.Workflow.Hash)
        ? Decision.Unchanged
        : new WorkflowPublished(command.Workflow.Name, command.Workflow.Hash, command.Workflow.Canonical, command.At);
}
