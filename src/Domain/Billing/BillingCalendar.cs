using AIaaS.EventStore;

namespace AIaaS.Domain.Billing;

/// <summary>Type <c>billing.period.scheduled</c> in <c>billingCalendar-{tenant}_periods</c>: a period is to be closed at that time. A timer stands beside it.</summary>
/// <param name="From">The period's first moment.</param>
/// <param name="To">The first moment behind it.</param>
/// <param name="CloseAt">When it is closed: its end and the hours of grace for late usage.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record BillingPeriodScheduled(DateTimeOffset From, DateTimeOffset To, DateTimeOffset CloseAt, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>billing.period.closed</c>: usage of it that comes from now on is late.</summary>
/// <param name="From">The period's first moment.</param>
/// <param name="To">The first moment behind it.</param>
/// <param name="Invoice">Its invoice; null where nothing was owed.</param>
/// <param name="ThroughVersion">The last version of the usage log that is in it.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record BillingPeriodClosed(DateTimeOffset From, DateTimeOffset To, string? Invoice, long ThroughVersion, DateTimeOffset At) : DomainEvent;

/// <summary>Says when the next period is closed.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="From">The period's first moment.</param>
/// <param name="To">The first moment behind it.</param>
/// <param name="CloseAt">When it is closed.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record ScheduleBillingPeriod(string Tenant, DateTimeOffset From, DateTimeOffset To, DateTimeOffset CloseAt, DateTimeOffset At);

/// <summary>Records that a period is closed.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="From">The period's first moment.</param>
/// <param name="To">The first moment behind it.</param>
/// <param name="Invoice">Its invoice; null where nothing was owed.</param>
/// <param name="ThroughVersion">The last version of the usage log that is in it.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record CloseBillingPeriod(string Tenant, DateTimeOffset From, DateTimeOffset To, string? Invoice, long ThroughVersion, DateTimeOffset At);

/// <summary>Which of a tenant's billing periods are closed, and when the next one is.</summary>
public sealed record BillingCalendar : IState<BillingCalendar>
{
    /// <summary>The timer at the closing of the next period.</summary>
    public const string CloseTimer = "close-period";

    /// <summary>Before the first period.</summary>
    public static BillingCalendar Initial { get; } = new();

    /// <summary>What is closed next; null for nothing.</summary>
    public BillingPeriodScheduled? Next { get; init; }

    /// <summary>The end of the last period that is closed; null for none.</summary>
    public DateTimeOffset? ClosedTo { get; init; }

    /// <summary>The stream of a tenant's calendar.</summary>
    public static StreamName Stream(string tenant) => StreamName.For("billingCalendar", tenant, "periods");

    /// <inheritdoc />
    public BillingCalendar Evolve(object @event) => @event switch
    {
        BillingPeriodScheduled e => this with { Next = e },
        BillingPeriodClosed e => this with { ClosedTo = ClosedTo > e.To ? ClosedTo : e.To, Next = Next?.From == e.From ? null : Next },
        _ => this,
    };

    /// <summary>Schedules the next period; the same again changes nothing.</summary>
    public Decision Schedule(ScheduleBillingPeriod command) =>
        Next is { } next && next.From == command.From && next.To == command.To && next.CloseAt == command.CloseAt ? Decision.Unchanged
        : command.To <= ClosedTo ? Decision.Unchanged
        : Decision.Of(new BillingPeriodScheduled(command.From, command.To, command.CloseAt, command.At), new TimerScheduled(CloseTimer, command.CloseAt));

    /// <summary>Records that a period is closed, once.</summary>
    public Decision Close(CloseBillingPeriod command) =>
        command.To <= ClosedTo ? Decision.Unchanged : new BillingPeriodClosed(command.From, command.To, command.Invoice, command.ThroughVersion, command.At);
}
