using System.Globalization;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;

namespace AIaaS.Domain.Json;

/// <summary>What a schema decides without a regular expression or long arithmetic, beside the same thing written so that it cannot.</summary>
public sealed class Short_ways_of_a_schema
{
    private static readonly string[] Pieces =
    [
        "a", "b", "_", "-", "/", "#", "\\.", "\\d", "\\w", "[a-c]", "[^a]", "[^@ ]", "[\\d-]", "[a-]", "[-a]", "[]", "[^]", "[\\w.]", "é", "[é]", "[\\s]",
        "*", "+", "?", "{2}", "{1,2}", "{0,}", "{0}", "*?", "(a)", ".",
    ];

    private static readonly string[] Characters = ["a", "b", "c", "d", "_", "-", "/", "#", ".", "1", "2", "@", " ", "é", "🐲", "\n", "^", "]"];

    [Test]
    public void a_pattern_says_what_it_says_as_a_group()
    {
        var matches = 0;
        Prop.ForAll(Arb.From(Gen.Elements(Pieces).ListOf()), Arb.From(Gen.Elements(Characters).ListOf()), (pieces, characters) =>
        {
            var inside = string.Concat(pieces.Take(5));
            if (Compiled("pattern", $"\"^{JsonEncodedText.Encode(inside)}$\"") is { } one && Compiled("pattern", $"\"^(?:{JsonEncodedText.Encode(inside)})$\"") is { } other)
            {
                var text = JsonSerializer.SerializeToElement(string.Concat(characters.Take(6)));
                one.IsValid(text).Should().Be(other.IsValid(text), "{0} on {1}", inside, text);
                matches += one.IsValid(text) ? 1 : 0;
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(15_000));
        matches.Should().BeGreaterThan(50, "random patterns and texts must meet now and then");
    }

    [TestCase("^#W[0-9]{7}$", "#W2378156", true)]
    [TestCase("^#W[0-9]{7}$", "#W237815", false)]
    [TestCase("^#W[0-9]{7}$", "#W23781566", false)]
    [TestCase("^[^@ ]+@[^@ ]+$", "ada@example.org", true)]
    [TestCase("^[^@ ]+@[^@ ]+$", "adé@example.org", true)]
    [TestCase("^[^@ ]+@[^@ ]+$", "ada@", false)]
    [TestCase("^[^@]{2}$", "🐲é", true)]
    [TestCase("^[^@]{2}$", "🐲", false)]
    [TestCase("^[a-z]*-?[0-9]*$", "ab-12", true)]
    [TestCase("^[A-Z]{2}$", "GB\n", false)]
    [TestCase("^a*a$", "aaa", true)]
    [TestCase("^a?b?a$", "a", true)]
    [TestCase("^[a-c]+[c-d]$", "acc", true)]
    [TestCase("^a|b$", "xb", true)]
    [TestCase("^a\\$", "a", false)]
    [TestCase("^$", "", true)]
    public void a_pattern_between_anchors_holds_for_the_whole_text(string pattern, string text, bool matches) =>
        Compiled("pattern", JsonSerializer.Serialize(pattern))!.IsValid(JsonSerializer.SerializeToElement(text)).Should().Be(matches);

    [Test]
    public void a_number_is_what_it_is_with_an_exponent() =>
        Prop.ForAll(Arb.From(Numbers()), Arb.From(Numbers()), (number, bound) =>
        {
            foreach (var keyword in (string[])["minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "multipleOf"])
            {
                if (Compiled(keyword, bound) is { } one && Compiled(keyword, bound + "e0") is { } other)
                {
                    one.IsValid(JsonSerializer.Deserialize<JsonElement>(number)).Should().Be(other.IsValid(JsonSerializer.Deserialize<JsonElement>(number + "e0")), "{0}: {1} on {2}", keyword, bound, number);
                }
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2_000));

    [TestCase("999999999999999999", "999999999999999999.5", true)]
    [TestCase("999999999999999999.5", "999999999999999999", false)]
    [TestCase("-0.00000000000000001", "0", true)]
    [TestCase("123456789012345678901", "123456789012345678902", true)]
    public void a_number_of_any_length_is_compared_exactly(string bound, string number, bool holds) =>
        Compiled("minimum", bound)!.IsValid(JsonSerializer.Deserialize<JsonElement>(number)).Should().Be(holds);

    [Test]
    public void a_name_is_found_among_many_that_look_alike()
    {
        var names = Enumerable.Range(0, 2_000).Select(i => $"a_long_name_{i.ToString(CultureInfo.InvariantCulture)}").Append("").Append("é").Append("1234567").Append("12345678").ToArray();
        var schema = JsonSchema.Compile(JsonSerializer.Serialize(new { required = names }));
        schema.IsValid(JsonSerializer.SerializeToElement(names.ToDictionary(n => n, _ => 1))).Should().BeTrue();
        schema.IsValid(JsonSerializer.SerializeToElement(names.Skip(1).Append("a_long_name_2000").ToDictionary(n => n, _ => 1))).Should().BeFalse();
    }

    private static JsonSchema? Compiled(string keyword, string value) => JsonSchema.TryCompile($"{{\"{keyword}\":{value}}}", out var schema, out _) ? schema : null;

    private static Gen<string> Numbers() =>
        from whole in Gen.OneOf(Gen.Choose(-1_000, 1_000).Select(i => (long)i), Gen.Choose(int.MinValue, int.MaxValue).Select(i => (long)i * 99_991))
        from fraction in Gen.Elements("", ".0", ".5", ".25", ".01", ".10", ".001", ".005")
        select whole.ToString(CultureInfo.InvariantCulture) + fraction;
}
