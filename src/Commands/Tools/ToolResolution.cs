using System.Text.Json;
using AIaaS.Commands.Agents;
using AIaaS.Domain.Tools;
using AIaaS.EventStore;

namespace AIaaS.Commands.Tools;

/// <summary>Settles calls whose outcome is unknown: what was found out goes into the stream of the run, saga or operator's call, which then goes on.</summary>
public sealed class ToolResolution(OutsideEvents outside, IEventStore log, EventTypes types, IdSource ids, TimeProvider time, ToolRegistry registry, RunEngine? engine = null)
{
    /// <summary>The longest reason.</summary>
    public const int MaxReason = 1_000;

    // Only in these streams do tool calls stand.
    private static readonly string[] Callers = ["agentRun", "saga", "toolCall"];

    /// <summary>Records what became of an unknown call.</summary>
    /// <param name="stream">The stream that the call stands in.</param>
    /// <param name="call">The call's id there.</param>
    /// <param name="succeeded">Whether the far side did it.</param>
    /// <param name="output">What it returned; null where that is not known.</param>
    /// <param name="reason">How this was found out.</param>
    /// <param name="context">Who says so.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="DomainException">There is no such call, its outcome is not unknown, or the output is none of the tool's.</exception>
    public async Task<CommandResult<ToolCalls>> ResolveAsync(StreamName stream, string call, bool succeeded, JsonElement? output, string reason, CommandContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentException.ThrowIfNullOrWhiteSpace(reason);
        if (!Callers.Contains(stream.Category) || stream.Tenant != context.Tenant)
        {
            throw new DomainException(ToolErrors.UnknownCall(call));
        }

        if (output is { } value)
        {
            await CheckAsync(stream, call, succeeded, value, cancellationToken);
        }

        // The tool's own books first: whoever waits for the call goes on as soon as it is settled, and looks at them.
        var known = await TellAsync(stream, call, succeeded, reason, context, cancellationToken);
        return await SettleAsync(stream, call, succeeded, output ?? known, reason, context, cancellationToken);
    }

    /// <summary>As <see cref="ResolveAsync"/>, with an output that has been looked at already.</summary>
    internal async Task<CommandResult<ToolCalls>> SettleAsync(StreamName stream, string call, bool succeeded, JsonElement? output, string reason, CommandContext context, CancellationToken cancellationToken)
    {
        var command = new ResolveToolCall(call, succeeded, output, reason.Length <= MaxReason ? reason : reason[..MaxReason], context.Actor, time.GetUtcNow());
        var settled = await outside.AppendAsync<ToolCalls>(stream, calls => calls.Resolve(command), context, ids, cancellationToken);
        if (stream.Category == "agentRun")
        {
            // A saga's dispatcher hears of it by its subscription; a run that waits would look again only at the recovery's next round.
            engine?.Wake(stream.Tenant, stream.Id);
        }

        return settled;
    }

    /// <summary>A call as it was requested; null where there is none.</summary>
    public async Task<ToolCalls.Entry?> FindAsync(StreamName stream, string call, CancellationToken cancellationToken = default)
    {
        var calls = ToolCalls.Initial;
        await foreach (var recorded in log.ReadStreamOrEmptyAsync(stream, cancellationToken: cancellationToken))
        {
            if (recorded.Type.StartsWith("tool.call.", StringComparison.Ordinal))
            {
                calls = calls.Evolve(types.Read(recorded));
            }
        }

        return calls.Calls.GetValueOrDefault(call);
    }

    private async Task<JsonElement?> TellAsync(StreamName stream, string call, bool succeeded, string reason, CommandContext context, CancellationToken cancellationToken) =>
        await FindAsync(stream, call, cancellationToken) is { State: ToolCallState.Unknown, Requested: var requested }
        && await registry.FindAsync(stream.Tenant, requested.Tool, requested.Version, cancellationToken) is IResolvable tool
            ? await tool.ResolveAsync(new(stream.Tenant, stream, call, requested.IdempotencyKey, requested.RequestHash, requested.Input, null, context.CorrelationId), succeeded, reason, context, cancellationToken)
            : null;

    private async Task CheckAsync(StreamName stream, string call, bool succeeded, JsonElement output, CancellationToken cancellationToken)
    {
        if (!succeeded)
        {
            throw new DomainException(ToolErrors.Invalid("A call that was not done has no output.", "Leave 'output' out."));
        }

        if (ToolContent.Fault(output) is { } fault)
        {
            throw new DomainException(ToolErrors.Invalid($"The output cannot be used: {fault}.", "Change it, or leave it out where it is not known."));
        }

        if (await FindAsync(stream, call, cancellationToken) is { Requested: var requested }
            && await registry.FindAsync(stream.Tenant, requested.Tool, requested.Version, cancellationToken) is { Manifest.Output: var schema }
            && new ToolSchema(schema).Fault(output) is { } wrong)
        {
            throw new DomainException(ToolErrors.Invalid($"The output does not fit the schema of '{requested.Tool}': {wrong}.", "Give what the tool would have returned, or leave it out where it is not known."));
        }
    }
}
