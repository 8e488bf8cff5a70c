using System.Text.Json;

namespace AIaaS.Domain.Json;

public sealed class Writing_an_expression
{
    [TestCase("", 0, "The expression ends where a value is expected")]
    [TestCase("$.a = 1", 4, "A single '=' compares nothing")]
    [TestCase("1 < $.a < 5", 8, "'<' follows a comparison")]
    [TestCase("lenght($.a)", 0, "There is no function 'lenght'")]
    [TestCase("length($.a, 1)", 0, "length is called with 2 arguments")]
    [TestCase("status", 0, "'status' is no value")]
    [TestCase("@.a", 0, "'@' stands outside of a filter")]
    [TestCase("$.items[?@.a", 12, "The bracket of the path is not closed")]
    [TestCase("$.items[01]", 8, "'01' is no index")]
    [TestCase("'open", 0, "The text is not closed")]
    [TestCase("(1 + 2", 6, "The parenthesis is not complete")]
    [TestCase("$.a )", 4, "')' is not expected here")]
    [TestCase("$.a &", 4, "'&' is not expected here")]
    [TestCase("[1, 2", 5, "The array is not closed")]
    [TestCase("{a 1}", 3, "'1' is not expected here")]
    [TestCase("match($.a, '(')", 0, "The pattern of match is wrong: a parenthesis is not closed")]
    [TestCase("matches($.a, '(?=a)')", 0, "The pattern of matches is wrong")]
    [TestCase("\"\\x\"", 2, "This is no escape")]
    public void that_is_none_says_where_what_and_how_to_mend_it(string source, int position, string message)
    {
        Expression.TryParse(source, out _, out var fault).Should().BeFalse();
        fault!.Position.Should().Be(position);
        fault.Message.Should().StartWith(message);
        fault.Hint.Should().NotBeEmpty();
    }

    [Test]
    public void with_a_slip_in_a_name_is_told_the_right_one()
    {
        Expression.TryParse("cotains($.a, 'b')", out _, out var fault);
        fault!.Hint.Should().Be("Did you mean contains(text, part)?");
    }

    [Test]
    public void names_the_paths_that_it_reads() =>
        Expression.Parse("$.steps.find.orders[0].id == $['vars'].x and $.items[?@.a == $.input.b]").Paths
            .Select(p => (p.Text, string.Join('/', p.Names)))
            .Should().BeEquivalentTo(new[] { ("$.steps.find.orders[0].id", "steps/find/orders"), ("$['vars'].x", "vars/x"), ("$.input.b", "input/b"), ("$.items[?@.a == $.input.b]", "items") });

    [Test]
    public void within_a_template_is_found_with_its_place()
    {
        Template.TryParse("Hello {{ $.name", out _, out var open).Should().BeFalse();
        open!.Message.Should().Be("The '{{' is not closed");
        open.Position.Should().Be(6);
        Template.Parse("{{ {a: {b: 1}} }}").Evaluate(default(JsonElement)).Value.ToText().Should().Be("""{"a":{"b":1}}""");
        Template.Parse("{{ '{{' }} and }} and { }").Evaluate(default(JsonElement)).Value.ToText().Should().Be("{{ and }} and { }");
        Template.Parse("").Evaluate(default(JsonElement)).Value.ToText().Should().BeEmpty();
    }

    [Test]
    public void within_a_document_names_every_fault_with_where_it_stands()
    {
        using var document = JsonDocument.Parse("""{"a":"{{ $. }}","b":["fine","{{ nope }}"],"c":1}""");
        JsonTemplate.TryParse(document.RootElement, out _, out var faults).Should().BeFalse();
        faults.Select(f => f.Pointer).Should().Equal("/a", "/b/1");
    }
}
