using System.Collections.Immutable;
using AIaaS.EventStore;

namespace AIaaS.Domain.Channels;

/// <summary>A message as it came in.</summary>
/// <param name="Received">The event to record.</param>
public sealed record ReceiveMessage(MessageReceived Received);

/// <summary>A run's answer, to go into its conversation.</summary>
/// <param name="Received">The message, recorded first where it is not there yet.</param>
/// <param name="Answer">The answer.</param>
public sealed record AnswerMessage(MessageReceived Received, MessageAnswered Answer);

/// <summary>A conversation: which messages came, and which of them are answered.</summary>
public sealed record Conversation : IState<Conversation>
{
    /// <summary>The conversation before its first message.</summary>
    public static Conversation Initial { get; } = new();

    /// <summary>Messages that came, each with the run that handles it.</summary>
    public ImmutableDictionary<string, string> Messages { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>Messages that are answered.</summary>
    public ImmutableHashSet<string> Answered { get; init; } = [];

    /// <summary>The stream of a conversation.</summary>
    public static StreamName Stream(string tenant, string conversation) => StreamName.For("conversation", tenant, conversation);

    /// <inheritdoc />
    public Conversation Evolve(object @event) => @event switch
    {
        MessageReceived e => this with { Messages = Messages.SetItem(e.Message, e.Run) },
        MessageAnswered e => this with { Answered = Answered.Add(e.Message) },
        _ => this,
    };

    /// <summary>Records a message once.</summary>
    public Decision Receive(ReceiveMessage command) => Messages.ContainsKey(command.Received.Message) ? Decision.Unchanged : command.Received;

    /// <summary>Records an answer once, behind its message.</summary>
    public Decision Answer(AnswerMessage command)
    {
        if (Answered.Contains(command.Answer.Message))
        {
            return Decision.Unchanged;
        }

        return Messages.ContainsKey(command.Answer.Message) ? command.Answer : Decision.Of(command.Received, command.Answer);
    }
}
