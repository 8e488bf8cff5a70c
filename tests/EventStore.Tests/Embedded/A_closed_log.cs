using AIaaS.EventStore;
using EventStore.Tests.Contract;

namespace EventStore.Tests.Embedded;

public sealed class A_closed_log : EventStoreContract<EmbeddedHarness>
{
    [Test]
    public async Task says_so_to_readers_writers_and_subscribers()
    {
        var stream = Harness.NewStream();
        await Store.AppendAsync(stream, ExpectedVersion.Any, Harness.NewEvents(1));
        await Store.ConsumerGroups.CreateAsync(stream, "g", new());
        Func<Task>[] subscribers =
        [
            async () => await ListAsync(Store.SubscribeToAllAsync()),
            async () => await ListAsync(Store.SubscribeToStreamAsync(stream)),
            async () => await ListAsync(Store.ConsumerGroups.ConsumeAsync(stream, "g")),
        ];
        var running = subscribers.Select(s => Task.Run(s)).ToList();
        await UntilAsync(async () => (await Store.ConsumerGroups.GetAsync(stream, "g")).Members == 1, "the member has joined");
        await Store.DisposeAsync();
        foreach (var subscriber in running)
        {
            var wait = () => subscriber.WaitAsync(Deadline);
            await wait.Should().ThrowAsync<EventStoreUnavailableException>();
        }

        var append = () => Store.AppendAsync(stream, ExpectedVersion.Any, Harness.NewEvents(1));
        await append.Should().ThrowAsync<EventStoreUnavailableException>();
        var read = () => ListAsync(Store.ReadStreamAsync(stream));
        await read.Should().ThrowAsync<EventStoreUnavailableException>();
    }
}
