using System.Text.Json;
using AIaaS.EventStore;

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

/// <summary>A tool that keeps books of its own, which have to hear what a person found out about an unknown call.</summary>
public interface IResolvable
{
    /// <summary>Records what became of an unknown call; again, it changes nothing. Nothing is changed on the far side.</summary>
    /// <param name="call">The call as it was made.</param>
    /// <param name="succeeded">Whether the far side did it.</param>
    /// <param name="reason">How this was found out.</param>
    /// <param name="context">Who says so.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>What the tool would have returned; null where it was not done.</returns>
    /// <exception cref="DomainException">What became of it is known, and it is not that.</exception>
    Task<JsonElement?> ResolveAsync(ToolCall call, bool succeeded, string reason, CommandContext context, CancellationToken cancellationToken);
}
