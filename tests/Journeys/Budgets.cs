using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;

namespace AIaaS.Journeys;

/// <summary>
/// The process is killed (SIGKILL) at random instants while many clients spend a tenant's money at once, and started again on the same folder, over and over: no hard budget is
/// exceeded, nothing stays reserved, and budgets and runs give one number.
/// </summary>
public sealed class Money_of_a_process_that_is_killed
{
    private const int Clients = 24;
    private const decimal SoftLimit = 0.001m;

    private static readonly DataFolder Folder = new();
    private static readonly ConcurrentDictionary<string, string> Runs = new();
    private static readonly Dictionary<string, List<JsonElement>> Periods = [];
    private static readonly Dictionary<string, List<JsonElement>> Events = [];
    private static ApiProcess? api;
    private static string key = "";

    private static int Kills => Environment.GetEnvironmentVariable("AIAAS_SOAK") == "1" ? 200 : 4;

    [OneTimeSetUp]
    public static async Task Spends()
    {
        var seed = Environment.TickCount;
        await TestContext.Out.WriteLineAsync($"seed {seed}");
        var random = new Random(seed);
        api = await ApiProcess.StartAsync(Folder.Path);
        (_, key) = await api.NewTenantAsync("shop");
        var articles = Enumerable.Range(0, 30).Select(i => new { article = $"a{i}", title = $"Product {i}", content = $"Product number {i} weighs {i + 3} kilograms and costs {i * 7} dollars. It can be sent back within {i + 10} days.", audience = "Customer" });
        var (status, body, loaded) = await api.SendAsync(HttpMethod.Post, "/v1/articles/import", key, new { articles }, "import");
        status.Should().Be(HttpStatusCode.OK, body.ToString());
        await DefineAsync("all", new { interval = "Year", limit = new { amount = 1000, currency = "USD" }, alerts = new[] { 1, 50 } });
        await DefineAsync("soft", new { interval = "Year", limit = new { amount = SoftLimit, currency = "USD" }, hard = false, alerts = new[] { 10, 50, 100 } });
        var number = 0;
        for (var kill = 0; kill < Kills; kill++)
        {
            // The money of a part of the time: it runs out in the middle of it.
            await DefineAsync("tight", new { interval = "Year", limit = new { amount = Math.Round(0.002 * (kill + 1), 6), currency = "USD" } });
            var running = api;
            var clients = Enumerable.Range(0, Clients).Select(_ => Task.Run(async () =>
            {
                while (await SendAsync(running, $"message-{Interlocked.Increment(ref number)}", loaded))
                {
                }
            })).ToArray();
            await Task.Delay(random.Next(50, 900));
            await running.KillAsync();
            await Task.WhenAll(clients);
            await running.DisposeAsync();
            api = await ApiProcess.StartAsync(Folder.Path);
        }

        (await SendAsync(api, "message-0", loaded)).Should().BeTrue();

        // On a slow machine little was spent so far; what is to be alerted of has to have been.
        for (var more = 0; Amount((await api.SendAsync(HttpMethod.Get, "/v1/budgets/soft", key, token: await HeadAsync())).Body, "settled") < SoftLimit; more++)
        {
            more.Should().BeLessThan(1_000);
            (await SendAsync(api, $"more-{more}", loaded)).Should().BeTrue();
        }

        await UntilAsync(async () => (await api.ListAsync("/v1/runs?status=open", key, await HeadAsync())).Count == 0, "no run is open");
        await UntilAsync(async () => (await api.ListAsync("/v1/budgets", key, await HeadAsync())).All(b => b.GetProperty("open").GetInt32() == 0), "nothing is reserved");
        foreach (var budget in (string[])["all", "soft", "tight"])
        {
            Periods[budget] = await HistoryAsync(budget);
        }

        foreach (var run in await api.ListAsync("/v1/runs", key, await HeadAsync()))
        {
            var id = run.GetProperty("run").GetString()!;
            Events[id] = await api.ReadStreamAsync($"agentRun-shop_{id}", key);
        }

        await TestContext.Out.WriteLineAsync($"{Kills} kills, {Runs.Count} messages, {Events.Count} runs, {Events.Values.Count(e => Reason(e) == "budget-exhausted")} cut by a budget, {Billed()} USD.");
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

    [TestCase("all")]
    [TestCase("tight")]
    public void exceeds_no_hard_budget_at_any_moment(string budget)
    {
        var (limit, settled) = (0m, 0m);
        Dictionary<string, decimal> open = [];
        foreach (var e in Periods[budget])
        {
            var data = e.GetProperty("data");
            switch (e.GetProperty("type").GetString())
            {
                case "budget.granted":
                    limit = Amount(data, "limit");
                    break;
                case "budget.reserved":
                    open.Add(data.GetProperty("reservation").GetString()!, Amount(data, "amount"));
                    break;
                case "budget.settled":
                    open.Remove(data.GetProperty("reservation").GetString()!).Should().BeTrue("what is settled was open, once");
                    settled += Amount(data, "amount");
                    break;
                case "budget.released":
                    open.Remove(data.GetProperty("reservation").GetString()!).Should().BeTrue("what is released was open, once");
                    break;
            }

            (settled + open.Values.Sum()).Should().BeLessThanOrEqualTo(limit);
        }

        open.Should().BeEmpty("nothing stays reserved");
    }

    [TestCase("all")]
    [TestCase("soft")]
    [TestCase("tight")]
    public async Task gives_one_number_for_what_was_spent(string budget)
    {
        var settled = Periods[budget].Where(e => e.GetProperty("type").GetString() == "budget.settled").Sum(e => Amount(e.GetProperty("data"), "amount"));
        settled.Should().Be(Billed());
        var (_, shown, _) = await api!.SendAsync(HttpMethod.Get, $"/v1/budgets/{budget}", key, token: await HeadAsync());
        Amount(shown, "settled").Should().Be(settled);
    }

    [Test]
    public async Task and_the_same_number_as_usage()
    {
        var calls = Events.Values.SelectMany(e => e).Count(e => e.GetProperty("type").GetString() == "model.call.completed");
        List<JsonElement> readings = [];
        await UntilAsync(
            async () =>
            {
                readings = [.. (await api!.ReadStreamAsync("usage-shop_log", key)).SelectMany(e => e.GetProperty("data").GetProperty("readings").EnumerateArray())];
                return readings.Count(r => r.GetProperty("meter").GetString() == "model_calls") == calls;
            },
            "each call is metered");
        readings.Where(r => r.GetProperty("meter").GetString() == "cost").Sum(r => r.GetProperty("value").GetDecimal()).Should().Be(Billed());
    }

    [Test]
    public void spends_something() => Billed().Should().BePositive();

    [Test]
    public async Task alerts_once_for_each_threshold()
    {
        var alerts = (await api!.ListAsync("/v1/budget-alerts", key, await HeadAsync())).Where(a => a.GetProperty("kind").GetString() == "threshold" && a.GetProperty("budget").GetString() != "tight").Select(a => (a.GetProperty("budget").GetString(), a.GetProperty("percent").GetInt32())).ToList();
        alerts.Should().OnlyHaveUniqueItems().And.Contain(("soft", 100));
    }

    [Test]
    public async Task replays_runs_bit_exact_also_those_that_a_budget_has_cut()
    {
        foreach (var run in Events.OrderBy(e => Reason(e.Value) != "budget-exhausted").Select(e => e.Key).Take(100))
        {
            var (_, report, _) = await api!.SendAsync(HttpMethod.Post, $"/v1/runs/{run}/replay", key);
            report.GetProperty("bitExact").GetBoolean().Should().BeTrue(report.ToString());
        }
    }

    private static decimal Billed() => Events.Values.SelectMany(e => e).Where(e => e.GetProperty("type").GetString() == "model.call.completed").Sum(e => Amount(e.GetProperty("data"), "cost"));

    private static string? Reason(List<JsonElement> events) => events[^1].GetProperty("type").GetString() == "agent.run.completed" ? events[^1].GetProperty("data").GetProperty("reason").GetString() : null;

    private static decimal Amount(JsonElement from, string member) => from.GetProperty(member).GetProperty("amount").GetDecimal();

    private static async Task<string> HeadAsync() => (await api!.SendAsync(HttpMethod.Get, "/v1/subscriptions", key)).Body.GetProperty("head").GetString()!;

    private static async Task DefineAsync(string budget, object body)
    {
        var (status, answer, _) = await api!.SendAsync(HttpMethod.Put, $"/v1/budgets/{budget}", key, body);
        status.Should().Be(HttpStatusCode.OK, answer.ToString());
    }

    private static async Task<List<JsonElement>> HistoryAsync(string budget)
    {
        List<JsonElement> events = [];
        long? from = 0;
        while (from is { } next)
        {
            var (status, page, _) = await api!.SendAsync(HttpMethod.Get, $"/v1/budgets/{budget}/history?limit=500&from={next}", key);
            status.Should().Be(HttpStatusCode.OK, page.ToString());
            events.AddRange(page.GetProperty("events").EnumerateArray().Select(e => e.Clone()));
            from = page.GetProperty("next") is { ValueKind: JsonValueKind.Number } number ? number.GetInt64() : null;
        }

        return events;
    }

    private static async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (!await condition())
        {
            deadline.IsCancellationRequested.Should().BeFalse("within two minutes this should be so: {0}", what);
            await Task.Delay(200);
        }
    }

    /// <summary>Sends a message; false when the process is gone.</summary>
    private static async Task<bool> SendAsync(ApiProcess to, string message, string? token)
    {
        try
        {
            var (status, body, _) = await to.SendAsync(HttpMethod.Post, "/v1/messages", key, new { text = $"How many kilograms does product number {message.Length + (message.GetHashCode(StringComparison.Ordinal) & 15)} weigh?" }, message, token);
            status.Should().Be(HttpStatusCode.OK, body.ToString());
            Runs[message] = body.GetProperty("run").GetString()!;
            return true;
        }
        catch (Exception e) when (e is HttpRequestException or IOException or JsonException)
        {
            return false;
        }
    }
}
