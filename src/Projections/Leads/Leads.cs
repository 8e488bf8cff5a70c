using System.Collections.Immutable;
using System.Text.Json.Serialization.Metadata;
using AIaaS.Domain.Leads;
using AIaaS.EventStore;

namespace AIaaS.Projections.Leads;

/// <summary>A lead as it is shown.</summary>
public sealed record LeadDocument
{
    /// <summary>The lead's id.</summary>
    public required string Lead { get; init; }

    /// <summary>The tenant.</summary>
    public required string Tenant { get; init; }

    /// <summary>How it stands.</summary>
    public LeadStatus Status { get; init; }

    /// <summary>Why it stands so; null where nobody said.</summary>
    public string? StatusReason { get; init; }

    /// <summary>How it can be reached and where it comes from.</summary>
    public LeadContact? Contact { get; init; }

    /// <summary>The customer's id at the tenant; null where unknown.</summary>
    public string? Customer { get; init; }

    /// <summary>0 to 100; null until it is scored.</summary>
    public int? Score { get; init; }

    /// <summary>The points of each factor.</summary>
    public ImmutableArray<LeadPoints> Reasons { get; init; } = [];

    /// <summary>What was known when it was scored; null until then.</summary>
    public LeadFacts? Facts { get; init; }

    /// <summary>The follow-ups, in the order in which they were scheduled.</summary>
    public ImmutableArray<FollowUpDocument> FollowUps { get; init; } = [];

    /// <summary>Follow-ups whose time has come and that nobody closed.</summary>
    public int DueFollowUps { get; init; }

    /// <summary>When it was captured.</summary>
    public DateTimeOffset CapturedAt { get; init; }

    /// <summary>When something became of it last.</summary>
    public DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>A follow-up as it is shown.</summary>
public sealed record FollowUpDocument
{
    /// <summary>The follow-up's id.</summary>
    public required string FollowUp { get; init; }

    /// <summary>When.</summary>
    public DateTimeOffset Due { get; init; }

    /// <summary>What for, or what came of it; null where nobody said.</summary>
    public string? Note { get; init; }

    /// <summary>scheduled, due, done or cancelled.</summary>
    public string State { get; init; } = "scheduled";
}

/// <summary>One document a lead.</summary>
public sealed class LeadsProjection : Projection<LeadDocument>
{
    /// <inheritdoc />
    public override string Name => "Leads";

    /// <inheritdoc />
    public override int Version => 1;

    /// <inheritdoc />
    public override IReadOnlyList<string> EventTypePrefixes { get; } = ["lead."];

    /// <inheritdoc />
    public override JsonTypeInfo<LeadDocument> Json => Documents.Default.LeadDocument;

    /// <inheritdoc />
    public override IReadOnlyDictionary<string, FieldKind> Fields { get; } = new Dictionary<string, FieldKind>
    {
        ["tenant"] = FieldKind.Text,
        ["status"] = FieldKind.Text,
        ["customer"] = FieldKind.Text,
        ["score"] = FieldKind.Number,
        ["dueFollowUps"] = FieldKind.Number,
        ["capturedAt"] = FieldKind.Text,
        ["updatedAt"] = FieldKind.Text,
    };

    /// <inheritdoc />
    public override IReadOnlyList<IReadOnlyList<string>> Indexes { get; } = [["tenant", "capturedAt"], ["tenant", "updatedAt"], ["tenant", "score"], ["tenant", "status", "capturedAt"], ["tenant", "customer", "capturedAt"]];

    /// <inheritdoc />
    public override IEnumerable<string> KeysOf(EventEnvelope envelope) => DocumentId.OfStream(envelope) is { } id ? [id] : [];

    /// <inheritdoc />
    public override LeadDocument? Apply(string id, LeadDocument? document, EventEnvelope envelope)
    {
        var lead = document ?? new() { Lead = new StreamName(envelope.Recorded.Stream).Id, Tenant = envelope.Tenant };
        lead = envelope.Event switch
        {
            LeadCaptured e => lead with { Contact = e.Contact, Customer = e.Contact.Customer, CapturedAt = e.At, UpdatedAt = e.At },
            LeadScored e => lead with { Score = e.Score, Reasons = e.Reasons, Facts = e.Facts, UpdatedAt = e.At },
            LeadStatusChanged e => lead with { Status = e.Status, StatusReason = e.Reason, UpdatedAt = e.At },
            FollowUpScheduled e => lead with { FollowUps = lead.FollowUps.Add(new() { FollowUp = e.FollowUp, Due = e.Due, Note = e.Note }), UpdatedAt = e.At },
            FollowUpDue e => With(lead, e.FollowUp, f => f with { State = "due" }, e.At),
            FollowUpClosed e => With(lead, e.FollowUp, f => f with { State = e.Done ? "done" : "cancelled", Note = e.Note ?? f.Note }, e.At),
            _ => lead,
        };
        return lead with { DueFollowUps = lead.FollowUps.Count(f => f.State == "due") };
    }

    private static LeadDocument With(LeadDocument lead, string followUp, Func<FollowUpDocument, FollowUpDocument> change, DateTimeOffset at) =>
        lead with { FollowUps = [.. lead.FollowUps.Select(f => f.FollowUp == followUp ? change(f) : f)], UpdatedAt = at };
}
