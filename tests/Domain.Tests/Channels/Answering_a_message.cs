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

public sealed class A_conversation_that_a_person_has : Given<Conversation>
{
    private static readonly DateTimeOffset At = new(2026, 1, 31, 9, 30, 0, TimeSpan.Zero);
    private static readonly MessageReceived First = new("c1", "m1", null, "I want a person", "customer_support", "r1", At);
    private static readonly MessageReceived Second = First with { Message = "m2", Run = "r2" };
    private static readonly MessageForStaff More = new("c1", "m3", null, "Hello?", "h1", At);

    protected override object[] Events => [First, new MessageAnswered("m1", "r1", RunOutcome.HandedOff, "A colleague takes over.", [], At), new ConversationHandedOff("h1", At), Second];

    [Test]
    public void keeps_what_is_written_for_the_person() => When(c => c.Pass(More)).Then(More);

    [Test]
    public void keeps_it_with_the_hand_off_that_is_open() => When(c => c.Pass(More with { Handoff = "h0" })).Then(More);

    [Test]
    public void takes_no_second_hand_off() => When(c => c.HandOff(new("acme", "c1", new("h2", At)))).ThenNothing();

    [Test]
    public void takes_no_second_hand_off_with_an_answer()
    {
        var answer = new MessageAnswered("m2", "r2", RunOutcome.HandedOff, "A colleague takes over.", [], At);
        When(c => c.Answer(new(Second, answer, new("h2", At)))).Then(answer);
    }

    [Test]
    public void goes_back_to_the_agent() => When(c => c.Return(new("acme", "c1", new("h1", At)))).Then(new ConversationReturned("h1", At));

    [Test]
    public void does_not_go_back_with_another_hand_off() => When(c => c.Return(new("acme", "c1", new("h2", At)))).ThenNothing();
}

public sealed class A_conversation_that_came_back_from_a_person : Given<Conversation>
{
    private static readonly DateTimeOffset At = new(2026, 1, 31, 9, 30, 0, TimeSpan.Zero);

    protected override object[] Events => [new ConversationHandedOff("h1", At), new ConversationReturned("h1", At)];

    [Test]
    public void leaves_what_is_written_to_a_run() => When(c => c.Pass(new("c1", "m3", null, "Hello?", "h1", At))).ThenRefused(ConversationErrors.NobodyHasIt());

    [Test]
    public void is_not_handed_off_again_by_what_is_told_late() => When(c => c.HandOff(new("acme", "c1", new("h1", At)))).ThenNothing();

    [Test]
    public void can_be_handed_off_anew() => When(c => c.HandOff(new("acme", "c1", new("h2", At)))).Then(new ConversationHandedOff("h2", At));
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
