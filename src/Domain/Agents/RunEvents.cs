using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using AIaaS.Domain.Budgets;
using AIaaS.EventStore;

namespace AIaaS.Domain.Agents;

/// <summary>The price tiers of models, cheapest first.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Tier>))]
public enum Tier
{
    /// <summary>The cheapest small model.</summary>
    SLM_A,

    /// <summary>A stronger small model.</summary>
    SLM_B,

    /// <summary>The large model.</summary>
    LLM,
}

/// <summary>How a run ended. Every run ends in one of these; none ends in silence.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<RunOutcome>))]
public enum RunOutcome
{
    /// <summary>It gave an answer that its gates passed.</summary>
    Answered,

    /// <summary>It gave the conversation to a person, with a reason.</summary>
    HandedOff,

    /// <summary>Loop safety or a budget cut it, with a reason.</summary>
    Cut,

    /// <summary>It could not go on, with a reason.</summary>
    Failed,
}

/// <summary>Tokens of one or more model calls. The classes are disjoint: each token is counted in one of them.</summary>
/// <param name="UncachedInput">Input tokens not served from a cache.</param>
/// <param name="CacheRead">Input tokens served from a cache.</param>
/// <param name="CacheWrite">Input tokens written to a cache.</param>
/// <param name="Output">Visible output tokens.</param>
/// <param name="Reasoning">Output tokens spent on reasoning.</param>
public readonly record struct TokenUsage(long UncachedInput, long CacheRead, long CacheWrite, long Output, long Reasoning)
{
    /// <summary>All classes together.</summary>
    [JsonIgnore]
    public long Total => UncachedInput + CacheRead + CacheWrite + Output + Reasoning;

    /// <summary>Class by class.</summary>
    public static TokenUsage operator +(TokenUsage a, TokenUsage b) =>
        new(a.UncachedInput + b.UncachedInput, a.CacheRead + b.CacheRead, a.CacheWrite + b.CacheWrite, a.Output + b.Output, a.Reasoning + b.Reasoning);
}

/// <summary>Content hashes (SHA-256, hex) and versions of everything that a run depends on.</summary>
/// <param name="Workflow">Hash of the workflow's canonical form.</param>
/// <param name="Prompts">Hash of each prompt, by step.</param>
/// <param name="Models">The model that each tier maps to.</param>
/// <param name="PriceBook">Version of the prices.</param>
/// <param name="Engine">Version of the run engine's rules.</param>
public sealed record RunPins(string Workflow, ImmutableSortedDictionary<string, string> Prompts, ImmutableSortedDictionary<string, string> Models, string PriceBook, string Engine)
{
    /// <summary>The version of each tool that the workflow may call, by name; null where it calls none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ImmutableSortedDictionary<string, string>? Tools { get; init; }
}

/// <summary>Where a forked run comes from and what was changed.</summary>
/// <param name="Run">The run that it was forked from.</param>
/// <param name="FromStep">The first step that runs anew; what came before is taken over as recorded.</param>
/// <param name="Prompt">Another prompt for that step; null: unchanged.</param>
/// <param name="Tier">Another tier for that step; null: unchanged.</param>
/// <param name="Model">Another model for that step; null: unchanged.</param>
public sealed record ForkOrigin(string Run, string FromStep, string? Prompt, Tier? Tier, string? Model);

/// <summary>A passage of an article, as a run saw it.</summary>
/// <param name="Article">The article's id.</param>
/// <param name="Title">The article's title.</param>
/// <param name="Text">The passage.</param>
/// <param name="Score">BM25 score, higher is better.</param>
public sealed record Passage(string Article, string Title, string Text, double Score);

/// <summary>A passage that an answer rests on.</summary>
/// <param name="Article">The article's id.</param>
/// <param name="Title">The article's title.</param>
/// <param name="Quote">The words of the article that carry the answer.</param>
public sealed record Citation(string Article, string Title, string Quote);

/// <summary>Type <c>agent.run.requested</c>, first event of <c>agentRun-{tenant}_{run}</c>: a customer's message asks for a run.</summary>
/// <param name="Run">The run's id.</param>
/// <param name="Conversation">The conversation's id.</param>
/// <param name="Message">The message's id.</param>
/// <param name="Text">What the customer wrote.</param>
/// <param name="Workflow">The workflow's name.</param>
/// <param name="RequestHash">SHA-256 (hex) of the request's content: tells a repetition from another request under the same idempotency key.</param>
/// <param name="Fork">Where the run was forked from; null for a run of its own.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record RunRequested(string Run, string Conversation, string Message, string Text, string Workflow, string RequestHash, ForkOrigin? Fork, DateTimeOffset At) : DomainEvent
{
    /// <summary>The customer's id at the tenant, as the tenant says; null where unknown.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Customer { get; init; }

    /// <summary>Further input of a run that was asked for by itself, not by a message; null for none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonElement? Input { get; init; }
}

/// <summary>Type <c>agent.run.started</c>: the run has pinned what it depends on.</summary>
/// <param name="Pins">The pins.</param>
/// <param name="StepLimit">The most steps.</param>
/// <param name="Budget">The most money, all model calls together.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record RunStarted(RunPins Pins, int StepLimit, Money Budget, DateTimeOffset At) : DomainEvent
{
    /// <summary>The worker that started it; its heartbeat keeps the run. Null in runs of rules version 1.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Worker { get; init; }

    /// <summary>Whether a budget ran low when it started: cheaper tiers, half the passages, no critic. Left out where not.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool SafeMode { get; init; }
}

/// <summary>Type <c>agent.run.resumed</c>: after a crash, another worker goes on from the last event.</summary>
/// <param name="Worker">The process that goes on.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record RunResumed(string Worker, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>knowledge.retrieved</c>: what a retrieve step found.</summary>
/// <param name="Step">The step.</param>
/// <param name="Query">What was searched for.</param>
/// <param name="Passages">Best first.</param>
/// <param name="IndexPosition">The log position that the index reflected.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record KnowledgeRetrieved(string Step, string Query, ImmutableArray<Passage> Passages, ulong IndexPosition, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>model.call.requested</c>: durable before the call leaves.</summary>
/// <param name="Call"><c>{step}/{visit}/{attempt}</c>, unique in the run.</param>
/// <param name="Step">The step.</param>
/// <param name="Attempt">From 1.</param>
/// <param name="Tier">The tier.</param>
/// <param name="Model">The model that the tier maps to.</param>
/// <param name="Request">The request's exact content.</param>
/// <param name="WorstCase">The most that the call can cost.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record ModelCallRequested(string Call, string Step, int Attempt, Tier Tier, string Model, string Request, Money WorstCase, DateTimeOffset At) : DomainEvent
{
    /// <summary>Whether the call judges an answer (gate <c>critic_call</c>) instead of giving one.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Critic { get; init; }

    /// <summary>Why the call is smaller than the workflow says (<c>{code}: {in words}</c>): money or tokens ran low; null where it is not.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Degraded { get; init; }

    /// <summary>What is reserved for the call, budget by budget; null where no budget applies.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ImmutableArray<BudgetHold>? Reserved { get; init; }
}

/// <summary>Type <c>model.call.completed</c>: the model answered. This event bills the call.</summary>
/// <param name="Call">The call.</param>
/// <param name="Step">The step.</param>
/// <param name="Tier">The tier.</param>
/// <param name="Model">The model.</param>
/// <param name="Response">The answer's exact content.</param>
/// <param name="Usage">Its tokens.</param>
/// <param name="Cost">Its price.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record ModelCallCompleted(string Call, string Step, Tier Tier, string Model, string Response, TokenUsage Usage, Money Cost, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>model.call.failed</c>: the call gave no usable answer.</summary>
/// <param name="Call">The call.</param>
/// <param name="Step">The step.</param>
/// <param name="Reason">In words.</param>
/// <param name="Retryable">Whether another attempt may help.</param>
/// <param name="Unknown">Whether the far side may have done the work all the same (time-out, crash).</param>
/// <param name="At">Business time, UTC.</param>
public sealed record ModelCallFailed(string Call, string Step, string Reason, bool Retryable, bool Unknown, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>agent.step.completed</c>: a step of the workflow is done.</summary>
/// <param name="Step">The step's id in the workflow.</param>
/// <param name="Node">The node type: as it stands in the workflow: <c>start</c>, <c>tool</c>, <c>end</c>…</param>
/// <param name="Number">Which step of the run it was, from 1.</param>
/// <param name="Result">What came of it: <c>ok</c>, <c>passed</c>, <c>rejected</c>, <c>failed</c>.</param>
/// <param name="Detail">In words; empty when there is nothing to say.</param>
/// <param name="Next">The next step; null after the last one.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record StepCompleted(string Step, string Node, int Number, string Result, string Detail, string? Next, DateTimeOffset At) : DomainEvent
{
    /// <summary>
    /// What the step gives to <c>$.steps.{step}</c>. Null for nothing new, and where an event before it says it already: a tool's output, a
    /// model's answer. Of a sub-workflow node: the input of the sub-workflow.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonElement? Output { get; init; }

    /// <summary>The parallel branch that the step belongs to, by the branch's first node; null outside of one.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Branch { get; init; }

    /// <summary>Of a parallel node: the first nodes of the branches that begin; <see cref="Next"/> is then the join. Null otherwise.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ImmutableArray<string>? Branches { get; init; }

    /// <summary>Of the end of a sub-workflow: the node that the output goes to; null otherwise.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Returns { get; init; }
}

/// <summary>Type <c>agent.run.claimed</c>: a worker has taken the run on; its heartbeat keeps it.</summary>
/// <param name="Worker">The worker.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record RunClaimed(string Worker, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>agent.run.waiting</c>: the run waits, without a worker.</summary>
/// <param name="Step">The step.</param>
/// <param name="Visit">Which visit of the step, from 1.</param>
/// <param name="For">What for.</param>
/// <param name="Name">Of a signal: its name; null otherwise.</param>
/// <param name="Prompt">What was said to whom it waits for; null for nothing.</param>
/// <param name="Tool">Of a confirmation: the tool; null otherwise.</param>
/// <param name="Input">Of a confirmation: the exact input; null otherwise.</param>
/// <param name="RequestHash">Of a confirmation: hash of tool, version and input; null otherwise.</param>
/// <param name="Until">When the time is up.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record RunWaiting(
    string Step,
    int Visit,
    WaitKind For,
    string? Name,
    string? Prompt,
    string? Tool,
    JsonElement? Input,
    string? RequestHash,
    DateTimeOffset Until,
    DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>agent.run.signalled</c>: what the run waited for has come.</summary>
/// <param name="Step">The step that waited.</param>
/// <param name="Visit">Which visit of the step, from 1.</param>
/// <param name="Signal">Unique in the run: a repetition changes nothing.</param>
/// <param name="Accepted">Of an approval or confirmation: yes or no; null otherwise.</param>
/// <param name="Payload">What came with it; null for nothing.</param>
/// <param name="Actor">Who sent it.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record RunSignalled(string Step, int Visit, string Signal, bool? Accepted, JsonElement? Payload, string Actor, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>agent.run.timed-out</c>: what the run waited for has not come in time.</summary>
/// <param name="Step">The step that waited.</param>
/// <param name="Visit">Which visit of the step, from 1.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record RunTimedOut(string Step, int Visit, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>agent.run.moved</c>: a person moved the run to another version of its workflow, after the compatibility check.</summary>
/// <param name="From">The version before.</param>
/// <param name="Pins">What the run depends on from here on.</param>
/// <param name="Actor">Who moved it.</param>
/// <param name="Reason">Why.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record RunMoved(string From, RunPins Pins, string Actor, string Reason, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>agent.customer.authenticated</c>: a tool proved who the customer of the run is.</summary>
/// <param name="Step">The step.</param>
/// <param name="Customer">The customer's id.</param>
/// <param name="Call">The call that proved it; null where an earlier run of the conversation did.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record CustomerAuthenticated(string Step, string Customer, string? Call, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>agent.run.completed</c>, the last event of every run: how it ended, and its totals.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="Reason">Why, in a stable code: <c>answered</c>, <c>no-evidence</c>, <c>step-limit</c>, <c>budget</c>, <c>budget-exhausted</c>, <c>oscillation</c>, <c>model-unavailable</c>…</param>
/// <param name="Answer">What the customer is told; also set on a hand-off.</param>
/// <param name="Citations">What the answer rests on.</param>
/// <param name="Workflow">The workflow's name.</param>
/// <param name="Tier">The tier of the call that gave the answer; null where no model was asked.</param>
/// <param name="Steps">Steps done.</param>
/// <param name="ModelCalls">Model calls that completed.</param>
/// <param name="Usage">Tokens of all calls.</param>
/// <param name="Cost">Price of all calls.</param>
/// <param name="DurationMs">From the request to here, in milliseconds.</param>
/// <param name="Forked">Whether the run is a fork: shown, not counted among the tenant's KPIs.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record RunCompleted(
    RunOutcome Outcome,
    string Reason,
    string Answer,
    ImmutableArray<Citation> Citations,
    string Workflow,
    Tier? Tier,
    int Steps,
    int ModelCalls,
    TokenUsage Usage,
    Money Cost,
    double DurationMs,
    bool Forked,
    DateTimeOffset At) : DomainEvent
{
    /// <summary>Of a hand-off: whose queue; null for the general one.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Queue { get; init; }

    /// <summary>What the workflow gave back; null for nothing.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonElement? Output { get; init; }

    /// <summary>Of a run that a budget has cut: which, and what was left in it; null otherwise.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Detail { get; init; }
}
