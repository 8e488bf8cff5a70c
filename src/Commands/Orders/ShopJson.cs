using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using AIaaS.Domain;
using AIaaS.Domain.Customers;
using AIaaS.Domain.Orders;

namespace AIaaS.Commands.Orders;

/// <summary>Orders, customers and products in the form in which the shop's own records have them.</summary>
public static class ShopJson
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The shop's word for a status.</summary>
    public static string Text(OrderStatus status) => status switch
    {
        OrderStatus.Placing => "placing",
        OrderStatus.Pending => "pending",
        OrderStatus.PendingItemsModified => "pending (item modified)",
        OrderStatus.Processed => "processed",
        OrderStatus.Delivered => "delivered",
        OrderStatus.Cancelled => "cancelled",
        OrderStatus.ReturnRequested => "return requested",
        OrderStatus.ExchangeRequested => "exchange requested",
        OrderStatus.ExchangeReceived => "exchange received",
        OrderStatus.Exchanged => "exchanged",
        OrderStatus.ReturnReceived => "return received",
        OrderStatus.Returned => "returned",
        _ => throw new ArgumentOutOfRangeException(nameof(status), status, "No such status."),
    };

    /// <summary>The shop's word for a kind of payment method.</summary>
    public static string Text(PaymentSource source) => source switch
    {
        PaymentSource.GiftCard => "gift_card",
        PaymentSource.CreditCard => "credit_card",
        PaymentSource.Paypal => "paypal",
        _ => throw new ArgumentOutOfRangeException(nameof(source), source, "No such kind."),
    };

    /// <summary>An order.</summary>
    public static JsonElement Of(Order order) => Write(json =>
    {
        json.WriteStartObject();
        json.WriteString("order_id", order.Id);
        json.WriteString("user_id", order.Customer);
        Write(json, "address", order.Address);
        json.WriteStartArray("items");
        for (var line = 0; line < order.Items.Length; line++)
        {
            // The shop's records show all lines that were changed together with the price and the options of the last of them.
            var item = order.Items[line];
            var shown = order.Status == OrderStatus.PendingItemsModified && order.Changes.Any(c => c.Line == line) ? order.Changes[^1].To : item;
            json.WriteStartObject();
            json.WriteString("name", item.Name);
            json.WriteString("product_id", item.Product);
            json.WriteString("item_id", item.Item);
            json.WriteNumber("price", shown.Price.Amount);
            Write(json, shown.Options);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteString("status", Text(order.Status));
        json.WriteStartArray("fulfillments");
        foreach (var fulfillment in order.Fulfillments)
        {
            json.WriteStartObject();
            Write(json, "tracking_id", fulfillment.TrackingIds);
            Write(json, "item_ids", fulfillment.Items);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("payment_history");
        for (var i = 0; i < order.Payments.Length; i++)
        {
            var payment = order.Payments[i];
            json.WriteStartObject();
            json.WriteString("transaction_type", payment.Kind == OrderPaymentKind.Payment ? "payment" : "refund");
            if (order.Status == OrderStatus.PendingItemsModified && i == order.Payments.Length - 1)
            {
                json.WriteNumber("amount", RecordedDifference(order));
            }
            else
            {
                json.WriteNumber("amount", payment.Amount.Amount);
            }

            json.WriteString("payment_method_id", payment.Method);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteString("cancel_reason", order.CancelReason);
        Write(json, "exchange_items", order.Exchange?.Items);
        Write(json, "exchange_new_items", order.Exchange?.NewItems);
        json.WriteString("exchange_payment_method_id", order.Exchange?.Method);
        Write(json, "exchange_price_difference", order.Exchange?.Difference);
        Write(json, "return_items", order.Return?.Items);
        json.WriteString("return_payment_method_id", order.Return?.Method);
        json.WriteEndObject();
    });

    /// <summary>A customer.</summary>
    public static JsonElement Of(Customer customer) => Write(json =>
    {
        json.WriteStartObject();
        json.WriteString("user_id", customer.Id);
        json.WriteStartObject("name");
        json.WriteString("first_name", customer.FirstName);
        json.WriteString("last_name", customer.LastName);
        json.WriteEndObject();
        Write(json, "address", customer.Address);
        json.WriteString("email", customer.Email);
        json.WriteStartObject("payment_methods");
        foreach (var method in customer.PaymentMethods)
        {
            json.WriteStartObject(method.Id);
            json.WriteString("source", Text(method.Source));
            json.WriteString("id", method.Id);
            if (method.Source == PaymentSource.CreditCard)
            {
                json.WriteString("brand", method.Brand);
                json.WriteString("last_four", method.LastFour);
            }

            if (method.Balance is { } balance)
            {
                json.WriteNumber("balance", balance.Amount);
            }

            json.WriteEndObject();
        }

        json.WriteEndObject();
        Write(json, "orders", customer.Orders);
        json.WriteEndObject();
    });

    /// <summary>A product.</summary>
    public static JsonElement Of(Product product) => Write(json =>
    {
        json.WriteStartObject();
        json.WriteString("name", product.Name);
        json.WriteString("product_id", product.Id);
        json.WriteStartObject("variants");
        foreach (var variant in product.Variants)
        {
            json.WritePropertyName(variant.Item);
            Write(json, product, variant);
        }

        json.WriteEndObject();
        json.WriteEndObject();
    });

    /// <summary>A variant of a product.</summary>
    public static JsonElement Of(Product product, Variant variant) => Write(json => Write(json, product, variant));

    /// <summary>A text.</summary>
    public static JsonElement Of(string text) => Write(json => json.WriteStringValue(text));

    internal static JsonElement Write(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(2_048);
        using (var json = new Utf8JsonWriter(buffer, Options))
        {
            write(json);
        }

        using var document = JsonDocument.Parse(buffer.WrittenMemory);
        return document.RootElement.Clone();
    }

    /// <summary>
    /// The price difference as the shop's records have it: summed in binary fractions, in the order of the lines. What is paid is the
    /// exact amount; only the record carries the last binary digits.
    /// </summary>
    private static double RecordedDifference(Order order)
    {
        var sum = 0d;
        foreach (var change in order.Changes)
        {
            sum += Binary(change.To.Price) - Binary(change.FromPrice);
        }

        return Math.Abs(sum);
    }

    // From the text, so that the nearest binary fraction comes out.
    private static double Binary(Money amount) => double.Parse(amount.Amount.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    private static void Write(Utf8JsonWriter json, Product product, Variant variant)
    {
        json.WriteStartObject();
        json.WriteString("item_id", variant.Item);
        Write(json, variant.Options);
        json.WriteBoolean("available", product.IsAvailable(variant));
        json.WriteNumber("price", variant.Price.Amount);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, IEnumerable<ItemOption> options)
    {
        json.WriteStartObject("options");
        foreach (var (name, value) in options)
        {
            json.WriteString(name, value);
        }

        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string name, PostalAddress address)
    {
        json.WriteStartObject(name);
        json.WriteString("address1", address.Address1);
        json.WriteString("address2", address.Address2);
        json.WriteString("city", address.City);
        json.WriteString("country", address.Country);
        json.WriteString("state", address.State);
        json.WriteString("zip", address.Zip);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string name, IEnumerable<string>? texts)
    {
        if (texts is null)
        {
            json.WriteNull(name);
            return;
        }

        json.WriteStartArray(name);
        foreach (var text in texts)
        {
            json.WriteStringValue(text);
        }

        json.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter json, string name, Money? amount)
    {
        if (amount is { } known)
        {
            json.WriteNumber(name, known.Amount);
        }
        else
        {
            json.WriteNull(name);
        }
    }
}
