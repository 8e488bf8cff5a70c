using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using AIaaS.Domain;
using AIaaS.Domain.Customers;
using AIaaS.Domain.Orders;

namespace AIaaS.Commands.Orders;

/// <summary>A fault of the shop's data.</summary>
/// <param name="Location">Where: a JSON pointer, or line and column where the file is no JSON.</param>
/// <param name="Fault">What is wrong.</param>
public sealed record RetailFault(string Location, string Fault);

/// <summary>The shop's data cannot be imported; nothing was written.</summary>
public sealed class InvalidRetailFileException(IReadOnlyList<RetailFault> faults) : Exception(Describe(faults))
{
    private const int Shown = 20;

    /// <summary>All faults.</summary>
    public IReadOnlyList<RetailFault> Faults => faults;

    private static string Describe(IReadOnlyList<RetailFault> faults) =>
        $"The shop's data cannot be imported, and nothing was written. {faults.Count} fault{(faults.Count == 1 ? "" : "s")}:\n"
        + string.Join("\n", faults.Take(Shown).Select(f => $"  {f.Location}: {f.Fault}"))
        + (faults.Count > Shown ? $"\n  … and {faults.Count - Shown} more" : "");
}

/// <summary>The shop's data: products, customers (<c>users</c>) and orders, read and checked as a whole before anything is written.</summary>
internal sealed class RetailFile
{
    private const int MaxDepth = 32;

    private readonly List<RetailFault> faults = [];
    private readonly string currency;
    private readonly int stock;

    private RetailFile(string currency, int stock) => (this.currency, this.stock) = (currency, stock);

    public List<ProductImported> Products { get; } = [];

    public List<CustomerImported> Customers { get; } = [];

    public List<OrderImported> Orders { get; } = [];

    /// <exception cref="InvalidRetailFileException">Something is wrong; all of it is named.</exception>
    public static RetailFile Read(ReadOnlyMemory<byte> json, string currency, int stock, DateTimeOffset at)
    {
        var file = new RetailFile(currency, stock);
        try
        {
            // A byte order mark is no part of the text.
            using var document = JsonDocument.Parse(json.Span.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]) ? json[3..] : json, new() { AllowDuplicateProperties = false, MaxDepth = MaxDepth });
            file.Read(document.RootElement, at);
        }
        catch (JsonException e)
        {
            file.faults.Add(new($"line {(e.LineNumber ?? 0) + 1}, column {(e.BytePositionInLine ?? 0) + 1}", "this is no JSON: " + e.Message));
        }

        return file.faults.Count == 0 ? file : throw new InvalidRetailFileException(file.faults);
    }

    private void Read(JsonElement root, DateTimeOffset at)
    {
        var shop = new Node(this, "", root);
        AddAll(shop, "products", Products, (id, product) => Product(id, product, at));
        AddAll(shop, "users", Customers, (id, customer) => Customer(id, customer, at));
        AddAll(shop, "orders", Orders, (id, order) => Order(id, order, at));

        if (faults.Count == 0)
        {
            Relate();
        }
    }

    private static void AddAll<T>(Node shop, string section, List<T> to, Func<string, Node, T> read)
    {
        try
        {
            foreach (var (id, entry) in shop.Entries(section))
            {
                Add(to, id, entry, read);
            }
        }
        catch (UnusableException)
        {
            // The section as a whole is faulty, which is noted; the others are looked at all the same.
            return;
        }
    }

    private static void Add<T>(List<T> to, string id, Node entry, Func<string, Node, T> read)
    {
        try
        {
            to.Add(read(id, entry));
        }
        catch (UnusableException)
        {
            // The fault is noted; one faulty entry must not hide those of the next.
            return;
        }
    }

    private ProductImported Product(string id, Node node, DateTimeOffset at)
    {
        node.Same("product_id", id);
        var variants = ImmutableArray.CreateBuilder<Variant>();
        foreach (var (item, variant) in node.Entries("variants"))
        {
            variant.Same("item_id", item);
            var available = variant.Flag("available");
            variants.Add(new(item, variant.Options(), variant.Money("price"), available, available ? stock : 0));
        }

        var product = new ProductImported(id, node.Line("name"), variants.ToImmutable(), "", default);
        return product with { ContentHash = Hash(product, RetailJson.Default.ProductImported), At = at };
    }

    private CustomerImported Customer(string id, Node node, DateTimeOffset at)
    {
        node.Same("user_id", id);
        var name = node.Object("name");
        var methods = ImmutableArray.CreateBuilder<PaymentMethod>();
        foreach (var (method, payment) in node.Entries("payment_methods"))
        {
            payment.Same("id", method);
            var source = payment.Line("source") switch
            {
                "gift_card" => PaymentSource.GiftCard,
                "credit_card" => PaymentSource.CreditCard,
                "paypal" => PaymentSource.Paypal,
                var other => throw payment.Fault("source", $"'{other}' is none of gift_card, credit_card and paypal"),
            };
            methods.Add(new(
                method,
                source,
                source == PaymentSource.CreditCard ? payment.Line("brand") : null,
                source == PaymentSource.CreditCard ? payment.Line("last_four") : null,
                source == PaymentSource.GiftCard ? payment.Money("balance") : null));
        }

        var customer = new CustomerImported(id, name.Line("first_name"), name.Line("last_name"), node.Line("email"), node.Address("address"), methods.ToImmutable(), node.Ids("orders"), "", default);
        return customer with { ContentHash = Hash(customer, RetailJson.Default.CustomerImported), At = at };
    }

    private OrderImported Order(string id, Node node, DateTimeOffset at)
    {
        node.Same("order_id", id);
        var order = new OrderImported(
            id,
            node.Id("user_id"),
            node.Address("address"),
            [.. node.Items("items").Select(i => new OrderItem(i.Line("name"), i.Id("product_id"), i.Id("item_id"), i.Money("price"), i.Options()))],
            Status(node),
            [.. node.Items("fulfillments").Select(f => new Fulfillment(f.Ids("tracking_id"), f.Ids("item_ids")))],
            [.. node.Items("payment_history").Select(p => new OrderPayment(Kind(p), p.Money("amount"), p.Id("payment_method_id")))],
            node.LineOrNull("cancel_reason"),
            node.LineOrNull("exchange_payment_method_id") is { } exchange ? new(node.Ids("exchange_items"), node.Ids("exchange_new_items"), exchange, node.Money("exchange_price_difference", signed: true)) : null,
            node.LineOrNull("return_payment_method_id") is { } returned ? new(node.Ids("return_items"), returned) : null,
            "",
            default);
        if (order.Items.IsEmpty)
        {
            throw node.Fault("items", "is empty; an order has at least one item");
        }

        return order with { ContentHash = Hash(order, RetailJson.Default.OrderImported), At = at };
    }

    private static OrderStatus Status(Node order)
    {
        var text = order.Line("status");
        foreach (var status in Enum.GetValues<OrderStatus>())
        {
            if (status != OrderStatus.Placing && ShopJson.Text(status) == text)
            {
                return status;
            }
        }

        throw order.Fault("status", $"'{text}' is no status of an order");
    }

    private static OrderPaymentKind Kind(Node payment) => payment.Line("transaction_type") switch
    {
        "payment" => OrderPaymentKind.Payment,
        "refund" => OrderPaymentKind.Refund,
        var other => throw payment.Fault("transaction_type", $"'{other}' is neither payment nor refund"),
    };

    /// <summary>What one entry says of another must be so.</summary>
    private void Relate()
    {
        var items = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var product in Products)
        {
            foreach (var variant in product.Variants)
            {
                if (!items.TryAdd(variant.Item, product.Product))
                {
                    Fault($"/products/{Escaped(product.Product)}/variants/{Escaped(variant.Item)}", $"the item belongs to product '{items[variant.Item]}' too; each item needs an id of its own");
                }
            }
        }

        var customers = Customers.ToDictionary(c => c.Customer, StringComparer.Ordinal);
        var emails = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var customer in Customers.Where(c => !emails.TryAdd(c.Email, c.Customer)))
        {
            Fault($"/users/{Escaped(customer.Customer)}/email", $"customer '{emails[customer.Email]}' has the same e-mail address, so that it would not tell who somebody is");
        }

        var orders = Orders.Select(o => o.Order).ToHashSet(StringComparer.Ordinal);
        foreach (var customer in Customers)
        {
            foreach (var order in customer.Orders.Where(o => !orders.Contains(o)))
            {
                Fault($"/users/{Escaped(customer.Customer)}/orders", $"there is no order '{order}'");
            }
        }

        foreach (var order in Orders)
        {
            var at = $"/orders/{Escaped(order.Order)}";
            if (!customers.TryGetValue(order.Customer, out var customer))
            {
                Fault(at + "/user_id", $"there is no customer '{order.Customer}'");
                continue;
            }

            for (var i = 0; i < order.Items.Length; i++)
            {
                if (items.GetValueOrDefault(order.Items[i].Item) != order.Items[i].Product)
                {
                    Fault($"{at}/items/{i}", $"product '{order.Items[i].Product}' has no item '{order.Items[i].Item}'");
                }
            }

            for (var i = 0; i < order.Payments.Length; i++)
            {
                if (!customer.PaymentMethods.Any(m => m.Id == order.Payments[i].Method))
                {
                    Fault($"{at}/payment_history/{i}/payment_method_id", $"customer '{order.Customer}' has no payment method '{order.Payments[i].Method}'");
                }
            }
        }
    }

    private void Fault(string location, string fault) => faults.Add(new(location, fault));

    private static string Escaped(string key) => key.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);

    private static string Hash<T>(T value, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> json) =>
        Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(value, json)));

    /// <summary>The rest of the entry cannot be read; its fault is noted.</summary>
    private sealed class UnusableException : Exception;

    /// <summary>A place in the file.</summary>
    private readonly struct Node(RetailFile file, string pointer, JsonElement element)
    {
        private const decimal MostMoney = 1_000_000_000m;

        public IEnumerable<(string Key, Node Value)> Entries(string name)
        {
            var at = pointer;
            var owner = file;
            var child = Member(name, JsonValueKind.Object, "an object");
            foreach (var property in child.EnumerateObject())
            {
                var place = $"{at}/{name}/{Escaped(property.Name)}";
                if (!ShopText.IsId(property.Name))
                {
                    owner.Fault(place, $"the key is no id: 1 to {ShopText.MaxIdLength} characters without white space are needed");
                }
                else if (property.Value.ValueKind != JsonValueKind.Object)
                {
                    owner.Fault(place, "must be an object");
                }
                else
                {
                    yield return (property.Name, new(owner, place, property.Value));
                }
            }
        }

        public IEnumerable<Node> Items(string name)
        {
            var (owner, at) = (file, pointer);
            return Member(name, JsonValueKind.Array, "a list").EnumerateArray().Select((value, i) => value.ValueKind == JsonValueKind.Object
                ? new Node(owner, $"{at}/{name}/{i}", value)
                : throw new Node(owner, at, default).Fault($"{name}/{i}", "must be an object")).ToArray();
        }

        public Node Object(string name) => new(file, $"{pointer}/{name}", Member(name, JsonValueKind.Object, "an object"));

        public string Line(string name)
        {
            var value = Member(name, JsonValueKind.String, "a text");
            return Text(value) is { } text && ShopText.IsLine(text, PostalAddress.MaxLineLength) ? text : throw Fault(name, $"must be one line of at most {PostalAddress.MaxLineLength} characters");
        }

        public string? LineOrNull(string name) => !element.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null ? null : Line(name);

        public string Id(string name) => Line(name) is var id && ShopText.IsId(id) ? id : throw Fault(name, $"is no id: 1 to {ShopText.MaxIdLength} characters without white space are needed");

        public ImmutableArray<string> Ids(string name)
        {
            var ids = ImmutableArray.CreateBuilder<string>();
            foreach (var value in Member(name, JsonValueKind.Array, "a list").EnumerateArray())
            {
                ids.Add(value.ValueKind == JsonValueKind.String && Text(value) is { } id && ShopText.IsId(id) ? id : throw Fault($"{name}/{ids.Count}", "is no id"));
            }

            return ids.ToImmutable();
        }

        public bool Flag(string name) => element.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.True or JsonValueKind.False
            ? value.GetBoolean()
            : throw Fault(name, "must be true or false");

        public Money Money(string name, bool signed = false)
        {
            var value = Member(name, JsonValueKind.Number, "a number");
            return value.TryGetDecimal(out var amount) && Math.Abs(amount) <= MostMoney && decimal.Round(amount, 2) == amount && (signed || amount >= 0)
                ? new(amount, file.currency)
                : throw Fault(name, $"{value.GetRawText()} is no amount: at most two decimals, {(signed ? "not beyond" : "from 0 to")} 1,000,000,000");
        }

        public ImmutableArray<ItemOption> Options()
        {
            var options = ImmutableArray.CreateBuilder<ItemOption>();
            foreach (var property in Member("options", JsonValueKind.Object, "an object").EnumerateObject())
            {
                options.Add(property.Value.ValueKind == JsonValueKind.String && Text(property.Value) is { } value && ShopText.IsLine(value, PostalAddress.MaxLineLength)
                    ? new(property.Name, value)
                    : throw Fault("options/" + Escaped(property.Name), "must be a text"));
            }

            return options.ToImmutable();
        }

        public PostalAddress Address(string name)
        {
            var node = Object(name);
            var address = new PostalAddress(node.Line("address1"), node.Line("address2"), node.Line("city"), node.Line("state"), node.Line("country"), node.Line("zip"));
            return address.Faults().FirstOrDefault() is { } fault ? throw Fault(name, fault) : address;
        }

        public void Same(string name, string key)
        {
            if (Line(name) is var id && id != key)
            {
                throw Fault(name, $"is '{id}', but the key is '{key}'");
            }
        }

        public Exception Fault(string name, string fault)
        {
            file.Fault($"{pointer}/{name}", fault);
            return new UnusableException();
        }

        private JsonElement Member(string name, JsonValueKind kind, string what) =>
            element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value)
                ? value.ValueKind == kind ? value : throw Fault(name, $"must be {what}")
                : throw Fault(name, $"is missing; {what} is needed");

        private static string? Text(JsonElement value)
        {
            try
            {
                return value.GetString();
            }
            catch (InvalidOperationException)
            {
                // Half of a surrogate pair.
                return null;
            }
        }
    }
}

/// <summary>The JSON contracts by which it is seen whether an entry was imported before just so.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ProductImported))]
[JsonSerializable(typeof(CustomerImported))]
[JsonSerializable(typeof(OrderImported))]
internal sealed partial class RetailJson : JsonSerializerContext;
