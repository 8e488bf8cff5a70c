using System.Net;
using System.Text.Json;

namespace AIaaS.Journeys;

/// <summary>A bank's knowledge base and a thousand real questions of its customers, through the program as users run it.</summary>
public sealed class A_bank_with_a_thousand_questions
{
    private const int Questions = 1_000;

    private static readonly DataFolder Folder = new();
    private static readonly Dictionary<string, JsonElement> Answers = [];
    private static ApiProcess? api;
    private static string key = "";
    private static string token = "";
    private static IReadOnlyList<(string Article, string Title, string Content, string Audience)> articles = [];

    [OneTimeSetUp]
    public static async Task Asks()
    {
        articles = PublicData.BankingArticles();
        var questions = PublicData.Questions(Questions);
        api = await ApiProcess.StartAsync(Folder.Path);
        (_, key) = await api.NewTenantAsync("bank");
        var body = new { articles = articles.Select(a => new { article = a.Article, title = a.Title, content = a.Content, audience = a.Audience }) };
        var (status, imported, loaded) = await api.SendAsync(HttpMethod.Post, "/v1/articles/import", key, body, "import");
        status.Should().Be(HttpStatusCode.OK, imported.ToString());
        imported.GetProperty("written").GetInt32().Should().Be(698);
        var last = 0UL;
        await Parallel.ForEachAsync(questions.Index(), new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (question, _) =>
        {
            var answer = await api.SendAsync(HttpMethod.Post, "/v1/messages", key, new { text = question.Item }, $"question-{question.Index}", loaded);
            answer.Status.Should().Be(HttpStatusCode.OK, answer.Body.ToString());
            lock (Answers)
            {
                Answers.Add(answer.Body.GetProperty("run").GetString()!, answer.Body);
                last = Math.Max(last, ulong.Parse(answer.Token!));
            }
        });
        token = last.ToString();
        var answered = Answers.Values.Count(a => a.GetProperty("outcome").GetString() == "Answered");
        await TestContext.Out.WriteLineAsync($"{Answers.Count} questions: {answered} answered, {Answers.Count - answered} handed off.");
    }

    [OneTimeTearDown]
    public static async Task Ends()
    {
        if (api is not null)
        {
            await api.DisposeAsync();
        }

        Folder.Dispose();
    }

    [Test]
    public void ends_each_in_a_cited_answer_or_an_explicit_hand_off()
    {
        Answers.Should().HaveCount(Questions);
        foreach (var answer in Answers.Values)
        {
            answer.GetProperty("answer").GetString().Should().NotBeNullOrWhiteSpace();
            answer.GetProperty("reason").GetString().Should().NotBeNullOrWhiteSpace();
            if (answer.GetProperty("outcome").GetString() == "Answered")
            {
                answer.GetProperty("citations").GetArrayLength().Should().BePositive();
            }
            else
            {
                answer.GetProperty("outcome").GetString().Should().Be("HandedOff");
            }
        }
    }

    [Test]
    public void answers_a_part_and_hands_off_a_part() =>
        Answers.Values.Select(a => a.GetProperty("outcome").GetString()).Distinct().Should().BeEquivalentTo("Answered", "HandedOff");

    [Test]
    public void never_cites_what_is_for_staff()
    {
        var known = articles.ToDictionary(a => a.Article);
        var cited = Answers.Values.SelectMany(a => a.GetProperty("citations").EnumerateArray()).ToArray();
        cited.Should().NotBeEmpty();
        foreach (var citation in cited)
        {
            known[citation.GetProperty("article").GetString()!].Audience.Should().Be("Customer");
        }
    }

    [Test]
    public void quotes_what_stands_in_the_article_word_for_word()
    {
        var known = articles.ToDictionary(a => a.Article);
        foreach (var citation in Answers.Values.SelectMany(a => a.GetProperty("citations").EnumerateArray()))
        {
            Plain(known[citation.GetProperty("article").GetString()!].Content).Should().Contain(Plain(citation.GetProperty("quote").GetString()!));
        }
    }

    [Test]
    public async Task shows_no_staff_passage_to_a_model_either()
    {
        var staff = articles.Where(a => a.Audience == "Staff").Select(a => a.Article).ToHashSet();
        foreach (var run in Answers.Keys.Take(50))
        {
            foreach (var retrieved in (await api!.ReadStreamAsync($"agentRun-bank_{run}", key)).Where(e => e.GetProperty("type").GetString() == "knowledge.retrieved"))
            {
                retrieved.GetProperty("data").GetProperty("passages").EnumerateArray().Select(p => p.GetProperty("article").GetString()!).Should().NotIntersectWith(staff);
            }
        }
    }

    [Test]
    public async Task replays_every_episode_bit_exact()
    {
        var differences = new List<string>();
        await Parallel.ForEachAsync(Answers.Keys, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (run, _) =>
        {
            var replay = await api!.SendAsync(HttpMethod.Post, $"/v1/runs/{run}/replay", key);
            if (replay.Status != HttpStatusCode.OK || !replay.Body.GetProperty("bitExact").GetBoolean())
            {
                lock (differences)
                {
                    differences.Add($"{run}: {replay.Body}");
                }
            }
        });
        differences.Should().BeEmpty();
    }

    [Test]
    public async Task has_kpis_that_equal_a_fold_of_the_log()
    {
        var (status, kpis, _) = await api!.SendAsync(HttpMethod.Get, "/v1/kpis?granularity=hour", key, token: token);
        status.Should().Be(HttpStatusCode.OK);
        var completed = new List<JsonElement>();
        foreach (var run in Answers.Keys)
        {
            completed.Add((await api.ReadStreamAsync($"agentRun-bank_{run}", key)).Single(e => e.GetProperty("type").GetString() == "agent.run.completed").GetProperty("data"));
        }

        var total = kpis.GetProperty("total");
        total.GetProperty("runs").GetInt64().Should().Be(completed.Count);
        total.GetProperty("outcomes").GetProperty("Answered").GetInt64().Should().Be(completed.Count(c => c.GetProperty("outcome").GetString() == "Answered"));
        total.GetProperty("outcomes").GetProperty("HandedOff").GetInt64().Should().Be(completed.Count(c => c.GetProperty("outcome").GetString() == "HandedOff"));
        total.GetProperty("cost").GetProperty("USD").GetDecimal().Should().Be(completed.Sum(c => c.GetProperty("cost").GetProperty("amount").GetDecimal()));
        total.GetProperty("modelCalls").GetInt64().Should().Be(completed.Sum(c => c.GetProperty("modelCalls").GetInt64()));
        foreach (var token in (string[])["uncachedInput", "cacheRead", "cacheWrite", "output", "reasoning"])
        {
            total.GetProperty("tokens").GetProperty(token).GetInt64().Should().Be(completed.Sum(c => c.GetProperty("usage").GetProperty(token).GetInt64()), token);
        }

        foreach (var tier in completed.GroupBy(c => c.GetProperty("tier").GetString() ?? "none"))
        {
            total.GetProperty("tiers").GetProperty(tier.Key).GetInt64().Should().Be(tier.Count(), tier.Key);
        }

        var durations = completed.Select(c => c.GetProperty("durationMs").GetDouble()).Order().ToArray();
        foreach (var (name, quantile) in (ReadOnlySpan<(string, double)>)[("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99)])
        {
            var exact = durations[(int)(quantile * (durations.Length - 1))];
            total.GetProperty("latencyMs").GetProperty(name).GetDouble().Should().BeApproximately(exact, (exact * 0.0101) + 0.001, name);
        }
    }

    [Test]
    public async Task lists_every_run_and_every_conversation_once()
    {
        (await api!.ListAsync("/v1/runs", key, token)).Select(r => r.GetProperty("run").GetString()!).Order().Should().Equal(Answers.Keys.Order());
        (await api.ListAsync("/v1/conversations", key, token)).Select(r => r.GetProperty("conversation").GetString()!).Order()
            .Should().Equal(Answers.Values.Select(a => a.GetProperty("conversation").GetString()!).Order());
    }

    private static string Plain(string text) => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
}
