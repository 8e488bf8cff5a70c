using System.Collections.Immutable;
using AIaaS.Commands.Knowledge;
using AIaaS.Commands.Routing;
using AIaaS.Commands.Tools;
using AIaaS.Domain;
using AIaaS.Domain.Agents;
using AIaaS.Domain.Budgets;
using AIaaS.Domain.Tools;
using AIaaS.EventStore;

namespace AIaaS.Commands.Agents;

/// <summary>
/// Answers a candidate from the record of an episode: what it asks for exactly as the episode asked is answered as it was then, a search goes to
/// the passages of the record, signals come as they came. Anything else would have to leave; it is noted, and the dry run of the episode ends.
/// </summary>
internal sealed class DryRunContext(string tenant, DomainEvent[] record, ModelCatalog models, IToolRegistry? tools) : RunContext
{
    private readonly Dictionary<(string Model, string Request), Queue<DomainEvent>> modelAnswers = Answers(record);
    private readonly Dictionary<(string Tool, string Hash), Queue<DomainEvent>> toolAnswers = ToolAnswers(record);
    private readonly Queue<KnowledgeRetrieved> searches = new(record.OfType<KnowledgeRetrieved>());
    private readonly List<DomainEvent> made = [];
    private DateTimeOffset now = RunEventTimes.Of(record[0]) ?? default;

    /// <summary>What the candidate did.</summary>
    public IReadOnlyList<DomainEvent> Made => made;

    public override string Tenant => tenant;

    public override string? Worker => record.OfType<RunStarted>().FirstOrDefault()?.Worker;

    public override DateTimeOffset Now() => now;

    public override (ImmutableSortedDictionary<string, string> Models, string PriceBook, string Engine) Pins()
    {
        var pins = record.OfType<RunStarted>().First().Pins;
        return (pins.Models, pins.PriceBook, RunRules.Version);
    }

    public override ImmutableSortedDictionary<string, string>? PinTools(IReadOnlyCollection<(string Name, string? Version)> wanted)
    {
        var pinned = record.OfType<RunStarted>().First().Pins.Tools ?? ImmutableSortedDictionary<string, string>.Empty;
        foreach (var (name, version) in wanted)
        {
            var key = version is null ? name : $"{name}@{version}";
            if (!pinned.ContainsKey(key) && tools?.Find(tenant, name, version)?.Manifest.Version is { } found)
            {
                pinned = pinned.SetItem(key, found);
            }
        }

        return pinned.IsEmpty ? null : pinned;
    }

    public override ValueTask<bool> SafeModeAsync(Run run, CancellationToken cancellationToken) => new(record.OfType<RunStarted>().FirstOrDefault() is { SafeMode: true });

    public override ValueTask<Retrieval> RetrieveAsync(RetrieveNode node, string query, CancellationToken cancellationToken) =>
        searches.TryDequeue(out var found) && found.Query == query
            ? new(new Retrieval([.. found.Passages.Take(node.Top)], found.IndexPosition))
            : throw new DryRunStopException(node.Id, "search", "", query);

    public override Money? WorstCase(string priceBook, string model, string request, int maxOutputTokens) =>
        record.OfType<ModelCallRequested>().FirstOrDefault(c => c.Model == model && c.Request == request) is { } asked ? asked.WorstCase
        : models.Find(model) is not null && models.Prices(priceBook) is { } prices && prices.Knows(model) ? models.WorstCase(prices, model, request, maxOutputTokens)
        : Money.Usd(0);

    /// <summary>A call that the record was refused money for is refused here too.</summary>
    public override ValueTask<RunReservation> ReserveAsync(Run run, CallNeed need, CancellationToken cancellationToken)
    {
        if (need.Tier is null)
        {
            return new(new RunReservation(record.OfType<ToolCallRequested>().FirstOrDefault(c => c.Call == need.Call)?.Reserved, null, null));
        }

        if (record.OfType<ModelCallRequested>().FirstOrDefault(c => c.Call == need.Call) is { } asked)
        {
            return new(asked.Request != need.Request && asked.Degraded is { } words && words.StartsWith(RunMachine.BudgetPrefix, StringComparison.Ordinal)
                ? new RunReservation(null, words[RunMachine.BudgetPrefix.Length..], null)
                : new(asked.Reserved, null, null));
        }

        return new(record[^1] is RunCompleted { Reason: BudgetErrors.ExhaustedCode } cut && record.OfType<ModelCallRequested>().All(c => made.Exists(m => m is ModelCallRequested e && e.Call == c.Call))
            ? new RunReservation(null, cut.Detail ?? "", null)
            : default);
    }

    public override Money Cost(string priceBook, string model, TokenUsage usage) =>
        models.Prices(priceBook) is { } prices && prices.Knows(model) ? prices.Cost(model, usage)
        : record.OfType<ModelCallCompleted>().FirstOrDefault(c => c.Model == model && c.Usage == usage)?.Cost ?? Money.Usd(0);

    public override ImmutableArray<ToolManifest> Offer(RunPins pins, ImmutableArray<string> offered) =>
        [.. offered.Select(t => tools?.Find(tenant, t, pins.Tools?.GetValueOrDefault(t))?.Manifest).OfType<ToolManifest>()];

    public override Task<CallOutcome> CallAsync(ModelCallRequested call, TimeSpan timeout, CancellationToken cancellationToken) =>
        modelAnswers.TryGetValue((call.Model, call.Request), out var answers) && answers.TryDequeue(out var answer)
            ? Task.FromResult(answer switch
            {
                ModelCallCompleted e => new CallOutcome(new(e.Response, e.Usage), "", false, false),
                ModelCallFailed e => new CallOutcome(null, e.Reason, e.Retryable, e.Unknown),
                _ => throw new InvalidOperationException($"A {answer.GetType().Name} is no outcome of a model call."),
            })
            : throw new DryRunStopException(call.Step, "model", call.Model, call.Request);

    public override ToolVerdict Guard(Run run, ToolWish wish)
    {
        if (record.OfType<ToolCallRequested>().FirstOrDefault(c => c.Tool == wish.Tool && c.RequestHash == wish.Hash) is { } asked)
        {
            return new(null, "") { SideEffect = asked.SideEffect, Idempotent = asked.Idempotent, Authenticates = asked.Authenticates, Compensation = asked.Compensation, Price = asked.Price };
        }

        // Not asked then: the guards hold now as they do live; what they let through is noted when it would leave.
        return tools?.Find(tenant, wish.Tool, wish.Version)?.Manifest is not { } manifest ? new("unknown-tool", $"There is no tool '{wish.Tool}'.")
            : wish.Compensates is not null ? ToolVerdict.Allow(manifest)
            : manifest.Access == ToolAccess.Customer && run.Customer is null ? new("not-authenticated", "The customer has not been authenticated in this conversation.")
            : manifest.Confirmation && !run.Confirmed.Contains(wish.Hash) ? new("not-confirmed", "The customer has not confirmed this call.")
            : ToolVerdict.Allow(manifest);
    }

    public override Task<ToolResult> CallToolAsync(ToolCallRequested call, string customer, CancellationToken cancellationToken) =>
        toolAnswers.TryGetValue((call.Tool, call.RequestHash), out var answers) && answers.TryDequeue(out var answer)
            ? Task.FromResult(answer switch
            {
                ToolCallSucceeded e => new ToolResult(new ToolOutcome.Succeeded(e.Output), e.Attempts, e.LatencyMs),
                ToolCallFailed e => new ToolResult(new ToolOutcome.Failed(e.Code, e.Reason, e.Retryable), e.Attempts, e.LatencyMs),
                ToolCallUnknown e => new ToolResult(new ToolOutcome.Unknown(e.Reason), 1, 0),
                _ => throw new InvalidOperationException($"A {answer.GetType().Name} is no outcome of a tool call."),
            })
            : throw new DryRunStopException(call.Step, "tool", call.Tool, call.Input.GetRawText());

    public override ValueTask<bool> AuthenticateAsync(Run run, string customer, CancellationToken cancellationToken) => new(true);

    public override string? Arrived() => null;

    public override Task PauseAsync(TimeSpan delay, CancellationToken cancellationToken) => Task.CompletedTask;

    public override void Record(DomainEvent @event)
    {
        made.Add(@event);
        now += TimeSpan.FromMicroseconds(100);
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private static Dictionary<(string, string), Queue<DomainEvent>> Answers(DomainEvent[] record)
    {
        var requests = record.OfType<ModelCallRequested>().ToLookup(c => c.Call);
        Dictionary<(string, string), Queue<DomainEvent>> answers = [];
        foreach (var outcome in record)
        {
            var call = outcome switch { ModelCallCompleted e => e.Call, ModelCallFailed e => e.Call, _ => null };
            if (call is not null && requests[call].FirstOrDefault() is { } request)
            {
                Add(answers, (request.Model, request.Request), outcome);
            }
        }

        return answers;
    }

    private static Dictionary<(string, string), Queue<DomainEvent>> ToolAnswers(DomainEvent[] record)
    {
        var requests = record.OfType<ToolCallRequested>().ToLookup(c => c.Call);
        Dictionary<(string, string), Queue<DomainEvent>> answers = [];
        foreach (var outcome in record)
        {
            var call = outcome switch { ToolCallSucceeded e => e.Call, ToolCallFailed e => e.Call, ToolCallUnknown e => e.Call, _ => null };
            if (call is not null && requests[call].FirstOrDefault() is { } request)
            {
                Add(answers, (request.Tool, request.RequestHash), outcome);
            }
        }

        return answers;
    }

    private static void Add(Dictionary<(string, string), Queue<DomainEvent>> answers, (string, string) key, DomainEvent outcome)
    {
        if (!answers.TryGetValue(key, out var queue))
        {
            answers[key] = queue = new();
        }

        queue.Enqueue(outcome);
    }
}

/// <summary>The candidate would do something that the record does not answer.</summary>
internal sealed class DryRunStopException(string step, string kind, string name, string request) : Exception($"{step} would ask the {kind} '{name}'.")
{
    public string Step => step;

    public string Kind => kind;

    public string Name => name;

    public string Request => request;
}
