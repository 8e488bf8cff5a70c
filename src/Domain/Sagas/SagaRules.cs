using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using AIaaS.EventStore;

namespace AIaaS.Domain.Sagas;

/// <summary>What a saga does next.</summary>
public abstract record SagaMove
{
    private SagaMove()
    {
    }

    /// <summary>Nothing: it has ended, or waits for something.</summary>
    public sealed record Rest : SagaMove;

    /// <summary>Ask for a call; it leaves when that is durable.</summary>
    /// <param name="Id">The call's id.</param>
    /// <param name="Step">The step.</param>
    /// <param name="Tool">The tool.</param>
    /// <param name="Input">Its input.</param>
    /// <param name="Compensation">The tool that undoes it; null: the one that the manifest names, if any.</param>
    /// <param name="Undoes">The call that it undoes; null for none.</param>
    public sealed record Call(string Id, string Step, string Tool, JsonElement Input, string? Compensation, SagaCall? Undoes) : SagaMove;

    /// <summary>Make a call that was asked for and has no outcome, under the key that it has.</summary>
    public sealed record Make(SagaCall Called) : SagaMove;

    /// <summary>Leave a step out.</summary>
    public sealed record Skip(string Step, string Reason) : SagaMove;

    /// <summary>Wait until a time.</summary>
    public sealed record Wait(string Timer, DateTimeOffset Until) : SagaMove;

    /// <summary>Wait before another try.</summary>
    public sealed record Retry(string Step, TimeSpan After) : SagaMove;

    /// <summary>Begin to undo what was done.</summary>
    public sealed record Compensate(string Step, string Code, string Reason) : SagaMove;

    /// <summary>A compensation, or a step that must, does not succeed: hand it to a person.</summary>
    public sealed record Park(string Step, string Code, string Reason) : SagaMove;

    /// <summary>End: every step is done.</summary>
    public sealed record Complete : SagaMove;

    /// <summary>End: everything is undone.</summary>
    public sealed record EndCompensated : SagaMove;
}

/// <summary>The rules of sagas: what comes next is a function of the fold of a saga's events and of its definition.</summary>
public static class SagaRules
{
    /// <summary>How often a compensation is tried anew before the saga is parked.</summary>
    public const int CompensationRetries = 3;

    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan[] Delays = [TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(25)];
    private static readonly SagaMove Resting = new SagaMove.Rest();

    /// <summary>What the saga does next.</summary>
    public static SagaMove Next(Saga saga, SagaDefinition definition)
    {
        ArgumentNullException.ThrowIfNull(saga);
        ArgumentNullException.ThrowIfNull(definition);
        if (saga.Started is null || saga.EndedAt is not null || saga.Parked is not null || saga.Timer is not null)
        {
            return Resting;
        }

        if (saga.Last is { State: SagaCallState.Requested or SagaCallState.Unknown } open)
        {
            return NextOf(open, saga, definition);
        }

        return saga.Compensating is null ? Forwards(saga, definition) : Backwards(saga, definition);
    }

    /// <summary>The wait before retry number <paramref name="retry"/> (from 1): 1 s, 5 s, 25 s, each up to a fifth longer by a draw that a name decides; at most 30 s.</summary>
    public static TimeSpan DelayBefore(string name, int retry)
    {
        var delay = Delays[Math.Clamp(retry, 1, Delays.Length) - 1] * Jitter(name, retry);
        return delay < Longest ? delay : Longest;
    }

    /// <summary>1 to 1.2, drawn from a name: what failed together does not come back together, and a repetition draws the same.</summary>
    public static double Jitter(string name, int retry)
    {
        Span<byte> draw = stackalloc byte[16];
        NamedId.Of("jitter", name, retry.ToString(CultureInfo.InvariantCulture)).TryWriteBytes(draw);
        return 1 + draw[0] / 1275.0;
    }

    private static SagaMove NextOf(SagaCall open, Saga saga, SagaDefinition definition)
    {
        var request = open.Request;
        if (open.State == SagaCallState.Requested)
        {
            return new SagaMove.Make(open);
        }

        if (request is { SideEffect: true, Idempotent: false })
        {
            return Resting;
        }

        var tries = saga.Tries.GetValueOrDefault(request.Step);
        return tries.Waits >= tries.Failures ? new SagaMove.Make(open)
            : tries.Used < RetriesOf(request.Step, definition) ? RetryOf(open, tries)
            : Resting;
    }

    private static SagaMove Forwards(Saga saga, SagaDefinition definition)
    {
        foreach (var step in definition.Steps)
        {
            if (saga.Skipped.Contains(step.Name))
            {
                continue;
            }

            var call = saga.Find(step.Name);
            switch (call?.State)
            {
                case SagaCallState.Succeeded:
                    continue;
                case SagaCallState.Failed:
                    var tries = saga.Tries.GetValueOrDefault(step.Name);
                    return (call.Retryable || step.MustSucceed) && tries.Waits >= tries.Failures ? CallOf(step, saga)
                        : call.Retryable && (tries.Used < step.Retries || call.Code == Saga.CircuitOpen) ? RetryOf(call, tries)
                        : step.MustSucceed ? new SagaMove.Park(step.Name, call.Code, call.Reason)
                        : step.MayFail ? new SagaMove.Skip(step.Name, call.Code)
                        : new SagaMove.Compensate(step.Name, call.Code, call.Reason);
                case SagaCallState.Requested or SagaCallState.Unknown:
                    return Resting;
                default:
                    break;
            }

            // The time first: what the condition looks at may have changed until then.
            if (step.NotBefore is { } notBefore && !saga.Due.Contains(step.Name))
            {
                return new SagaMove.Wait(Saga.StepTimer + step.Name, notBefore(saga));
            }

            return step.When is { } when && !when(saga) ? new SagaMove.Skip(step.Name, "condition") : CallOf(step, saga);
        }

        return new SagaMove.Complete();
    }

    private static SagaMove Backwards(Saga saga, SagaDefinition definition)
    {
        for (var i = saga.Calls.Count - 1; i >= 0; i--)
        {
            var done = saga.Calls[i];
            if (done is not { State: SagaCallState.Succeeded, Undone: false, Request: { Compensation: { } tool, Compensates: null } request })
            {
                continue;
            }

            var step = Saga.UndoPrefix + request.Step;
            var undo = saga.Find(step);
            if (undo is { State: SagaCallState.Failed })
            {
                var tries = saga.Tries.GetValueOrDefault(step);
                if (tries.Waits < tries.Failures)
                {
                    return tries.Used < CompensationRetries || undo.Code == Saga.CircuitOpen ? RetryOf(undo, tries) : new SagaMove.Park(request.Step, undo.Code, undo.Reason);
                }
            }

            var input = definition.Find(request.Step)?.CompensationInput is { } custom
                ? custom(saga, done)
                : new JsonObject { ["input"] = Copy(request.Input), ["output"] = Copy(done.Output) };
            return new SagaMove.Call(IdOf(step, saga), step, tool, ToElement(input), null, done);
        }

        return new SagaMove.EndCompensated();
    }

    private static int RetriesOf(string step, SagaDefinition definition) => definition.Find(step)?.Retries ?? CompensationRetries;

    private static SagaMove.Retry RetryOf(SagaCall call, SagaTries tries) => new(call.Request.Step, DelayBefore(call.Request.IdempotencyKey, call.Code == Saga.CircuitOpen ? Delays.Length : tries.Used + 1));

    private static SagaMove.Call CallOf(SagaStep step, Saga saga) => new(IdOf(step.Name, saga), step.Name, step.Tool, ToElement(step.Input(saga)), step.Compensation, null);

    private static string IdOf(string step, Saga saga) => string.Create(CultureInfo.InvariantCulture, $"{step}/1/{saga.Calls.Count(c => c.Request.Step == step) + 1}");

    private static JsonNode? Copy(JsonElement value) => value.ValueKind == JsonValueKind.Undefined ? null : JsonNode.Parse(value.GetRawText());

    private static JsonElement ToElement(JsonObject value) => JsonElement.Parse(value.ToJsonString());
}
