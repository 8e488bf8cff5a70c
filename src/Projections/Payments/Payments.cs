using System.Collections.Immutable;
using System.Text.Json.Serialization.Metadata;
using AIaaS.Domain;
using AIaaS.Domain.Payments;
using AIaaS.EventStore;

namespace AIaaS.Projections.Payments;

/// <summary>A payment as it is shown.</summary>
public sealed record PaymentDocument
{
    /// <summary>The payment's id.</summary>
    public required string Payment { get; init; }

    /// <summary>The tenant.</summary>
    public required string Tenant { get; init; }

    /// <summary>How it stands.</summary>
    public PaymentStatus Status { get; init; }

    /// <summary>Charge or Authorize.</summary>
    public PaymentOperation Operation { get; init; }

    /// <summary>What was asked for.</summary>
    public Money Amount { get; init; }

    /// <summary>What was taken, all in all.</summary>
    public decimal Captured { get; init; }

    /// <summary>What was given back, all in all.</summary>
    public decimal Refunded { get; init; }

    /// <summary>The customer's id at the tenant; null where unknown.</summary>
    public string? Customer { get; init; }

    /// <summary>The order; null for none.</summary>
    public string? Order { get; init; }

    /// <summary>In words; null for none.</summary>
    public string? Description { get; init; }

    /// <summary>The processor.</summary>
    public string Processor { get; init; } = "";

    /// <summary>The processor's id of it; null until it gave one.</summary>
    public string? Reference { get; init; }

    /// <summary>Why it was refused; null when it was not.</summary>
    public string? DeclineReason { get; init; }

    /// <summary>Operations without an outcome that anybody knows.</summary>
    public int Unresolved { get; init; }

    /// <summary>The refunds, oldest first.</summary>
    public ImmutableArray<RefundDocument> Refunds { get; init; } = [];

    /// <summary>When it was asked for.</summary>
    public DateTimeOffset RequestedAt { get; init; }

    /// <summary>When something became of it last.</summary>
    public DateTimeOffset UpdatedAt { get; init; }

    /// <summary>The state that the document shows; folded on with each event.</summary>
    public ImmutableArray<string> Open { get; init; } = [];
}

/// <summary>A refund as it is shown.</summary>
public sealed record RefundDocument
{
    /// <summary>Our id; null for one that the processor made without being asked.</summary>
    public string? Refund { get; init; }

    /// <summary>The processor's id; null until it gave one.</summary>
    public string? Reference { get; init; }

    /// <summary>How much.</summary>
    public decimal Amount { get; init; }

    /// <summary>requested, refunded or declined.</summary>
    public string State { get; init; } = "requested";

    /// <summary>Why it was asked for or refused; null where nobody said.</summary>
    public string? Reason { get; init; }

    /// <summary>When something became of it last.</summary>
    public DateTimeOffset At { get; init; }
}

/// <summary>One document a payment.</summary>
public sealed class PaymentsProjection : Projection<PaymentDocument>
{
    /// <inheritdoc />
    public override string Name => "Payments";

    /// <inheritdoc />
    public override int Version => 1;

    /// <inheritdoc />
    public override IReadOnlyList<string> EventTypePrefixes { get; } = ["payment."];

    /// <inheritdoc />
    public override JsonTypeInfo<PaymentDocument> Json => Documents.Default.PaymentDocument;

    /// <inheritdoc />
    public override IReadOnlyDictionary<string, FieldKind> Fields { get; } = new Dictionary<string, FieldKind>
    {
        ["tenant"] = FieldKind.Text,
        ["status"] = FieldKind.Text,
        ["customer"] = FieldKind.Text,
        ["order"] = FieldKind.Text,
        ["unresolved"] = FieldKind.Number,
        ["requestedAt"] = FieldKind.Text,
        ["updatedAt"] = FieldKind.Text,
    };

    /// <inheritdoc />
    public override IReadOnlyList<IReadOnlyList<string>> Indexes { get; } = [["tenant", "requestedAt"], ["tenant", "updatedAt"], ["tenant", "status", "requestedAt"], ["tenant", "customer", "requestedAt"], ["tenant", "order", "requestedAt"]];

    /// <inheritdoc />
    public override IEnumerable<string> KeysOf(EventEnvelope envelope) => DocumentId.OfStream(envelope) is { } id ? [id] : [];

    /// <inheritdoc />
    public override PaymentDocument? Apply(string id, PaymentDocument? document, EventEnvelope envelope)
    {
        var payment = document ?? new() { Payment = new StreamName(envelope.Recorded.Stream).Id, Tenant = envelope.Tenant };
        payment = envelope.Event switch
        {
            PaymentRequested e => payment with { Operation = e.Operation, Amount = e.Amount, Customer = e.Customer, Order = e.Order, Description = e.Description, Processor = e.Processor, RequestedAt = e.At, UpdatedAt = e.At },
            PaymentAuthorized e => Settled(payment, e.At) with { Status = PaymentStatus.Authorized, Reference = e.Reference, DeclineReason = null },
            PaymentCaptureRequested e => payment with { UpdatedAt = e.At },
            PaymentCaptured e => Settled(payment, e.At, PaymentOperation.Capture) with { Captured = e.Amount.Amount, Reference = e.Reference, Status = PaymentStatus.Captured, DeclineReason = null },
            PaymentDeclined e => Settled(payment, e.At) with { Status = PaymentStatus.Declined, Reference = e.Reference ?? payment.Reference, DeclineReason = e.Reason },
            PaymentVoidRequested e => payment with { UpdatedAt = e.At },
            PaymentVoided e => Settled(payment, e.At, PaymentOperation.Void) with { Status = PaymentStatus.Voided, Reference = e.Reference },
            PaymentUnknown e => Doubted(payment, Domain.Payments.Payment.Doubt(e.Operation, e.Refund), e.At),
            PaymentOperationRefused e => Settled(payment, e.At, e.Operation),
            PaymentRefundRequested e => payment with { UpdatedAt = e.At, Refunds = payment.Refunds.Add(new() { Refund = e.Refund, Amount = e.Amount.Amount, Reason = e.Reason, At = e.At }) },
            PaymentRefunded e => WithRefund(payment, e.Refund, e.Reference, e.Amount.Amount, "refunded", null, e.At),
            PaymentRefundDeclined e => WithRefund(payment, e.Refund, e.Reference, 0, "declined", e.Reason, e.At),
            _ => payment,
        };
        return Standing(payment);
    }

    private static PaymentDocument Standing(PaymentDocument payment)
    {
        var refunded = payment.Refunds.Where(r => r.State == "refunded").Sum(r => r.Amount);
        return payment with
        {
            Refunded = refunded,
            Unresolved = payment.Open.Length,
            Status = payment.Captured > 0 ? refunded <= 0 ? PaymentStatus.Captured : refunded >= payment.Captured ? PaymentStatus.Refunded : PaymentStatus.PartiallyRefunded : payment.Status,
        };
    }

    private static PaymentDocument Doubted(PaymentDocument payment, string operation, DateTimeOffset at) => payment with
    {
        Status = payment.Status == PaymentStatus.Requested ? PaymentStatus.Unknown : payment.Status,
        Open = payment.Open.Contains(operation) ? payment.Open : payment.Open.Add(operation),
        UpdatedAt = at,
    };

    private static PaymentDocument Settled(PaymentDocument payment, DateTimeOffset at, PaymentOperation? operation = null) => payment with
    {
        Open = payment.Open.RemoveAll(o => o is nameof(PaymentOperation.Charge) or nameof(PaymentOperation.Authorize) || o == operation?.ToString()),
        UpdatedAt = at,
    };

    private static PaymentDocument WithRefund(PaymentDocument payment, string? refund, string? reference, decimal amount, string state, string? reason, DateTimeOffset at)
    {
        var open = payment with { UpdatedAt = at, Open = refund is null ? payment.Open : payment.Open.Remove(refund) };
        for (var i = 0; i < open.Refunds.Length; i++)
        {
            var known = open.Refunds[i];
            if ((refund is not null && known.Refund == refund) || (reference is not null && known.Reference == reference))
            {
                return open with { Refunds = open.Refunds.SetItem(i, known with { Reference = reference ?? known.Reference, State = state, Reason = reason ?? known.Reason, At = at }) };
            }
        }

        return open with { Refunds = open.Refunds.Add(new() { Refund = refund, Reference = reference, Amount = amount, State = state, Reason = reason, At = at }) };
    }
}
