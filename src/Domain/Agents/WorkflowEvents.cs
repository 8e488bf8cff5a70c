using AIaaS.EventStore;

namespace AIaaS.Domain.Agents;

/// <summary>
/// Type <c>workflow.published</c>, stream <c>workflow-platform_{name}</c>: one version of a workflow, kept so that episodes that pinned it
/// replay after the workflow has changed.
/// </summary>
/// <param name="Workflow">The workflow's name.</param>
/// <param name="Hash">SHA-256 (hex) of the definition.</param>
/// <param name="Definition">The workflow in its canonical form.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record WorkflowPublished(string Workflow, string Hash, string Definition, DateTimeOffset At) : DomainEvent;
