using AIaaS.Commands.Bus;
using AIaaS.Commands.Sagas;
using AIaaS.Commands.Tools;
using AIaaS.Domain.Sagas;
using AIaaS.Domain.Tools;
using AIaaS.EventStore;
using static Sagas.Tests.Work.SagaWorld;

namespace Sagas.Tests.Work;

public sealed class Working_on_a_saga
{
    [Test]
    public async Task takes_its_steps_in_order_and_goes_on_without_a_step_that_may_fail()
    {
        await using var world = await StartedAsync((_, _) => Done);
        await world.ExecuteAsync();
        world.Tools.Should().Equal("reserve", "charge", "letter");
        var state = await world.StateAsync();
        state.Status.Should().Be(SagaStatus.Completed);
        state.Skipped.Should().Equal("tell");
    }

    [Test]
    public async Task undoes_what_was_done_in_reverse_order_when_a_step_fails()
    {
        await using var world = await StartedAsync((tool, _) => tool == "letter" ? Declined : Done);
        await world.ExecuteAsync();
        world.Tools.Should().Equal("reserve", "charge", "letter", "refund", "release");
        var state = await world.StateAsync();
        state.Status.Should().Be(SagaStatus.Compensated);
        state.Compensating!.Code.Should().Be("declined");
    }

    [Test]
    public async Task waits_for_a_call_that_cannot_be_asked_for_again_until_it_is_resolved()
    {
        await using var world = await StartedAsync((tool, _) => tool == "letter" ? new ToolOutcome.Unknown("no answer") : Done);
        await world.ExecuteAsync();
        (await world.StateAsync()).Status.Should().Be(SagaStatus.Unresolved);
        await world.ExecuteAsync();
        world.Tools.Should().Equal("reserve", "charge", "letter");
        await world.AppendAsync(new ToolCallResolved("letter/1/1", "letter", "letter", true, null, "seen at the post office", "k7", DateTimeOffset.UnixEpoch));
        await world.ExecuteAsync();
        (await world.StateAsync()).Status.Should().Be(SagaStatus.Completed);
        world.Tools.Should().Equal("reserve", "charge", "letter");
    }

    [Test]
    public async Task takes_no_money_for_a_success_that_comes_behind_the_word_that_nobody_knows()
    {
        await using var world = await StartedAsync((_, _) => Done);
        world.Meanwhile = tool => tool == "letter" ? world.AppendAsync(new ToolCallUnknown("letter/1/1", "letter", "letter", "its worker was taken for gone", DateTimeOffset.UnixEpoch)) : Task.CompletedTask;
        await world.ExecuteAsync();
        (await world.StateAsync()).Status.Should().Be(SagaStatus.Completed);
        List<object> events = [];
        await foreach (var e in world.Log.ReadStreamAsync(Saga.Stream("acme", Id)))
        {
            events.Add(world.Types.Read(e.Type, e.Data.Span));
        }

        events.OfType<ToolCallSucceeded>().Single(e => e.Tool == "letter").Cost.Should().BeNull("the budgets were told that it costs nothing");
    }

    [Test]
    public async Task undoes_what_was_done_when_an_unknown_call_turns_out_not_to_be_done()
    {
        await using var world = await StartedAsync((tool, _) => tool == "letter" ? new ToolOutcome.Unknown("no answer") : Done);
        await world.ExecuteAsync();
        await world.AppendAsync(new ToolCallResolved("letter/1/1", "letter", "letter", false, null, "it was never sent", "k7", DateTimeOffset.UnixEpoch));
        await world.ExecuteAsync();
        (await world.StateAsync()).Status.Should().Be(SagaStatus.Compensated);
        world.Tools.Should().Equal("reserve", "charge", "letter", "refund", "release");
    }

    [Test]
    public async Task asks_again_under_the_same_key_for_an_unknown_call_of_an_idempotent_tool()
    {
        await using var world = await StartedAsync((tool, count) => tool == "charge" && count <= 3 ? new ToolOutcome.Unknown("no answer") : Done);
        await world.ExecuteAsync();
        (await world.StateAsync()).Timer!.Timer.Should().Be(Saga.RetryTimer);
        await world.ElapseAsync();
        (await world.StateAsync()).Status.Should().Be(SagaStatus.Completed);
        world.Calls.Where(c => c.Tool == "charge").Select(c => c.Key).Distinct().Should().ContainSingle();
    }

    [Test]
    public async Task parks_when_a_compensation_fails_at_each_try_and_goes_on_when_somebody_has_seen_to_it()
    {
        await using var world = await StartedAsync((tool, _) => tool is "letter" or "refund" ? Declined : Done);
        await world.ExecuteAsync();
        for (var i = 0; i < SagaRules.CompensationRetries; i++)
        {
            (await world.StateAsync()).Status.Should().Be(SagaStatus.Compensating);
            await world.ElapseAsync();
        }

        (await world.StateAsync()).Parked!.Step.Should().Be("charge");
        world.Tools.Count(t => t == "refund").Should().Be(4);
        world.Tools.Should().NotContain("release");
        await world.Service.HandleAsync(new AIaaS.Commands.Sagas.ResumeSaga("acme", Id, true, "refunded by hand", "k7", DateTimeOffset.UnixEpoch), new("acme", "k7"));
        await world.ExecuteAsync();
        (await world.StateAsync()).Status.Should().Be(SagaStatus.Compensated);
        world.Tools.Count(t => t == "refund").Should().Be(4);
        world.Tools.Should().EndWith("release");
    }

    [Test]
    public async Task refuses_to_resume_what_is_not_parked()
    {
        await using var world = await StartedAsync((_, _) => Done);
        await world.ExecuteAsync();
        var resume = () => world.Service.HandleAsync(new AIaaS.Commands.Sagas.ResumeSaga("acme", Id, true, "why not", "k7", DateTimeOffset.UnixEpoch), new("acme", "k7"));
        (await resume.Should().ThrowAsync<DomainException>()).Which.Error.Code.Should().Be("saga-not-parked");
    }
}

public sealed class Taking_over_a_saga
{
    [Test]
    public async Task repeats_an_open_call_of_an_idempotent_tool_under_its_key()
    {
        await using var world = await StartedAsync((_, _) => Done, new SagaClaimed("gone", DateTimeOffset.UnixEpoch), Requested("reserve", idempotent: true));
        await world.ExecuteAsync();
        world.Calls[0].Should().Be(("reserve", $"acme/{Id}/reserve/1/1/reserve"));
        (await world.StateAsync()).Status.Should().Be(SagaStatus.Completed);
    }

    [Test]
    public async Task does_not_repeat_an_open_call_of_any_other_tool()
    {
        await using var world = await StartedAsync((_, _) => Done, new SagaClaimed("gone", DateTimeOffset.UnixEpoch), Requested("letter", idempotent: false));
        await world.ExecuteAsync();
        world.Calls.Should().BeEmpty();
        (await world.StateAsync()).Status.Should().Be(SagaStatus.Unresolved);
    }

    [Test]
    public async Task does_not_take_a_call_for_failed_because_it_cannot_be_asked_about_now()
    {
        await using var world = await StartedAsync((_, _) => new ToolOutcome.Failed("busy", "Come back later.", Retryable: true), new SagaClaimed("gone", DateTimeOffset.UnixEpoch), Requested("reserve", idempotent: true));
        await world.ExecuteAsync();
        var state = await world.StateAsync();
        state.Calls.Should().ContainSingle().Which.State.Should().Be(SagaCallState.Unknown);
        state.Timer!.Timer.Should().Be(Saga.RetryTimer);
    }

    /// <param name="lost">Whether its worker is lost; else it lives and has put the saga down.</param>
    [TestCase(true)]
    [TestCase(false)]
    public async Task takes_no_second_watch_on_a_worker_that_was_seen_to_have_left_it(bool lost)
    {
        var soon = TimeSpan.FromMilliseconds(300);
        var watching = lost ? new WorkerOptions { OwnsLog = false, StaleAfter = soon } : new WorkerOptions { OwnsLog = false, StillFor = soon };
        await using var world = await StartedAsync((_, _) => Done, new WorkerOptions { OwnsLog = false }, new SagaClaimed("gone", DateTimeOffset.UnixEpoch));
        var ids = IdSource.From(TimeProvider.System);
        await world.Log.AppendAsync(WorkerHeartbeat.StreamOf("gone"), ExpectedVersion.NoStream, [world.Types.Write(ids.NewId(), new WorkerBeat("gone", DateTimeOffset.UnixEpoch), new EventMetadata())]);
        await world.ExecuteAsync();
        world.Calls.Should().BeEmpty("this worker knows no better than that the other one lives");

        // Where sagas are dispatched, the heartbeat has been watched for longer.
        using var watch = new WorkerHeartbeat(world.Log, world.Types, ids, TimeProvider.System, watching);
        var recovery = new SagaRecovery(world.Log, world.Types, new([Definition]), world.Worker, new Direct(world), watch, new CheckpointStore(world.Log, ids), TimeProvider.System, watching);
        using var stop = new CancellationTokenSource();
        var recovering = recovery.RunAsync(stop.Token);
        var since = TimeProvider.System.GetTimestamp();
        while ((await world.StateAsync()).Status != SagaStatus.Completed && TimeProvider.System.GetElapsedTime(since) < TimeSpan.FromSeconds(5))
        {
            await Task.Delay(50);
        }

        (await world.StateAsync()).Status.Should().Be(SagaStatus.Completed);
        await stop.CancelAsync();
        await recovering.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    [Test]
    public async Task starts_nothing_that_is_not_there()
    {
        await using var world = await StartedAsync((_, _) => Done);
        var execute = () => world.Worker.ExecuteAsync("acme", "test-order.none");
        (await execute.Should().ThrowAsync<DomainException>()).Which.Error.Code.Should().Be("unknown-saga");
    }

    /// <summary>Gives work to the world's worker at once.</summary>
    private sealed class Direct(SagaWorld world) : IWorkBus
    {
        public string? Fault => null;

        public Task PublishAsync<TWork>(TWork work, CancellationToken cancellationToken = default)
            where TWork : class, IWork => world.Worker.HandleAsync((ExecuteSaga)(IWork)work, cancellationToken);
    }
}
