using AIaaS.Commands.Channels;
using AIaaS.Domain.Handoffs;
using AIaaS.EventStore;

namespace AIaaS.Commands.Handoffs;

/// <summary>Hand-offs to persons: asked for, claimed by one person, answered, returned or closed.</summary>
public sealed class HandoffService : CommandService<Handoff>
{
    private readonly StaffMessages conversations;

    /// <summary>Makes the service.</summary>
    public HandoffService(IEventStore log, EventTypes types, IdSource ids, StaffMessages conversations)
        : base(log, types, ids)
    {
        this.conversations = conversations;
        On<RequestHandoff>().In(c => Handoff.Stream(c.Tenant, c.Requested.Handoff)).Decide((handoff, command) => handoff.Ask(command));
        On<ClaimHandoff>().In(c => Handoff.Stream(c.Tenant, c.Handoff)).Decide((handoff, command) => handoff.Claim(command));
        On<AnswerHandoff>().In(c => Handoff.Stream(c.Tenant, c.Handoff)).Decide((handoff, command) => handoff.Answer(command));
        On<ReturnHandoff>().In(c => Handoff.Stream(c.Tenant, c.Handoff)).Decide((handoff, command) => handoff.Return(command));
        On<CloseHandoff>().In(c => Handoff.Stream(c.Tenant, c.Handoff)).Decide((handoff, command) => handoff.Close(command));
    }

    /// <summary>The id of the hand-off that a run or saga asks for: one for each, whoever asks first.</summary>
    public static string HandoffId(string tenant, string caller) => NamedId.Of("handoff", tenant, caller).ToString("N");

    /// <summary>
    /// Opens a hand-off: the conversation knows of it first, so that nothing is answered by a run meanwhile. Where a person has the conversation
    /// already, no second hand-off is opened; what is said there belongs to the first. Doing it again changes nothing.
    /// </summary>
    /// <exception cref="DomainException">It cannot be kept.</exception>
    internal async Task OpenAsync(RequestHandoff command, CommandContext context, CancellationToken cancellationToken)
    {
        var requested = command.Requested;
        if (Handoff.Faults(requested) is { Count: > 0 } faults)
        {
            throw new DomainException(HandoffErrors.Invalid(faults));
        }

        if (requested.Conversation is { } conversation)
        {
            var handed = await conversations.HandleAsync(new Domain.Channels.HandOffConversation(command.Tenant, conversation, new(requested.Handoff, requested.At)), context with { IdempotencyKey = null }, cancellationToken);
            if (handed.State.Handoff is { } open && open != requested.Handoff)
            {
                return;
            }
        }

        await HandleAsync(command, context, cancellationToken);
    }

    /// <summary>Gives the conversation back to the agent. When this returns, the customer's next message starts a run.</summary>
    /// <exception cref="DomainException">Somebody else has it, or nobody.</exception>
    public async Task<CommandResult<Handoff>> ReturnAsync(ReturnHandoff command, CommandContext context, CancellationToken cancellationToken = default)
    {
        var result = await HandleAsync(command, context, cancellationToken);
        return await FreeAsync(command.Tenant, result.State, command.At, context) is { } position && position > result.Position ? result with { Position = position } : result;
    }

    /// <summary>Ends a hand-off; the agent has the conversation again.</summary>
    /// <exception cref="DomainException">Somebody else has it.</exception>
    public async Task<CommandResult<Handoff>> CloseAsync(CloseHandoff command, CommandContext context, CancellationToken cancellationToken = default)
    {
        var result = await HandleAsync(command, context, cancellationToken);
        return await FreeAsync(command.Tenant, result.State, command.At, context) is { } position && position > result.Position ? result with { Position = position } : result;
    }

    /// <summary>Tells a conversation that its hand-off is over; doing it again changes nothing.</summary>
    internal async Task<LogPosition?> FreeAsync(string tenant, Handoff handoff, DateTimeOffset at, CommandContext context) =>
        handoff is { Request: { Conversation: { } conversation } request, State: HandoffState.Returned or HandoffState.Closed }
            ? (await conversations.HandleAsync(new Domain.Channels.ReturnConversation(tenant, conversation, new(request.Handoff, at)), context with { IdempotencyKey = null }, CancellationToken.None)).Position
            : null;

    /// <summary>Writes to the customer: recorded with the hand-off, then in its conversation. When this returns, both are durable.</summary>
    /// <exception cref="DomainException">Somebody else has it, or nobody.</exception>
    public async Task<CommandResult<Handoff>> AnswerAsync(AnswerHandoff command, CommandContext context, CancellationToken cancellationToken = default)
    {
        var result = await HandleAsync(command, context, cancellationToken);
        return await DeliverAsync(command.Tenant, result.State, command.Message, context) is { } position && position > result.Position ? result with { Position = position } : result;
    }

    /// <summary>Brings an answer into its conversation; doing it again changes nothing.</summary>
    internal async Task<LogPosition?> DeliverAsync(string tenant, Handoff handoff, string message, CommandContext context)
    {
        if (handoff.Request is not { Conversation: { } conversation } request || !handoff.Answers.TryGetValue(message, out var answer))
        {
            return null;
        }

        var command = new Domain.Channels.AnswerByStaff(tenant, conversation, new(answer.Message, request.Handoff, answer.Person, answer.Text, answer.At));
        return (await conversations.HandleAsync(command, context with { IdempotencyKey = null }, CancellationToken.None)).Position;
    }
}
