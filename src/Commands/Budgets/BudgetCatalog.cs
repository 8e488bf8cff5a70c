using System.Collections.Concurrent;
using System.Collections.Immutable;
using AIaaS.Domain.Budgets;
using AIaaS.EventStore;

namespace AIaaS.Commands.Budgets;

/// <summary>On whose account a call goes: decides which budgets apply to it.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Key">The API key that asked for it; null where none did.</param>
/// <param name="Workflow">The workflow; null outside of a run.</param>
/// <param name="Customer">The customer whom the run is for; null where unknown.</param>
public sealed record BudgetAccount(string Tenant, string? Key = null, string? Workflow = null, string? Customer = null)
{
    /// <summary>The API key of an actor; null for an actor that is none.</summary>
    public static string? KeyOf(string? actor) => actor?.StartsWith("key:", StringComparison.Ordinal) == true ? actor[4..] : null;
}

/// <summary>A budget as it is known now.</summary>
/// <param name="Id">Its id.</param>
/// <param name="State">Its state.</param>
/// <param name="Revision">The version of its stream.</param>
public sealed record KnownBudget(string Id, Budget State, long Revision);

/// <summary>
/// Which budgets there are. They lie in memory; they are read from the log each time that the program starts and follow it from then on, in every process alike.
/// What this process defines holds in it at once, elsewhere as soon as the log has been followed that far.
/// </summary>
public sealed class BudgetCatalog(IEventStore log, EventTypes types, IParkingLot parking, TimeProvider time) : ISubscription
{
    private static readonly EventFilter Filter = EventFilter.Streams("budget-");

    private readonly ConcurrentDictionary<string, ImmutableSortedDictionary<string, KnownBudget>> tenants = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, ImmutableList<ParkedEvent>> parked = new(StringComparer.Ordinal);
    private readonly TaskCompletionSource ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly PositionSignal reached = new();
    private SubscriptionState state = SubscriptionState.Stopped;
    private string? lastError;

    /// <inheritdoc />
    public string Name => "budget-catalog";

    /// <summary>Everything in the log up to here is known.</summary>
    public LogPosition Position => reached.Reached;

    /// <summary>Completes when all budgets that there were at the start are known: no call may be decided on before.</summary>
    public Task Ready => ready.Task;

    /// <summary>Waits until the catalogue has passed a position.</summary>
    public Task<bool> WaitForAsync(LogPosition position, TimeSpan timeout, CancellationToken cancellationToken = default) => reached.WaitAsync(position, timeout, time, cancellationToken);

    /// <summary>A budget, also a removed one; null where there is none.</summary>
    public KnownBudget? Find(string tenant, string budget) => tenants.TryGetValue(tenant, out var known) ? known.GetValueOrDefault(budget) : null;

    /// <summary>The budgets of a tenant that are not removed, by their ids.</summary>
    public IEnumerable<KnownBudget> Of(string tenant) => tenants.TryGetValue(tenant, out var known) ? known.Values.Where(b => !b.State.Removed) : [];

    /// <summary>The budgets that apply to a call, in the order of their ids.</summary>
    public ImmutableArray<KnownBudget> Applying(BudgetAccount account)
    {
        ArgumentNullException.ThrowIfNull(account);
        return tenants.TryGetValue(account.Tenant, out var known) ? [.. known.Values.Where(b => !b.State.Removed && Applies(b.State.Terms!, account))] : [];
    }

    /// <summary>Takes what a command of this process has just written, ahead of the log.</summary>
    internal void Took(string tenant, string budget, Budget state, long revision) => Hold(tenant, new(budget, state, revision));

    /// <inheritdoc />
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        state = SubscriptionState.CatchingUp;
        try
        {
            await foreach (var message in log.SubscribeToAllAsync(Position, Filter, cancellationToken))
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
        var position = Position;
        var lag = await SubscriptionLag.MeasureAsync(log, position, Filter, cancellationToken);
        return new(Name, state, position, lag.Events, lag.Seconds(time), 0, parked.Values.Sum(p => p.Count), lastError);
    }

    /// <inheritdoc />
    public async Task<int> ReplayParkedAsync(string? key = null, CancellationToken cancellationToken = default)
    {
        var handled = 0;
        foreach (var stream in parked.Keys.Where(k => key is null || k == key).Order(StringComparer.Ordinal).ToList())
        {
            try
            {
                await ReadAsync(new StreamName(stream), cancellationToken);
            }
            catch (UnreadableEventException)
            {
                continue;
            }

            if (parked.TryRemove(stream, out var entries))
            {
                foreach (var entry in entries)
                {
                    await parking.RemoveAsync(entry, cancellationToken);
                    handled++;
                }
            }
        }

        return handled;
    }

    private static bool Applies(BudgetTerms terms, BudgetAccount account) => terms.Scope switch
    {
        BudgetScope.Tenant => true,
        BudgetScope.Key => terms.Of == account.Key,
        BudgetScope.Workflow => terms.Of == account.Workflow,
        BudgetScope.Customer => terms.Of == account.Customer,
        _ => throw new InvalidOperationException($"The scope {terms.Scope} is not known."),
    };

    private async Task TakeAsync(RecordedEvent recorded, CancellationToken cancellationToken)
    {
        var stream = new StreamName(recorded.Stream);
        try
        {
            var known = Find(stream.Tenant, stream.Id);
            if (!parked.ContainsKey(stream) && recorded.Version == (known?.Revision ?? -1) + 1)
            {
                Hold(stream.Tenant, new(stream.Id, (known?.State ?? Budget.Initial).Evolve(types.Read(recorded.Type, recorded.Data.Span)), recorded.Version));
            }
            else if (recorded.Version > (known?.Revision ?? -1))
            {
                await ReadAsync(stream, cancellationToken);
            }
        }
        catch (UnreadableEventException e)
        {
            // What was known of it holds on.
            var entry = new ParkedEvent(Name, recorded.Stream, recorded.Position, recorded.Id, recorded.Stream, recorded.Version, recorded.Type, e.Message, 1, time.GetUtcNow());
            await parking.ParkAsync(entry, cancellationToken);
            parked.AddOrUpdate(recorded.Stream, _ => [entry], (_, list) => list.Add(entry));
        }
    }

    private async Task ReadAsync(StreamName stream, CancellationToken cancellationToken)
    {
        var budget = Budget.Initial;
        var revision = -1L;
        await foreach (var recorded in log.ReadStreamOrEmptyAsync(stream, cancellationToken: cancellationToken))
        {
            budget = budget.Evolve(types.Read(recorded.Type, recorded.Data.Span));
            revision = recorded.Version;
        }

        if (revision >= 0)
        {
            Hold(stream.Tenant, new(stream.Id, budget, revision));
        }
    }

    private void Hold(string tenant, KnownBudget made) => tenants.AddOrUpdate(
        tenant,
        static (_, m) => ImmutableSortedDictionary.Create<string, KnownBudget>(StringComparer.Ordinal).Add(m.Id, m),
        static (_, known, m) => known.TryGetValue(m.Id, out var before) && before.Revision >= m.Revision ? known : known.SetItem(m.Id, m),
        made);
}
