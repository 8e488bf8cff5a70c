using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using AIaaS.Domain.Tools;
using AIaaS.EventStore;

namespace AIaaS.Domain.Agents;

/// <summary>An agent's run: what was asked, where in its workflow it stands, what it has found, done and spent.</summary>
public sealed record Run : IState<Run>
{
    private static readonly RunCursor First = new();

    /// <summary>The run before its first event.</summary>
    public static Run Initial { get; } = new();

    /// <summary>What was asked; null before the first event.</summary>
    public RunRequested? Request { get; init; }

    /// <summary>What the run pinned; null before it started.</summary>
    public RunStarted? Started { get; init; }

    /// <summary>The worker that started it, went on with it or claimed it last; null where none is named.</summary>
    public string? Worker { get; init; }

    /// <summary>Where it stands: the run's own cursor first, then those of the branches that are under way, in the order in which they began.</summary>
    public ImmutableArray<RunCursor> Cursors { get; init; } = [First];

    /// <summary>The step that leads no further; null while every cursor goes on.</summary>
    public StepCompleted? Ending { get; init; }

    /// <summary>The cursor that left <see cref="Ending"/>.</summary>
    public RunCursor? EndingCursor { get; init; }

    /// <summary>Steps done.</summary>
    public int Steps { get; init; }

    /// <summary>How often each step was entered.</summary>
    public ImmutableDictionary<string, int> Visits { get; init; } = ImmutableDictionary<string, int>.Empty;

    /// <summary>What each step gave last.</summary>
    public ImmutableDictionary<string, StepOutput> Outputs { get; init; } = ImmutableDictionary<string, StepOutput>.Empty;

    /// <summary>The input of each sub-workflow that was entered, by its node.</summary>
    public ImmutableDictionary<string, JsonElement> Inputs { get; init; } = ImmutableDictionary<string, JsonElement>.Empty;

    /// <summary>How large the state is, in bytes of JSON.</summary>
    public long StateBytes { get; init; }

    /// <summary>A hash of what the steps gave: equal states have equal ones.</summary>
    public ulong StateHash { get; init; }

    /// <summary>The customer who was authenticated; null for none.</summary>
    public string? Customer { get; init; }

    /// <summary>Hashes of the tool calls that the customer has confirmed and that have not been made.</summary>
    public ImmutableHashSet<string> Confirmed { get; init; } = [];

    /// <summary>What the customer wrote to the run while it waited for that, in order.</summary>
    public ImmutableList<string> Said { get; init; } = [];

    /// <summary>The signals that came.</summary>
    public ImmutableHashSet<string> Signals { get; init; } = [];

    /// <summary>The calls that changed something and are not undone, in the order in which they succeeded.</summary>
    public ImmutableList<RunToolCall> Effects { get; init; } = [];

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

    /// <summary>Steps since something new was learned: a search result, an answer, what a tool did, what came from outside, or a loop's next round.</summary>
    public int StepsWithoutProgress { get; init; }

    /// <summary>How the run ended; null while it has not.</summary>
    public RunCompleted? Completed { get; init; }

    /// <summary>The step that the run's own cursor stands at; null before it started and after its last step.</summary>
    public string? Step => Cursors[0].Step;

    /// <summary>Tokens of that step's visit.</summary>
    public long StepTokens => Cursors[0].StepTokens;

    /// <summary>The model's last answer on the way that ended, or on the run's own; null before one.</summary>
    public ModelCallCompleted? Answer => (EndingCursor ?? Cursors[0]).Answer;

    /// <summary>What the last search on that way found; null before one.</summary>
    public KnowledgeRetrieved? Found => (EndingCursor ?? Cursors[0]).Found;

    /// <summary>The stream of a run.</summary>
    public static StreamName Stream(string tenant, string run) => StreamName.For("agentRun", tenant, run);

    /// <summary>The most that a call may cost now.</summary>
    public Money Available
    {
        get
        {
            var available = Started is null ? Money.Usd(0) : Started.Budget - Cost - Held;
            foreach (var cursor in Cursors)
            {
                available = cursor.OpenCall is { } call ? available - call.WorstCase : available;
            }

            return available;
        }
    }

    /// <summary>The id of the next attempt of the run's own cursor: <c>{step}/{visit}/{attempt}</c>.</summary>
    public string NextCall => NextCallOf(Cursors[0]);

    /// <summary>Whether the run was begun by rules of version 1.</summary>
    public bool IsFirstVersion => Started?.Pins.Engine == "1";

    /// <summary>Whether a question for a confirmation says all of the call that it is about. Since version 3.</summary>
    public bool NamesConfirmedCalls => Started?.Pins.Engine is not ("1" or "2");

    /// <summary>The steps that wait now for something from outside.</summary>
    public IEnumerable<RunWaiting> Waits => Completed is not null ? [] : Cursors.Where(c => c is { Waiting: not null, Signal: null, TimedOut: false }).Select(c => c.Waiting!);

    /// <summary>The calls whose outcome nobody knows and that wait to be resolved.</summary>
    public IEnumerable<ToolCallRequested> UnknownCalls => Completed is not null ? [] : Cursors.Where(c => c.Tool is { Unknown: true }).Select(c => c.Tool!.Requested!);

    /// <summary>Whether the run can do nothing until something comes from outside.</summary>
    public bool IsResting => Completed is null && Started is not null && Ending is null
        && Cursors.All(c => c.IsParked || c is { Waiting: not null, Signal: null, TimedOut: false } || c.Tool is { Unknown: true });

    /// <summary>The id of a cursor's next model call: <c>{step}/{visit}/{attempt}</c>.</summary>
    public static string NextCallOf(RunCursor cursor) => string.Create(CultureInfo.InvariantCulture, $"{cursor.Step}/{cursor.Visit}/{cursor.Attempts + 1}");

    /// <summary>The id of a cursor's next tool call: <c>{step}/{visit}/{number}</c>.</summary>
    public static string NextToolCallOf(RunCursor cursor) => string.Create(CultureInfo.InvariantCulture, $"{cursor.Step}/{cursor.Visit}/{cursor.Calls.Count + 1}");

    /// <summary>The cursor that stands at a step; null where none does.</summary>
    public RunCursor? At(string step) => IndexOf(step) is var i and >= 0 ? Cursors[i] : null;

    /// <inheritdoc />
    public Run Evolve(object @event) => @event switch
    {
        RunRequested e => this with { Request = e },
        RunStarted e => this with { Started = e, Worker = e.Worker, Cursors = [Cursors[0] with { Since = e.At }], Cost = e.Budget with { Amount = 0 }, Held = e.Budget with { Amount = 0 } },
        RunResumed e => this with { Worker = e.Worker, Cursors = Resume(e.At) },
        RunClaimed e => this with { Worker = e.Worker },
        RunMoved e => this with { Started = Started! with { Pins = e.Pins } },
        KnowledgeRetrieved e => With(e.Step, e, static (c, e) => c with { Found = e, Searched = true }) with { StepsWithoutProgress = 0 },
        ModelCallRequested e => With(e.Step, e, static (c, e) => c with { OpenCall = e, Interrupted = false, Attempts = e.Attempt, Answered = false }),
        ModelCallCompleted e => Complete(e),
        ModelCallFailed e => Fail(e),
        ToolCallRequested e => With(e.Step, e, static (c, e) => c with { Tool = new(e) }),
        ToolCallSucceeded e => Settle(e.Step, e.At, e, static (call, e) => call with { Output = e.Output, Unknown = false, Interrupted = false }),
        ToolCallFailed e => Settle(e.Step, e.At, e, static (call, e) => call with { Code = e.Code, Reason = e.Reason, Unknown = false, Interrupted = false }),
        ToolCallUnknown e => With(e.Step, e, static (c, _) => c.Tool is null ? c : c with { Tool = c.Tool with { Unknown = true, Interrupted = false } }),
        ToolCallResolved e => Resolve(e),
        ToolCallRefused e => With(e.Step, e, static (c, e) => c with { Calls = c.Calls.Add(new(null) { Refused = true, Code = e.Code, Reason = e.Reason }) }),
        ToolCallCompensated e => Compensate(e),
        CustomerAuthenticated e => this with { Customer = e.Customer },
        RunWaiting e => With(e.Step, e, static (c, e) => c with { Waiting = e }),
        RunSignalled e => Signal(e),
        RunTimedOut e => (At(e.Step) is { Waiting: { } waiting } && waiting.Visit == e.Visit ? With(e.Step, e, static (c, _) => c with { TimedOut = true }) : this) with { StepsWithoutProgress = 0, StateHash = Turn(StateHash) },
        StepCompleted e => Leave(e),
        RunCompleted e => this with { Completed = e, Cursors = [Cursors[0] with { Step = null }] },
        _ => this,
    };

    private ImmutableArray<RunCursor> Resume(DateTimeOffset at) => [.. Cursors.Select(c => Resume(c, at))];

    private static RunCursor Resume(RunCursor cursor, DateTimeOffset at) => cursor with
    {
        Since = at,
        Interrupted = cursor.OpenCall is not null,
        Tool = cursor.Tool is { Unknown: false } tool ? tool with { Interrupted = true } : cursor.Tool,
    };

    private Run Compensate(ToolCallCompensated e) => this with { Effects = Effects.RemoveAll(c => c.Requested!.Call == e.Call) };

    private Run Complete(ModelCallCompleted e)
    {
        var index = IndexOf(e.Step);
        if (index < 0)
        {
            return this;
        }

        var c = Cursors[index];
        var critic = c.OpenCall is { Critic: true };
        return this with
        {
            Cursors = Cursors.SetItem(index, c with
            {
                OpenCall = null,
                Answer = critic ? c.Answer : e,
                Answered = true,
                Replies = critic ? c.Replies : c.Replies.Add(new(e, c.Calls.Count)),
                Judgements = critic ? c.Judgements.Add(e) : c.Judgements,
                Failure = null,
                Failures = 0,
                StepTokens = c.StepTokens + e.Usage.Total,
            }),
            ModelCalls = ModelCalls + 1,
            Usage = Usage + e.Usage,
            Cost = Cost + e.Cost,
            StepsWithoutProgress = 0,
        };
    }

    private Run Fail(ModelCallFailed e)
    {
        var held = e.Unknown && At(e.Step)?.OpenCall is { } call ? Held + call.WorstCase : Held;
        return With(e.Step, e, static (c, e) => c with { OpenCall = null, Interrupted = false, Failure = e, Failures = c.Failures + 1 }) with { Held = held };
    }

    private Run Settle<T>(string step, DateTimeOffset at, T outcome, Func<RunToolCall, T, RunToolCall> settle)
    {
        var index = IndexOf(step);
        if (index < 0 || Cursors[index].Tool is not { } open)
        {
            return this;
        }

        var call = settle(open, outcome);
        var settled = this with
        {
            Cursors = Cursors.SetItem(index, Cursors[index] with { Tool = null, Calls = Cursors[index].Calls.Add(call), Since = at }),
            StepsWithoutProgress = 0,
        };
        if (call.Code is not null)
        {
            return settled;
        }

        return call.Requested is { SideEffect: true, Compensates: null } requested
            ? settled with { Effects = Effects.Add(call), Confirmed = Confirmed.Remove(requested.RequestHash) }
            : settled;
    }

    private Run Resolve(ToolCallResolved e) =>
        At(e.Step)?.Tool is { Unknown: true, Requested: { } requested } && requested.Call == e.Call
            ? Settle(e.Step, e.At, e, static (call, e) => (e.Succeeded ? call with { Output = e.Output ?? JsonSerializer.Deserialize<JsonElement>("{}") } : call with { Code = "resolved-as-failed", Reason = e.Reason }) with { Unknown = false, Interrupted = false })
            : this;

    private Run Signal(RunSignalled e)
    {
        var heard = this with { Signals = Signals.Add(e.Signal), StepsWithoutProgress = 0, StateHash = Turn(StateHash) };
        return At(e.Step) is { Waiting: { } waiting, Signal: null, TimedOut: false } && waiting.Visit == e.Visit
            ? heard.With(e.Step, e, static (c, e) => c with { Signal = e }) with
            {
                Confirmed = waiting is { For: WaitKind.Confirmation, RequestHash: { } hash } && e.Accepted == true ? Confirmed.Add(hash) : Confirmed,
                StateBytes = StateBytes + (waiting.For == WaitKind.Message ? TextIn(e.Payload)?.Length ?? 0 : 0),
                Said = waiting.For == WaitKind.Message && TextIn(e.Payload) is { } text ? Said.Add(text) : Said,
            }
            : heard;
    }

    private static string? TextIn(JsonElement? payload) =>
        payload is { ValueKind: JsonValueKind.Object } members && members.TryGetProperty("text", out var text) && text.ValueKind == JsonValueKind.String ? text.GetString() : null;

    private Run Leave(StepCompleted e)
    {
        var index = IndexOf(e.Step);
        if (index < 0)
        {
            // A run stands at its start step without having been led there.
            index = 0;
        }

        var c = Cursors[index];
        if (e.Node == "loop" || e.Result is not ("ok" or "passed"))
        {
            c = c with { Setback = e.Result is "ok" or "passed" ? c.Setback : e, Loops = LoopsBehind(c, e) };
        }

        var (outputs, inputs, bytes, hash) = Output(c, e);
        var left = this with
        {
            Outputs = outputs,
            Inputs = inputs,
            StateBytes = bytes,
            StateHash = hash,
            Steps = Steps + 1,
            StepsWithoutProgress = e is { Node: "loop", Result: "ok" } ? 0 : IsFirstVersion || c.Visit > 1 ? StepsWithoutProgress + 1 : StepsWithoutProgress,
        };
        if (e.Next is null)
        {
            return left with { Ending = e, EndingCursor = c, Cursors = Cursors.SetItem(index, c with { Step = null }) };
        }

        if (e.Branches is { } branches)
        {
            var parked = left with { Cursors = Cursors.SetItem(index, c with { Step = e.Next, Branches = branches }) };
            foreach (var branch in branches)
            {
                parked = parked with { Cursors = parked.Cursors.Add(new RunCursor { Branch = branch, Found = c.Found, Answer = c.Answer, Setback = c.Setback, Loops = c.Loops }) };
                parked = parked.Enter(parked.Cursors.Length - 1, parked.Cursors[^1], branch, e.At);
            }

            return parked;
        }

        if (c.Branch is { } own && ParentOf(own) is var parent and >= 0 && Cursors[parent].Step == e.Next)
        {
            return left.Arrive(index, parent, c, e);
        }

        return left.Enter(index, c, e.Next, e.At);
    }

    private Run Arrive(int index, int parent, RunCursor arrived, StepCompleted e)
    {
        var waiting = Cursors[parent];
        waiting = waiting with
        {
            Branches = waiting.Branches.Remove(arrived.Branch!),
            Found = arrived.Found ?? waiting.Found,
            Answer = arrived.Answer ?? waiting.Answer,
            Setback = arrived.Setback ?? waiting.Setback,
        };
        var joined = this with { Cursors = Cursors.SetItem(parent, waiting).RemoveAt(index) };
        return waiting.IsParked ? joined : joined.Enter(parent, joined.Cursors[parent], e.Next!, e.At);
    }

    /// <summary>The run with a cursor led to a step; the cursor is as it left the one before.</summary>
    private Run Enter(int index, RunCursor c, string step, DateTimeOffset at)
    {
        var visit = Visits.GetValueOrDefault(step) + 1;
        var situation = new Situation(step, c.Answer?.Tier, c.Answer?.Response, c.Found?.IndexPosition, StateHash ^ LoopHash(c));
        var been = Been.Add(situation);
        return this with
        {
            Cursors = Cursors.SetItem(index, new()
            {
                Branch = c.Branch,
                Branches = c.Branches,
                Step = step,
                Visit = visit,
                Since = at,
                Found = c.Found,
                Answer = c.Answer,
                Setback = c.Setback,
                Loops = c.Loops,
                Oscillates = ReferenceEquals(been, Been),
            }),
            Visits = Visits.SetItem(step, visit),
            Been = been,
        };
    }

    /// <summary>What the steps gave, with what this one did, and size and hash of that.</summary>
    private (ImmutableDictionary<string, StepOutput> Outputs, ImmutableDictionary<string, JsonElement> Inputs, long Bytes, ulong Hash) Output(RunCursor c, StepCompleted e)
    {
        if (e.Node == "workflow" && e.Output is { } input)
        {
            var before = Inputs.TryGetValue(e.Step, out var old) ? StepOutput.Of(old) : default;
            var (size, state) = Change(before, StepOutput.Of(input), e.Step + "\0in");
            return (Outputs, Inputs.SetItem(e.Step, input), size, state);
        }

        if (e.Node == "loop" && e.Result == "ok")
        {
            return (Outputs, Inputs, StateBytes, StateHash);
        }

        var output = e.Output is { } given ? StepOutput.Of(given)
            : e.Returns is not null ? StepOutput.Empty
            : e.Result != "ok" ? default
            : e.Node == "tool" && c.Calls is [.., { Output: { } returned }] ? StepOutput.Of(returned)
            : e.Node == "model" && c.Answer is { } answer ? StepOutput.Of(answer.Response)
            : default;
        if (output.IsNone)
        {
            return (Outputs, Inputs, StateBytes, StateHash);
        }

        var step = e.Returns ?? e.Step;
        var (bytes, hash) = Change(Outputs.GetValueOrDefault(step), output, step);
        return (Outputs.SetItem(step, output), Inputs, bytes, hash);
    }

    private (long Bytes, ulong Hash) Change(StepOutput before, StepOutput after, string step) =>
        (StateBytes - before.Bytes + after.Bytes, StateHash ^ before.HashOf(step) ^ after.HashOf(step));

    /// <summary>The loops around the step behind the one that was left: a loop node begins a round or ends its loop, and ends those inside it.</summary>
    private static ImmutableList<RunLoop> LoopsBehind(RunCursor c, StepCompleted e)
    {
        if (e.Node != "loop")
        {
            return c.Loops;
        }

        var at = c.Loops.FindIndex(l => l.Loop == e.Step);
        var outer = at < 0 ? c.Loops : c.Loops.RemoveRange(at, c.Loops.Count - at);
        if (e.Result != "ok" || e.Output is not { } round)
        {
            return outer;
        }

        var items = round.TryGetProperty("items", out var list) ? list : at < 0 ? (JsonElement?)null : c.Loops[at].Items;
        return outer.Add(new(e.Step, round.GetProperty("index").GetInt32(), items));
    }

    private static ulong LoopHash(RunCursor c)
    {
        var hash = 0UL;
        foreach (var loop in c.Loops)
        {
            hash = (hash * 1099511628211UL) + (ulong)loop.Index + 1;
        }

        return hash;
    }

    private static ulong Turn(ulong hash) => ulong.RotateLeft(hash, 1) + 0x9E3779B97F4A7C15UL;

    /// <summary>The cursor at a step, changed by an event.</summary>
    private Run With<T>(string step, T @event, Func<RunCursor, T, RunCursor> change) =>
        IndexOf(step) is var i and >= 0 ? this with { Cursors = Cursors.SetItem(i, change(Cursors[i], @event)) } : this;

    private int IndexOf(string step)
    {
        for (var i = 0; i < Cursors.Length; i++)
        {
            if (Cursors[i].Step == step && !Cursors[i].IsParked)
            {
                return i;
            }
        }

        return -1;
    }

    private int ParentOf(string branch)
    {
        for (var i = 0; i < Cursors.Length; i++)
        {
            if (Cursors[i].Branches.Contains(branch))
            {
                return i;
            }
        }

        return -1;
    }
}

/// <summary>What a step gave: JSON, or a text that may be JSON.</summary>
/// <param name="Json">The JSON; null where it is a text.</param>
/// <param name="Text">A model's answer, as it came; null where it is JSON.</param>
public readonly record struct StepOutput(JsonElement? Json, string? Text)
{
    private static readonly JsonElement EmptyObject = JsonSerializer.Deserialize<JsonElement>("{}");

    /// <summary>An object without members.</summary>
    public static StepOutput Empty { get; } = new(EmptyObject, null);

    /// <summary>Whether there is nothing.</summary>
    public bool IsNone => Json is null && Text is null;

    /// <summary>How large it is.</summary>
    public int Bytes => Json is { } json ? JsonMarshal.GetRawUtf8Value(json).Length : Text?.Length ?? 0;

    /// <summary>JSON.</summary>
    public static StepOutput Of(JsonElement json) => new(json, null);

    /// <summary>A text.</summary>
    public static StepOutput Of(string text) => new(null, text);

    /// <summary>A hash of the step and of the JSON. Texts count as nothing: a model's last answer tells situations apart by itself.</summary>
    internal ulong HashOf(string step)
    {
        if (Json is not { } json)
        {
            return 0;
        }

        var hash = 14695981039346656037UL;
        foreach (var c in step)
        {
            hash = (hash ^ c) * 1099511628211UL;
        }

        foreach (var b in JsonMarshal.GetRawUtf8Value(json))
        {
            hash = (hash ^ b) * 1099511628211UL;
        }

        return hash;
    }
}

/// <summary>What tells one situation of a run from another: where it stands and what it knows. Two equal ones mean that it goes in circles.</summary>
/// <param name="Step">The step.</param>
/// <param name="Tier">The tier of the last answer.</param>
/// <param name="Answer">The last answer.</param>
/// <param name="IndexPosition">What the last search reflected.</param>
/// <param name="State">A hash of what the steps gave, of the rounds of the loops, and of how often something came from outside.</param>
public readonly record struct Situation(string Step, Tier? Tier, string? Answer, ulong? IndexPosition, ulong State);
