using AIaaS.EventStore;
using EventStore.Tests.Contract;

namespace EventStore.Tests.Embedded;

public sealed class A_group_that_gives_months_to_answer : EventStoreContract<EmbeddedHarness>
{
    [Test]
    public async Task delivers_as_others_do()
    {
        var stream = Harness.NewStream();
        await Store.AppendAsync(stream, ExpectedVersion.NoStream, Harness.NewEvents(3));
        await Store.ConsumerGroups.CreateAsync(stream, "g", new() { MessageTimeout = TimeSpan.FromDays(100) });
        var delivered = await TakeUntilAsync(c => Store.ConsumerGroups.ConsumeAsync(stream, "g", 1, c).Select(AcknowledgedAsync), d => d.Count == 3);
        delivered.Should().Equal(0, 1, 2);

        static async ValueTask<long> AcknowledgedAsync(ConsumerDelivery delivery, CancellationToken cancellationToken)
        {
            await delivery.AcknowledgeAsync(cancellationToken);
            return delivery.Event.Version;
        }
    }
}
