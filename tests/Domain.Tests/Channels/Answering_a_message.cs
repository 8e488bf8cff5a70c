using AIaaS.Domain.Agents;
using AIaaS.Domain.Channels;

namespace Domain.Tests.Channels;

public sealed class Answering_a_message : Given<Conversation>
{
    private static readonly DateTimeOffset At = new(2026, 1, 31, 9, 30, 0, TimeSpan.Zero);
    private static readonly MessageReceived First = new("c1", "m1", null, "Hello?", "faq_handling", "r1", At);
    private static readonly MessageReceived Second = First with { Message = "m2", Run = "r2" };
    private static readonly MessageAnswered Answer = new("m1", "r1", RunOutcome.Answered, "Hello!", [], At);

    protected override object[] Events => [First];

    [Test]
    public void records_the_answer() => When(c => c.Answer(new(First, Answer))).Then(Answer);

    [Test]
    public void whose_message_is_missing_records_both() => When(c => c.Answer(new(Second, Answer with { Message = "m2" }))).Then(Second, Answer with { Message = "m2" });

    [Test]
    public void receives_a_message_once() => When(c => c.Receive(new(First))).ThenNothing();

    [Test]
    public void receives_another_message() => When(c => c.Receive(new(Second))).Then(Second);
}

public sealed class Answering_an_answered_message : Given<Conversation>
{
    private static readonly DateTimeOffset At = new(2026, 1, 31, 9, 30, 0, TimeSpan.Zero);
    private static readonly MessageReceived Received = new("c1", "m1", null, "Hello?", "faq_handling", "r1", At);
    private static readonly MessageAnswered Answer = new("m1", "r1", RunOutcome.Answered, "Hello!", [], At);

    protected override object[] Events => [Received, Answer];

    [Test]
    public void changes_nothing() => When(c => c.Answer(new(Received, Answer with { Text = "Something else" }))).ThenNothing();
}

public sealed class Answering_a_question : Given<Conversation>
{
    private static readonly DateTimeOffset At = new(2026, 1, 31, 9, 30, 0, TimeSpan.Zero);
    private static readonly MessageReceived Received = new("c1", "m1", null, "Cancel it", "order_management", "r1", At);
    private static readonly MessageReceived Yes = Received with { Message = "m2", Text = "yes", Step = "confirm", Visit = 2 };

    protected override object[] Events => [Received, new MessageAsked("m1", "r1", "confirm", 2, "Shall I?", At)];

    [Test]
    public void records_what_was_said_to_it() => When(c => c.Route(Yes)).Then(Yes);

    [Test]
    public void takes_no_answer_to_another_step() => When(c => c.Route(Yes with { Step = "which" })).ThenRefused(ConversationErrors.NobodyWaits());

    [Test]
    public void takes_no_answer_to_another_visit() => When(c => c.Route(Yes with { Visit = 1 })).ThenRefused(ConversationErrors.NobodyWaits());
}
