using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using AIaaS.Commands.Knowledge;
using AIaaS.Commands.Routing;
using AIaaS.Commands.Tools;
using AIaaS.Domain;
using AIaaS.Domain.Agents;
using AIaaS.Domain.Budgets;
using AIaaS.Domain.Tools;
using AIaaS.EventStore;

namespace AIaaS.Commands.Agents;

/// <summary>Where a replay and the record part.</summary>
/// <param name="Number">The first event that differs, from 0.</param>
/// <param name="Type">Its recorded type; empty where the event is missing.</param>
/// <param name="What">What differs, in words.</param>
public sealed record EpisodeDifference(long Number, string Type, string What);

/// <summary>What a replay found.</summary>
/// <param name="Run">The run.</param>
/// <param name="BitExact">Whether every event came out again, type and data, byte for byte.</param>
/// <param name="Events">Events that the record holds.</param>
/// <param name="Difference">The first difference; null when there is none.</param>
public sealed record ReplayReport(string Run, bool BitExact, int Events, EpisodeDifference? Difference);

/// <summary>
/// Executes an episode again from its recorded inputs, without network and clock, and compares each event that comes out, type and data,
/// byte for byte, with the record.
/// </summary>
public sealed class Replayer(EventTypes types, WorkflowCatalog workflows, ModelCatalog models)
{
    private const string Ended = "agent.run.completed";

    /// <summary>Replays an episode.</summary>
    public async Task<ReplayReport> ReplayAsync(Episode episode, CancellationToken cancellationToken = default)
    {
        var difference = VerifyRecord(episode) ?? await ExecuteAsync(episode, cancellationToken);
        return new(episode.Run, difference is null, episode.Events.Length, difference);
    }

    /// <summary>Holds the record against its own hash chain: names the first event that was changed, dropped, added or moved. Null: nothing was.</summary>
    public static EpisodeDifference? VerifyRecord(Episode episode)
    {
        var chain = EpisodeChain.Begin(episode.Stream);
        for (var i = 0; i < episode.Events.Length; i++)
        {
            var e = episode.Events[i];
            if (e.Number != i)
            {
                return new(i, e.Type, $"here stands the event with the number {e.Number}: an event is missing, doubled or moved");
            }

            EventMetadata metadata;
            try
            {
                metadata = EventMetadata.Read(e.Metadata.Span);
            }
            catch (UnreadableEventException fault)
            {
                return new(i, e.Type, fault.Message);
            }

            (chain, var linked) = EpisodeChain.Seal(chain, e.Type, e.Data.Span, metadata);
            if (!e.Metadata.Span.SequenceEqual(linked))
            {
                return new(i, e.Type, "the hash chain does not hold: the event was changed, or one before it was dropped, added or moved");
            }

            if (metadata.Tenant != episode.Tenant)
            {
                return new(i, e.Type, $"the metadata name the tenant '{metadata.Tenant}', the stream is of '{episode.Tenant}'");
            }
        }

        return episode.Events.IsEmpty || episode.Events[^1].Type != Ended
            ? new(episode.Events.Length, "", $"the record ends without '{Ended}': the run has not ended, or the end was cut off")
            : null;
    }

    private async Task<EpisodeDifference?> ExecuteAsync(Episode episode, CancellationToken cancellationToken)
    {
        var objects = new DomainEvent[episode.Events.Length];
        for (var i = 0; i < objects.Length; i++)
        {
            var e = episode.Events[i];
            try
            {
                objects[i] = types.Read(e.Type, e.Data.Span) as DomainEvent ?? throw new UnreadableEventException($"An event of type '{e.Type}' is no event of the domain.");
            }
            catch (UnreadableEventException fault)
            {
                return new(i, e.Type, fault.Message);
            }
        }

        if (objects[0] is not RunRequested request)
        {
            return new(0, episode.Events[0].Type, "an episode begins with 'agent.run.requested'");
        }

        if (request.Run != episode.Run)
        {
            return new(0, episode.Events[0].Type, $"the event names the run '{request.Run}', the stream is of '{episode.Run}'");
        }

        var context = new RecordedContext(types, models, episode.Tenant, episode.Events, objects);
        try
        {
            return await ExecuteAsync(episode, objects, request, context, cancellationToken);
        }
        catch (DivergenceException e)
        {
            return e.Difference;
        }
        catch (Exception e) when (e is not (OperationCanceledException or EventStoreException))
        {
            // A record from outside can hold anything that its hash chain was made over; only what a run makes can be executed.
            return new(context.Index, context.Index < episode.Events.Length ? episode.Events[context.Index].Type : "", "the replay cannot go on here: the record, or the workflow in it, holds values that no run makes");
        }
    }

    private async Task<EpisodeDifference?> ExecuteAsync(Episode episode, DomainEvent[] objects, RunRequested request, RecordedContext context, CancellationToken cancellationToken)
    {
        Workflow? workflow = null;
        if (objects.OfType<RunStarted>().FirstOrDefault() is { } started)
        {
            var at = Array.IndexOf(objects, started);
            if (!RunRules.Knows(started.Pins.Engine))
            {
                return new(at, episode.Events[at].Type, $"the run was made by version {started.Pins.Engine} of the run engine; this program has version {RunRules.Version}");
            }

            workflow = Bundled(episode, started.Pins.Workflow) ?? await workflows.FindVersionAsync(episode.Tenant, request.Workflow, started.Pins.Workflow, cancellationToken);
            if (workflow is null)
            {
                return new(at, episode.Events[at].Type, $"the version {started.Pins.Workflow} of the workflow '{request.Workflow}' is neither in the episode nor in the log");
            }
        }

        var machine = new RunMachine(Run.Initial, workflow ?? new(request.Workflow, "", new(), "", []), context);
        while (context.Index < objects.Length)
        {
            var recorded = objects[context.Index];
            if (context.Index == 0 || IsFromOutside(recorded))
            {
                machine.Take(recorded);
                if (recorded is RunMoved moved)
                {
                    workflow = await workflows.FindVersionAsync(episode.Tenant, request.Workflow, moved.Pins.Workflow, cancellationToken);
                    if (workflow is null)
                    {
                        return new(context.Index - 1, "agent.run.moved", $"the version {moved.Pins.Workflow} of the workflow '{request.Workflow}' is not in the log");
                    }

                    machine.Workflow = workflow;
                }
            }
            else if (workflow is null)
            {
                return new(context.Index, episode.Events[context.Index].Type, "the run goes on without having started");
            }
            else if (!await machine.MakeOneAsync(cancellationToken))
            {
                return new(context.Index, episode.Events[context.Index].Type, "the record goes on after the run has ended");
            }
        }

        return machine.Run.Completed is null ? new(objects.Length, "", "the record ends before the run has ended") : null;
    }

    /// <summary>Whether an event does not follow from those before it: a worker or somebody outside brought it.</summary>
    private static bool IsFromOutside(DomainEvent @event) =>
        @event is RunResumed or RunClaimed or RunMoved or RunSignalled or RunTimedOut or ToolCallResolved or CustomerAuthenticated { Call: null } or RunCompleted { Reason: "workflow-unavailable" };

    private static Workflow? Bundled(Episode episode, string hash)
    {
        if (episode.Workflow is not { } canonical || Workflow.HashOf(canonical) != hash)
        {
            return null;
        }

        try
        {
            return Workflow.Read(canonical);
        }
        catch (Exception e) when (e is JsonException or NotSupportedException or ArgumentException)
        {
            // Of a form that this program cannot read: the log may hold one that it can.
            return null;
        }
    }

    private sealed class DivergenceException(EpisodeDifference difference) : Exception(difference.What)
    {
        public EpisodeDifference Difference => difference;
    }

    /// <summary>Answers from the record, and compares with it.</summary>
    private sealed class RecordedContext(EventTypes types, ModelCatalog models, string tenant, ImmutableArray<EpisodeEvent> events, DomainEvent[] objects) : RunContext
    {
        public int Index { get; private set; }

        private DomainEvent? Recorded => Index < objects.Length ? objects[Index] : null;

        public override string Tenant => tenant;

        public override string? Worker => (Recorded as RunStarted)?.Worker;

        public override DateTimeOffset Now() => Recorded is { } e && RunEventTimes.Of(e) is { } at ? at : throw Differs("this type does not belong to a run");

        public override ImmutableSortedDictionary<string, string>? PinTools(IReadOnlyCollection<(string Name, string? Version)> tools) => (Recorded as RunStarted)?.Pins.Tools;

        /// <summary>The tools as the recorded request offers them: the form that a request gives a tool is made of nothing else.</summary>
        public override ImmutableArray<ToolManifest> Offer(RunPins pins, ImmutableArray<string> offered)
        {
            if (Recorded is not ModelCallRequested e)
            {
                return [];
            }

            var request = JsonSerializer.Deserialize(e.Request, DomainJson.Default.JsonElement);
            if (!request.TryGetProperty("tools", out var tools) || tools.ValueKind != JsonValueKind.Array)
            {
                return [];
            }

            var manifests = ImmutableArray.CreateBuilder<ToolManifest>();
            foreach (var tool in tools.EnumerateArray())
            {
                var function = tool.GetProperty("function");
                manifests.Add(new(function.GetProperty("name").GetString()!, "", function.GetProperty("description").GetString()!, function.GetProperty("parameters").GetRawText(), "{}"));
            }

            return manifests.ToImmutable();
        }

        public override ToolVerdict Guard(Run run, ToolWish wish) => Recorded switch
        {
            ToolCallRequested e when wish.Version is not null => new(null, "") { SideEffect = e.SideEffect, Idempotent = e.Idempotent, Authenticates = e.Authenticates, Compensation = e.Compensation, Price = e.Price },
            ToolCallRefused e => new(e.Code, e.Reason),
            _ => throw Differs($"the replay asks for the call '{wish.Call}' of '{wish.Tool}' here"),
        };

        public override Task<ToolResult> CallToolAsync(ToolCallRequested call, string customer, CancellationToken cancellationToken) => Recorded switch
        {
            ToolCallSucceeded e => Task.FromResult(new ToolResult(new ToolOutcome.Succeeded(e.Output), e.Attempts, e.LatencyMs)),
            ToolCallFailed e => Task.FromResult(new ToolResult(new ToolOutcome.Failed(e.Code, e.Reason, e.Retryable), e.Attempts, e.LatencyMs)),
            ToolCallUnknown e => Task.FromResult(new ToolResult(new ToolOutcome.Unknown(e.Reason), 1, 0)),
            _ => throw Differs($"the outcome of the call '{call.Call}' is expected here"),
        };

        public override ValueTask<bool> AuthenticateAsync(Run run, string customer, CancellationToken cancellationToken) => new(Recorded is CustomerAuthenticated);

        public override string? Arrived() => Recorded switch
        {
            ModelCallCompleted e => e.Call,
            ModelCallFailed e => e.Call,
            ToolCallSucceeded e => e.Call,
            ToolCallFailed e => e.Call,
            ToolCallUnknown e => e.Call,
            _ => null,
        };

        public override (ImmutableSortedDictionary<string, string> Models, string PriceBook, string Engine) Pins() => Recorded is RunStarted e
            ? (e.Pins.Models, e.Pins.PriceBook, e.Pins.Engine)
            : throw Differs("the replay starts the run here");

        public override ValueTask<bool> SafeModeAsync(Run run, CancellationToken cancellationToken) => new(Recorded is RunStarted { SafeMode: true });

        public override ValueTask<Retrieval> RetrieveAsync(RetrieveNode node, string query, CancellationToken cancellationToken) => Recorded switch
        {
            KnowledgeRetrieved e => new(new Retrieval(e.Passages, e.IndexPosition)),
            RunCompleted { Reason: "retrieval-unavailable" } => throw new RetrievalFailedException(new InvalidOperationException("as recorded")),
            _ => throw Differs("the replay searches here"),
        };

        public override Money? WorstCase(string priceBook, string model, string request, int maxOutputTokens) => Recorded switch
        {
            ModelCallRequested { Degraded: null } e => e.WorstCase,

            ModelCallRequested e when e.Request == request => e.WorstCase,

            // Of the calls that were thought of, the recorded one is the first that could be paid: the others were too dear for a budget, or for the run itself.
            ModelCallRequested e => Money.Usd(e.Degraded!.StartsWith(RunMachine.BudgetPrefix, StringComparison.Ordinal) ? 0 : decimal.MaxValue),
            RunCompleted { Reason: "model-unknown" } => null,
            RunCompleted { Reason: BudgetErrors.ExhaustedCode } => Money.Usd(0),
            _ when models.Find(model) is not null && models.Prices(priceBook) is { } prices && prices.Knows(model) => models.WorstCase(prices, model, request, maxOutputTokens),

            // Not set up here: the record's word stands, which says that the call was refused for its price.
            _ => Money.Usd(decimal.MaxValue),
        };

        public override ValueTask<RunReservation> ReserveAsync(Run run, CallNeed need, CancellationToken cancellationToken) => new(Recorded switch
        {
            ToolCallRequested e => new RunReservation(e.Reserved, null, null),
            ModelCallRequested e when e.Request == need.Request && e.Tier == need.Tier => new(e.Reserved, null, null),
            ModelCallRequested { Degraded: { } words } when words.StartsWith(RunMachine.BudgetPrefix, StringComparison.Ordinal) => new(null, words[RunMachine.BudgetPrefix.Length..], null),
            RunCompleted { Reason: BudgetErrors.ExhaustedCode } e => new(null, e.Detail ?? "", null),

            // What comes next is compared with the record.
            _ => default,
        });

        public override Money Cost(string priceBook, string model, TokenUsage usage) =>
            models.Prices(priceBook) is { } prices && prices.Knows(model) ? prices.Cost(model, usage)
            : Recorded is ModelCallCompleted e ? e.Cost
            : throw Differs("the replay bills a call here");

        public override Task<CallOutcome> CallAsync(ModelCallRequested call, TimeSpan timeout, CancellationToken cancellationToken) => Recorded switch
        {
            ModelCallCompleted e => Task.FromResult(new CallOutcome(new(e.Response, e.Usage), "", false, false)),
            ModelCallFailed e => Task.FromResult(new CallOutcome(null, e.Reason, e.Retryable, e.Unknown)),
            _ => throw Differs($"the outcome of the call '{call.Call}' is expected here"),
        };

        public override Task PauseAsync(TimeSpan delay, CancellationToken cancellationToken) => Task.CompletedTask;

        public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public override void Record(DomainEvent @event)
        {
            var type = types.Of(@event);
            if (Index >= events.Length)
            {
                throw new DivergenceException(new(Index, "", $"the replay makes a '{type.Name}' where the record ends"));
            }

            var recorded = events[Index];
            if (recorded.Type != type.Name)
            {
                throw Differs($"the replay makes a '{type.Name}' here");
            }

            var data = JsonSerializer.SerializeToUtf8Bytes(@event, type.Json);
            if (!recorded.Data.Span.SequenceEqual(data))
            {
                throw Differs(FirstDifference(recorded.Data.Span, data));
            }

            Index++;
        }

        private DivergenceException Differs(string what) => new(new(Index, Index < events.Length ? events[Index].Type : "", what));

        private static string FirstDifference(ReadOnlySpan<byte> recorded, ReadOnlySpan<byte> made)
        {
            var at = recorded.CommonPrefixLength(made);
            return $"the data differ from byte {at}: recorded '{Around(recorded, at)}', replayed '{Around(made, at)}'";
        }

        private static string Around(ReadOnlySpan<byte> bytes, int at)
        {
            var from = Math.Max(0, at - 20);
            return Encoding.UTF8.GetString(bytes[from..Math.Min(bytes.Length, at + 40)]);
        }
    }
}
