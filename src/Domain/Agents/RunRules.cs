using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using AIaaS.Domain.Tools;
using AIaaS.EventStore;

namespace AIaaS.Domain.Agents;

/// <summary>What a run does next. Each one leads to exactly one event, but <see cref="Outside"/>, which leads to one for each call.</summary>
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

    /// <summary>Read what the model said in a task other than answering, and go on with it.</summary>
    public sealed record Read(ModelNode Node) : RunMove;

    /// <summary>Make the call that was asked for.</summary>
    public sealed record MakeCall(ModelCallRequested Call) : RunMove;

    /// <summary>Give up a call whose worker stopped before its outcome was recorded.</summary>
    public sealed record GiveUpCall(ModelCallRequested Call) : RunMove;

    /// <summary>Ask for a tool call, if the guards let it; nothing leaves before that is durable.</summary>
    public sealed record RequestTool(ToolNode Node) : RunMove;

    /// <summary>Ask for the call that undoes another one.</summary>
    public sealed record Undo(CompensateNode Node, RunToolCall Effect) : RunMove;

    /// <summary>Note that a call has been undone.</summary>
    public sealed record Undone(ToolCallRequested Effect, ToolCallRequested By) : RunMove;

    /// <summary>Make the tool call that was asked for; or make it again, where that does no harm.</summary>
    public sealed record CallTool(ToolCallRequested Call) : RunMove;

    /// <summary>Note that nobody knows what became of a call whose worker stopped.</summary>
    public sealed record LoseTool(ToolCallRequested Call) : RunMove;

    /// <summary>Take the customer that a tool has proved for the run's and the conversation's.</summary>
    public sealed record Authenticate(ToolNode? Node, RunToolCall Call) : RunMove;

    /// <summary>Wait for something from outside.</summary>
    public sealed record Wait(WaitNode Node) : RunMove;

    /// <summary>Hold the answer against the gates.</summary>
    public sealed record Check(ValidateNode Node) : RunMove;

    /// <summary>Leave the step.</summary>
    public sealed record Leave(WorkflowNode Node, string Result, string Detail, string? Next) : RunMove
    {
        /// <summary>What the step gives; null for nothing, or where an event before it says it already.</summary>
        public JsonElement? Output { get; init; }

        /// <summary>The branches that begin; null elsewhere than at a parallel node.</summary>
        public ImmutableArray<string>? Branches { get; init; }

        /// <summary>The sub-workflow node that the output goes to; null elsewhere than at its end.</summary>
        public string? Returns { get; init; }
    }

    /// <summary>End the run.</summary>
    public sealed record End(RunOutcome Outcome, string Reason, string? Text) : RunMove
    {
        /// <summary>Of a hand-off: whose queue.</summary>
        public string? Queue { get; init; }

        /// <summary>What the workflow gives back.</summary>
        public JsonElement? Output { get; init; }
    }

    /// <summary>Several calls are out at the same time: the outcome that comes first is recorded first.</summary>
    public sealed record Outside(ImmutableArray<RunMove> Calls) : RunMove;

    /// <summary>Nothing: the run has ended, or waits for something from outside.</summary>
    public sealed record Rest : RunMove;
}

/// <summary>The rules of the run engine: what comes next is a function of the fold of a run's events and of its workflow.</summary>
public static class RunRules
{
    /// <summary>
    /// The version of these rules; pinned by each run. It changes whenever the same events would lead to another next event. Runs of version 1,
    /// which had neither tools nor branches, and of version 2, which asked for a confirmation in the workflow's words alone, are carried on and
    /// replayed by the same rules; where those differ, they ask for the version.
    /// </summary>
    public const string Version = "3";

    /// <summary>The most attempts of one visit of a model step that fail in a row.</summary>
    public const int MaxAttempts = 3;

    /// <summary>The most steps in a row that bring nothing new. Since version 2, steps that the run comes to for the first time do not count.</summary>
    public const int MaxStepsWithoutProgress = 8;

    /// <summary>The largest state, in bytes of JSON.</summary>
    public const int MaxStateBytes = 1024 * 1024;

    /// <summary>The most tool calls in one visit of an agent step that does not say it.</summary>
    public const int DefaultToolCalls = 8;

    private static readonly RunMove Resting = new RunMove.Rest();

    /// <summary>The versions of the rules whose runs can be carried on and replayed.</summary>
    public static bool Knows(string version) => version is "1" or "2" or Version;

    /// <summary>What the run does next.</summary>
    public static RunMove Next(Run run, Workflow workflow)
    {
        if (run.Completed is not null)
        {
            return Resting;
        }

        if (run.Started is null)
        {
            return new RunMove.Start();
        }

        if (run.Cursors.Length == 1)
        {
            return run.Ending is { } ending ? Ended(run, workflow, ending) : NextOf(run, workflow, run.Cursors[0]);
        }

        return NextOfBranches(run, workflow);
    }

    /// <summary>Where a run goes from a step, past steps whose visits are used up.</summary>
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

    /// <summary>What follows when no attempt of a model step gave an answer that can be used.</summary>
    public static RunMove GivenUp(Run run, Workflow workflow, ModelNode node, string code, string words) => node.Failed is { } failed
        ? new RunMove.Leave(node, "failed", $"{code}: {words}", Resolve(run, workflow, failed)) { Output = run.IsFirstVersion ? null : RunState.Error(code, words) }
        : new RunMove.End(RunOutcome.Failed, code, null);

    /// <summary>
    /// Moves of the branches, in the order in which they began. What ends the run comes first, but not before the calls that are out have
    /// come back: their outcomes belong into the record.
    /// </summary>
    private static RunMove NextOfBranches(Run run, Workflow workflow)
    {
        var calls = ImmutableArray.CreateBuilder<RunMove>();
        RunMove? first = null;
        var end = run.Ending is { } ending ? Ended(run, workflow, ending) : null;
        foreach (var cursor in run.Cursors)
        {
            if (cursor.IsParked || (cursor.Step is null && run.Ending is not null))
            {
                continue;
            }

            switch (NextOf(run, workflow, cursor))
            {
                case RunMove.MakeCall or RunMove.CallTool:
                    calls.Add(NextOf(run, workflow, cursor));
                    break;
                case RunMove.End move:
                    end ??= move;
                    break;
                case RunMove.Rest:
                    break;
                case var move:
                    first ??= move;
                    break;
            }
        }

        return end is not null && calls.Count == 0 ? end
            : end is null && first is not null ? first
            : calls.Count switch
            {
                0 => Resting,
                1 => calls[0],
                _ => new RunMove.Outside(calls.ToImmutable()),
            };
    }

    private static RunMove NextOf(Run run, Workflow workflow, RunCursor cursor)
    {
        if (cursor.OpenCall is { } call)
        {
            return cursor.Interrupted ? new RunMove.GiveUpCall(call) : new RunMove.MakeCall(call);
        }

        if (cursor.Tool is { Requested: { } requested } tool)
        {
            return tool.Unknown ? Resting
                : tool.Lost ? new RunMove.LoseTool(requested)
                : new RunMove.CallTool(requested);
        }

        if (workflow.Find(cursor.Step ?? workflow.Start.Id) is not { } node)
        {
            return new RunMove.End(RunOutcome.Failed, "unknown-step", null);
        }

        return CutReason(run, workflow, cursor, node) is { } reason ? new RunMove.End(RunOutcome.Cut, reason, null) : At(run, workflow, cursor, node);
    }

    private static RunMove At(Run run, Workflow workflow, RunCursor cursor, WorkflowNode node) => node switch
    {
        StartNode n => Leave(run, workflow, n, n.Next),
        RetrieveNode n when !cursor.Searched => new RunMove.Search(n),
        RetrieveNode { Empty: { } empty } n when cursor.Found!.Passages.IsEmpty =>
            new RunMove.Leave(n, "failed", "no-evidence: the search found nothing", Resolve(run, workflow, empty)),
        RetrieveNode n => Leave(run, workflow, n, n.Next),
        ModelNode n => AtModel(run, workflow, cursor, n),
        ToolNode n => AtTool(run, workflow, cursor, n),
        ConditionNode n => Leave(run, workflow, n, RunState.Of(run, workflow, cursor, n).IsTrue(n.If) ? n.Then : n.Else),
        SwitchNode n => Leave(run, workflow, n, RunState.Of(run, workflow, cursor, n).Choose(n)),
        ParallelNode n => new RunMove.Leave(n, "ok", "", n.Join) { Branches = n.Branches },
        JoinNode n => Leave(run, workflow, n, n.Next),
        LoopNode n => AtLoop(run, workflow, cursor, n),
        ValidateNode n => new RunMove.Check(n),
        WaitNode n => AtWait(run, workflow, cursor, n),
        HandoffNode n => new RunMove.Leave(n, "ok", "", null),
        SubWorkflowNode n => Leave(run, workflow, n, n.Entry ?? n.Next) with { Output = RunState.Of(run, workflow, cursor, n).Json(n.Input) },
        CompensateNode n => AtCompensate(run, workflow, cursor, n),
        EndNode { Next: { } next } n => Leave(run, workflow, n, next) with { Output = Given(run, workflow, cursor, n), Returns = n.Scope },
        EndNode n => new RunMove.Leave(n, "ok", "", null) { Output = Given(run, workflow, cursor, n) },
        _ => throw new InvalidOperationException($"The run engine does not know nodes of type '{node.Type}'."),
    };

    private static RunMove.Leave Leave(Run run, Workflow workflow, WorkflowNode node, string next) => new(node, "ok", "", Resolve(run, workflow, next));

    private static JsonElement? Given(Run run, Workflow workflow, RunCursor cursor, EndNode node) =>
        node.Output is { } output ? RunState.Of(run, workflow, cursor, node).Json(output) : null;

    private static RunMove AtModel(Run run, Workflow workflow, RunCursor cursor, ModelNode node)
    {
        if (cursor.Failure is { } failure && (!failure.Retryable || cursor.Failures >= MaxAttempts))
        {
            return GivenUp(run, workflow, node, "model-unavailable", string.Create(CultureInfo.InvariantCulture, $"{cursor.Failures} of at most {MaxAttempts} attempts failed, the last one: {failure.Reason}"));
        }

        return cursor.Failure is not null || cursor.Replies.IsEmpty ? new RunMove.RequestCall(node)
            : node.Task == ModelTask.Answer ? Leave(run, workflow, node, node.Next)
            : new RunMove.Read(node);
    }

    private static RunMove AtTool(Run run, Workflow workflow, RunCursor cursor, ToolNode node)
    {
        if (cursor.Calls is not [.., var call])
        {
            return new RunMove.RequestTool(node);
        }

        if (call.Code is { } code)
        {
            return ToolFailed(run, workflow, node, code, call.Reason ?? "");
        }

        return call.Requested is { Authenticates: true } && CustomerIn(call) is { } customer && customer != run.Customer
            ? new RunMove.Authenticate(node, call)
            : Leave(run, workflow, node, node.Next);
    }

    /// <summary>What follows when a tool failed or was refused.</summary>
    public static RunMove ToolFailed(Run run, Workflow workflow, ToolNode node, string code, string reason) => node.Failed is { } failed
        ? new RunMove.Leave(node, "failed", $"{code}: {reason}", Resolve(run, workflow, failed)) { Output = RunState.Error(code, reason) }
        : new RunMove.End(RunOutcome.Failed, code, null);

    /// <summary>The customer that a call has proved; null where its output names none.</summary>
    public static string? CustomerIn(RunToolCall call) => call.Output is { ValueKind: JsonValueKind.String } id && id.GetString() is { Length: > 0 } customer ? customer : null;

    private static RunMove AtLoop(Run run, Workflow workflow, RunCursor cursor, LoopNode node)
    {
        var at = cursor.Loops.FindIndex(l => l.Loop == node.Id);
        var index = at < 0 ? 0 : cursor.Loops[at].Index + 1;
        var state = RunState.Of(run, workflow, at < 0 ? cursor : cursor with { Loops = cursor.Loops.RemoveRange(at + 1, cursor.Loops.Count - at - 1) }, node);
        var items = at < 0 ? (node.Over is { } over ? state.List(over) : null) : cursor.Loops[at].Items;
        var more = node.Over is null ? state.IsTrue(node.While ?? "false") : items is { } list && index < list.GetArrayLength();
        if (!more)
        {
            return new RunMove.Leave(node, "done", "", Resolve(run, workflow, node.Next)) { Output = RunState.Rounds(index) };
        }

        if (index >= node.Most)
        {
            return node.Exceeded is { } exceeded
                ? new RunMove.Leave(node, "exceeded", string.Create(CultureInfo.InvariantCulture, $"loop-limit: {node.Most} rounds are used up"), Resolve(run, workflow, exceeded)) { Output = RunState.Rounds(index) }
                : new RunMove.End(RunOutcome.Cut, "loop-limit", null);
        }

        return Leave(run, workflow, node, node.Body) with { Output = RunState.Round(index, at < 0 ? items : null) };
    }

    private static RunMove AtWait(Run run, Workflow workflow, RunCursor cursor, WaitNode node)
    {
        if (cursor.Waiting is null)
        {
            return new RunMove.Wait(node);
        }

        if (cursor.Signal is { } signal)
        {
            var output = RunState.Heard(signal);
            return signal.Accepted == false
                ? new RunMove.Leave(node, "rejected", "rejected: the answer was no", Resolve(run, workflow, node.Rejected ?? node.TimedOut)) { Output = output }
                : Leave(run, workflow, node, node.Next) with { Output = output };
        }

        return cursor.TimedOut
            ? new RunMove.Leave(node, "timed-out", "timed-out: nothing came in time", Resolve(run, workflow, node.TimedOut)) { Output = RunState.Error("timed-out", "nothing came in time") }
            : Resting;
    }

    private static RunMove AtCompensate(Run run, Workflow workflow, RunCursor cursor, CompensateNode node)
    {
        if (cursor.Calls is [.., var last])
        {
            if (last.Code is { } code)
            {
                return node.Failed is { } failed
                    ? new RunMove.Leave(node, "failed", $"compensation-failed: {code}: {last.Reason}", Resolve(run, workflow, failed)) { Output = RunState.Error("compensation-failed", last.Reason ?? "") }
                    : new RunMove.End(RunOutcome.Failed, "compensation-failed", null);
            }

            if (run.Effects.Find(e => e.Requested!.Call == last.Requested!.Compensates) is { } undone)
            {
                return new RunMove.Undone(undone.Requested!, last.Requested!);
            }
        }

        return run.Effects.FindLast(e => e.Requested!.Compensation is not null) is { } effect
            ? new RunMove.Undo(node, effect)
            : Leave(run, workflow, node, node.Next);
    }

    private static RunMove.End Ended(Run run, Workflow workflow, StepCompleted last)
    {
        var cursor = run.EndingCursor!;
        switch (workflow.Find(last.Step))
        {
            case EndNode end:
                var text = end.Text is null || run.IsFirstVersion ? end.Text : RunState.Of(run, workflow, cursor, end).Text(end.Text);
                return new(end.Outcome, end.Outcome == RunOutcome.Answered ? "answered" : ReasonOf(cursor.Setback) ?? "workflow", text) { Output = last.Output };
            case HandoffNode handoff:
                return new(RunOutcome.HandedOff, handoff.Reason, RunState.Of(run, workflow, cursor, handoff).Text(handoff.Text)) { Queue = handoff.Queue };
            default:
                return new(RunOutcome.Failed, "unknown-step", null);
        }
    }

    private static string? ReasonOf(StepCompleted? setback) =>
        setback is null ? null : setback.Detail.IndexOf(':') is var colon and > 0 ? setback.Detail[..colon] : setback.Detail;

    private static string? CutReason(Run run, Workflow workflow, RunCursor cursor, WorkflowNode node) =>
        node is EndNode or HandoffNode ? null
        : run.Steps >= run.Started!.StepLimit ? "step-limit"
        : node.MaxVisits is { } most && cursor.Visit > most ? "max-visits"
        : cursor.Oscillates ? "oscillation"
        : run.StepsWithoutProgress > MaxStepsWithoutProgress ? "no-progress"
        : run.StateBytes > MaxStateBytes ? "state-size"
        : cursor.Failure is { Retryable: true } failure && (failure.At - cursor.Since + Backoff(run.Request!.Run, Run.NextCallOf(cursor), cursor.Failures)).TotalMilliseconds >= workflow.Limits.StepMs ? "step-time"
        : cursor.StepTokens > workflow.Limits.StepTokens ? "step-tokens"
        : null;
}
