using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;

namespace AIaaS.Domain.Json;

public sealed class Hostile_expressions
{
    private static readonly string[] Pieces =
    [
        "$", "@", ".a", "..a", "[0]", "[-1]", "[*]", "[?@.a]", "[?", "[", "]", "(", ")", "{", "}", "a", ":", ",", " ", "1", "0.5", "1e400", "-", "+", "*", "/", "%", "==", "<", "in", " in ", " and ", " or ", "not ", "!",
        "'x'", "\"\\ud83d\\ude00\"", "null", "true", "length(", "if(", "sum(", "match(", "'(a+)+$'", "substring(", "split(", "{{", "}}", "🐲", "\ud800",
    ];

    private static readonly JsonElement Document = JsonDocument.Parse("""{"a":[{"a":1},"x",null,-1e400,{"a":{"a":"aaaaaaaaaaaa!"}}],"b":"🐲"}""").RootElement;

    private static ExpressionResult Evaluate(string source, string document, ExpressionLimits? limits = null)
    {
        using var parsed = JsonDocument.Parse(document, new() { MaxDepth = 1_000_000 });
        return Expression.Parse(source, limits).Evaluate(parsed.RootElement.Clone());
    }

    [Test]
    public void of_any_pieces_give_a_fault_or_a_value_and_the_same_one_twice() =>
        Prop.ForAll(Arb.From(Gen.Elements(Pieces).ListOf()), pieces =>
        {
            var source = string.Concat(pieces);
            if (Expression.TryParse(source, out var expression, out _))
            {
                var first = expression.Evaluate(Document);
                expression.Evaluate(Document).Value.ToText().Should().Be(first.Value.ToText());
                first.Value.ToJson();
            }

            Template.TryParse(source, out var template, out _);
            template?.Render(Document).Value.Kind.Should().BeOneOf(ExpressionValueKind.String, ExpressionValueKind.Absent);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(3_000));

    [TestCase("(")]
    [TestCase("[")]
    [TestCase("{a:")]
    [TestCase("!")]
    [TestCase("- ")]
    [TestCase("not ")]
    [TestCase("abs(")]
    [TestCase("$[?")]
    [TestCase("$[?(")]
    [TestCase("$[?$[?")]
    public void that_are_nested_deeply_are_refused(string piece) =>
        Expression.TryParse(string.Concat(Enumerable.Repeat(piece, 3_000)), out _, out _).Should().BeFalse();

    [Test]
    public void that_are_long_chains_work() =>
        Evaluate(string.Join("+", Enumerable.Repeat("1", 4_000)) + " == 4000 and " + string.Join(" and ", Enumerable.Repeat("true", 500)), "{}").IsTrue.Should().BeTrue();

    [Test]
    public void that_are_too_long_are_refused() =>
        Expression.TryParse(new string('1', 20_000), out _, out _).Should().BeFalse();

    [TestCase("$[*,*,*,*,*,*,*,*][*,*,*,*,*,*,*,*][*,*,*,*,*,*,*,*]")]
    [TestCase("$[?$..[?$..[?@ == 1]]]")]
    [TestCase("$[?sum($..*) == 1]")]
    public void that_search_without_end_are_cut(string source)
    {
        var result = Evaluate(source, $"[{string.Join(',', Enumerable.Range(0, 300).Select(i => $"[{i},[{i}]]"))}]");
        result.Error.Should().Contain("steps");
        result.IsTrue.Should().BeFalse();
    }

    [TestCase("replace($.s, 'a', $.s)")]
    [TestCase("join(split($.s, 'a'), $.s)")]
    [TestCase("concat($.s,$.s,$.s,$.s,$.s,$.s,$.s,$.s,$.s,$.s,$.s,$.s,$.s,$.s,$.s,$.s,$.s,$.s,$.s,$.s,$.s,$.s)")]
    public void that_make_too_much_are_cut(string source) =>
        Evaluate(source, $$"""{"s":"{{new string('a', 60_000)}}"}""").Error.Should().NotBeNull();

    [TestCase("$.a[?@ == $.s]")]
    [TestCase("$.a[?length($.s) > 5]")]
    [TestCase("$.a[?contains($.s, @)]")]
    [TestCase("$.a[?$.o.none == 1]")]
    public void that_read_something_large_again_and_again_are_cut(string source)
    {
        var members = string.Join(',', Enumerable.Range(0, 20_000).Select(i => $"\"k{i}\":{i}"));
        Evaluate(source, $$"""{"s":"{{new string('b', 900_000)}}","o":{ {{members}} },"a":[{{string.Join(',', Enumerable.Repeat("\"b\"", 50_000))}}]}""").Error.Should().Contain("steps");
    }

    [Test]
    public void that_slice_a_long_array_are_quick() =>
        Evaluate("count($.a[0:60000])", $$"""{"a":[{{string.Join(',', Enumerable.Repeat("{}", 60_000))}}]}""").Value.Should().Be(ExpressionValue.From(60_000m));

    [Test]
    public void that_pass_half_a_surrogate_pair_on_keep_it_as_an_escape() =>
        Evaluate("[$.a]", """{"a":"\ud800"}""").Value.ToJson().GetRawText().Should().Be("""["\ud800"]""");

    [TestCase("$..a")]
    [TestCase("$ == $")]
    [TestCase("distinct([$, $])")]
    public void on_a_deep_document_are_cut(string source) =>
        Evaluate(source, new string('[', 20_000) + new string(']', 20_000)).Error.Should().Contain("levels deep");

    [TestCase("$.s == 'a'")]
    [TestCase("upper($.s)")]
    [TestCase("keys($)")]
    [TestCase("$.t")]
    public void on_half_a_surrogate_pair_give_no_exception(string source)
    {
        var result = Evaluate(source, """{"s":"\ud800","\udc00":1}""");
        (result.Error is not null || result.Value.IsNothing).Should().BeTrue();
    }

    [TestCase("match($.s, '(a+)+')")]
    [TestCase("search($.s, $.p)")]
    public void with_patterns_that_backtrack_end(string source) =>
        Evaluate(source, $$"""{"s":"{{new string('a', 50_000)}}!","p":"^(a|aa)+$"}""").Value.Should().Be(ExpressionValue.False);

    [TestCase("1 / 0")]
    [TestCase("1 % 0")]
    [TestCase("79228162514264337593543950335 + 1")]
    [TestCase("79228162514264337593543950335 * -2")]
    [TestCase("1e400 + 1")]
    [TestCase("-1e400 * 2")]
    [TestCase("round(1, 29)")]
    [TestCase("round(1, -1)")]
    [TestCase("sum('a')")]
    [TestCase("min([])")]
    [TestCase("substring('abc', 'x')")]
    [TestCase("number('1,5')")]
    [TestCase("split(1, 2)")]
    [TestCase("- 'a'")]
    public void that_have_no_answer_give_null(string source) => Evaluate(source, "{}").Value.Kind.Should().Be(ExpressionValueKind.Null);

    [TestCase("substring('abc', -2, 3)", "a")]
    [TestCase("substring('abc', 1, 99999999999999999999)", "bc")]
    [TestCase("substring('abc', -99999999999999999999)", "abc")]
    [TestCase("substring('abc', 5)", "")]
    [TestCase("substring('abc', 1, -1)", "")]
    [TestCase("substring('a🐲b', 1, 1)", "🐲")]
    public void that_cut_outside_of_a_text_give_what_is_inside(string source, string text) => Evaluate(source, "{}").Value.ToText().Should().Be(text);
}
