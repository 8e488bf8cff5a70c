using System.Text.Json;

namespace AIaaS.Domain.Json;

public sealed class What_a_schema_says_of_a_value
{
    private const string Order = """
        {
          "type": "object",
          "required": ["order_id", "items"],
          "additionalProperties": false,
          "properties": {
            "order_id": { "type": "string", "pattern": "^#W[0-9]{7}$" },
            "status": { "enum": ["pending", "delivered"] },
            "items": { "type": "array", "minItems": 1, "items": { "$ref": "#/$defs/item" } }
          },
          "$defs": { "item": { "type": "object", "required": ["id"], "properties": { "id": { "type": "integer", "minimum": 1 } } } }
        }
        """;

    private static JsonSchemaResult Validate(string schema, string value, JsonSchemaOptions? options = null)
    {
        using var document = JsonDocument.Parse(value, new() { MaxDepth = 100_000 });
        return JsonSchema.Compile(schema, options).Validate(document.RootElement);
    }

    [Test]
    public void names_all_errors_at_once_with_where_they_are() =>
        Validate(Order, """{"order_id":"W1","status":"lost","items":[{"id":0},{"id":"7"},{}],"extra/one":1}""").Errors
            .Select(e => (e.InstanceLocation, e.SchemaLocation))
            .Should().BeEquivalentTo(new[]
            {
                ("/order_id", "#/properties/order_id/pattern"),
                ("/status", "#/properties/status/enum"),
                ("/items/0/id", "#/$defs/item/properties/id/minimum"),
                ("/items/1/id", "#/$defs/item/properties/id/type"),
                ("/items/2", "#/$defs/item/required"),
                ("/extra~1one", "#/additionalProperties"),
            });

    [TestCase("""{"type":"integer"}""", "\"7\"", "must be a whole number, but is the text \"7\". Write it without quotes.")]
    [TestCase("""{"type":"integer"}""", "7.5", "must be a whole number, but is the number 7.5. Leave out the fraction.")]
    [TestCase("""{"enum":["a","b"]}""", "\"c\"", "must be one of \"a\", \"b\", but is \"c\". Choose one of them.")]
    [TestCase("""{"required":["id"]}""", "{}", "must have the member \"id\". Add it.")]
    [TestCase("""{"properties":{"a":true},"additionalProperties":false}""", """{"b":1}""", "the member \"b\" is not allowed. Remove it, or use one of: a.")]
    [TestCase("""{"exclusiveMaximum":10}""", "10", "must be less than 10, but is 10. Give a number that is.")]
    [TestCase("""{"uniqueItems":true}""", "[1,2,1.0]", "must not have equal items, but items 0 and 2 are the same. Remove one of them.")]
    [TestCase("""{"maxLength":3}""", "\"four\"", "must have at most 3 characters, but has 4. Shorten it.")]
    [TestCase("""{"contains":{"type":"string"}}""", "[1]", "must have at least 1 item that meets the schema in 'contains', but has 0 of 1. Add one that does.")]
    [TestCase("false", "1", "is not allowed here. Remove it.")]
    public void says_what_is_wrong_and_how_to_mend_it(string schema, string value, string message) =>
        Validate(schema, value).Errors.Should().ContainSingle().Which.Message.Should().Be(message);

    [Test]
    public void tells_of_the_nearest_alternative()
    {
        var errors = Validate(
            """{"oneOf":[{"properties":{"kind":{"const":"card"},"number":{"type":"string"}},"required":["kind"]},{"properties":{"kind":{"const":"gift"}},"required":["kind"]}]}""",
            """{"kind":"card","number":5}""").Errors;
        errors[0].Keyword.Should().Be("oneOf");
        errors[0].Message.Should().Contain("Number 1 comes nearest");
        errors[1].InstanceLocation.Should().Be("/number");
    }

    [Test]
    public void is_bounded_in_number() =>
        Validate("""{"items":{"type":"string"}}""", $"[{string.Join(',', Enumerable.Range(0, 1_000))}]", new() { MaxErrors = 5 }).Errors.Should().HaveCount(5);

    [TestCase("""{"type":"integer","maximum":1e400}""", "1e399", true)]
    [TestCase("""{"type":"integer","maximum":1e400}""", "1e401", false)]
    [TestCase("""{"minimum":0.1}""", "0.09999999999999999999999999999999999999999", false)]
    [TestCase("""{"multipleOf":0.01}""", "19.99", true)]
    [TestCase("""{"multipleOf":0.01}""", "19.999", false)]
    [TestCase("""{"multipleOf":3}""", "1e999999999999999999999999", false)]
    [TestCase("""{"multipleOf":7}""", "7e999999999", true)]
    [TestCase("""{"multipleOf":1e-300}""", "1e300", true)]
    [TestCase("""{"const":100}""", "1e2", true)]
    [TestCase("""{"const":-0.0}""", "0", true)]
    [TestCase("""{"type":"integer"}""", "1.50e1", true)]
    [TestCase("""{"maxLength":1e400}""", "\"x\"", true)]
    public void compares_numbers_exactly(string schema, string value, bool valid) => Validate(schema, value).Valid.Should().Be(valid);

    [TestCase("^\\\\d+$", "\"١٢\"", false)]
    [TestCase("^.$", "\"🐲\"", true)]
    [TestCase("^[^a]$", "\"🐲\"", true)]
    [TestCase("^[🐲-🐴]{2}$", "\"🐲🐳\"", true)]
    [TestCase("^\\\\p{Letter}+$", "\"Łódź\"", true)]
    [TestCase("^\\\\p{L}$", "\"𝒜\"", true)]
    [TestCase("^\\\\P{L}$", "\"𝒜\"", false)]
    [TestCase("a$", "\"a\\n\"", false)]
    [TestCase("^\\\\S+$", "\"a\\ufeffb\"", false)]
    [TestCase("^(?=.*[0-9])(?=.*[a-z]).{4,}$", "\"a1bc\"", true)]
    [TestCase("^(a)\\\\1$", "\"aa\"", true)]
    [TestCase("^[\\\\w.-]+@[\\\\w.-]+$", "\"ada@example.org\"", true)]
    [TestCase("^[[]$", "\"[\"", true)]
    public void matches_patterns_as_ECMA_262_has_them(string pattern, string value, bool valid) =>
        Validate($$"""{"pattern":"{{pattern}}"}""", value).Valid.Should().Be(valid);

    [Test]
    public void is_the_same_whichever_order_members_have() =>
        Validate("""{"const":{"a":1,"b":[{"c":2}]}}""", """{"b":[{"c":2.0}],"a":1e0}""").Valid.Should().BeTrue();
}
