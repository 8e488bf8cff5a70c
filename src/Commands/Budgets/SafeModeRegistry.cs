using System.Collections.Concurrent;
using AIaaS.Domain.Budgets;
using AIaaS.EventStore;

namespace AIaaS.Commands.Budgets;

/// <summary>Which tenants are in safe mode. It lies in memory, is read from the log each time that the program starts, and follows it from then on: a run that starts asks no disk.</summary>
public sealed class SafeModeRegistry(IEventStore log, EventTypes types, IParkingLot parking, TimeProvider time) : ISubscription
{
    private static readonly EventFilter Filter = EventFilter.Streams("safeMode-");

    private readonly ConcurrentDictionary<string, SafeMode> tenants = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<Guid, ParkedEvent> parked = new();
    private readonly TaskCompletionSource ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly PositionSignal reached = new();
    private SubscriptionState state = SubscriptionState.Stopped;
    private string? lastError;

    /// <inheritdoc />
    public string Name => "safe-mode-registry";

    /// <summary>Completes when all that there was at the start is known: no run may start before.</summary>
    public Task Ready => ready.Task;

    /// <summary>Waits until the registry has passed a position.</summary>
    public Task<bool> WaitForAsync(LogPosition position, TimeSpan timeout, CancellationToken cancellationToken = default) => reached.WaitAsync(position, timeout, time, cancellationToken);

    /// <summary>A tenant's safe mode.</summary>
    public SafeMode Of(string tenant) => tenants.GetValueOrDefault(tenant) ?? SafeMode.Initial;

    /// <inheritdoc />
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        state = SubscriptionState.CatchingUp;
        try
        {
            await foreach (var message in log.SubscribeToAllAsync(reached.Reached, Filter, cancellationToken))
            {
                if (message.Event is { } recorded)
                {
                    await TakeAsync(recorded, cancellationToken);
                }

                reached.Advance(message.Position);
                if (message.Kind == SubscriptionMessageKind.CaughtUp)
                {
                    state = SubscriptionState.Live;
                    ready.TrySetResult();
                }
            }

            throw new InvalidOperationException("The log ended the subscription without an error.");
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            (lastError, state) = (e.Message, SubscriptionState.Restarting);
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
        var position = reached.Reached;
        var lag = await SubscriptionLag.MeasureAsync(log, position, Filter, cancellationToken);
        return new(Name, state, position, lag.Events, lag.Seconds(time), 0, parked.Count, lastError);
    }

    /// <inheritdoc />
    public async Task<int> ReplayParkedAsync(string? key = null, CancellationToken cancellationToken = default)
    {
        var handled = 0;
        foreach (var stream in parked.Values.Select(p => p.Stream).Where(s => key is null || s == key).Distinct(StringComparer.Ordinal).ToList())
        {
            var mode = SafeMode.Initial;
            try
            {
                await foreach (var recorded in log.ReadStreamOrEmptyAsync(stream, cancellationToken: cancellationToken))
                {
                    mode = mode.Evolve(types.Read(recorded.Type, recorded.Data.Span));
                }
            }
            catch (UnreadableEventException)
            {
                continue;
            }

            tenants[new StreamName(stream).Tenant] = mode;
            foreach (var entry in parked.Values.Where(p => p.Stream == stream).ToList())
            {
                await parking.RemoveAsync(entry, cancellationToken);
                parked.TryRemove(entry.EventId, out _);
                handled++;
            }
        }

        return handled;
    }

    private async Task TakeAsync(RecordedEvent recorded, CancellationToken cancellationToken)
    {
        try
        {
            var @event = types.Read(recorded.Type, recorded.Data.Span);
            tenants.AddOrUpdate(new StreamName(recorded.Stream).Tenant, _ => SafeMode.Initial.Evolve(@event), (_, mode) => mode.Evolve(@event));
        }
        catch (UnreadableEventException e)
        {
            // What was known of the tenant holds on.
            var entry = new ParkedEvent(Name, recorded.Stream, recorded.Position, recorded.Id, recorded.Stream, recorded.Version, recorded.Type, e.Message, 1, time.GetUtcNow());
            await parking.ParkAsync(entry, cancellationToken);
            parked[entry.EventId] = entry;
            lastError = e.Message;
        }
    }
}
