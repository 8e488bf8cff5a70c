using System.Collections.Immutable;
using System.Text.Json;
using AIaaS.Commands.Routing;
using AIaaS.Domain.Agents;

namespace Commands.Tests.Routing;

public sealed class A_request_to_a_model
{
    private static readonly ImmutableArray<Passage> Passages = [new("returns", "Returns “now”", "Line one.\nLine \"two\".", 7.256)];

    [Test]
    public void is_a_chat_completion_whose_user_message_holds_question_and_passages()
    {
        using var request = JsonDocument.Parse(AnswerContract.BuildRequest("m", "Be brief.", "Can I return \\ \"it\"?", Passages, 500));
        var root = request.RootElement;
        root.GetProperty("model").GetString().Should().Be("m");
        root.GetProperty("max_completion_tokens").GetInt32().Should().Be(500);
        root.GetProperty("messages")[0].GetProperty("content").GetString().Should().Be("Be brief.");
        root.GetProperty("response_format").GetProperty("json_schema").GetProperty("schema").GetProperty("required").GetArrayLength().Should().Be(5);
        using var user = JsonDocument.Parse(root.GetProperty("messages")[1].GetProperty("content").GetString()!);
        user.RootElement.GetProperty("question").GetString().Should().Be("Can I return \\ \"it\"?");
        user.RootElement.GetProperty("passages")[0].GetProperty("text").GetString().Should().Be("Line one.\nLine \"two\".");
        user.RootElement.TryGetProperty("rejected", out _).Should().BeFalse();
    }

    [Test]
    public void says_on_a_repair_why_the_answer_before_was_refused() =>
        AnswerContract.BuildRequest("m", "p", "q", Passages, 500, "the quote is not in the passage").Should().Contain("the quote is not in the passage");

    [Test]
    public void is_the_same_bytes_each_time() =>
        AnswerContract.BuildRequest("m", "p", "q", Passages, 500).Should().Be(AnswerContract.BuildRequest("m", "p", "q", Passages, 500));
}

public sealed class Reading_an_answer
{
    private const string Good = """{"action":"answer","reason":"answered","answer":"Yes.","citations":[{"article":"a","quote":"q"}],"confidence":0.9}""";

    [Test]
    public void gives_what_was_written()
    {
        var reply = new AnswerReply(AnswerAction.Answer, AnswerReason.Answered, "Yes — “now”.", [new("a", "q")], 0.9);
        AnswerContract.Parse(AnswerContract.Write(reply)).Reply.Should().BeEquivalentTo(reply);
    }

    [TestCase("")]
    [TestCase("null")]
    [TestCase("[]")]
    [TestCase("{}")]
    [TestCase("Sure! {\"action\":\"answer\"}")]
    [TestCase("{\"action\":\"answer\"")]
    public void that_is_not_of_the_schema_gives_a_fault(string content) => AnswerContract.Parse(content).Fault.Should().NotBeNullOrEmpty();

    [TestCase("0.9", "1.5", "confidence")]
    [TestCase("0.9", "-0.1", "confidence")]
    [TestCase("\"answer\",\"reason\"", "\"shout\",\"reason\"", "JSON")]
    [TestCase("\"answer\",\"reason\"", "0,\"reason\"", "JSON")]
    [TestCase("\"Yes.\"", "null", "JSON")]
    [TestCase("\"Yes.\"", "\" \"", "empty")]
    [TestCase("{\"article\":\"a\",\"quote\":\"q\"}", "", "at least one citation")]
    [TestCase("{\"article\":\"a\",\"quote\":\"q\"}", "null", "names no article")]
    [TestCase("\"a\"", "\"\"", "names no article")]
    [TestCase("\"q\"", "\" \"", "quote")]
    [TestCase("\"answered\"", "\"no-evidence\"", "goes with")]
    [TestCase("\"confidence\"", "\"extra\":1,\"confidence\"", "JSON")]
    [TestCase("\"confidence\"", "\"answer\":\"No.\",\"confidence\"", "JSON")]
    public void with_a_wrong_field_names_it(string part, string with, string fault) =>
        AnswerContract.Parse(Good.Replace(part, with, StringComparison.Ordinal)).Fault.Should().Contain(fault);

    [Test]
    public void takes_a_greeting_without_citations() =>
        AnswerContract.Parse("""{"action":"answer","reason":"small-talk","answer":"Hello!","citations":[],"confidence":1}""").Fault.Should().BeNull();

    [Test]
    public void takes_a_hand_off_without_words() =>
        AnswerContract.Parse("""{"action":"handoff","reason":"no-evidence","answer":"","citations":[],"confidence":0.8}""").Reply!.Action.Should().Be(AnswerAction.Handoff);

    [Test]
    public void that_is_too_long_names_the_limit() =>
        AnswerContract.Parse(Good.Replace("Yes.", new('y', 4001), StringComparison.Ordinal)).Fault.Should().Contain("4000");
}
