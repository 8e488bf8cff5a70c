using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace AIaaS.Demo;

/// <summary>An answer to a customer, as the API gave it.</summary>
internal sealed record Answered(string Run, string Outcome, string Text, string[] Cited, string Tier, long Tokens, decimal Cost, string Position, double Milliseconds);

/// <summary>What the demo asks of the API, over HTTP like any other client.</summary>
internal sealed class ShopClient(Uri url, string key) : IDisposable
{
    private readonly HttpClient http = new(new SocketsHttpHandler { PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1) })
    {
        BaseAddress = url,
        Timeout = TimeSpan.FromSeconds(40),
        DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", key) },
    };

    public void Dispose() => http.Dispose();

    /// <summary>Creates the tenant; one that is there already is taken as it is.</summary>
    public async Task CreateTenantAsync(string tenant, string name, CancellationToken cancellationToken)
    {
        using var there = await SendAsync(HttpMethod.Get, $"/v1/tenants/{tenant}", null, null, cancellationToken);
        if (there.StatusCode == HttpStatusCode.NotFound)
        {
            using var created = await SendAsync(HttpMethod.Post, "/v1/tenants", new JsonObject { ["tenant"] = tenant, ["name"] = name }, NewKey(), cancellationToken);
            await ReadAsync(created, cancellationToken);
        }
        else
        {
            await ReadAsync(there, cancellationToken);
        }
    }

    /// <summary>A new API key of the tenant.</summary>
    public async Task<string> IssueKeyAsync(string tenant, string name, CancellationToken cancellationToken)
    {
        using var answer = await SendAsync(HttpMethod.Post, $"/v1/tenants/{tenant}/api-keys", new JsonObject { ["name"] = name, ["scopes"] = new JsonArray("*") }, NewKey(), cancellationToken);
        return Text(await ReadAsync(answer, cancellationToken), "apiKey");
    }

    /// <summary>Adds or replaces an article.</summary>
    /// <returns>The consistency token.</returns>
    public async Task<string> PutArticleAsync(Article article, CancellationToken cancellationToken)
    {
        var body = new JsonObject { ["title"] = article.Title, ["content"] = article.Content, ["audience"] = article.IsStaff ? "Staff" : "Customer" };
        using var answer = await SendAsync(HttpMethod.Put, $"/v1/articles/{article.Id}", body, null, cancellationToken);
        await ReadAsync(answer, cancellationToken);
        return Token(answer);
    }

    /// <summary>How many articles the read model shows once it has reached a position.</summary>
    public async Task<int> CountArticlesAsync(string position, CancellationToken cancellationToken)
    {
        var (count, cursor) = (0, "");
        do
        {
            using var answer = await SendAsync(HttpMethod.Get, $"/v1/articles?limit=100&min-position={position}{cursor}", null, null, cancellationToken);
            var page = await ReadAsync(answer, cancellationToken);
            count += ((JsonArray)page["items"]!).Count;
            cursor = page["nextCursor"]?.GetValue<string>() is { } next ? "&cursor=" + Uri.EscapeDataString(next) : "";
        }
        while (cursor.Length > 0);
        return count;
    }

    /// <summary>Sends a message as the first of a new conversation, and waits for the answer.</summary>
    public async Task<Answered> AskAsync(string text, CancellationToken cancellationToken)
    {
        var since = Stopwatch.GetTimestamp();
        using var answer = await SendAsync(HttpMethod.Post, "/v1/messages", new JsonObject { ["text"] = text }, NewKey(), cancellationToken);
        var body = await ReadAsync(answer, cancellationToken);
        var elapsed = Stopwatch.GetElapsedTime(since).TotalMilliseconds;
        return new(
            Text(body, "run"),
            Text(body, "outcome"),
            Text(body, "answer"),
            [.. ((JsonArray)body["citations"]!).Select(c => Text(c!, "article")).Distinct()],
            body["tier"]?.GetValue<string>() ?? "",
            body["tokens"]!.AsObject().Sum(t => t.Value!.GetValue<long>()),
            body["cost"]!["amount"]!.GetValue<decimal>(),
            Token(answer),
            elapsed);
    }

    /// <summary>How many events the timeline of a run shows once the read model has reached the answer's position.</summary>
    public async Task<int> CountEventsAsync(Answered run, CancellationToken cancellationToken)
    {
        using var answer = await SendAsync(HttpMethod.Get, $"/v1/runs/{run.Run}/episode?min-position={run.Position}", null, null, cancellationToken);
        return ((JsonArray)(await ReadAsync(answer, cancellationToken))["entries"]!).Count;
    }

    /// <summary>Replays a run's episode.</summary>
    /// <returns>Null when it came out the same, byte for byte; else where it first differs.</returns>
    public async Task<string?> ReplayAsync(string run, CancellationToken cancellationToken)
    {
        using var answer = await SendAsync(HttpMethod.Post, $"/v1/runs/{run}/replay", null, null, cancellationToken);
        var report = await ReadAsync(answer, cancellationToken);
        return report["bitExact"]!.GetValue<bool>() ? null : report["difference"]?.ToJsonString() ?? "it differs";
    }

    /// <summary>The tenant's KPIs of the last days, once the read model has reached a position.</summary>
    public async Task<JsonNode> KpisAsync(string position, CancellationToken cancellationToken)
    {
        using var answer = await SendAsync(HttpMethod.Get, $"/v1/kpis?granularity=day&min-position={position}", null, null, cancellationToken);
        return await ReadAsync(answer, cancellationToken);
    }

    /// <summary>The last position that a command answered with.</summary>
    public string Position { get; private set; } = "0";

    /// <summary>Says something in a conversation; null opens one.</summary>
    public async Task<JsonNode> SayAsync(string? conversation, string text, string workflow, CancellationToken cancellationToken) =>
        await PostAsync(conversation is null ? "/v1/messages" : $"/v1/conversations/{conversation}/messages", new JsonObject { ["text"] = text, ["workflow"] = workflow }, cancellationToken);

    /// <summary>Posts under a new idempotency key, or under the one given.</summary>
    public Task<JsonNode> PostAsync(string path, JsonNode body, CancellationToken cancellationToken, string? key = null, string type = "application/json") =>
        ChangeAsync(HttpMethod.Post, path, body, key ?? NewKey(), type, cancellationToken);

    /// <summary>Puts what the path names.</summary>
    public Task<JsonNode> PutAsync(string path, JsonNode body, CancellationToken cancellationToken) => ChangeAsync(HttpMethod.Put, path, body, null, "application/json", cancellationToken);

    /// <summary>Removes what the path names.</summary>
    public Task<JsonNode> DeleteAsync(string path, CancellationToken cancellationToken) => ChangeAsync(HttpMethod.Delete, path, null, null, "application/json", cancellationToken);

    public async Task<JsonNode> GetAsync(string path, CancellationToken cancellationToken)
    {
        using var answer = await SendAsync(HttpMethod.Get, path, null, null, cancellationToken);
        return await ReadAsync(answer, cancellationToken);
    }

    public async Task<string> GetTextAsync(string path, CancellationToken cancellationToken)
    {
        using var answer = await SendAsync(HttpMethod.Get, path, null, null, cancellationToken);
        return answer.IsSuccessStatusCode ? await answer.Content.ReadAsStringAsync(cancellationToken) : throw new DemoException($"{path} was answered with {(int)answer.StatusCode}.");
    }

    public static string NewKey() => RandomNumberGenerator.GetHexString(32, lowercase: true);

    private static string Token(HttpResponseMessage answer) => answer.Headers.TryGetValues("Consistency-Token", out var token)
        ? token.First()
        : throw new DemoException($"{answer.RequestMessage!.Method} {answer.RequestMessage.RequestUri!.AbsolutePath} answered without a Consistency-Token.");

    private static string Text(JsonNode json, string member) =>
        json[member]?.GetValue<string>() ?? throw new DemoException($"The answer has no '{member}': {json.ToJsonString()}");

    private static async Task<JsonNode> ReadAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        var body = await answer.Content.ReadAsStringAsync(cancellationToken);
        if (!answer.IsSuccessStatusCode)
        {
            throw new DemoException($"{answer.RequestMessage!.Method} {answer.RequestMessage.RequestUri!.PathAndQuery} was answered with {(int)answer.StatusCode}: {body}");
        }

        try
        {
            return body.Length == 0 ? new JsonObject() : JsonNode.Parse(body)!;
        }
        catch (JsonException)
        {
            throw new DemoException($"{answer.RequestMessage!.RequestUri!.PathAndQuery} was answered with what is not JSON: {body}");
        }
    }

    private async Task<JsonNode> ChangeAsync(HttpMethod method, string path, JsonNode? body, string? key, string type, CancellationToken cancellationToken)
    {
        using var answer = await SendAsync(method, path, body, key, cancellationToken, type);
        var read = await ReadAsync(answer, cancellationToken);
        Position = answer.Headers.TryGetValues("Consistency-Token", out var token) ? token.First() : Position;
        return read;
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, JsonNode? body, string? idempotencyKey, CancellationToken cancellationToken, string type = "application/json")
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = JsonContent.Create(body, new MediaTypeHeaderValue(type));
        }

        if (idempotencyKey is not null)
        {
            request.Headers.Add("Idempotency-Key", idempotencyKey);
        }

        return await http.SendAsync(request, cancellationToken);
    }
}
