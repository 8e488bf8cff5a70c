using System.Collections.Concurrent;
using AIaaS.Domain.Metering;
using AIaaS.EventStore;

namespace AIaaS.Commands.Metering;

/// <summary>The meters that a tenant's plan brings along.</summary>
public interface IPlanMeters
{
    /// <summary>Those of the plan that the tenant is on now; none where it has none.</summary>
    ValueTask<IReadOnlyList<MeterDefinition>> OfAsync(string tenant, CancellationToken cancellationToken = default);
}

/// <summary>
/// The compiled meters of each tenant, kept from request to request. A change made in this process holds at once; one made in another process, or a
/// change of plan, after <see cref="Freshness"/>.
/// </summary>
public sealed class MeterRegistry(IEventStore log, EventTypes types, TimeProvider time, IPlanMeters? plans = null)
{
    /// <summary>How old what is kept may be.</summary>
    public static readonly TimeSpan Freshness = TimeSpan.FromMilliseconds(250);

    private const int MaxTenants = 10_000;

    private readonly ConcurrentDictionary<string, Known> known = new(StringComparer.Ordinal);

    /// <summary>The meters of a tenant.</summary>
    public ValueTask<MeterSet> OfAsync(string tenant, CancellationToken cancellationToken = default) =>
        known.TryGetValue(tenant, out var there) && time.GetElapsedTime(there.CheckedAt) < Freshness ? new(there.Meters) : new(ReadOnAsync(tenant, there, cancellationToken));

    /// <summary>All definitions that a tenant has beside the built-in ones; retired ones are marked. Of two of one name that of the plan counts: who pays by a meter does not decide what it reads.</summary>
    public async Task<(MeterCatalog Own, IReadOnlyList<MeterDefinition> OfPlan)> DefinitionsAsync(string tenant, CancellationToken cancellationToken = default)
    {
        await ReadOnAsync(tenant, known.GetValueOrDefault(tenant), cancellationToken);
        var there = known[tenant];
        return (there.Own, there.OfPlan);
    }

    /// <summary>Lets the next question read what is new.</summary>
    public void Forget(string tenant)
    {
        if (known.TryGetValue(tenant, out var there))
        {
            known.TryUpdate(tenant, there with { CheckedAt = time.GetTimestamp() - (2 * (long)(Freshness.TotalSeconds * time.TimestampFrequency)) }, there);
        }
    }

    private async Task<MeterSet> ReadOnAsync(string tenant, Known? there, CancellationToken cancellationToken)
    {
        var checkedAt = time.GetTimestamp();
        var own = there?.Own ?? MeterCatalog.Initial;
        var version = there?.Version ?? -1;
        await foreach (var recorded in log.ReadStreamOrEmptyAsync(MeterCatalog.Stream(tenant), ReadDirection.Forwards, version + 1, long.MaxValue, cancellationToken))
        {
            own = own.Evolve(types.Read(recorded));
            version = recorded.Version;
        }

        var ofPlan = plans is null ? [] : await plans.OfAsync(tenant, cancellationToken);
        var isSame = there is not null && ReferenceEquals(own, there.Own) && (ReferenceEquals(ofPlan, there.OfPlan) || ofPlan.SequenceEqual(there.OfPlan));
        var meters = isSame ? there!.Meters
            : own.Counting.Any() || ofPlan.Count > 0 ? new([.. ofPlan, .. own.Counting])
            : MeterSet.BuiltIn;
        if (known.Count >= MaxTenants)
        {
            known.Clear();
        }

        known[tenant] = new(own, version, isSame ? there!.OfPlan : ofPlan, meters, checkedAt);
        return meters;
    }

    private sealed record Known(MeterCatalog Own, long Version, IReadOnlyList<MeterDefinition> OfPlan, MeterSet Meters, long CheckedAt);
}
