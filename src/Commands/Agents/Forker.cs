using System.Globalization;
using AIaaS.Commands.Routing;
using AIaaS.Domain.Agents;
using AIaaS.Domain.Tools;
using AIaaS.EventStore;

namespace AIaaS.Commands.Agents;

/// <summary>Forks a run: what came before a step is taken over as recorded, from there it runs anew with one thing changed.</summary>
/// <param name="Run">The run to fork from; it must have ended.</param>
/// <param name="FromStep">The first step that runs anew.</param>
/// <param name="Prompt">Another prompt for that step; null: unchanged.</param>
/// <param name="Tier">Another tier for that step; null: unchanged.</param>
/// <param name="Model">Another model for that step; null: unchanged.</param>
public sealed record ForkRun(string Run, string FromStep, string? Prompt = null, Tier? Tier = null, string? Model = null);

/// <summary>A fork that is durable and runs.</summary>
/// <param name="Run">The new run.</param>
/// <param name="Position">The consistency token.</param>
/// <param name="Repeated">Whether the same fork had been asked for before under the same idempotency key.</param>
public sealed record ForkAccepted(string Run, LogPosition Position, bool Repeated);

/// <summary>Forks runs. A fork is a run of its own: it has its own events, is marked as a fork, and can be replayed.</summary>
public sealed class Forker(RunEngine engine, EpisodeStore episodes, EventTypes types, WorkflowCatalog workflows, ModelCatalog models, IdSource ids, TimeProvider time)
{
    /// <summary>The longest prompt.</summary>
    public const int MaxPromptLength = 20_000;

    /// <summary>Forks a run. The new run goes on in the background; <see cref="RunEngine.ExecuteAsync"/> waits for it.</summary>
    /// <exception cref="DomainException">The run, the step or the model is unknown, or the run has not ended.</exception>
    public async Task<ForkAccepted> ForkAsync(ForkRun command, CommandContext context, CancellationToken cancellationToken = default)
    {
        var source = (await engine.LoadAsync(context.Tenant, command.Run, cancellationToken)).State;
        if (source.Completed is null || source.Started is not { } started)
        {
            throw new DomainException(RunErrors.StillRunning(command.Run));
        }

        var workflow = await workflows.FindVersionAsync(context.Tenant, source.Request!.Workflow, started.Pins.Workflow, cancellationToken)
            ?? throw new DomainException(RunErrors.WorkflowVersionMissing(source.Request.Workflow, started.Pins.Workflow));
        if (workflow.Find(command.FromStep) is not { } node || (node is not StartNode && !source.Visits.ContainsKey(node.Id)))
        {
            throw new DomainException(RunErrors.UnknownStep(command.FromStep, [.. source.Visits.Keys.Order(StringComparer.Ordinal)]));
        }

        Check(command, node);
        var origin = new ForkOrigin(command.Run, command.FromStep, command.Prompt, command.Tier, command.Model);
        var hash = RequestHash.Of("fork", command.Run, command.FromStep, command.Prompt, command.Tier?.ToString(), command.Model);
        var run = (context.IdempotencyKey is { } key ? NamedId.Of("fork", context.Tenant, key) : ids.NewId()).ToString("N");
        var episode = await episodes.ExportAsync(context.Tenant, command.Run, cancellationToken);
        var first = Rewrite(episode, run, hash, origin);
        var metadata = RunMetadata.For(context, ids);
        try
        {
            var begun = await engine.BeginAsync(context.Tenant, workflow, first, metadata, cancellationToken);
            return new(run, begun.Position, false);
        }
        catch (WrongExpectedVersionException)
        {
            var there = await engine.LoadAsync(context.Tenant, run, cancellationToken);
            return there.State.Request!.RequestHash == hash ? new(run, there.Position, true) : throw new DomainException(RunErrors.KeyReused());
        }
    }

    private void Check(ForkRun command, WorkflowNode node)
    {
        if (node is not ModelNode && (command.Prompt is not null || command.Model is not null || command.Tier is not null))
        {
            throw new DomainException(RunErrors.NothingToChange(command.FromStep));
        }

        if (command.Prompt is { } prompt && (string.IsNullOrWhiteSpace(prompt) || prompt.Length > MaxPromptLength))
        {
            throw new DomainException(RunErrors.Invalid("invalid-prompt", $"The prompt has {prompt.Length} characters.", string.Create(CultureInfo.InvariantCulture, $"Give one of 1 to {MaxPromptLength} characters, or none to leave it unchanged.")));
        }

        if (command.Model is { } model && models.Find(model) is null)
        {
            throw new DomainException(RunErrors.UnknownModel(model, models.Models));
        }
    }

    /// <summary>The events before the step, as the fork's own: with its id and origin, and moved in time so that the last of them is now and all spans between them stay.</summary>
    private List<DomainEvent> Rewrite(Episode episode, string run, string hash, ForkOrigin origin)
    {
        List<DomainEvent> taken = [];
        foreach (var e in episode.Events)
        {
            var @event = (DomainEvent)types.Read(e.Type, e.Data.Span);
            taken.Add(@event);
            if (@event is StepCompleted { Next: { } next } && next == origin.FromStep)
            {
                break;
            }
        }

        // A run stands at its start step without having been led there.
        if (taken[^1] is not StepCompleted)
        {
            var kept = taken.FindIndex(e => e is RunStarted) + 1;
            taken.RemoveRange(kept, taken.Count - kept);
        }

        var shift = time.GetUtcNow() - RunEventTimes.Of(taken[^1])!.Value;
        for (var i = 0; i < taken.Count; i++)
        {
            var moved = RunEventTimes.Move(taken[i], shift);
            taken[i] = moved switch
            {
                RunRequested e => e with { Run = run, RequestHash = hash, Fork = origin },
                RunStarted e => e with { Pins = Pins(e.Pins, origin) },
                ToolCallRequested e => e with { IdempotencyKey = ToolRequest.Key(episode.Tenant, run, e.Call, e.Tool), Reserved = null },

                // A fork spends no budget, and is not metered.
                ModelCallRequested e => e with { Reserved = null },
                _ => moved,
            };
        }

        return taken;
    }

    private static RunPins Pins(RunPins pins, ForkOrigin origin) =>
        origin.Prompt is { } prompt ? pins with { Prompts = pins.Prompts.SetItem(origin.FromStep, Workflow.HashOf(prompt)) } : pins;
}
