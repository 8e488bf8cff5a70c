using AIaaS.EventStore;

namespace EventStore.Tests.Contract;

public abstract class Consuming_in_groups<THarness> : EventStoreContract<THarness>
    where THarness : EventStoreHarness, new()
{
    private static readonly ConsumerGroupSettings Settings = new();

    private IConsumerGroups Groups => Store.ConsumerGroups;

    [Test]
    public async Task a_group_that_does_not_exist_is_refused()
    {
        var stream = Harness.NewStream();
        var get = () => Groups.GetAsync(stream, "nobody");
        await get.Should().ThrowAsync<ConsumerGroupException>();
        var delete = () => Groups.DeleteAsync(stream, "nobody");
        await delete.Should().ThrowAsync<ConsumerGroupException>();
        var consume = () => ListAsync(Groups.ConsumeAsync(stream, "nobody"));
        await consume.Should().ThrowAsync<ConsumerGroupException>();
    }

    [Test]
    public async Task a_group_is_created_once_and_again_after_it_was_deleted()
    {
        var stream = Harness.NewStream();
        await Groups.CreateAsync(stream, "g", Settings);
        var create = () => Groups.CreateAsync(stream, "g", Settings);
        await create.Should().ThrowAsync<ConsumerGroupException>();
        await Groups.DeleteAsync(stream, "g");
        await create();
        (await Groups.GetAsync(stream, "g")).Parked.Should().Be(0);
    }

    [Test]
    public async Task what_is_acknowledged_is_delivered_once()
    {
        var stream = Harness.NewStream();
        await Store.AppendAsync(stream, ExpectedVersion.NoStream, Harness.NewEvents(20));
        await Groups.CreateAsync(stream, "g", Settings);
        var versions = await ConsumeAsync(stream, 20, d => d.AcknowledgeAsync());
        versions.Should().Equal(Enumerable.Range(0, 20).Select(v => (long)v));
        await Store.AppendAsync(stream, ExpectedVersion.Exact(19), Harness.NewEvents(1));
        await UntilAsync(async () => (await Groups.GetAsync(stream, "g")).InFlight == 0, "nothing in flight");
        (await ConsumeAsync(stream, 1, d => d.AcknowledgeAsync())).Should().Equal(20);
    }

    [Test]
    public async Task a_group_that_starts_behind_a_version_gets_the_next_ones()
    {
        var stream = Harness.NewStream();
        await Store.AppendAsync(stream, ExpectedVersion.NoStream, Harness.NewEvents(5));
        await Groups.CreateAsync(stream, "g", Settings with { StartAfter = 2 });
        (await ConsumeAsync(stream, 2, d => d.AcknowledgeAsync())).Should().Equal(3, 4);
    }

    [Test]
    public async Task members_share_the_events()
    {
        var stream = Harness.NewStream();
        await Store.AppendAsync(stream, ExpectedVersion.NoStream, Harness.NewEvents(100));
        await Groups.CreateAsync(stream, "g", Settings);
        using var stop = new CancellationTokenSource(Deadline);
        var done = 0;
        var members = Enumerable.Range(0, 3).Select(_ => Task.Run(async () =>
        {
            List<long> versions = [];
            try
            {
                await foreach (var delivery in Groups.ConsumeAsync(stream, "g", 5, stop.Token))
                {
                    versions.Add(delivery.Event.Version);
                    await delivery.AcknowledgeAsync();
                    if (Interlocked.Increment(ref done) == 100)
                    {
                        await stop.CancelAsync();
                    }
                }
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return versions;
            }

            return versions;
        })).ToArray();
        var all = (await Task.WhenAll(members)).SelectMany(v => v).ToList();
        all.Should().BeEquivalentTo(Enumerable.Range(0, 100).Select(v => (long)v));
    }

    [Test]
    public async Task what_is_to_be_retried_comes_again_and_is_parked_after_the_last_retry()
    {
        var stream = Harness.NewStream();
        await Store.AppendAsync(stream, ExpectedVersion.NoStream, Harness.NewEvents(1));
        await Groups.CreateAsync(stream, "g", Settings with { MaxRetries = 2 });
        List<int> retries = [];
        await ConsumeAsync(stream, 3, d =>
        {
            retries.Add(d.Retries);
            return d.RetryAsync("not now");
        });
        retries.Should().Equal(0, 1, 2);
        await UntilAsync(async () => (await Groups.GetAsync(stream, "g")).Parked == 1, "the event is parked");
        (await ListAsync(Groups.ReadParkedAsync(stream, "g"))).Single().Version.Should().Be(0);
    }

    [Test]
    public async Task what_is_parked_is_listed_and_comes_again_when_it_is_replayed()
    {
        var stream = Harness.NewStream();
        var events = Harness.NewEvents(3);
        await Store.AppendAsync(stream, ExpectedVersion.NoStream, events);
        await Groups.CreateAsync(stream, "g", Settings);
        await ConsumeAsync(stream, 3, d => d.Event.Version == 2 ? d.AcknowledgeAsync() : d.ParkAsync("unreadable"));
        await UntilAsync(async () => (await Groups.GetAsync(stream, "g")).Parked == 2, "two are parked");
        (await ListAsync(Groups.ReadParkedAsync(stream, "g"))).Select(e => e.Id).Should().Equal(events[0].Id, events[1].Id);
        await Groups.ReplayParkedAsync(stream, "g");
        (await ConsumeAsync(stream, 2, d => d.AcknowledgeAsync())).Should().BeEquivalentTo(new long[] { 0, 1 });
        await UntilAsync(async () => (await Groups.GetAsync(stream, "g")).Parked == 0, "none is parked");
    }

    [Test]
    public async Task what_is_not_answered_in_time_comes_again()
    {
        var stream = Harness.NewStream();
        await Store.AppendAsync(stream, ExpectedVersion.NoStream, Harness.NewEvents(1));
        await Groups.CreateAsync(stream, "g", Settings with { MessageTimeout = TimeSpan.FromMilliseconds(200) });
        var deliveries = 0;
        var versions = await ConsumeAsync(stream, 2, d => ++deliveries == 1 ? Task.CompletedTask : d.AcknowledgeAsync());
        versions.Should().Equal(0, 0);
    }

    [Test]
    public async Task what_a_leaving_member_left_unanswered_goes_to_another()
    {
        var stream = Harness.NewStream();
        await Store.AppendAsync(stream, ExpectedVersion.NoStream, Harness.NewEvents(3));
        await Groups.CreateAsync(stream, "g", Settings);
        (await ConsumeAsync(stream, 3, _ => Task.CompletedTask)).Should().Equal(0, 1, 2);
        (await ConsumeAsync(stream, 3, d => d.AcknowledgeAsync())).Should().BeEquivalentTo(new long[] { 0, 1, 2 });
    }

    [Test]
    public async Task a_member_holds_no_more_than_its_buffer()
    {
        var stream = Harness.NewStream();
        await Store.AppendAsync(stream, ExpectedVersion.NoStream, Harness.NewEvents(30));
        await Groups.CreateAsync(stream, "g", Settings);
        var most = 0L;
        await ConsumeAsync(stream, 30, async d =>
        {
            most = Math.Max(most, (await Groups.GetAsync(stream, "g")).InFlight);
            await d.AcknowledgeAsync();
        }, bufferSize: 4);
        most.Should().BeInRange(1, 4);
    }

    [Test]
    public async Task waiting_gives_events_as_they_come()
    {
        var stream = Harness.NewStream();
        await Groups.CreateAsync(stream, "g", Settings);
        var consume = ConsumeAsync(stream, 5, d => d.AcknowledgeAsync());
        for (var i = 0; i < 5; i++)
        {
            await Store.AppendAsync(stream, ExpectedVersion.Exact(i - 1), Harness.NewEvents(1));
        }

        (await consume).Should().Equal(0, 1, 2, 3, 4);
    }

    [Test]
    public async Task what_is_done_stays_done_over_a_restart_and_the_rest_is_delivered_at_least_once()
    {
        var stream = Harness.NewStream();
        await Store.AppendAsync(stream, ExpectedVersion.NoStream, Harness.NewEvents(6));
        await Groups.CreateAsync(stream, "g", Settings);

        // 0 and 1 are done, 2 is parked, 3 is open, 4 is done ahead of it, 5 asks to come again.
        await ConsumeAsync(stream, 6, d => d.Event.Version switch
        {
            2 => d.ParkAsync("no"),
            3 => Task.CompletedTask,
            5 => AskAgainAsync(d),
            _ => d.AcknowledgeAsync(),
        });
        await RestartAsync();

        // EventStoreDB answers before it has counted anew what is parked.
        await UntilAsync(async () => (await Groups.GetAsync(stream, "g")).Parked == 1, "what is parked is still there");
        (await Groups.GetAsync(stream, "g")).LastAcknowledged.Should().BeLessThanOrEqualTo(2);

        // EventStoreDB remembers only up to where everything is done, so that 4 may come again.
        (await ConsumeAsync(stream, v => v.Contains(3) && v.Contains(5), d => d.AcknowledgeAsync())).Should().OnlyContain(v => v >= 3);
        await UntilAsync(async () => (await Groups.GetAsync(stream, "g")).LastAcknowledged == 5, "all is done");

        // Answers may get lost when a member leaves; it stays until they have arrived.
        async Task AskAgainAsync(ConsumerDelivery delivery)
        {
            await delivery.RetryAsync("later");
            await UntilAsync(async () => (await Groups.GetAsync(stream, "g")).LastAcknowledged == 2, "the group's state is written");
        }
    }

    /// <summary>Takes so many deliveries as one member, answers each, and leaves.</summary>
    private Task<List<long>> ConsumeAsync(string stream, int count, Func<ConsumerDelivery, Task> answer, int bufferSize = 10) =>
        ConsumeAsync(stream, v => v.Count == count, answer, bufferSize);

    private async Task<List<long>> ConsumeAsync(string stream, Func<List<long>, bool> enough, Func<ConsumerDelivery, Task> answer, int bufferSize = 10)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        List<long> versions = [];
        await foreach (var delivery in Groups.ConsumeAsync(stream, "g", bufferSize, deadline.Token))
        {
            versions.Add(delivery.Event.Version);
            await answer(delivery);
            if (enough(versions))
            {
                break;
            }
        }

        return versions;
    }
}
