using System.Collections.Immutable;
using AIaaS.EventStore;

namespace AIaaS.Domain.Customers;

/// <summary>Type <c>customer.imported</c>, stream <c>customer-{tenant}_{hash of the id}</c>: a customer came from the shop's data.</summary>
/// <param name="Customer">The customer's id.</param>
/// <param name="FirstName">The first name.</param>
/// <param name="LastName">The last name.</param>
/// <param name="Email">The e-mail address.</param>
/// <param name="Address">The default address.</param>
/// <param name="PaymentMethods">The ways to pay.</param>
/// <param name="Orders">The ids of the customer's orders.</param>
/// <param name="ContentHash">SHA-256 (hex) of what was imported.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record CustomerImported(string Customer, string FirstName, string LastName, string Email, PostalAddress Address, ImmutableArray<PaymentMethod> PaymentMethods, ImmutableArray<string> Orders, string ContentHash, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>customer.address.changed</c>: the default address is another one.</summary>
/// <param name="Customer">The customer's id.</param>
/// <param name="FirstName">The first name: with the postal code, how the customer is found.</param>
/// <param name="LastName">The last name.</param>
/// <param name="From">The address before.</param>
/// <param name="Address">The address now.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record CustomerAddressChanged(string Customer, string FirstName, string LastName, PostalAddress From, PostalAddress Address, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>customer.order.added</c>: an order was placed.</summary>
/// <param name="Customer">The customer's id.</param>
/// <param name="Order">The order's id.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record CustomerOrderAdded(string Customer, string Order, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>customer.gift-card.debited</c>: money left a gift card.</summary>
/// <param name="Customer">The customer's id.</param>
/// <param name="Card">The payment method.</param>
/// <param name="Amount">How much.</param>
/// <param name="Balance">What is left on it.</param>
/// <param name="Operation">What it was for; an operation moves money once.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record GiftCardDebited(string Customer, string Card, Money Amount, Money Balance, string Operation, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>customer.gift-card.credited</c>: money came to a gift card.</summary>
/// <param name="Customer">The customer's id.</param>
/// <param name="Card">The payment method.</param>
/// <param name="Amount">How much.</param>
/// <param name="Balance">What is on it now.</param>
/// <param name="Operation">What it was for; an operation moves money once.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record GiftCardCredited(string Customer, string Card, Money Amount, Money Balance, string Operation, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>customer.gift-card.declined</c>: a gift card could not bear an operation, which stays declined; what it was for is taken back.</summary>
/// <param name="Customer">The customer's id.</param>
/// <param name="Operation">The operation.</param>
/// <param name="Reason">Why.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record GiftCardDeclined(string Customer, string Operation, string Reason, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>customer.identity.linked</c>, stream <c>customerIdentity-{tenant}_{hash of e-mail, or of name and postal code}</c>: a customer can be found so.</summary>
/// <param name="Customer">The customer's id.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record CustomerIdentityLinked(string Customer, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>customer.identity.unlinked</c>: a customer cannot be found so any more.</summary>
/// <param name="Customer">The customer's id.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record CustomerIdentityUnlinked(string Customer, DateTimeOffset At) : DomainEvent;
