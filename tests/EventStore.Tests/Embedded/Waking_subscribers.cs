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
}
