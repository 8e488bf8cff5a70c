using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using AIaaS.EventStore;
using AIaaS.Tests.Lines;
using EventStore.Tests.Contract;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIaaS.EventStoreDb.Tests;

public abstract class Opening_EventStoreDB
{
    [SetUp]
    public void NeedDriver()
    {
        if (EventStoreEngines.Find("eventstoredb") is null)
        {
            Assert.Ignore("This build holds no EventStoreDB driver: the package feed does not carry it.");
        }
    }

    protected static Task<IEventStore> Open(string connectionString, CancellationToken cancellationToken = default) =>
        EventStoreEngines.OpenAsync(new() { Engine = "eventstoredb", ConnectionString = connectionString }, TimeProvider.System, NullLoggerFactory.Instance, cancellationToken);
}

public sealed class An_EventStoreDB_that_is_not_there_at_start : Opening_EventStoreDB
{
    [Test]
    public async Task is_named_with_address_and_way_out_within_seconds()
    {
        int port;
        using (var unused = new TcpListener(IPAddress.Loopback, 0))
        {
            unused.Start();
            port = ((IPEndPoint)unused.LocalEndpoint).Port;
        }

        var clock = Stopwatch.StartNew();
        (await FluentActions.Awaiting(() => Open($"esdb://somebody:hidden@127.0.0.1:{port}?tls=false")).Should().ThrowAsync<EventStoreOpenException>())
            .WithMessage($"*127.0.0.1:{port}*EventStore__ConnectionString*EventStore__Engine=embedded*")
            .Which.Message.Should().NotContain("hidden");
        clock.Elapsed.Should().BeLessThan(TimeSpan.FromSeconds(25));
    }

    [Test]
    public async Task that_accepts_connections_but_says_nothing_is_named_too()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var port = ((IPEndPoint)silent.LocalEndpoint).Port;
        (await FluentActions.Awaiting(() => Open($"esdb://127.0.0.1:{port}?tls=false")).Should().ThrowAsync<EventStoreOpenException>())
            .WithMessage($"*127.0.0.1:{port}*did not answer within*");
    }

    [Test]
    public async Task is_not_waited_for_when_the_start_is_cancelled()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        using var stop = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));
        await FluentActions.Awaiting(() => Open($"esdb://127.0.0.1:{((IPEndPoint)silent.LocalEndpoint).Port}?tls=false", stop.Token)).Should().ThrowAsync<OperationCanceledException>();
    }
}

public sealed class A_connection_string_that_is_none_of_EventStoreDB : Opening_EventStoreDB
{
    [TestCase("localhost:2113")]
    [TestCase("http://localhost:2113")]
    [TestCase("esdb://localhost:2113?tls=perhaps")]
    [TestCase("")]
    public async Task is_refused_with_an_example(string text) =>
        (await FluentActions.Awaiting(() => Open(text)).Should().ThrowAsync<EventStoreOpenException>()).WithMessage("*EventStore__ConnectionString*esdb://host:2113?tls=false*");
}

/// <summary>The log behind a line that the test cuts and mends.</summary>
public abstract class A_line_to_EventStoreDB_that_breaks
{
    private readonly EventStoreDbHarness harness = new();

    internal BreakableLine Line { get; private set; } = null!;

    protected IEventStore Store { get; private set; } = null!;

    protected EventStoreHarness Harness => harness;

    protected static TimeSpan Deadline => TimeSpan.FromSeconds(60);

    [SetUp]
    public async Task OpenAsync()
    {
        await harness.OpenAsync();
        var address = new Uri(EventStoreDbHarness.Address!);
        Line = new(address.Host, address.Port > 0 ? address.Port : 2113);
        Line.Mend();
        Store = await EventStoreEngines.OpenAsync(
            new() { Engine = "eventstoredb", ConnectionString = $"esdb://127.0.0.1:{Line.Port}{address.Query}" }, TimeProvider.System, NullLoggerFactory.Instance);
    }

    [TearDown]
    public async Task CloseAsync()
    {
        if (Store is not null)
        {
            await Store.DisposeAsync();
        }

        if (Line is not null)
        {
            await Line.DisposeAsync();
        }

        await harness.DisposeAsync();
    }

    protected async Task<AppendResult> AppendWhenReachable(string stream, ExpectedVersion expected, NewEvent[] events)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        while (true)
        {
            try
            {
                return await Store.AppendAsync(stream, expected, events, deadline.Token);
            }
            catch (EventStoreUnavailableException) when (!deadline.IsCancellationRequested)
            {
                await Task.Delay(20, deadline.Token);
            }
        }
    }
}

public sealed class Commands_while_EventStoreDB_is_away : A_line_to_EventStoreDB_that_breaks
{
    [Test]
    public async Task fail_with_its_address_and_work_again_when_it_is_back()
    {
        var stream = Harness.NewStream();
        var events = Harness.NewEvents(2);
        await Store.AppendAsync(stream, ExpectedVersion.NoStream, Harness.NewEvents(1));
        await Line.CutAsync();
        Func<Task>[] calls =
        [
            () => Store.AppendAsync(stream, ExpectedVersion.Exact(0), events),
            () => Store.GetHeadAsync(),
            () => Store.GetStreamMetadataAsync(stream),
            () => Store.DeleteStreamAsync(stream, ExpectedVersion.Any),
            () => Store.ConsumerGroups.GetAsync(stream, "g"),
        ];
        foreach (var call in calls)
        {
            (await call.Should().ThrowAsync<EventStoreUnavailableException>()).WithMessage($"*127.0.0.1:{Line.Port}*");
        }

        Line.Mend();
        (await AppendWhenReachable(stream, ExpectedVersion.Exact(0), events)).Version.Should().Be(2);
    }

    [Test]
    public async Task retried_with_their_event_ids_are_written_once_however_often_the_line_breaks()
    {
        var stream = Harness.NewStream();
        var cutting = Task.Run(async () =>
        {
            for (var i = 0; i < 8; i++)
            {
                await Task.Delay(150);
                await Line.CutAsync();
                await Task.Delay(30);
                Line.Mend();
            }
        });
        var version = -1L;
        while (!cutting.IsCompleted || version < 100)
        {
            version = (await AppendWhenReachable(stream, ExpectedVersion.Exact(version), Harness.NewEvents(3))).Version;
        }

        await cutting;
        var versions = new List<long>();
        await foreach (var @event in Store.ReadStreamAsync(stream))
        {
            versions.Add(@event.Version);
        }

        versions.Should().Equal(Enumerable.Range(0, (int)version + 1).Select(v => (long)v));
    }
}

public sealed class Subscriptions_while_EventStoreDB_is_away : A_line_to_EventStoreDB_that_breaks
{
    [Test]
    public async Task resume_by_themselves_without_gap_or_duplicate()
    {
        const int count = 2_000;
        var stream = Harness.NewStream();
        using var deadline = new CancellationTokenSource(Deadline);
        Task<List<long>>[] subscribers =
        [
            Versions(Store.SubscribeToAllAsync(LogPosition.End, EventFilter.Streams(stream), deadline.Token)),
            Versions(Store.SubscribeToAllAsync(await Store.GetHeadAsync(), EventFilter.Types(Harness.Prefix), deadline.Token)),
            Versions(Store.SubscribeToStreamAsync(stream, cancellationToken: deadline.Token)),
        ];
        await Task.Delay(200, deadline.Token);
        var version = -1L;
        for (var i = 0; version < count - 1; i++)
        {
            version = (await AppendWhenReachable(stream, ExpectedVersion.Exact(version), Harness.NewEvents(20))).Version;
            if (i % 20 == 10)
            {
                await Line.CutAsync();
                Line.Mend();
            }
        }

        foreach (var versions in await Task.WhenAll(subscribers))
        {
            versions.Should().Equal(Enumerable.Range(0, count).Select(v => (long)v));
        }

        async Task<List<long>> Versions(IAsyncEnumerable<SubscriptionMessage> messages)
        {
            List<long> versions = [];
            await foreach (var message in messages)
            {
                if (message.Event is { } @event)
                {
                    versions.Add(@event.Version);
                    if (versions.Count == count)
                    {
                        break;
                    }
                }
            }

            return versions;
        }
    }

    [Test]
    public async Task wait_for_it_when_it_is_away_at_their_start()
    {
        var stream = Harness.NewStream();
        await Store.AppendAsync(stream, ExpectedVersion.NoStream, Harness.NewEvents(1));
        await Line.CutAsync();
        using var deadline = new CancellationTokenSource(Deadline);
        await using var messages = Store.SubscribeToStreamAsync(stream, cancellationToken: deadline.Token).GetAsyncEnumerator(deadline.Token);
        var first = messages.MoveNextAsync().AsTask();
        await Task.Delay(300, deadline.Token);
        first.IsCompleted.Should().BeFalse();
        Line.Mend();
        (await first).Should().BeTrue();
        messages.Current.Event!.Version.Should().Be(0);
    }
}

public sealed class Members_of_a_group_while_EventStoreDB_is_away : A_line_to_EventStoreDB_that_breaks
{
    [Test]
    public async Task join_again_and_get_each_event_at_least_once()
    {
        const int count = 300;
        var stream = Harness.NewStream();
        await Store.ConsumerGroups.CreateAsync(stream, "g", new() { MessageTimeout = TimeSpan.FromSeconds(2) });
        await Store.AppendAsync(stream, ExpectedVersion.NoStream, Harness.NewEvents(count));
        using var deadline = new CancellationTokenSource(Deadline);
        HashSet<long> seen = [];
        var deliveries = 0;
        await foreach (var delivery in Store.ConsumerGroups.ConsumeAsync(stream, "g", 10, deadline.Token))
        {
            seen.Add(delivery.Event.Version);
            if (++deliveries % 100 == 50)
            {
                await Line.CutAsync();
                Line.Mend();
            }

            await delivery.AcknowledgeAsync(deadline.Token);
            if (seen.Count == count)
            {
                break;
            }
        }

        seen.Should().BeEquivalentTo(Enumerable.Range(0, count).Select(v => (long)v));
    }
}

public sealed class A_server_restart_under_subscribers : EventStoreContract<EventStoreDbHarness>
{
    [Test]
    public async Task is_bridged_without_gap_or_duplicate()
    {
        if (!Harness.CanRestart)
        {
            Assert.Ignore($"{EventStoreDbHarness.RestartVariable} is not set: this test restarts the server.");
        }

        var stream = Harness.NewStream();
        var all = TakeUntilAsync(c => Store.SubscribeToAllAsync(LogPosition.End, EventFilter.Streams(stream), c), m => m.Count(IsEvent) >= 1_000);
        var one = TakeUntilAsync(c => Store.SubscribeToStreamAsync(stream, cancellationToken: c), m => m.Count(IsEvent) >= 1_000);
        await Task.Delay(200);
        var version = -1L;
        for (var i = 0; i < 5; i++)
        {
            version = (await Store.AppendAsync(stream, ExpectedVersion.Exact(version), Harness.NewEvents(100))).Version;
        }

        await EventStoreDbHarness.RestartServerAsync();
        for (var i = 0; i < 5; i++)
        {
            var events = Harness.NewEvents(100);
            await UntilAsync(
                async () =>
                {
                    try
                    {
                        version = (await Store.AppendAsync(stream, ExpectedVersion.Exact(version), events)).Version;
                        return true;
                    }
                    catch (EventStoreUnavailableException)
                    {
                        return false;
                    }
                },
                "the server takes appends again");
        }

        var expected = Enumerable.Range(0, 1_000).Select(v => (long)v);
        (await all).Where(IsEvent).Select(m => m.Event!.Version).Should().Equal(expected);
        (await one).Where(IsEvent).Select(m => m.Event!.Version).Should().Equal(expected);
    }
}
