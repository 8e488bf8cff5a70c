using System.Collections.Immutable;
using System.Globalization;
using AIaaS.Domain.Agents;

namespace AIaaS.Commands.Agents;

/// <summary>A fault in a workflow's source.</summary>
/// <param name="File">The file, as it was given.</param>
/// <param name="Line">From 1.</param>
/// <param name="Column">From 1.</param>
/// <param name="Message">What is wrong.</param>
/// <param name="Hint">How to mend it.</param>
public sealed record WorkflowFault(string File, int Line, int Column, string Message, string Hint)
{
    /// <inheritdoc />
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{File}:{Line}:{Column}: {Message} {Hint}");
}

/// <summary>What came of loading a workflow: the workflow, or everything that is wrong with its source.</summary>
/// <param name="Workflow">The workflow; null where there are faults.</param>
/// <param name="Faults">In the order of the source.</param>
public sealed record WorkflowLoad(Workflow? Workflow, ImmutableArray<WorkflowFault> Faults);

/// <summary>Workflows that cannot be used; the message lists every fault with file, line and column.</summary>
public sealed class InvalidWorkflowException(ImmutableArray<WorkflowFault> faults)
    : Exception("These workflows cannot be used:" + Environment.NewLine + string.Join(Environment.NewLine, faults))
{
    /// <summary>The faults.</summary>
    public ImmutableArray<WorkflowFault> Faults => faults;
}
