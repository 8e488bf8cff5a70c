using System.Collections.Immutable;
using System.Text.Json;
using AIaaS.Commands.Tools;
using AIaaS.Domain.Customers;
using AIaaS.Domain.Orders;
using AIaaS.Domain.Tools;
using AIaaS.EventStore;

namespace AIaaS.Commands.Orders;

/// <summary>A tool of the shop: what it is, and what it does.</summary>
internal sealed class ShopTool(ToolManifest manifest, Func<ShopCall, CancellationToken, Task<JsonElement>> work) : ITool
{
    // What a further try under the same key may get through.
    private static readonly ImmutableArray<string> Passing = ["concurrent-change", OrderErrors.Unsettled.Code];

    public ToolManifest Manifest => manifest;

    public async Task<ToolOutcome> InvokeAsync(ToolCall call, CancellationToken cancellationToken)
    {
        try
        {
            return new ToolOutcome.Succeeded(await work(new(call), cancellationToken));
        }
        catch (DomainException e)
        {
            return Passing.Contains(e.Error.Code) ? new ToolOutcome.Failed("busy", e.Error.Message, Retryable: true)
                : e.Error.Code is ShopCall.NotYours or ShopCall.ShopOnly or ShopCall.InvalidInput ? new ToolOutcome.Failed(e.Error.Code, e.Error.Message)
                : new ToolOutcome.Failed("tool-error", e.Error.Message);
        }
    }
}

/// <summary>A call of one of the shop's tools: its input, and on whose behalf it is.</summary>
internal readonly struct ShopCall(ToolCall call)
{
    public const string NotYours = "not-yours";
    public const string ShopOnly = "shop-only";
    public const string InvalidInput = "invalid-input";

    private const decimal MostMoney = 1_000_000_000m;

    public string Tenant => call.Tenant;

    /// <summary>The commands of the call find their first events by its key, so that a repeated call changes nothing.</summary>
    public CommandContext Context => new(call.Tenant, call.Caller, call.IdempotencyKey, call.CorrelationId);

    /// <summary>Names what the call moves on gift cards.</summary>
    public string Operation => NamedId.Of("operation", call.Tenant, call.IdempotencyKey).ToString("N");

    /// <summary>The input; of a call that undoes another one, that one's input.</summary>
    public JsonElement Input => IsUndoing ? call.Input.GetProperty("input") : call.Input;

    /// <summary>Whether the call is to undo another one.</summary>
    public bool IsUndoing => call.Input.ValueKind == JsonValueKind.Object
        && call.Input.TryGetProperty("output", out _)
        && call.Input.TryGetProperty("input", out var input) && input.ValueKind == JsonValueKind.Object;

    /// <summary>The order of the input; of a call that undoes the placing of an order which the shop named, the order of its output.</summary>
    public string PlacedOrder() => IsUndoing && OptionalText("order_id") is null
        ? new ShopCall(call with { Input = call.Input.GetProperty("output") }).Text("order_id")
        : Text("order_id");

    /// <summary>Whether the call comes from a conversation whose customer is not known yet: it may find out who they are, and nothing else.</summary>
    public bool IsAnonymous => call.Customer is { Length: 0 };

    /// <summary>Refuses what is another customer's, in the words that are used for what does not exist.</summary>
    public void MustBeOf(string customer, DomainError unknown)
    {
        if (call.Customer is { } caller && caller != customer)
        {
            throw new DomainException(unknown with { Code = NotYours, Status = 403 });
        }
    }

    /// <summary>Refuses a call on a customer's behalf.</summary>
    public void MustBeTheShop()
    {
        if (call.Customer is not null)
        {
            throw new DomainException(new(ShopOnly, "Only the shop itself may do this", "Let the shop's own processes do it.", 403));
        }
    }

    public string Text(string name) =>
        Input.ValueKind == JsonValueKind.Object && Input.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? Read(name, value)
            : throw Invalid($"'{name}' must be a text");

    public string? OptionalText(string name) => Input.ValueKind == JsonValueKind.Object && Input.TryGetProperty(name, out _) ? Text(name) : null;

    public ImmutableArray<string> Texts(string name) =>
        Input.ValueKind == JsonValueKind.Object && Input.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Array
        && value.GetArrayLength() <= Order.MaxLines && value.EnumerateArray().All(v => v.ValueKind == JsonValueKind.String)
            ? [.. value.EnumerateArray().Select(v => Read(name, v))]
            : throw Invalid($"'{name}' must be a list of at most {Order.MaxLines} texts");

    public ImmutableArray<StockLine> Lines()
    {
        if (Input.ValueKind != JsonValueKind.Object || !Input.TryGetProperty("items", out var items) || items.ValueKind != JsonValueKind.Array || items.GetArrayLength() is 0 or > Order.MaxLines)
        {
            throw Invalid($"'items' must be a list of 1 to {Order.MaxLines} entries");
        }

        return [.. items.EnumerateArray().Select(Line)];

        static StockLine Line(JsonElement line) => line.ValueKind == JsonValueKind.Object
            && line.TryGetProperty("item_id", out var item) && item.ValueKind == JsonValueKind.String
            && line.TryGetProperty("quantity", out var quantity) && quantity.ValueKind == JsonValueKind.Number
            && quantity.TryGetDecimal(out var number) && number == decimal.Truncate(number) && number is >= 1 and <= Product.MaxQuantity
                ? new(Read("item_id", item), (int)number)
                : throw Invalid($"each of 'items' must have an 'item_id' and a 'quantity' from 1 to {Product.MaxQuantity}");
    }

    public PostalAddress Address() => new(Text("address1"), Text("address2"), Text("city"), Text("state"), Text("country"), Text("zip"));

    public PostalAddress? OptionalAddress(string name)
    {
        if (Input.ValueKind != JsonValueKind.Object || !Input.TryGetProperty(name, out var address))
        {
            return null;
        }

        return new ShopCall(call with { Input = address }).Address();
    }

    public Domain.Money Amount()
    {
        var currency = Text("currency");
        return Input.TryGetProperty("amount", out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out var amount)
            && amount is >= 0 and <= MostMoney && decimal.Round(amount, 2) == amount && currency is { Length: 3 } && currency.All(char.IsAsciiLetterUpper)
                ? new(amount, currency)
                : throw Invalid("'amount' must be a number from 0 to 1,000,000,000 with at most two decimals, and 'currency' three capital letters");
    }

    private static string Read(string name, JsonElement value)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw Invalid($"'{name}' holds half of a surrogate pair, which is not text");
        }
    }

    private static DomainException Invalid(string fault) => new(new(InvalidInput, $"The input is not possible: {fault}", "Look at the tool's input schema.", 400));
}
