using AIaaS.Commands.Agents;
using AIaaS.Commands.Routing;
using AIaaS.Domain.Agents;

namespace Commands.Tests.Agents;

public sealed class Stopping_after_any_event
{
    private static DecidedModel Repairing() => new((_, request, _) => Task.FromResult(request.Contains("\"rejected\\\"", StringComparison.Ordinal)
        ? DecidedModel.Cited("returns-policy", "You can return an item within 30 days of delivery.", 0.95)
        : DecidedModel.Cited("returns-policy", "You can return an item within 30 days of delivery.", 0.5)));

    [Test]
    public async Task lets_the_run_end_with_no_call_billed_twice_and_a_replay_that_is_bit_exact()
    {
        Episode whole;
        await using (var world = await RunWorld.OpenAsync(Repairing()))
        {
            var (accepted, run) = await world.AskAsync("How many days do I have to return an item?");
            run.ModelCalls.Should().Be(2, "the episode shall hold a repair");
            whole = await world.Episodes.ExportAsync(RunWorld.Tenant, accepted.Run);
        }

        for (var kept = 1; kept <= whole.Events.Length; kept++)
        {
            var model = Repairing();
            await using var world = await RunWorld.OpenAsync(model);
            await world.PutAsync(whole, kept);
            var run = await world.Engine.ExecuteAsync(RunWorld.Tenant, whole.Run);
            run.Outcome.Should().Be(RunOutcome.Answered, $"it was stopped behind {kept} events");

            var events = await world.RunEventsAsync(whole.Run);
            var billed = events.OfType<ModelCallCompleted>().Select(e => e.Call).ToList();
            billed.Should().OnlyHaveUniqueItems();
            billed.Should().HaveCount(2);
            events.OfType<ModelCallRequested>().Select(e => e.Call).Should().OnlyHaveUniqueItems();
            events.OfType<ModelCallRequested>().Should().HaveCount(billed.Count + events.OfType<ModelCallFailed>().Count());
            events.OfType<RunCompleted>().Should().ContainSingle();
            run.Cost.Amount.Should().Be(events.OfType<ModelCallCompleted>().Sum(e => e.Cost.Amount));

            var report = await world.Replayer.ReplayAsync(await world.Episodes.ExportAsync(RunWorld.Tenant, whole.Run));
            report.Difference.Should().BeNull($"it was stopped behind {kept} events");
            if (kept < whole.Events.Length)
            {
                events.OfType<RunResumed>().Should().HaveCount(kept == 1 ? 0 : 1, "a run that nobody has begun is begun, every other one resumed");
            }
        }
    }

    [Test]
    public async Task twice_in_a_row_while_a_call_is_out_makes_each_attempt_an_event_of_its_own()
    {
        await using var world = await RunWorld.OpenAsync(Repairing());
        var (accepted, _) = await world.AskAsync("How many days do I have to return an item?");
        var whole = await world.Episodes.ExportAsync(RunWorld.Tenant, accepted.Run);
        var requested = whole.Events.Select((e, i) => (e.Type, i)).First(e => e.Type == "model.call.requested").i;

        await using var second = await RunWorld.OpenAsync(Repairing());
        await second.PutAsync(whole, requested + 1);
        await second.Engine.ExecuteAsync(RunWorld.Tenant, whole.Run);
        var resumed = await second.Episodes.ExportAsync(RunWorld.Tenant, whole.Run);
        var again = resumed.Events.Select((e, i) => (e.Type, i)).Where(e => e.Type == "model.call.requested").ElementAt(1).i;

        await using var third = await RunWorld.OpenAsync(Repairing());
        await third.PutAsync(resumed, again + 1);
        var run = await third.Engine.ExecuteAsync(RunWorld.Tenant, whole.Run);
        run.Outcome.Should().Be(RunOutcome.Answered);
        var events = await third.RunEventsAsync(whole.Run);
        events.OfType<ModelCallRequested>().Take(3).Select(e => e.Call).Should().Equal("answer/1/1", "answer/1/2", "answer/1/3");
        events.OfType<ModelCallFailed>().Should().HaveCount(2).And.OnlyContain(e => e.Unknown);
        (await third.Replayer.ReplayAsync(await third.Episodes.ExportAsync(RunWorld.Tenant, whole.Run))).Difference.Should().BeNull();
    }
}
