using System.Collections.Immutable;
using System.Text.Json.Serialization;
using AIaaS.EventStore;

namespace AIaaS.Domain.Leads;

/// <summary>How a lead stands.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<LeadStatus>))]
public enum LeadStatus
{
    /// <summary>Captured; nobody has been in touch.</summary>
    New,

    /// <summary>Somebody has been in touch.</summary>
    Contacted,

    /// <summary>Worth selling to.</summary>
    Qualified,

    /// <summary>Not worth selling to, with a reason.</summary>
    Disqualified,

    /// <summary>Became a customer.</summary>
    Converted,
}

/// <summary>Who decides about the purchase.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<LeadAuthority>))]
public enum LeadAuthority
{
    /// <summary>Not known.</summary>
    Unknown,

    /// <summary>Would use it.</summary>
    User,

    /// <summary>Is asked before it is bought.</summary>
    Influencer,

    /// <summary>Decides.</summary>
    DecisionMaker,
}

/// <summary>How much it is needed.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<LeadNeed>))]
public enum LeadNeed
{
    /// <summary>Not known.</summary>
    Unknown,

    /// <summary>Not needed.</summary>
    None,

    /// <summary>Something of that kind.</summary>
    Vague,

    /// <summary>Knows what for.</summary>
    Clear,

    /// <summary>Knows what for, and that it cannot wait.</summary>
    Urgent,
}

/// <summary>How a lead can be reached and where it comes from.</summary>
/// <param name="Name">The person's name.</param>
/// <param name="Email">An address; null where unknown.</param>
/// <param name="Phone">A number; null where unknown.</param>
/// <param name="Company">The company; null where unknown.</param>
/// <param name="Source">Where the lead comes from: <c>chat</c>, <c>web</c>, …</param>
/// <param name="Interest">What for, in words; null where unknown.</param>
/// <param name="Customer">The customer's id at the tenant; null where unknown.</param>
/// <param name="Conversation">The conversation that it comes from; null for none.</param>
public sealed record LeadContact(string Name, string? Email, string? Phone, string? Company, string Source, string? Interest, string? Customer, string? Conversation);

/// <summary>What is known for the qualification.</summary>
/// <param name="Budget">What can be spent; null where unknown.</param>
/// <param name="Authority">Who decides.</param>
/// <param name="Need">How much it is needed.</param>
/// <param name="TimelineDays">Within how many days it is to be bought; null where unknown.</param>
/// <param name="CompanySize">How many people work there; null where unknown.</param>
public sealed record LeadFacts(Money? Budget, LeadAuthority Authority, LeadNeed Need, int? TimelineDays, int? CompanySize);

/// <summary>The points for one side of a lead, with the reason.</summary>
/// <param name="Factor">budget, authority, need, timeline or fit.</param>
/// <param name="Points">What it got.</param>
/// <param name="Of">What it could have got.</param>
/// <param name="Reason">In words.</param>
public sealed record LeadPoints(string Factor, int Points, int Of, string Reason);

/// <summary>Type <c>lead.captured</c>, first event of <c>lead-{tenant}_{lead}</c>.</summary>
/// <param name="Lead">The lead's id.</param>
/// <param name="Contact">How it can be reached and where it comes from.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record LeadCaptured(string Lead, LeadContact Contact, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>lead.scored</c>: how much the lead is worth, and why.</summary>
/// <param name="Facts">What was known.</param>
/// <param name="Score">0 to 100: the sum of the points.</param>
/// <param name="Reasons">The points of each factor.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record LeadScored(LeadFacts Facts, int Score, ImmutableArray<LeadPoints> Reasons, DateTimeOffset At) : DomainEvent
{
    /// <inheritdoc />
    public bool Equals(LeadScored? other) => other is not null && Facts == other.Facts && Score == other.Score && At == other.At && Reasons.SequenceEqual(other.Reasons);

    /// <inheritdoc />
    public override int GetHashCode() => HashCode.Combine(Facts, Score, At);
}

/// <summary>Type <c>lead.status-changed</c>.</summary>
/// <param name="Status">How it stands now.</param>
/// <param name="Reason">Why; null where nobody said.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record LeadStatusChanged(LeadStatus Status, string? Reason, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>lead.follow-up.scheduled</c>: somebody is to get in touch at that time. A timer stands beside it.</summary>
/// <param name="FollowUp">The follow-up's id.</param>
/// <param name="Due">When.</param>
/// <param name="Note">What for; null where nobody said.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record FollowUpScheduled(string FollowUp, DateTimeOffset Due, string? Note, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>lead.follow-up.due</c>: the time has come.</summary>
/// <param name="FollowUp">The follow-up's id.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record FollowUpDue(string FollowUp, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>lead.follow-up.closed</c>: it was done, or is not needed any more.</summary>
/// <param name="FollowUp">The follow-up's id.</param>
/// <param name="Done">Whether it was done; false: called off.</param>
/// <param name="Note">What came of it; null where nobody said.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record FollowUpClosed(string FollowUp, bool Done, string? Note, DateTimeOffset At) : DomainEvent;
