using System.Diagnostics;
using System.Text.Json;

namespace AIaaS.Domain.Json;

public sealed class Hostile_schemas_and_values
{
    private static readonly JsonDocumentOptions Deep = new() { MaxDepth = 1_000_000 };

    private static JsonSchemaResult Validate(string schema, string value, JsonSchemaOptions? options = null)
    {
        using var document = JsonDocument.Parse(value, Deep);
        return JsonSchema.Compile(schema, options).Validate(document.RootElement);
    }

    private static string FaultOf(string schema)
    {
        JsonSchema.TryCompile(schema, out _, out var faults).Should().BeFalse();
        return faults[0].ToString();
    }

    [TestCase("""{"$ref":"#"}""")]
    [TestCase("""{"$defs":{"a":{"allOf":[{"$ref":"#/$defs/b"}]},"b":{"anyOf":[{"$ref":"#/$defs/a"}]}},"$ref":"#/$defs/a"}""")]
    [TestCase("""{"not":{"$ref":"#"}}""")]
    public void a_reference_to_itself_for_the_same_value_is_no_schema(string schema) => FaultOf(schema).Should().Contain("leads back to itself");

    [TestCase("""{"$dynamicAnchor":"a","$dynamicRef":"#a"}""")]
    [TestCase("""{"if":true,"then":{"$ref":"#"}}""")]
    [TestCase("""{"dependentSchemas":{"x":{"$ref":"#"}}}""")]
    public void a_loop_that_shows_only_in_use_ends(string schema) =>
        Validate(schema, """{"x":1}""").Errors[0].Keyword.Should().Be("limit");

    [Test]
    public void references_that_multiply_end()
    {
        var definitions = string.Join(',', Enumerable.Range(0, 60).Select(i => $$"""
            "d{{i}}":{"allOf":[{"$ref":"#/$defs/d{{i + 1}}"},{"$ref":"#/$defs/d{{i + 1}}"}]}
            """));
        Validate("{\"$ref\":\"#/$defs/d0\",\"$defs\":{" + definitions + ",\"d60\":{\"type\":\"string\"}}}", "\"x\"").Errors.Should().ContainSingle().Which.Keyword.Should().Be("limit");
    }

    [Test]
    public void alternatives_within_alternatives_are_explained_in_time()
    {
        var value = string.Concat(Enumerable.Repeat("{\"a\":", 12)) + "{}" + new string('}', 12);
        Validate("""{"anyOf":[{"properties":{"a":{"$ref":"#"}},"required":["z"]},{"properties":{"a":{"$ref":"#"}},"required":["y"]}]}""", value)
            .Errors.Should().NotBeEmpty().And.NotContain(e => e.Keyword == "limit");
    }

    [Test]
    public void a_deep_value_ends() =>
        Validate("""{"items":{"$ref":"#"}}""", new string('[', 50_000) + new string(']', 50_000)).Errors.Should().ContainSingle().Which.Keyword.Should().Be("limit");

    [Test]
    public void a_deep_value_that_is_compared_ends() =>
        Validate("""{"uniqueItems":true}""", $"[{string.Join(',', Enumerable.Repeat(new string('[', 5_000) + new string(']', 5_000), 20))}]").Errors.Should().Contain(e => e.Keyword == "limit");

    [Test]
    public void a_deep_schema_is_refused() =>
        FaultOf(string.Concat(Enumerable.Repeat("{\"items\":", 5_000)) + "true" + new string('}', 5_000)).Should().Contain("no JSON");

    [Test]
    public void a_long_chain_of_references_ends()
    {
        var definitions = string.Join(',', Enumerable.Range(0, 5_000).Select(i => $$"""
            "d{{i}}":{"$ref":"#/$defs/d{{i + 1}}"}
            """));
        Validate("{\"$ref\":\"#/$defs/d0\",\"$defs\":{" + definitions + ",\"d5000\":{\"type\":\"string\"}}}", "\"x\"").Errors[0].Keyword.Should().Be("limit");
    }

    [TestCase("^(a+)+$")]
    [TestCase("^(a|aa)+$")]
    [TestCase("^([a-z]+)*$")]
    public void a_pattern_that_backtracks_is_matched_in_linear_time(string pattern)
    {
        var started = Stopwatch.GetTimestamp();
        Validate($$"""{"pattern":"{{pattern}}"}""", $"\"{new string('a', 30_000)}!\"").Errors.Should().ContainSingle().Which.Keyword.Should().Be("pattern");
        Stopwatch.GetElapsedTime(started).Should().BeLessThan(TimeSpan.FromSeconds(10));
    }

    [Test]
    public void a_pattern_with_look_around_that_backtracks_is_cut() =>
        Validate("""{"pattern":"^(?=(a+)+$)(a+)+$"}""", $"\"{new string('a', 5_000)}!\"").Errors[0].Keyword.Should().Be("limit");

    [Test]
    public void a_number_of_many_digits_is_handled() =>
        Validate("""{"type":"integer","multipleOf":3}""", new string('3', 200_000)).Valid.Should().BeTrue();

    [Test]
    public void many_equal_looking_items_are_compared_in_time() =>
        Validate("""{"uniqueItems":true}""", $"[{string.Join(',', Enumerable.Range(0, 50_000).Select(i => $$"""{"id":{{i}}}"""))}]").Valid.Should().BeTrue();

    [TestCase("\"\\ud800\"", """{"minLength":1}""")]
    [TestCase("\"\\ud800\"", """{"pattern":"^a"}""")]
    [TestCase("""{"\ud800":1}""", """{"properties":{"a":true}}""")]
    public void half_a_surrogate_pair_is_an_error(string value, string schema) => Validate(schema, value).Valid.Should().BeFalse();

    [TestCase("""{"type":"text"}""", "#/type", "There is no type \"text\"")]
    [TestCase("""{"properties":{"a":{"minimum":"1"}}}""", "#/properties/a/minimum", "minimum must be a number, but is \"1\"")]
    [TestCase("""{"properties":[]}""", "#/properties", "properties must be an object of schemas")]
    [TestCase("""{"required":"a"}""", "#/required", "required must be an array of members' names")]
    [TestCase("""{"$ref":"#/$defs/nope","$defs":{"yes":true}}""", "#/$ref", "'#/$defs/nope' leads nowhere")]
    [TestCase("""{"$ref":"https://example.org/other"}""", "#/$ref", "There is no schema https://example.org/other")]
    [TestCase("""{"$ref":"#nope"}""", "#/$ref", "There is no anchor 'nope'")]
    [TestCase("""{"pattern":"(a"}""", "#/pattern", "a parenthesis is not closed")]
    [TestCase("""{"items":[true]}""", "#/items", "items is an array, as in an earlier draft")]
    [TestCase("""{"allOf":[]}""", "#/allOf", "allOf must be an array of one schema or more")]
    [TestCase("""{"multipleOf":0}""", "#/multipleOf", "multipleOf must be a number above 0")]
    [TestCase("""{"minLength":-1}""", "#/minLength", "minLength must be a whole number of 0 or more")]
    [TestCase("""{"$id":"#here"}""", "#/$id", "$id is no URI without a fragment")]
    [TestCase("""{"$schema":"https://example.org/mine"}""", "#/$schema", "The meta-schema https://example.org/mine is not known")]
    [TestCase("""[]""", "#", "A schema is an object, true or false")]
    [TestCase("""{"a":""", "#", "The schema is no JSON")]
    [TestCase("", "#", "The schema is no JSON")]
    public void a_malformed_schema_is_refused_with_where_and_what(string schema, string location, string message)
    {
        JsonSchema.TryCompile(schema, out _, out var faults).Should().BeFalse();
        faults[0].Location.Should().Be(location);

        faults[0].ToString().Should().Contain(message);
        faults[0].Hint.Should().NotBeEmpty();
    }

    [Test]
    public void all_faults_of_a_schema_are_named_at_once()
    {
        JsonSchema.TryCompile("""{"type":"text","minimum":"1","properties":{"a":{"pattern":"("},"b":5}}""", out _, out var faults);
        faults.Should().HaveCount(4);
    }
}
