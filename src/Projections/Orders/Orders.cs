using System.Text.Json.Serialization.Metadata;
using AIaaS.Domain;
using AIaaS.Domain.Orders;
using AIaaS.EventStore;

namespace AIaaS.Projections.Orders;

/// <summary>An order as it is shown.</summary>
public sealed record OrderDocument
{
    /// <summary>The order's id, as the shop shows it.</summary>
    public required string Order { get; init; }

    /// <summary>The tenant.</summary>
    public required string Tenant { get; init; }

    /// <summary>The customer's id.</summary>
    public string Customer { get; init; } = "";

    /// <summary>Where it stands.</summary>
    public OrderStatus Status { get; init; }

    /// <summary>What its items cost.</summary>
    public Money Total { get; init; }

    /// <summary>What was paid less what was refunded.</summary>
    public Money Paid { get; init; }

    /// <summary>When it was placed or imported.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it was changed last.</summary>
    public DateTimeOffset UpdatedAt { get; init; }

    /// <summary>All of it.</summary>
    public Order Details { get; init; } = Domain.Orders.Order.Initial;
}

/// <summary>One document an order.</summary>
public sealed class OrdersProjection : Projection<OrderDocument>
{
    /// <inheritdoc />
    public override string Name => "Orders";

    /// <inheritdoc />
    public override int Version => 2;

    /// <inheritdoc />
    public override IReadOnlyList<string> EventTypePrefixes { get; } = ["order."];

    /// <inheritdoc />
    public override JsonTypeInfo<OrderDocument> Json => Documents.Default.OrderDocument;

    /// <inheritdoc />
    public override IReadOnlyDictionary<string, FieldKind> Fields { get; } = new Dictionary<string, FieldKind>
    {
        ["tenant"] = FieldKind.Text,
        ["order"] = FieldKind.Text,
        ["customer"] = FieldKind.Text,
        ["status"] = FieldKind.Text,
        ["createdAt"] = FieldKind.Text,
        ["updatedAt"] = FieldKind.Text,
    };

    /// <inheritdoc />
    public override IReadOnlyList<IReadOnlyList<string>> Indexes { get; } = [["tenant", "customer", "updatedAt"], ["tenant", "status", "updatedAt"], ["tenant", "updatedAt"], ["tenant", "order"]];

    /// <inheritdoc />
    public override IEnumerable<string> KeysOf(EventEnvelope envelope) =>
        new StreamName(envelope.Recorded.Stream).Category == "order" && DocumentId.OfStream(envelope) is { } id ? [id] : [];

    /// <inheritdoc />
    public override OrderDocument? Apply(string id, OrderDocument? document, EventEnvelope envelope)
    {
        if (At(envelope.Event) is not { } at)
        {
            return document;
        }

        var order = (document?.Details ?? Order.Initial).Evolve(envelope.Event);
        return order.Id is null ? document : new()
        {
            Order = order.Id,
            Tenant = envelope.Tenant,
            Customer = order.Customer,
            Status = order.Status,
            Total = order.Total(),
            Paid = order.Paid(),
            CreatedAt = document?.CreatedAt ?? at,
            UpdatedAt = at,
            Details = order,
        };
    }

    private static DateTimeOffset? At(object @event) => @event switch
    {
        OrderImported e => e.At,
        OrderPlaced e => e.At,
        OrderConfirmed e => e.At,
        OrderPlacementCancelled e => e.At,
        OrderCancelled e => e.At,
        OrderAddressChanged e => e.At,
        OrderItemsChanged e => e.At,
        OrderPaymentChanged e => e.At,
        OrderChangeOpened e => e.At,
        OrderReturnReceived e => e.At,
        OrderReturnCompleted e => e.At,
        OrderChangeSettled e => e.At,
        OrderChangeReverted e => e.At,
        OrderReturnRequested e => e.At,
        OrderExchangeRequested e => e.At,
        OrderExchangeReceived e => e.At,
        OrderExchangeCompleted e => e.At,
        _ => null,
    };
}
