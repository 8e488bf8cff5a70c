using System.Diagnostics;
using System.Text;
using System.Text.Json;
using AIaaS.Domain.Json;

namespace AIaaS.Benchmarks;

/// <summary>
/// An order of 2 KiB against a schema with nested objects, arrays, patterns, enums, bounds and references.
/// The document is parsed already; the second measure parses it from its bytes each time.
/// </summary>
internal sealed class SchemaValidate2k : IBenchmark
{
    private const int WarmUp = 20_000;
    private const int Samples = 40_000;

    private const string Schema = """
        {
          "$schema": "https://json-schema.org/draft/2020-12/schema",
          "$id": "https://example.org/order",
          "type": "object",
          "required": ["order_id", "customer", "status", "placed_at", "items", "payments", "total"],
          "additionalProperties": false,
          "properties": {
            "order_id": { "type": "string", "pattern": "^#W[0-9]{7}$" },
            "status": { "enum": ["pending", "processed", "delivered", "cancelled"] },
            "placed_at": { "type": "string", "format": "date-time", "minLength": 20, "maxLength": 35 },
            "customer": { "$ref": "#/$defs/customer" },
            "items": { "type": "array", "minItems": 1, "maxItems": 100, "items": { "$ref": "#/$defs/item" } },
            "payments": { "type": "array", "items": { "$ref": "#/$defs/payment" } },
            "total": { "$ref": "#/$defs/money" },
            "tags": { "type": "array", "uniqueItems": true, "items": { "type": "string" } },
            "note": { "type": ["string", "null"], "maxLength": 500 }
          },
          "$defs": {
            "money": {
              "type": "object",
              "required": ["amount", "currency"],
              "additionalProperties": false,
              "properties": { "amount": { "type": "number", "minimum": 0, "multipleOf": 0.01 }, "currency": { "type": "string", "pattern": "^[A-Z]{3}$" } }
            },
            "address": {
              "type": "object",
              "required": ["street", "city", "zip", "country"],
              "properties": {
                "street": { "type": "string", "minLength": 1, "maxLength": 200 },
                "city": { "type": "string", "minLength": 1 },
                "zip": { "type": "string", "pattern": "^[0-9A-Z -]{3,10}$" },
                "country": { "type": "string", "pattern": "^[A-Z]{2}$" }
              }
            },
            "customer": {
              "type": "object",
              "required": ["id", "email", "name", "address"],
              "properties": {
                "id": { "type": "string", "pattern": "^[a-z]+_[a-z]+_[0-9]{4}$" },
                "email": { "type": "string", "format": "email", "pattern": "^[^@ ]+@[^@ ]+$" },
                "name": { "type": "object", "required": ["first", "last"], "properties": { "first": { "type": "string" }, "last": { "type": "string" } } },
                "address": { "$ref": "#/$defs/address" }
              }
            },
            "item": {
              "type": "object",
              "required": ["item_id", "product_id", "name", "quantity", "price"],
              "properties": {
                "item_id": { "type": "string", "pattern": "^[0-9]{10}$" },
                "product_id": { "type": "string", "pattern": "^[0-9]{10}$" },
                "name": { "type": "string", "minLength": 1, "maxLength": 120 },
                "quantity": { "type": "integer", "minimum": 1, "maximum": 1000 },
                "price": { "$ref": "#/$defs/money" },
                "options": { "type": "object", "additionalProperties": { "type": "string" } }
              }
            },
            "payment": {
              "type": "object",
              "required": ["kind", "amount"],
              "properties": { "kind": { "enum": ["payment", "refund"] }, "amount": { "$ref": "#/$defs/money" } },
              "oneOf": [
                { "required": ["card"], "properties": { "card": { "type": "string", "pattern": "^credit_card_[0-9]+$" } } },
                { "required": ["gift_card"] }
              ]
            }
          }
        }
        """;

    public IReadOnlyList<Measure> Measures { get; } =
    [
        new("schema.validate2k.p50", "µs", Better.Lower, new(Value: 20), "parsing the same 2 KiB with JsonDocument"),
        new("schema.validate2k.parsed.p50", "µs", Better.Lower, new(Value: 40), "parsing the same 2 KiB with JsonDocument"),
    ];

    public Task<IReadOnlyDictionary<string, Sample>> RunAsync(BenchmarkContext context, CancellationToken cancellationToken)
    {
        var schema = JsonSchema.Compile(Schema);
        var bytes = Order();
        using var document = JsonDocument.Parse(bytes);
        var root = document.RootElement;
        if (schema.Validate(root) is { Valid: false } result)
        {
            throw new InvalidOperationException($"The benchmark's document does not meet its schema: {result}");
        }

        var floor = MedianOf(() =>
        {
            using var parsed = JsonDocument.Parse(bytes);
            return parsed.RootElement.ValueKind is JsonValueKind.Object;
        });
        var value = MedianOf(() => schema.Validate(root).Valid);
        var both = MedianOf(() =>
        {
            using var parsed = JsonDocument.Parse(bytes);
            return schema.Validate(parsed.RootElement).Valid;
        });
        return Task.FromResult<IReadOnlyDictionary<string, Sample>>(new Dictionary<string, Sample>
        {
            ["schema.validate2k.p50"] = new(value, floor),
            ["schema.validate2k.parsed.p50"] = new(both, floor),
        });
    }

    private static double MedianOf(Func<bool> work)
    {
        for (var i = 0; i < WarmUp; i++)
        {
            Once(work);
        }

        var took = new double[Samples];
        for (var i = 0; i < Samples; i++)
        {
            var started = Stopwatch.GetTimestamp();
            Once(work);
            took[i] = Stopwatch.GetElapsedTime(started).TotalMicroseconds;
        }

        return Figures.Median(took);
    }

    private static void Once(Func<bool> work)
    {
        if (!work())
        {
            throw new InvalidOperationException("The document was valid before and is not any more.");
        }
    }

    private static byte[] Order()
    {
        var items = string.Join(",", Enumerable.Range(1, 8).Select(i => $$$"""
            {"item_id":"{{{1_000_000_000 + (i * 7_919)}}}","product_id":"{{{2_000_000_000 + (i * 104_729)}}}","name":"Water bottle number {{{i}}}","quantity":{{{i}}},"price":{"amount":{{{i}}}9.95,"currency":"EUR"},"options":{"colour":"blue","material":"steel"}}
            """));
        var order = $$$"""
            {"order_id":"#W2378156","status":"pending","placed_at":"2026-03-14T09:26:53.589Z","customer":{"id":"ada_byron_1815","email":"ada@example.org","name":{"first":"Ada","last":"Byron"},"address":{"street":"12 St James's Square","city":"London","zip":"SW1Y 4JH","country":"GB"}},"items":[{{{items}}}],"payments":[{"kind":"payment","amount":{"amount":349.65,"currency":"EUR"},"card":"credit_card_8105988"},{"kind":"refund","amount":{"amount":20.5,"currency":"EUR"},"gift_card":"gift_card_1"}],"total":{"amount":329.15,"currency":"EUR"},"tags":["first order","gift"],"note":"Please leave it with the neighbour"}
            """;
        return Encoding.UTF8.GetBytes(order);
    }
}
