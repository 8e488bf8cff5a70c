using System.Diagnostics;

namespace AIaaS.EventStore.Tests.CommandServices;

internal abstract class Given_a_budget
{
    protected static readonly CommandContext Acme = new("acme", "key-1");

    protected TestLog Log { get; private set; } = null!;

    protected BudgetService Service { get; private set; } = null!;

    [SetUp]
    public async Task Open()
    {
        Log = await TestLog.OpenAsync();
        Service = new(Log.Store);
        await Service.HandleAsync(new Grant("acme", "2026-03", 10), Acme);
    }

    [TearDown]
    public async Task Close() => await Log.DisposeAsync();

    protected Task<List<RecordedEvent>> Events() => Log.ReadAsync("budget-acme_2026-03");

    protected Task<CommandResult<Budget>> Reserve(string reservation, int amount, string? key = null) =>
        Service.HandleAsync(new Reserve("acme", "2026-03", reservation, amount), Acme with { IdempotencyKey = key });
}

internal sealed class Handling_a_command : Given_a_budget
{
    [Test]
    public async Task appends_what_the_state_decides()
    {
        var result = await Reserve("r1", 3);
        var events = await Events();
        result.Version.Should().Be(1);
        result.Events.Should().Equal(new Reserved("r1", 3));
        result.State.Available.Should().Be(7);
        result.Repeated.Should().BeFalse();
        events.Should().HaveCount(2);
        result.Position.Should().Be(events[1].Position);
    }

    [Test]
    public async Task writes_nothing_when_there_is_nothing_to_do()
    {
        await Reserve("r1", 3);
        var again = await Reserve("r1", 3);
        again.Events.Should().BeEmpty();
        again.Version.Should().Be(1);
        again.Position.Should().Be((await Events())[1].Position);
    }

    [Test]
    public async Task throws_the_refusal_and_writes_nothing()
    {
        (await FluentActions.Awaiting(() => Reserve("r1", 11)).Should().ThrowAsync<DomainException>())
            .Which.Error.Code.Should().Be("budget-exhausted");
        (await Events()).Should().HaveCount(1);
    }

    [Test]
    public async Task is_refused_for_another_tenants_stream() =>
        (await FluentActions.Awaiting(() => Service.HandleAsync(new Grant("acme", "2026-03", 10), new CommandContext("umbrella", "key-2"))).Should().ThrowAsync<DomainException>())
            .Which.Error.Should().Match<DomainError>(e => e.Code == "other-tenant" && e.Status == 403);

    [Test]
    public async Task is_an_error_of_the_program_when_the_service_does_not_know_it() =>
        await FluentActions.Awaiting(() => Service.HandleAsync("what?", Acme)).Should().ThrowAsync<InvalidOperationException>().WithMessage("*BudgetService*String*");

    [Test]
    public async Task fills_in_the_metadata()
    {
        using var activity = new Activity("request").SetIdFormat(ActivityIdFormat.W3C).Start();
        await Service.HandleAsync(new Reserve("acme", "2026-03", "r1", 3), Acme with { CausationId = "event-7" });
        EventMetadata.Read((await Events())[1].Metadata.Span).Should().Be(new EventMetadata
        {
            CorrelationId = activity.TraceId.ToHexString(),
            CausationId = "event-7",
            Tenant = "acme",
            Actor = "key-1",
            TraceParent = activity.Id,
            Region = "north",
            Schema = 1,
        });
    }

    [Test]
    public async Task says_which_event_of_the_stream_cannot_be_read()
    {
        await Log.Store.AppendAsync("budget-acme_2026-03", ExpectedVersion.Any, [new(NamedId.Of("bad"), "no.such.type", "{}"u8.ToArray(), default)]);
        await FluentActions.Awaiting(() => Reserve("r1", 3)).Should().ThrowAsync<UnreadableEventException>().WithMessage("Event 1 of stream 'budget-acme_2026-03'*no.such.type*");
    }
}

internal sealed class Repeating_a_command_under_its_idempotency_key : Given_a_budget
{
    [Test]
    public async Task gives_the_first_result_and_writes_nothing()
    {
        var first = await Reserve("r1", 3, "k1");
        await Reserve("r2", 4, "k2");
        var again = await Reserve("r1", 3, "k1");
        again.Repeated.Should().BeTrue();
        again.Version.Should().Be(first.Version);
        again.Position.Should().Be(first.Position);
        again.Events.Should().Equal(first.Events);
        again.State.Text.Should().Be(first.State.Text);
        (await Events()).Should().HaveCount(3);
    }

    [Test]
    public async Task finds_all_events_of_the_first_one()
    {
        await Reserve("r1", 3);
        var command = new Release("acme", "2026-03", "r1");
        var first = await Service.HandleAsync(command, Acme with { IdempotencyKey = "k1" });
        await Reserve("r2", 4, "k2");
        var again = await Service.HandleAsync(command, Acme with { IdempotencyKey = "k1" });
        first.Events.Should().HaveCount(2);
        again.Events.Should().Equal(first.Events);
        again.Position.Should().Be(first.Position);
    }

    [Test]
    public async Task works_after_a_restart()
    {
        var first = await Reserve("r1", 3, "k1");
        await Log.ReopenAsync();
        var again = await new BudgetService(Log.Store).HandleAsync(new Reserve("acme", "2026-03", "r1", 3), Acme with { IdempotencyKey = "k1" });
        again.Repeated.Should().BeTrue();
        again.Position.Should().Be(first.Position);
    }

    [Test]
    public async Task writes_once_when_both_come_at_the_same_time()
    {
        var results = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => Service.HandleAsync(new Grant("acme", "2026-03", 5), Acme with { IdempotencyKey = "k1" }))));
        results.Select(r => r.Position).Distinct().Should().ContainSingle();
        results.Select(r => r.State.Limit).Should().AllBeEquivalentTo(15);
        (await Events()).Should().HaveCount(2);
    }

    [Test]
    public async Task is_another_command_on_another_stream()
    {
        await Reserve("r1", 3, "k1");
        var other = await Service.HandleAsync(new Grant("acme", "2026-04", 5), Acme with { IdempotencyKey = "k1" });
        other.Repeated.Should().BeFalse();
    }
}

internal sealed class Commands_at_the_same_time_on_one_stream : Given_a_budget
{
    [Test]
    public async Task never_spend_more_than_there_is()
    {
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 32).Select(i => Task.Run(async () =>
        {
            try
            {
                await new BudgetService(Log.Store).HandleAsync(new Reserve("acme", "2026-03", $"r{i}", 1), Acme);
                return "done";
            }
            catch (DomainException e)
            {
                return e.Error.Code;
            }
        })));
        (await Events()).Should().HaveCount(1 + outcomes.Count(o => o == "done"));
        (await Service.LoadAsync("budget-acme_2026-03")).State.Available.Should().Be(10 - outcomes.Count(o => o == "done")).And.BeGreaterThanOrEqualTo(0);
        outcomes.Should().OnlyContain(o => o == "done" || o == "budget-exhausted" || o == "concurrent-change");
    }

    [Test]
    public async Task all_come_through_in_one_service()
    {
        await Task.WhenAll(Enumerable.Range(0, 64).Select(_ => Task.Run(() => Service.HandleAsync(new Grant("acme", "2026-03", 1), Acme))));
        (await Service.LoadAsync("budget-acme_2026-03")).State.Limit.Should().Be(74);
    }
}

internal sealed class A_stream_that_others_change_during_every_try
{
    [Test]
    public async Task ends_in_a_clear_error_after_ten()
    {
        await using var log = await TestLog.OpenAsync();
        var service = new Meddled(log.Store);
        var error = (await FluentActions.Awaiting(() => service.HandleAsync(new Grant("acme", "2026-03", 1), new CommandContext("acme", "key-1"))).Should().ThrowAsync<DomainException>()).Which.Error;
        error.Code.Should().Be("concurrent-change");
        error.Status.Should().Be(409);
        service.Decisions.Should().Be(10);
    }

    private sealed class Meddled : CommandService<Budget>
    {
        public Meddled(IEventStore log)
            : base(log, Shop.Types, new CountingIds())
        {
            On<Grant>().In(c => Budget.Stream(c.Tenant, c.Period)).Decide((budget, command) =>
            {
                Decisions++;
                // The decision cannot await; another thread writes before it returns.
                using var written = new ManualResetEventSlim();
                _ = Task.Run(async () =>
                {
                    await log.AppendAsync("budget-acme_2026-03", ExpectedVersion.Any, [Shop.New(new Granted(1), $"{Decisions}")]);
                    written.Set();
                });
                written.Wait(TimeSpan.FromSeconds(10)).Should().BeTrue();
                return new Granted(command.Amount);
            });
        }

        public int Decisions { get; private set; }
    }
}
