using System.Text.Json;
using AIaaS.Commands.Budgets;
using AIaaS.Domain.Tools;
using AIaaS.EventStore;

namespace AIaaS.Commands.Tools;

/// <summary>What became of a call that an operator made.</summary>
/// <param name="Id">The call's id: its stream is <c>toolCall-{tenant}_{id}</c>.</param>
/// <param name="Entry">The call and where it stands.</param>
/// <param name="Position">The consistency token.</param>
public sealed record OperatorCall(string Id, ToolCalls.Entry Entry, LogPosition Position)
{
    /// <summary>The tool's own refusal in full; null where it did not refuse, or did so in an earlier call under the key.</summary>
    public DomainError? Refusal { get; init; }
}

/// <summary>
/// Calls that a trusted operator makes, outside any run. Each has a stream of its own and stands on the ledger like any other: recorded before it leaves, and
/// with its outcome after it.
/// </summary>
public sealed class OperatorCalls(IEventStore log, EventTypes types, IdSource ids, TimeProvider time, ToolRegistry registry, IToolExecutor executor, BudgetLedger? budgets = null)
{
    private const string Call = "call/1/1";
    private const string Step = "call";

    /// <summary>The stream of an operator's call.</summary>
    public static StreamName Stream(string tenant, string id) => StreamName.For("toolCall", tenant, id);

    /// <summary>Calls a tool. The same idempotency key gives the first outcome; a call that was interrupted is made again only where that does no harm.</summary>
    /// <exception cref="DomainException">There is no such tool, the input cannot be recorded, or the key was used for another call.</exception>
    public Task<OperatorCall> CallAsync(string name, string? version, JsonElement input, CommandContext context, CancellationToken cancellationToken = default) =>
        CallAsync(name, version, input, retries: false, context, cancellationToken);

    /// <summary>As above; where it may, a call that failed in a way that can pass is made again, under the key that the far side knows.</summary>
    /// <exception cref="DomainException">There is no such tool, the input cannot be recorded, or the key was used for another call.</exception>
    public async Task<OperatorCall> CallAsync(string name, string? version, JsonElement input, bool retries, CommandContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (ToolContent.Fault(input) is { } fault)
        {
            throw new DomainException(new("input-invalid", $"The input cannot be used: {fault}.", "Change it and send it again."));
        }

        var key = context.IdempotencyKey ?? ids.NewId().ToString("N");
        var id = NamedId.Of("tool-call", context.Tenant, key).ToString("N");
        var stream = Stream(context.Tenant, id);
        var before = await LoadAsync(stream, cancellationToken);
        var tool = await registry.FindAsync(context.Tenant, name, version ?? before.Entry?.Requested.Version, cancellationToken);
        if (before.Entry is { } known)
        {
            if (known.Requested.Tool != name || (version is not null && known.Requested.Version != version) || known.Requested.RequestHash != ToolRequest.Hash(name, known.Requested.Version, input))
            {
                throw new DomainException(Agents.RunErrors.KeyReused());
            }

            if (retries && tool is not null && known.Outcome is ToolCallFailed { Retryable: true })
            {
                var again = known.Requested with { At = time.GetUtcNow() };
                await RequestAsync(stream, before.Version, again, context, cancellationToken);
                return await LeaveAsync(stream, before.Version + 1, tool, again, context, cancellationToken);
            }

            return known.State != ToolCallState.Requested ? new(id, known, before.Position)
                : tool is null || (known.Requested.SideEffect && !known.Requested.Idempotent) ? await GiveUpAsync(stream, context, cancellationToken)
                : await LeaveAsync(stream, before.Version, tool, known.Requested, context, cancellationToken);
        }

        if (tool is null)
        {
            throw new DomainException(ToolErrors.Unknown(name, version));
        }

        var manifest = tool.Manifest;
        var requested = new ToolCallRequested(
            Call, Step, manifest.Name, manifest.Version, input, ToolRequest.Hash(manifest.Name, manifest.Version, input), ToolRequest.Key(context.Tenant, id, Call, manifest.Name), manifest.SideEffect, manifest.Idempotent, null, time.GetUtcNow())
        { Price = manifest.Price };
        await RequestAsync(stream, -1, requested, context, cancellationToken);
        return await LeaveAsync(stream, 0, tool, requested, context, cancellationToken);
    }

    /// <summary>Records what is known of a call whose process ended in the middle of it: unknown where it may have done something, failed otherwise.</summary>
    public async Task<OperatorCall> GiveUpAsync(StreamName stream, CommandContext context, CancellationToken cancellationToken = default)
    {
        var (entry, position, version) = await LoadAsync(stream, cancellationToken);
        if (entry is null)
        {
            throw new DomainException(ToolErrors.UnknownCall(stream.Id));
        }

        if (entry.State != ToolCallState.Requested)
        {
            return new(stream.Id, entry, position);
        }

        const string reason = "the process stopped before the outcome was recorded";
        DomainEvent outcome = entry.Requested.SideEffect
            ? new ToolCallUnknown(Call, Step, entry.Requested.Tool, reason, time.GetUtcNow())
            : new ToolCallFailed(Call, Step, entry.Requested.Tool, "interrupted", reason, true, 0, 0, time.GetUtcNow());
        return await EndAsync(stream, version, outcome, context, cancellationToken);
    }

    private async Task RequestAsync(StreamName stream, long version, ToolCallRequested requested, CommandContext context, CancellationToken cancellationToken)
    {
        try
        {
            await AppendAsync(stream, version, requested, context, cancellationToken);
        }
        catch (WrongExpectedVersionException)
        {
            throw new DomainException(CommandErrors.ConcurrentChange(stream, 1));
        }
    }

    private async Task<OperatorCall> LeaveAsync(StreamName stream, long version, ITool tool, ToolCallRequested requested, CommandContext context, CancellationToken cancellationToken)
    {
        if (requested.Price is { } price && budgets is not null)
        {
            // The request is durable: its outcome settles what is reserved, or says that nothing left.
            var until = time.GetUtcNow() + TimeSpan.FromMilliseconds(tool.Manifest.TimeoutMs) + budgets.Grace;
            var verdict = await budgets.ReserveAsync(new(new(context.Tenant, BudgetAccount.KeyOf(context.Actor)), price, stream, version, Call, requested.At, until, context.CorrelationId) { IsRequested = true }, cancellationToken);
            if (verdict.Refused is { } refused)
            {
                return await EndAsync(stream, version, new ToolCallFailed(Call, Step, requested.Tool, refused.Code, refused.Message, false, 0, 0, time.GetUtcNow()), context, CancellationToken.None);
            }
        }

        var call = new ToolCall(context.Tenant, stream, Call, requested.IdempotencyKey, requested.RequestHash, requested.Input, null, context.CorrelationId);
        var result = await executor.ExecuteAsync(tool, call, cancellationToken);
        var at = time.GetUtcNow();
        var ended = await EndAsync(
            stream,
            version,
            result.Outcome switch
            {
                ToolOutcome.Succeeded s => new ToolCallSucceeded(Call, Step, requested.Tool, s.Output, result.Attempts, result.LatencyMs, at) { Cost = requested.Price },
                ToolOutcome.Failed f => new ToolCallFailed(Call, Step, requested.Tool, f.Code, f.Reason, f.Retryable, result.Attempts, result.LatencyMs, at),
                ToolOutcome.Unknown u => new ToolCallUnknown(Call, Step, requested.Tool, u.Reason, at),
                _ => throw new InvalidOperationException($"The outcome {result.Outcome} is not known."),
            },
            context,
            CancellationToken.None);
        return ended with { Refusal = (result.Outcome as ToolOutcome.Failed)?.Error };
    }

    private async Task<OperatorCall> EndAsync(StreamName stream, long version, DomainEvent outcome, CommandContext context, CancellationToken cancellationToken)
    {
        try
        {
            await AppendAsync(stream, version, outcome, context, cancellationToken);
        }
        catch (WrongExpectedVersionException)
        {
            // Another process gave the call up meanwhile. An outcome that is certain settles what it had to leave unknown.
            var (entry, _, last) = await LoadAsync(stream, cancellationToken);
            if (entry?.State == ToolCallState.Unknown && outcome is ToolCallSucceeded or ToolCallFailed)
            {
                var succeeded = outcome as ToolCallSucceeded;
                var late = new ToolCallResolved(Call, Step, entry!.Requested.Tool, succeeded is not null, succeeded?.Output, "the answer came late", context.Actor, time.GetUtcNow());
                try
                {
                    await AppendAsync(stream, last, late, context, cancellationToken);
                }
                catch (WrongExpectedVersionException)
                {
                    // A person was faster; what they found out stands.
                    return await CurrentAsync(stream, cancellationToken);
                }
            }
        }

        return await CurrentAsync(stream, cancellationToken);
    }

    private async Task<OperatorCall> CurrentAsync(StreamName stream, CancellationToken cancellationToken)
    {
        var (entry, position, _) = await LoadAsync(stream, cancellationToken);
        return new(stream.Id, entry!, position);
    }

    private Task<AppendResult> AppendAsync(StreamName stream, long version, DomainEvent @event, CommandContext context, CancellationToken cancellationToken)
    {
        var type = types.Of(@event);
        var metadata = Agents.RunMetadata.For(context, ids) with { Schema = type.Schema };
        return log.AppendAsync(stream, ExpectedVersion.Exact(version), [types.Write(ids.NewId(), @event, metadata)], cancellationToken);
    }

    private async Task<(ToolCalls.Entry? Entry, LogPosition Position, long Version)> LoadAsync(StreamName stream, CancellationToken cancellationToken)
    {
        var calls = ToolCalls.Initial;
        var position = LogPosition.Start;
        var version = -1L;
        await foreach (var recorded in log.ReadStreamOrEmptyAsync(stream, cancellationToken: cancellationToken))
        {
            calls = calls.Evolve(types.Read(recorded));
            position = recorded.Position;
            version = recorded.Version;
        }

        return (calls.Calls.GetValueOrDefault(Call), position, version);
    }
}
