using AIaaS.EventStore;
using AIaaS.Projections.Agents;

namespace AIaaS.Projections.Tests.Engine;

public sealed class Waiting_for_a_model_that_another_process_builds : ReadModelFixture
{
    private StoredProgress Progress => new(new RunsProjection().Name, EventFilter.Types(new RunsProjection().EventTypePrefixes), World.Log, World.Store, TimeProvider.System);

    [Test]
    public async Task ends_when_the_other_process_has_come_so_far()
    {
        var written = await World.AppendAsync("agentRun-acme_r1", World.Requested("r1"));
        var waiting = Progress.WaitForAsync(written.Position, World.Waiting);
        waiting.IsCompleted.Should().BeFalse();
        World.Run(new RunsProjection());
        (await waiting).Should().BeTrue();
    }

    [Test]
    public async Task ends_at_once_where_nothing_concerns_the_model()
    {
        var written = await World.AppendRawAsync("other-acme_x", "other.thing.happened", "{}");
        (await Progress.WaitForAsync(written.Position, World.Waiting)).Should().BeTrue();
    }

    [Test]
    public async Task gives_up_after_its_time()
    {
        var written = await World.AppendAsync("agentRun-acme_r1", World.Requested("r1"));
        (await Progress.WaitForAsync(written.Position, TimeSpan.FromMilliseconds(50))).Should().BeFalse();
    }
}
