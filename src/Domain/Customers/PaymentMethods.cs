using System.Text.Json.Serialization;

namespace AIaaS.Domain.Customers;

/// <summary>What kind of payment method it is.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<PaymentSource>))]
public enum PaymentSource
{
    /// <summary>A gift card of the shop, with a balance that the shop keeps.</summary>
    GiftCard,

    /// <summary>A credit card.</summary>
    CreditCard,

    /// <summary>An account at PayPal.</summary>
    Paypal,
}

/// <summary>A customer's way to pay.</summary>
/// <param name="Id">Its id, as the shop shows it.</param>
/// <param name="Source">What kind it is.</param>
/// <param name="Brand">Of a credit card; null otherwise.</param>
/// <param name="LastFour">Of a credit card; null otherwise.</param>
/// <param name="Balance">Of a gift card; null otherwise.</param>
public sealed record PaymentMethod(string Id, PaymentSource Source, string? Brand, string? LastFour, Money? Balance);

/// <summary>An amount that comes to a gift card or leaves it.</summary>
/// <param name="Card">The payment method.</param>
/// <param name="Amount">Positive: it is credited. Negative: it is debited.</param>
public sealed record GiftCardMovement(string Card, Money Amount);
