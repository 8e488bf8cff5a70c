using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text.Json;

namespace AIaaS.Journeys;

/// <summary>
/// The process is killed (SIGKILL) at random instants while clients send messages, and started again on the same folder, several times;
/// clients repeat what was not acknowledged under the same idempotency key, as they should.
/// </summary>
public sealed class A_process_that_is_killed_during_runs
{
    private const int Clients = 16;
    private const int Articles = 60;

    private static readonly DataFolder Folder = new();
    private static readonly ConcurrentDictionary<string, (string Conversation, string Run)> Acknowledged = new();
    private static readonly ConcurrentDictionary<string, string> Texts = new();
    private static ApiProcess? api;
    private static string key = "";

    private static int Kills => Environment.GetEnvironmentVariable("AIAAS_SOAK") == "1" ? 25 : 3;

    [OneTimeSetUp]
    public static async Task Crashes()
    {
        var seed = Environment.TickCount;
        await TestContext.Out.WriteLineAsync($"seed {seed}");
        var random = new Random(seed);
        api = await ApiProcess.StartAsync(Folder.Path);
        (_, key) = await api.NewTenantAsync("shop");
        var articles = Enumerable.Range(0, Articles).Select(i => new { article = $"a{i}", title = $"Product {i}", content = $"Product number {i} weighs {i + 3} kilograms and costs {i * 7} dollars. It can be sent back within {i + 10} days.", audience = "Customer" });
        var (status, body, loaded) = await api.SendAsync(HttpMethod.Post, "/v1/articles/import", key, new { articles }, "import");
        status.Should().Be(HttpStatusCode.OK, body.ToString());
        var number = 0;
        for (var kill = 0; kill < Kills; kill++)
        {
            var running = api;
            var clients = Enumerable.Range(0, Clients).Select(_ => Task.Run(async () =>
            {
                while (await SendAsync(running, $"message-{Interlocked.Increment(ref number)}", loaded))
                {
                }
            })).ToArray();
            await Task.Delay(random.Next(50, 1_500));
            await running.KillAsync();
            await Task.WhenAll(clients);
            await running.DisposeAsync();
            api = await ApiProcess.StartAsync(Folder.Path);
        }

        foreach (var unknown in Texts.Keys.Where(k => !Acknowledged.ContainsKey(k)))
        {
            (await SendAsync(api, unknown, loaded)).Should().BeTrue();
        }

        await TestContext.Out.WriteLineAsync($"{Kills} kills, {Acknowledged.Count} messages.");
        await UntilNoRunIsOpenAsync();
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
    public void lets_clients_get_on_with_their_work() => Acknowledged.Count.Should().BeGreaterThan(Clients);

    [Test]
    public async Task ends_every_run_once_with_an_explicit_outcome() => await ForEachRunAsync((_, events) =>
    {
        var completed = events.Where(e => Type(e) == "agent.run.completed").ToArray();
        completed.Should().ContainSingle();
        Type(events[^1]).Should().Be("agent.run.completed");
        completed[0].GetProperty("data").GetProperty("outcome").GetString().Should().BeOneOf("Answered", "HandedOff", "Failed", "Cut");
        completed[0].GetProperty("data").GetProperty("reason").GetString().Should().NotBeNullOrEmpty();
    });

    [Test]
    public async Task bills_no_model_call_twice() => await ForEachRunAsync((_, events) =>
    {
        IEnumerable<string> Calls(params string[] types) => events.Where(e => types.Contains(Type(e))).Select(e => e.GetProperty("data").GetProperty("call").GetString()!);
        Calls("model.call.completed").Should().OnlyHaveUniqueItems();
        Calls("model.call.requested").Should().OnlyHaveUniqueItems();
        Calls("model.call.completed", "model.call.failed").Should().BeEquivalentTo(Calls("model.call.requested"), "each call that left has one outcome");
        events.Single(e => Type(e) == "agent.run.completed").GetProperty("data").GetProperty("modelCalls").GetInt32().Should().Be(Calls("model.call.completed").Count());
    });

    [Test]
    public async Task loses_no_acknowledged_message_and_answers_each_once()
    {
        foreach (var (message, (conversation, run)) in Acknowledged)
        {
            var events = await api!.ReadStreamAsync($"conversation-shop_{conversation}", key);
            events.Select(Type).Where(t => t != "conversation.handed-off").Should().Equal("conversation.message.received", "conversation.message.answered");
            events[0].GetProperty("data").GetProperty("text").GetString().Should().Be(Texts[message]);
            events.Take(2).Select(e => e.GetProperty("data").GetProperty("run").GetString()).Should().AllBe(run);
        }
    }

    [Test]
    public async Task replays_every_run_bit_exact()
    {
        foreach (var (_, run) in Acknowledged.Values)
        {
            var (_, report, _) = await api!.SendAsync(HttpMethod.Post, $"/v1/runs/{run}/replay", key);
            report.GetProperty("bitExact").GetBoolean().Should().BeTrue(report.ToString());
        }
    }

    [Test]
    public async Task answers_a_repeated_message_with_its_first_run()
    {
        foreach (var (message, (_, run)) in Acknowledged.Take(20))
        {
            var (status, body, _) = await api!.SendAsync(HttpMethod.Post, "/v1/messages", key, new { text = Texts[message] }, message);
            status.Should().Be(HttpStatusCode.OK);
            body.GetProperty("run").GetString().Should().Be(run);
        }
    }

    private static string Type(JsonElement recorded) => recorded.GetProperty("type").GetString()!;

    /// <summary>Sends a message; false when the process is gone, and whether the message came in is not known.</summary>
    private static async Task<bool> SendAsync(ApiProcess to, string message, string? token)
    {
        var text = Texts.GetOrAdd(message, m => $"How many kilograms does product number {m.Split('-')[1].Length + (m.GetHashCode(StringComparison.Ordinal) & 31)} weigh?");
        try
        {
            var (status, body, _) = await to.SendAsync(HttpMethod.Post, "/v1/messages", key, new { text }, message, token);
            status.Should().Be(HttpStatusCode.OK, body.ToString());
            Acknowledged[message] = (body.GetProperty("conversation").GetString()!, body.GetProperty("run").GetString()!);
            return true;
        }
        catch (Exception e) when (e is HttpRequestException or IOException or JsonException)
        {
            return false;
        }
    }

    private static async Task UntilNoRunIsOpenAsync()
    {
        var since = Stopwatch.StartNew();
        while (true)
        {
            var (_, subscriptions, _) = await api!.SendAsync(HttpMethod.Get, "/v1/subscriptions", key);
            var open = await api.ListAsync("/v1/runs?status=open", key, subscriptions.GetProperty("head").GetString());
            if (open.Count == 0)
            {
                return;
            }

            since.Elapsed.Should().BeLessThan(TimeSpan.FromMinutes(1), $"{open.Count} runs are still open, the first one is {open[0]}");
            await Task.Delay(200);
        }
    }

    private static async Task ForEachRunAsync(Action<string, List<JsonElement>> check)
    {
        var runs = await api!.ListAsync("/v1/runs", key);
        runs.Count.Should().BeGreaterOrEqualTo(Acknowledged.Count);
        foreach (var run in runs.Select(r => r.GetProperty("run").GetString()!))
        {
            check(run, await api.ReadStreamAsync($"agentRun-shop_{run}", key));
        }
    }
}
