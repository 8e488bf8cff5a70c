using System.Collections.Immutable;
using System.Text.Json.Serialization;
using AIaaS.Domain.Customers;
using AIaaS.EventStore;

namespace AIaaS.Domain.Orders;

/// <summary>Where an order stands.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<OrderStatus>))]
public enum OrderStatus
{
    /// <summary>Placed; stock and payment are still being seen to.</summary>
    Placing,

    /// <summary>Paid, and not yet packed.</summary>
    Pending,

    /// <summary>Pending, with its items changed once: nothing more can be changed.</summary>
    PendingItemsModified,

    /// <summary>Packed and on its way.</summary>
    Processed,

    /// <summary>With the customer.</summary>
    Delivered,

    /// <summary>Cancelled.</summary>
    Cancelled,

    /// <summary>The customer sends items back.</summary>
    ReturnRequested,

    /// <summary>The customer sends items back for others.</summary>
    ExchangeRequested,

    /// <summary>The shop has received what is exchanged.</summary>
    ExchangeReceived,

    /// <summary>The exchange is paid for or refunded, and the new items go out.</summary>
    Exchanged,

    /// <summary>The shop has received what is returned.</summary>
    ReturnReceived,

    /// <summary>What was returned is on the shelf again, and refunded.</summary>
    Returned,
}

/// <summary>Which way money went.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<OrderPaymentKind>))]
public enum OrderPaymentKind
{
    /// <summary>From the customer.</summary>
    Payment,

    /// <summary>To the customer.</summary>
    Refund,
}

/// <summary>One thing that was ordered; of two of a kind there are two.</summary>
/// <param name="Name">The product's name.</param>
/// <param name="Product">The product's id.</param>
/// <param name="Item">The item's id.</param>
/// <param name="Price">What it cost.</param>
/// <param name="Options">What was chosen.</param>
public sealed record OrderItem(string Name, string Product, string Item, Money Price, ImmutableArray<ItemOption> Options);

/// <summary>Items that are sent together.</summary>
/// <param name="TrackingIds">The carrier's ids.</param>
/// <param name="Items">The ids of the items.</param>
public sealed record Fulfillment(ImmutableArray<string> TrackingIds, ImmutableArray<string> Items);

/// <summary>Money that went one way.</summary>
/// <param name="Kind">Which way.</param>
/// <param name="Amount">How much.</param>
/// <param name="Method">The customer's payment method.</param>
public sealed record OrderPayment(OrderPaymentKind Kind, Money Amount, string Method);

/// <summary>A line of an order becomes another item of the same product.</summary>
/// <param name="Line">The line, from 0.</param>
/// <param name="From">The item's id before.</param>
/// <param name="FromPrice">What it cost.</param>
/// <param name="To">The item now.</param>
public sealed record ItemChange(int Line, string From, Money FromPrice, OrderItem To);

/// <summary>What a change of an order moves on the customer's gift cards.</summary>
/// <param name="Operation">It moves money once.</param>
/// <param name="Customer">Whose gift cards.</param>
/// <param name="Movements">Empty where no gift card is concerned.</param>
public sealed record Settlement(string Operation, string Customer, ImmutableArray<GiftCardMovement> Movements)
{
    /// <summary>Whether a gift card may not bear it, so that the change holds only once it is settled.</summary>
    [JsonIgnore]
    public bool CanBeDeclined => Movements.Any(m => m.Amount.Amount < 0);
}

/// <summary>Type <c>order.imported</c>, stream <c>order-{tenant}_{hash of the id}</c>: an order came from the shop's data.</summary>
/// <param name="Order">The order's id.</param>
/// <param name="Customer">The customer's id.</param>
/// <param name="Address">Where it goes.</param>
/// <param name="Items">What was ordered.</param>
/// <param name="Status">Where it stood.</param>
/// <param name="Fulfillments">What was sent.</param>
/// <param name="Payments">What was paid and refunded.</param>
/// <param name="CancelReason">Why it was cancelled; null when it was not, or nobody wrote why.</param>
/// <param name="Exchange">What was to be exchanged; null where nothing was.</param>
/// <param name="Return">What was to be returned; null where nothing was.</param>
/// <param name="ContentHash">SHA-256 (hex) of what was imported.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record OrderImported(string Order, string Customer, PostalAddress Address, ImmutableArray<OrderItem> Items, OrderStatus Status, ImmutableArray<Fulfillment> Fulfillments, ImmutableArray<OrderPayment> Payments, string? CancelReason, OrderExchange? Exchange, OrderReturn? Return, string ContentHash, DateTimeOffset At) : DomainEvent;

/// <summary>What is exchanged.</summary>
/// <param name="Items">The ids of what comes back, in order.</param>
/// <param name="NewItems">The ids of what goes out, in order.</param>
/// <param name="Method">The payment method for the difference.</param>
/// <param name="Difference">What the customer pays; negative where the customer gets money.</param>
public sealed record OrderExchange(ImmutableArray<string> Items, ImmutableArray<string> NewItems, string Method, Money Difference);

/// <summary>What is returned.</summary>
/// <param name="Items">The ids of what comes back, in order.</param>
/// <param name="Method">The payment method for the refund.</param>
public sealed record OrderReturn(ImmutableArray<string> Items, string Method);

/// <summary>Type <c>order.placed</c>: a customer placed an order, which waits for stock and payment.</summary>
/// <param name="Order">The order's id.</param>
/// <param name="Customer">The customer's id.</param>
/// <param name="Address">Where it goes.</param>
/// <param name="Items">What is ordered.</param>
/// <param name="Total">What it costs.</param>
/// <param name="Method">The payment method.</param>
/// <param name="Source">What kind of payment method that is.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record OrderPlaced(string Order, string Customer, PostalAddress Address, ImmutableArray<OrderItem> Items, Money Total, string Method, PaymentSource Source, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>order.confirmed</c>: stock is reserved and the money has come.</summary>
/// <param name="Order">The order's id.</param>
/// <param name="Customer">The customer's id.</param>
/// <param name="Payment">What was paid.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record OrderConfirmed(string Order, string Customer, OrderPayment Payment, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>order.placement.cancelled</c>: the shop could not go through with an order that was placed.</summary>
/// <param name="Order">The order's id.</param>
/// <param name="Customer">The customer's id.</param>
/// <param name="Reason">Why.</param>
/// <param name="Refunds">What had been paid and goes back.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record OrderPlacementCancelled(string Order, string Customer, string Reason, ImmutableArray<OrderPayment> Refunds, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>order.cancelled</c>: the customer cancelled a pending order.</summary>
/// <param name="Order">The order's id.</param>
/// <param name="Customer">The customer's id.</param>
/// <param name="Reason">Why.</param>
/// <param name="Refunds">What goes back, by payment method.</param>
/// <param name="Settlement">What of it goes to gift cards.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record OrderCancelled(string Order, string Customer, string Reason, ImmutableArray<OrderPayment> Refunds, Settlement Settlement, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>order.address.changed</c>: a pending order goes somewhere else.</summary>
/// <param name="Order">The order's id.</param>
/// <param name="Address">Where to.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record OrderAddressChanged(string Order, PostalAddress Address, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>order.items.changed</c>: lines of a pending order became other items of the same products.</summary>
/// <param name="Order">The order's id.</param>
/// <param name="Changes">The lines, in the order in which they were named.</param>
/// <param name="Payment">What is paid or refunded for the difference.</param>
/// <param name="Settlement">What of it concerns a gift card.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record OrderItemsChanged(string Order, ImmutableArray<ItemChange> Changes, OrderPayment Payment, Settlement Settlement, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>order.payment.changed</c>: a pending order is paid in another way.</summary>
/// <param name="Order">The order's id.</param>
/// <param name="Payment">What is paid now.</param>
/// <param name="Refund">What goes back.</param>
/// <param name="Settlement">What of it concerns gift cards.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record OrderPaymentChanged(string Order, OrderPayment Payment, OrderPayment Refund, Settlement Settlement, DateTimeOffset At) : DomainEvent;

/// <summary>
/// Type <c>order.change.opened</c>: a change of an order that was placed here, recorded with it, has stock and money to move. A saga moves them; the change holds
/// when it is settled, and is taken back where it cannot be borne.
/// </summary>
/// <param name="Order">The order's id.</param>
/// <param name="Customer">The customer's id.</param>
/// <param name="Operation">The change.</param>
/// <param name="Reserve">The items that the order gets.</param>
/// <param name="Release">The items that it had instead.</param>
/// <param name="Charge">What is paid; null for nothing.</param>
/// <param name="ChargeSource">The kind of payment method that pays it; null for nothing.</param>
/// <param name="Refund">What goes back; null for nothing.</param>
/// <param name="RefundSource">The kind of payment method that it goes back to; null for nothing.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record OrderChangeOpened(string Order, string Customer, string Operation, ImmutableArray<StockLine> Reserve, ImmutableArray<StockLine> Release, OrderPayment? Charge, PaymentSource? ChargeSource, OrderPayment? Refund, PaymentSource? RefundSource, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>order.change.settled</c>: what the change costs is paid.</summary>
/// <param name="Order">The order's id.</param>
/// <param name="Operation">The change.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record OrderChangeSettled(string Order, string Operation, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>order.change.reverted</c>: the change could not be paid or supplied, and is taken back.</summary>
/// <param name="Order">The order's id.</param>
/// <param name="Operation">The change.</param>
/// <param name="Reason">Why.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record OrderChangeReverted(string Order, string Operation, string Reason, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>order.return.requested</c>: the customer sends items back.</summary>
/// <param name="Order">The order's id.</param>
/// <param name="Customer">The customer's id.</param>
/// <param name="Return">What, and how it is refunded.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record OrderReturnRequested(string Order, string Customer, OrderReturn Return, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>order.return.received</c>: the shop has received what is returned.</summary>
/// <param name="Order">The order's id.</param>
/// <param name="Customer">The customer's id.</param>
/// <param name="Return">What, and how it is refunded.</param>
/// <param name="Refund">What goes back.</param>
/// <param name="Source">The kind of payment method that it goes back to.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record OrderReturnReceived(string Order, string Customer, OrderReturn Return, OrderPayment Refund, PaymentSource Source, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>order.return.completed</c>: the items are on the shelf again, and the money has gone back.</summary>
/// <param name="Order">The order's id.</param>
/// <param name="Customer">The customer's id.</param>
/// <param name="Refund">What went back.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record OrderReturnCompleted(string Order, string Customer, OrderPayment Refund, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>order.exchange.requested</c>: the customer sends items back for others.</summary>
/// <param name="Order">The order's id.</param>
/// <param name="Customer">The customer's id.</param>
/// <param name="Exchange">What, and how the difference is settled.</param>
/// <param name="Changes">The lines, in the order in which they were named.</param>
/// <param name="Source">The kind of the payment method.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record OrderExchangeRequested(string Order, string Customer, OrderExchange Exchange, ImmutableArray<ItemChange> Changes, PaymentSource Source, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>order.exchange.received</c>: the shop has received what is exchanged.</summary>
/// <param name="Order">The order's id.</param>
/// <param name="Customer">The customer's id.</param>
/// <param name="Exchange">What, and how the difference is settled.</param>
/// <param name="Source">The kind of the payment method.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record OrderExchangeReceived(string Order, string Customer, OrderExchange Exchange, PaymentSource Source, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>order.exchange.completed</c>: the difference is settled, and the new items go out.</summary>
/// <param name="Order">The order's id.</param>
/// <param name="Customer">The customer's id.</param>
/// <param name="Payment">What was paid or refunded; null where the prices were the same.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record OrderExchangeCompleted(string Order, string Customer, OrderPayment? Payment, DateTimeOffset At) : DomainEvent;
