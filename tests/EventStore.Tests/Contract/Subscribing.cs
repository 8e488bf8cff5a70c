using AIaaS.EventStore;

namespace EventStore.Tests.Contract;

public abstract class Subscribing<THarness> : EventStoreContract<THarness>
    where THarness : EventStoreHarness, new()
{
    private EventFilter Mine => EventFilter.Streams(Harness.Prefix);

    [Test]
    public async Task to_a_stream_gives_what_is_there_then_says_caught_up_then_gives_what_comes()
    {
        var stream = Harness.NewStream();
        await Store.AppendAsync(stream, ExpectedVersion.NoStream, Harness.NewEvents(3));
        Task? append = null;
        var messages = await TakeUntilAsync(
            c => Store.SubscribeToStreamAsync(stream, cancellationToken: c),
            m =>
            {
                if (append is null && m[^1].Kind is SubscriptionMessageKind.CaughtUp)
                {
                    append = Store.AppendAsync(stream, ExpectedVersion.Exact(2), Harness.NewEvents(2));
                }

                return m.Count(IsEvent) == 5;
            });
        messages.Where(IsEvent).Select(m => m.Event!.Version).Should().Equal(0, 1, 2, 3, 4);
        messages.FindIndex(m => m.Kind is SubscriptionMessageKind.CaughtUp).Should().Be(3);
        await append!;
    }

    [Test]
    public async Task to_a_stream_behind_a_version_begins_with_the_next()
    {
        var stream = Harness.NewStream();
        await Store.AppendAsync(stream, ExpectedVersion.NoStream, Harness.NewEvents(5));
        var messages = await TakeUntilAsync(c => Store.SubscribeToStreamAsync(stream, 2, c), m => m.Count(IsEvent) == 2);
        messages.Where(IsEvent).Select(m => m.Event!.Version).Should().Equal(3, 4);
    }

    [Test]
    public async Task to_a_stream_that_is_written_only_later_gives_its_first_event()
    {
        var stream = Harness.NewStream();
        Task? append = null;
        var messages = await TakeUntilAsync(
            c => Store.SubscribeToStreamAsync(stream, cancellationToken: c),
            m =>
            {
                append ??= Store.AppendAsync(stream, ExpectedVersion.NoStream, Harness.NewEvents(1));
                return m.Exists(IsEvent);
            });
        messages.Single(IsEvent).Event!.Version.Should().Be(0);
        await append!;
    }

    [Test]
    public async Task to_the_log_behind_a_position_begins_with_the_next_event()
    {
        var stream = Harness.NewStream();
        await Store.AppendAsync(stream, ExpectedVersion.NoStream, Harness.NewEvents(5));
        var second = (await ListAsync(Store.ReadStreamAsync(stream)))[1];
        var messages = await TakeUntilAsync(c => Store.SubscribeToAllAsync(second.Position, Mine, c), m => m.Count(IsEvent) == 3);
        messages.Where(IsEvent).Select(m => m.Event!.Version).Should().Equal(2, 3, 4);
    }

    [Test]
    public async Task to_the_log_from_its_end_gives_only_what_comes()
    {
        var stream = Harness.NewStream();
        await Store.AppendAsync(stream, ExpectedVersion.NoStream, Harness.NewEvents(2));
        Task? append = null;
        var messages = await TakeUntilAsync(
            c => Store.SubscribeToAllAsync(LogPosition.End, Mine, c),
            m =>
            {
                if (m[^1].Kind is SubscriptionMessageKind.CaughtUp)
                {
                    append ??= Store.AppendAsync(stream, ExpectedVersion.Exact(1), Harness.NewEvents(1));
                }

                return m.Exists(IsEvent);
            });
        messages.Single(IsEvent).Event!.Version.Should().Be(2);
        await append!;
    }

    [Test]
    public async Task to_the_log_filtered_says_how_far_it_has_looked()
    {
        var (mine, other) = (Harness.NewStream(), Harness.NewStream());
        await Store.AppendAsync(mine, ExpectedVersion.Any, Harness.NewEvents(1, "wanted"));
        LogPosition last = default;
        for (var i = 0; i < 4; i++)
        {
            last = (await Store.AppendAsync(other, ExpectedVersion.Any, Harness.NewEvents(1000, "unwanted"))).Position;
        }

        var messages = await TakeUntilAsync(
            c => Store.SubscribeToAllAsync(default, EventFilter.Types($"{Harness.Prefix}.wanted"), c),
            m => m.Exists(IsEvent) && m[^1].Kind is SubscriptionMessageKind.Checkpoint);
        messages.Count(IsEvent).Should().Be(1);
        messages[^1].Position.Should().BeGreaterThan(messages.Single(IsEvent).Position);
        messages.Select(m => m.Position).Should().BeInAscendingOrder();
        last.Should().BeGreaterThan(default);
    }

    [Test]
    public async Task under_a_burst_of_50_000_events_gives_each_once_and_in_order()
    {
        const int writers = 5;
        const int batches = 20;
        var streams = Enumerable.Range(0, writers).Select(_ => Harness.NewStream()).ToArray();
        var before = await Store.GetHeadAsync();
        var burst = Task.WhenAll(streams.Select(s => Task.Run(async () =>
        {
            for (var i = 0; i < batches; i++)
            {
                await Store.AppendAsync(s, ExpectedVersion.Exact((i * 500) - 1), Harness.NewEvents(500));
            }
        })));
        var messages = await TakeUntilAsync(c => Store.SubscribeToAllAsync(before, Mine, c), m => m.Count >= 50_000 && m.Count(IsEvent) == 50_000);
        await burst;
        var events = messages.Where(IsEvent).Select(m => m.Event!).ToList();
        events.Select(e => e.Position.Value).Should().BeInAscendingOrder().And.OnlyHaveUniqueItems();
        foreach (var stream in streams)
        {
            events.Where(e => e.Stream == stream).Select(e => e.Version).Should().Equal(Enumerable.Range(0, 10_000).Select(v => (long)v));
        }
    }

    [Test]
    public async Task slowly_gives_everything_all_the_same()
    {
        var stream = Harness.NewStream();
        using var deadline = new CancellationTokenSource(Deadline);
        await Store.AppendAsync(stream, ExpectedVersion.NoStream, Harness.NewEvents(1));
        await using var slow = Store.SubscribeToAllAsync(default, Mine, deadline.Token).GetAsyncEnumerator(deadline.Token);
        (await slow.MoveNextAsync()).Should().BeTrue();

        // The subscriber stands at the first event while 20,000 more are written.
        for (var i = 0; i < 20; i++)
        {
            await Store.AppendAsync(stream, ExpectedVersion.Exact(i * 1000), Harness.NewEvents(1000));
        }

        List<long> versions = [];
        do
        {
            if (IsEvent(slow.Current))
            {
                versions.Add(slow.Current.Event!.Version);
            }
        }
        while (versions.Count <= 20_000 && await slow.MoveNextAsync());
        versions.Should().Equal(Enumerable.Range(0, 20_001).Select(v => (long)v));
    }

    [Test]
    public async Task to_the_log_and_to_a_stream_while_writers_write_leaves_no_gap()
    {
        var stream = Harness.NewStream();
        const int count = 600;
        var write = Task.Run(async () =>
        {
            for (var i = 0; i < count; i++)
            {
                await Store.AppendAsync(stream, ExpectedVersion.Exact(i - 1), Harness.NewEvents(1));
            }
        });
        var subscribers = Enumerable.Range(0, 4).Select(i => TakeUntilAsync(
            c => i % 2 == 0 ? Store.SubscribeToAllAsync(default, Mine, c) : Store.SubscribeToStreamAsync(stream, cancellationToken: c),
            m => m.Count >= count && m.Count(IsEvent) == count)).ToArray();
        await write;
        foreach (var messages in await Task.WhenAll(subscribers))
        {
            messages.Where(IsEvent).Select(m => m.Event!.Version).Should().Equal(Enumerable.Range(0, count).Select(v => (long)v));
        }
    }

    [Test]
    public async Task goes_on_behind_its_checkpoint_after_a_restart()
    {
        var stream = Harness.NewStream();
        await Store.AppendAsync(stream, ExpectedVersion.NoStream, Harness.NewEvents(10));
        var first = await TakeUntilAsync(c => Store.SubscribeToAllAsync(default, Mine, c), m => m.Count(IsEvent) == 4);
        await RestartAsync();
        await Store.AppendAsync(stream, ExpectedVersion.Exact(9), Harness.NewEvents(2));
        var rest = await TakeUntilAsync(c => Store.SubscribeToAllAsync(first[^1].Position, Mine, c), m => m.Count(IsEvent) == 8);
        rest.Where(IsEvent).Select(m => m.Event!.Version).Should().Equal(4, 5, 6, 7, 8, 9, 10, 11);
    }

    [Test]
    public async Task ends_by_cancellation()
    {
        using var stop = new CancellationTokenSource();
        var stream = Harness.NewStream();
        var subscription = Task.Run(async () =>
        {
            await foreach (var message in Store.SubscribeToStreamAsync(stream, cancellationToken: stop.Token))
            {
                await stop.CancelAsync();
            }
        });
        await Store.AppendAsync(stream, ExpectedVersion.Any, Harness.NewEvents(1));
        var wait = () => subscription.WaitAsync(Deadline);
        await wait.Should().ThrowAsync<OperationCanceledException>();
    }

    [Test]
    public async Task to_a_stream_skips_what_its_metadata_no_longer_keeps()
    {
        var stream = Harness.NewStream();
        await Store.AppendAsync(stream, ExpectedVersion.NoStream, Harness.NewEvents(5));
        await Store.SetStreamMetadataAsync(stream, new StreamMetadata(MaxCount: 2));
        var messages = await TakeUntilAsync(c => Store.SubscribeToStreamAsync(stream, cancellationToken: c), m => m.Count(IsEvent) == 2);
        messages.Where(IsEvent).Select(m => m.Event!.Version).Should().Equal(3, 4);
    }
}
