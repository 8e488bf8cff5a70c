using AIaaS.Domain.Agents;
using AIaaS.Domain.Channels;

namespace Commands.Tests.Agents;

public sealed class Answering_a_question
{
    private RunWorld world = null!;
    private RunCompleted run = null!;
    private string runId = null!;
    private string conversation = null!;

    [OneTimeSetUp]
    public async Task Ask()
    {
        world = await RunWorld.OpenAsync();
        var (accepted, completed) = await world.AskAsync("How many days do I have to return an item?");
        (run, runId, conversation) = (completed, accepted.Run, accepted.Conversation);
    }

    [OneTimeTearDown]
    public async Task Close() => await world.DisposeAsync();

    [Test]
    public void gives_a_cited_answer()
    {
        run.Outcome.Should().Be(RunOutcome.Answered);
        run.Answer.Should().Contain("30 days");
        run.Citations.Should().ContainSingle().Which.Article.Should().Be("returns-policy");
    }

    [Test]
    public void counts_what_it_used()
    {
        run.ModelCalls.Should().Be(1);
        run.Usage.Total.Should().BePositive();
        run.Cost.Amount.Should().BePositive().And.BeLessThan(0.10m);
        run.Forked.Should().BeFalse();
    }

    [Test]
    public async Task records_every_step_in_its_order() =>
        (await world.RunEventsAsync(runId)).Select(e => e.GetType().Name).Should().Equal(
            nameof(RunRequested), nameof(RunStarted), nameof(StepCompleted), nameof(KnowledgeRetrieved), nameof(StepCompleted), nameof(ModelCallRequested),
            nameof(ModelCallCompleted), nameof(StepCompleted), nameof(StepCompleted), nameof(StepCompleted), nameof(RunCompleted));

    [Test]
    public async Task brings_message_and_answer_into_the_conversation() =>
        (await world.EventsAsync(Conversation.Stream(RunWorld.Tenant, conversation))).Select(e => e.GetType().Name)
            .Should().Equal(nameof(MessageReceived), nameof(MessageAnswered));

    [Test]
    public async Task replays_bit_exact()
    {
        var report = await world.Replayer.ReplayAsync(await world.Episodes.ExportAsync(RunWorld.Tenant, runId));
        report.Difference.Should().BeNull();
        report.BitExact.Should().BeTrue();
    }
}
