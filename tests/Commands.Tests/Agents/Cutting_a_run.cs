using AIaaS.Commands.Routing;
using AIaaS.Domain.Agents;

namespace Commands.Tests.Agents;

public sealed class Cutting_a_run
{
    private const string Question = "How many days do I have to return an item?";

    private static string Yaml(string limits, int visits = 1) =>
        $$"""
        workflow: faq_handling
        limits: { {{limits}} }
        nodes:
          - { id: start, type: start, next: retrieve }
          - { id: retrieve, type: retrieve, next: answer }
          - { id: answer, type: model, tier: SLM_A, next: check, failed: hand_off, max_visits: {{visits}}, exhausted: hand_off, max_output_tokens: 200 }
          - { id: check, type: validate, gates: [json_schema, score_threshold: 0.8], passed: done, rejected: answer, handoff: hand_off }
          - { id: done, type: end, outcome: answered }
          - { id: hand_off, type: end, outcome: handed_off, text: A colleague takes over. }
        """;

    private static readonly object[] Cuts =
    [
        new object[] { "steps: 2", 1, "step-limit" },
        new object[] { "cost_usd: 0.00001", 1, "budget" },
        new object[] { "step_tokens: 250", 1, "step-tokens" },
        new object[] { "steps: 100", 10, "oscillation" },
    ];

    [TestCaseSource(nameof(Cuts))]
    public async Task is_an_outcome_with_its_reason(string limits, int visits, string reason)
    {
        var model = new DecidedModel((_, _, _) => Task.FromResult(DecidedModel.Cited("returns-policy", "You can return an item", 0.1)));
        await using var world = await RunWorld.OpenAsync(model, yaml: Yaml(limits, visits));
        var (accepted, run) = await world.AskAsync(Question);
        (run.Outcome, run.Reason).Should().Be((RunOutcome.Cut, reason));
        run.Answer.Should().Contain("colleague");
        (await world.Replayer.ReplayAsync(await world.Episodes.ExportAsync(RunWorld.Tenant, accepted.Run))).Difference.Should().BeNull();
    }

    [Test]
    public async Task happens_when_a_step_takes_too_long()
    {
        var model = new DecidedModel(async (_, _, cancellation) =>
        {
            await Task.Delay(Timeout.Infinite, cancellation);
            throw new InvalidOperationException("not reached");
        });
        await using var world = await RunWorld.OpenAsync(model, yaml: Yaml("step_ms: 150"));
        var (accepted, run) = await world.AskAsync(Question);
        (run.Outcome, run.Reason).Should().Be((RunOutcome.Cut, "step-time"));
        (await world.RunEventsAsync(accepted.Run)).OfType<ModelCallFailed>().Should().ContainSingle().Which.Unknown.Should().BeTrue();
        (await world.Replayer.ReplayAsync(await world.Episodes.ExportAsync(RunWorld.Tenant, accepted.Run))).Difference.Should().BeNull();
    }

    [Test]
    public async Task never_lets_a_run_spend_more_than_its_budget()
    {
        var n = 0;
        var model = new DecidedModel((_, _, _) => Task.FromResult(DecidedModel.Cited("returns-policy", "You can return an item", 0.1, "try " + n++)));
        await using var world = await RunWorld.OpenAsync(model, yaml: Yaml("cost_usd: 0.0005, steps: 1000", 1000));
        var (_, run) = await world.AskAsync(Question);
        (run.Outcome, run.Reason).Should().Be((RunOutcome.Cut, "budget"));
        run.Cost.Amount.Should().BePositive().And.BeLessOrEqualTo(0.0005m);
    }
}
