using AIaaS.Commands.Bus;
using AIaaS.EventStore;
using Sagas.Tests.Support;

namespace Sagas.Tests.Bus;

/// <summary>What both buses hold to.</summary>
[TestFixture(typeof(InMemory))]
[TestFixture(typeof(RabbitMq))]
public sealed class A_bus<THarness>
    where THarness : BusHarness, new()
{
    private static readonly TimeSpan[] Soon = [TimeSpan.FromMilliseconds(50), TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(200)];
    private readonly THarness harness = new();
    private BusOptions options = null!;

    [SetUp]
    public void Choose()
    {
        if (harness.Missing is { } missing)
        {
            Assert.Ignore(missing);
        }

        options = harness.Options("test-" + NamedId.Of(TestContext.CurrentContext.Test.ID, Environment.ProcessId.ToString(), TimeProvider.System.GetTimestamp().ToString()).ToString("N")[..12]) with { Retries = Soon };
    }

    [Test]
    public async Task hands_work_to_its_handler()
    {
        await using var world = await BusWorld.StartAsync(options);
        await world.ConnectedAsync();
        await Task.WhenAll(Enumerable.Range(0, 200).Select(i => world.Bus.PublishAsync(new ExecuteSaga("acme", $"s.{i}"))));
        await Eventually.BeAsync(() => world.Tries.Count == 200, "all work came");
        world.Done.Should().OnlyContain(w => w.Tenant == "acme");
    }

    [Test]
    public async Task can_be_stopped_twice_as_a_host_does_and_warns_of_nothing()
    {
        await using var world = await BusWorld.StartAsync(options);
        await world.ConnectedAsync();
        await world.StopAsync();
        await world.StopAsync();
        world.Warnings.Should().BeEmpty();
    }

    [Test]
    public async Task does_no_more_at_once_than_it_is_allowed_to()
    {
        var (now, most) = (0, 0);
        var sync = new Lock();
        await using var world = await BusWorld.StartAsync(options with { Concurrency = 3 }, async (_, _, stop) =>
        {
            lock (sync)
            {
                most = Math.Max(most, ++now);
            }

            await Task.Delay(20, stop);
            lock (sync)
            {
                now--;
            }
        });
        await world.ConnectedAsync();
        await Task.WhenAll(Enumerable.Range(0, 40).Select(i => world.Bus.PublishAsync(new ExecuteSaga("acme", $"s.{i}"))));
        await Eventually.BeAsync(() => world.Done.Count == 40, "all work is done");
        most.Should().Be(3);
    }

    [Test]
    public async Task tries_work_again_that_failed()
    {
        await using var world = await BusWorld.StartAsync(options, (_, attempt, _) => attempt < 3 ? throw new TimeoutException("not yet") : Task.CompletedTask);
        await world.ConnectedAsync();
        await world.Bus.PublishAsync(new ExecuteSaga("acme", "s.1"));
        await Eventually.BeAsync(() => world.Done.Count == 1, "the work is done");
        world.Tries["s.1"].Should().Be(3);
        (await world.DeadLettersOfAsync("acme")).Should().BeEmpty();
    }

    [Test]
    public async Task does_other_work_while_failed_work_waits()
    {
        await using var world = await BusWorld.StartAsync(
            options with { Concurrency = 1, Retries = [TimeSpan.FromSeconds(25)] },
            (work, _, _) => work.Saga == "s.bad" ? throw new TimeoutException("never") : Task.CompletedTask);
        await world.ConnectedAsync();
        await world.Bus.PublishAsync(new ExecuteSaga("acme", "s.bad"));
        await Eventually.BeAsync(() => world.Tries.ContainsKey("s.bad"), "the bad one was tried");
        await world.Bus.PublishAsync(new ExecuteSaga("acme", "s.good"));
        await Eventually.BeAsync(() => world.Done.Count == 1, "the good one is done", 10);
    }

    [Test]
    public async Task keeps_work_that_failed_at_each_try_as_a_dead_letter()
    {
        await using var world = await BusWorld.StartAsync(options, (_, _, _) => throw new TimeoutException("The far side is away."));
        await world.ConnectedAsync();
        await world.Bus.PublishAsync(new ExecuteSaga("acme", "s.1"));
        await Eventually.BeAsync(async () => (await world.DeadLettersOfAsync("acme")).Count == 1, "there is a dead letter");
        var letter = (await world.DeadLettersOfAsync("acme")).Single();
        letter.Attempts.Should().Be(4);
        letter.Error.Should().Be("TimeoutException: The far side is away.");
        letter.Body.Replace(" ", "", StringComparison.Ordinal).ReplaceLineEndings("").Should().Be("""{"tenant":"acme","saga":"s.1"}""");
        letter.Queue.Should().Be(options.Prefix + ".execute-saga");
        (await world.Log.GetStreamMetadataAsync($"deadLetter-acme_{letter.Id}")).MaxAge.Should().Be(TimeSpan.FromDays(7));
    }

    [Test]
    public async Task keeps_work_that_the_domain_refuses_as_a_dead_letter_at_once()
    {
        await using var world = await BusWorld.StartAsync(options, (_, _, _) => throw new DomainException(new("unknown-saga", "There is no such saga.", "Look again.", 404)));
        await world.ConnectedAsync();
        await world.Bus.PublishAsync(new ExecuteSaga("acme", "s.1"));
        await Eventually.BeAsync(async () => (await world.DeadLettersOfAsync("acme")).Count == 1, "there is a dead letter");
        var letter = (await world.DeadLettersOfAsync("acme")).Single();
        (letter.Attempts, letter.Code).Should().Be((1, "unknown-saga"));
    }

    [Test]
    public async Task sends_a_dead_letter_again_as_it_was_fixed()
    {
        await using var world = await BusWorld.StartAsync(options, (work, _, _) => work.Saga == "s.bad" ? throw new DomainException(new("unknown-saga", "None.", "Look.", 404)) : Task.CompletedTask);
        await world.ConnectedAsync();
        await world.Bus.PublishAsync(new ExecuteSaga("acme", "s.bad"));
        await Eventually.BeAsync(async () => (await world.DeadLettersOfAsync("acme")).Count == 1, "there is a dead letter");
        var id = (await world.DeadLettersOfAsync("acme")).Single().Id;
        var context = new CommandContext("acme", "tests");
        await world.DeadLetters.FixAsync(id, """{"tenant":"acme","saga":"s.good"}""", context);
        var replayed = await world.DeadLetters.ReplayAsync(id, world.Bus, context);
        await Eventually.BeAsync(() => world.Done.Count == 1, "the fixed work is done");
        world.Done.Single().Saga.Should().Be("s.good");
        replayed.State.IsReplayed.Should().BeTrue();
    }

    [TestCase("""{"tenant":"other","saga":"s.1"}""", "dead-letter-other-tenant")]
    [TestCase("""{"tenant":"acme"}""", "dead-letter-unreadable")]
    [TestCase("no json", "dead-letter-unreadable")]
    public async Task takes_no_fix_that_is_no_work_of_the_tenant(string body, string code)
    {
        await using var world = await BusWorld.StartAsync(options, (_, _, _) => throw new DomainException(new("unknown-saga", "None.", "Look.", 404)));
        await world.ConnectedAsync();
        await world.Bus.PublishAsync(new ExecuteSaga("acme", "s.1"));
        await Eventually.BeAsync(async () => (await world.DeadLettersOfAsync("acme")).Count == 1, "there is a dead letter");
        var id = (await world.DeadLettersOfAsync("acme")).Single().Id;
        var fix = () => world.DeadLetters.FixAsync(id, body, new("acme", "tests"));
        (await fix.Should().ThrowAsync<DomainException>()).Which.Error.Code.Should().Be(code);
    }

    [Test]
    public async Task knows_no_discarded_dead_letter()
    {
        await using var world = await BusWorld.StartAsync(options, (_, _, _) => throw new DomainException(new("unknown-saga", "None.", "Look.", 404)));
        await world.ConnectedAsync();
        await world.Bus.PublishAsync(new ExecuteSaga("acme", "s.1"));
        await Eventually.BeAsync(async () => (await world.DeadLettersOfAsync("acme")).Count == 1, "there is a dead letter");
        var id = (await world.DeadLettersOfAsync("acme")).Single().Id;
        await world.DeadLetters.DiscardAsync(id, new("acme", "tests"));
        var replay = () => world.DeadLetters.ReplayAsync(id, world.Bus, new("acme", "tests"));
        (await replay.Should().ThrowAsync<DomainException>()).Which.Error.Code.Should().Be("unknown-dead-letter");
    }

    [Test]
    public async Task goes_on_when_its_broker_was_stopped_and_started()
    {
        NeedsBroker();
        using var hold = new SemaphoreSlim(0);
        await using var world = await BusWorld.StartAsync(options with { ConfirmWithin = TimeSpan.FromSeconds(3) }, (work, attempt, stop) => work.Saga == "s.held" && attempt == 1 ? hold.WaitAsync(stop) : Task.CompletedTask);
        await world.ConnectedAsync();
        await world.Bus.PublishAsync(new ExecuteSaga("acme", "s.held"));
        await Eventually.BeAsync(() => world.Tries.ContainsKey("s.held"), "the work is under way");
        await harness.StopBrokerAsync();
        try
        {
            var publish = () => world.Bus.PublishAsync(new ExecuteSaga("acme", "s.away"));
            (await publish.Should().ThrowAsync<BusUnavailableException>()).WithMessage("RabbitMQ at * cannot be reached. Start it or set Bus__RabbitMq__Host*");
            await Eventually.BeAsync(() => world.Bus.Fault is not null, "the bus says so");
        }
        finally
        {
            await harness.StartBrokerAsync();
        }

        hold.Release();
        await Eventually.BeAsync(() => world.Bus.Fault is null, "the bus is connected again", 60);
        await Eventually.BeAsync(
            async () =>
            {
                try
                {
                    await world.Bus.PublishAsync(new ExecuteSaga("acme", "s.after"));
                    return true;
                }
                catch (BusUnavailableException)
                {
                    return false;
                }
            },
            "work can be published again",
            60);
        await Eventually.BeAsync(() => world.Done.Any(w => w.Saga == "s.after") && world.Done.Any(w => w.Saga == "s.held"), "work from before and after is done", 60);
    }

    [Test]
    public async Task keeps_work_for_a_process_that_starts_later()
    {
        NeedsBroker();
        await using (var publisher = await BusWorld.StartAsync(options with { TakesWork = false }))
        {
            await publisher.ConnectedAsync();
            await publisher.Bus.PublishAsync(new ExecuteSaga("acme", "s.1"));
        }

        await harness.StopBrokerAsync();
        await harness.StartBrokerAsync();
        await using var taker = await BusWorld.StartAsync(options);
        await Eventually.BeAsync(() => taker.Done.Count == 1, "the work came", 60);
    }

    [Test]
    public async Task gives_work_that_was_cut_off_to_another_process()
    {
        NeedsBroker();
        await using var other = await BusWorld.StartAsync(options with { TakesWork = false });
        await using (var first = await BusWorld.StartAsync(options, (_, _, stop) => Task.Delay(Timeout.Infinite, stop)))
        {
            await first.ConnectedAsync();
            await first.Bus.PublishAsync(new ExecuteSaga("acme", "s.1"));
            await Eventually.BeAsync(() => first.Tries.Count == 1, "the work is under way");
        }

        await using var second = await BusWorld.StartAsync(options);
        await Eventually.BeAsync(() => second.Done.Count == 1, "the work came to the other one", 60);
        (await other.DeadLettersOfAsync("acme")).Should().BeEmpty();
    }

    private void NeedsBroker()
    {
        if (!harness.HasBroker)
        {
            Assert.Ignore($"{typeof(THarness).Name} has no broker that this test could stop and start (AIAAS_TEST_RABBITMQ_STOP, AIAAS_TEST_RABBITMQ_START).");
        }
    }
}

public sealed class Choosing_a_bus
{
    [Test]
    public async Task refuses_one_that_is_not_known()
    {
        var start = () => BusWorld.StartAsync(new() { Engine = "kafka" });
        await start.Should().ThrowAsync<BusOptionsException>().WithMessage("Bus__Engine=kafka is not known. Set it to 'memory' or 'rabbitmq'.");
    }

    [Test]
    public async Task starts_without_its_broker_and_says_what_is_wrong()
    {
        await using var world = await BusWorld.StartAsync(new() { Engine = "rabbitmq", Prefix = "test-none", RabbitMq = new() { Host = "127.0.0.1", Port = 1 } });
        world.Bus.Fault.Should().StartWith("RabbitMQ at 127.0.0.1:1 cannot be reached.");
        var publish = () => world.Bus.PublishAsync(new ExecuteSaga("acme", "s.1"));
        await publish.Should().ThrowAsync<BusUnavailableException>().WithMessage("RabbitMQ at 127.0.0.1:1 cannot be reached.*");
    }
}
