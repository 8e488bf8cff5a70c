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

    [Test]
    public async Task hide_no_younger_ones_from_a_subscriber()
    {
        using var folder = new TempFolder();
        var time = new Clock();
        await using var store = EmbeddedEventStore.Open(folder.Path, new Tuning { PageEvents = 4, ScavengePeriod = TimeSpan.FromDays(1) }, time, NullLoggerFactory.Instance);
        await store.SetStreamMetadataAsync("s", new StreamMetadata(MaxAge: TimeSpan.FromMinutes(1)));
        await store.AppendAsync("s", ExpectedVersion.NoStream, Harness.NewEvents(10));
        time.Now += TimeSpan.FromMinutes(2);
        await store.AppendAsync("s", ExpectedVersion.Exact(9), Harness.NewEvents(2));
        var messages = await TakeUntilAsync(c => store.SubscribeToStreamAsync("s", cancellationToken: c), m => m[^1].Kind is SubscriptionMessageKind.CaughtUp);
        messages.Where(IsEvent).Select(m => m.Event!.Version).Should().Equal(10, 11);
    }

    [Test]
    public async Task are_still_recognised_when_their_append_is_repeated()
    {
        using var folder = new TempFolder();
        var events = Harness.NewEvents(3);
        AppendResult first;
        await using (var store = EmbeddedEventStore.Open(folder.Path, new Tuning(), TimeProvider.System, NullLoggerFactory.Instance))
        {
            first = await store.AppendAsync("s", ExpectedVersion.NoStream, events);
            await store.SetStreamMetadataAsync("s", new StreamMetadata(MaxCount: 1));
            await store.Scavenger.ScavengeAllAsync(default);
        }

        await using var opened = EmbeddedEventStore.Open(folder.Path, new Tuning(), TimeProvider.System, NullLoggerFactory.Instance);
        (await opened.AppendAsync("s", ExpectedVersion.NoStream, events)).Should().Be(first with { Repeated = true });
    }

    private sealed class Clock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
