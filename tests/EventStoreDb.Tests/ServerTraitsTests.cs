using System.Diagnostics;
using AIaaS.EventStore;
using EventStore.Tests.Contract;

namespace AIaaS.EventStoreDb.Tests;

public sealed class The_position_of_an_append : EventStoreContract<EventStoreDbHarness>
{
    [Test]
    public async Task is_that_of_its_last_event_wherever_it_is_read()
    {
        var stream = Harness.NewStream();
        var result = await Store.AppendAsync(stream, ExpectedVersion.NoStream, Harness.NewEvents(5));
        var inStream = await ListAsync(Store.ReadStreamAsync(stream));
        var inAll = await ListAsync(Store.ReadAllAsync(filter: EventFilter.Streams(stream)));
        inStream[^1].Position.Should().Be(result.Position);
        inAll.Select(e => e.Position).Should().Equal(inStream.Select(e => e.Position));
        var subscribed = await TakeUntilAsync(c => Store.SubscribeToStreamAsync(stream, cancellationToken: c), m => m.Count(IsEvent) == 5);
        subscribed.Where(IsEvent).Select(m => m.Position).Should().Equal(inStream.Select(e => e.Position));
    }

    [Test]
    public async Task is_the_same_when_the_append_is_repeated()
    {
        var stream = Harness.NewStream();
        var events = Harness.NewEvents(3);
        var first = await Store.AppendAsync(stream, ExpectedVersion.NoStream, events);
        await Store.AppendAsync(stream, ExpectedVersion.Exact(2), Harness.NewEvents(2));
        (await Store.AppendAsync(stream, ExpectedVersion.NoStream, events)).Position.Should().Be(first.Position);
        var atAny = Harness.NewEvents(2);
        var second = await Store.AppendAsync(stream, ExpectedVersion.Any, atAny);
        (await Store.AppendAsync(stream, ExpectedVersion.Any, atAny)).Position.Should().Be(second.Position);
    }
}

public sealed class Metadata_of_an_event_appended_within_a_trace : EventStoreContract<EventStoreDbHarness>
{
    [Test]
    public async Task stay_as_they_were_given()
    {
        var stream = Harness.NewStream();
        using var activity = new Activity("request").Start();
        await Store.AppendAsync(stream, ExpectedVersion.NoStream, Harness.NewEvents(1));
        Activity.Current.Should().BeSameAs(activity);
        (await ListAsync(Store.ReadStreamAsync(stream))).Single().Metadata.ToArray().Should().Equal("{\"tenant\":\"acme\"}"u8.ToArray());
    }
}

public sealed class A_deleted_stream : EventStoreContract<EventStoreDbHarness>
{
    [Test]
    public async Task does_not_exist_to_a_writer_who_needs_it()
    {
        var stream = Harness.NewStream();
        await Store.AppendAsync(stream, ExpectedVersion.NoStream, Harness.NewEvents(2));
        await Store.DeleteStreamAsync(stream, ExpectedVersion.Any);
        var append = () => Store.AppendAsync(stream, ExpectedVersion.StreamExists, Harness.NewEvents(1));
        (await append.Should().ThrowAsync<WrongExpectedVersionException>()).Which.Actual.Should().Be(-1);
    }

    [Test]
    public async Task takes_a_repeated_first_append_once()
    {
        var stream = Harness.NewStream();
        await Store.AppendAsync(stream, ExpectedVersion.NoStream, Harness.NewEvents(2));
        await Store.DeleteStreamAsync(stream, ExpectedVersion.Any);
        var events = Harness.NewEvents(2);
        var first = await Store.AppendAsync(stream, ExpectedVersion.NoStream, events);
        var again = await Store.AppendAsync(stream, ExpectedVersion.NoStream, events);
        (again.Version, again.Position).Should().Be((first.Version, first.Position));
        (await ListAsync(Store.ReadStreamAsync(stream))).Should().HaveCount(2);
    }

    [Test]
    public async Task keeps_its_events_deleted_when_its_metadata_are_set()
    {
        var stream = Harness.NewStream();
        await Store.AppendAsync(stream, ExpectedVersion.NoStream, Harness.NewEvents(3));
        await Store.DeleteStreamAsync(stream, ExpectedVersion.Any);
        await Store.SetStreamMetadataAsync(stream, new(MaxCount: 10));
        await Store.AppendAsync(stream, ExpectedVersion.Any, Harness.NewEvents(1));
        await Store.SetStreamMetadataAsync(stream, new(MaxCount: 20));
        (await ListAsync(Store.ReadStreamAsync(stream))).Select(e => e.Version).Should().Equal(3);
        (await Store.GetStreamMetadataAsync(stream)).MaxCount.Should().Be(20);
    }
}

public sealed class A_stream_with_nothing_but_metadata : EventStoreContract<EventStoreDbHarness>
{
    [Test]
    public async Task does_not_exist_to_a_writer_who_needs_it()
    {
        var stream = Harness.NewStream();
        await Store.SetStreamMetadataAsync(stream, new(MaxCount: 5));
        var append = () => Store.AppendAsync(stream, ExpectedVersion.StreamExists, Harness.NewEvents(1));
        await append.Should().ThrowAsync<WrongExpectedVersionException>();
    }
}

public sealed class The_servers_own_events : EventStoreContract<EventStoreDbHarness>
{
    [Test]
    public async Task are_in_no_read_and_no_subscription()
    {
        var stream = Harness.NewStream();
        var before = await Store.GetHeadAsync();
        await Store.AppendAsync(stream, ExpectedVersion.NoStream, Harness.NewEvents(1));
        await Store.SetStreamMetadataAsync(stream, new(MaxCount: 5));
        await Store.TombstoneStreamAsync(stream, ExpectedVersion.Any);
        var last = await Store.AppendAsync(Harness.NewStream(), ExpectedVersion.NoStream, Harness.NewEvents(1));
        var messages = await TakeUntilAsync(c => Store.SubscribeToAllAsync(before, null, c), m => m[^1].Position >= last.Position);
        messages.Where(IsEvent).Should().NotContain(m => m.Event!.Type.StartsWith('$') || m.Event.Stream.StartsWith('$'));
        (await ListAsync(Store.ReadAllAsync(from: last.Position))).Should().NotContain(e => e.Type.StartsWith('$') || e.Stream.StartsWith('$'));
        (await ListAsync(Store.ReadAllAsync(filter: EventFilter.Streams(stream)))).Should().NotContain(e => e.Type.StartsWith('$'));
    }
}

public sealed class A_filtered_subscription_that_has_caught_up : EventStoreContract<EventStoreDbHarness>
{
    [Test]
    public async Task passes_each_position_soon_whether_its_event_fits_or_not()
    {
        using var deadline = new CancellationTokenSource(Deadline);
        await using var messages = Store.SubscribeToAllAsync(default, EventFilter.Types($"{Harness.Prefix}.wanted"), deadline.Token).GetAsyncEnumerator(deadline.Token);
        while (await messages.MoveNextAsync() && messages.Current.Kind is not SubscriptionMessageKind.CaughtUp)
        {
            messages.Current.Kind.Should().Be(SubscriptionMessageKind.Checkpoint);
        }

        (messages.Current.Position >= LogPosition.Start).Should().BeTrue();
        for (var i = 0; i < 10; i++)
        {
            var token = (await Store.AppendAsync(Harness.NewStream(), ExpectedVersion.NoStream, Harness.NewEvents(1, "unwanted"))).Position;
            while (messages.Current.Position < token)
            {
                (await messages.MoveNextAsync()).Should().BeTrue();
            }

            messages.Current.Kind.Should().Be(SubscriptionMessageKind.Checkpoint);
        }
    }
}

public sealed class A_subscription_to_a_tombstoned_stream : EventStoreContract<EventStoreDbHarness>
{
    [Test]
    public async Task ends_with_that_reason()
    {
        var stream = Harness.NewStream();
        await Store.AppendAsync(stream, ExpectedVersion.NoStream, Harness.NewEvents(1));
        await Store.TombstoneStreamAsync(stream, ExpectedVersion.Any);
        var subscribe = () => TakeUntilAsync(c => Store.SubscribeToStreamAsync(stream, cancellationToken: c), _ => false);
        await subscribe.Should().ThrowAsync<StreamTombstonedException>();
    }
}

public sealed class A_position_of_another_log : EventStoreContract<EventStoreDbHarness>
{
    [Test]
    public async Task is_refused_with_what_to_do()
    {
        var appended = await Store.AppendAsync(Harness.NewStream(), ExpectedVersion.NoStream, Harness.NewEvents(1));
        var between = new LogPosition(appended.Position.Value - 1);
        var read = () => ListAsync(Store.ReadAllAsync(from: between));
        (await read.Should().ThrowAsync<EventStoreUnavailableException>()).WithMessage($"*{between}*rebuild the read models*");
        var subscribe = () => TakeUntilAsync(c => Store.SubscribeToAllAsync(between, null, c), _ => true);
        (await subscribe.Should().ThrowAsync<EventStoreUnavailableException>()).WithMessage($"*{between}*rebuild the read models*");
    }
}

public sealed class Equal_appends_at_the_same_time : EventStoreContract<EventStoreDbHarness>
{
    [Test]
    public async Task are_written_once_and_all_get_the_first_result()
    {
        for (var round = 0; round < 5; round++)
        {
            var stream = Harness.NewStream();
            var events = Harness.NewEvents(2);
            var results = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Store.AppendAsync(stream, ExpectedVersion.NoStream, events)));
            results.Select(r => (r.Version, r.Position)).Distinct().Should().ContainSingle().Which.Version.Should().Be(1);
            (await ListAsync(Store.ReadStreamAsync(stream))).Should().HaveCount(2);
        }
    }
}
