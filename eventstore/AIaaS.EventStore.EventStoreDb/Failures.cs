using System.Threading.Channels;
using Grpc.Core;
using Client = EventStore.Client;

namespace AIaaS.EventStore.EventStoreDb;

/// <summary>What the client's failures mean in the terms of the contract.</summary>
internal sealed class Failures(string address)
{
    /// <summary>Why something failed, in few words.</summary>
    public static string Reason(Exception? failure) => failure switch
    {
        null => "no answer",
        EventStoreException { InnerException: { } inner } => Reason(inner),
        RpcException { Status.DebugException: { } cause } => Reason(cause),
        RpcException rpc => $"{rpc.StatusCode}: {rpc.Status.Detail}",
        HttpRequestException { InnerException: { } inner } => Reason(inner),
        AggregateException { InnerException: { } inner } => Reason(inner),
        _ => failure.Message,
    };

    /// <summary>Whether trying again later can help: the connection or the server failed, not the request.</summary>
    public static bool IsTransient(Exception failure) => failure switch
    {
        RpcException rpc => rpc.StatusCode
            is StatusCode.Unavailable or StatusCode.DeadlineExceeded or StatusCode.Cancelled or StatusCode.Aborted
            or StatusCode.Internal or StatusCode.Unknown or StatusCode.ResourceExhausted,
        Client.NotLeaderException or Client.DiscoveryException or Client.PersistentSubscriptionDroppedByServerException => true,
        HttpRequestException or IOException or TimeoutException or ChannelClosedException or OperationCanceledException => true,
        EventStoreUnavailableException => true,
        _ => false,
    };

    /// <summary>Whether the server could not read at the position that it was given: in most cases that is one of another log.</summary>
    public static bool IsUnreadable(Exception? failure) =>
        failure is RpcException { StatusCode: StatusCode.Unknown } rpc && rpc.Status.Detail.EndsWith("AllResult: Error", StringComparison.Ordinal);

    /// <summary>What to say when the log cannot be read from a position.</summary>
    public EventStoreUnavailableException Unreadable(LogPosition position, Exception? failure) => new(
        $"EventStoreDB at {address} cannot read from position {position}. If that is a position of another log (the database was replaced or restored), reset what remembers it: rebuild the read models and set back the checkpoints. If not, see the server's log.", failure);

    /// <summary>The contract's exception for a failure of the client on a stream.</summary>
    public Exception Translate(Exception failure, string? stream, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested && failure is OperationCanceledException or RpcException { StatusCode: StatusCode.Cancelled })
        {
            return new OperationCanceledException(cancellationToken);
        }

        return failure switch
        {
            EventStoreException known => known,
            Client.StreamDeletedException => new StreamTombstonedException(stream ?? ""),
            Client.StreamNotFoundException => new StreamNotFoundException(stream ?? ""),
            Client.AccessDeniedException => new EventStoreUnavailableException(
                $"EventStoreDB at {address} denies this user access{On(stream)}. Give the user in EventStore__ConnectionString the rights ($admins, or an access list on the streams).", failure),
            Client.NotAuthenticatedException => new EventStoreUnavailableException(
                $"EventStoreDB at {address} refuses the user or password in EventStore__ConnectionString. Correct them: 'esdb://user:password@host:2113'.", failure),
            _ => new EventStoreUnavailableException(
                $"EventStoreDB at {address} cannot be reached or did not answer{On(stream)} ({Reason(failure)}). Nothing acknowledged is lost; retry when it is back, an append with the same event ids and the same specific expected version.", failure),
        };
    }

    private static string On(string? stream) => stream is null ? "" : $" on '{stream}'";
}
