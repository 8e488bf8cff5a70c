using AIaaS.Domain.Channels;
using AIaaS.EventStore;

namespace AIaaS.Commands.Channels;

/// <summary>Who the customer of a conversation is. The first one that a run's tool proves stays; another one is refused.</summary>
internal sealed class ConversationCustomers(IEventStore log, EventTypes types, IdSource ids, TimeProvider time)
{
    private readonly Service service = new(log, types, ids);
    private readonly AggregateStore states = new(log, types);

    /// <summary>Takes a customer for a conversation. False where it has another one.</summary>
    public async Task<bool> ClaimAsync(string tenant, string conversation, string customer, string run, EventMetadata metadata, CancellationToken cancellationToken)
    {
        try
        {
            var context = new CommandContext(tenant, "runs", null, metadata.CorrelationId, metadata.CausationId);
            await service.HandleAsync(new Claim(tenant, conversation, new(customer, run, time.GetUtcNow())), context, cancellationToken);
            return true;
        }
        catch (DomainException e) when (e.Error.Code == "other-customer")
        {
            return false;
        }
    }

    /// <summary>The conversation as it is.</summary>
    public async Task<Conversation> LoadAsync(string tenant, string conversation, CancellationToken cancellationToken) =>
        (await states.LoadAsync<Conversation>(Conversation.Stream(tenant, conversation), cancellationToken: cancellationToken)).State;

    private sealed record Claim(string Tenant, string Conversation, AuthenticateCustomer Customer);

    private sealed class Service : CommandService<Conversation>
    {
        public Service(IEventStore log, EventTypes types, IdSource ids)
            : base(log, types, ids) =>
            On<Claim>().In(c => Conversation.Stream(c.Tenant, c.Conversation)).Decide((conversation, command) => conversation.Authenticate(command.Customer));
    }
}
