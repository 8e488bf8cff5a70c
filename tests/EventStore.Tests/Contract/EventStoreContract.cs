using AIaaS.EventStore;

namespace EventStore.Tests.Contract;

/// <summary>What the contract tests of the log share: an opened engine, and reading with a deadline.</summary>
public abstract class EventStoreContract<THarness>
    where THarness : EventStoreHarness, new()
{
    protected static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    protected THarness Harness { get; private set; } = null!;

    protected IEventStore Store => Harness.Store;

    [SetUp]
    public async Task OpenAsync()
    {
        Harness = new();
        await Harness.OpenAsync();
    }

    [TearDown]
    public async Task CloseAsync() => await Harness.DisposeAsync();

    protected async Task RestartAsync()
    {
        if (!Harness.CanRestart)
        {
            Assert.Ignore("This engine cannot be restarted by the test: it is a shared server.");
        }

        await Harness.RestartAsync();
    }

    protected static async Task<List<T>> ListAsync<T>(IAsyncEnumerable<T> items)
    {
        List<T> list = [];
        await foreach (var item in items)
        {
            list.Add(item);
        }

        return list;
    }

    /// <summary>Takes from an endless enumeration until the condition holds.</summary>
    protected static async Task<List<T>> TakeUntilAsync<T>(Func<CancellationToken, IAsyncEnumerable<T>> open, Func<List<T>, bool> enough)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        List<T> list = [];
        await foreach (var item in open(deadline.Token))
        {
            list.Add(item);
            if (enough(list))
            {
                return list;
            }
        }

        throw new AssertionException($"The enumeration ended after {list.Count} items.");
    }

    protected static async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        while (!await condition())
        {
            if (deadline.IsCancellationRequested)
            {
                throw new AssertionException($"It did not come about in {Deadline.TotalSeconds} s: {what}");
            }

            await Task.Delay(10);
        }
    }

    protected static bool IsEvent(SubscriptionMessage message) => message.Kind is SubscriptionMessageKind.Event;
}
