using AIaaS.Domain.Channels;
using AIaaS.EventStore;

namespace AIaaS.Commands.Channels;

/// <summary>Brings what persons write into conversations.</summary>
public sealed class StaffMessages : CommandService<Conversation>
{
    /// <summary>Makes the service.</summary>
    public StaffMessages(IEventStore log, EventTypes types, IdSource ids)
        : base(log, types, ids) =>
        On<AnswerByStaff>().In(c => Conversation.Stream(c.Tenant, c.Conversation)).Decide((conversation, command) => conversation.AnswerByStaff(command));
}
