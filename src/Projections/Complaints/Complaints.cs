using System.Collections.Immutable;
using System.Text.Json.Serialization.Metadata;
using AIaaS.Domain;
using AIaaS.Domain.Complaints;
using AIaaS.EventStore;

namespace AIaaS.Projections.Complaints;

/// <summary>A complaint as it is shown.</summary>
public sealed record ComplaintDocument
{
    /// <summary>The complaint's id.</summary>
    public required string Complaint { get; init; }

    /// <summary>The tenant.</summary>
    public required string Tenant { get; init; }

    /// <summary>How it stands.</summary>
    public ComplaintStatus Status { get; init; }

    /// <summary>What it is about.</summary>
    public ComplaintCategory Category { get; init; }

    /// <summary>How bad it is.</summary>
    public ComplaintSeverity Severity { get; init; }

    /// <summary>Why it is that bad.</summary>
    public ImmutableArray<string> Reasons { get; init; } = [];

    /// <summary>What the customer says.</summary>
    public string Text { get; init; } = "";

    /// <summary>The customer's id at the tenant; null where unknown.</summary>
    public string? Customer { get; init; }

    /// <summary>The order; null for none.</summary>
    public string? Order { get; init; }

    /// <summary>The conversation that it comes from; null for none.</summary>
    public string? Conversation { get; init; }

    /// <summary>The money that it is about; null for none.</summary>
    public Money? AtStake { get; init; }

    /// <summary>How far up it has gone.</summary>
    public int Level { get; init; }

    /// <summary>Until when it is to be resolved; null when there is no further deadline.</summary>
    public DateTimeOffset? Deadline { get; init; }

    /// <summary>What was done about it; null while it is open.</summary>
    public string? Resolution { get; init; }

    /// <summary>Whether it was resolved after its first deadline; null while it is open.</summary>
    public bool? Late { get; init; }

    /// <summary>When it was opened.</summary>
    public DateTimeOffset OpenedAt { get; init; }

    /// <summary>When something became of it last.</summary>
    public DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>One document a complaint.</summary>
public sealed class ComplaintsProjection : Projection<ComplaintDocument>
{
    /// <inheritdoc />
    public override string Name => "Complaints";

    /// <inheritdoc />
    public override int Version => 1;

    /// <inheritdoc />
    public override IReadOnlyList<string> EventTypePrefixes { get; } = ["complaint.opened", "complaint.escalated", "complaint.resolved"];

    /// <inheritdoc />
    public override JsonTypeInfo<ComplaintDocument> Json => Documents.Default.ComplaintDocument;

    /// <inheritdoc />
    public override IReadOnlyDictionary<string, FieldKind> Fields { get; } = new Dictionary<string, FieldKind>
    {
        ["tenant"] = FieldKind.Text,
        ["status"] = FieldKind.Text,
        ["severity"] = FieldKind.Text,
        ["category"] = FieldKind.Text,
        ["customer"] = FieldKind.Text,
        ["deadline"] = FieldKind.Text,
        ["openedAt"] = FieldKind.Text,
        ["updatedAt"] = FieldKind.Text,
    };

    /// <inheritdoc />
    public override IReadOnlyList<IReadOnlyList<string>> Indexes { get; } = [["tenant", "openedAt"], ["tenant", "updatedAt"], ["tenant", "deadline"], ["tenant", "status", "openedAt"], ["tenant", "customer", "openedAt"]];

    /// <inheritdoc />
    public override IEnumerable<string> KeysOf(EventEnvelope envelope) => DocumentId.OfStream(envelope) is { } id ? [id] : [];

    /// <inheritdoc />
    public override ComplaintDocument? Apply(string id, ComplaintDocument? document, EventEnvelope envelope)
    {
        var complaint = document ?? new() { Complaint = new StreamName(envelope.Recorded.Stream).Id, Tenant = envelope.Tenant };
        return envelope.Event switch
        {
            ComplaintOpened e => complaint with
            {
                Category = e.Category,
                Severity = e.Severity,
                Reasons = e.Reasons,
                Text = e.Text,
                Customer = e.Customer,
                Order = e.Order,
                Conversation = e.Conversation,
                AtStake = e.AtStake,
                Deadline = e.Deadline,
                OpenedAt = e.At,
                UpdatedAt = e.At,
            },
            ComplaintEscalated e => complaint with { Status = ComplaintStatus.Escalated, Level = e.Level, Deadline = e.Deadline, UpdatedAt = e.At },
            ComplaintResolved e => complaint with { Status = ComplaintStatus.Resolved, Resolution = e.Resolution, Late = e.Late, Deadline = null, UpdatedAt = e.At },
            _ => document,
        };
    }
}
