using System.Globalization;
using AIaaS.EventStore;

namespace AIaaS.Domain.Agents;

/// <summary>What a run does next. Each one leads to exactly one event.</summary>
public abstract record RunMove
{
    private RunMove()
    {
    }

    /// <summary>Pin what the run depends on.</summary>
    public sealed record Start : RunMove;

    /// <summary>Search the articles.</summary>
    public sealed record Search(RetrieveNode Node) : RunMove;

    /// <summary>Ask for a model call; nothing leaves before that is durable.</summary>
    public sealed record RequestCall(ModelNode Node) : RunMove;

    /// <summary>Make the call that was asked for.</summary>
    public sealed record MakeCall(ModelCallRequested Call) : RunMove;

    /// <summary>Give up a call whose worker stopped before its outcome was recorded.</summary>
    public sealed record GiveUpCall(ModelCallRequested Call) : RunMove;

    /// <summary>Hold the answer against the gates.</summary>
    public sealed record Check(ValidateNode Node) : RunMove;

    /// <summary>Leave the step.</summary>
    public sealed record Leave(WorkflowNode Node, string Result, string Detail, string? Next) : RunMove;

    /// <summary>End the run.</summary>
    public sealed record End(RunOutcome Outcome, string Reason, string? Text) : RunMove;

    /// <summary>Nothing: the run has ended.</summary>
    public sealed record Rest : RunMove;
}

/// <summary>The rules of the run engine: what comes next is a function of the fold of a run's events and of its workflow.</summary>
public static class RunRules
{
    /// <summary>The version of these rules; pinned by each run. It changes whenever the same events would lead to another next event.</summary>
    public const string Version = "1";

    /// <summary>The most attempts of one visit of a model step.</summary>
    public const int MaxAttempts = 3;

    /// <summary>The most steps in a row that bring neither a new search result nor a new answer.</summary>
    public const int MaxStepsWithoutProgress = 8;

    /// <summary>What the run does next.</summary>
    public static RunMove Next(Run run, Workflow workflow)
    {
        if (run.Completed is not null)
        {
            return new RunMove.Rest();
        }

        if (run.Started is null)
        {
            return new RunMove.Start();
        }

        if (run.OpenCall is { } call)
        {
            return run.Interrupted ? new RunMove.GiveUpCall(call) : new RunMove.MakeCall(call);
        }

        if (run.Step is null && run.Last is { } last)
        {
            return Ended(run, workflow, last);
        }

        var id = run.Step ?? workflow.Start.Id;
        if (workflow.Find(id) is not { } node)
        {
            return new RunMove.End(RunOutcome.Failed, "unknown-step", null);
        }

        return CutReason(run, workflow, node) is { } reason ? new RunMove.End(RunOutcome.Cut, reason, null) : At(run, workflow, node);
    }

    /// <summary>Where a run goes from a step, past steps whose visits are used up; null with a reason where it has to be cut.</summary>
    public static string Resolve(Run run, Workflow workflow, string target)
    {
        var id = target;
        for (var hops = 0; hops <= workflow.Nodes.Length; hops++)
        {
            if (workflow.Find(id) is not { MaxVisits: { } most, Exhausted: { } other } || run.Visits.GetValueOrDefault(id) < most)
            {
                return id;
            }

            id = other;
        }

        return id;
    }

    /// <summary>
    /// How long to wait before an attempt: exponential from 100 ms with up to half of it as jitter, a function of the call's name, so that
    /// the draw needs no record of its own.
    /// </summary>
    public static TimeSpan Backoff(string run, string call, int failedAttempts)
    {
        Span<byte> drawn = stackalloc byte[16];
        NamedId.Of("backoff", run, call).TryWriteBytes(drawn);
        var draw = drawn[15] / 256.0;
        return TimeSpan.FromMilliseconds(100 * Math.Pow(2, failedAttempts - 1) * (1 + (draw / 2)));
    }

    private static RunMove At(Run run, Workflow workflow, WorkflowNode node) => node switch
    {
        StartNode n => new RunMove.Leave(n, "ok", "", Resolve(run, workflow, n.Next)),
        RetrieveNode n when !run.Searched => new RunMove.Search(n),
        RetrieveNode { Empty: { } empty } n when run.Found!.Passages.IsEmpty =>
            new RunMove.Leave(n, "failed", "no-evidence: the search found nothing", Resolve(run, workflow, empty)),
        RetrieveNode n => new RunMove.Leave(n, "ok", "", Resolve(run, workflow, n.Next)),
        ModelNode n when run.Answered => new RunMove.Leave(n, "ok", "", Resolve(run, workflow, n.Next)),
        ModelNode n when run.Failure is { } failure && (!failure.Retryable || run.Attempts >= MaxAttempts) => GivenUp(run, workflow, n, failure),
        ModelNode n => new RunMove.RequestCall(n),
        ValidateNode n => new RunMove.Check(n),
        EndNode n => new RunMove.Leave(n, "ok", "", null),
        _ => throw new InvalidOperationException($"The run engine does not know nodes of type '{node.Type}'."),
    };

    private static RunMove GivenUp(Run run, Workflow workflow, ModelNode node, ModelCallFailed failure)
    {
        var detail = string.Create(CultureInfo.InvariantCulture, $"model-unavailable: {run.Attempts} of at most {MaxAttempts} attempts failed, the last one: {failure.Reason}");
        return node.Failed is { } failed
            ? new RunMove.Leave(node, "failed", detail, Resolve(run, workflow, failed))
            : new RunMove.End(RunOutcome.Failed, "model-unavailable", null);
    }

    private static RunMove Ended(Run run, Workflow workflow, StepCompleted last)
    {
        var end = workflow.Find(last.Step) as EndNode;
        return end is null
            ? new RunMove.End(RunOutcome.Failed, "unknown-step", null)
            : new RunMove.End(end.Outcome, end.Outcome == RunOutcome.Answered ? "answered" : ReasonOf(run.Setback) ?? "workflow", end.Text);
    }

    private static string? ReasonOf(StepCompleted? setback) =>
        setback is null ? null : setback.Detail.IndexOf(':') is var colon and > 0 ? setback.Detail[..colon] : setback.Detail;

    private static string? CutReason(Run run, Workflow workflow, WorkflowNode node) =>
        node is EndNode ? null
        : run.Steps >= run.Started!.StepLimit ? "step-limit"
        : node.MaxVisits is { } most && run.Visits.GetValueOrDefault(node.Id) > most ? "max-visits"
        : run.Oscillates ? "oscillation"
        : run.StepsWithoutProgress > MaxStepsWithoutProgress ? "no-progress"
        : run.Failure is { Retryable: true } failure && (failure.At - run.StepSince + Backoff(run.Request!.Run, run.NextCall, run.Attempts)).TotalMilliseconds >= workflow.Limits.StepMs ? "step-time"
        : run.StepTokens > workflow.Limits.StepTokens ? "step-tokens"
        : null;
}
