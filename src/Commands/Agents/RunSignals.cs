using System.Text.Json;
using AIaaS.Domain.Agents;
using AIaaS.EventStore;

namespace AIaaS.Commands.Agents;

/// <summary>Tells a run that waits what it waits for.</summary>
/// <param name="Run">The run.</param>
/// <param name="Signal">Unique in the run: a repetition changes nothing.</param>
/// <param name="Step">The step that waits; null where only one does.</param>
/// <param name="Accepted">Of an approval or confirmation: yes or no; null otherwise.</param>
/// <param name="Payload">What comes with it; null for nothing.</param>
/// <param name="Name">Of a named signal: its name; null otherwise.</param>
public sealed record SignalRun(string Run, string Signal, string? Step = null, bool? Accepted = null, JsonElement? Payload = null, string? Name = null)
{
    /// <summary>Which visit of the step it is for; null for the one that waits.</summary>
    public int? Visit { get; init; }
}

/// <summary>A signal that is durable; the run goes on by itself.</summary>
/// <param name="Position">The consistency token.</param>
/// <param name="Repeated">Whether it had come before.</param>
public sealed record SignalAccepted(LogPosition Position, bool Repeated);

/// <summary>Brings what comes from outside to runs that wait: approvals, signals, a customer's message, the end of the time.</summary>
public sealed class RunSignals(RunEngine engine, IEventStore log, EventTypes types, IdSource ids, TimeProvider time)
{
    private const int MaxPayloadBytes = 64 * 1024;

    private readonly OutsideEvents outside = new(log, types);

    /// <summary>Brings a signal to a run. When this returns it is durable, and the run goes on in the background.</summary>
    /// <exception cref="DomainException">There is no such run, it does not wait for that, or a yes or no is missing.</exception>
    public async Task<SignalAccepted> SignalAsync(SignalRun command, CommandContext context, CancellationToken cancellationToken = default)
    {
        await engine.LoadAsync(context.Tenant, command.Run, cancellationToken);
        if (command.Payload is { } payload && payload.GetRawText().Length > MaxPayloadBytes)
        {
            throw new DomainException(RunErrors.Invalid("invalid-payload", $"The payload has more than {MaxPayloadBytes} characters.", "Send less, or a reference to it."));
        }

        var hear = new HearSignal(command.Signal, command.Step, command.Name, command.Accepted, command.Payload, context.Actor, time.GetUtcNow()) { Visit = command.Visit };
        var result = await outside.AppendAsync<Run>(Run.Stream(context.Tenant, command.Run), run => run.Hear(hear), context, ids, cancellationToken);
        engine.Wake(context.Tenant, command.Run);
        return new(result.Position, result.Repeated || result.Events.IsEmpty);
    }

    /// <summary>Notes that the time of a wait is up; the run goes on in the background.</summary>
    internal async Task TimeOutAsync(string tenant, string run, RunWaiting wait, CancellationToken cancellationToken)
    {
        var up = new TimeOutWait(wait.Step, wait.Visit, time.GetUtcNow());
        await outside.AppendAsync<Run>(Run.Stream(tenant, run), state => state.TimeOut(up), new(tenant, "timers"), ids, cancellationToken);
        engine.Wake(tenant, run);
    }
}
