using AIaaS.Domain.Agents;
using AIaaS.EventStore;

namespace AIaaS.Commands.Agents;

/// <summary>Follows the log, so that what is published or activated in another process runs in this one without a restart.</summary>
public sealed class WorkflowWatch(IEventStore log, WorkflowCatalog catalog, TimeProvider time) : ISubscription
{
    private static readonly EventFilter Filter = EventFilter.Streams(WorkflowSources.Category + "-");
    private LogPosition? reached;
    private SubscriptionState state = SubscriptionState.Stopped;
    private SubscriptionFailure? lastFailure;

    /// <inheritdoc />
    public string Name => "workflow-watch";

    /// <inheritdoc />
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        state = SubscriptionState.CatchingUp;
        try
        {
            if (reached is null)
            {
                // What was loaded before the watch began is loaded again when it is needed: a change in between is not announced.
                reached = await log.GetHeadAsync(cancellationToken);
                catalog.Forget();
            }

            await foreach (var message in log.SubscribeToAllAsync(reached.Value, Filter, cancellationToken))
            {
                if (message.Event is { } recorded)
                {
                    catalog.Changed(new StreamName(recorded.Stream).Tenant, recorded.Version);
                }

                reached = message.Position;
                if (message.Kind == SubscriptionMessageKind.CaughtUp)
                {
                    state = SubscriptionState.Live;
                }
            }

            throw new InvalidOperationException("The log ended the subscription without an error.");
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            lastFailure = new(e.Message, time.GetUtcNow());
            state = SubscriptionState.Restarting;
            throw;
        }
        finally
        {
            state = cancellationToken.IsCancellationRequested ? SubscriptionState.Stopped : state;
        }
    }

    /// <inheritdoc />
    public async Task<SubscriptionStatus> GetStatusAsync(CancellationToken cancellationToken = default)
    {
        var position = reached ?? LogPosition.Start;
        var lag = await SubscriptionLag.MeasureAsync(log, position, Filter, cancellationToken);
        return new(Name, state, position, lag.Events, lag.Seconds(time), 0, 0, lastFailure);
    }

    /// <inheritdoc />
    public Task<int> ReplayParkedAsync(string? key = null, CancellationToken cancellationToken = default) => Task.FromResult(0);
}
