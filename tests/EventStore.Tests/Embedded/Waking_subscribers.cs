using AIaaS.EventStore;
using EventStore.Tests.Contract;

namespace EventStore.Tests.Embedded;

public sealed class Waking_subscribers : EventStoreContract<EmbeddedHarness>
{
    [Test]
    public async Task one_that_takes_long_over_its_event_keeps_no_other_one_waiting()
    {
        using var deadline = new CancellationTokenSource(Deadline);
        using var live = new SemaphoreSlim(0);
        using var noted = new SemaphoreSlim(0);
        using var noteOn = new SemaphoreSlim(0);
        using var goOn = new SemaphoreSlim(0);
        using var came = new SemaphoreSlim(0);
        var (first, slow, quick) = (Harness.NewStream(), Harness.NewStream(), Harness.NewStream());

        // In this order they wait, and are woken one after another; threads are held on purpose, as a consumer may do.
        List<Task> consumers =
        [
            await ConsumeAsync(first, SubscriptionMessageKind.Checkpoint, () =>
            {
                noted.Release();
                noteOn.Wait(deadline.Token);
            }),
            await ConsumeAsync(slow, SubscriptionMessageKind.Event, () => goOn.Wait(deadline.Token)),
            await ConsumeAsync(quick, SubscriptionMessageKind.Event, () => came.Release()),
        ];
        await AppendAsync(Harness.NewStream());
        await noted.WaitAsync(deadline.Token);
        await AppendAsync(slow);
        await AppendAsync(quick);
        noteOn.Release(100);
        (await came.WaitAsync(Deadline / 4)).Should().BeTrue("its event is not kept by the one that takes long");

        goOn.Release();
        await deadline.CancelAsync();
        foreach (var consumer in consumers)
        {
            await FluentActions.Awaiting(() => consumer.WaitAsync(Deadline)).Should().ThrowAsync<OperationCanceledException>();
        }

        Task AppendAsync(string stream) => Store.AppendAsync(stream, ExpectedVersion.Any, Harness.NewEvents(1));

        async Task<Task> ConsumeAsync(string stream, SubscriptionMessageKind kind, Action handle)
        {
            var consumer = Task.Run(async () =>
            {
                await foreach (var message in Store.SubscribeToAllAsync(LogPosition.End, EventFilter.Streams(stream), deadline.Token))
                {
                    if (message.Kind == kind)
                    {
                        handle();
                    }
                    else if (message.Kind == SubscriptionMessageKind.CaughtUp)
                    {
                        live.Release();
                    }
                }
            });
            await live.WaitAsync(deadline.Token);
            return consumer;
        }
    }

    [Test]
    public async Task those_that_want_nothing_of_a_commit_still_hear_how_far_the_log_has_come()
    {
        using var deadline = new CancellationTokenSource(Deadline);
        using var live = new CountdownEvent(5);
        var (wanted, other) = (Harness.NewStream(), Harness.NewStream());
        var subscribers = Enumerable.Range(0, 5).Select(i => FirstAsync(i == 0 ? wanted : other)).ToList();
        await Task.Run(() => live.Wait(deadline.Token));
        var position = (await Store.AppendAsync(wanted, ExpectedVersion.Any, Harness.NewEvents(1))).Position;
        var heard = await Task.WhenAll(subscribers);
        heard.Should().OnlyContain(m => m.Position == position);
        heard.Select(m => m.Kind).Should().Equal([SubscriptionMessageKind.Event, .. Enumerable.Repeat(SubscriptionMessageKind.Checkpoint, 4)]);

        async Task<SubscriptionMessage> FirstAsync(string stream)
        {
            await foreach (var message in Store.SubscribeToAllAsync(LogPosition.End, EventFilter.Streams(stream), deadline.Token))
            {
                if (message.Kind != SubscriptionMessageKind.CaughtUp)
                {
                    return message;
                }

                live.Signal();
            }

            throw new InvalidOperationException("The subscription ended.");
        }
    }

    [Test]
    public async Task none_of_them_is_lost_or_woken_for_another_while_some_come_and_go()
    {
        using var deadline = new CancellationTokenSource(Deadline);
        using var live = new CountdownEvent(6);
        var random = new Random(20260131);
        var streams = Enumerable.Range(0, 6).Select(_ => Harness.NewStream()).ToList();
        const int Each = 400;
        var staying = streams.Select(s => TakeAllAsync(s)).ToList();
        await Task.Run(() => live.Wait(deadline.Token));
        var coming = Enumerable.Range(0, 3).Select(i => ComeAndGoAsync(new Random(i))).ToList();
        foreach (var at in Enumerable.Range(0, streams.Count * Each).Select(i => i % streams.Count).OrderBy(_ => random.Next()).ToList())
        {
            // Single commits, at once one after another: each wakes those who only just began to wait.
            await Store.AppendAsync(streams[at], ExpectedVersion.Any, Harness.NewEvents(1));
        }

        var taken = await Task.WhenAll(staying);
        taken.Should().AllSatisfy(versions => versions.Should().Equal(Enumerable.Range(0, Each).Select(v => (long)v)));
        await deadline.CancelAsync();
        (await Task.WhenAll(coming)).Should().OnlyContain(times => times > 0);

        async Task<List<long>> TakeAllAsync(string stream)
        {
            List<long> versions = [];
            await foreach (var message in Store.SubscribeToAllAsync(LogPosition.End, EventFilter.Streams(stream), deadline.Token))
            {
                if (message.Kind == SubscriptionMessageKind.CaughtUp && versions.Count == 0)
                {
                    live.Signal();
                }

                if (message.Event is { } e)
                {
                    versions.Add(e.Version);
                }

                if (versions.Count == Each)
                {
                    break;
                }
            }

            return versions;
        }

        async Task<int> ComeAndGoAsync(Random draws)
        {
            var times = 0;
            for (; !deadline.IsCancellationRequested; times++)
            {
                using var leave = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token);
                var left = draws.Next(1, 20);
                try
                {
                    await foreach (var message in Store.SubscribeToAllAsync(LogPosition.End, EventFilter.Streams(streams[draws.Next(streams.Count)]), leave.Token))
                    {
                        if (--left == 0)
                        {
                            // Beside the wait that comes next, so that it is met before, within and after it.
                            _ = Task.Run(leave.Cancel);
                        }
                    }
                }
                catch (OperationCanceledException)
                {
                    // It left.
                }
            }

            return times;
        }
    }
}
