using AIaaS.Commands.Channels;
using AIaaS.Commands.Handoffs;
using AIaaS.Domain.Agents;
using AIaaS.Domain.Channels;
using AIaaS.EventStore;
using Commands.Tests.Agents;

namespace Commands.Tests.Channels;

public sealed class Sending_a_message
{
    private const string Question = "How many days do I have to return an item?";
    private RunWorld world = null!;

    [OneTimeSetUp]
    public async Task Open() => world = await RunWorld.OpenAsync();

    [OneTimeTearDown]
    public async Task Close() => await world.DisposeAsync();

    [Test]
    public async Task again_under_the_same_key_finds_the_first_run()
    {
        var first = await world.Conversations.SendAsync(new(Question), RunWorld.As("key-a"));
        await world.Conversations.WaitAsync(RunWorld.Tenant, first.Run);
        var again = await world.Conversations.SendAsync(new(Question), RunWorld.As("key-a"));
        (again.Run, again.Message, again.Conversation, again.Repeated).Should().Be((first.Run, first.Message, first.Conversation, true));
        (await world.Conversations.WaitAsync(RunWorld.Tenant, again.Run)).Run.Outcome.Should().Be(RunOutcome.Answered);
        (await world.EventsAsync(Conversation.Stream(RunWorld.Tenant, first.Conversation))).Should().HaveCount(2);
    }

    [Test]
    public async Task sixteen_times_at_once_under_the_same_key_makes_one_run()
    {
        var accepted = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => world.Conversations.SendAsync(new(Question), RunWorld.As("key-b"))));
        accepted.Select(a => a.Run).Distinct().Should().ContainSingle();
        accepted.Count(a => !a.Repeated).Should().Be(1);
        await world.Conversations.WaitAsync(RunWorld.Tenant, accepted[0].Run);
        (await world.RunEventsAsync(accepted[0].Run)).OfType<RunRequested>().Should().ContainSingle();
        (await world.EventsAsync(Conversation.Stream(RunWorld.Tenant, accepted[0].Conversation))).Should().HaveCount(2);
    }

    [Test]
    public async Task with_another_text_under_the_same_key_is_refused_and_leaves_no_trace()
    {
        var first = await world.Conversations.SendAsync(new(Question), RunWorld.As("key-c"));
        await world.Conversations.WaitAsync(RunWorld.Tenant, first.Run);
        foreach (var other in (SendMessage[])[new("Another question"), new(Question, Conversation: "c-other"), new(Question, Customer: "someone")])
        {
            var send = async () => await world.Conversations.SendAsync(other, RunWorld.As("key-c"));
            (await send.Should().ThrowAsync<DomainException>()).Which.Error.Should().Match<DomainError>(e => e.Code == "idempotency-key-reused" && e.Status == 422);
        }

        (await world.EventsAsync(Conversation.Stream(RunWorld.Tenant, first.Conversation))).Should().HaveCount(2);
        var stray = async () => await world.EventsAsync(Conversation.Stream(RunWorld.Tenant, "c-other"));
        await stray.Should().ThrowAsync<StreamNotFoundException>();
    }

    [Test]
    public async Task under_the_key_of_another_tenant_is_another_message()
    {
        var mine = await world.Conversations.SendAsync(new(Question), RunWorld.As("key-d"));
        var theirs = await world.Conversations.SendAsync(new(Question), RunWorld.As("key-d", "other"));
        theirs.Run.Should().NotBe(mine.Run);
        (await world.Conversations.WaitAsync("other", theirs.Run)).Run.Outcome.Should().Be(RunOutcome.HandedOff, "that tenant has no articles");
        var look = async () => await world.Conversations.WaitAsync("other", mine.Run);
        (await look.Should().ThrowAsync<DomainException>()).Which.Error.Code.Should().Be("unknown-run");
    }

    [Test]
    public async Task many_at_once_into_one_conversation_keeps_them_all()
    {
        var accepted = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => world.Conversations.SendAsync(new(Question, "c-shared"), RunWorld.As("shared-" + i))));
        await Task.WhenAll(accepted.Select(a => world.Conversations.WaitAsync(RunWorld.Tenant, a.Run)));
        var events = await world.EventsAsync(Conversation.Stream(RunWorld.Tenant, "c-shared"));
        events.OfType<MessageReceived>().Select(e => e.Message).Should().BeEquivalentTo(accepted.Select(a => a.Message));
        events.OfType<MessageAnswered>().Select(e => e.Message).Should().BeEquivalentTo(accepted.Select(a => a.Message));
    }

    [Test]
    public async Task answers_at_a_position_behind_which_the_answer_lies()
    {
        var accepted = await world.Conversations.SendAsync(new(Question), RunWorld.As());
        var reply = await world.Conversations.WaitAsync(RunWorld.Tenant, accepted.Run);
        reply.Position.Should().BeGreaterThan(accepted.Position);
        (await world.Log.GetHeadAsync()).Should().BeGreaterOrEqualTo(reply.Position);
    }

    [Test]
    public async Task while_a_person_has_the_conversation_starts_no_run()
    {
        var handoffs = new HandoffService(world.Log, world.Types, world.Ids, new StaffMessages(world.Log, world.Types, world.Ids));
        var first = await world.Conversations.SendAsync(new("I want to talk to a human being, please.", "c-person"), RunWorld.As("person-1"));
        (await world.Conversations.WaitAsync(RunWorld.Tenant, first.Run)).Run.Outcome.Should().Be(RunOutcome.HandedOff);
        var handoff = HandoffService.HandoffId(RunWorld.Tenant, Run.Stream(RunWorld.Tenant, first.Run));
        (await world.EventsAsync(Conversation.Stream(RunWorld.Tenant, "c-person")))[^1].Should().BeOfType<ConversationHandedOff>().Which.Handoff.Should().Be(handoff, "the next message must find it");
        await new HandoffProcess(handoffs, world.Log, world.Types).HandleAsync(await EndOfAsync(first.Run), default);

        var second = await world.Conversations.SendAsync(new(Question, "c-person"), RunWorld.As("person-2"));
        var again = await world.Conversations.SendAsync(new(Question, "c-person"), RunWorld.As("person-2"));
        (second.Run, second.Handoff, second.Repeated).Should().Be(("", handoff, false));
        (again.Message, again.Handoff, again.Repeated).Should().Be((second.Message, handoff, true));
        await world.Conversations.Invoking(c => c.SendAsync(new("Another question", "c-person"), RunWorld.As("person-2"))).Should().ThrowAsync<DomainException>().Where(e => e.Error.Status == 422);
        (await world.Conversations.SendAsync(new("I want to talk to a human being, please.", "c-person"), RunWorld.As("person-1"))).Should().Match<MessageAccepted>(a => a.Repeated && a.Run == first.Run, "that one has a run");
        (await world.EventsAsync(Conversation.Stream(RunWorld.Tenant, "c-person"))).OfType<MessageForStaff>().Should().ContainSingle().Which.Text.Should().Be(Question);

        await handoffs.CloseAsync(new(RunWorld.Tenant, handoff, "bo", null, DateTimeOffset.UnixEpoch), RunWorld.As());
        var third = await world.Conversations.SendAsync(new(Question, "c-person"), RunWorld.As("person-3"));
        (await world.Conversations.WaitAsync(RunWorld.Tenant, third.Run)).Run.Outcome.Should().Be(RunOutcome.Answered);
    }

    [Test]
    public async Task without_a_workflow_goes_to_the_one_of_the_message_before()
    {
        var first = await world.Conversations.SendAsync(new(Question, "c-workflow", Workflow: "customer_support"), RunWorld.As("workflow-1"));
        await world.Conversations.WaitAsync(RunWorld.Tenant, first.Run);
        var second = await world.Conversations.SendAsync(new(Question, "c-workflow"), RunWorld.As("workflow-2"));
        await world.Conversations.WaitAsync(RunWorld.Tenant, second.Run);
        var third = await world.Conversations.SendAsync(new(Question, "c-workflow", Workflow: "faq_handling"), RunWorld.As("workflow-3"));
        await world.Conversations.WaitAsync(RunWorld.Tenant, third.Run);
        (await world.EventsAsync(Conversation.Stream(RunWorld.Tenant, "c-workflow"))).OfType<MessageReceived>().Select(e => e.Workflow).Should().Equal("customer_support", "customer_support", "faq_handling");
        (await world.Conversations.SendAsync(new(Question, "c-workflow"), RunWorld.As("workflow-2"))).Should().Match<MessageAccepted>(a => a.Repeated && a.Run == second.Run, "what was said meanwhile does not make it another message");
    }

    [TestCase("", null, null)]
    [TestCase("   ", null, null)]
    [TestCase("nul \0", null, null)]
    [TestCase("ok", "a/b", null)]
    [TestCase("ok", "", null)]
    [TestCase("ok", null, "line\nbreak")]
    public async Task that_cannot_be_taken_is_refused(string text, string? conversation, string? customer)
    {
        var send = async () => await world.Conversations.SendAsync(new(text, conversation, customer), RunWorld.As());
        (await send.Should().ThrowAsync<DomainException>()).Which.Error.Code.Should().Be("invalid-message");
    }

    [Test]
    public async Task with_half_a_surrogate_pair_is_refused()
    {
        foreach (var text in (string[])["half " + (char)0xD83D, (char)0xDE00 + " half", "" + (char)0xD83D + (char)0xD83D])
        {
            var send = async () => await world.Conversations.SendAsync(new(text), RunWorld.As());
            (await send.Should().ThrowAsync<DomainException>()).Which.Error.Code.Should().Be("invalid-message");
        }

        (await world.Conversations.SendAsync(new("a whole pair 😀"), RunWorld.As())).Repeated.Should().BeFalse();
    }

    [Test]
    public async Task with_several_faults_names_them_all()
    {
        var send = async () => await world.Conversations.SendAsync(new(new string('x', 4_001), "a b", ""), RunWorld.As());
        var error = (await send.Should().ThrowAsync<DomainException>()).Which.Error;
        error.Message.Should().Contain("4001").And.Contain("conversation's id").And.Contain("customer's id");
    }

    [Test]
    public async Task for_an_unknown_workflow_says_which_there_are()
    {
        var send = async () => await world.Conversations.SendAsync(new(Question, Workflow: "faq"), RunWorld.As());
        var error = (await send.Should().ThrowAsync<DomainException>()).Which.Error;
        (error.Code, error.Hint).Should().Be(("unknown-workflow", "Use one of: authentication, complaint_handling, customer_support, faq_handling, find_order, lead_capture, order_management, order_tracking, payment, technical_support."));
    }

    private async Task<EventEnvelope> EndOfAsync(string run)
    {
        await foreach (var recorded in world.Log.ReadStreamAsync(Run.Stream(RunWorld.Tenant, run), ReadDirection.Backwards, long.MaxValue, 1))
        {
            return EventEnvelope.Read(world.Types, recorded);
        }

        throw new InvalidOperationException("The run has no events.");
    }
}
