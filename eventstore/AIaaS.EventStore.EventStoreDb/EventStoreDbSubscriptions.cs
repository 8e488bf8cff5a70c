using System.Runtime.CompilerServices;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using Client = EventStore.Client;

namespace AIaaS.EventStore.EventStoreDb;

/// <summary>
/// Subscriptions that resume by themselves. The server drops a live subscription whose reader does not keep up with a burst
/// ("consumer too slow"), and each restart of the server drops all: both go on behind the last event delivered.
/// </summary>
internal sealed class EventStoreDbSubscriptions(EventStoreDbStore store, Client.EventStoreClient client, Failures failures, ILogger log)
{
    private const uint SearchWindow = 2_000;

    // Skipped events are reported as one checkpoint when the log is quiet for so long, or after so many of them.
    private const int SkippedPerCheckpoint = 1_000;

    // The server fails without a reason at a position that it cannot read from, and goes on failing; other such faults may pass.
    private const int TriesAtPosition = 6;
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(5);

    public async IAsyncEnumerable<SubscriptionMessage> ToAllAsync(LogPosition after, EventFilter? filter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var retry = new Retry(log, "the whole log");
        LogPosition? head = after == LogPosition.End ? null : after;
        while (head is null)
        {
            head = await HeadAsync(retry, cancellationToken);
        }

        var reached = head.Value;
        var skipped = 0;

        // The server filters while there is much to catch up with. Once caught up it is asked for everything: a filtered
        // subscription would say only after thousands of others' events that it has passed them, and whoever waits for
        // a read model to reach a position would wait in vain.
        var narrow = filter is not null;
        while (true)
        {
            var options = new Client.SubscriptionFilterOptions(Recorded.Filter(narrow ? filter : null, SearchWindow));
            var start = Recorded.After(reached);
            await using var session = new Session(c => client.SubscribeToAll(start, filterOptions: options, cancellationToken: c), failures, null, cancellationToken);
            while (true)
            {
                var next = session.NextAsync();
                if (skipped > 0 && !next.IsCompleted)
                {
                    var task = next.AsTask();
                    await Task.WhenAny(task, Task.Delay(Quiet, cancellationToken));
                    if (!task.IsCompleted)
                    {
                        skipped = 0;
                        yield return SubscriptionMessage.Checkpoint(reached);
                    }

                    next = new(task);
                }

                var message = await next;
                if (message is null || (narrow && message is Client.StreamMessage.CaughtUp))
                {
                    break;
                }

                retry.Reset();
                switch (message)
                {
                    case Client.StreamMessage.Event(var resolved):
                        var record = resolved.OriginalEvent;
                        var position = Recorded.Position(record.Position);
                        if (position <= reached)
                        {
                            break;
                        }

                        reached = position;
                        if (!Recorded.IsSystem(record) && (filter is null || filter.Matches(record.EventStreamId, record.EventType)))
                        {
                            skipped = 0;
                            yield return SubscriptionMessage.Of(Recorded.Of(record));
                        }
                        else if (++skipped >= SkippedPerCheckpoint)
                        {
                            skipped = 0;
                            yield return SubscriptionMessage.Checkpoint(reached);
                        }

                        break;
                    case Client.StreamMessage.AllStreamCheckpointReached(var checkpoint) when Recorded.Position(checkpoint) > reached:
                        reached = Recorded.Position(checkpoint);
                        skipped = 0;
                        yield return SubscriptionMessage.Checkpoint(reached);
                        break;
                    case Client.StreamMessage.CaughtUp:
                        skipped = 0;
                        yield return SubscriptionMessage.CaughtUp(reached);
                        break;
                    default:
                        break;
                }
            }

            if (session.Failure is null && narrow)
            {
                narrow = false;
                continue;
            }

            if (session.Failure is RpcException { StatusCode: StatusCode.Unknown } && retry.Failures >= TriesAtPosition)
            {
                throw failures.Unreadable(reached, session.Failure);
            }

            narrow = filter is not null;
            await retry.WaitAsync(session.Failure, cancellationToken);
        }
    }

    public async IAsyncEnumerable<SubscriptionMessage> ToStreamAsync(string stream, long after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var retry = new Retry(log, stream);
        var reached = after;
        var position = LogPosition.Start;
        while (true)
        {
            var start = Recorded.After(reached);
            await using var session = new Session(c => client.SubscribeToStream(stream, start, cancellationToken: c), failures, stream, cancellationToken);
            while (await session.NextAsync() is { } message)
            {
                switch (message)
                {
                    case Client.StreamMessage.Event(var resolved) when resolved.OriginalEventNumber.ToInt64() > reached:
                        retry.Reset();
                        var recorded = Recorded.Of(resolved.OriginalEvent);
                        reached = recorded.Version;
                        position = recorded.Position;
                        yield return SubscriptionMessage.Of(recorded);
                        break;
                    case Client.StreamMessage.CaughtUp:
                        retry.Reset();
                        yield return SubscriptionMessage.CaughtUp(position);
                        break;
                    case Client.StreamMessage.SubscriptionConfirmation when await IsEmptyAsync(stream, cancellationToken):
                        // The server says nothing of a stream that has no events, until it has one.
                        yield return SubscriptionMessage.CaughtUp(position);
                        break;
                    default:
                        break;
                }
            }

            await retry.WaitAsync(session.Failure, cancellationToken);
        }
    }

    private async Task<LogPosition?> HeadAsync(Retry retry, CancellationToken cancellationToken)
    {
        try
        {
            return await store.GetHeadAsync(cancellationToken);
        }
        catch (EventStoreUnavailableException e)
        {
            await retry.WaitAsync(e, cancellationToken);
            return null;
        }
    }

    private async Task<bool> IsEmptyAsync(string stream, CancellationToken cancellationToken)
    {
        try
        {
            return !await store.HasEventsAsync(stream, cancellationToken);
        }
        catch (Exception e) when (e is EventStoreUnavailableException or StreamTombstonedException)
        {
            // The subscription itself meets the same failure and acts on it.
            return false;
        }
    }

    /// <summary>One subscription on the server, from its confirmation until it is dropped.</summary>
    private sealed class Session : IAsyncDisposable
    {
        private readonly Failures failures;
        private readonly string? stream;
        private readonly CancellationToken cancellationToken;
        private readonly CancellationTokenSource leaving;
        private readonly Client.EventStoreClient.StreamSubscriptionResult result;
        private readonly IAsyncEnumerator<Client.StreamMessage> messages;
        private Task<bool> moving = Task.FromResult(false);

        public Session(Func<CancellationToken, Client.EventStoreClient.StreamSubscriptionResult> subscribe, Failures failures, string? stream, CancellationToken cancellationToken)
        {
            this.failures = failures;
            this.stream = stream;
            this.cancellationToken = cancellationToken;
            leaving = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            result = subscribe(leaving.Token);
            messages = result.Messages.GetAsyncEnumerator(leaving.Token);
        }

        /// <summary>Why it was dropped.</summary>
        public Exception? Failure { get; private set; }

        /// <summary>The next message; null when the subscription was dropped and has to be resumed.</summary>
        public async ValueTask<Client.StreamMessage?> NextAsync()
        {
            try
            {
                var move = messages.MoveNextAsync();
                if (!(move.IsCompletedSuccessfully ? await move : await (moving = move.AsTask())))
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    Failure = new EventStoreUnavailableException("the server ended the subscription");
                    return null;
                }

                return messages.Current;
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested && Failures.IsTransient(e))
            {
                Failure = e;
                return null;
            }
            catch (Exception e)
            {
                throw failures.Translate(e, stream, cancellationToken);
            }
        }

        public async ValueTask DisposeAsync()
        {
            await leaving.CancelAsync();

            // A subscriber may leave while the next message is awaited; that wait ends by the cancellation, in whatever way.
            await moving.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            await messages.DisposeAsync();
            await result.DisposeAsync();
            leaving.Dispose();
        }
    }
}
