using AIaaS.EventStore;

namespace EventStore.Tests.Contract;

public abstract class Deleting<THarness> : EventStoreContract<THarness>
    where THarness : EventStoreHarness, new()
{
    [Test]
    public async Task a_stream_makes_it_not_found_and_its_versions_go_on_when_it_is_written_again()
    {
        var stream = Harness.NewStream();
        await Store.AppendAsync(stream, ExpectedVersion.NoStream, Harness.NewEvents(3));
        await Store.DeleteStreamAsync(stream, ExpectedVersion.Exact(2));
        var read = () => ListAsync(Store.ReadStreamAsync(stream));
        await read.Should().ThrowAsync<StreamNotFoundException>();
        (await Store.AppendAsync(stream, ExpectedVersion.NoStream, Harness.NewEvents(2))).Version.Should().Be(4);
        (await read()).Select(e => e.Version).Should().Equal(3, 4);
        (await ListAsync(Store.ReadStreamAsync(stream, ReadDirection.Backwards, long.MaxValue))).Select(e => e.Version).Should().Equal(4, 3);
    }

    [Test]
    public async Task at_another_version_conflicts_and_deletes_nothing()
    {
        var stream = Harness.NewStream();
        await Store.AppendAsync(stream, ExpectedVersion.NoStream, Harness.NewEvents(3));
        var delete = () => Store.DeleteStreamAsync(stream, ExpectedVersion.Exact(1));
        await delete.Should().ThrowAsync<WrongExpectedVersionException>();
        var tombstone = () => Store.TombstoneStreamAsync(stream, ExpectedVersion.Exact(1));
        await tombstone.Should().ThrowAsync<WrongExpectedVersionException>();
        (await ListAsync(Store.ReadStreamAsync(stream))).Should().HaveCount(3);
    }

    [Test]
    public async Task for_good_closes_the_name_for_reads_and_writes()
    {
        var stream = Harness.NewStream();
        await Store.AppendAsync(stream, ExpectedVersion.NoStream, Harness.NewEvents(1));
        await Store.TombstoneStreamAsync(stream, ExpectedVersion.Any);
        var read = () => ListAsync(Store.ReadStreamAsync(stream));
        await read.Should().ThrowAsync<StreamTombstonedException>();
        foreach (var expected in new[] { ExpectedVersion.Any, ExpectedVersion.NoStream, ExpectedVersion.Exact(0) })
        {
            var append = () => Store.AppendAsync(stream, expected, Harness.NewEvents(1));
            await append.Should().ThrowAsync<StreamTombstonedException>();
        }
    }

    [Test]
    public async Task holds_after_a_restart()
    {
        var (deleted, tombstoned) = (Harness.NewStream(), Harness.NewStream());
        await Store.AppendAsync(deleted, ExpectedVersion.NoStream, Harness.NewEvents(3));
        await Store.AppendAsync(tombstoned, ExpectedVersion.NoStream, Harness.NewEvents(3));
        await Store.DeleteStreamAsync(deleted, ExpectedVersion.Any);
        await Store.TombstoneStreamAsync(tombstoned, ExpectedVersion.Any);
        await RestartAsync();
        var readDeleted = () => ListAsync(Store.ReadStreamAsync(deleted));
        await readDeleted.Should().ThrowAsync<StreamNotFoundException>();
        var readTombstoned = () => ListAsync(Store.ReadStreamAsync(tombstoned));
        await readTombstoned.Should().ThrowAsync<StreamTombstonedException>();
        (await Store.AppendAsync(deleted, ExpectedVersion.Any, Harness.NewEvents(1))).Version.Should().Be(3);
    }
}
