using System.Collections.Concurrent;
using System.Collections.Immutable;
using AIaaS.Commands.Bus;
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
public sealed class BudgetCatalog(IEventStore log, EventTypes types, IParkingLot parking, TimeProvider time)
    : LogFollower(log, types, parking, time, "budget-catalog", EventFilter.Streams("budget-"))
{
    private readonly ConcurrentDictionary<string, ImmutableSortedDictionary<string, KnownBudget>> tenants = new(StringComparer.Ordinal);

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
    protected override void Take(RecordedEvent recorded, object @event)
    {
        ArgumentNullException.ThrowIfNull(recorded);
        var stream = new StreamName(recorded.Stream);
        var known = Find(stream.Tenant, stream.Id);

        // What this process has written itself is known already.
        if (recorded.Version > (known?.Revision ?? -1))
        {
            Hold(stream.Tenant, new(stream.Id, (known?.State ?? Budget.Initial).Evolve(@event), recorded.Version));
        }
    }

    private static bool Applies(BudgetTerms terms, BudgetAccount account) => terms.Scope switch
    {
        BudgetScope.Tenant => true,
        BudgetScope.Key => terms.Of == account.Key,
        BudgetScope.Workflow => terms.Of == account.Workflow,
        BudgetScope.Customer => terms.Of == account.Customer,
        _ => throw new InvalidOperationException($"The scope {terms.Scope} is not known."),
    };

    private void Hold(string tenant, KnownBudget made) => tenants.AddOrUpdate(
        tenant,
        static (_, m) => ImmutableSortedDictionary.Create<string, KnownBudget>(StringComparer.Ordinal).Add(m.Id, m),
        static (_, known, m) => known.TryGetValue(m.Id, out var before) && before.Revision >= m.Revision ? known : known.SetItem(m.Id, m),
        made);
}
