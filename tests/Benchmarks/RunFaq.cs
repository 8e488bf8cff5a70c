using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using AIaaS.Demo;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace AIaaS.Benchmarks;

/// <summary>
/// A FAQ run over HTTP, from the request to its answer: the real API in a process of its own on the embedded engines and the
/// offline model, kept-alive loopback connections, the demo's articles and messages. The load generator shares the machine.
/// </summary>
internal sealed class RunFaq : IBenchmark
{
    private const int WarmUp = 400;
    private const int SerialRequests = 1_000;
    private const int Clients = 32;
    // Until the code of the server is compiled as it stays: it compiles behind the load, on the same two cores. The floor has little code, and no profiles.
    private static readonly TimeSpan LoadWarmUp = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan FloorWarmUp = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan RateTime = TimeSpan.FromSeconds(5);

    public IReadOnlyList<Measure> Measures { get; } =
    [
        new("run.faq.p50", "ms", Better.Lower, new(6), "a bare Kestrel endpoint that gives an answer of the same size"),
        new("run.faq.p99", "ms", Better.Lower, new(25), "a bare Kestrel endpoint that gives an answer of the same size"),
        new("run.faq.rate32", "runs/s", Better.Higher, new(600), "a bare Kestrel endpoint that gives an answer of the same size"),
    ];

    public async Task<IReadOnlyDictionary<string, Sample>> RunAsync(BenchmarkContext context, CancellationToken cancellationToken)
    {
        var messages = Material.Messages().Select(m => JsonSerializer.SerializeToUtf8Bytes(new { text = m.Text })).ToArray();
        Load measured;
        await using (var api = await StartApiAsync(context, cancellationToken))
        {
            var key = await OpenShopAsync(api, cancellationToken);
            measured = await MeasureAsync(api.Url, key, messages, LoadWarmUp, cancellationToken);
            context.Say($"resident after it: {api.ResidentMiB:0} MiB");
        }

        Load floor;
        await using (var bare = await ApiProcess.StartAsync([typeof(RunFaq).Assembly.Location, "child", BareKestrel.TaskName, measured.AnswerBytes.ToString(CultureInfo.InvariantCulture)], context.Folder, ApiProcess.FreePort(), "none", cancellationToken))
        {
            floor = await MeasureAsync(bare.Url, "none", messages, FloorWarmUp, cancellationToken);
        }

        return new Dictionary<string, Sample>
        {
            ["run.faq.p50"] = new(measured.P50, floor.P50),
            ["run.faq.p99"] = new(measured.P99, floor.P99),
            ["run.faq.rate32"] = new(measured.PerSecond, floor.PerSecond),
        };
    }

    private static Task<ApiProcess> StartApiAsync(BenchmarkContext context, CancellationToken cancellationToken) =>
        ApiProcess.StartAsync(Path.Combine(AppContext.BaseDirectory, "AIaaS.Api.dll"), context.NewFolder("data"), ApiProcess.FreePort(), AdminKey, cancellationToken);

    private const string AdminKey = "benchmark-0123456789-benchmark";

    private static async Task<string> OpenShopAsync(ApiProcess api, CancellationToken cancellationToken)
    {
        using var platform = new ShopClient(api.Url, AdminKey);
        await platform.CreateTenantAsync("bench", "Bench", cancellationToken);
        var key = await platform.IssueKeyAsync("bench", "bench", cancellationToken);
        using var shop = new ShopClient(api.Url, key);
        foreach (var article in Material.Articles())
        {
            await shop.PutArticleAsync(article, cancellationToken);
        }

        return key;
    }

    private sealed record Load(double P50, double P99, double PerSecond, int AnswerBytes);

    private static async Task<Load> MeasureAsync(Uri url, string key, byte[][] messages, TimeSpan warmUp, CancellationToken cancellationToken)
    {
        using var http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = Clients, PooledConnectionLifetime = Timeout.InfiniteTimeSpan })
        {
            BaseAddress = url,
            DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", key) },
        };
        var sequence = 0;
        long bytes = 0;
        for (var i = 0; i < WarmUp; i++)
        {
            bytes += await SendAsync();
        }

        await SendForAsync(warmUp);
        var latencies = new double[SerialRequests];
        for (var i = 0; i < SerialRequests; i++)
        {
            var since = Stopwatch.GetTimestamp();
            await SendAsync();
            latencies[i] = Stopwatch.GetElapsedTime(since).TotalMilliseconds;
        }

        var perSecond = await SendForAsync(RateTime);
        return new(Figures.Percentile(latencies, 0.50), Figures.Percentile(latencies, 0.99), perSecond, (int)(bytes / WarmUp));

        async Task<double> SendForAsync(TimeSpan time)
        {
            var since = Stopwatch.GetTimestamp();
            var counts = await Task.WhenAll(Enumerable.Range(0, Clients).Select(_ => Task.Run(
                async () =>
                {
                    var count = 0;
                    while (Stopwatch.GetElapsedTime(since) < time)
                    {
                        await SendAsync();
                        count++;
                    }

                    return count;
                },
                cancellationToken)));
            return counts.Sum() / Stopwatch.GetElapsedTime(since).TotalSeconds;
        }

        async Task<int> SendAsync()
        {
            var number = Interlocked.Increment(ref sequence);
            using var content = new ByteArrayContent(messages[number % messages.Length]);
            content.Headers.ContentType = new("application/json");
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/messages") { Content = content };
            request.Headers.TryAddWithoutValidation("Idempotency-Key", "bench-" + number.ToString(CultureInfo.InvariantCulture));
            using var answer = await http.SendAsync(request, cancellationToken);
            var body = await answer.Content.ReadAsByteArrayAsync(cancellationToken);
            return answer.IsSuccessStatusCode ? body.Length : throw new InvalidOperationException($"POST /v1/messages was answered with {(int)answer.StatusCode}: {Encoding.UTF8.GetString(body)}");
        }
    }
}

/// <summary>The floor of HTTP: Kestrel, one endpoint that reads the body and writes a fixed one.</summary>
internal sealed class BareKestrel : IChildTask
{
    public const string TaskName = "bare-kestrel";

    public string Name => TaskName;

    public async Task<int> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        var answer = new byte[int.Parse(arguments[0], CultureInfo.InvariantCulture)];
        Array.Fill(answer, (byte)' ');
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        await using var app = builder.Build();
        app.MapGet("/health/started", () => Results.Ok());
        app.MapPost("/v1/messages", async (HttpContext context) =>
        {
            await context.Request.Body.CopyToAsync(Stream.Null, context.RequestAborted);
            context.Response.ContentType = "application/json";
            context.Response.ContentLength = answer.Length;
            await context.Response.Body.WriteAsync(answer, context.RequestAborted);
        });
        await app.RunAsync();
        return 0;
    }
}
