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
