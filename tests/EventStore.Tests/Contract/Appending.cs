using AIaaS.EventStore;

namespace EventStore.Tests.Contract;

public abstract class Appending<THarness> : EventStoreContract<THarness>
    where THarness : EventStoreHarness, new()
{
    [Test]
    public async Task returns_the_version_and_a_position_that_grows()
    {
        var stream = Harness.NewStream();
        var first = await Store.AppendAsync(stream, ExpectedVersion.NoStream, Harness.NewEvents(3));
        var second = await Store.AppendAsync(stream, ExpectedVersion.Exact(2), Harness.NewEvents(2));
        first.Version.Should().Be(2);
        second.Version.Should().Be(4);
        second.Position.Should().BeGreaterThan(first.Position);
    }

    [Test]
    public async Task keeps_every_byte_and_field()
    {
        var stream = Harness.NewStream();
        var binary = new byte[] { 0, 1, 2, 255, 254, 0 };
        NewEvent[] events =
        [
            Harness.NewEvent("{\"text\":\"größer ✓\"}"),
            new(Harness.NewId(), $"{Harness.Prefix}.binary", binary, ReadOnlyMemory<byte>.Empty, IsJson: false),
            new(Harness.NewId(), $"{Harness.Prefix}.empty", ReadOnlyMemory<byte>.Empty, "{}"u8.ToArray(), IsJson: false),
        ];
        var before = DateTimeOffset.FromUnixTimeMilliseconds(TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds());
        var result = await Store.AppendAsync(stream, ExpectedVersion.NoStream, events);
        var read = await ListAsync(Store.ReadStreamAsync(stream));
        read.Select(e => e.Id).Should().Equal(events.Select(e => e.Id));
        read.Select(e => e.Type).Should().Equal(events.Select(e => e.Type));
        read.Select(e => e.Version).Should().Equal(0, 1, 2);
        read.Select(e => e.IsJson).Should().Equal(true, false, false);
        read.Select(e => Convert.ToHexString(e.Data.Span)).Should().Equal(events.Select(e => Convert.ToHexString(e.Data.Span)));
        read.Take(1).Select(e => Convert.ToHexString(e.Metadata.Span)).Should().Equal(events.Take(1).Select(e => Convert.ToHexString(e.Metadata.Span)));
        read.Should().OnlyContain(e => e.Stream == stream && e.Recorded >= before && e.Recorded.Offset == TimeSpan.Zero);
        read[^1].Position.Should().Be(result.Position);
    }

    [Test]
    public async Task does_not_keep_the_memory_of_the_writer()
    {
        var stream = Harness.NewStream();
        var data = "{\"a\":1}"u8.ToArray();
        using var deadline = new CancellationTokenSource(Deadline);
        await using var live = Store.SubscribeToStreamAsync(stream, cancellationToken: deadline.Token).GetAsyncEnumerator(deadline.Token);
        await Store.AppendAsync(stream, ExpectedVersion.NoStream, [new(Harness.NewId(), $"{Harness.Prefix}.a", data, default)]);
        Array.Clear(data);
        var read = await ListAsync(Store.ReadStreamAsync(stream));
        read.Single().Data.ToArray().Should().Equal("{\"a\":1}"u8.ToArray());
    }

    [Test]
    public async Task at_another_version_conflicts_with_the_actual_one_and_writes_nothing()
    {
        var stream = Harness.NewStream();
        await Store.AppendAsync(stream, ExpectedVersion.NoStream, Harness.NewEvents(2));
        foreach (var expected in new[] { ExpectedVersion.NoStream, ExpectedVersion.Exact(0), ExpectedVersion.Exact(7) })
        {
            var append = () => Store.AppendAsync(stream, expected, Harness.NewEvents(1));
            var thrown = (await append.Should().ThrowAsync<WrongExpectedVersionException>()).Which;
            thrown.Actual.Should().Be(1);
            thrown.Stream.Should().Be(stream);
            thrown.Expected.Should().Be(expected);
        }

        (await ListAsync(Store.ReadStreamAsync(stream))).Should().HaveCount(2);
    }

    [Test]
    public async Task to_a_stream_that_must_exist_conflicts_when_it_does_not()
    {
        var stream = Harness.NewStream();
        foreach (var expected in new[] { ExpectedVersion.StreamExists, ExpectedVersion.Exact(0) })
        {
            var append = () => Store.AppendAsync(stream, expected, Harness.NewEvents(1));
            (await append.Should().ThrowAsync<WrongExpectedVersionException>()).Which.Actual.Should().Be(-1);
        }

        await Store.AppendAsync(stream, ExpectedVersion.Any, Harness.NewEvents(1));
        (await Store.AppendAsync(stream, ExpectedVersion.StreamExists, Harness.NewEvents(1))).Version.Should().Be(1);
    }

    [Test]
    public async Task the_same_ids_at_the_same_version_again_returns_the_first_result()
    {
        var stream = Harness.NewStream();
        var first = Harness.NewEvents(3);
        var second = Harness.NewEvents(2);
        var one = await Store.AppendAsync(stream, ExpectedVersion.NoStream, first);
        var two = await Store.AppendAsync(stream, ExpectedVersion.Exact(2), second);
        await Store.AppendAsync(stream, ExpectedVersion.Exact(4), Harness.NewEvents(1));
        var oneAgain = await Store.AppendAsync(stream, ExpectedVersion.NoStream, first);
        var twoAgain = await Store.AppendAsync(stream, ExpectedVersion.Exact(2), second);
        oneAgain.Version.Should().Be(one.Version);
        twoAgain.Version.Should().Be(two.Version);
        (await ListAsync(Store.ReadStreamAsync(stream))).Should().HaveCount(6);
    }

    [Test]
    public async Task the_same_ids_at_the_same_version_after_a_restart_returns_the_first_result()
    {
        var stream = Harness.NewStream();
        var events = Harness.NewEvents(3);
        var first = await Store.AppendAsync(stream, ExpectedVersion.NoStream, events);
        await RestartAsync();
        var again = await Store.AppendAsync(stream, ExpectedVersion.NoStream, events);
        again.Version.Should().Be(first.Version);
        (await ListAsync(Store.ReadStreamAsync(stream))).Should().HaveCount(3);
    }

    [Test]
    public async Task a_part_of_an_earlier_append_with_something_new_conflicts()
    {
        var stream = Harness.NewStream();
        var events = Harness.NewEvents(2);
        await Store.AppendAsync(stream, ExpectedVersion.NoStream, events);
        var append = () => Store.AppendAsync(stream, ExpectedVersion.NoStream, [events[0], Harness.NewEvent()]);
        await append.Should().ThrowAsync<WrongExpectedVersionException>();
        var longer = () => Store.AppendAsync(stream, ExpectedVersion.NoStream, [.. events, Harness.NewEvent()]);
        await longer.Should().ThrowAsync<WrongExpectedVersionException>();
        (await ListAsync(Store.ReadStreamAsync(stream))).Should().HaveCount(2);
    }

    [Test]
    public async Task recent_ids_again_at_any_version_writes_them_once()
    {
        var stream = Harness.NewStream();
        var events = Harness.NewEvents(2);
        var first = await Store.AppendAsync(stream, ExpectedVersion.Any, events);
        var again = await Store.AppendAsync(stream, ExpectedVersion.Any, events);
        again.Version.Should().Be(first.Version);
        (await ListAsync(Store.ReadStreamAsync(stream))).Should().HaveCount(2);
    }

    [Test]
    public async Task the_same_id_in_two_streams_writes_it_to_both()
    {
        var (one, two) = (Harness.NewStream(), Harness.NewStream());
        var events = Harness.NewEvents(1);
        await Store.AppendAsync(one, ExpectedVersion.Any, events);
        await Store.AppendAsync(two, ExpectedVersion.Any, events);
        (await ListAsync(Store.ReadStreamAsync(one))).Should().HaveCount(1);
        (await ListAsync(Store.ReadStreamAsync(two))).Should().HaveCount(1);
    }

    [Test]
    public async Task by_many_writers_at_expected_versions_lets_exactly_one_win_each_version()
    {
        var stream = Harness.NewStream();
        const int rounds = 20;
        var won = new int[rounds];
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            for (var version = 0; version < rounds; version++)
            {
                try
                {
                    await Store.AppendAsync(stream, ExpectedVersion.Exact(version - 1), Harness.NewEvents(1));
                    Interlocked.Increment(ref won[version]);
                }
                catch (WrongExpectedVersionException e)
                {
                    e.Actual.Should().BeGreaterThanOrEqualTo(version);
                }
            }
        })));
        won.Should().OnlyContain(w => w == 1);
        (await ListAsync(Store.ReadStreamAsync(stream))).Select(e => e.Version).Should().Equal(Enumerable.Range(0, rounds).Select(v => (long)v));
    }

    [Test]
    public async Task by_many_writers_to_one_stream_at_any_version_loses_nothing()
    {
        var stream = Harness.NewStream();
        var batches = Enumerable.Range(0, 50).Select(_ => Harness.NewEvents(4)).ToArray();
        await Task.WhenAll(batches.Select(b => Store.AppendAsync(stream, ExpectedVersion.Any, b)));
        var read = await ListAsync(Store.ReadStreamAsync(stream));
        read.Select(e => e.Version).Should().Equal(Enumerable.Range(0, 200).Select(v => (long)v));
        read.Chunk(4).Select(c => c[0].Id).Should().BeEquivalentTo(batches.Select(b => b[0].Id));
        read.Chunk(4).Should().OnlyContain(c => batches.Any(b => b.Select(e => e.Id).SequenceEqual(c.Select(e => e.Id))));
    }

    [Test]
    public async Task outside_the_limits_names_every_fault_and_writes_nothing()
    {
        var stream = Harness.NewStream();
        var append = () => Store.AppendAsync(stream, ExpectedVersion.Any,
        [
            new(Guid.Empty, "$system", default, default),
            new(Harness.NewId(), "with space", default, "[1]"u8.ToArray()),
            new(Harness.NewId(), "broken", default, "{\"a\":"u8.ToArray()),
        ]);
        var faults = (await append.Should().ThrowAsync<InvalidAppendException>()).Which.Faults;
        faults.Should().HaveCount(5);
        var read = () => ListAsync(Store.ReadStreamAsync(stream));
        await read.Should().ThrowAsync<StreamNotFoundException>();
    }

    [Test]
    public async Task metadata_with_a_text_that_is_not_UTF_8_are_refused()
    {
        var append = () => Store.AppendAsync(Harness.NewStream(), ExpectedVersion.Any, [Harness.NewEvent() with { Metadata = new byte[] { 0x7B, 0x22, 0x61, 0x22, 0x3A, 0x22, 0xFF, 0x22, 0x7D } }]);
        (await append.Should().ThrowAsync<InvalidAppendException>()).Which.Faults.Should().ContainSingle().Which.Should().Contain("UTF-8");
    }

    [Test]
    public async Task an_event_of_exactly_the_largest_size_is_taken_and_one_byte_more_is_not()
    {
        var stream = Harness.NewStream();
        // Data and metadata count together; a little room is left for what a server adds to an append.
        var largest = new byte[EventStoreLimits.MaxEventBytes - 1024];
        await Store.AppendAsync(stream, ExpectedVersion.Any, [new(Harness.NewId(), $"{Harness.Prefix}.big", largest, default, IsJson: false)]);
        (await ListAsync(Store.ReadStreamAsync(stream))).Single().Data.Length.Should().Be(largest.Length);
        var append = () => Store.AppendAsync(stream, ExpectedVersion.Any, [new(Harness.NewId(), $"{Harness.Prefix}.big", new byte[EventStoreLimits.MaxEventBytes + 1], default, IsJson: false)]);
        await append.Should().ThrowAsync<InvalidAppendException>();
    }

    [Test]
    public async Task nothing_or_too_much_at_once_or_to_a_bad_name_is_refused()
    {
        foreach (var (stream, events) in new (string, NewEvent[])[]
        {
            (Harness.NewStream(), []),
            (Harness.NewStream(), Harness.NewEvents(EventStoreLimits.MaxBatchEvents + 1)),
            ("", Harness.NewEvents(1)),
            ("$all", Harness.NewEvents(1)),
            (new string('x', 201), Harness.NewEvents(1)),
            ("a\nb", Harness.NewEvents(1)),
        })
        {
            var append = () => Store.AppendAsync(stream, ExpectedVersion.Any, events);
            await append.Should().ThrowAsync<InvalidAppendException>();
        }
    }

    [Test]
    public async Task the_largest_number_of_events_at_once_keeps_them_together()
    {
        var stream = Harness.NewStream();
        var result = await Store.AppendAsync(stream, ExpectedVersion.NoStream, Harness.NewEvents(EventStoreLimits.MaxBatchEvents));
        result.Version.Should().Be(EventStoreLimits.MaxBatchEvents - 1);
        (await ListAsync(Store.ReadStreamAsync(stream))).Should().HaveCount(EventStoreLimits.MaxBatchEvents);
    }
}
