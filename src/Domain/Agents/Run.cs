using System.Collections.Immutable;
using System.Globalization;
using AIaaS.EventStore;

namespace AIaaS.Domain.Agents;

/// <summary>An agent's run: what was asked, where in its workflow it stands, what it has found and spent.</summary>
public sealed record Run : IState<Run>
{
    /// <summary>The run before its first event.</summary>
    public static Run Initial { get; } = new();

    /// <summary>What was asked; null before the first event.</summary>
    public RunRequested? Request { get; init; }

    /// <summary>What the run pinned; null before it started.</summary>
    public RunStarted? Started { get; init; }

    /// <summary>The step that the run stands at; null before it started and after its last step.</summary>
    public string? Step { get; init; }

    /// <summary>When that step began, or was taken up again after a crash.</summary>
    public DateTimeOffset StepSince { get; init; }

    /// <summary>Steps done.</summary>
    public int Steps { get; init; }

    /// <summary>How often each step was entered.</summary>
    public ImmutableDictionary<string, int> Visits { get; init; } = ImmutableDictionary<string, int>.Empty;

    /// <summary>What the last search found; null before one.</summary>
    public KnowledgeRetrieved? Found { get; init; }

    /// <summary>Whether this visit of a retrieve step has searched.</summary>
    public bool Searched { get; init; }

    /// <summary>The model call that has left and whose outcome is not known; null for none.</summary>
    public ModelCallRequested? OpenCall { get; init; }

    /// <summary>Whether a worker stopped while <see cref="OpenCall"/> was out: its outcome will never be known.</summary>
    public bool Interrupted { get; init; }

    /// <summary>Attempts of this visit of a model step.</summary>
    public int Attempts { get; init; }

    /// <summary>The failure of this visit's last attempt; null for none.</summary>
    public ModelCallFailed? Failure { get; init; }

    /// <summary>The model's last answer; null before one.</summary>
    public ModelCallCompleted? Answer { get; init; }

    /// <summary>Whether this visit of a model step has its answer.</summary>
    public bool Answered { get; init; }

    /// <summary>Tokens of this visit.</summary>
    public long StepTokens { get; init; }

    /// <summary>The last step that did not end as hoped; null for none.</summary>
    public StepCompleted? Setback { get; init; }

    /// <summary>The last step done; null before one.</summary>
    public StepCompleted? Last { get; init; }

    /// <summary>Model calls that completed.</summary>
    public int ModelCalls { get; init; }

    /// <summary>Tokens of all calls.</summary>
    public TokenUsage Usage { get; init; }

    /// <summary>Price of all calls that completed.</summary>
    public Money Cost { get; init; } = Money.Usd(0);

    /// <summary>The worst case of calls whose outcome is unknown: the provider may charge them, so the budget counts them.</summary>
    public Money Held { get; init; } = Money.Usd(0);

    /// <summary>The situations that the run has been in, to notice when it goes in circles.</summary>
    public ImmutableHashSet<Situation> Been { get; init; } = [];

    /// <summary>Whether the run is in a situation that it has been in before.</summary>
    public bool Oscillates { get; init; }

    /// <summary>Steps since something new was learned: a search result or an answer.</summary>
    public int StepsWithoutProgress { get; init; }

    /// <summary>How the run ended; null while it has not.</summary>
    public RunCompleted? Completed { get; init; }

    /// <summary>The stream of a run.</summary>
    public static StreamName Stream(string tenant, string run) => StreamName.For("agentRun", tenant, run);

    /// <summary>The most that a call may cost now.</summary>
    public Money Available => Started is null ? Money.Usd(0) : Started.Budget - Cost - Held;

    /// <summary>The id of the next attempt: <c>{step}/{visit}/{attempt}</c>.</summary>
    public string NextCall => string.Create(CultureInfo.InvariantCulture, $"{Step}/{Visits.GetValueOrDefault(Step ?? "")}/{Attempts + 1}");

    /// <inheritdoc />
    public Run Evolve(object @event) => @event switch
    {
        RunRequested e => this with { Request = e },
        RunStarted e => this with { Started = e, StepSince = e.At, Cost = e.Budget with { Amount = 0 }, Held = e.Budget with { Amount = 0 } },
        RunResumed e => this with { StepSince = e.At, Interrupted = OpenCall is not null },
        KnowledgeRetrieved e => this with { Found = e, Searched = true, StepsWithoutProgress = 0 },
        ModelCallRequested e => this with { OpenCall = e, Interrupted = false, Attempts = e.Attempt },
        ModelCallCompleted e => this with
        {
            OpenCall = null,
            Answer = e,
            Answered = true,
            Failure = null,
            StepTokens = StepTokens + e.Usage.Total,
            ModelCalls = ModelCalls + 1,
            Usage = Usage + e.Usage,
            Cost = Cost + e.Cost,
            StepsWithoutProgress = 0,
        },
        ModelCallFailed e => this with
        {
            OpenCall = null,
            Interrupted = false,
            Failure = e,
            Held = e.Unknown && OpenCall is { } call ? Held + call.WorstCase : Held,
        },
        StepCompleted e => Leave(e),
        RunCompleted e => this with { Completed = e, Step = null },
        _ => this,
    };

    /// <summary>The run standing at a step, entered now.</summary>
    public Run Enter(string step, DateTimeOffset at)
    {
        var situation = new Situation(step, Answer?.Tier, Answer?.Response, Found?.IndexPosition);
        return this with
        {
            Step = step,
            StepSince = at,
            Visits = Visits.SetItem(step, Visits.GetValueOrDefault(step) + 1),
            Searched = false,
            Answered = false,
            Attempts = 0,
            Failure = null,
            StepTokens = 0,
            Been = Been.Add(situation),
            Oscillates = Been.Contains(situation),
        };
    }

    private Run Leave(StepCompleted e)
    {
        var left = this with
        {
            Steps = Steps + 1,
            Last = e,
            Setback = e.Result is "ok" or "passed" ? Setback : e,
            StepsWithoutProgress = StepsWithoutProgress + 1,
        };
        return e.Next is null ? left with { Step = null } : left.Enter(e.Next, e.At);
    }
}

/// <summary>What tells one situation of a run from another: where it stands and the newest of what it knows. Two equal ones mean that it goes in circles.</summary>
/// <param name="Step">The step.</param>
/// <param name="Tier">The tier of the last answer.</param>
/// <param name="Answer">The last answer.</param>
/// <param name="IndexPosition">What the last search reflected.</param>
public readonly record struct Situation(string Step, Tier? Tier, string? Answer, ulong? IndexPosition);
