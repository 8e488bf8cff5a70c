using System.Diagnostics;
using System.Net;
using System.Text.Json;
using AIaaS.Api.Hosting;

namespace AIaaS.Journeys;

/// <summary>A small shop behind the program as users run it: three customers, five orders, and conversations over HTTP.</summary>
public sealed class Shop : IAsyncDisposable
{
    private readonly DataFolder folder;
    private int sent;

    private Shop(DataFolder folder, ApiProcess api, string key) => (this.folder, Api, Key) = (folder, api, key);

    public ApiProcess Api { get; }

    public string Key { get; }

    public static string Tenant => "shop";

    public static async Task<Shop> OpenAsync()
    {
        var folder = new DataFolder();
        await ImportAsync(folder.Path, Tenant);
        var api = await ApiProcess.StartAsync(folder.Path);
        var issued = await api.SendAsync(HttpMethod.Post, $"/v1/tenants/{Tenant}/api-keys", ApiProcess.AdminKey, new { name = "journey", scopes = (string[])["*"] }, "issue");
        return new(folder, api, issued.Body.GetProperty("apiKey").GetString()!);
    }

    public static async Task ImportAsync(string folder, string tenant)
    {
        var start = new ProcessStartInfo("dotnet", ["exec", typeof(ApiHost).Assembly.Location, "import", "retail", File("demo/shop.json"), "--tenant", tenant, "--create-tenant", tenant])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["DataFolder"] = folder },
        };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        process.ExitCode.Should().Be(0, await errors);
    }

    /// <summary>A file of the checkout.</summary>
    public static string File(string path)
    {
        for (var up = new DirectoryInfo(TestContext.CurrentContext.TestDirectory); up is not null; up = up.Parent)
        {
            if (System.IO.File.Exists(Path.Combine(up.FullName, path)))
            {
                return Path.Combine(up.FullName, path);
            }
        }

        throw new FileNotFoundException("The checkout does not hold it.", path);
    }

    /// <summary>The last position that an answer gave.</summary>
    public string? Token { get; private set; }

    /// <summary>The hand-off that a conversation is in, as soon as the queue shows it.</summary>
    public async Task<string> HandoffOfAsync(Chat chat)
    {
        var since = Stopwatch.StartNew();
        while (since.Elapsed < TimeSpan.FromSeconds(20))
        {
            if ((await Api.ListAsync("/v1/handoffs", Key)).FirstOrDefault(h => h.GetProperty("conversation").GetString() == chat.Conversation) is { ValueKind: JsonValueKind.Object } found)
            {
                return found.GetProperty("handoff").GetString()!;
            }

            await Task.Delay(50);
        }

        throw new AssertionException("The queue shows no hand-off of the conversation.");
    }

    public Chat Talk(string workflow = "customer_support") => new(this, workflow);

    public async Task<JsonElement> DoAsync(HttpMethod method, string path, object? body = null)
    {
        var (status, answer, _) = await Api.SendAsync(method, path, Key, body, method == HttpMethod.Get ? null : $"do-{Interlocked.Increment(ref sent)}");
        ((int)status).Should().BeInRange(200, 299, answer.ToString());
        return answer;
    }

    /// <summary>An order or a customer as it stands in the log, by the operator's own tool call.</summary>
    public async Task<JsonElement> CallAsync(string tool, object input) => (await DoAsync(HttpMethod.Post, $"/v1/tools/{tool}/calls", new { input })).GetProperty("output");

    public async Task<string> StateOfAsync(string order) => (await CallAsync("get_order_details", new { order_id = order })).GetProperty("status").GetString()!;

    public async Task<List<JsonElement>> EventsAsync(string run) => await Api.ReadStreamAsync($"agentRun-{Tenant}_{run}", Key);

    /// <summary>The calls that left in a run, and those that its guards refused.</summary>
    public async Task<(string[] Left, string[] Refused)> CallsAsync(string run)
    {
        var events = await EventsAsync(run);
        string[] Of(string type) => [.. events.Where(e => e.GetProperty("type").GetString() == type).Select(e => e.GetProperty("data").GetProperty("tool").GetString()!)];
        return (Of("tool.call.requested"), Of("tool.call.refused"));
    }

    public async ValueTask DisposeAsync()
    {
        await Api.DisposeAsync();
        folder.Dispose();
    }

    /// <summary>A conversation of a customer.</summary>
    public sealed class Chat(Shop shop, string workflow)
    {
        public string? Conversation { get; private set; }

        public string Run { get; private set; } = "";

        public JsonElement Last { get; private set; }

        /// <summary>Says something and gives the answer.</summary>
        public async Task<string> SayAsync(string text)
        {
            var path = Conversation is null ? "/v1/messages" : $"/v1/conversations/{Conversation}/messages";
            var (status, body, token) = await shop.Api.SendAsync(HttpMethod.Post, path, shop.Key, new { text, workflow }, $"say-{Interlocked.Increment(ref shop.sent)}");
            status.Should().Be(HttpStatusCode.OK, body.ToString());
            Conversation = body.GetProperty("conversation").GetString();
            Run = body.GetProperty("run").GetString()!;
            Last = body;
            shop.Token = token ?? shop.Token;
            return body.GetProperty("answer").GetString()!;
        }

        public string? Outcome => Last.GetProperty("outcome").GetString();
    }
}
