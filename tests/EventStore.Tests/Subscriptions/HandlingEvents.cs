using FsCheck;
using FsCheck.Fluent;

namespace AIaaS.EventStore.Tests.Subscriptions;

internal sealed class Handling_events : Given_a_subscription
{
    [Test]
    public async Task takes_those_before_the_start_and_those_after_it()
    {
        await PlaceAsync("a", 3);
        Start();
        var last = await PlaceAsync("a", 2);
        var status = await IdleAsync(last);
        Handler.VersionsOf("order-acme_a").Should().Equal(0, 1, 2, 3, 4);
        status.LagSeconds.Should().Be(0);
        status.Parked.Should().Be(0);
        await Eventually.BeAsync(async () => (await Subscription.GetStatusAsync()).State == SubscriptionState.Live, "it is live");
    }

    [Test]
    public async Task writes_its_checkpoint_and_goes_on_behind_it_after_a_restart_of_the_log()
    {
        Start();
        await IdleAsync(await PlaceAsync("a", 3));
        await StopAsync();
        (await Checkpoint()).Value.Should().BeGreaterThan(0);
        await Log.ReopenAsync();
        Start();
        await IdleAsync(await PlaceAsync("a", 1));
        Handler.VersionsOf("order-acme_a").Should().Equal(0, 1, 2, 3);
    }

    [Test]
    public async Task does_not_feed_on_its_own_checkpoints()
    {
        Handler = new() { Filter = EventFilter.Types("order.", "subscription.") };
        Start();
        var placed = await PlaceAsync("a", 3);
        await IdleAsync(placed);
        await Eventually.BeAsync(async () => await Checkpoint() >= placed, "the checkpoint behind the last event is stored");
        var stored = await CheckpointVersion();
        await Task.Delay(Quick.CheckpointInterval * 10);
        (await CheckpointVersion()).Should().Be(stored);
        Handler.Calls.Should().Be(3);
    }

    [Test]
    public async Task counts_what_waits_in_events_and_seconds()
    {
        var time = new ManualTimeProvider(TimeProvider.System.GetUtcNow() + TimeSpan.FromSeconds(90));
        var hold = new TaskCompletionSource();
        Handler.Do = (_, _) => hold.Task;
        Start(time: time, settings: Quick with { MaxInFlight = 2 });
        await PlaceAsync("a", 5);
        SubscriptionStatus? status = null;
        await Eventually.BeAsync(async () => (status = await Subscription.GetStatusAsync()).LagEvents == 5, "5 events wait");
        status!.LagSeconds.Should().BeInRange(60, 120);
        hold.SetResult();
        await Eventually.BeAsync(async () => (await Subscription.GetStatusAsync()).LagEvents == 0, "nothing waits");
    }

    [Test]
    public async Task estimates_a_long_lag()
    {
        for (var i = 0; i < 5; i++)
        {
            await Log.Store.AppendAsync("order-acme_a", ExpectedVersion.Any, [.. Enumerable.Range(0, 1_000).Select(n => Shop.New(new OrderPlaced("a", n), $"{i}.{n}"))]);
        }

        (await SubscriptionLag.MeasureAsync(Log.Store, LogPosition.Start, Handler.Filter)).Events.Should().BeInRange(4_000, 6_000);
    }

    private async Task<long> CheckpointVersion() => (await Log.ReadAsync("checkpoint-notes"))[^1].Version;
}

internal sealed class Stopping_a_subscription : Given_a_subscription
{
    [Test]
    public async Task begins_no_more_of_the_events_that_wait()
    {
        var hold = new TaskCompletionSource();
        CancellationToken stopped = default;
        Handler = new()
        {
            Key = envelope => $"{envelope.Recorded.Version}",
            Do = (_, ct) =>
            {
                stopped = ct;
                return hold.Task;
            },
        };
        await PlaceAsync("a", 50);
        Start(Quick with { Concurrency = 2 });
        await Eventually.BeAsync(async () => (await Subscription.GetStatusAsync()) is { LagEvents: 50, State: SubscriptionState.Live } && Handler.Calls == 2, "two are handled and all others wait");
        var stopping = StopAsync();
        await Eventually.BeAsync(() => stopped.IsCancellationRequested, "the handler is told to stop");
        hold.SetResult();
        await stopping;
        Handler.Calls.Should().Be(2);
    }
}

internal sealed class Order_within_a_key : Given_a_subscription
{
    [Test]
    public async Task is_kept_for_any_keys_delays_and_failures_while_keys_run_at_the_same_time()
    {
        var step = from key in Gen.Choose(0, 4)
                   from delay in Gen.Choose(0, 3)
                   from failures in Gen.Frequency((6, Gen.Constant(0)), (1, Gen.Choose(1, 2)))
                   select (key, delay, failures);
        var most = 0;
        await Task.Run(() => Prop.ForAll(Gen.NonEmptyListOf(step).ToArbitrary(), async steps =>
        {
            most = Math.Max(most, await HoldsAsync([.. steps]));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(Soak.Count(25, full: 500))));
        most.Should().BeGreaterThan(1, "keys must run at the same time");
    }

    private async Task<int> HoldsAsync((int Key, int Delay, int Failures)[] steps)
    {
        await using var log = await TestLog.OpenAsync();
        var failures = new int[steps.Length];
        var (now, most) = (0, 0);
        var handler = new NotingHandler
        {
            Key = envelope => $"key{steps[((OrderPlaced)envelope.Event).Total].Key}",
            Do = async (envelope, ct) =>
            {
                var index = ((OrderPlaced)envelope.Event).Total;
                most = Math.Max(most, Interlocked.Increment(ref now));
                await Task.Delay(steps[index].Delay, ct);
                Interlocked.Decrement(ref now);
                if (Interlocked.Increment(ref failures[index]) <= steps[index].Failures)
                {
                    throw new TimeoutException("not yet");
                }
            },
        };
        await log.Store.AppendAsync("order-acme_a", ExpectedVersion.NoStream, [.. steps.Select((_, i) => Shop.New(new OrderPlaced("a", i), $"{i}"))]);
        using var stop = new CancellationTokenSource();
        var subscription = new EventHandlerSubscription(log.Store, Shop.Types, handler, new CheckpointStore(log.Store, new CountingIds()), new ParkingLot(log.Store), TimeProvider.System, Quick);
        var running = subscription.RunAsync(stop.Token);
        await Eventually.BeAsync(() => handler.Handled.Count == steps.Length, "all events are handled");
        await stop.CancelAsync();
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var key in handler.Handled.GroupBy(h => h.Key))
        {
            key.Select(h => h.Version).Should().BeInAscendingOrder().And.OnlyHaveUniqueItems();
        }

        (await new CheckpointStore(log.Store, new CountingIds()).LoadAsync("notes")).Value.Should().BeGreaterThanOrEqualTo((ulong)steps.Length);
        return most;
    }
}

internal sealed class A_handler_that_fails_at_first : Given_a_subscription
{
    [Test]
    public async Task is_asked_again_and_nothing_parks()
    {
        var tries = 0;
        Handler.Do = (_, _) => Interlocked.Increment(ref tries) < 3 ? Task.FromException(new TimeoutException("not yet")) : Task.CompletedTask;
        Start();
        await IdleAsync(await PlaceAsync("a", 2));
        Handler.Calls.Should().Be(4);
        Handler.VersionsOf("order-acme_a").Should().Equal(0, 1);
        (await Parked()).Should().BeEmpty();
    }

    [Test]
    public async Task waits_longer_each_time_and_keeps_no_other_key_up()
    {
        var time = new ManualTimeProvider();
        Handler.Do = (envelope, _) => envelope.Recorded.Stream == "order-acme_a" ? Task.FromException(new TimeoutException("never")) : Task.CompletedTask;
        Start(time: time, settings: Quick with { Concurrency = 1, FirstDelay = TimeSpan.FromSeconds(10), MaxAttempts = 4, CheckpointInterval = TimeSpan.FromHours(1) });
        await PlaceAsync("a");
        await Eventually.BeAsync(() => Handler.Calls == 1, "the first try");
        await PlaceAsync("b", 3);
        await Eventually.BeAsync(() => Handler.Handled.Count == 3, "the other key goes on");
        foreach (var (least, most, calls) in new[] { (4, 6, 5), (8, 12, 6), (16, 24, 7) })
        {
            await Eventually.BeAsync(() => time.WaitingTimers >= 2, "the next try is planned");
            time.Advance(TimeSpan.FromSeconds(least));
            Handler.Calls.Should().Be(calls - 1);
            time.Advance(TimeSpan.FromSeconds(most));
            await Eventually.BeAsync(() => Handler.Calls == calls, $"call {calls}");
        }

        await Eventually.BeAsync(async () => (await Parked()).Count == 1, "it is parked");
        (await Parked())[0].Attempts.Should().Be(4);
    }
}

internal sealed class A_poison_event : Given_a_subscription
{
    private volatile bool mended;

    [SetUp]
    public void Poison()
    {
        mended = false;
        Handler.Do = (envelope, _) => envelope.Event is OrderPlaced { Order: "a", Total: 1 } && !mended
            ? Task.FromException(new FormatException("poison"))
            : Task.CompletedTask;
    }

    [Test]
    public async Task parks_with_the_later_ones_of_its_key_while_others_go_on()
    {
        var begun = TimeProvider.System.GetUtcNow();
        Start();
        await PlaceAsync("a", 4);
        var status = await IdleAsync(await PlaceAsync("b", 3));
        Handler.VersionsOf("order-acme_a").Should().Equal(0);
        Handler.VersionsOf("order-acme_b").Should().Equal(0, 1, 2);
        var parked = await Parked();
        parked.Select(p => p.Version).Should().Equal(1, 2, 3);
        parked[0].Reason.Should().Be("FormatException: poison");
        parked[0].Attempts.Should().Be(3);
        parked[1].Reason.Should().Contain($"{parked[0].EventId}");
        status.Parked.Should().Be(3);
        status.LastError.Should().Contain("poison");
        status.LastErrorAt.Should().BeOnOrAfter(begun).And.BeOnOrBefore(parked[0].At);
    }

    [Test]
    public async Task stays_parked_over_a_restart_and_so_do_new_ones_of_its_key()
    {
        Start();
        await IdleAsync(await PlaceAsync("a", 2));
        await StopAsync();
        await Log.ReopenAsync();
        Start();
        await IdleAsync(await PlaceAsync("a", 2));
        (await Parked()).Select(p => p.Version).Should().Equal(1, 2, 3);
        Handler.VersionsOf("order-acme_a").Should().Equal(0);
    }

    [Test]
    public async Task is_replayed_in_order_once_it_can_be_handled()
    {
        Start();
        await IdleAsync(await PlaceAsync("a", 4));
        (await Subscription.ReplayParkedAsync("order-acme_a")).Should().Be(0, "it fails again");
        (await Parked()).Should().HaveCount(3);
        mended = true;
        (await Subscription.ReplayParkedAsync()).Should().Be(3);
        await IdleAsync(await PlaceAsync("a"));
        Handler.VersionsOf("order-acme_a").Should().Equal(0, 1, 2, 3, 4);
        (await Parked()).Should().BeEmpty();
        (await Subscription.ReplayParkedAsync()).Should().Be(0);
    }

    [Test]
    public async Task can_park_again_after_a_replay()
    {
        Start();
        await IdleAsync(await PlaceAsync("a", 2));
        mended = true;
        await Subscription.ReplayParkedAsync();
        mended = false;
        await StopAsync();
        await Log.Store.DeleteStreamAsync("checkpoint-notes", ExpectedVersion.Any);
        Start();
        await Eventually.BeAsync(async () => (await Parked()).Count == 1, "it is parked a second time");
        (await Log.ReadAsync("parked-notes")).Select(e => e.Type).Should().Equal("subscription.event.parked", "subscription.event.replayed", "subscription.event.parked");
    }

    [Test]
    public async Task cannot_be_replayed_while_the_subscription_does_not_run()
    {
        Start();
        await IdleAsync(await PlaceAsync("a", 2));
        await StopAsync();
        (await FluentActions.Awaiting(() => Subscription.ReplayParkedAsync()).Should().ThrowAsync<DomainException>()).Which.Error.Code.Should().Be("subscription-not-running");
    }
}

internal sealed class An_event_of_unknown_type : Given_a_subscription
{
    [Test]
    public async Task parks_with_the_later_ones_of_its_stream_and_is_handled_by_a_program_that_knows_it()
    {
        Handler = new() { Key = envelope => envelope.Event is OrderPlaced placed ? placed.Order : envelope.Recorded.Stream };
        Start();
        await PlaceAsync("a");
        await PlaceAsync("a", 1, "order.placed.v2");
        await PlaceAsync("b");
        await IdleAsync(await PlaceAsync("a"));
        (await Parked()).Select(p => (p.Key, p.Version, p.Attempts)).Should().Equal(("order-acme_a", 1, 0), ("a", 2, 0));
        (await Parked())[0].Reason.Should().Contain("order.placed.v2").And.Contain("not registered");
        (await Subscription.ReplayParkedAsync()).Should().Be(0);
        (await Subscription.ReplayParkedAsync("a")).Should().Be(0, "the unknown event comes first");
        await StopAsync();
        Start(types: PlatformEventTypes.Register(new EventTypes.Builder())
            .Add("order.placed", ShopJson.Default.OrderPlaced, "order", new("o1", 12))
            .Upcast("order.placed.v2", "order.placed", o => o)
            .Build());
        await IdleAsync(await PlaceAsync("c"));
        (await Subscription.ReplayParkedAsync()).Should().Be(2);
        Handler.VersionsOf("order-acme_a").Should().Equal(0, 1, 2);
        Handler.VersionsOf("order-acme_b").Should().Equal(0);
        (await Parked()).Should().BeEmpty();
    }

    [Test]
    public async Task lets_no_later_one_of_its_stream_pass_while_it_is_being_parked()
    {
        Handler = new() { Key = envelope => envelope.Event is OrderPlaced placed ? $"{placed.Total}" : envelope.Recorded.Stream };
        var events = Enumerable.Range(0, 20).Select(i => Shop.New(new OrderPlaced("a", i), $"{i}")).ToArray();
        events[0] = events[0] with { Type = "order.placed.v2" };
        await Log.Store.AppendAsync("order-acme_a", ExpectedVersion.NoStream, events);
        Start();
        await IdleAsync(await PlaceAsync("b"));
        Handler.VersionsOf("order-acme_a").Should().BeEmpty("any of them could have the key of the one that cannot be read");
        (await Parked()).Select(p => p.Version).Should().Equal(Enumerable.Range(0, 20).Select(v => (long)v));
    }

    [Test]
    public async Task is_replayed_in_turn_with_the_other_events_of_its_key()
    {
        var (now, most) = (0, 0);
        Handler = new()
        {
            Key = _ => "all",
            Do = async (_, ct) =>
            {
                most = Math.Max(most, Interlocked.Increment(ref now));
                await Task.Delay(2, ct);
                Interlocked.Decrement(ref now);
            },
        };
        Start();
        await IdleAsync(await PlaceAsync("a", 1, "order.placed.v2"));
        await StopAsync();
        Start(types: PlatformEventTypes.Register(new EventTypes.Builder())
            .Add("order.placed", ShopJson.Default.OrderPlaced, "order", new("o1", 12))
            .Upcast("order.placed.v2", "order.placed", o => o)
            .Build());
        var last = await PlaceAsync("b", 40);
        (await Subscription.ReplayParkedAsync()).Should().Be(1);
        await IdleAsync(last);
        Handler.Handled.Should().HaveCount(41);
        most.Should().Be(1);
    }

    [Test]
    public async Task parks_when_its_key_cannot_be_named()
    {
        Handler = new() { Key = _ => throw new KeyNotFoundException("no key") };
        Start();
        await IdleAsync(await PlaceAsync("a"));
        (await Parked()).Should().ContainSingle().Which.Reason.Should().Contain("no key");
    }
}

internal sealed class A_crash_between_handling_and_checkpoint : Given_a_subscription
{
    [Test]
    public async Task delivers_again_what_was_not_checkpointed_and_skips_nothing()
    {
        var hold = new TaskCompletionSource();
        Handler.Do = (envelope, ct) => envelope.Recorded.Stream == "order-acme_slow" ? hold.Task.WaitAsync(ct) : Task.CompletedTask;
        Start();
        await PlaceAsync("a", 2);
        var slow = await PlaceAsync("slow");
        await PlaceAsync("b", 5);
        await Eventually.BeAsync(() => Handler.Handled.Count == 7, "all but the slow one are handled");
        await Eventually.BeAsync(async () => (await Checkpoint()).Value > 0, "a checkpoint is stored");
        await StopAsync();
        (await Checkpoint()).Should().Match<LogPosition>(p => p < slow, "the slow one is not done");
        await Log.ReopenAsync();
        Handler = new();
        Start();
        await Eventually.BeAsync(() => Handler.Handled.Count >= 6, "what was not checkpointed comes again");
        Handler.VersionsOf("order-acme_slow").Should().Equal(0);
        Handler.VersionsOf("order-acme_b").Should().Equal(0, 1, 2, 3, 4);
        Handler.VersionsOf("order-acme_a").Should().BeEmpty("its events were checkpointed");
    }
}

internal sealed class A_parking_lot
{
    [Test]
    public async Task holds_an_event_once_however_often_it_is_parked_and_by_whom()
    {
        await using var log = await TestLog.OpenAsync();
        var parked = new ParkedEvent("mails", "k", new(7), NamedId.Of("e"), "order-acme_a", 2, "order.placed", "why", 3, new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => new ParkingLot(log.Store).ParkAsync(parked)));
        var lot = new ParkingLot(log.Store);
        (await lot.ListAsync("mails")).Should().Equal(parked);
        (await log.ReadAsync("parked-mails")).Should().ContainSingle();
        await lot.RemoveAsync(parked);
        await lot.RemoveAsync(parked);
        (await lot.ListAsync("mails")).Should().BeEmpty();
        (await log.ReadAsync("parked-mails")).Should().HaveCount(2);
        (await lot.ListAsync("others")).Should().BeEmpty();
    }
}
