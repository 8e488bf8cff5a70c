using System.Collections.Immutable;
using AIaaS.Domain.Customers;

namespace AIaaS.Domain.Orders;

/// <summary>Brings an order of the shop's data in.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Imported">All that is known of the order.</param>
public sealed record ImportOrder(string Tenant, OrderImported Imported);

/// <summary>Places an order.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Order">The order's id.</param>
/// <param name="Customer">The customer, as known now.</param>
/// <param name="Lines">What is wanted.</param>
/// <param name="Products">The products of the wanted items, by item.</param>
/// <param name="Method">The payment method.</param>
/// <param name="Address">Where it goes; null: the customer's default address.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record PlaceOrder(string Tenant, string Order, Customer Customer, ImmutableArray<StockLine> Lines, IReadOnlyDictionary<string, Product> Products, string Method, PostalAddress? Address, DateTimeOffset At);

/// <summary>Confirms an order that was placed and paid.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Order">The order's id.</param>
/// <param name="Method">What it was paid with.</param>
/// <param name="Amount">What was paid.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record ConfirmOrder(string Tenant, string Order, string Method, Money Amount, DateTimeOffset At);

/// <summary>Gives an order up that was placed.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Order">The order's id.</param>
/// <param name="Reason">Why.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record CancelPlacement(string Tenant, string Order, string Reason, DateTimeOffset At);

/// <summary>Cancels a pending order.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Order">The order's id.</param>
/// <param name="Reason">One of <see cref="Orders.Order.CancelReasons"/>.</param>
/// <param name="Customer">The customer, as known now.</param>
/// <param name="Operation">Names the change.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record CancelOrder(string Tenant, string Order, string Reason, Customer Customer, string Operation, DateTimeOffset At);

/// <summary>Sends a pending order somewhere else.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Order">The order's id.</param>
/// <param name="Address">Where to.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record ChangeOrderAddress(string Tenant, string Order, PostalAddress Address, DateTimeOffset At);

/// <summary>Changes items of a pending order into others of the same products.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Order">The order's id.</param>
/// <param name="Items">The items to change; an item may be named as often as it was ordered.</param>
/// <param name="NewItems">What each becomes.</param>
/// <param name="Method">The payment method for the difference.</param>
/// <param name="Customer">The customer, as known now.</param>
/// <param name="Products">The order's products, by id.</param>
/// <param name="Operation">Names the change.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record ChangeOrderItems(string Tenant, string Order, ImmutableArray<string> Items, ImmutableArray<string> NewItems, string Method, Customer Customer, IReadOnlyDictionary<string, Product> Products, string Operation, DateTimeOffset At);

/// <summary>Pays a pending order in another way.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Order">The order's id.</param>
/// <param name="Method">The new payment method.</param>
/// <param name="Customer">The customer, as known now.</param>
/// <param name="Operation">Names the change.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record ChangeOrderPayment(string Tenant, string Order, string Method, Customer Customer, string Operation, DateTimeOffset At);

/// <summary>Says what became of a change that had to be paid first.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Order">The order's id.</param>
/// <param name="Operation">The change.</param>
/// <param name="Declined">Why it could not be borne; null where it was.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record SettleOrderChange(string Tenant, string Order, string Operation, string? Declined, DateTimeOffset At);

/// <summary>Sends items of a delivered order back.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Order">The order's id.</param>
/// <param name="Items">The items; an item may be named as often as it was ordered.</param>
/// <param name="Method">The payment method for the refund.</param>
/// <param name="Customer">The customer, as known now.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record RequestReturn(string Tenant, string Order, ImmutableArray<string> Items, string Method, Customer Customer, DateTimeOffset At);

/// <summary>Sends items of a delivered order back for others of the same products.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Order">The order's id.</param>
/// <param name="Items">The items; an item may be named as often as it was ordered.</param>
/// <param name="NewItems">What each is exchanged for.</param>
/// <param name="Method">The payment method for the difference.</param>
/// <param name="Customer">The customer, as known now.</param>
/// <param name="Products">The order's products, by id.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record RequestExchange(string Tenant, string Order, ImmutableArray<string> Items, ImmutableArray<string> NewItems, string Method, Customer Customer, IReadOnlyDictionary<string, Product> Products, DateTimeOffset At);

/// <summary>Notes that the shop has received what is returned.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Order">The order's id.</param>
/// <param name="Customer">The customer, as known now.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record ReceiveReturn(string Tenant, string Order, Customer Customer, DateTimeOffset At);

/// <summary>Notes that a return is on the shelf and refunded.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Order">The order's id.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record CompleteReturn(string Tenant, string Order, DateTimeOffset At);

/// <summary>Notes that the shop has received what is exchanged.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Order">The order's id.</param>
/// <param name="Customer">The customer, as known now.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record ReceiveExchange(string Tenant, string Order, Customer Customer, DateTimeOffset At);

/// <summary>Notes that the difference is settled, and the new items go out.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Order">The order's id.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record CompleteExchange(string Tenant, string Order, DateTimeOffset At);
