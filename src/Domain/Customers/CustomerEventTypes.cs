using System.Text.Json.Serialization;
using AIaaS.EventStore;

namespace AIaaS.Domain.Customers;

/// <summary>The event types of customers.</summary>
internal static class CustomerEventTypes
{
    private static readonly DateTimeOffset At = new(2026, 1, 31, 9, 30, 0, TimeSpan.Zero);

    public static EventTypes.Builder AddCustomers(this EventTypes.Builder types)
    {
        var json = CustomerJson.Default;
        var address = new PostalAddress("1 Main Street", "", "Springfield", "IL", "USA", "62701");
        var card = new PaymentMethod("gift_card_1001", PaymentSource.GiftCard, null, null, Money.Usd(40));
        return types
            .Add("customer.imported", json.CustomerImported, "customer", new CustomerImported("ann_example_1001", "Ann", "Example", "ann@example.com", address, [card], ["#W1001"], new('0', 64), At))
            .Add("customer.address.changed", json.CustomerAddressChanged, "customer", new CustomerAddressChanged("ann_example_1001", "Ann", "Example", address, address with { Address1 = "2 Main Street" }, At))
            .Add("customer.order.added", json.CustomerOrderAdded, "customer", new CustomerOrderAdded("ann_example_1001", "#W1002", At))
            .Add("customer.gift-card.debited", json.GiftCardDebited, "customer", new GiftCardDebited("ann_example_1001", card.Id, Money.Usd(15), Money.Usd(25), "9b1c", At))
            .Add("customer.gift-card.credited", json.GiftCardCredited, "customer", new GiftCardCredited("ann_example_1001", card.Id, Money.Usd(15), Money.Usd(55), "9b1c", At))
            .Add("customer.gift-card.declined", json.GiftCardDeclined, "customer", new GiftCardDeclined("ann_example_1001", "9b1c", "Insufficient gift card balance", At))
            .Add("customer.identity.linked", json.CustomerIdentityLinked, "customerIdentity", new CustomerIdentityLinked("ann_example_1001", At))
            .Add("customer.identity.unlinked", json.CustomerIdentityUnlinked, "customerIdentity", new CustomerIdentityUnlinked("ann_example_1001", At));
    }
}

/// <summary>The source-generated JSON contracts of the customers' events.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(CustomerImported))]
[JsonSerializable(typeof(CustomerAddressChanged))]
[JsonSerializable(typeof(CustomerOrderAdded))]
[JsonSerializable(typeof(GiftCardDebited))]
[JsonSerializable(typeof(GiftCardCredited))]
[JsonSerializable(typeof(GiftCardDeclined))]
[JsonSerializable(typeof(CustomerIdentityLinked))]
[JsonSerializable(typeof(CustomerIdentityUnlinked))]
internal sealed partial class CustomerJson : JsonSerializerContext;
