using System.Collections.Immutable;
using System.Text.Json.Serialization;
using AIaaS.EventStore;

namespace AIaaS.Domain.Budgets;

/// <summary>Whose spending a budget limits.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<BudgetScope>))]
public enum BudgetScope
{
    /// <summary>All of the tenant.</summary>
    Tenant,

    /// <summary>What one API key asks for.</summary>
    Key,

    /// <summary>The runs of one workflow.</summary>
    Workflow,

    /// <summary>The runs for one customer (user) of the tenant.</summary>
    Customer,
}

/// <summary>How long a budget's period is; each begins at midnight in the budget's time zone.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<BudgetInterval>))]
public enum BudgetInterval
{
    /// <summary>A calendar day.</summary>
    Day,

    /// <summary>A week of ISO 8601: from Monday.</summary>
    Week,

    /// <summary>A calendar month.</summary>
    Month,

    /// <summary>A calendar year.</summary>
    Year,
}

/// <summary>What a budget says.</summary>
/// <param name="Name">For people.</param>
/// <param name="Scope">Whose spending it limits.</param>
/// <param name="Of">The API key's id, the workflow's name or the customer's id; null for the whole tenant.</param>
/// <param name="Interval">How long a period is.</param>
/// <param name="TimeZone">IANA name of the time zone whose midnight begins a period.</param>
/// <param name="Hard">Whether a call that could exceed it is refused; false: it only alerts.</param>
/// <param name="Limit">The most of a period, in US dollars.</param>
/// <param name="Alerts">Percentages of the limit at which to alert, rising.</param>
public sealed record BudgetTerms(string Name, BudgetScope Scope, string? Of, BudgetInterval Interval, string TimeZone, bool Hard, Money Limit, ImmutableArray<int> Alerts);

/// <summary>Type <c>budget.defined</c> in <c>budget-{tenant}_{budget}</c>: a budget was set up or changed. Each is a version of it.</summary>
/// <param name="Budget">The budget's id.</param>
/// <param name="Version">From 1.</param>
/// <param name="Terms">What it says from here on.</param>
/// <param name="Actor">Who says so.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record BudgetDefined(string Budget, int Version, BudgetTerms Terms, string Actor, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>budget.removed</c>: the budget limits nothing any more. What was reserved under it is still settled.</summary>
/// <param name="Budget">The budget's id.</param>
/// <param name="Actor">Who says so.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record BudgetRemoved(string Budget, string Actor, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>budget.granted</c> in <c>budgetPeriod-{tenant}_{budget}.{period}</c>: the money of a period, at its first use and whenever the budget changes in it.</summary>
/// <param name="Budget">The budget's id.</param>
/// <param name="Period">The period's name.</param>
/// <param name="Version">The version of the budget that grants it.</param>
/// <param name="From">When the period begins.</param>
/// <param name="To">When the next one begins.</param>
/// <param name="Limit">The most of the period.</param>
/// <param name="Hard">Whether a call that could exceed it is refused.</param>
/// <param name="Alerts">Percentages of the limit at which to alert.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record BudgetGranted(string Budget, string Period, int Version, DateTimeOffset From, DateTimeOffset To, Money Limit, bool Hard, ImmutableArray<int> Alerts, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>budget.reserved</c>: the worst case of a call is set aside before the call leaves.</summary>
/// <param name="Reservation">Unique: what settles or releases it names it.</param>
/// <param name="Amount">The most that the call can cost.</param>
/// <param name="Caller">The stream of the run, saga or operator's call.</param>
/// <param name="CallerVersion">The version of that stream when this was decided: once it has moved on without naming this reservation, no call can be made under it.</param>
/// <param name="Call">The call in that stream.</param>
/// <param name="Until">The deadline: from then on it is looked into whether it was abandoned.</param>
/// <param name="At">Business time, UTC: that of the call's request.</param>
public sealed record BudgetReserved(string Reservation, Money Amount, string Caller, long CallerVersion, string Call, DateTimeOffset Until, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>budget.settled</c>: what a call has cost is spent; the rest of its reservation is free again.</summary>
/// <param name="Reservation">The reservation.</param>
/// <param name="Amount">What the call has cost.</param>
/// <param name="Released">The rest; below 0 where the call has cost more than its worst case.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record BudgetSettled(string Reservation, Money Amount, Money Released, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>budget.released</c>: nothing was spent under a reservation; all of it is free again.</summary>
/// <param name="Reservation">The reservation.</param>
/// <param name="Amount">What is free again.</param>
/// <param name="Reason"><c>failed</c>, <c>unknown</c>, <c>refused-elsewhere</c>, <c>not-made</c>, <c>caller-ended</c>.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record BudgetReleased(string Reservation, Money Amount, string Reason, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>budget.threshold-reached</c>: so much of a period's money is spent. Once for each threshold, as long as the limit is not raised.</summary>
/// <param name="Percent">The threshold.</param>
/// <param name="Settled">What is spent.</param>
/// <param name="Limit">The most of the period.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record BudgetThresholdReached(int Percent, Money Settled, Money Limit, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>budget.exhausted</c>: a hard budget has refused a call for the first time in the period, or since the budget changed.</summary>
/// <param name="Asked">The worst case of the call.</param>
/// <param name="Available">What was neither spent nor reserved.</param>
/// <param name="Limit">The most of the period.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record BudgetExhausted(Money Asked, Money Available, Money Limit, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>budget.balanced</c>: how a period stands, struck now and then so that a start reads only what comes behind it. It changes nothing.</summary>
/// <param name="Granted">What was granted last.</param>
/// <param name="Settled">What is spent.</param>
/// <param name="Open">The reservations that are open.</param>
/// <param name="Reached">Thresholds that are reached.</param>
/// <param name="Exhausted">Whether a call was refused since the last grant.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record BudgetBalanced(BudgetGranted Granted, Money Settled, ImmutableArray<BudgetReserved> Open, ImmutableArray<int> Reached, bool Exhausted, DateTimeOffset At) : DomainEvent;

/// <summary>What a call holds of a budget: named in the call's request, so that its outcome finds it.</summary>
/// <param name="Budget">The budget.</param>
/// <param name="Period">The period.</param>
/// <param name="Reservation">The reservation.</param>
public sealed record BudgetHold(string Budget, string Period, string Reservation);
