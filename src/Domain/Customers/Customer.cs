using System.Collections.Immutable;
using AIaaS.EventStore;

namespace AIaaS.Domain.Customers;

/// <summary>Brings a customer of the shop's data in.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Imported">All that is known of the customer.</param>
public sealed record ImportCustomer(string Tenant, CustomerImported Imported);

/// <summary>Changes the default address.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Customer">The customer's id.</param>
/// <param name="Address">The new address.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record ChangeCustomerAddress(string Tenant, string Customer, PostalAddress Address, DateTimeOffset At);

/// <summary>Notes an order that was placed.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Customer">The customer's id.</param>
/// <param name="Order">The order's id.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record AddCustomerOrder(string Tenant, string Customer, string Order, DateTimeOffset At);

/// <summary>Moves money from and to gift cards, all of it or none.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Customer">The customer's id.</param>
/// <param name="Operation">What it is for; an operation moves money once, and one that was declined stays so.</param>
/// <param name="Movements">One for each card.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record MoveGiftCards(string Tenant, string Customer, string Operation, ImmutableArray<GiftCardMovement> Movements, DateTimeOffset At);

/// <summary>A customer: profile, address, payment methods with the balances of gift cards.</summary>
public sealed record Customer : IState<Customer>
{
    // A key that is older than so many operations is recognised by the ids of its events.
    private const int RememberedOperations = 200;

    /// <summary>The customer before the import.</summary>
    public static Customer Initial { get; } = new();

    /// <summary>The customer's id; null when there is none.</summary>
    public string? Id { get; init; }

    /// <summary>The first name.</summary>
    public string FirstName { get; init; } = "";

    /// <summary>The last name.</summary>
    public string LastName { get; init; } = "";

    /// <summary>The e-mail address.</summary>
    public string Email { get; init; } = "";

    /// <summary>The default address.</summary>
    public PostalAddress Address { get; init; } = new("", "", "", "", "", "");

    /// <summary>The ways to pay.</summary>
    public ImmutableArray<PaymentMethod> PaymentMethods { get; init; } = [];

    /// <summary>The ids of the customer's orders, oldest first.</summary>
    public ImmutableArray<string> Orders { get; init; } = [];

    /// <summary>The hash of what was imported.</summary>
    public string ContentHash { get; init; } = "";

    /// <summary>The newest operations on gift cards, the oldest first, and whether each was declined.</summary>
    public ImmutableArray<KeyValuePair<string, string?>> Operations { get; init; } = [];

    /// <summary>The stream of a customer.</summary>
    public static StreamName Stream(string tenant, string customer) => StreamName.For("customer", tenant, ShopText.StreamId("customer", customer));

    /// <summary>The payment method of that id; null when the customer has none.</summary>
    public PaymentMethod? Method(string id) => PaymentMethods.FirstOrDefault(m => m.Id == id);

    /// <summary>Whether an operation on gift cards was declined, and why; null where it was not.</summary>
    public string? Declined(string operation) => Operations.FirstOrDefault(o => o.Key == operation).Value;

    /// <inheritdoc />
    public Customer Evolve(object @event) => @event switch
    {
        CustomerImported e => this with
        {
            Id = e.Customer,
            FirstName = e.FirstName,
            LastName = e.LastName,
            Email = e.Email,
            Address = e.Address,
            PaymentMethods = e.PaymentMethods,
            Orders = e.Orders,
            ContentHash = e.ContentHash,
        },
        CustomerAddressChanged e => this with { Address = e.Address },
        CustomerOrderAdded e => this with { Orders = Orders.Add(e.Order) },
        GiftCardDebited e => Moved(e.Card, e.Balance, e.Operation),
        GiftCardCredited e => Moved(e.Card, e.Balance, e.Operation),
        GiftCardDeclined e => this with { Operations = Remember(e.Operation, e.Reason) },
        _ => this,
    };

    /// <summary>Imports; the same data again changes nothing, other data is refused.</summary>
    public Decision Import(ImportCustomer command) =>
        Id is null ? command.Imported
        : ContentHash == command.Imported.ContentHash ? Decision.Unchanged
        : CustomerErrors.ImportedOtherwise(Id);

    /// <summary>Changes the default address; the same one again changes nothing.</summary>
    public Decision ChangeAddress(ChangeCustomerAddress command) =>
        Id is null ? CustomerErrors.NotFound
        : command.Address.Faults().ToArray() is { Length: > 0 } faults ? CustomerErrors.InvalidAddress(faults)
        : command.Address == Address ? Decision.Unchanged
        : new CustomerAddressChanged(Id, FirstName, LastName, Address, command.Address, command.At);

    /// <summary>Notes an order; again, it changes nothing.</summary>
    public Decision AddOrder(AddCustomerOrder command) =>
        Id is null ? CustomerErrors.NotFound
        : Orders.Contains(command.Order) ? Decision.Unchanged
        : new CustomerOrderAdded(Id, command.Order, command.At);

    /// <summary>Moves money from and to gift cards. What they cannot bear is recorded as declined, so that who asks again gets the same answer.</summary>
    public Decision Move(MoveGiftCards command)
    {
        if (Id is null)
        {
            return CustomerErrors.NotFound;
        }

        if (Operations.Any(o => o.Key == command.Operation))
        {
            return Decision.Unchanged;
        }

        var events = new List<DomainEvent>();
        foreach (var movements in command.Movements.GroupBy(m => m.Card, StringComparer.Ordinal))
        {
            var card = movements.Key;
            var currencies = movements.Select(m => m.Amount.Currency).Distinct().ToArray();
            if (Method(card) is not { Source: PaymentSource.GiftCard, Balance: { } balance })
            {
                return new GiftCardDeclined(Id, command.Operation, "Payment method not found", command.At);
            }

            if (currencies is not [var currency] || currency != balance.Currency)
            {
                return new GiftCardDeclined(Id, command.Operation, $"The gift card is in {balance.Currency}, not in {string.Join(" and ", currencies)}", command.At);
            }

            var amount = new Money(movements.Sum(m => m.Amount.Amount), currency);
            var after = balance + amount;
            if (after.Amount < 0)
            {
                return new GiftCardDeclined(Id, command.Operation, "Insufficient gift card balance", command.At);
            }

            if (amount.Amount != 0)
            {
                events.Add(amount.Amount < 0
                    ? new GiftCardDebited(Id, card, balance - after, after, command.Operation, command.At)
                    : new GiftCardCredited(Id, card, amount, after, command.Operation, command.At));
            }
        }

        return Decision.Of(events);
    }

    private Customer Moved(string card, Money balance, string operation) => this with
    {
        PaymentMethods = [.. PaymentMethods.Select(m => m.Id == card ? m with { Balance = balance } : m)],
        Operations = Remember(operation, null),
    };

    private ImmutableArray<KeyValuePair<string, string?>> Remember(string operation, string? declined) =>
        Operations.Any(o => o.Key == operation) ? Operations
        : (Operations.Length < RememberedOperations ? Operations : Operations.RemoveAt(0)).Add(new(operation, declined));
}

/// <summary>What can be refused of customers.</summary>
public static class CustomerErrors
{
    /// <summary>There is no such customer, or nobody may know.</summary>
    public static DomainError NotFound { get; } = new("customer-unknown", "User not found", "Look the customer up by e-mail address, or by name and postal code.", 404);

    /// <summary>The customer has no such payment method.</summary>
    public static DomainError PaymentMethodNotFound { get; } = new("payment-method-unknown", "Payment method not found", "Take one of the customer's payment methods.");

    /// <summary>Several customers have this name and postal code.</summary>
    public static DomainError Ambiguous { get; } = new("customer-ambiguous", "More than one customer fits", "Look the customer up by e-mail address.", 409);

    /// <summary>The address cannot be one; all faults at once.</summary>
    public static DomainError InvalidAddress(IEnumerable<string> faults) =>
        new("address-invalid", "The address cannot be used: " + string.Join("; ", faults), "Change what is named.");

    /// <summary>The customer was imported before with other data.</summary>
    public static DomainError ImportedOtherwise(string customer) =>
        new("customer-imported-otherwise", $"Customer '{customer}' was imported before with other data; nothing was changed.", "Change the customer by commands, or import into another tenant.", 409);
}
