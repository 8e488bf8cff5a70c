using System.Text.Json.Serialization;
using AIaaS.EventStore;

namespace AIaaS.Domain.Agents;

/// <summary>
/// Type <c>workflow.published</c>, stream <c>workflow-{tenant}_{name}</c> (of shipped workflows <c>workflow-platform_{name}</c>): one version of
/// a workflow with everything that it uses, kept so that runs that pinned it go on and replay after the workflow has changed.
/// </summary>
/// <param name="Workflow">The workflow's name.</param>
/// <param name="Hash">SHA-256 (hex) of the definition.</param>
/// <param name="Definition">The workflow in its canonical form.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record WorkflowPublished(string Workflow, string Hash, string Definition, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>workflow.source.put</c>, stream <c>workflowSources-{tenant}_main</c>: a tenant's own workflow, fragment or overlay, as it was written.</summary>
/// <param name="Kind"><c>workflow</c>, <c>fragment</c> or <c>overlay</c>.</param>
/// <param name="Name">Its name.</param>
/// <param name="Source">The YAML.</param>
/// <param name="Version">Of a workflow: the version that it was linked to; null otherwise.</param>
/// <param name="Actor">Who put it.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record WorkflowSourcePut(string Kind, string Name, string Source, string? Version, string Actor, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>workflow.source.removed</c>: a tenant's own fragment or overlay is gone.</summary>
/// <param name="Kind"><c>fragment</c> or <c>overlay</c>.</param>
/// <param name="Name">Its name.</param>
/// <param name="Actor">Who removed it.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record WorkflowSourceRemoved(string Kind, string Name, string Actor, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>workflow.activated</c>: from here on the tenant's new runs of the workflow are of this version. A rollback is one, too.</summary>
/// <param name="Workflow">The workflow's name.</param>
/// <param name="Version">The version.</param>
/// <param name="Reason">Why.</param>
/// <param name="Actor">Who activated it.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record WorkflowActivated(string Workflow, string Version, string Reason, string Actor, DateTimeOffset At) : DomainEvent
{
    /// <summary>The revision that the change was made from: what was activated together has the same. Null of older events.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Change { get; init; }

    /// <summary>Whether both were activated by one change.</summary>
    public bool IsWith(WorkflowActivated other) => Change == other.Change && (Change is not null || (At, Actor, Reason) == (other.At, other.Actor, other.Reason));
}
