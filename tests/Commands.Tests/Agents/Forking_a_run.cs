using AIaaS.Commands.Agents;
using AIaaS.Commands.Routing;
using AIaaS.Domain.Agents;
using AIaaS.EventStore;

namespace Commands.Tests.Agents;

public sealed class Forking_a_run
{
    private const string Question = "How many days do I have to return an item?";
    private RunWorld world = null!;
    private string source = null!;

    [OneTimeSetUp]
    public async Task Record()
    {
        world = await RunWorld.OpenAsync();
        source = (await world.AskAsync(Question)).Accepted.Run;
    }

    [OneTimeTearDown]
    public async Task Close() => await world.DisposeAsync();

    [Test]
    public async Task with_another_prompt_takes_over_what_came_before_and_runs_anew_from_the_step()
    {
        var (run, completed) = await ForkAsync(new(source, "answer", Prompt: "Answer in one sentence."));
        completed.Forked.Should().BeTrue();
        completed.Outcome.Should().Be(RunOutcome.Answered);
        var (before, after) = (await world.RunEventsAsync(source), await world.RunEventsAsync(run));
        ((KnowledgeRetrieved)after[3]).Passages.Should().BeEquivalentTo(((KnowledgeRetrieved)before[3]).Passages, o => o.WithStrictOrdering());
        after.OfType<RunRequested>().Single().Fork.Should().Be(new ForkOrigin(source, "answer", "Answer in one sentence.", null, null));
        after.OfType<ModelCallRequested>().Single().Request.Should().Contain("Answer in one sentence.");
        after.OfType<RunStarted>().Single().Pins.Prompts["answer"].Should().Be(Workflow.HashOf("Answer in one sentence."));
    }

    [TestCase("start")]
    [TestCase("retrieve")]
    [TestCase("answer")]
    [TestCase("check")]
    [TestCase("done")]
    public async Task from_any_step_replays_bit_exact(string step)
    {
        var (run, completed) = await ForkAsync(new(source, step));
        completed.Outcome.Should().Be(RunOutcome.Answered);
        completed.DurationMs.Should().BeGreaterOrEqualTo(0);
        (await world.Replayer.ReplayAsync(await world.Episodes.ExportAsync(RunWorld.Tenant, run))).Difference.Should().BeNull();
    }

    [Test]
    public async Task on_another_tier_asks_that_tiers_model()
    {
        var (run, completed) = await ForkAsync(new(source, "answer", Tier: Tier.LLM));
        completed.Tier.Should().Be(Tier.LLM);
        (await world.RunEventsAsync(run)).OfType<ModelCallRequested>().Single().Model.Should().Be("offline-l");
    }

    [Test]
    public async Task leaves_the_conversation_alone()
    {
        var before = (await world.RunEventsAsync(source)).OfType<RunRequested>().Single();
        var (run, _) = await ForkAsync(new(source, "answer"));
        await world.Conversations.CompleteAsync(RunWorld.Tenant, run);
        (await world.EventsAsync(AIaaS.Domain.Channels.Conversation.Stream(RunWorld.Tenant, before.Conversation))).Should().HaveCount(2);
    }

    [Test]
    public async Task again_under_the_same_key_finds_the_first_fork()
    {
        var first = await world.Forker.ForkAsync(new(source, "answer", Prompt: "Be brief."), RunWorld.As("fork-1"));
        await world.Engine.ExecuteAsync(RunWorld.Tenant, first.Run);
        var again = await world.Forker.ForkAsync(new(source, "answer", Prompt: "Be brief."), RunWorld.As("fork-1"));
        (again.Run, again.Repeated).Should().Be((first.Run, true));
        var other = async () => await world.Forker.ForkAsync(new(source, "answer", Prompt: "Be long."), RunWorld.As("fork-1"));
        (await other.Should().ThrowAsync<DomainException>()).Which.Error.Code.Should().Be("idempotency-key-reused");
    }

    [Test]
    public async Task is_refused_where_it_makes_no_sense()
    {
        (await RefusedAsync(new(source, "nowhere"))).Should().Be("unknown-step");
        (await RefusedAsync(new(source, "repair"))).Should().Be("unknown-step", "the run never came there");
        (await RefusedAsync(new(source, "check", Prompt: "Be brief."))).Should().Be("fork-not-a-model-step");
        (await RefusedAsync(new(source, "answer", Model: "made-up"))).Should().Be("unknown-model");
        (await RefusedAsync(new(source, "answer", Prompt: " "))).Should().Be("invalid-prompt");
        (await RefusedAsync(new("made-up", "answer"))).Should().Be("unknown-run");
    }

    private async Task<(string Run, RunCompleted Completed)> ForkAsync(ForkRun command)
    {
        var accepted = await world.Forker.ForkAsync(command, RunWorld.As());
        return (accepted.Run, await world.Engine.ExecuteAsync(RunWorld.Tenant, accepted.Run));
    }

    private async Task<string> RefusedAsync(ForkRun command)
    {
        var fork = async () => await world.Forker.ForkAsync(command, RunWorld.As());
        return (await fork.Should().ThrowAsync<DomainException>()).Which.Error.Code;
    }
}
