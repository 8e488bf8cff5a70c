using System.Text.Json;
using AIaaS.EventStore;

namespace AIaaS.Domain.Agents;

/// <summary>What comes for a run from outside.</summary>
/// <param name="Signal">Unique in the run: a repetition changes nothing.</param>
/// <param name="Step">The step that waits for it; null where only one waits.</param>
/// <param name="Name">Of a named signal: its name; null otherwise.</param>
/// <param name="Accepted">Of an approval or confirmation: yes or no; null otherwise.</param>
/// <param name="Payload">What comes with it; null for nothing.</param>
/// <param name="Actor">Who sends it.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record HearSignal(string Signal, string? Step, string? Name, bool? Accepted, JsonElement? Payload, string Actor, DateTimeOffset At)
{
    /// <summary>Which visit of the step it is for; null for the one that waits.</summary>
    public int? Visit { get; init; }
}

/// <summary>The time of a wait is up.</summary>
/// <param name="Step">The step that waits.</param>
/// <param name="Visit">Which visit of it.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record TimeOutWait(string Step, int Visit, DateTimeOffset At);

/// <summary>What a run decides about what comes from outside.</summary>
public static class RunOutside
{
    /// <summary>Takes a signal for the step that waits for it, once.</summary>
    public static Decision Hear(this Run run, HearSignal command)
    {
        if (run.Signals.Contains(command.Signal))
        {
            return Decision.Unchanged;
        }

        if (run.Completed is not null)
        {
            return RunOutsideErrors.Completed();
        }

        var waits = run.Waits
            .Where(w => (command.Step is null || w.Step == command.Step) && (command.Visit is null || w.Visit == command.Visit) && (command.Name is null || w.Name == command.Name) && (command.Step is not null || command.Name is not null || w.For != WaitKind.Signal || w.Name is null))
            .ToList();
        return waits switch
        {
            [] => RunOutsideErrors.NotWaiting(command.Step ?? command.Name),
            [{ For: WaitKind.Approval or WaitKind.Confirmation }] when command.Accepted is null => RunOutsideErrors.YesOrNo(),
            [var wait] => new RunSignalled(wait.Step, wait.Visit, command.Signal, wait.For is WaitKind.Approval or WaitKind.Confirmation ? command.Accepted : null, command.Payload, command.Actor, command.At),
            _ => RunOutsideErrors.Several(waits.Select(w => w.Step)),
        };
    }

    /// <summary>Notes that the time of a wait is up, where it still waits.</summary>
    public static Decision TimeOut(this Run run, TimeOutWait command) =>
        run.Waits.Any(w => w.Step == command.Step && w.Visit == command.Visit && w.Until <= command.At)
            ? new RunTimedOut(command.Step, command.Visit, command.At)
            : Decision.Unchanged;
}

/// <summary>What a run refuses from outside.</summary>
public static class RunOutsideErrors
{
    /// <summary>The run has ended.</summary>
    public static DomainError Completed() => new("run-completed", "The run has ended.", "Start another one.", 409);

    /// <summary>The run does not wait for it.</summary>
    public static DomainError NotWaiting(string? what) =>
        new("run-not-waiting", what is null ? "The run waits for nothing." : $"The run does not wait for '{what}'.", "GET /v1/runs/{run} says what it waits for.", 409);

    /// <summary>Several steps wait.</summary>
    public static DomainError Several(IEnumerable<string> steps) =>
        new("several-steps-wait", $"Several steps wait: {string.Join(", ", steps)}.", "Name the step.");

    /// <summary>A yes or no is needed.</summary>
    public static DomainError YesOrNo() => new("yes-or-no", "The run waits for a yes or no.", "Give 'accepted': true or false.");
}
