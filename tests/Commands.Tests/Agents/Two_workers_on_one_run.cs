using AIaaS.Commands.Agents;
using AIaaS.Commands.Routing;
using AIaaS.Domain.Agents;

namespace Commands.Tests.Agents;

public sealed class Two_workers_on_one_run
{
    [Test]
    public async Task bring_it_to_one_end_and_bill_each_call_once()
    {
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var model = new DecidedModel(async (n, _, _) =>
        {
            if (n == 1)
            {
                await release.Task;
            }

            return DecidedModel.Cited("returns-policy", "You can return an item within 30 days of delivery.", 0.95);
        });
        await using var world = await RunWorld.OpenAsync(model);
        await using var other = new RunEngine(world.Log, world.Types, world.Workflows, world.Models, world.Retriever, world.Ids, TimeProvider.System, world.Telemetry);

        var accepted = await world.Conversations.SendAsync(new("How many days do I have to return an item?"), RunWorld.As());
        var won = await other.ExecuteAsync(RunWorld.Tenant, accepted.Run);
        release.SetResult();
        var lost = await world.Engine.ExecuteAsync(RunWorld.Tenant, accepted.Run);

        lost.Should().BeEquivalentTo(won);
        var events = await world.RunEventsAsync(accepted.Run);
        events.OfType<ModelCallCompleted>().Should().ContainSingle().Which.Call.Should().Be("answer/1/2");
        events.OfType<ModelCallFailed>().Should().ContainSingle().Which.Unknown.Should().BeTrue();
        events.OfType<RunCompleted>().Should().ContainSingle();
        (await world.Replayer.ReplayAsync(await world.Episodes.ExportAsync(RunWorld.Tenant, accepted.Run))).Difference.Should().BeNull();
    }

    [Test]
    public async Task in_one_process_share_one_execution()
    {
        await using var world = await RunWorld.OpenAsync();
        var accepted = await world.Conversations.SendAsync(new("How many days do I have to return an item?"), RunWorld.As());
        var runs = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => world.Engine.ExecuteAsync(RunWorld.Tenant, accepted.Run)));
        runs.Should().OnlyContain(r => r.At == runs[0].At);
        (await world.RunEventsAsync(accepted.Run)).OfType<RunResumed>().Should().BeEmpty();
    }
}
