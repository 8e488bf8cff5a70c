using System.Collections.Immutable;
using AIaaS.Commands.Knowledge;
using AIaaS.Commands.Routing;
using AIaaS.Domain.Agents;
using AIaaS.Domain.Knowledge;
using Commands.Tests.Support;

namespace Commands.Tests.Routing;

public abstract class Asking_an_offline_model
{
    protected static readonly ImmutableArray<Passage> Passages =
    [
        new("gift-cards", "Gift cards", "A gift card is valid for 5 years. Its balance is shown at the foot of every page.", 11),
        new("returns", "Returns", "## How long\n- You can return unworn boots within **60 days** of delivery.\n- Sale items have 30 days.", 4),
        new("stores", "Opening hours", "Our stores are open from 9:00 to 19:00. On Sundays they are closed.", 2),
    ];

    protected static async Task<AnswerReply> AskAsync(string question, ImmutableArray<Passage> passages, string model = "offline-a")
    {
        var answer = await OfflineModels.Clients[model].CompleteAsync(AnswerContract.BuildRequest(model, AnswerContract.DefaultPrompt, question, passages, 800));
        var parsed = AnswerContract.Parse(answer.Content);
        parsed.Fault.Should().BeNull();
        return parsed.Reply!;
    }
}

public sealed class A_question_that_a_passage_answers : Asking_an_offline_model
{
    [TestCase("offline-a")]
    [TestCase("offline-b")]
    [TestCase("offline-l")]
    public async Task is_answered_with_a_quote_from_it(string model)
    {
        var reply = await AskAsync("How long is a gift card valid?", Passages, model);
        reply.Reason.Should().Be(AnswerReason.Answered);
        reply.Answer.Should().Contain("5 years");
        reply.Confidence.Should().BeGreaterThanOrEqualTo(0.8);
        reply.Citations.Should().OnlyContain(c => c.Article == "gift-cards" && Passages[0].Text.Contains(c.Quote, StringComparison.Ordinal));
    }

    [Test]
    public async Task is_quoted_letter_by_letter_and_said_without_markup()
    {
        var reply = await AskAsync("Within how many days can I return unworn boots?", [Passages[1] with { Score = 12 }, Passages[0] with { Score = 2 }]);
        reply.Citations[0].Quote.Should().Be("You can return unworn boots within **60 days** of delivery.");
        reply.Answer.Should().StartWith("You can return unworn boots within 60 days of delivery.");
    }
}

public sealed class A_question_about_a_kind_of_fact : Asking_an_offline_model
{
    private static readonly ImmutableArray<Passage> Courier =
    [
        new("courier", "Courier service", "The courier rings twice. The courier comes within 2 days. The courier costs $7.", 11),
        new("stores", "Opening hours", "Our stores are open from 9:00 to 19:00.", 2),
    ];

    [TestCase("How much is the courier?", "$7")]
    [TestCase("How long does the courier take?", "2 days")]
    public async Task is_answered_with_a_sentence_that_holds_it(string question, string fact) => (await AskAsync(question, Courier)).Citations.Should().Contain(c => c.Quote.Contains(fact, StringComparison.Ordinal));

    [Test]
    public async Task is_seen_past_a_slip_of_spelling_by_the_second_tier()
    {
        const string Question = "How much is the courrier?";
        (await AskAsync(Question, Courier, "offline-b")).Citations.Should().Contain(c => c.Quote.Contains("$7", StringComparison.Ordinal));
        (await AskAsync(Question, Courier)).Should().Match<AnswerReply>(r => r.Action == AnswerAction.Answer && r.Confidence < 0.8, "a hand-off would end the run before the second tier");
    }
}

public sealed class A_question_that_no_passage_answers : Asking_an_offline_model
{
    [TestCase("What is the capital of Mongolia?")]
    [TestCase("Can you write me a poem about my ex-girlfriend?")]
    [TestCase("???")]
    [TestCase("")]
    public async Task is_handed_off(string question)
    {
        var reply = await AskAsync(question, Passages);
        (reply.Action, reply.Reason).Should().Be((AnswerAction.Handoff, AnswerReason.NoEvidence));
    }

    [Test]
    public async Task is_handed_off_when_there_are_no_passages() => (await AskAsync("How long is a gift card valid?", [])).Reason.Should().Be(AnswerReason.NoEvidence);
}

public sealed class A_message_that_needs_no_article : Asking_an_offline_model
{
    [TestCase("Hello!")]
    [TestCase("hi there, good morning")]
    [TestCase("Thank you so much for your help")]
    public async Task is_greeted(string message) => (await AskAsync(message, Passages)).Reason.Should().Be(AnswerReason.SmallTalk);

    [TestCase("I want to talk to a real person, please.")]
    [TestCase("hand me to a person")]
    [TestCase("Can you put me through to your manager?")]
    [TestCase("human")]
    [TestCase("I need a human agent")]
    [TestCase("could I speak with someone from support")]
    public async Task is_passed_on_when_it_asks_for_a_person(string message) => (await AskAsync(message, Passages)).Reason.Should().Be(AnswerReason.PersonRequested);

    [TestCase("How do I transfer money to another person?")]
    [TestCase("Can I give my gift card to someone else?")]
    [TestCase("Someone used my card")]
    [TestCase("hello, how long is a gift card valid?")]
    [TestCase("thanks, and the returns?")]
    public async Task is_not_what_merely_sounds_like_it(string message) =>
        (await AskAsync(message, Passages)).Reason.Should().BeOneOf(AnswerReason.Answered, AnswerReason.NoEvidence);
}

public sealed class The_same_request : Asking_an_offline_model
{
    [Test]
    public async Task gives_the_same_answer_each_time()
    {
        var request = AnswerContract.BuildRequest("offline-b", "p", "When are stores open on Sundays?", Passages, 800);
        var model = OfflineModels.Clients["offline-b"];
        (await model.CompleteAsync(request)).Should().Be(await model.CompleteAsync(request));
    }

    [Test]
    public async Task never_costs_more_than_its_worst_case()
    {
        var catalog = ModelCatalog.Offline();
        var prices = catalog.PricesAt(DateTimeOffset.UnixEpoch);
        foreach (var model in catalog.Models)
        {
            var request = AnswerContract.BuildRequest(model, AnswerContract.DefaultPrompt, "How long is a gift card valid?", Passages, 300);
            var answer = await catalog.Find(model)!.CompleteAsync(request);
            var cost = prices.Cost(model, answer.Usage);
            cost.Amount.Should().BePositive().And.BeLessThanOrEqualTo(catalog.WorstCase(prices, model, request, 300).Amount);
        }
    }
}

public sealed class A_request_that_an_offline_model_cannot_follow
{
    [TestCase("")]
    [TestCase("[]")]
    [TestCase("{\"messages\":5}")]
    [TestCase("{\"messages\":[{\"role\":\"system\",\"content\":\"x\"}]}")]
    [TestCase("{\"messages\":[{\"role\":\"user\",\"content\":7}]}")]
    [TestCase("{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"response_format\":{\"type\":\"json_object\"}}")]
    [TestCase("{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"other\"}}}")]
    [TestCase("{\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}],\"max_completion_tokens\":1}")]
    public async Task fails_for_good(string request) =>
        (await OfflineModels.Clients["offline-a"].Awaiting(m => m.CompleteAsync(request)).Should().ThrowAsync<ModelCallException>())
            .Which.Should().Match<ModelCallException>(e => !e.Retryable && !e.Unknown);

    [Test]
    public async Task without_a_response_format_is_answered_in_plain_words() =>
        (await OfflineModels.Clients["offline-a"].CompleteAsync("""{"messages":[{"role":"user","content":"hello"}]}""")).Content.Should().Be("Hello! What can I do for you?");
}

public sealed class Real_customers_questions_to_a_bank
{
    // Of the first 1,000 questions of banking77, which were asked at another bank, 392 to 434 were answered from the customers' documents of this one.
    [Test]
    public async Task are_answered_from_what_customers_may_see_or_handed_off()
    {
        using var index = new TenantIndex();
        var audiences = new Dictionary<string, Audience>(StringComparer.Ordinal);
        foreach (var d in SharedData.BankingDocuments("bank"))
        {
            index.Put(new(d.Article, d.Title, d.Content, d.Audience, "", default));
            audiences.Add(d.Article, d.Audience);
        }

        var answered = 0;
        foreach (var question in SharedData.BankingQuestions().Take(1_000))
        {
            var passages = index.Search(question, Audience.Customer, 6);
            var answer = await OfflineModels.Clients["offline-a"].CompleteAsync(AnswerContract.BuildRequest("offline-a", AnswerContract.DefaultPrompt, question, passages, 800));
            var reply = AnswerContract.Parse(answer.Content).Reply!;
            reply.Citations.All(c => audiences[c.Article] == Audience.Customer && passages.Any(p => p.Article == c.Article && p.Text.Contains(c.Quote, StringComparison.Ordinal))).Should().BeTrue("{0}", question);
            answered += reply.Action == AnswerAction.Answer && reply.Confidence >= 0.8 ? 1 : 0;
        }

        answered.Should().BeInRange(370, 600);
    }
}

public sealed class The_demo_shops_customers
{
    // Measured: of the demo's own messages, which the models were fitted on, 41 of 49 answered from an article that fits, 1 from another, and all 8
    // hand-offs right; of the held-out ones 37 of 52, 4 and 15 of 16 (before the fitting 32, 1 and 16).
    [TestCase("demo/messages.txt", 40, 2, 8)]
    [TestCase("tests/Commands.Tests/Routing/held-out.txt", 35, 5, 15)]
    public async Task get_answers_from_the_right_articles_and_few_others(string messages, int leastRight, int mostWrong, int leastHandedOff)
    {
        var root = Root();
        using var index = new TenantIndex();
        var staff = new HashSet<string>(StringComparer.Ordinal);
        foreach (var file in Directory.GetFiles(Path.Combine(root, "demo", "articles"), "*.md"))
        {
            var parts = (await File.ReadAllTextAsync(file)).Split("---", 3);
            var title = parts[1].Split('\n').First(l => l.StartsWith("title:", StringComparison.Ordinal))["title:".Length..].Trim(' ', '"');
            var audience = parts[1].Contains("audience: staff", StringComparison.Ordinal) ? Audience.Staff : Audience.Customer;
            index.Put(new(Path.GetFileNameWithoutExtension(file), title, parts[2].Trim(), audience, "", default));
            if (audience == Audience.Staff)
            {
                staff.Add(Path.GetFileNameWithoutExtension(file));
            }
        }

        var (right, wrong, handedOff) = (0, 0, 0);
        foreach (var line in (await File.ReadAllLinesAsync(Path.Combine(root, messages))).Where(l => l.Contains('|', StringComparison.Ordinal) && l[0] != '#'))
        {
            var articles = line[..line.IndexOf('|')].Trim().Split(',');
            var reply = await AskAsync(index, line[(line.IndexOf('|') + 1)..].Trim());
            if (reply is null)
            {
                handedOff += articles.Contains("handoff") ? 1 : 0;
                continue;
            }

            reply.Citations.Should().NotBeEmpty().And.NotContain(c => staff.Contains(c.Article));
            (right, wrong) = articles.Contains(reply.Citations[0].Article) ? (right + 1, wrong) : (right, wrong + 1);
        }

        right.Should().BeGreaterThanOrEqualTo(leastRight);
        wrong.Should().BeLessThanOrEqualTo(mostWrong);
        handedOff.Should().BeGreaterThanOrEqualTo(leastHandedOff);
    }

    // As the shipped workflow does: a weak answer of the first tier goes to the next one, a hand-off ends it.
    private static async Task<AnswerReply?> AskAsync(TenantIndex index, string question)
    {
        var passages = index.Search(question, Audience.Customer, 6);
        foreach (var model in (string[])["offline-a", "offline-b"])
        {
            var answer = await OfflineModels.Clients[model].CompleteAsync(AnswerContract.BuildRequest(model, AnswerContract.DefaultPrompt, question, passages, 800));
            var reply = AnswerContract.Parse(answer.Content).Reply!;
            if (reply.Action == AnswerAction.Handoff || reply.Confidence >= 0.8)
            {
                return reply.Action == AnswerAction.Handoff ? null : reply;
            }
        }

        return null;
    }

    private static string Root()
    {
        for (var folder = new DirectoryInfo(TestContext.CurrentContext.TestDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "demo", "messages.txt")))
            {
                return folder.FullName;
            }
        }

        throw new DirectoryNotFoundException("The folder demo is not above the test's.");
    }
}

public sealed class Counted_tokens
{
    [TestCase("", 0)]
    [TestCase("word", 1)]
    [TestCase("longerword", 2)]
    [TestCase("two words", 2)]
    [TestCase("12345", 2)]
    [TestCase("{\"a\":1}", 5)]
    [TestCase("日本", 2)]
    [TestCase("\u0001", 1)]
    public void follow_the_documented_rule(string text, long tokens) => TokenCounter.Count(text).Should().Be(tokens);
}
