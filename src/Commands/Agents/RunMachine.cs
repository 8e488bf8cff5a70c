using System.Collections.Immutable;
using AIaaS.Commands.Routing;
using AIaaS.Domain;
using AIaaS.Domain.Agents;
using AIaaS.EventStore;

namespace AIaaS.Commands.Agents;

/// <summary>
/// Carries out a run's moves, one event each. Live runs and replays go through the same code; they differ only in their context.
/// </summary>
internal sealed class RunMachine(Run run, Workflow workflow, RunContext context)
{
    /// <summary>The fold of everything up to now.</summary>
    public Run Run { get; private set; } = run;

    /// <summary>Goes on up to the next call that has to leave, or to the end, and makes that durable. Says whether a call has to leave.</summary>
    public async Task<bool> AdvanceAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var move = RunRules.Next(Run, workflow);
            if (move is RunMove.Rest or RunMove.MakeCall)
            {
                await context.FlushAsync(cancellationToken);
                return move is RunMove.MakeCall;
            }

            await MakeAsync(move, cancellationToken);
        }
    }

    /// <summary>Makes the call that was requested.</summary>
    public Task CallAsync(CancellationToken cancellationToken) => MakeAsync(RunRules.Next(Run, workflow), cancellationToken);

    /// <summary>Makes exactly one move; says false when there is none left.</summary>
    public async Task<bool> MakeOneAsync(CancellationToken cancellationToken)
    {
        var move = RunRules.Next(Run, workflow);
        if (move is RunMove.Rest)
        {
            return false;
        }

        await MakeAsync(move, cancellationToken);
        return true;
    }

    /// <summary>Takes an event that comes from outside the rules: the request, and that a worker took the run up again.</summary>
    public void Take(DomainEvent @event)
    {
        context.Record(@event);
        Run = Run.Evolve(@event);
    }

    private async Task MakeAsync(RunMove move, CancellationToken cancellationToken) => Take(move switch
    {
        RunMove.Start => Start(),
        RunMove.Search m => await SearchAsync(m.Node, cancellationToken),
        RunMove.RequestCall m => await RequestAsync(m.Node, cancellationToken),
        RunMove.MakeCall m => await CallAsync(m.Call, cancellationToken),
        RunMove.GiveUpCall m => new ModelCallFailed(m.Call.Call, m.Call.Step, "the worker stopped before the outcome was recorded", true, true, context.Now()),
        RunMove.Check m => Check(m.Node),
        RunMove.Leave m => Step(m.Node, m.Result, m.Detail, m.Next),
        RunMove.End m => End(m.Outcome, m.Reason, m.Text),
        _ => throw new InvalidOperationException($"The run engine does not know the move {move}."),
    });

    private RunStarted Start()
    {
        var at = context.Now();
        var (models, priceBook, engine) = context.Pins();
        var prompts = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var node in workflow.Nodes)
        {
            if (node is ModelNode model)
            {
                prompts[model.Id] = ForkOf(model) is { Prompt: { } other } ? Workflow.HashOf(other) : model.PromptHash;
            }
        }

        return new(new(workflow.Hash, prompts.ToImmutable(), models, priceBook, engine), workflow.Limits.Steps, Money.Usd(workflow.Limits.CostUsd), at);
    }

    private async Task<DomainEvent> SearchAsync(RetrieveNode node, CancellationToken cancellationToken)
    {
        try
        {
            var query = Run.Request!.Text;
            var found = await context.RetrieveAsync(node, query, cancellationToken);
            return new KnowledgeRetrieved(node.Id, query, found.Passages, found.IndexPosition, context.Now());
        }
        catch (RetrievalFailedException)
        {
            return End(RunOutcome.Failed, "retrieval-unavailable", null);
        }
    }

    private async Task<DomainEvent> RequestAsync(ModelNode node, CancellationToken cancellationToken)
    {
        var pins = Run.Started!.Pins;
        var fork = ForkOf(node);
        var tier = fork?.Tier ?? node.Tier;
        var model = fork?.Model ?? pins.Models.GetValueOrDefault(tier.ToString(), "");
        var rejected = Run.Answer is not null && Run.Setback is { Result: "rejected" } setback ? setback.Detail : null;
        var request = AnswerContract.BuildRequest(model, fork?.Prompt ?? node.Prompt, Run.Request!.Text, Run.Found?.Passages ?? [], node.MaxOutputTokens, rejected);
        if (context.WorstCase(pins.PriceBook, model, request, node.MaxOutputTokens) is not { } worstCase)
        {
            return End(RunOutcome.Failed, "model-unknown", null);
        }

        if (Run.StepTokens + TokenCounter.Count(request) + node.MaxOutputTokens > workflow.Limits.StepTokens)
        {
            return End(RunOutcome.Cut, "step-tokens", null);
        }

        if (worstCase > Run.Available)
        {
            return End(RunOutcome.Cut, "budget", null);
        }

        if (Run.Attempts > 0)
        {
            await context.PauseAsync(RunRules.Backoff(Run.Request.Run, Run.NextCall, Run.Attempts), cancellationToken);
        }

        return new ModelCallRequested(Run.NextCall, node.Id, Run.Attempts + 1, tier, model, request, worstCase, context.Now());
    }

    private async Task<DomainEvent> CallAsync(ModelCallRequested call, CancellationToken cancellationToken)
    {
        var left = TimeSpan.FromMilliseconds(workflow.Limits.StepMs) - (call.At - Run.StepSince);
        var outcome = await context.CallAsync(call, left, cancellationToken);
        return outcome.Answer is { } answer
            ? new ModelCallCompleted(call.Call, call.Step, call.Tier, call.Model, answer.Content, answer.Usage, context.Cost(Run.Started!.Pins.PriceBook, call.Model, answer.Usage), context.Now())
            : new ModelCallFailed(call.Call, call.Step, outcome.Reason, outcome.Retryable, outcome.Unknown, context.Now());
    }

    private StepCompleted Check(ValidateNode node)
    {
        var verdict = Run.Answer is { } answer
            ? Gates.Check(node, Run.Request!.Text, answer.Response, Run.Found?.Passages ?? [])
            : Verdict.Rejected("no-answer", "no model has answered");
        var target = verdict switch
        {
            { Result: "passed" } => node.Passed,
            { Handoff: true } => node.Handoff,
            _ => node.Rejected,
        };
        return Step(node, verdict.Result, verdict.Detail, RunRules.Resolve(Run, workflow, target));
    }

    private StepCompleted Step(WorkflowNode node, string result, string detail, string? next) =>
        new(node.Id, node.Type, Run.Steps + 1, result, detail, next, context.Now());

    private RunCompleted End(RunOutcome outcome, string reason, string? text)
    {
        var at = context.Now();
        var reply = outcome == RunOutcome.Answered && Run.Answer is { } answer ? AnswerContract.Parse(answer.Response).Reply : null;
        return new(
            outcome,
            reply is { Reason: AnswerReason.SmallTalk } ? "small-talk" : reason,
            reply?.Answer ?? text ?? workflow.Fallback,
            reply is null ? [] : Gates.Cite(reply, Run.Found?.Passages ?? []),
            workflow.Name,
            Run.Answer?.Tier,
            Run.Steps,
            Run.ModelCalls,
            Run.Usage,
            Run.Cost,
            (at - Run.Request!.At).TotalMilliseconds,
            Run.Request.Fork is not null,
            at);
    }

    private ForkOrigin? ForkOf(ModelNode node) => Run.Request?.Fork is { } fork && fork.FromStep == node.Id ? fork : null;
}
