using System.Collections.Immutable;
using AIaaS.Domain.Budgets;
using AIaaS.Domain.Pricing;
using AIaaS.EventStore;

namespace AIaaS.Commands.Budgets;

/// <summary>Which quotas a tenant's plan has.</summary>
public interface IQuotaSource
{
    /// <summary>The limits of the plan that the tenant is on now; empty for none. It must cost next to nothing: it is asked with every request.</summary>
    ImmutableArray<QuotaLimit> LimitsOf(string tenant);
}

/// <summary>No plan has quotas.</summary>
internal sealed class NoQuotas : IQuotaSource
{
    public ImmutableArray<QuotaLimit> LimitsOf(string tenant) => [];
}

/// <summary>A quota is used up.</summary>
/// <param name="error">Which, and what to do.</param>
/// <param name="retryAfter">When to try again.</param>
public sealed class QuotaExceededException(DomainError error, TimeSpan retryAfter) : Exception($"{error.Message} {error.Hint}")
{
    /// <summary>Which, and what to do.</summary>
    public DomainError Error => error;

    /// <summary>When to try again.</summary>
    public TimeSpan RetryAfter => retryAfter;
}

/// <summary>Grants and revokes overrides of quotas.</summary>
public sealed class QuotaOverrideService : CommandService<QuotaOverrides>
{
    /// <summary>Makes the service.</summary>
    public QuotaOverrideService(IEventStore log, EventTypes types, IdSource ids)
        : base(log, types, ids)
    {
        On<GrantQuotaOverride>().In(c => QuotaOverrides.Stream(c.Tenant)).Decide((overrides, command) => overrides.Grant(command));
        On<RevokeQuotaOverride>().In(c => QuotaOverrides.Stream(c.Tenant)).Decide((overrides, command) => overrides.Revoke(command));
    }

    /// <summary>The id of the override that is granted under a key.</summary>
    public static string OverrideId(string tenant, string key) => NamedId.Of("quota-override", tenant, key).ToString("N");
}

/// <summary>Notes that quotas are used up, or nearly.</summary>
public sealed class QuotaNoticeService : CommandService<QuotaNotices>
{
    /// <summary>Makes the service.</summary>
    public QuotaNoticeService(IEventStore log, EventTypes types, IdSource ids)
        : base(log, types, ids) =>
        On<ReachQuota>().In(c => QuotaNotices.Stream(c.Tenant, c.Resource, c.Span.Name)).Decide((notices, command) => notices.Reach(command));
}
