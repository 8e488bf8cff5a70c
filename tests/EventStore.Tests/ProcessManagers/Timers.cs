namespace AIaaS.EventStore.Tests.ProcessManagers;

internal abstract class Given_timers
{
    private CancellationTokenSource stop = null!;
    private Task running = Task.CompletedTask;

    protected TestLog Log { get; private set; } = null!;

    protected ManualTimeProvider Time { get; private set; } = null!;

    protected TimerService Timers { get; set; } = null!;

    protected TimerSettings Settings { get; set; } = new();

    [SetUp]
    public async Task Open()
    {
        Log = await TestLog.OpenAsync();
        Time = new();
    }

    [TearDown]
    public async Task Close()
    {
        await StopAsync();
        await Log.DisposeAsync();
    }

    protected void Start()
    {
        stop = new();
        Timers = new(Log.Store, IdSource.From(TimeProvider.System), new ParkingLot(Log.Store), Time, Settings);
        running = Timers.RunAsync(stop.Token);
    }

    protected async Task StopAsync()
    {
        if (stop is not null)
        {
            await stop.CancelAsync();
            await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            stop.Dispose();
            stop = null!;
        }
    }

    protected async Task RestartAsync()
    {
        await StopAsync();
        await Log.ReopenAsync();
        Start();
    }

    protected Task AddAsync(string saga, DomainEvent @event) =>
        Log.Store.AppendAsync($"saga-acme_payment.{saga}", ExpectedVersion.Any, [Shop.New(@event, saga, $"{Interlocked.Increment(ref added)}")]);

    private int added;

    protected Task ScheduleAsync(string saga, int minutes, string timer = "deadline") => AddAsync(saga, new TimerScheduled(timer, Time.GetUtcNow().AddMinutes(minutes)));

    protected Task FollowedAsync() => Eventually.BeAsync(async () => await Timers.GetStatusAsync() is { State: SubscriptionState.Live, LagEvents: 0 }, "the timers are read");

    protected async Task<int> ElapsedAsync(string saga) => (await Log.ReadAsync($"saga-acme_payment.{saga}")).Count(e => e.Type == "timer.elapsed");

    protected Task ElapsesAsync(string saga) => Eventually.BeAsync(async () => await ElapsedAsync(saga) == 1, $"the timer of {saga} elapses");
}

internal sealed class A_timer_event_that_cannot_be_read : Given_timers
{
    [Test]
    public async Task parks_and_stops_no_other_timer()
    {
        await ScheduleAsync("o1", 30);
        await Log.Store.AppendAsync("saga-acme_payment.o1", ExpectedVersion.Any, [Shop.New(new TimerCancelled("x"), "x") with { Data = "{}"u8.ToArray() }]);
        Start();
        await ScheduleAsync("o2", 30);
        await FollowedAsync();
        Time.Advance(TimeSpan.FromMinutes(31));
        await ElapsesAsync("o1");
        await ElapsesAsync("o2");
        var status = await Timers.GetStatusAsync();
        status.Parked.Should().Be(1);
        (await new ParkingLot(Log.Store).ListAsync("timers")).Should().ContainSingle().Which.Should().Match<ParkedEvent>(p => p.Stream == "saga-acme_payment.o1" && p.Version == 1);
        (await Timers.ReplayParkedAsync()).Should().Be(0, "it still cannot be read");
    }
}

internal sealed class A_timer : Given_timers
{
    [Test]
    public async Task elapses_when_it_is_due_and_not_before()
    {
        Start();
        await ScheduleAsync("o1", 30);
        await ScheduleAsync("o2", 10);
        await FollowedAsync();
        Time.Advance(TimeSpan.FromMinutes(10));
        await ElapsesAsync("o2");
        (await ElapsedAsync("o1")).Should().Be(0);
        Time.Advance(TimeSpan.FromMinutes(20));
        await ElapsesAsync("o1");
        var elapsed = await Log.ReadAsync("saga-acme_payment.o1");
        Shop.Types.Read("timer.elapsed", elapsed[1].Data.Span).Should().Be(new TimerElapsed("deadline", elapsed[0].Id, PlacedAt.AddMinutes(30)));
        EventMetadata.Read(elapsed[1].Metadata.Span).Should().Match<EventMetadata>(m => m.CausationId == elapsed[0].Id.ToString("N") && m.Tenant == "acme");
    }

    [Test]
    public async Task survives_a_restart_and_elapses_at_once_when_it_came_due_meanwhile()
    {
        Start();
        await ScheduleAsync("o1", 30);
        await ScheduleAsync("o2", 90);
        await FollowedAsync();
        await StopAsync();
        Time.Advance(TimeSpan.FromMinutes(45));
        await RestartAsync();
        await ElapsesAsync("o1");
        (await ElapsedAsync("o2")).Should().Be(0);
        await RestartAsync();
        Time.Advance(TimeSpan.FromMinutes(45));
        await ElapsesAsync("o2");
        (await ElapsedAsync("o1")).Should().Be(1, "it elapses once");
    }

    [Test]
    public async Task does_not_elapse_when_it_was_cancelled()
    {
        Start();
        await ScheduleAsync("o1", 30);
        await AddAsync("o1", new TimerCancelled("deadline"));
        await ScheduleAsync("o2", 30);
        await FollowedAsync();
        Time.Advance(TimeSpan.FromMinutes(30));
        await ElapsesAsync("o2");
        (await ElapsedAsync("o1")).Should().Be(0);
    }

    [Test]
    public async Task moves_when_it_is_scheduled_again()
    {
        Start();
        await ScheduleAsync("o1", 30);
        await ScheduleAsync("o1", 60);
        await ScheduleAsync("o2", 30);
        await FollowedAsync();
        Time.Advance(TimeSpan.FromMinutes(30));
        await ElapsesAsync("o2");
        (await ElapsedAsync("o1")).Should().Be(0);
        Time.Advance(TimeSpan.FromMinutes(30));
        await ElapsesAsync("o1");
    }

    [Test]
    public async Task elapses_once_where_two_processes_keep_it()
    {
        await ScheduleAsync("o1", 30);
        Time.Advance(TimeSpan.FromMinutes(30));
        using var end = new CancellationTokenSource();
        var services = Enumerable.Range(0, 4).Select(_ => new TimerService(Log.Store, IdSource.From(TimeProvider.System), new ParkingLot(Log.Store), Time)).ToArray();
        var runs = services.Select(s => Task.Run(() => s.RunAsync(end.Token))).ToArray();
        await Eventually.BeAsync(async () => (await Task.WhenAll(services.Select(s => s.GetStatusAsync()))).All(s => s is { State: SubscriptionState.Live, LagEvents: 0 }), "all have read the log");
        await ElapsesAsync("o1");
        await end.CancelAsync();
        await Task.WhenAll(runs).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        (await ElapsedAsync("o1")).Should().Be(1);
    }

    [Test]
    public async Task of_a_deleted_saga_is_dropped_and_keeps_no_other_up()
    {
        await ScheduleAsync("o1", 30);
        await ScheduleAsync("o2", 31);
        Start();
        await FollowedAsync();
        await Log.Store.DeleteStreamAsync("saga-acme_payment.o1", ExpectedVersion.Any);
        Time.Advance(TimeSpan.FromMinutes(31));
        await ElapsesAsync("o2");
    }

    private static DateTimeOffset PlacedAt => new ManualTimeProvider().GetUtcNow();
}

internal sealed class Many_timers : Given_timers
{
    [TestCase(1_000, TestName = "are_restored_from_what_was_stored")]
    [TestCase(4, TestName = "are_restored_also_when_not_all_fitted_into_what_was_stored")]
    public async Task are_restored(int maxStored)
    {
        Settings = new() { StoreEvery = 7, MaxStored = maxStored };
        Start();
        for (var i = 0; i < 20; i++)
        {
            await ScheduleAsync($"o{i}", i < 5 ? 10 : 60);
        }

        await AddAsync("o12", new TimerCancelled("deadline"));
        await FollowedAsync();
        Time.Advance(TimeSpan.FromMinutes(10));
        for (var i = 0; i < 5; i++)
        {
            await ElapsesAsync($"o{i}");
        }

        await FollowedAsync();
        (await Log.ReadAsync("timers-open")).Should().ContainSingle();
        await RestartAsync();
        await FollowedAsync();
        Time.Advance(TimeSpan.FromMinutes(50));
        for (var i = 5; i < 20; i++)
        {
            if (i != 12)
            {
                await ElapsesAsync($"o{i}");
            }
        }

        (await ElapsedAsync("o12")).Should().Be(0);
        (await ElapsedAsync("o3")).Should().Be(1);
    }
}

internal sealed class A_saga_with_a_deadline : Given_timers
{
    [Test]
    public async Task is_told_of_it_after_a_restart_of_everything()
    {
        await RunSagaAsync(async saga =>
        {
            await Log.Store.AppendAsync("order-acme_o1", ExpectedVersion.Any, [Shop.New(new OrderPlaced("o1", 1), "o1")]);
            await Log.Store.AppendAsync("order-acme_o2", ExpectedVersion.Any, [Shop.New(new OrderPlaced("o2", 1), "o2")]);
            await Log.Store.AppendAsync("order-acme_o2", ExpectedVersion.Any, [Shop.New(new PaymentReceived("o2"), "o2", "paid")]);
            await Eventually.BeAsync(async () => (await Log.ReadAsync("saga-acme_payment.o2")).Any(e => e.Type == "timer.cancelled"), "the payment is seen");
            await Eventually.BeAsync(async () => (await Log.ReadAsync("saga-acme_payment.o1")).Any(e => e.Type == "saga.effect.done"), "the order is seen");
        });
        await Log.ReopenAsync();
        await RunSagaAsync(async saga =>
        {
            await FollowedAsync();
            Time.Advance(TimeSpan.FromMinutes(30));
            await Eventually.BeAsync(() => saga.GivenUp.Contains("o1"), "the order is given up");
        });
        (await Log.ReadAsync("saga-acme_payment.o1")).Select(e => e.Type).Should().Equal("payment.awaited", "timer.scheduled", "saga.effect.done", "timer.elapsed", "order.given-up", "saga.effect.done");
        (await ElapsedAsync("o2")).Should().Be(0);
    }

    private async Task RunSagaAsync(Func<PaymentSaga, Task> work)
    {
        var saga = new PaymentSaga(Log.Store, new ManualTimeProvider().GetUtcNow(), (_, _, _) => Task.CompletedTask);
        var subscription = new EventHandlerSubscription(Log.Store, Shop.Types, saga, new CheckpointStore(Log.Store, IdSource.From(TimeProvider.System)), new ParkingLot(Log.Store), TimeProvider.System, new() { CheckpointInterval = TimeSpan.FromMilliseconds(20) });
        Timers = new(Log.Store, IdSource.From(TimeProvider.System), new ParkingLot(Log.Store), Time);
        using var host = new SubscriptionHost([subscription, Timers], TimeProvider.System);
        await host.StartAsync(CancellationToken.None);
        await work(saga);
        await host.StopAsync(CancellationToken.None);
    }
}
