using AIaaS.EventStore;

namespace EventStore.Tests.Contract;

public abstract class Keeping_by_metadata<THarness> : EventStoreContract<THarness>
    where THarness : EventStoreHarness, new()
{
    [Test]
    public async Task is_unset_at_first_and_reads_back_as_it_was_set()
    {
        var stream = Harness.NewStream();
        (await Store.GetStreamMetadataAsync(stream)).Should().Be(new StreamMetadata());
        var metadata = new StreamMetadata(7, TimeSpan.FromHours(2));
        await Store.SetStreamMetadataAsync(stream, metadata);
        (await Store.GetStreamMetadataAsync(stream)).Should().Be(metadata);
        await Store.SetStreamMetadataAsync(stream, new StreamMetadata());
        (await Store.GetStreamMetadataAsync(stream)).Should().Be(new StreamMetadata());
    }

    [Test]
    public async Task by_count_reads_only_the_newest_at_once()
    {
        var stream = Harness.NewStream();
        await Store.AppendAsync(stream, ExpectedVersion.NoStream, Harness.NewEvents(5));
        await Store.SetStreamMetadataAsync(stream, new StreamMetadata(MaxCount: 2));
        (await ListAsync(Store.ReadStreamAsync(stream))).Select(e => e.Version).Should().Equal(3, 4);
        await Store.AppendAsync(stream, ExpectedVersion.Exact(4), Harness.NewEvents(1));
        (await ListAsync(Store.ReadStreamAsync(stream))).Select(e => e.Version).Should().Equal(4, 5);
        (await ListAsync(Store.ReadStreamAsync(stream, ReadDirection.Backwards, long.MaxValue))).Select(e => e.Version).Should().Equal(5, 4);
    }

    [Test]
    public async Task by_age_reads_only_the_young()
    {
        var stream = Harness.NewStream();
        await Store.SetStreamMetadataAsync(stream, new StreamMetadata(MaxAge: TimeSpan.FromSeconds(1)));
        await Store.AppendAsync(stream, ExpectedVersion.NoStream, Harness.NewEvents(2));
        await UntilAsync(async () => (await ListAsync(Store.ReadStreamAsync(stream))).Count == 0, "two events expire");
        (await Store.AppendAsync(stream, ExpectedVersion.Exact(1), Harness.NewEvents(1))).Version.Should().Be(2);
    }

    [Test]
    public async Task before_the_first_event_leaves_the_stream_without_events()
    {
        var stream = Harness.NewStream();
        await Store.SetStreamMetadataAsync(stream, new StreamMetadata(MaxCount: 1));
        (await Store.AppendAsync(stream, ExpectedVersion.NoStream, Harness.NewEvents(3))).Version.Should().Be(2);
        (await ListAsync(Store.ReadStreamAsync(stream))).Single().Version.Should().Be(2);
    }

    [Test]
    public async Task holds_after_a_restart()
    {
        var stream = Harness.NewStream();
        await Store.AppendAsync(stream, ExpectedVersion.NoStream, Harness.NewEvents(5));
        await Store.SetStreamMetadataAsync(stream, new StreamMetadata(MaxCount: 2));
        await RestartAsync();
        (await ListAsync(Store.ReadStreamAsync(stream))).Select(e => e.Version).Should().Equal(3, 4);
    }
}
