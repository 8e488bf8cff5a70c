using System.Text.Json.Serialization;
using AIaaS.EventStore;

namespace AIaaS.Domain.Billing;

/// <summary>When a change of the plan takes effect.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ChangeTiming>))]
public enum ChangeTiming
{
    /// <summary>At once; what is charged is split to the second.</summary>
    AtOnce,

    /// <summary>At the end of the billing period.</summary>
    PeriodEnd,
}

/// <summary>Type <c>tenant.plan.started</c> in <c>subscription-{tenant}_plan</c>: from now on the tenant is on a plan of its own choice.</summary>
/// <param name="Plan">The plan.</param>
/// <param name="Version">Its version.</param>
/// <param name="From">The first moment, to the second.</param>
/// <param name="TrialUntil">The first moment at which something is charged; null for at once.</param>
/// <param name="Cycle">The billing cycle that begins with it.</param>
/// <param name="Reason">Why; null where nobody said.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record PlanStarted(string Plan, int Version, DateTimeOffset From, DateTimeOffset? TrialUntil, BillingCycle Cycle, string? Reason, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>tenant.plan.changed</c>: the tenant is on another plan, or on another version.</summary>
/// <param name="Plan">The plan.</param>
/// <param name="Version">Its version.</param>
/// <param name="From">The first moment, to the second.</param>
/// <param name="Cycle">The billing cycle that begins with it; null where the one before goes on.</param>
/// <param name="Reason">Why; null where nobody said.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record PlanChanged(string Plan, int Version, DateTimeOffset From, BillingCycle? Cycle, string? Reason, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>tenant.plan.change-scheduled</c>: at the end of the billing period the plan changes. Another one takes its place.</summary>
/// <param name="Plan">The plan.</param>
/// <param name="Version">Its version.</param>
/// <param name="Due">When.</param>
/// <param name="Cycle">The billing cycle that begins with it; null where the one before goes on.</param>
/// <param name="Reason">Why; null where nobody said.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record PlanChangeScheduled(string Plan, int Version, DateTimeOffset Due, BillingCycle? Cycle, string? Reason, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>tenant.plan.change-withdrawn</c>: the plan stays as it is.</summary>
/// <param name="At">Business time, UTC.</param>
public sealed record PlanChangeWithdrawn(DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>tenant.plan.cancellation-scheduled</c>: at the end of the billing period the tenant leaves its plan.</summary>
/// <param name="Due">When.</param>
/// <param name="Reason">Why; null where nobody said.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record PlanCancellationScheduled(DateTimeOffset Due, string? Reason, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>tenant.plan.cancelled</c>: the tenant has left its plan, and pays what it uses by the built-in one.</summary>
/// <param name="From">The first moment, to the second.</param>
/// <param name="Reason">Why; null where nobody said.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record PlanCancelled(DateTimeOffset From, string? Reason, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>tenant.plan.resumed</c>: a cancellation that had not taken effect is taken back.</summary>
/// <param name="At">Business time, UTC.</param>
public sealed record PlanResumed(DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>tenant.plan.trial-ended</c>: from here on usage and fee are charged.</summary>
/// <param name="Plan">The plan.</param>
/// <param name="Version">Its version.</param>
/// <param name="At">When it ended.</param>
public sealed record TrialEnded(string Plan, int Version, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>tenant.billing.configured</c>: how the tenant is billed from now on.</summary>
/// <param name="Settings">All settings.</param>
/// <param name="Cycle">The billing cycle that begins with the next period; null where the one before goes on.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record BillingConfigured(BillingSettings Settings, BillingCycle? Cycle, DateTimeOffset At) : DomainEvent;
