using System.Collections.Immutable;
using AIaaS.EventStore;

namespace AIaaS.Domain.Channels;

/// <summary>A message as it came in.</summary>
/// <param name="Received">The event to record.</param>
public sealed record ReceiveMessage(MessageReceived Received);

/// <summary>A run's answer, to go into its conversation.</summary>
/// <param name="Received">The message, recorded first where it is not there yet.</param>
/// <param name="Answer">The answer.</param>
/// <param name="Handoff">The hand-off that comes with it; null where it needs no person.</param>
public sealed record AnswerMessage(MessageReceived Received, MessageAnswered Answer, ConversationHandedOff? Handoff = null);

/// <summary>A person is to take a conversation over.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Conversation">The conversation.</param>
/// <param name="Handoff">The event to record.</param>
public sealed record HandOffConversation(string Tenant, string Conversation, ConversationHandedOff Handoff);

/// <summary>The person is done with a conversation.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Conversation">The conversation.</param>
/// <param name="Returned">The event to record.</param>
public sealed record ReturnConversation(string Tenant, string Conversation, ConversationReturned Returned);

/// <summary>A run's question, to go into its conversation.</summary>
/// <param name="Received">The message, recorded first where it is not there yet.</param>
/// <param name="Asked">The question.</param>
public sealed record AskBack(MessageReceived Received, MessageAsked Asked);

/// <summary>A customer whom a run's tool has proved.</summary>
/// <param name="Customer">The customer's id.</param>
/// <param name="Run">The run.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record AuthenticateCustomer(string Customer, string Run, DateTimeOffset At);

/// <summary>What a person wrote, to go into its conversation.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Conversation">The conversation.</param>
/// <param name="Answer">The event to record.</param>
public sealed record AnswerByStaff(string Tenant, string Conversation, StaffAnswered Answer);

/// <summary>A conversation: which messages came, which of them are answered, which run waits for the next one, and who the customer is.</summary>
public sealed record Conversation : IState<Conversation>
{
    /// <summary>The conversation before its first message.</summary>
    public static Conversation Initial { get; } = new();

    /// <summary>Messages that came, each with the run that handles it.</summary>
    public ImmutableDictionary<string, string> Messages { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>Messages that a run got which waited for them, each with the question that it answers.</summary>
    public ImmutableDictionary<string, (string Step, int Visit)> Routed { get; init; } = ImmutableDictionary<string, (string, int)>.Empty;

    /// <summary>Messages that are answered.</summary>
    public ImmutableHashSet<string> Answered { get; init; } = [];

    /// <summary>Questions that were put to the customer: <c>{run}/{step}/{visit}</c>.</summary>
    public ImmutableHashSet<string> Questions { get; init; } = [];

    /// <summary>The run's question that the next message answers; null where none waits.</summary>
    public MessageAsked? Open { get; init; }

    /// <summary>The last message of each run.</summary>
    public ImmutableDictionary<string, string> LastMessages { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>The customer who has been authenticated; null for none.</summary>
    public string? Customer { get; init; }

    /// <summary>Messages that persons wrote.</summary>
    public ImmutableHashSet<string> ByStaff { get; init; } = [];

    /// <summary>Messages that came while a person had the conversation.</summary>
    public ImmutableDictionary<string, MessageForStaff> ForStaff { get; init; } = ImmutableDictionary<string, MessageForStaff>.Empty;

    /// <summary>The hand-off by which a person has the conversation; null where the agent has it.</summary>
    public string? Handoff { get; init; }

    /// <summary>Hand-offs that are over.</summary>
    public ImmutableHashSet<string> Returned { get; init; } = [];

    /// <summary>The workflow of the last message that a run handles; null before the first.</summary>
    public string? Workflow { get; init; }

    /// <summary>The stream of a conversation.</summary>
    public static StreamName Stream(string tenant, string conversation) => StreamName.For("conversation", tenant, conversation);

    /// <inheritdoc />
    public Conversation Evolve(object @event) => @event switch
    {
        MessageReceived e => this with { Routed = e.Step is null ? Routed : Routed.SetItem(e.Message, (e.Step, e.Visit)), Messages = Messages.SetItem(e.Message, e.Run), LastMessages = LastMessages.SetItem(e.Run, e.Message), Workflow = e.Workflow, Open = Open?.Run == e.Run ? null : Open },
        MessageAnswered e => this with { Answered = Answered.Add(e.Message), Open = Open?.Run == e.Run ? null : Open },
        MessageAsked e => this with { Questions = Questions.Add(KeyOf(e)), Open = e },
        ConversationCustomerAuthenticated e => this with { Customer = e.Customer },
        StaffAnswered e => this with { ByStaff = ByStaff.Add(e.Message) },
        MessageForStaff e => this with { ForStaff = ForStaff.SetItem(e.Message, e) },
        ConversationHandedOff e => this with { Handoff = e.Handoff },
        ConversationReturned e => this with { Handoff = Handoff == e.Handoff ? null : Handoff, Returned = Returned.Add(e.Handoff) },
        _ => this,
    };

    /// <summary>Records a message once.</summary>
    public Decision Receive(ReceiveMessage command) => Messages.ContainsKey(command.Received.Message) ? Decision.Unchanged : command.Received;

    /// <summary>Records a message for the question that waits for it, once. Refused where that waits no more: what answers one question is no answer to the next.</summary>
    public Decision Route(MessageReceived received) =>
        Messages.ContainsKey(received.Message) ? Decision.Unchanged
        : Open is { } open && (open.Run, open.Step, open.Visit) == (received.Run, received.Step, received.Visit) ? received
        : ConversationErrors.NobodyWaits();

    /// <summary>Records an answer once, behind its message.</summary>
    public Decision Answer(AnswerMessage command)
    {
        if (Answered.Contains(command.Answer.Message))
        {
            return Decision.Unchanged;
        }

        var events = ImmutableArray.CreateBuilder<DomainEvent>();
        if (!Messages.ContainsKey(command.Answer.Message))
        {
            events.Add(command.Received);
        }

        events.Add(command.Answer);
        if (command.Handoff is { } handoff && IsNew(handoff.Handoff))
        {
            events.Add(handoff);
        }

        return Decision.Of(events.ToImmutable());
    }

    /// <summary>Gives the conversation to a person, once for each hand-off. While one is open another one changes nothing: whoever has it gets all that is written.</summary>
    public Decision HandOff(HandOffConversation command) => IsNew(command.Handoff.Handoff) ? command.Handoff : Decision.Unchanged;

    /// <summary>Gives the conversation back to the agent, where that hand-off had it.</summary>
    public Decision Return(ReturnConversation command) => Handoff == command.Returned.Handoff ? command.Returned : Decision.Unchanged;

    /// <summary>Records a message for the person who has the conversation, once. Refused where the agent has it.</summary>
    public Decision Pass(MessageForStaff message) =>
        ForStaff.ContainsKey(message.Message) || Messages.ContainsKey(message.Message) ? Decision.Unchanged
        : Handoff is null ? ConversationErrors.NobodyHasIt()
        : message with { Handoff = Handoff };

    /// <summary>Records a question once, behind the message that it is about.</summary>
    public Decision Ask(AskBack command)
    {
        if (Questions.Contains(KeyOf(command.Asked)))
        {
            return Decision.Unchanged;
        }

        return Messages.ContainsKey(command.Asked.Message) ? command.Asked : Decision.Of(command.Received, command.Asked);
    }

    /// <summary>Takes the customer that was proved. A second, different one is refused.</summary>
    public Decision Authenticate(AuthenticateCustomer command) =>
        Customer is null ? new ConversationCustomerAuthenticated(command.Customer, command.Run, command.At)
        : Customer == command.Customer ? Decision.Unchanged
        : ConversationErrors.OtherCustomer();

    /// <summary>Records what a person wrote, once.</summary>
    public Decision AnswerByStaff(AnswerByStaff command) => ByStaff.Contains(command.Answer.Message) ? Decision.Unchanged : command.Answer;

    private bool IsNew(string handoff) => Handoff is null && !Returned.Contains(handoff);

    private static string KeyOf(MessageAsked e) => $"{e.Run}/{e.Step}/{e.Visit}";
}

/// <summary>What conversations refuse.</summary>
public static class ConversationErrors
{
    /// <summary>No run waits for a message.</summary>
    public static DomainError NobodyWaits() => new("nobody-waits", "No run waits for the message any more.", "Send it again: a run of its own handles it.", 409);

    /// <summary>No person has the conversation.</summary>
    public static DomainError NobodyHasIt() => new("nobody-has-it", "No person has the conversation any more.", "Send it again: a run handles it.", 409);

    /// <summary>The conversation has another customer.</summary>
    public static DomainError OtherCustomer() =>
        new("other-customer", "Another customer has been authenticated in this conversation.", "Open a conversation of its own for each customer.", 403);
}
