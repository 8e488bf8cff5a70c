using System.Collections.Immutable;
using System.Text.Json.Serialization.Metadata;
using AIaaS.Domain;
using AIaaS.Domain.Customers;
using AIaaS.EventStore;

namespace AIaaS.Projections.Customers;

/// <summary>A customer as shown to the tenant.</summary>
public sealed record CustomerDocument
{
    /// <summary>The customer's id, as the shop shows it.</summary>
    public required string Customer { get; init; }

    /// <summary>The tenant.</summary>
    public required string Tenant { get; init; }

    /// <summary>The first name.</summary>
    public string FirstName { get; init; } = "";

    /// <summary>The last name.</summary>
    public string LastName { get; init; } = "";

    /// <summary>The e-mail address.</summary>
    public string Email { get; init; } = "";

    /// <summary>The default address.</summary>
    public PostalAddress? Address { get; init; }

    /// <summary>The ways to pay, with the balances of gift cards.</summary>
    public ImmutableArray<PaymentMethod> PaymentMethods { get; init; } = [];

    /// <summary>The ids of the customer's orders, oldest first.</summary>
    public ImmutableArray<string> Orders { get; init; } = [];

    /// <summary>When the customer was changed last.</summary>
    public DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>One document a customer.</summary>
public sealed class CustomersProjection : Projection<CustomerDocument>
{
    /// <inheritdoc />
    public override string Name => "Customers";

    /// <inheritdoc />
    public override int Version => 1;

    /// <inheritdoc />
    public override IReadOnlyList<string> EventTypePrefixes { get; } = ["customer.imported", "customer.address.", "customer.order.", "customer.gift-card."];

    /// <inheritdoc />
    public override JsonTypeInfo<CustomerDocument> Json => Documents.Default.CustomerDocument;

    /// <inheritdoc />
    public override IReadOnlyDictionary<string, FieldKind> Fields { get; } = new Dictionary<string, FieldKind>
    {
        ["tenant"] = FieldKind.Text,
        ["customer"] = FieldKind.Text,
        ["updatedAt"] = FieldKind.Text,
    };

    /// <inheritdoc />
    public override IReadOnlyList<IReadOnlyList<string>> Indexes { get; } = [["tenant", "customer"], ["tenant", "updatedAt"]];

    /// <inheritdoc />
    public override IEnumerable<string> KeysOf(EventEnvelope envelope) => DocumentId.OfStream(envelope) is { } id ? [id] : [];

    /// <inheritdoc />
    public override CustomerDocument? Apply(string id, CustomerDocument? document, EventEnvelope envelope) => envelope.Event switch
    {
        CustomerImported e => new()
        {
            Customer = e.Customer,
            Tenant = envelope.Tenant,
            FirstName = e.FirstName,
            LastName = e.LastName,
            Email = e.Email,
            Address = e.Address,
            PaymentMethods = e.PaymentMethods,
            Orders = e.Orders,
            UpdatedAt = e.At,
        },
        CustomerAddressChanged e => document is null ? null : document with { Address = e.Address, UpdatedAt = e.At },
        CustomerOrderAdded e => document is null ? null : document with { Orders = document.Orders.Add(e.Order), UpdatedAt = e.At },
        GiftCardDebited e => Moved(document, e.Card, e.Balance, e.At),
        GiftCardCredited e => Moved(document, e.Card, e.Balance, e.At),
        _ => document,
    };

    private static CustomerDocument? Moved(CustomerDocument? document, string card, Money balance, DateTimeOffset at) => document is null ? null : document with
    {
        PaymentMethods = [.. document.PaymentMethods.Select(m => m.Id == card ? m with { Balance = balance } : m)],
        UpdatedAt = at,
    };
}
