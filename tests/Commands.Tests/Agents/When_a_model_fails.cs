using AIaaS.Commands.Routing;
using AIaaS.Domain.Agents;

namespace Commands.Tests.Agents;

public sealed class When_a_model_fails
{
    private const string Question = "How many days do I have to return an item?";
    private const string Quote = "You can return an item within 30 days of delivery.";

    [Test]
    public async Task another_attempt_is_made_and_only_the_answered_one_is_billed()
    {
        var model = new DecidedModel((n, _, _) => n < 3
            ? Task.FromException<ModelAnswer>(new ModelCallException("503 from the provider", retryable: true, unknown: false))
            : Task.FromResult(DecidedModel.Cited("returns-policy", Quote, 0.95)));
        await using var world = await RunWorld.OpenAsync(model);
        var (accepted, run) = await world.AskAsync(Question);
        run.Outcome.Should().Be(RunOutcome.Answered);
        run.ModelCalls.Should().Be(1);
        var events = await world.RunEventsAsync(accepted.Run);
        events.OfType<ModelCallRequested>().Select(e => e.Call).Should().Equal("answer/1/1", "answer/1/2", "answer/1/3");
        events.OfType<ModelCallFailed>().Should().HaveCount(2).And.OnlyContain(e => e.Retryable && !e.Unknown);
        (await world.Replayer.ReplayAsync(await world.Episodes.ExportAsync(RunWorld.Tenant, accepted.Run))).Difference.Should().BeNull();
    }

    [Test]
    public async Task three_attempts_are_the_most_and_a_person_takes_over()
    {
        var model = new DecidedModel((_, _, _) => Task.FromException<ModelAnswer>(new ModelCallException("503 from the provider", retryable: true, unknown: false)));
        await using var world = await RunWorld.OpenAsync(model);
        var (accepted, run) = await world.AskAsync(Question);
        (run.Outcome, run.Reason).Should().Be((RunOutcome.HandedOff, "model-unavailable"));
        run.Answer.Should().Contain("colleague");
        model.Calls.Should().Be(3);
        run.Cost.Amount.Should().Be(0);
        (await world.Replayer.ReplayAsync(await world.Episodes.ExportAsync(RunWorld.Tenant, accepted.Run))).Difference.Should().BeNull();
    }

    [Test]
    public async Task a_failure_that_no_attempt_can_mend_is_not_tried_again()
    {
        var model = new DecidedModel((_, _, _) => Task.FromException<ModelAnswer>(new ModelCallException("401 from the provider", retryable: false, unknown: false)));
        await using var world = await RunWorld.OpenAsync(model);
        var (_, run) = await world.AskAsync(Question);
        run.Reason.Should().Be("model-unavailable");
        model.Calls.Should().Be(1);
    }

    [Test]
    public async Task a_client_that_throws_what_it_should_not_leaves_the_outcome_unknown_and_its_price_held()
    {
        var model = new DecidedModel((n, _, _) => n == 1
            ? throw new InvalidOperationException("broken pipe")
            : Task.FromResult(DecidedModel.Cited("returns-policy", Quote, 0.95)));
        await using var world = await RunWorld.OpenAsync(model);
        var (accepted, run) = await world.AskAsync(Question);
        run.Outcome.Should().Be(RunOutcome.Answered);
        (await world.RunEventsAsync(accepted.Run)).OfType<ModelCallFailed>().Should().ContainSingle().Which.Unknown.Should().BeTrue();
        var state = (await world.Engine.LoadAsync(RunWorld.Tenant, accepted.Run, default)).State;
        state.Held.Amount.Should().BePositive();
    }

    [Test]
    public async Task a_malformed_reply_is_repaired_by_the_next_tier()
    {
        var model = new DecidedModel((n, _, _) => Task.FromResult(n == 1 ? DecidedModel.Answer("{ not json") : DecidedModel.Cited("returns-policy", Quote, 0.95)));
        await using var world = await RunWorld.OpenAsync(model);
        var (accepted, run) = await world.AskAsync(Question);
        (run.Outcome, run.Tier, run.ModelCalls).Should().Be((RunOutcome.Answered, Tier.SLM_B, 2));
        var rejected = (await world.RunEventsAsync(accepted.Run)).OfType<StepCompleted>().Single(e => e.Result == "rejected");
        rejected.Detail.Should().StartWith("invalid-answer: ");
        (await world.RunEventsAsync(accepted.Run)).OfType<ModelCallRequested>().Last().Request.Should().Contain("invalid-answer");
    }
}
