namespace AIaaS.EventStore.Tests.ProcessManagers;

internal abstract class Given_a_saga
{
    protected const string Stream = "saga-acme_payment.o1";

    protected static readonly DateTimeOffset PlacedAt = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    protected TestLog Log { get; private set; } = null!;

    protected List<CommandContext> Asked { get; private set; } = null!;

    protected Func<CommandContext, Exception?> Fails { get; set; } = null!;

    protected PaymentSaga Saga { get; private set; } = null!;

    [SetUp]
    public async Task Open()
    {
        Log = await TestLog.OpenAsync();
        Asked = [];
        Fails = _ => null;
        Restart();
    }

    [TearDown]
    public async Task Close() => await Log.DisposeAsync();

    protected void Restart() => Saga = new(Log.Store, PlacedAt, (_, context, _) =>
    {
        Asked.Add(context);
        return Fails(context) is { } e ? Task.FromException(e) : Task.CompletedTask;
    });

    protected async Task<EventEnvelope> HappensAsync(object @event, string id = "1")
    {
        var written = Shop.Types.Write(NamedId.Of("happens", id, @event.GetType().Name), @event, new EventMetadata { Tenant = "acme", CorrelationId = "request-1" });
        await Log.Store.AppendAsync("order-acme_o1", ExpectedVersion.Any, [written]);
        return EventEnvelope.Read(Shop.Types, (await Log.ReadAsync("order-acme_o1"))[^1]);
    }

    protected async Task<string[]> Types() => [.. (await Log.ReadAsync(Stream)).Select(e => e.Type)];
}

internal sealed class Reacting_to_an_event : Given_a_saga
{
    private EventEnvelope placed = null!;

    [SetUp]
    public async Task Place()
    {
        placed = await HappensAsync(new OrderPlaced("o1", 12));
        await Saga.HandleAsync(placed, default);
    }

    [Test]
    public async Task records_the_reaction_then_the_effect() =>
        (await Types()).Should().Equal("payment.awaited", "timer.scheduled", "saga.effect.done");

    [Test]
    public async Task carries_correlation_cause_and_tenant_on()
    {
        var first = (await Log.ReadAsync(Stream))[0];
        EventMetadata.Read(first.Metadata.Span).Should().Be(new EventMetadata { CorrelationId = "request-1", CausationId = placed.Recorded.Id.ToString("N"), Tenant = "acme", Actor = "payment", Region = "north" });
        Asked.Should().Equal(new CommandContext("acme", "payment", $"{Stream}/{first.Id:N}/take-payment", "request-1", first.Id.ToString("N")));
    }

    [Test]
    public async Task changes_nothing_when_it_comes_again()
    {
        await Saga.HandleAsync(placed, default);
        Restart();
        await Saga.HandleAsync(placed, default);
        (await Types()).Should().HaveCount(3);
        Asked.Should().ContainSingle();
    }

    [Test]
    public async Task leaves_a_trace_when_there_is_nothing_to_record_so_that_a_later_state_does_not_change_the_answer()
    {
        await Saga.HandleAsync(await HappensAsync(new OrderPlaced("o1", 13), "2"), default);
        (await Types()).Should().HaveCount(4).And.HaveElementAt(3, "saga.event.seen");
    }

    [Test]
    public async Task concerns_no_saga_when_none_is_named()
    {
        await Saga.HandleAsync(await HappensAsync(new OrderPlaced("o1", -1), "2"), default);
        (await Types()).Should().HaveCount(3);
    }

    [Test]
    public void listens_to_its_events_and_its_timers() =>
        Saga.Filter.TypePrefixes.Should().BeEquivalentTo("order.placed", "payment.received", "timer.elapsed");
}

internal sealed class A_crash_before_the_effect_is_recorded : Given_a_saga
{
    [Test]
    public async Task repeats_the_effect_under_the_same_key_and_not_the_reaction()
    {
        var placed = await HappensAsync(new OrderPlaced("o1", 12));
        Fails = _ => new TimeoutException("crash");
        await FluentActions.Awaiting(() => Saga.HandleAsync(placed, default)).Should().ThrowAsync<TimeoutException>();
        (await Types()).Should().Equal("payment.awaited", "timer.scheduled");
        await Log.ReopenAsync();
        Restart();
        Fails = _ => null;
        await Saga.HandleAsync(placed, default);
        (await Types()).Should().Equal("payment.awaited", "timer.scheduled", "saga.effect.done");
        Asked.Should().HaveCount(2);
        Asked[1].Should().Be(Asked[0]);
    }
}

internal sealed class A_refused_effect : Given_a_saga
{
    [Test]
    public async Task becomes_an_event_of_the_saga()
    {
        Fails = _ => new DomainException(new("card-declined", "No.", "Use another card."));
        await Saga.HandleAsync(await HappensAsync(new OrderPlaced("o1", 12)), default);
        (await Types()).Should().Equal("payment.awaited", "timer.scheduled", "saga.effect.done", "payment.refused");
    }

    [Test]
    public async Task is_tried_again_when_the_refusal_passes()
    {
        Fails = _ => new DomainException(CommandErrors.ConcurrentChange("x", 10));
        await FluentActions.Awaiting(async () => await Saga.HandleAsync(await HappensAsync(new OrderPlaced("o1", 12)), default)).Should().ThrowAsync<DomainException>();
        (await Types()).Should().Equal("payment.awaited", "timer.scheduled");
    }
}
