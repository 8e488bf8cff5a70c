using AIaaS.Commands.Tools;
using AIaaS.Domain.Tools;
using AIaaS.EventStore;
using AIaaS.EventStore.Tests;
using AIaaS.Projections;
using AIaaS.Projections.Tools;
using Commands.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Commands.Tests.Tools;

/// <summary>A far side that does the work, does not answer, and can be asked afterwards.</summary>
internal sealed class ForgetfulTool(ToolManifest manifest) : ITool, IReconcilable
{
    public ToolManifest Manifest => manifest;

    public ToolOutcome? Answer { get; set; }

    public int Asked { get; private set; }

    public int Called { get; private set; }

    public Task<ToolOutcome> InvokeAsync(ToolCall call, CancellationToken cancellationToken)
    {
        Called++;
        return Task.FromResult<ToolOutcome>(new ToolOutcome.Unknown("no answer"));
    }

    public Task<ToolOutcome?> ReconcileAsync(ToolCall call, CancellationToken cancellationToken)
    {
        Asked++;
        return Answer is ToolOutcome.Unknown ? throw new InvalidOperationException("broken") : Task.FromResult(Answer);
    }
}

/// <summary>An unknown call on the real ledger, and the job that looks it up.</summary>
public sealed class An_unknown_call_that_can_be_looked_up
{
    private CancellationTokenSource stop = null!;
    private ForgetfulTool tool = null!;
    private DirectoryInfo folder = null!;
    private TemporaryLog log = null!;
    private ServiceProvider services = null!;
    private ToolWorld world = null!;
    private ManualTimeProvider time = null!;
    private ReconciliationJob job = null!;
    private Task projecting = Task.CompletedTask;
    private StreamName stream;

    [SetUp]
    public async Task Make()
    {
        stop = new();
        tool = new(CallingATool.Writing with { Name = "charge" });
        folder = Directory.CreateTempSubdirectory("aiaas-reconciling-");
        log = await TemporaryLog.OpenAsync();
        time = new();
        world = new(log.Store, time, tool);
        var store = await ReadModelEngines.OpenAsync(new() { DataFolder = folder.FullName }, NullLoggerFactory.Instance);
        services = new ServiceCollection()
            .AddLogging()
            .AddSingleton(log.Store)
            .AddSingleton(ToolWorld.Types)
            .AddSingleton<IParkingLot>(new ParkingLot(log.Store))
            .AddSingleton(store)
            .AddSingleton(TimeProvider.System)
            .AddSingleton(new ProjectionOptions())
            .AddProjection<SideEffectsProjection, SideEffectDocument>()
            .BuildServiceProvider();
        projecting = services.GetServices<ISubscription>().Single().RunAsync(stop.Token);
        job = new(services.GetRequiredService<ReadModel<SideEffectDocument>>(), world.Registry, world.Resolution, world.Operators, time, NullLogger<ReconciliationJob>.Instance);
        var call = await world.Operators.CallAsync("charge", null, CallingATool.Json("{}"), new("acme", "key:k1", "a"));
        stream = OperatorCalls.Stream("acme", call.Id);
        await ProjectedAsync(call.Position);
    }

    [TearDown]
    public async Task Close()
    {
        await stop.CancelAsync();
        await projecting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        job.Dispose();
        await services.DisposeAsync();
        await world.DisposeAsync();
        await log.DisposeAsync();
        stop.Dispose();
        folder.Delete(recursive: true);
    }

    [Test]
    public async Task is_settled_by_what_the_far_side_says()
    {
        tool.Answer = new ToolOutcome.Succeeded(CallingATool.Json("""{"payment":"p1"}"""));
        time.Advance(ReconciliationJob.MinAge * 2);
        (await job.RunOnceAsync()).Should().Be(1);
        var resolved = (await world.EventsAsync(stream)).Last().Should().BeOfType<ToolCallResolved>().Subject;
        (resolved.Succeeded, resolved.Reason, resolved.Actor).Should().Be((true, "reconciliation: the far side has done it", "reconciliation"));
        tool.Called.Should().Be(1, "looking up is not calling again");
    }

    [Test]
    public async Task is_settled_as_failed_where_the_far_side_never_did_it()
    {
        tool.Answer = new ToolOutcome.Failed("not-done", "nothing there");
        time.Advance(ReconciliationJob.MinAge * 2);
        (await job.RunOnceAsync()).Should().Be(1);
        (await world.EventsAsync(stream)).Last().Should().BeOfType<ToolCallResolved>().Which.Succeeded.Should().BeFalse();
    }

    [Test]
    public async Task is_left_alone_while_it_is_young()
    {
        tool.Answer = new ToolOutcome.Failed("not-done", "nothing there yet");
        (await job.RunOnceAsync()).Should().Be(0);
        tool.Asked.Should().Be(0);
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task stays_unknown_while_the_far_side_cannot_tell_and_is_asked_less_and_less_often(bool broken)
    {
        tool.Answer = broken ? new ToolOutcome.Unknown("") : null;
        time.Advance(ReconciliationJob.MinAge * 2);
        for (var i = 0; i < 40; i++)
        {
            (await job.RunOnceAsync()).Should().Be(0);
            time.Advance(TimeSpan.FromSeconds(15));
        }

        tool.Asked.Should().BeInRange(3, 8);
        (await world.EventsAsync(stream)).Last().Should().BeOfType<ToolCallUnknown>();
    }

    [Test]
    public async Task of_an_operator_whose_process_ended_is_listed_as_unknown()
    {
        var other = OperatorCalls.Stream("acme", "interrupted");
        var requested = new ToolCallRequested("call/1/1", "call", "charge", "1.0.0", CallingATool.Json("{}"), new('0', 64), "key", true, false, null, time.GetUtcNow());
        var appended = await log.Store.AppendAsync(other, ExpectedVersion.NoStream, [ToolWorld.Types.Write(world.Ids.NewId(), requested, new EventMetadata { Tenant = "acme" })]);
        await ProjectedAsync(appended.Position);
        time.Advance(ReconciliationJob.GiveUpAfter * 2);
        await job.RunOnceAsync();
        (await world.EventsAsync(other)).Last().Should().BeOfType<ToolCallUnknown>();
    }

    private async Task ProjectedAsync(LogPosition position) =>
        (await services.GetRequiredService<ReadModel<SideEffectDocument>>().WaitForAsync(position, TimeSpan.FromSeconds(10))).Should().BeTrue();
}
