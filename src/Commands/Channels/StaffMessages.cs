using AIaaS.Domain.Channels;
using AIaaS.EventStore;

namespace AIaaS.Commands.Channels;

/// <summary>Brings what persons do into conversations: that they take one over, what they write, that they give it back.</summary>
public sealed class StaffMessages : CommandService<Conversation>
{
    /// <summary>Makes the service.</summary>
    public StaffMessages(IEventStore log, EventTypes types, IdSource ids)
        : base(log, types, ids)
    {
        On<AnswerByStaff>().In(c => Conversation.Stream(c.Tenant, c.Conversation)).Decide((conversation, command) => conversation.AnswerByStaff(command));
        On<HandOffConversation>().In(c => Conversation.Stream(c.Tenant, c.Conversation)).Decide((conversation, command) => conversation.HandOff(command));
        On<ReturnConversation>().In(c => Conversation.Stream(c.Tenant, c.Conversation)).Decide((conversation, command) => conversation.Return(command));
    }
}
