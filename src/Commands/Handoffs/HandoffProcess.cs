using AIaaS.Domain.Agents;
using AIaaS.Domain.Handoffs;
using AIaaS.EventStore;

namespace AIaaS.Commands.Handoffs;

/// <summary>
/// Opens a hand-off for each run that ended without an answer of its own, and brings answers and ends into their conversations where the process
/// died before it could. A fork hands nothing off.
/// </summary>
public sealed class HandoffProcess(HandoffService handoffs, IEventStore log, EventTypes types) : IEventHandler
{
    /// <inheritdoc />
    public string Name => "handoffs";

    /// <inheritdoc />
    public EventFilter Filter { get; } = EventFilter.Types("agent.run.completed", "handoff.answered", "handoff.returned", "handoff.closed");

    /// <inheritdoc />
    public string KeyOf(EventEnvelope envelope)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        return envelope.Recorded.Stream;
    }

    /// <inheritdoc />
    public async Task HandleAsync(EventEnvelope envelope, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        var context = new CommandContext(envelope.Tenant, Name, null, envelope.Metadata.CorrelationId, envelope.Recorded.Id.ToString("N"));
        switch (envelope.Event)
        {
            case RunCompleted { Forked: false } completed when NeedsPerson(completed) && await RequestOfAsync(log, types, envelope.Recorded.Stream, cancellationToken) is { } request:
                await handoffs.OpenAsync(new RequestHandoff(envelope.Tenant, Asked(envelope, request, completed)), context, cancellationToken);
                break;
            case HandoffAnswered answered:
                var loaded = await handoffs.LoadAsync(envelope.Recorded.Stream, cancellationToken);
                await handoffs.DeliverAsync(envelope.Tenant, loaded.State, answered.Message, context);
                break;
            case HandoffReturned or HandoffClosed:
                var ended = await handoffs.LoadAsync(envelope.Recorded.Stream, cancellationToken);
                await handoffs.FreeAsync(envelope.Tenant, ended.State, envelope.Event is HandoffReturned returned ? returned.At : ((HandoffClosed)envelope.Event).At, context);
                break;
            default:
                break;
        }
    }

    /// <summary>Whether a run left its customer to a person.</summary>
    internal static bool NeedsPerson(RunCompleted completed) => completed.Outcome is RunOutcome.HandedOff or RunOutcome.Cut or RunOutcome.Failed;

    /// <summary>What a run was asked for; null for a stream that is no run's.</summary>
    internal static async Task<RunRequested?> RequestOfAsync(IEventStore log, EventTypes types, string stream, CancellationToken cancellationToken)
    {
        await foreach (var recorded in log.ReadStreamOrEmptyAsync(stream, ReadDirection.Forwards, 0, 1, cancellationToken))
        {
            return types.Read(recorded) as RunRequested;
        }

        return null;
    }

    /// <summary>A text that fits, cut between two characters.</summary>
    internal static string Shortened(string text)
    {
        if (text.Length <= Handoff.MaxTextLength)
        {
            return text;
        }

        var length = Handoff.MaxTextLength - 1;
        return (char.IsHighSurrogate(text[length - 1]) ? text[..(length - 1)] : text[..length]) + "…";
    }

    private static HandoffRequested Asked(EventEnvelope envelope, RunRequested request, RunCompleted completed) => new(
        HandoffService.HandoffId(envelope.Tenant, envelope.Recorded.Stream),
        request.Conversation is { Length: > 0 } conversation ? conversation : null,
        request.Run,
        request.Customer,
        string.IsNullOrWhiteSpace(completed.Reason) ? "unknown" : completed.Reason.Length <= 200 ? completed.Reason : completed.Reason[..200],
        Handoff.IsQueue(completed.Queue) ? completed.Queue! : Handoff.GeneralQueue,
        completed.Outcome == RunOutcome.HandedOff ? HandoffPriority.Normal : HandoffPriority.High,
        Shortened(string.IsNullOrWhiteSpace(request.Text) ? $"Run {request.Run} of {request.Workflow}" : request.Text),
        completed.At);
}
