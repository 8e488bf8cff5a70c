using AIaaS.EventStore;

namespace EventStore.Tests.Contract;

public abstract class Reading<THarness> : EventStoreContract<THarness>
    where THarness : EventStoreHarness, new()
{
    [Test]
    public async Task a_stream_that_was_never_written_is_not_found()
    {
        var stream = Harness.NewStream();
        foreach (var direction in Enum.GetValues<ReadDirection>())
        {
            var read = () => ListAsync(Store.ReadStreamAsync(stream, direction));
            (await read.Should().ThrowAsync<StreamNotFoundException>()).Which.Stream.Should().Be(stream);
        }
    }

    [TestCase(ReadDirection.Forwards, 0, long.MaxValue, 0, 9)]
    [TestCase(ReadDirection.Forwards, 4, 3, 4, 6)]
    [TestCase(ReadDirection.Forwards, 9, 5, 9, 9)]
    [TestCase(ReadDirection.Backwards, long.MaxValue, long.MaxValue, 9, 0)]
    [TestCase(ReadDirection.Backwards, 4, 3, 4, 2)]
    [TestCase(ReadDirection.Backwards, 0, 5, 0, 0)]
    public async Task a_stream_gives_the_versions_asked_for(ReadDirection direction, long from, long most, int first, int last)
    {
        var stream = Harness.NewStream();
        await Store.AppendAsync(stream, ExpectedVersion.NoStream, Harness.NewEvents(10));
        var expected = direction is ReadDirection.Forwards
            ? Enumerable.Range(first, last - first + 1)
            : Enumerable.Range(last, first - last + 1).Reverse();
        (await ListAsync(Store.ReadStreamAsync(stream, direction, from, most))).Select(e => e.Version).Should().Equal(expected.Select(v => (long)v));
    }

    [Test]
    public async Task a_stream_from_behind_its_end_gives_nothing()
    {
        var stream = Harness.NewStream();
        await Store.AppendAsync(stream, ExpectedVersion.NoStream, Harness.NewEvents(2));
        (await ListAsync(Store.ReadStreamAsync(stream, from: 2))).Should().BeEmpty();
    }

    [Test]
    public async Task a_long_stream_comes_whole_and_in_order_in_both_directions()
    {
        var stream = Harness.NewStream();
        for (var i = 0; i < 6; i++)
        {
            await Store.AppendAsync(stream, ExpectedVersion.Exact((i * 1000) - 1), Harness.NewEvents(1000));
        }

        var all = Enumerable.Range(0, 6000).Select(v => (long)v).ToList();
        (await ListAsync(Store.ReadStreamAsync(stream))).Select(e => e.Version).Should().Equal(all);
        all.Reverse();
        (await ListAsync(Store.ReadStreamAsync(stream, ReadDirection.Backwards, long.MaxValue))).Select(e => e.Version).Should().Equal(all);
    }

    [Test]
    public async Task the_whole_log_gives_each_stream_in_its_order_and_positions_that_grow()
    {
        var (one, two) = (Harness.NewStream(), Harness.NewStream());
        await Store.AppendAsync(one, ExpectedVersion.Any, Harness.NewEvents(2));
        await Store.AppendAsync(two, ExpectedVersion.Any, Harness.NewEvents(2));
        await Store.AppendAsync(one, ExpectedVersion.Any, Harness.NewEvents(1));
        var forwards = await ListAsync(Store.ReadAllAsync(filter: EventFilter.Streams(Harness.Prefix)));
        forwards.Select(e => (e.Stream, e.Version)).Should().Equal((one, 0), (one, 1), (two, 0), (two, 1), (one, 2));
        forwards.Select(e => e.Position).Should().BeInAscendingOrder().And.OnlyHaveUniqueItems();
        var backwards = await ListAsync(Store.ReadAllAsync(ReadDirection.Backwards, LogPosition.End, EventFilter.Streams(Harness.Prefix)));
        backwards.Select(e => e.Id).Should().Equal(forwards.Select(e => e.Id).Reverse());
    }

    [Test]
    public async Task the_whole_log_from_a_position_begins_with_the_event_there()
    {
        var stream = Harness.NewStream();
        await Store.AppendAsync(stream, ExpectedVersion.Any, Harness.NewEvents(5));
        var all = await ListAsync(Store.ReadStreamAsync(stream));
        var filter = EventFilter.Streams(Harness.Prefix);
        (await ListAsync(Store.ReadAllAsync(from: all[2].Position, filter: filter))).Select(e => e.Version).Should().Equal(2, 3, 4);
        (await ListAsync(Store.ReadAllAsync(ReadDirection.Backwards, all[2].Position, filter))).Select(e => e.Version).Should().Equal(2, 1, 0);
        (await ListAsync(Store.ReadAllAsync(from: all[1].Position, filter: filter, maxCount: 2))).Select(e => e.Version).Should().Equal(1, 2);
        (await ListAsync(Store.ReadAllAsync(ReadDirection.Backwards, all[3].Position, filter, 2))).Select(e => e.Version).Should().Equal(3, 2);
        (await ListAsync(Store.ReadAllAsync(from: LogPosition.End, filter: filter))).Should().BeEmpty();
        (await ListAsync(Store.ReadAllAsync(ReadDirection.Backwards, LogPosition.Start, filter))).Should().BeEmpty();
    }

    [Test]
    public async Task the_whole_log_filtered_by_type_gives_those_whose_type_begins_so()
    {
        var stream = Harness.NewStream();
        await Store.AppendAsync(stream, ExpectedVersion.Any,
            [Harness.NewEvent(type: "run.started"), Harness.NewEvent(type: "runner"), Harness.NewEvent(type: "call.made"), Harness.NewEvent(type: "run.completed")]);
        var filter = EventFilter.Types($"{Harness.Prefix}.run.", $"{Harness.Prefix}.call.");
        (await ListAsync(Store.ReadAllAsync(filter: filter))).Select(e => e.Version).Should().Equal(0, 2, 3);
    }

    [Test]
    public async Task a_rare_event_is_found_in_a_long_log()
    {
        var (common, rare) = (Harness.NewStream(), Harness.NewStream());
        for (var i = 0; i < 12; i++)
        {
            await Store.AppendAsync(common, ExpectedVersion.Any, Harness.NewEvents(1000));
        }

        await Store.AppendAsync(rare, ExpectedVersion.Any, [Harness.NewEvent(type: "rare")]);
        await Store.AppendAsync(common, ExpectedVersion.Any, Harness.NewEvents(10));
        (await ListAsync(Store.ReadAllAsync(filter: EventFilter.Types($"{Harness.Prefix}.rare")))).Single().Stream.Should().Be(rare);
        (await ListAsync(Store.ReadAllAsync(ReadDirection.Backwards, LogPosition.End, EventFilter.Streams(rare)))).Single().Stream.Should().Be(rare);
    }

    [Test]
    public async Task the_head_is_at_or_behind_what_was_appended()
    {
        var result = await Store.AppendAsync(Harness.NewStream(), ExpectedVersion.Any, Harness.NewEvents(3));
        (await Store.GetHeadAsync()).Should().BeGreaterThanOrEqualTo(result.Position);
    }

    [Test]
    public async Task everything_is_there_after_a_restart()
    {
        var stream = Harness.NewStream();
        var events = Harness.NewEvents(3);
        var result = await Store.AppendAsync(stream, ExpectedVersion.Any, events);
        await RestartAsync();
        (await ListAsync(Store.ReadStreamAsync(stream))).Select(e => e.Id).Should().Equal(events.Select(e => e.Id));
        (await Store.AppendAsync(stream, ExpectedVersion.Exact(2), Harness.NewEvents(1))).Position.Should().BeGreaterThan(result.Position);
    }
}
