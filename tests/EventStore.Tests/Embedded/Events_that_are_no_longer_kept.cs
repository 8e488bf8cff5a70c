using AIaaS.EventStore;
using AIaaS.EventStore.Embedded;
using EventStore.Tests.Contract;
using Microsoft.Extensions.Logging.Abstractions;

namespace EventStore.Tests.Embedded;

public sealed class Events_that_are_no_longer_kept : EventStoreContract<EmbeddedHarness>
{
    [Test]
    public async Task leave_the_whole_log_in_the_background()
    {
        var (counted, deleted, kept) = (Harness.NewStream(), Harness.NewStream(), Harness.NewStream());
        await Store.AppendAsync(counted, ExpectedVersion.NoStream, Harness.NewEvents(300));
        await Store.AppendAsync(deleted, ExpectedVersion.NoStream, Harness.NewEvents(1200));
        await Store.AppendAsync(kept, ExpectedVersion.NoStream, Harness.NewEvents(2));
        await Store.SetStreamMetadataAsync(counted, new StreamMetadata(MaxCount: 3));
        await Store.DeleteStreamAsync(deleted, ExpectedVersion.Any);
        await UntilAsync(async () => (await ListAsync(Store.ReadAllAsync())).Count == 5, "five events are left");
        (await ListAsync(Store.ReadAllAsync())).Select(e => (e.Stream, e.Version)).Should().Equal((counted, 297), (counted, 298), (counted, 299), (kept, 0), (kept, 1));
    }

    [Test]
    public async Task never_give_their_position_to_another_event()
    {
        using var folder = new TempFolder();
        LogPosition last;
        await using (var store = EmbeddedEventStore.Open(folder.Path, new Tuning(), TimeProvider.System, NullLoggerFactory.Instance))
        {
            last = (await store.AppendAsync("s", ExpectedVersion.Any, Harness.NewEvents(10))).Position;
            await store.DeleteStreamAsync("s", ExpectedVersion.Any);
            await store.Scavenger.ScavengeAllAsync(default);
        }

        await using var opened = EmbeddedEventStore.Open(folder.Path, new Tuning(), TimeProvider.System, NullLoggerFactory.Instance);
        (await ListAsync(opened.ReadAllAsync())).Should().BeEmpty();
        (await opened.AppendAsync("s", ExpectedVersion.Any, Harness.NewEvents(1))).Should().Match<AppendResult>(r => r.Version == 10 && r.Position > last);
    }
}
