using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using AIaaS.Commands.Routing;
using AIaaS.Commands.Tools;
using AIaaS.Domain;
using AIaaS.Domain.Agents;
using AIaaS.Domain.Budgets;
using AIaaS.Domain.Tools;
using AIaaS.EventStore;

namespace AIaaS.Commands.Agents;

/// <summary>
/// Carries out a run's moves, one event each. Live runs and replays go through the same code; they differ only in their context.
/// </summary>
internal sealed class RunMachine(Run run, Workflow workflow, RunContext context)
{
    /// <summary>What the reason of a call that a budget has made smaller begins with.</summary>
    public const string BudgetPrefix = BudgetErrors.ExhaustedCode + ": ";

    private readonly List<DomainEvent> arrived = [];
    private readonly Dictionary<string, Task<DomainEvent>> calls = new(StringComparer.Ordinal);

    /// <summary>The fold of everything up to now.</summary>
    public Run Run { get; private set; } = run;

    /// <summary>The version of the workflow that the run is on.</summary>
    public Workflow Workflow { get; set; } = workflow;

    /// <summary>Goes on up to the next call that has to leave, or to the rest, and makes that durable. Says whether a call has to leave.</summary>
    public async Task<bool> AdvanceAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var move = RunRules.Next(Run, Workflow);
            if (move is RunMove.Rest or RunMove.MakeCall or RunMove.CallTool or RunMove.Outside)
            {
                await context.FlushAsync(cancellationToken);
                arrived.Clear();
                return move is not RunMove.Rest;
            }

            await MakeAsync(move, cancellationToken);
        }
    }

    /// <summary>Makes the calls that were requested and have not left, and takes the first outcome that comes.</summary>
    public async Task CallAsync(CancellationToken cancellationToken)
    {
        var outcome = RunRules.Next(Run, Workflow) switch
        {
            RunMove.Outside several => await FirstAsync(several.Calls, cancellationToken),
            var move when calls.Count == 0 => await OutcomeAsync(move, cancellationToken),
            var move => await FirstAsync([move], cancellationToken),
        };
        Arrive(outcome);
    }

    /// <summary>Makes exactly one move; says false when there is none left.</summary>
    public async Task<bool> MakeOneAsync(CancellationToken cancellationToken)
    {
        var move = RunRules.Next(Run, Workflow);
        switch (move)
        {
            case RunMove.Rest:
                return false;
            case RunMove.Outside several:
                var first = context.Arrived();
                Take(await OutcomeAsync(several.Calls.FirstOrDefault(c => NameOf(c) == first) ?? several.Calls[0], cancellationToken));
                return true;
            default:
                await MakeAsync(move, cancellationToken);
                return true;
        }
    }

    /// <summary>Takes an event that comes from outside the rules: the request, a signal, and that a worker took the run up again.</summary>
    public void Take(DomainEvent @event)
    {
        context.Record(@event);
        Run = Run.Evolve(@event);
    }

    /// <summary>Goes on from what others have written meanwhile; outcomes that were heard and are not in the log yet are taken again.</summary>
    public void Rebase(Run loaded)
    {
        Run = loaded;
        foreach (var outcome in arrived)
        {
            Take(outcome);
        }
    }

    private void Arrive(DomainEvent outcome)
    {
        arrived.Add(outcome);
        Take(outcome);
    }

    private async Task<DomainEvent> FirstAsync(ImmutableArray<RunMove> moves, CancellationToken cancellationToken)
    {
        foreach (var move in moves)
        {
            var name = NameOf(move);
            if (!calls.ContainsKey(name))
            {
                calls.Add(name, OutcomeAsync(move, cancellationToken));
            }
        }

        var first = await Task.WhenAny(moves.Select(m => calls[NameOf(m)]));
        foreach (var (name, call) in calls)
        {
            if (call == first)
            {
                calls.Remove(name);
                break;
            }
        }

        return Now(await first);
    }

    private static string NameOf(RunMove move) => move switch
    {
        RunMove.MakeCall m => m.Call.Call,
        RunMove.CallTool m => m.Call.Call,
        _ => throw new InvalidOperationException($"{move} is no call."),
    };

    /// <summary>An outcome is recorded when it is taken: the events of a run are in the order of their times.</summary>
    private DomainEvent Now(DomainEvent outcome)
    {
        var at = context.Now();
        return outcome switch
        {
            ModelCallCompleted e => e with { At = at },
            ModelCallFailed e => e with { At = at },
            ToolCallSucceeded e => e with { At = at },
            ToolCallFailed e => e with { At = at },
            ToolCallUnknown e => e with { At = at },
            _ => outcome,
        };
    }

    private Task<DomainEvent> OutcomeAsync(RunMove move, CancellationToken cancellationToken) => move switch
    {
        RunMove.MakeCall m => CallModelAsync(m.Call, cancellationToken),
        RunMove.CallTool m => CallToolAsync(m.Call, cancellationToken),
        _ => throw new InvalidOperationException($"{move} is no call."),
    };

    /// <summary>Makes a move that asks nothing of the world but the time; null where it is another one.</summary>
    private DomainEvent? MakeHere(RunMove move) => move switch
    {
        RunMove.Leave m => Leave(m),
        RunMove.GiveUpCall m => new ModelCallFailed(m.Call.Call, m.Call.Step, "the worker stopped before the outcome was recorded", true, true, context.Now()),
        RunMove.Undone m => new ToolCallCompensated(m.Effect.Call, m.Effect.Step, m.Effect.Tool, m.By.Call, context.Now()),
        RunMove.LoseTool m => new ToolCallUnknown(m.Call.Call, m.Call.Step, m.Call.Tool, "the worker stopped before the outcome was recorded", context.Now()),
        RunMove.Wait m => Wait(m.Node),
        RunMove.End m => End(m),
        _ => null,
    };

    private Task MakeAsync(RunMove move, CancellationToken cancellationToken)
    {
        if (MakeHere(move) is not { } @event)
        {
            return AskAndMakeAsync(move, cancellationToken);
        }

        Take(@event);
        return Task.CompletedTask;
    }

    private async Task AskAndMakeAsync(RunMove move, CancellationToken cancellationToken) => Take(move switch
    {
        RunMove.Start => await StartAsync(cancellationToken),
        RunMove.Search m => await SearchAsync(m.Node, cancellationToken),
        RunMove.RequestCall m => await RequestAsync(m.Node, null, cancellationToken),
        RunMove.Read m => await ReadAsync(m.Node, cancellationToken),
        RunMove.MakeCall or RunMove.CallTool => await OutcomeAsync(move, cancellationToken),
        RunMove.RequestTool m => await AskAsync(m.Node.Id, CursorOf(m.Node), m.Node.Tool, m.Node.Version, State(m.Node).Json(m.Node.Input), null, cancellationToken),
        RunMove.Undo m => await AskAsync(m.Node.Id, CursorOf(m.Node), m.Effect.Requested!.Compensation!, null, AgentLoop.Undo(m.Effect.Requested.Input, m.Effect.Output), m.Effect.Requested.Call, cancellationToken),
        RunMove.Authenticate m => await AuthenticateAsync(m, cancellationToken),
        RunMove.Check m => await CheckAsync(m.Node, cancellationToken),
        _ => throw new InvalidOperationException($"The run engine does not know the move {move}."),
    });

    private async Task<RunStarted> StartAsync(CancellationToken cancellationToken)
    {
        var safeMode = await context.SafeModeAsync(Run, cancellationToken);
        var at = context.Now();
        var (models, priceBook, engine) = context.Pins();
        var prompts = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        List<(string, string?)>? tools = null;
        foreach (var node in Workflow.Nodes)
        {
            switch (node)
            {
                case ModelNode model:
                    prompts[model.Id] = ForkOf(model) is { Prompt: { } other } ? Workflow.HashOf(other) : model.PromptHash;
                    (tools ??= []).AddRange((model.Tools ?? []).Select(t => (t, (string?)null)));
                    break;
                case ToolNode tool:
                    (tools ??= []).Add((tool.Tool, tool.Version));
                    break;
            }
        }

        var pins = new RunPins(Workflow.Hash, prompts.ToImmutable(), models, priceBook, engine) { Tools = tools is { Count: > 0 } ? context.PinTools(tools) : null };
        return new(pins, Workflow.Limits.Steps, Money.Usd(Workflow.Limits.CostUsd), at) { Worker = context.Worker, SafeMode = safeMode };
    }

    private async Task<DomainEvent> SearchAsync(RetrieveNode node, CancellationToken cancellationToken)
    {
        try
        {
            var query = node.Query is { } template ? State(node).Text(template) : Run.Request!.Text;
            var found = await context.RetrieveAsync(IsSafe ? node with { Top = SafeModeRules.Passages(node.Top) } : node, query, cancellationToken);
            return new KnowledgeRetrieved(node.Id, query, found.Passages, found.IndexPosition, context.Now());
        }
        catch (RetrievalFailedException)
        {
            return End(new(RunOutcome.Failed, "retrieval-unavailable", null));
        }
    }

    private async Task<DomainEvent> RequestAsync(ModelNode node, string? fault, CancellationToken cancellationToken)
    {
        var cursor = CursorOf(node);
        var fork = ForkOf(node);
        var text = node.Input is { } template ? State(node).Text(template) : Run.Request!.Text;
        var prompt = fork?.Prompt ?? node.Prompt;
        var rejected = fault ?? (cursor.Answer is not null && cursor.Setback is { Result: "rejected" } setback ? setback.Detail : null);
        return await RequestAsync(
            node.Id,
            cursor,
            fork?.Tier ?? node.Tier,
            fork?.Model,
            node.MaxOutputTokens,
            critic: false,
            (model, most) => node.Task switch
            {
                ModelTask.Answer => AnswerContract.BuildRequest(model, prompt, text, cursor.Found?.Passages ?? [], most, rejected),
                ModelTask.Classify => ModelTasks.BuildClassify(model, prompt, text, node.Labels ?? [], most, fault),
                ModelTask.Extract => ModelTasks.BuildExtract(model, prompt, text, node.OutputSchema ?? "{}", most, fault),
                ModelTask.Critic => ModelTasks.BuildCritic(model, prompt, Run.Request!.Text, text, cursor.Found?.Passages ?? [], most),
                ModelTask.Agent => ModelTasks.BuildAgent(model, prompt, text, context.Offer(Run.Started!.Pins, node.Tools ?? []), AgentLoop.Turns(cursor, node), most),
                _ => throw new InvalidOperationException($"The run engine does not know the task {node.Task}."),
            },
            cancellationToken,
            isFixed: fork?.Tier is not null);
    }

    /// <summary>
    /// Asks for a call. Where money or tokens run low, for a shorter one, then for one of a cheaper tier, before the run is cut; the event
    /// says so. In safe mode the cheaper tier is taken from the start, unless a fork names one or the workflow keeps its tiers.
    /// </summary>
    private async Task<DomainEvent> RequestAsync(string step, RunCursor cursor, Tier wanted, string? named, int mostTokens, bool critic, Func<string, int, string> build, CancellationToken cancellationToken, bool isFixed = false)
    {
        var pins = Run.Started!.Pins;
        var tier = IsSafe && !isFixed && named is null && Workflow.KeepsTier is not true ? SafeModeRules.Cheaper(wanted, pins) : wanted;
        var model = named ?? pins.Models.GetValueOrDefault(tier.ToString(), "");
        var most = mostTokens;
        var request = build(model, most);
        var degraded = tier < wanted ? SafeModeRules.Words(wanted, tier) : null;
        if (context.WorstCase(pins.PriceBook, model, request, most) is not { } worstCase)
        {
            return End(new(RunOutcome.Failed, "model-unknown", null));
        }

        var spent = cursor.StepTokens + TokenCounter.Count(request);
        if (spent + most > Workflow.Limits.StepTokens)
        {
            var left = (int)Math.Max(0, Workflow.Limits.StepTokens - spent);
            if (Run.IsFirstVersion || left < Math.Max(32, most / 8))
            {
                return End(new(RunOutcome.Cut, "step-tokens", null));
            }

            degraded = string.Create(CultureInfo.InvariantCulture, $"step-tokens: {left} tokens are left in the step, {most} were wanted for the answer");
            most = left;
            request = build(model, most);
            worstCase = context.WorstCase(pins.PriceBook, model, request, most)!.Value;
        }

        var (wantedTier, wantedMost) = (tier, most);
        if (worstCase > Run.Available)
        {
            if (Run.IsFirstVersion || Smaller(tier, named, most, build).Take(1).ToList() is not [var smaller])
            {
                return End(new(RunOutcome.Cut, "budget", null));
            }

            degraded = string.Create(CultureInfo.InvariantCulture, $"budget: {Run.Available.Amount} {Run.Available.Currency} are left, less than a call on {tier} with {most} tokens can cost");
            (tier, model, _, request, worstCase) = smaller;
        }

        if (cursor.Failures > 0)
        {
            await context.PauseAsync(RunRules.Backoff(Run.Request!.Run, Run.NextCallOf(cursor), cursor.Failures), cancellationToken);
        }

        var need = new CallNeed(Run.NextCallOf(cursor), tier, request, worstCase, TimeSpan.FromMilliseconds(Workflow.Limits.StepMs), context.Now());
        var reservation = await context.ReserveAsync(Run, need, cancellationToken);
        if (reservation.Refused is { } refused)
        {
            foreach (var smaller in Run.IsFirstVersion ? [] : Smaller(wantedTier, named, wantedMost, build))
            {
                if (reservation.Available is { } available && smaller.WorstCase > available)
                {
                    continue;
                }

                (tier, model, _, request, worstCase) = smaller;
                reservation = await context.ReserveAsync(Run, need with { Tier = tier, Request = request, Amount = worstCase }, cancellationToken);
                if (reservation.Refused is null)
                {
                    break;
                }
            }

            if (reservation.Refused is not null)
            {
                return End(new(RunOutcome.Cut, BudgetErrors.ExhaustedCode, null) { Detail = refused });
            }

            degraded = BudgetPrefix + refused;
        }

        return new ModelCallRequested(need.Call, step, cursor.Attempts + 1, tier, model, request, worstCase, need.At) { Critic = critic, Degraded = degraded, Reserved = reservation.Holds };
    }

    /// <summary>Shorter calls, then such of cheaper tiers, that the run itself can pay.</summary>
    private IEnumerable<(Tier Tier, string Model, int Most, string Request, Money WorstCase)> Smaller(Tier tier, string? named, int most, Func<string, int, string> build)
    {
        var pins = Run.Started!.Pins;
        for (var t = tier; t >= Tier.SLM_A; t--)
        {
            var model = named ?? pins.Models.GetValueOrDefault(t.ToString(), "");
            for (var share = 1; share <= 4; share *= 2)
            {
                if ((t == tier && share == 1) || most / share < 32)
                {
                    continue;
                }

                var request = build(model, most / share);
                if (context.WorstCase(pins.PriceBook, model, request, most / share) is { } worstCase && !(worstCase > Run.Available))
                {
                    yield return (t, model, most / share, request, worstCase);
                }
            }

            if (named is not null)
            {
                break;
            }
        }
    }

    private async Task<DomainEvent> CallModelAsync(ModelCallRequested call, CancellationToken cancellationToken)
    {
        var left = TimeSpan.FromMilliseconds(Workflow.Limits.StepMs) - (call.At - Run.At(call.Step)!.Since);
        var outcome = await context.CallAsync(call, left, cancellationToken);
        return outcome.Answer is { } answer
            ? new ModelCallCompleted(call.Call, call.Step, call.Tier, call.Model, answer.Content, answer.Usage, context.Cost(Run.Started!.Pins.PriceBook, call.Model, answer.Usage), context.Now())
            : new ModelCallFailed(call.Call, call.Step, outcome.Reason, outcome.Retryable, outcome.Unknown, context.Now());
    }

    /// <summary>Reads what a model said in a task other than answering. What cannot be used is asked for again, with the reason.</summary>
    private async Task<DomainEvent> ReadAsync(ModelNode node, CancellationToken cancellationToken)
    {
        var cursor = CursorOf(node);
        var response = cursor.Replies[^1].Call.Response;
        if (node.Task == ModelTask.Agent)
        {
            return await ReadAgentAsync(node, cursor, response, cancellationToken);
        }

        var fault = node.Task switch
        {
            ModelTask.Classify => ModelTasks.ParseLabel(response, node.Labels ?? []).Fault,
            ModelTask.Critic => ModelTasks.ParseCritique(response).Fault,
            _ => Gates.SchemaFault(node.OutputSchema ?? "{}", response),
        };
        return fault is null ? Leave(new(node, "ok", "", RunRules.Resolve(Run, Workflow, node.Next))) : await AgainAsync(node, cursor, fault, cancellationToken);
    }

    private async Task<DomainEvent> AgainAsync(ModelNode node, RunCursor cursor, string fault, CancellationToken cancellationToken) =>
        AgentLoop.Unusable(cursor, node) < RunRules.MaxAttempts
            ? await RequestAsync(node, "invalid-answer: " + fault, cancellationToken)
            : Make(RunRules.GivenUp(Run, Workflow, node, "invalid-answer", fault));

    private async Task<DomainEvent> ReadAgentAsync(ModelNode node, RunCursor cursor, string response, CancellationToken cancellationToken)
    {
        if (cursor.Calls is [.., { Requested.Authenticates: true } last] && RunRules.CustomerIn(last) is { } customer && customer != Run.Customer)
        {
            return await AuthenticateAsync(new(null, last), cancellationToken);
        }

        var (reply, fault) = ModelTasks.ParseAgent(response, node.Tools ?? []);
        if (reply is null)
        {
            return await AgainAsync(node, cursor, fault!, cancellationToken);
        }

        var done = cursor.Calls.Count - cursor.Replies[^1].ToolCalls;
        if (done >= reply.Calls.Length)
        {
            return reply.Calls.IsEmpty
                ? Leave(new(node, "ok", "", RunRules.Resolve(Run, Workflow, node.Next)) { Output = AgentLoop.Output(reply.Text ?? "", cursor.Calls.Count) })
                : await RequestAsync(node, null, cancellationToken);
        }

        var most = node.MaxToolCalls ?? RunRules.DefaultToolCalls;
        if (cursor.Calls.Count >= most)
        {
            return Make(RunRules.GivenUp(Run, Workflow, node, "tool-limit", string.Create(CultureInfo.InvariantCulture, $"the model has used its {most} tool calls")));
        }

        var call = reply.Calls[done];
        return node.Tools?.Contains(call.Tool) == true
            ? await AskAsync(node.Id, cursor, call.Tool, null, call.Input, null, cancellationToken)
            : new ToolCallRefused(Run.NextToolCallOf(cursor), node.Id, call.Tool, Normal(call.Input), "not-offered", $"The step does not offer the tool '{call.Tool}'.", context.Now());
    }

    /// <summary>Asks for a tool call; where a guard or a budget says no, nothing leaves.</summary>
    private async Task<DomainEvent> AskAsync(string step, RunCursor cursor, string tool, string? version, JsonElement input, string? compensates, CancellationToken cancellationToken)
    {
        var call = Run.NextToolCallOf(cursor);
        var pinned = version ?? Run.Started!.Pins.Tools?.GetValueOrDefault(tool);
        var content = Normal(input);
        var hash = ToolRequest.Hash(tool, pinned ?? "", content);
        var verdict = context.Guard(Run, new(call, tool, pinned, content, hash, compensates));
        if (verdict.Code is { } code)
        {
            return new ToolCallRefused(call, step, tool, content, code, verdict.Reason, context.Now());
        }

        var at = context.Now();
        var reservation = verdict.Price is { } price ? await context.ReserveAsync(Run, new(call, null, hash, price, TimeSpan.FromMilliseconds(verdict.TimeoutMs), at), cancellationToken) : default;
        return reservation.Refused is { } refused
            ? new ToolCallRefused(call, step, tool, content, BudgetErrors.ExhaustedCode, refused, at)
            : new ToolCallRequested(call, step, tool, pinned ?? "", content, hash, ToolRequest.Key(context.Tenant, Run.Request!.Run, call, tool), verdict.SideEffect, verdict.Idempotent, compensates, at)
            {
                Authenticates = verdict.Authenticates,
                Compensation = verdict.Compensation,
                Price = verdict.Price,
                Reserved = reservation.Holds,
            };
    }

    private async Task<DomainEvent> CallToolAsync(ToolCallRequested call, CancellationToken cancellationToken)
    {
        var isRepeated = Run.Cursors.Any(c => c.Tool is { Interrupted: true, Requested: { } open } && open.Call == call.Call);
        var result = await context.CallToolAsync(call, Run.Customer ?? "", cancellationToken);
        return result.Outcome switch
        {
            ToolOutcome.Failed o when isRepeated && call.SideEffect && result.SaysNothingOfBefore =>
                new ToolCallUnknown(call.Call, call.Step, call.Tool, $"an earlier attempt left no outcome, and asking again only said: {o.Reason}", context.Now()),
            ToolOutcome.Succeeded o => new ToolCallSucceeded(call.Call, call.Step, call.Tool, Normal(o.Output), result.Attempts, result.LatencyMs, context.Now()) { Cost = call.Price },
            ToolOutcome.Failed o => new ToolCallFailed(call.Call, call.Step, call.Tool, o.Code, o.Reason, o.Retryable, result.Attempts, result.LatencyMs, context.Now()),
            ToolOutcome.Unknown o when call.SideEffect => new ToolCallUnknown(call.Call, call.Step, call.Tool, o.Reason, context.Now()),

            // What changes nothing leaves nothing to find out.
            ToolOutcome.Unknown o => new ToolCallFailed(call.Call, call.Step, call.Tool, "no-answer", o.Reason, true, result.Attempts, result.LatencyMs, context.Now()),
            _ => throw new InvalidOperationException($"The run engine does not know the outcome {result.Outcome}."),
        };
    }

    private async Task<DomainEvent> AuthenticateAsync(RunMove.Authenticate move, CancellationToken cancellationToken)
    {
        var requested = move.Call.Requested!;
        var customer = RunRules.CustomerIn(move.Call)!;
        if (Run.Customer is null && await context.AuthenticateAsync(Run, customer, cancellationToken))
        {
            return new CustomerAuthenticated(requested.Step, customer, requested.Call, context.Now());
        }

        const string Reason = "another customer has been authenticated in this conversation";
        return move.Node is { } node
            ? Make(RunRules.ToolFailed(Run, Workflow, node, "other-customer", Reason))
            : Make(RunRules.GivenUp(Run, Workflow, (ModelNode)Workflow.Find(requested.Step)!, "other-customer", Reason));
    }

    private DomainEvent Wait(WaitNode node)
    {
        var cursor = CursorOf(node);
        var at = context.Now();
        var prompt = node.Prompt is { } template ? State(node).Text(template) : null;
        if (node.For != WaitKind.Confirmation)
        {
            return new RunWaiting(node.Id, cursor.Visit, node.For, node.Name, prompt, null, null, null, at.AddMilliseconds(node.TimeoutMs), at);
        }

        if (node.Of is null || Workflow.Find(node.Of) is not ToolNode tool)
        {
            return End(new(RunOutcome.Failed, "unknown-step", null));
        }

        var input = Normal(State(tool, cursor).Json(tool.Input));
        var hash = ToolRequest.Hash(tool.Tool, tool.Version ?? Run.Started!.Pins.Tools?.GetValueOrDefault(tool.Tool) ?? "", input);
        if (Run.NamesConfirmedCalls)
        {
            prompt = ConfirmationText.Of(prompt, tool.Tool, input, Run.Customer);
        }

        return new RunWaiting(node.Id, cursor.Visit, node.For, node.Name, prompt, tool.Tool, input, hash, at.AddMilliseconds(node.TimeoutMs), at);
    }

    private async Task<DomainEvent> CheckAsync(ValidateNode node, CancellationToken cancellationToken)
    {
        var cursor = CursorOf(node);
        var verdict = cursor.Answer is { } answer
            ? Gates.Check(node, Run, Workflow, cursor, answer)
            : Verdict.Rejected("no-answer", "no model has answered");
        if (verdict.Critic is { } gate)
        {
            if (cursor.Failure is { } failure && (!failure.Retryable || cursor.Failures >= RunRules.MaxAttempts))
            {
                verdict = Verdict.Rejected("critic-unavailable", failure.Reason);
            }
            else
            {
                var said = Gates.TextOf(Workflow, cursor.Answer!);
                return await RequestAsync(
                    node.Id,
                    cursor,
                    gate.Tier ?? Tier.SLM_B,
                    null,
                    Gates.CriticTokens,
                    critic: true,
                    (model, most) => ModelTasks.BuildCritic(model, ModelTasks.DefaultPrompt(ModelTask.Critic), Run.Request!.Text, said, cursor.Found?.Passages ?? [], most),
                    cancellationToken);
            }
        }

        var target = verdict switch
        {
            { Result: "passed" } => node.Passed,
            { Handoff: true } => node.Handoff,
            _ => node.Rejected,
        };
        return Leave(new(node, verdict.Result, verdict.Detail, RunRules.Resolve(Run, Workflow, target)));
    }

    private DomainEvent Make(RunMove move) => move switch
    {
        RunMove.Leave m => Leave(m),
        RunMove.End m => End(m),
        _ => throw new InvalidOperationException($"{move} does not leave a step."),
    };

    private DomainEvent Leave(RunMove.Leave move)
    {
        var cursor = Run.At(move.Node.Id) ?? Run.Cursors[0];
        if (move.Next is { } next && cursor.Branch is not null && move.Branches is null && Run.Cursors.Any(c => c != cursor && !c.IsParked && c.Step == next))
        {
            // Two places at one step could not be told apart.
            return End(new(RunOutcome.Failed, "branches-meet", null));
        }

        return new StepCompleted(move.Node.Id, move.Node.Type, Run.Steps + 1, move.Result, move.Detail, move.Next, context.Now())
        {
            Output = move.Output is { } output ? Normal(output) : null,
            Branch = cursor.Branch,
            Branches = move.Branches,
            Returns = move.Returns,
        };
    }

    private RunCompleted End(RunMove.End move)
    {
        var at = context.Now();
        var said = move.Outcome == RunOutcome.Answered && Run.Answer is { } answer ? Gates.Said(Workflow, answer) : default;
        var text = Run.IsFirstVersion ? said.Text ?? move.Text : move.Text ?? said.Text;
        var cites = said.Reply is not null && said.Text is not null && text!.Contains(said.Text, StringComparison.Ordinal);
        return new(
            move.Outcome,
            cites && said.Reply is { Reason: AnswerReason.SmallTalk } ? "small-talk" : move.Reason,
            text ?? Workflow.Fallback,
            cites ? Gates.Cite(said.Reply!, Run.Found?.Passages ?? []) : [],
            Workflow.Name,
            Run.Answer?.Tier,
            Run.Steps,
            Run.ModelCalls,
            Run.Usage,
            Run.Cost,
            (at - Run.Request!.At).TotalMilliseconds,
            Run.Request.Fork is not null,
            at)
        {
            Queue = move.Queue,
            Output = move.Output is { } output ? Normal(output) : null,
            Detail = move.Detail,
        };
    }

    private RunCursor CursorOf(WorkflowNode node) => Run.At(node.Id) ?? Run.Cursors[0];

    private RunState State(WorkflowNode node, RunCursor? cursor = null) => RunState.Of(Run, Workflow, cursor ?? CursorOf(node), node);

    /// <summary>JSON as it is read back from its event: whatever is made of it is then the same live and on a replay.</summary>
    internal static JsonElement Normal(JsonElement json)
    {
        var written = JsonSerializer.SerializeToUtf8Bytes(json, DomainJson.Default.JsonElement);
        return JsonMarshal.GetRawUtf8Value(json).SequenceEqual(written) ? json.Clone() : JsonSerializer.Deserialize(written, DomainJson.Default.JsonElement);
    }

    /// <summary>Whether a budget ran low when the run started.</summary>
    private bool IsSafe => Run.Started is { SafeMode: true };

    private ForkOrigin? ForkOf(ModelNode node) => Run.Request?.Fork is { } fork && fork.FromStep == node.Id ? fork : null;
}
