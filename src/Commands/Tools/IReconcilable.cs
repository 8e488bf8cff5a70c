namespace AIaaS.Commands.Tools;

/// <summary>A tool whose far side can be asked what became of a call, without doing it again.</summary>
public interface IReconcilable
{
    /// <summary>
    /// Looks an unknown call up by its idempotency key. Null while the far side cannot tell for certain; the call then stays unknown.
    /// Nothing is changed on the far side.
    /// </summary>
    Task<ToolOutcome?> ReconcileAsync(ToolCall call, CancellationToken cancellationToken);
}
