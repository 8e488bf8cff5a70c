using System.Collections.Immutable;
using System.Text.Json;
using AIaaS.Domain.Tools;

namespace AIaaS.Domain.Agents;

/// <summary>A tool call of a run, and what became of it.</summary>
/// <param name="Requested">The call; null where the guard let none leave.</param>
public sealed record RunToolCall(ToolCallRequested? Requested)
{
    /// <summary>Whether a worker stopped while it was out.</summary>
    public bool Interrupted { get; init; }

    /// <summary>Whether it left and nobody knows what became of it.</summary>
    public bool Unknown { get; init; }

    /// <summary>What it returned; null where it did not succeed.</summary>
    public JsonElement? Output { get; init; }

    /// <summary>Why it failed or was refused; null where it did not.</summary>
    public string? Code { get; init; }

    /// <summary>The same in words.</summary>
    public string? Reason { get; init; }

    /// <summary>Whether the platform's guard refused it.</summary>
    public bool Refused { get; init; }

    /// <summary>Whether the call must not be repeated: its worker stopped, and the far side may have done it.</summary>
    public bool Lost => Interrupted && Requested is { SideEffect: true, Idempotent: false };
}

/// <summary>A reply of a model in one visit of a step, and how many tool calls there had been before it.</summary>
/// <param name="Call">The call.</param>
/// <param name="ToolCalls">Tool calls of the visit before it.</param>
public sealed record RunReply(ModelCallCompleted Call, int ToolCalls);

/// <summary>Where a loop stands.</summary>
/// <param name="Loop">The loop node.</param>
/// <param name="Index">The round, from 0.</param>
/// <param name="Items">The items that are gone through; null for a loop with a condition.</param>
public sealed record RunLoop(string Loop, int Index, JsonElement? Items);

/// <summary>One place that a run stands at. A run has one, and one more for each parallel branch that is under way.</summary>
public sealed record RunCursor
{
    /// <summary>The branch, by its first node; null for the run itself.</summary>
    public string? Branch { get; init; }

    /// <summary>The branches that are waited for at the join; empty where there are none.</summary>
    public ImmutableArray<string> Branches { get; init; } = [];

    /// <summary>The step; null before the first one and after the last one.</summary>
    public string? Step { get; init; }

    /// <summary>Which visit of the step, from 1.</summary>
    public int Visit { get; init; }

    /// <summary>When the step began, or was taken up again after a crash.</summary>
    public DateTimeOffset Since { get; init; }

    /// <summary>What the last search found; null before one.</summary>
    public KnowledgeRetrieved? Found { get; init; }

    /// <summary>Whether this visit of a retrieve step has searched.</summary>
    public bool Searched { get; init; }

    /// <summary>The model call that has left and whose outcome is not known; null for none.</summary>
    public ModelCallRequested? OpenCall { get; init; }

    /// <summary>Whether a worker stopped while <see cref="OpenCall"/> was out: its outcome will never be known.</summary>
    public bool Interrupted { get; init; }

    /// <summary>Model calls that were asked for in this visit.</summary>
    public int Attempts { get; init; }

    /// <summary>How many of them failed in a row, up to now.</summary>
    public int Failures { get; init; }

    /// <summary>The failure of this visit's last attempt; null for none.</summary>
    public ModelCallFailed? Failure { get; init; }

    /// <summary>The model's last answer; null before one.</summary>
    public ModelCallCompleted? Answer { get; init; }

    /// <summary>Whether this visit of a model step has its answer.</summary>
    public bool Answered { get; init; }

    /// <summary>The replies of models in this visit.</summary>
    public ImmutableList<RunReply> Replies { get; init; } = [];

    /// <summary>Judgements on the answer in this visit of a validate step.</summary>
    public ImmutableList<ModelCallCompleted> Judgements { get; init; } = [];

    /// <summary>Tokens of this visit.</summary>
    public long StepTokens { get; init; }

    /// <summary>The tool call that is out, or whose outcome is unknown; null for none.</summary>
    public RunToolCall? Tool { get; init; }

    /// <summary>The tool calls of this visit that are settled or were refused, in order.</summary>
    public ImmutableList<RunToolCall> Calls { get; init; } = [];

    /// <summary>What this visit waits for; null for nothing.</summary>
    public RunWaiting? Waiting { get; init; }

    /// <summary>What came; null while nothing has.</summary>
    public RunSignalled? Signal { get; init; }

    /// <summary>Whether the time for it is up.</summary>
    public bool TimedOut { get; init; }

    /// <summary>The last step that did not end as hoped; null for none.</summary>
    public StepCompleted? Setback { get; init; }

    /// <summary>The loops around the step, outermost first.</summary>
    public ImmutableList<RunLoop> Loops { get; init; } = [];

    /// <summary>Whether the run was here before, in the same situation.</summary>
    public bool Oscillates { get; init; }

    /// <summary>Whether the cursor stands still until its branches have arrived at the join.</summary>
    public bool IsParked => !Branches.IsEmpty;
}
