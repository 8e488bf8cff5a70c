using System.Collections.Immutable;
using System.Text.Json;
using AIaaS.Commands.Channels;
using AIaaS.Commands.Handoffs;
using AIaaS.Commands.Tools;
using AIaaS.Domain;
using AIaaS.Domain.Agents;
using AIaaS.Domain.Channels;
using AIaaS.Domain.Handoffs;
using AIaaS.EventStore;
using Commands.Tests.Support;

namespace Commands.Tests.Handoffs;

/// <summary>A run that ended without an answer of its own.</summary>
public sealed class A_run_that_hands_off
{
    private static readonly DateTimeOffset At = new(2026, 1, 31, 9, 30, 0, TimeSpan.Zero);

    private readonly EventTypes types = DomainEventTypes.Create();
    private TemporaryLog log = null!;
    private HandoffService handoffs = null!;
    private HandoffProcess process = null!;

    [SetUp]
    public async Task Open()
    {
        log = await TemporaryLog.OpenAsync();
        var ids = IdSource.From(TimeProvider.System);
        handoffs = new(log.Store, types, ids, new StaffMessages(log.Store, types, ids));
        process = new(handoffs, log.Store, types);
    }

    [TearDown]
    public async Task Close() => await log.DisposeAsync();

    [TestCase(RunOutcome.HandedOff, HandoffPriority.Normal)]
    [TestCase(RunOutcome.Cut, HandoffPriority.High)]
    [TestCase(RunOutcome.Failed, HandoffPriority.High)]
    public async Task Opens_one_item_however_often_its_end_is_told(RunOutcome outcome, HandoffPriority priority)
    {
        var end = await EndAsync(outcome);
        await process.HandleAsync(end, default);
        await process.HandleAsync(end, default);
        var loaded = await LoadAsync();
        loaded.Version.Should().Be(0);
        loaded.State.Request.Should().Match<HandoffRequested>(r => r.Run == "r1" && r.Conversation == "c1" && r.Priority == priority && r.Queue == "sales" && r.Reason == "asked-for-person");
    }

    [Test]
    public async Task Opens_nothing_when_it_answered()
    {
        await process.HandleAsync(await EndAsync(RunOutcome.Answered), default);
        (await LoadAsync()).Version.Should().Be(-1);
    }

    [Test]
    public async Task Opens_nothing_when_it_is_a_fork()
    {
        await process.HandleAsync(await EndAsync(RunOutcome.HandedOff, forked: true), default);
        (await LoadAsync()).Version.Should().Be(-1);
    }

    [Test]
    public async Task Shares_its_item_with_the_tool_that_it_called_before()
    {
        var end = await EndAsync(RunOutcome.HandedOff);
        var outcome = await new TransferTool(handoffs, log.Store, types, TimeProvider.System).InvokeAsync(
            new("acme", "agentRun-acme_r1", "x/1/1", "k1", new('0', 64), JsonSerializer.Deserialize<JsonElement>("""{ "summary": "Wants a person." }"""), null, null), default);
        outcome.Should().BeOfType<ToolOutcome.Succeeded>().Which.Output.GetString().Should().Be("Transfer successful");
        await process.HandleAsync(end, default);
        var loaded = await LoadAsync();
        loaded.Version.Should().Be(0);
        loaded.State.Request!.Summary.Should().Be("Wants a person.");
        loaded.State.Request.Conversation.Should().Be("c1");
    }

    [Test]
    public async Task Is_claimed_by_one_of_many_at_once()
    {
        await process.HandleAsync(await EndAsync(RunOutcome.HandedOff), default);
        var id = HandoffService.HandoffId("acme", "agentRun-acme_r1");
        var claims = await Task.WhenAll(Enumerable.Range(0, 16).Select(async i =>
        {
            try
            {
                await handoffs.HandleAsync(new ClaimHandoff("acme", id, $"person-{i}", At), new("acme", "test"));
                return 200;
            }
            catch (DomainException e)
            {
                return e.Error.Status;
            }
        }));
        claims.Count(c => c == 200).Should().Be(1);
        claims.Count(c => c == 409).Should().Be(15);
    }

    [Test]
    public async Task Brings_the_persons_answer_into_the_conversation_once()
    {
        await process.HandleAsync(await EndAsync(RunOutcome.HandedOff), default);
        var id = HandoffService.HandoffId("acme", "agentRun-acme_r1");
        await handoffs.HandleAsync(new ClaimHandoff("acme", id, "bo", At), new("acme", "test"));
        var answered = await handoffs.AnswerAsync(new("acme", id, "m2", "bo", "Hello, this is Bo.", At), new("acme", "test"));
        var recorded = new List<RecordedEvent>();
        await foreach (var e in log.Store.ReadStreamAsync(Handoff.Stream("acme", id)))
        {
            recorded.Add(e);
        }

        // What a start after a crash delivers again.
        await process.HandleAsync(EventEnvelope.Read(types, recorded[^1]), default);
        var conversation = new List<object>();
        await foreach (var e in log.Store.ReadStreamAsync("conversation-acme_c1"))
        {
            conversation.Add(types.Read(e.Type, e.Data.Span));
        }

        conversation.Should().Equal(new ConversationHandedOff(id, At), new StaffAnswered("m2", id, "bo", "Hello, this is Bo.", At));
        answered.State.State.Should().Be(HandoffState.Claimed);
    }

    [Test]
    public async Task Opens_no_second_item_of_its_conversation_until_the_first_is_over()
    {
        await process.HandleAsync(await EndAsync(RunOutcome.HandedOff), default);
        var second = await EndAsync(RunOutcome.HandedOff, run: "r2");
        await process.HandleAsync(second, default);
        (await LoadAsync("r2")).Version.Should().Be(-1, "a person has the conversation already");
        await handoffs.CloseAsync(new("acme", HandoffService.HandoffId("acme", "agentRun-acme_r1"), "bo", "Done", At), new("acme", "test"));
        await process.HandleAsync(await EndAsync(RunOutcome.HandedOff, run: "r3"), default);
        (await LoadAsync("r3")).Version.Should().Be(0);
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Gives_its_conversation_back_where_the_process_ended_before_it_could(bool returned)
    {
        await process.HandleAsync(await EndAsync(RunOutcome.HandedOff), default);
        var id = HandoffService.HandoffId("acme", "agentRun-acme_r1");
        await handoffs.HandleAsync(new ClaimHandoff("acme", id, "bo", At), new("acme", "test"));
        await (returned ? handoffs.HandleAsync(new ReturnHandoff("acme", id, "bo", null, At), new("acme", "test")) : handoffs.HandleAsync(new CloseHandoff("acme", id, "bo", null, At), new("acme", "test")));
        var recorded = new List<RecordedEvent>();
        await foreach (var e in log.Store.ReadStreamAsync(Handoff.Stream("acme", id)))
        {
            recorded.Add(e);
        }

        await process.HandleAsync(EventEnvelope.Read(types, recorded[^1]), default);
        await process.HandleAsync(EventEnvelope.Read(types, recorded[^1]), default);
        var conversation = new List<object>();
        await foreach (var e in log.Store.ReadStreamAsync("conversation-acme_c1"))
        {
            conversation.Add(types.Read(e.Type, e.Data.Span));
        }

        conversation.Should().Equal(new ConversationHandedOff(id, At), new ConversationReturned(id, At));
    }

    private Task<Loaded<Handoff>> LoadAsync(string run = "r1") => handoffs.LoadAsync(Handoff.Stream("acme", HandoffService.HandoffId("acme", "agentRun-acme_" + run)));

    private async Task<EventEnvelope> EndAsync(RunOutcome outcome, bool forked = false, string run = "r1")
    {
        var requested = new RunRequested(run, "c1", "m1", "I want a person", "faq_handling", new('0', 64), null, At);
        var completed = new RunCompleted(outcome, "asked-for-person", "A colleague takes over.", ImmutableArray<Citation>.Empty, "faq_handling", null, 1, 0, default, Money.Usd(0), 1, forked, At) { Queue = "sales" };
        var metadata = new EventMetadata { Tenant = "acme" };
        await log.Store.AppendAsync("agentRun-acme_" + run, ExpectedVersion.NoStream, [types.Write(NamedId.Of(run, "1"), requested, metadata), types.Write(NamedId.Of(run, "2"), completed, metadata)]);
        await foreach (var recorded in log.Store.ReadStreamAsync("agentRun-acme_" + run, from: 1))
        {
            return EventEnvelope.Read(types, recorded);
        }

        throw new InvalidOperationException("The run's end is not there.");
    }
}
