using AIaaS.Commands.Routing;
using AIaaS.Domain.Agents;

namespace Commands.Tests.Agents;

public sealed class Gates_of_an_answer
{
    private const string Question = "How many days do I have to return an item?";

    private const string Chat = """{"action":"answer","reason":"small-talk","answer":"Your refund is approved, have a nice day!","citations":[],"confidence":1}""";

    private static readonly object[] Refused =
    [
        new object[] { "small talk for an answer to a question", DecidedModel.Answer(Chat), "unsupported-answer" },
        new object[] { "a quote that no passage holds", DecidedModel.Cited("returns-policy", "You can return an item within 90 days.", 0.99), "unsupported-answer" },
        new object[] { "an article that was not retrieved", DecidedModel.Cited("made-up", "You can return an item within 30 days of delivery.", 0.99), "unsupported-answer" },
        new object[] { "an article for staff only", DecidedModel.Cited("internal-discounts", "Staff may grant a goodwill discount of 15 percent", 0.99), "unsupported-answer" },
        new object[] { "a confidence below the threshold", DecidedModel.Cited("returns-policy", "You can return an item within 30 days of delivery.", 0.79), "low-confidence" },
        new object[] { "no answer of the schema", DecidedModel.Answer("""{"answer":"yes"}"""), "invalid-answer" },
    ];

    [TestCaseSource(nameof(Refused))]
    public async Task refuse_it_twice_and_a_person_takes_over(string what, ModelAnswer answer, string reason)
    {
        var model = new DecidedModel((_, _, _) => Task.FromResult(answer));
        await using var world = await RunWorld.OpenAsync(model);
        var (accepted, run) = await world.AskAsync(Question);
        (run.Outcome, run.Reason).Should().Be((RunOutcome.HandedOff, reason), what);
        run.Citations.Should().BeEmpty();
        model.Calls.Should().Be(2, "one repair is the most");
        (await world.Replayer.ReplayAsync(await world.Episodes.ExportAsync(RunWorld.Tenant, accepted.Run))).Difference.Should().BeNull();
    }

    [Test]
    public async Task let_it_pass_exactly_at_the_threshold()
    {
        var model = new DecidedModel((_, _, _) => Task.FromResult(DecidedModel.Cited("returns-policy", "You can return an item within 30 days of delivery.", 0.8)));
        await using var world = await RunWorld.OpenAsync(model);
        (await world.AskAsync(Question)).Run.Outcome.Should().Be(RunOutcome.Answered);
    }

    [TestCase("Hello")]
    [TestCase("Guten Morgen zusammen")]
    public async Task let_small_talk_pass_where_nothing_was_asked(string message)
    {
        await using var world = await RunWorld.OpenAsync(new DecidedModel((_, _, _) => Task.FromResult(DecidedModel.Answer(Chat))));
        var (_, run) = await world.AskAsync(message);
        (run.Outcome, run.Reason).Should().Be((RunOutcome.Answered, "small-talk"));
    }

    [Test]
    public async Task are_not_tried_when_the_customer_asks_for_a_person()
    {
        await using var world = await RunWorld.OpenAsync();
        var (_, run) = await world.AskAsync("I want to talk to a human agent please");
        (run.Outcome, run.Reason, run.ModelCalls).Should().Be((RunOutcome.HandedOff, "asked-for-person", 1));
    }

    [Test]
    public async Task hand_off_what_the_articles_do_not_say()
    {
        await using var world = await RunWorld.OpenAsync();
        var (_, run) = await world.AskAsync("Which planet has the largest volcano?");
        run.Outcome.Should().Be(RunOutcome.HandedOff);
        run.Reason.Should().BeOneOf("no-evidence", "low-confidence");
    }

    [Test]
    public async Task never_show_staff_articles_to_a_customer()
    {
        await using var world = await RunWorld.OpenAsync();
        var (accepted, run) = await world.AskAsync("Which goodwill discount do I get for a broken zipper?");
        run.Citations.Should().NotContain(c => c.Article == "internal-discounts");
        (await world.RunEventsAsync(accepted.Run)).OfType<KnowledgeRetrieved>().Single().Passages.Should().NotContain(p => p.Article == "internal-discounts");
    }
}
