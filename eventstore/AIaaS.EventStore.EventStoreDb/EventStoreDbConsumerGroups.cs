using System.Runtime.CompilerServices;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using Client = EventStore.Client;

namespace AIaaS.EventStore.EventStoreDb;

/// <summary>Competing consumers: the persistent subscriptions of EventStoreDB.</summary>
internal sealed class EventStoreDbConsumerGroups(EventStoreDbStore store, Client.EventStorePersistentSubscriptionsClient client, Failures failures, ILogger log) : IConsumerGroups
{
    /// <inheritdoc />
    public async Task CreateAsync(string stream, string group, ConsumerGroupSettings settings, CancellationToken cancellationToken = default)
    {
        ThrowIfUnusable(stream, group, settings);
        await CallAsync(
            stream,
            group,
            client.CreateToStreamAsync(
                stream,
                group,
                new(
                    startFrom: Client.StreamPosition.FromInt64(settings.StartAfter + 1),
                    messageTimeout: settings.MessageTimeout,
                    maxRetryCount: settings.MaxRetries,
                    checkPointAfter: TimeSpan.FromSeconds(1),
                    checkPointLowerBound: 1),
                cancellationToken: cancellationToken),
            cancellationToken);
    }

    /// <inheritdoc />
    public Task DeleteAsync(string stream, string group, CancellationToken cancellationToken = default) =>
        CallAsync(stream, group, client.DeleteToStreamAsync(stream, group, cancellationToken: cancellationToken), cancellationToken);

    /// <inheritdoc />
    public async IAsyncEnumerable<ConsumerDelivery> ConsumeAsync(string stream, string group, int bufferSize = 10, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        if (bufferSize is < 1 or > 1_000)
        {
            throw new ArgumentOutOfRangeException(nameof(bufferSize), bufferSize, "A member holds 1 to 1,000 deliveries.");
        }

        var retry = new Retry(log, $"{stream}::{group}");
        while (true)
        {
            await using var membership = new Membership(this, stream, group, bufferSize, cancellationToken);
            while (await membership.NextAsync() is { } delivery)
            {
                retry.Reset();
                yield return delivery;
            }

            await retry.WaitAsync(membership.Failure, cancellationToken);
        }
    }

    /// <inheritdoc />
    public async Task<ConsumerGroupInfo> GetAsync(string stream, string group, CancellationToken cancellationToken = default)
    {
        var read = client.GetInfoToStreamAsync(stream, group, cancellationToken: cancellationToken);
        await CallAsync(stream, group, read, cancellationToken);
        var info = await read;
        return new(
            info.Connections.Count(),
            info.Stats.TotalInFlightMessages,
            info.Stats.ParkedMessageCount,
            info.Stats.LastCheckpointedEventPosition is Client.StreamPosition last ? last.ToInt64() : -1);
    }

    /// <inheritdoc />
    public async IAsyncEnumerable<RecordedEvent> ReadParkedAsync(string stream, string group, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await GetAsync(stream, group, cancellationToken);
        await foreach (var record in store.ReadLinkedAsync($"$persistentsubscription-{stream}::{group}-parked", cancellationToken))
        {
            yield return Recorded.Of(record);
        }
    }

    /// <inheritdoc />
    public Task ReplayParkedAsync(string stream, string group, CancellationToken cancellationToken = default) =>
        CallAsync(stream, group, client.ReplayParkedMessagesToStreamAsync(stream, group, cancellationToken: cancellationToken), cancellationToken);

    private Client.EventStorePersistentSubscriptionsClient.PersistentSubscriptionResult Join(string stream, string group, int bufferSize, CancellationToken leaving) =>
        client.SubscribeToStream(stream, group, bufferSize, cancellationToken: leaving);

    private static void ThrowIfUnusable(string stream, string group, ConsumerGroupSettings settings)
    {
        if (EventStoreLimits.NameFault(stream) is { } streamFault)
        {
            throw new ConsumerGroupException($"The stream name cannot be used: {streamFault}.");
        }

        if (EventStoreLimits.NameFault(group) is { } groupFault)
        {
            throw new ConsumerGroupException($"The group name cannot be used: {groupFault}.");
        }

        if (settings.StartAfter < -1 || settings.MaxRetries is < 0 or > 100 || settings.MessageTimeout < TimeSpan.FromMilliseconds(100))
        {
            throw new ConsumerGroupException("The group's settings cannot be used: StartAfter is -1 or more, MaxRetries 0 to 100, MessageTimeout 100 ms or more.");
        }
    }

    private async Task CallAsync(string stream, string group, Task call, CancellationToken cancellationToken)
    {
        try
        {
            await call;
        }
        catch (Exception e)
        {
            throw Translate(e, stream, group, cancellationToken);
        }
    }

    private Exception Translate(Exception failure, string stream, string group, CancellationToken cancellationToken) => failure switch
    {
        RpcException { StatusCode: StatusCode.AlreadyExists } => new ConsumerGroupException($"Stream '{stream}' has a group '{group}' already. Use it, or delete it first.", failure),
        Client.PersistentSubscriptionNotFoundException or RpcException { StatusCode: StatusCode.NotFound } => new ConsumerGroupException($"Stream '{stream}' has no group '{group}'. Create it first.", failure),
        Client.MaximumSubscribersReachedException => new ConsumerGroupException($"Group '{group}' of stream '{stream}' has as many members as it takes.", failure),
        _ => failures.Translate(failure, stream, cancellationToken),
    };

    /// <summary>One stay in a group, from joining until leaving or losing the connection.</summary>
    private sealed class Membership : IAsyncDisposable
    {
        // Answers travel on the connection that leaving closes; the server must have read them by then, or it delivers those events again.
        private static readonly TimeSpan LastAnswersTravel = TimeSpan.FromMilliseconds(50);

        private readonly EventStoreDbConsumerGroups groups;
        private readonly string stream;
        private readonly string group;
        private readonly CancellationTokenSource leaving = new();
        private readonly CancellationToken cancellationToken;
        private readonly Client.EventStorePersistentSubscriptionsClient.PersistentSubscriptionResult result;
        private readonly IAsyncEnumerator<Client.PersistentSubscriptionMessage> messages;

        // The connection takes one message at a time.
        private readonly SemaphoreSlim answering = new(1, 1);
        private volatile bool ended;
        private bool answered;

        public Membership(EventStoreDbConsumerGroups groups, string stream, string group, int bufferSize, CancellationToken cancellationToken)
        {
            this.groups = groups;
            this.stream = stream;
            this.group = group;
            this.cancellationToken = cancellationToken;
            result = groups.Join(stream, group, bufferSize, leaving.Token);
            messages = result.Messages.GetAsyncEnumerator(leaving.Token);
        }

        /// <summary>Why the stay ended.</summary>
        public Exception? Failure { get; private set; }

        /// <summary>The next delivery; null when the connection was lost and the group has to be joined again.</summary>
        public async Task<ConsumerDelivery?> NextAsync()
        {
            try
            {
                while (await messages.MoveNextAsync().AsTask().WaitAsync(cancellationToken))
                {
                    switch (messages.Current)
                    {
                        case Client.PersistentSubscriptionMessage.NotFound:
                            throw new Client.PersistentSubscriptionNotFoundException(stream, group);
                        case Client.PersistentSubscriptionMessage.Event(var resolved, var retries):
                            return new Delivery(this, resolved, retries ?? 0);
                        default:
                            break;
                    }
                }

                Failure = new EventStoreUnavailableException("the server ended the membership");
                return null;
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested && Failures.IsTransient(e))
            {
                Failure = e;
                return null;
            }
            catch (Exception e)
            {
                throw groups.Translate(e, stream, group, cancellationToken);
            }
        }

        public async Task AnswerAsync(Func<Client.EventStorePersistentSubscriptionsClient.PersistentSubscriptionResult, Task> answer, CancellationToken cancellation)
        {
            await answering.WaitAsync(cancellation);
            try
            {
                if (!ended)
                {
                    answered = true;
                    await answer(result);
                }
            }
            catch (Exception e) when (Failures.IsTransient(e) || e is InvalidOperationException)
            {
                // The connection is lost, and the event goes to another member.
                ended = true;
            }
            finally
            {
                answering.Release();
            }
        }

        public async ValueTask DisposeAsync()
        {
            await answering.WaitAsync(CancellationToken.None);
            ended = true;
            answering.Release();
            if (answered && Failure is null)
            {
                await Task.Delay(LastAnswersTravel, CancellationToken.None);
            }

            await leaving.CancelAsync();
            await result.DisposeAsync();
            leaving.Dispose();
        }
    }

    private sealed class Delivery(Membership membership, Client.ResolvedEvent resolved, int retries) : ConsumerDelivery
    {
        private int answered;

        public override RecordedEvent Event { get; } = Recorded.Of(resolved.OriginalEvent);

        public override int Retries => retries;

        public override Task AcknowledgeAsync(CancellationToken cancellationToken = default) =>
            OnceAsync(m => m.Ack(resolved.OriginalEvent.EventId), cancellationToken);

        public override Task RetryAsync(string reason, CancellationToken cancellationToken = default) =>
            OnceAsync(m => m.Nack(Client.PersistentSubscriptionNakEventAction.Retry, reason, resolved.OriginalEvent.EventId), cancellationToken);

        public override Task ParkAsync(string reason, CancellationToken cancellationToken = default) =>
            OnceAsync(m => m.Nack(Client.PersistentSubscriptionNakEventAction.Park, reason, resolved.OriginalEvent.EventId), cancellationToken);

        private Task OnceAsync(Func<Client.EventStorePersistentSubscriptionsClient.PersistentSubscriptionResult, Task> answer, CancellationToken cancellationToken) =>
            Interlocked.Exchange(ref answered, 1) == 0 ? membership.AnswerAsync(answer, cancellationToken) : Task.CompletedTask;
    }
}
