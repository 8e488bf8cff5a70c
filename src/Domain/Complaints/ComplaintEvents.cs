using System.Collections.Immutable;
using System.Text.Json.Serialization;
using AIaaS.EventStore;

namespace AIaaS.Domain.Complaints;

/// <summary>What a complaint is about.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ComplaintCategory>))]
public enum ComplaintCategory
{
    /// <summary>Somebody was hurt or could be.</summary>
    Safety,

    /// <summary>Money: charged wrongly, not refunded.</summary>
    Billing,

    /// <summary>Personal data.</summary>
    Privacy,

    /// <summary>Late, lost or damaged on the way.</summary>
    Delivery,

    /// <summary>The product is not what it should be.</summary>
    Product,

    /// <summary>How the customer was treated.</summary>
    Service,

    /// <summary>Anything else.</summary>
    Other,
}

/// <summary>How bad it is, least first.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ComplaintSeverity>))]
public enum ComplaintSeverity
{
    /// <summary>Answer it within days.</summary>
    Low,

    /// <summary>Answer it soon.</summary>
    Medium,

    /// <summary>Answer it today.</summary>
    High,

    /// <summary>Answer it now.</summary>
    Critical,
}

/// <summary>How a complaint stands.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ComplaintStatus>))]
public enum ComplaintStatus
{
    /// <summary>Nobody has settled it.</summary>
    Open,

    /// <summary>It was passed up.</summary>
    Escalated,

    /// <summary>It is settled.</summary>
    Resolved,
}

/// <summary>Type <c>complaint.opened</c>, first event of <c>complaint-{tenant}_{complaint}</c>. A timer for the deadline stands beside it.</summary>
/// <param name="Complaint">The complaint's id.</param>
/// <param name="Category">What it is about.</param>
/// <param name="Text">What the customer says.</param>
/// <param name="Customer">The customer's id at the tenant; null where unknown.</param>
/// <param name="Order">The order; null for none.</param>
/// <param name="Conversation">The conversation that it comes from; null for none.</param>
/// <param name="AtStake">The money that it is about; null for none.</param>
/// <param name="Earlier">How many complaints the customer had before.</param>
/// <param name="Severity">How bad it is, by the rule.</param>
/// <param name="Reasons">Why it is that bad.</param>
/// <param name="Deadline">Until when it is to be resolved.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record ComplaintOpened(string Complaint, ComplaintCategory Category, string Text, string? Customer, string? Order, string? Conversation, Money? AtStake, int Earlier, ComplaintSeverity Severity, ImmutableArray<string> Reasons, DateTimeOffset Deadline, DateTimeOffset At) : DomainEvent
{
    /// <inheritdoc />
    public bool Equals(ComplaintOpened? other) => other is not null && Tuple == other.Tuple && Reasons.SequenceEqual(other.Reasons);

    /// <inheritdoc />
    public override int GetHashCode() => Tuple.GetHashCode();

    private (string, ComplaintCategory, string, string?, string?, string?, Money?, int, ComplaintSeverity, DateTimeOffset, DateTimeOffset) Tuple => (Complaint, Category, Text, Customer, Order, Conversation, AtStake, Earlier, Severity, Deadline, At);
}

/// <summary>Type <c>complaint.escalated</c>: passed up one level.</summary>
/// <param name="Level">1 to 3.</param>
/// <param name="Overdue">Whether the deadline had passed; false: a person or an agent did it.</param>
/// <param name="Reason">In words.</param>
/// <param name="Deadline">The new deadline; null at the last level, from which nothing goes further up.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record ComplaintEscalated(int Level, bool Overdue, string Reason, DateTimeOffset? Deadline, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>complaint.resolved</c>.</summary>
/// <param name="Resolution">What was done about it.</param>
/// <param name="Late">Whether the first deadline had passed.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record ComplaintResolved(string Resolution, bool Late, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>complaint.deadlines.set</c>, stream <c>complaintRules-{tenant}_deadlines</c>: how long a tenant takes, by severity.</summary>
/// <param name="Hours">Hours by severity; all four.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record ComplaintDeadlinesSet(ImmutableSortedDictionary<ComplaintSeverity, double> Hours, DateTimeOffset At) : DomainEvent;
