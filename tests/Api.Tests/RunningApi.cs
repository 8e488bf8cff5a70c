using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using AIaaS.Api.Hosting;

namespace AIaaS.Api.Tests;

/// <summary>The real program on the embedded engines, in a folder of its own, once for all tests; each test has a tenant of its own.</summary>
[SetUpFixture]
public sealed class RunningApi
{
    public const string AdminKey = "the-administrator-of-these-tests";

    private static ApiHost? host;
    private static int count;

    internal static ApiHost Host => host ?? throw new InvalidOperationException("The API does not run.");

    internal static string Folder { get; } = Path.Combine(Path.GetTempPath(), "aiaas-api-tests-" + Environment.ProcessId);

    [OneTimeSetUp]
    public static async Task Start() => host = await ApiHost.StartAsync(
        [$"--DataFolder={Folder}", "--Urls=http://127.0.0.1:0", $"--Admin:ApiKey={AdminKey}", "--Payments:Sandbox:WebhookSecret=whsec_sandbox", "--Serilog:MinimumLevel:Default=Fatal"]);

    [OneTimeTearDown]
    public static async Task Stop()
    {
        if (host is not null)
        {
            await host.DisposeAsync();
        }

        Directory.Delete(Folder, recursive: true);
    }

    internal static int Next() => Interlocked.Increment(ref count);
}

/// <summary>Calls the API.</summary>
public abstract class ApiTest
{
    private const string Alphabet = "abcdefghijklmnopqrstuvwxyz";

    private HttpClient? client;

    protected HttpClient Client => client ??= new() { BaseAddress = RunningApi.Host.Url };

    [OneTimeTearDown]
    public void Close() => client?.Dispose();

    /// <summary>A new tenant with a key that may do everything.</summary>
    protected async Task<Tenant> NewTenantAsync(params string[] scopes)
    {
        var number = RunningApi.Next();
        var id = $"tenant-{Alphabet[number % 26]}{number}";
        (await CallAsync(HttpMethod.Post, "/v1/tenants", RunningApi.AdminKey, Json($$"""{ "tenant": "{{id}}", "name": "Tenant {{number}}" }"""))).Status.Should().Be(HttpStatusCode.Created);
        return new(id, await NewKeyAsync(id, scopes.Length == 0 ? ["*"] : scopes));
    }

    protected async Task<string> NewKeyAsync(string tenant, params string[] scopes)
    {
        var issued = await CallAsync(HttpMethod.Post, $"/v1/tenants/{tenant}/api-keys", RunningApi.AdminKey, JsonContent.Create(new { name = "test", scopes }));
        issued.Status.Should().Be(HttpStatusCode.Created);
        return issued.Body!["apiKey"]!.GetValue<string>();
    }

    protected async Task<string> PutArticleAsync(Tenant tenant, string article = "returns", string content = "You can send an item back within 30 days. Keep the receipt.", string audience = "Customer")
    {
        var put = await CallAsync(HttpMethod.Put, $"/v1/articles/{article}", tenant.Key, JsonContent.Create(new { title = "Sending items back", content, audience }));
        put.Status.Should().Be(HttpStatusCode.OK);
        return put.Header("Consistency-Token")!;
    }

    /// <summary>A message that was answered.</summary>
    protected async Task<Answered> AskAsync(Tenant tenant, string text = "Within how many days can I send an item back?", string? token = null)
    {
        token ??= await PutArticleAsync(tenant);
        var answer = await CallAsync(HttpMethod.Post, "/v1/messages", tenant.Key, JsonContent.Create(new { text }), headers: ("Consistency-Token", token));
        answer.Status.Should().Be(HttpStatusCode.OK);
        return new(answer.Body!, answer.Header("Consistency-Token")!);
    }

    protected static StringContent Json(string json) => new(json, Encoding.UTF8, "application/json");

    /// <summary>Calls; a POST gets an idempotency key of its own unless one is given, or an empty one for none.</summary>
    protected async Task<Response> CallAsync(HttpMethod method, string path, string? key, HttpContent? content = null, string? idempotencyKey = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        if (key is not null)
        {
            request.Headers.Authorization = new("Bearer", key);
        }

        if (idempotencyKey != "" && method == HttpMethod.Post)
        {
            request.Headers.Add("Idempotency-Key", idempotencyKey ?? "test-" + RunningApi.Next());
        }

        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using var response = await Client.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        return new(
            response.StatusCode,
            response.Content.Headers.ContentType?.MediaType,
            text,
            response.Headers.Concat(response.Content.Headers).ToDictionary(h => h.Key, h => string.Join(",", h.Value), StringComparer.OrdinalIgnoreCase));
    }

    protected Task<Response> GetAsync(string path, string? key) => CallAsync(HttpMethod.Get, path, key);

    protected Task<Response> PostAsync(string path, string? key, string? json = null, string? idempotencyKey = null) =>
        CallAsync(HttpMethod.Post, path, key, json is null ? null : Json(json), idempotencyKey);

    protected sealed record Tenant(string Id, string Key);

    protected sealed record Answered(JsonNode Body, string Token)
    {
        public string Run => Body["run"]!.GetValue<string>();

        public string Conversation => Body["conversation"]!.GetValue<string>();
    }

    protected sealed record Response(HttpStatusCode Status, string? MediaType, string Text, IReadOnlyDictionary<string, string> Headers)
    {
        public JsonNode? Body => Text.Length == 0 ? null : JsonNode.Parse(Text);

        public string? Header(string name) => Headers.GetValueOrDefault(name);

        /// <summary>Checks the form of a problem and gives its code.</summary>
        public Response ShouldBeProblem(int status, string code)
        {
            ((int)Status).Should().Be(status, Text);
            MediaType.Should().Be("application/problem+json");
            var problem = Body!.AsObject();
            problem["type"]!.GetValue<string>().Should().Be("urn:aiaas:problem:" + code);
            problem["status"]!.GetValue<int>().Should().Be(status);
            problem["title"]!.GetValue<string>().Should().NotBeNullOrWhiteSpace();
            problem["detail"]!.GetValue<string>().Should().NotBeNullOrWhiteSpace();
            problem["hint"]!.GetValue<string>().Should().NotBeNullOrWhiteSpace();
            problem["correlationId"]!.GetValue<string>().Should().Be(Header("X-Correlation-Id"));
            Text.Should().NotContain("   at ").And.NotContain("AIaaS.", "what lies inside must not show");
            return this;
        }

        public IEnumerable<string> Pointers => Body!["errors"]!.AsArray().Select(e => e!["pointer"]!.GetValue<string>());
    }
}
