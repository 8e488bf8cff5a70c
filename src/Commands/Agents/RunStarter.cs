using System.Text.Json;
using AIaaS.Domain.Agents;
using AIaaS.EventStore;

namespace AIaaS.Commands.Agents;

/// <summary>Starts a run that no message asks for.</summary>
/// <param name="Workflow">The workflow.</param>
/// <param name="Input">Its input, a JSON object: <c>$.input</c>; null for none.</param>
/// <param name="Text">What it works on, as if a customer had written it; empty for nothing.</param>
/// <param name="Customer">The customer's id at the tenant, as the tenant says; null where unknown. It authenticates nobody.</param>
public sealed record StartRun(string Workflow, JsonElement? Input = null, string Text = "", string? Customer = null);

/// <summary>A run that is durable and goes on by itself.</summary>
/// <param name="Run">The run.</param>
/// <param name="Position">The consistency token.</param>
/// <param name="Repeated">Whether it had been asked for before under the same idempotency key.</param>
public sealed record RunAccepted(string Run, LogPosition Position, bool Repeated);

/// <summary>Starts runs by themselves, without a conversation.</summary>
public sealed class RunStarter(RunEngine engine, WorkflowCatalog workflows, IdSource ids, TimeProvider time)
{
    /// <summary>The largest input, in characters of JSON.</summary>
    public const int MaxInputLength = 64 * 1024;

    /// <summary>Starts a run. When this returns its start is durable, and it goes on in the background; <see cref="RunEngine.RestAsync"/> waits for it.</summary>
    /// <exception cref="DomainException">There is no such workflow, or the input is no object or too large.</exception>
    public async Task<RunAccepted> StartAsync(StartRun command, CommandContext context, CancellationToken cancellationToken = default)
    {
        if (command.Input is { } given && (given.ValueKind != JsonValueKind.Object || given.GetRawText().Length > MaxInputLength))
        {
            throw new DomainException(RunErrors.Invalid("invalid-input", $"The input must be a JSON object of at most {MaxInputLength} characters.", "Send an object, or leave it out."));
        }

        var workflow = await workflows.GetAsync(context.Tenant, command.Workflow, cancellationToken);
        var run = (context.IdempotencyKey is { } key ? NamedId.Of("own-run", context.Tenant, key) : ids.NewId()).ToString("N");

        // As it is read back from its event, so that a replay sees the same.
        var input = command.Input is { } json ? RunMachine.Normal(json) : (JsonElement?)null;
        var hash = RequestHash.Of("run", command.Workflow, input?.GetRawText(), command.Text, command.Customer);
        var request = new RunRequested(run, "", "", command.Text, workflow.Name, hash, null, time.GetUtcNow()) { Customer = command.Customer, Input = input };
        try
        {
            var begun = await engine.BeginAsync(context.Tenant, workflow, [request], RunMetadata.For(context, ids), cancellationToken);
            return new(run, begun.Position, false);
        }
        catch (WrongExpectedVersionException)
        {
            var there = await engine.LoadAsync(context.Tenant, run, cancellationToken);
            return there.State.Request!.RequestHash == hash ? new(run, there.Position, true) : throw new DomainException(RunErrors.KeyReused());
        }
    }
}
